import {
  appsKinds,
  type Deployment,
  type DeploymentCondition,
  type DeploymentStatus,
  type Draft,
  fromLabelSelector,
  isAlreadyExists,
  isNotFound,
  keyOf,
  type Live,
  type Pod,
  type ReplicaSet,
} from '../../api/index.ts';
import { controllerOf, type EventRecorder, type Informer, newControllerRef, runController } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CONTROLLER, ORPHANS } from '../informers.ts';
import { Losses } from '../shared/losses.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { isNamespaceTerminating, OwnerControl } from '../shared/pod-control.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { REVISION, reason, TEMPLATE_HASH } from './names.ts';
import { type DeploymentPlan, isRecorded, newSetName, planDeployment, scalingMessage } from './plan.ts';
import { isSameTemplate, type PlannedSet } from './planned-set.ts';
import type { Rollback } from './rollback.ts';
import { hasDeadline, withCondition } from './status.ts';

const KIND = appsKinds.deployments;
/** How often at most a Deployment is looked at when its ReplicaSets tell only of their status. */
const STATUS_PACE_MS = 50;

export const deploymentController: ControllerDescriptor = {
  name: 'deployment-controller',
  alias: 'deployment',
  create: (context) => new DeploymentController(context),
};

/** Rolls Deployments out through ReplicaSets; what to do is decided in `plan.ts`. */
class DeploymentController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: PacedQueue;
  readonly #deployments: Informer<Deployment>;
  readonly #sets: Informer<ReplicaSet>;
  readonly #pods: Informer<Pod>;
  readonly #stale = new StaleGuard();
  readonly #staleSets = new StaleGuard();
  readonly #owners: OwnerControl;
  readonly #losses: Losses;
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new PacedQueue({ clock: context.clock, paceMs: STATUS_PACE_MS });
    this.#deployments = context.informers.deployments();
    this.#sets = context.informers.replicaSets();
    this.#pods = context.informers.pods();
    this.#owners = new OwnerControl(context.client, KIND, appsKinds.replicasets);
    this.#losses = new Losses(context.client, KIND);
    this.#recorder = context.recorder('deployment-controller');
    this.#listen();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: deploymentController.name,
      queue: this.#queue,
      workers: settings.concurrentDeploymentSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #listen(): void {
    const enqueue = (deployment: Live<Deployment>) => this.#queue.add(keyOf(deployment));
    this.#deployments.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
    this.#sets.addHandler({
      onAdd: (set) => this.#wake(set),
      onUpdate: (set, old) => this.#onSetUpdate(set, old),
      onDelete: (set) => {
        this.#staleSets.forget(keyOf(set));
        const owner = this.#ownerOf(set);
        if (owner) this.#losses.note(keyOf(owner));
        this.#wake(set);
      },
    });
    this.#pods.addHandler({ onDelete: (pod) => this.#onPodDelete(pod) });
  }

  #onSetUpdate(set: Live<ReplicaSet>, old: Live<ReplicaSet>): void {
    const before = this.#ownerOf(old);
    const owner = this.#ownerOf(set);
    if (before && before !== owner) this.#queue.add(keyOf(before));
    if (!owner) this.#wake(set);
    else if (set.metadata.generation === old.metadata.generation) this.#queue.addPaced(keyOf(owner));
    else this.#queue.add(keyOf(owner));
  }

  /** Wakes the Deployment of a ReplicaSet, or those that may adopt it. */
  #wake(set: Live<ReplicaSet>): void {
    const owner = this.#ownerOf(set);
    if (owner) {
      this.#queue.add(keyOf(owner));
      return;
    }
    if (controllerOf(set) || !set.metadata.labels) return;
    for (const deployment of this.#deployments.list(set.metadata.namespace)) {
      if (fromLabelSelector(deployment.spec.selector).matches(set.metadata.labels)) this.#queue.add(keyOf(deployment));
    }
  }

  /** Recreate waits for the last old pod to be gone. */
  #onPodDelete(pod: Live<Pod>): void {
    const reference = controllerOf(pod);
    const set = reference && this.#sets.get(pod.metadata.namespace, reference.name);
    const owner = set && this.#ownerOf(set);
    if (owner?.spec.strategy?.type === 'Recreate') this.#queue.add(keyOf(owner));
  }

  #ownerOf(set: Live<ReplicaSet>): Live<Deployment> | undefined {
    const reference = controllerOf(set);
    if (reference?.kind !== KIND.kind) return undefined;
    const deployment = this.#deployments.get(set.metadata.namespace, reference.name);
    return deployment?.metadata.uid === reference.uid ? deployment : undefined;
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs: number | undefined } | undefined> {
    const deployment = this.#deployments.getByKey(key);
    if (!deployment) {
      this.#losses.forget(key);
      this.#queue.drop(key);
      this.#stale.forget(key);
      return undefined;
    }
    if (this.#stale.isStale(deployment)) return undefined;
    const selector = fromLabelSelector(deployment.spec.selector);
    if (selector.empty) {
      await this.#refuse(deployment);
      return undefined;
    }
    const { namespace = '', uid } = deployment.metadata;
    const candidates = [...this.#sets.byIndex(BY_CONTROLLER, uid), ...this.#sets.byIndex(ORPHANS, namespace)];
    if (candidates.some((set) => this.#staleSets.isStale(set))) return undefined;
    const replicaSets = await this.#owners.claim(deployment, candidates, ({ metadata }) => selector.matches(metadata.labels));
    const plan = planDeployment({
      deployment,
      replicaSets,
      podsOf: (set) => this.#pods.byIndex(BY_CONTROLLER, set.metadata.uid),
      now: this.#context.clock.now(),
    });
    await this.#apply(deployment, plan);
    return { requeueAfterMs: plan.requeueAfterMs };
  }

  /** A Deployment that selects every pod is not carried out. */
  async #refuse(deployment: Live<Deployment>): Promise<void> {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    this.#recorder.event(subjectOf(KIND, deployment), 'Warning', 'SelectingAll', message);
    const { generation = 0 } = deployment.metadata;
    if ((deployment.status.observedGeneration ?? 0) >= generation) return;
    await this.#client.updateStatus({ ...deployment, status: { ...deployment.status, observedGeneration: generation } });
  }

  async #apply(deployment: Live<Deployment>, plan: DeploymentPlan): Promise<void> {
    if (plan.pausing) await this.#record(deployment, withConditions(deployment, plan.pausing), undefined);
    if (plan.create && !((await this.#losses.mayReplace(deployment)) && (await this.#create(deployment, plan.create)))) return;
    if (plan.pausing) return;
    if (plan.rollback) {
      for (const set of plan.update) await this.#update(deployment, set);
      await this.#rollBack(deployment, plan.rollback);
      return;
    }
    const { revision, announced, status } = plan;
    const current = announced ? await this.#record(deployment, withConditions(deployment, announced), revision) : deployment;
    for (const set of plan.update) await this.#update(deployment, set);
    if (!isRecorded(current, plan)) await this.#record(current, status, revision);
    for (const set of plan.remove) await this.#remove(set);
  }

  /** Writes a status, and beside it the revision where there is one. */
  async #record(deployment: Live<Deployment>, status: DeploymentStatus, revision: string | undefined): Promise<Live<Deployment>> {
    const annotations =
      revision === undefined ? deployment.metadata.annotations : { ...deployment.metadata.annotations, [REVISION]: revision };
    const written = await this.#client.updateStatus({ ...deployment, metadata: { ...deployment.metadata, annotations }, status });
    this.#stale.wrote(deployment, written);
    return written;
  }

  async #rollBack(deployment: Live<Deployment>, { deployment: changed, type, reason, message }: Rollback): Promise<void> {
    this.#stale.wrote(deployment, await this.#client.update(changed));
    this.#recorder.event(subjectOf(KIND, deployment), type, reason, message);
  }

  get #client() {
    return this.#context.client.resource<Deployment>(KIND);
  }

  get #setClient() {
    return this.#context.client.resource<ReplicaSet>(appsKinds.replicasets);
  }

  /** @returns whether the ReplicaSet was made; false when its namespace goes, or when it was there already and the cache will tell. */
  async #create(deployment: Live<Deployment>, set: PlannedSet): Promise<boolean> {
    try {
      await this.#setClient.create(newReplicaSet(deployment, set));
    } catch (error) {
      if (isAlreadyExists(error)) await this.#meet(deployment, set, error);
      if (isAlreadyExists(error) || isNamespaceTerminating(error)) return false;
      await this.#reportFailure(deployment, set, error);
      throw error;
    }
    this.#recordScaling(deployment, set);
    return true;
  }

  /** There is a ReplicaSet of this name: it is ours, seen late, or the hash collided with that of another template. */
  async #meet(deployment: Live<Deployment>, set: PlannedSet, error: unknown): Promise<void> {
    const { namespace, uid } = deployment.metadata;
    const other = await this.#setClient.get(set.name, { namespace });
    if (controllerOf(other)?.uid === uid && isSameTemplate(other.spec.template ?? {}, deployment.spec.template)) return;
    const collisionCount = (deployment.status.collisionCount ?? 0) + 1;
    await this.#client.updateStatus({ ...deployment, status: { ...deployment.status, collisionCount } });
    throw error;
  }

  async #reportFailure(deployment: Live<Deployment>, set: PlannedSet, error: unknown): Promise<void> {
    const message = `Failed to create new replica set ${JSON.stringify(set.name)}: ${error instanceof Error ? error.message : String(error)}`;
    this.#recorder.event(subjectOf(KIND, deployment), 'Warning', reason.createFailed, message);
    if (!hasDeadline(deployment)) return;
    const statement = { type: 'Progressing', status: 'False', reason: reason.createFailed, message } as const;
    const conditions = withCondition(deployment.status.conditions ?? [], statement, this.#context.clock.now());
    await this.#client.updateStatus({ ...deployment, status: { ...deployment.status, conditions: [...conditions] } });
  }

  async #update(deployment: Live<Deployment>, set: PlannedSet): Promise<void> {
    if (!set.stored) return;
    const { metadata, spec } = set.stored;
    const written = await this.#setClient.update({
      ...set.stored,
      metadata: { ...metadata, annotations: set.annotations },
      spec: { ...spec, replicas: set.replicas, minReadySeconds: set.minReadySeconds },
    });
    this.#staleSets.wrote(set.stored, written);
    this.#recordScaling(deployment, set);
  }

  #recordScaling(deployment: Live<Deployment>, set: PlannedSet): void {
    const message = scalingMessage(set);
    if (message !== undefined) this.#recorder.event(subjectOf(KIND, deployment), 'Normal', 'ScalingReplicaSet', message);
  }

  async #remove({ metadata: { name, namespace } }: Live<ReplicaSet>): Promise<void> {
    try {
      await this.#setClient.delete(name, { namespace });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

const withConditions = ({ status }: Live<Deployment>, conditions: readonly DeploymentCondition[]): DeploymentStatus => ({
  ...status,
  conditions: [...conditions],
});

/** The ReplicaSet for a Deployment's template: template, labels and selector carry the hash. */
function newReplicaSet(deployment: Live<Deployment>, set: PlannedSet): Draft<ReplicaSet> {
  const { template, selector } = deployment.spec;
  const hashLabel = { [TEMPLATE_HASH]: newSetName(deployment).hash };
  const labels = { ...template.metadata?.labels, ...hashLabel };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: set.name,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: set.annotations,
      ownerReferences: [newControllerRef(deployment, KIND)],
    },
    spec: {
      replicas: set.replicas,
      minReadySeconds: set.minReadySeconds,
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, ...hashLabel } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}
