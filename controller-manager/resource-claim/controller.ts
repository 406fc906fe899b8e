import {
  CLAIM_PROTECTION,
  coreKinds,
  isNotFound,
  keyOf,
  type Live,
  type Pod,
  type ResourceV1ResourceClaim as ResourceClaim,
  resourceKinds,
  splitKey,
} from '../../api/index.ts';
import { type ResourceClient, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CONTROLLER } from '../informers.ts';
import { subjectOf } from '../shared/subject.ts';
import { type ClaimStatus, claimNameOf, isForAdmin, planClaim, planPod } from './plan.ts';

/** Pods and claims looked after side by side, as upstream. */
const WORKERS = 10;
const POD = 'pod:';
const CLAIM = 'claim:';
/** Who owns what pods are told, as upstream's controller is called. */
const FIELD_MANAGER = 'ResourceClaimController';
/** Index of pods by the keys of the ResourceClaims they use, and by the templates they name. */
const BY_RESOURCE_CLAIM = 'resource-claim';
const BY_TEMPLATE = 'resource-claim-template';

/** Makes the ResourceClaims of pods from templates, and frees those that nobody uses any more. Upstream: `pkg/controller/resourceclaim`. */
export const resourceClaimController: ControllerDescriptor = {
  name: 'resourceclaim-controller',
  alias: 'resource-claim-controller',
  create: (context) => new ResourceClaimController(context),
};

class ResourceClaimController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #claims: ResourceClient<ResourceClaim>;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#claims = context.client.resource(resourceKinds.resourceclaims);
    const { informers } = context;
    const pods = informers.pods();
    const inNamespace = ({ metadata }: Live<Pod>, name: string) => `${metadata.namespace}/${name}`;
    pods.addIndex(BY_RESOURCE_CLAIM, (pod) =>
      (pod.spec.resourceClaims ?? []).flatMap((claim) => {
        const name = claimNameOf(pod, claim);
        return name ? [inNamespace(pod, name)] : [];
      }),
    );
    pods.addIndex(BY_TEMPLATE, (pod) =>
      (pod.spec.resourceClaims ?? []).flatMap(({ resourceClaimTemplateName: name }) => (name ? [inNamespace(pod, name)] : [])),
    );
    const wake = (pod: Live<Pod>) => this.#wake(pod);
    pods.addHandler({ onAdd: wake, onUpdate: wake, onDelete: wake });
    const wakeClaim = (claim: Live<ResourceClaim>) => {
      this.#queue.add(CLAIM + keyOf(claim));
      for (const pod of pods.byIndex(BY_RESOURCE_CLAIM, keyOf(claim))) this.#queue.add(POD + keyOf(pod));
    };
    informers.resourceClaims().addHandler({ onAdd: wakeClaim, onUpdate: wakeClaim, onDelete: wakeClaim });
    informers.resourceClaimTemplates().addHandler({
      onAdd: (template) => {
        for (const pod of pods.byIndex(BY_TEMPLATE, keyOf(template))) this.#queue.add(POD + keyOf(pod));
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, metrics, informers } = this.#context;
    const { name } = resourceClaimController;
    metrics.resourceClaims.claims.take(signal, () =>
      informers
        .resourceClaims()
        .list()
        .map((claim) => ({
          labels: { allocated: String(claim.status.allocation !== undefined), admin_access: String(isForAdmin(claim)) },
        })),
    );
    return runController({ name, queue: this.#queue, workers: WORKERS, reconcile: (key) => this.#reconcile(key), clock, logger, signal });
  }

  /** The pod itself, and the claims it uses or that belong to it: when it has ended they are free. */
  #wake(pod: Live<Pod>): void {
    if (!pod.spec.resourceClaims?.length) return;
    this.#queue.add(POD + keyOf(pod));
    for (const podClaim of pod.spec.resourceClaims) {
      const name = claimNameOf(pod, podClaim);
      if (name) this.#queue.add(`${CLAIM}${pod.metadata.namespace}/${name}`);
    }
    for (const claim of this.#context.informers.resourceClaims().byIndex(BY_CONTROLLER, pod.metadata.uid))
      this.#queue.add(CLAIM + keyOf(claim));
  }

  async #reconcile(key: string): Promise<void> {
    const { informers } = this.#context;
    if (key.startsWith(POD)) {
      const pod = informers.pods().getByKey(key.slice(POD.length));
      if (pod) await this.#syncPod(pod);
      return;
    }
    const claim = informers.resourceClaims().getByKey(key.slice(CLAIM.length));
    if (claim) await this.#syncClaim(claim);
  }

  async #syncPod(pod: Live<Pod>): Promise<void> {
    const { informers, recorder, metrics } = this.#context;
    const { namespace } = pod.metadata;
    const { creates } = metrics.resourceClaims;
    const fail = (podClaim: string, why: string): never => {
      const message = `PodResourceClaim ${podClaim}: ${why}`;
      recorder('resource_claim').event(subjectOf(coreKinds.pods, pod), 'Warning', 'FailedResourceClaimCreation', message);
      throw new Error(`pod ${namespace}/${pod.metadata.name}, ${message}`);
    };
    const plan = planPod(pod, {
      claim: (name) => informers.resourceClaims().get(namespace, name),
      owned: ({ metadata }) => informers.resourceClaims().byIndex(BY_CONTROLLER, metadata.uid),
      template: (name) => informers.resourceClaimTemplates().get(namespace, name),
    });
    const statuses = [...plan.found];
    for (const { podClaim, claim } of plan.create) {
      const admin_access = String(isForAdmin(claim));
      try {
        statuses.push({ name: podClaim, resourceClaimName: (await this.#claims.create(claim)).metadata.name });
        creates.inc({ status: 'success', admin_access });
      } catch (error) {
        creates.inc({ status: 'failure', admin_access });
        fail(podClaim, `create ResourceClaim : ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (plan.failure) fail(plan.failure.podClaim, plan.failure.why);
    if (statuses.length > 0) await this.#tellPod(pod, statuses);
    for (const claim of plan.reserve) await this.#reserve(claim, pod);
  }

  /** Tells a pod of claims, beside those that it was told of before. */
  async #tellPod({ metadata, status }: Live<Pod>, statuses: readonly ClaimStatus[]): Promise<void> {
    const { name, namespace, uid } = metadata;
    const before = (status.resourceClaimStatuses ?? []).filter((old) => statuses.every((one) => one.name !== old.name));
    const resourceClaimStatuses = [...before, ...statuses];
    const body = { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, uid }, status: { resourceClaimStatuses } };
    const pods = this.#context.client.resource<Pod>(coreKinds.pods);
    await pods.patch(name, body, { namespace, type: 'apply', subresource: 'status', fieldManager: FIELD_MANAGER, force: true });
  }

  /** A pod that was given its node without the scheduler may use what is allocated. */
  async #reserve(claim: Live<ResourceClaim>, { metadata }: Live<Pod>): Promise<void> {
    const reservedFor = [...(claim.status.reservedFor ?? []), { resource: 'pods', name: metadata.name, uid: metadata.uid }];
    await this.#claims.updateStatus({ ...claim, status: { ...claim.status, reservedFor } });
  }

  async #syncClaim(claim: Live<ResourceClaim>): Promise<void> {
    const { namespace, name } = splitKey(keyOf(claim));
    const live = await this.#podsOf(claim);
    const plan = planClaim(claim, (podName, uid) => live.get(`${podName} ${uid}`) ?? 'gone');
    let current = claim;
    if (plan.status) current = await this.#claims.updateStatus({ ...claim, status: plan.status });
    if (plan.unprotect) {
      const finalizers = (current.metadata.finalizers ?? []).filter((finalizer) => finalizer !== CLAIM_PROTECTION);
      await this.#claims.update({ ...current, metadata: { ...current.metadata, finalizers } });
    }
    if (!plan.remove) return;
    try {
      await this.#claims.delete(name, { namespace, preconditions: { uid: claim.metadata.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** The pods that a claim is reserved for or belongs to. A pod that the cache does not have is asked for: it may only just be there. */
  async #podsOf({ metadata, status }: Live<ResourceClaim>): Promise<ReadonlyMap<string, Live<Pod>>> {
    const { informers, client } = this.#context;
    const found = new Map<string, Live<Pod>>();
    const named = (status.reservedFor ?? []).filter(({ apiGroup, resource }) => !apiGroup && resource === 'pods');
    for (const { name, uid } of named) {
      const cached = informers.pods().get(metadata.namespace, name);
      const pod =
        cached?.metadata.uid === uid ? cached : await this.#livePod(client.resource<Pod>(coreKinds.pods), metadata.namespace, name);
      if (pod && pod.metadata.uid === uid) found.set(`${name} ${uid}`, pod);
    }
    for (const { kind, name, uid } of metadata.ownerReferences ?? []) {
      const pod = kind === 'Pod' ? informers.pods().get(metadata.namespace, name) : undefined;
      if (pod && pod.metadata.uid === uid) found.set(`${name} ${uid}`, pod);
    }
    return found;
  }

  async #livePod(pods: ResourceClient<Pod>, namespace: string | undefined, name: string): Promise<Live<Pod> | undefined> {
    try {
      return await pods.get(name, { namespace });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
