import {
  appsKinds,
  coreKinds,
  type Draft,
  isAlreadyExists,
  isConflict,
  isNotFound,
  keyOf,
  type Live,
  type OwnerReference,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
} from '../../api/index.ts';
import type { ApiClient, EventRecorder, Informer } from '../../client/index.ts';
import { isNamespaceTerminating } from '../shared/pod-control.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { claimsFor, identityLabels, isStorageRight, ordinalOf, withClaimVolumes } from './identity.ts';
import type { Action } from './plan.ts';
import { hasOtherController, isOwnerRight, ownersFor } from './retention.ts';

type Verb = 'create' | 'update' | 'delete';
type Set = Live<StatefulSet>;

/** How often the update of a pod is tried that others write too (upstream: `retry.DefaultBackoff`). */
const UPDATES_MAX = 4;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const titleOf = (verb: Verb): string => verb.charAt(0).toUpperCase() + verb.slice(1);

/** Does to pods and their claims what a plan says, and tells of it in events (upstream: `stateful_pod_control.go`). */
export class StatefulPods {
  readonly #client: ApiClient;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #recorder: EventRecorder;
  readonly #stale = new StaleGuard();

  constructor(client: ApiClient, claims: Informer<PersistentVolumeClaim>, recorder: EventRecorder) {
    this.#client = client;
    this.#claims = claims;
    this.#recorder = recorder;
  }

  /**
   * Whether a cached claim is older than its owners that we wrote. A pod that is made on such a claim may be bound before the garbage
   * collector deletes the claim for the pod that came before: the claim is kept by its new pod then, and the pod waits for the claim.
   */
  isBehind(claim: Live<PersistentVolumeClaim>): boolean {
    return this.#stale.isStale(claim);
  }

  /** A claim is gone. */
  forget(claim: Live<PersistentVolumeClaim>): void {
    this.#stale.forget(keyOf(claim));
  }

  /** @throws what went wrong, once there is an event about it where there is to be one. */
  async carryOut(set: Set, action: Action): Promise<void> {
    switch (action.do) {
      case 'create':
        return await this.#create(set, action.pod, action.ordinal);
      case 'delete':
        return await this.#delete(set, action.pod);
      case 'provideClaims':
        return await this.#provideClaims(set, action.pod);
      case 'ownClaims':
        return await this.#ownClaims(set, action.pod);
      case 'repair':
        return await this.#telling(set, 'update', action.pod.metadata.name, () => this.#repair(set, action.pod));
    }
  }

  get #pods() {
    return this.#client.resource<Pod>(coreKinds.pods);
  }

  async #create(set: Set, pod: Draft<Pod>, ordinal: number): Promise<void> {
    const name = pod.metadata.name ?? '';
    const created = await this.#createPod(set, pod, ordinal);
    try {
      await this.#ownClaims(set, created);
    } catch (error) {
      // The pod is made: owners of its claims are put right once it is seen.
      this.#tell(set, 'update', name, error);
      return;
    }
    this.#tell(set, 'create', name);
  }

  async #createPod(set: Set, pod: Draft<Pod>, ordinal: number): Promise<Live<Pod>> {
    try {
      await this.#createClaims(set, ordinal);
      return await this.#pods.create(pod);
    } catch (error) {
      // A pod that is there will be in the cache.
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error)) this.#tell(set, 'create', pod.metadata.name ?? '', error);
      throw error;
    }
  }

  async #delete(set: Set, { metadata: { name, namespace, uid } }: Live<Pod>): Promise<void> {
    try {
      await this.#pods.delete(name, { namespace, preconditions: { uid } });
    } catch (error) {
      // What has its name by now is another one; the cache will say so.
      if (!isNotFound(error) && !isConflict(error)) this.#tell(set, 'delete', name, error);
      throw error;
    }
    this.#tell(set, 'delete', name);
  }

  async #provideClaims(set: Set, pod: Live<Pod>): Promise<void> {
    await this.#createClaims(set, ordinalOf(pod));
    try {
      await this.#ownClaims(set, pod);
    } catch (error) {
      this.#tell(set, 'update', pod.metadata.name, error);
      throw error;
    }
  }

  /** Puts a pod right, again where somebody else wrote it meanwhile. */
  async #repair(set: Set, pod: Live<Pod>): Promise<void> {
    for (let left = UPDATES_MAX - 1; ; left--) {
      try {
        return await this.#repairOnce(set, pod);
      } catch (error) {
        if (left === 0 || !isConflict(error)) throw error;
      }
    }
  }

  async #repairOnce(set: Set, { metadata: { name, namespace } }: Live<Pod>): Promise<void> {
    // What is cached is not the whole pod.
    const pod = await this.#pods.get(name, { namespace });
    const ordinal = ordinalOf(pod);
    const isStored = isStorageRight(set, pod);
    if (!isStored) await this.#createClaims(set, ordinal);
    await this.#ownClaims(set, pod);
    const metadata = { ...pod.metadata, labels: { ...pod.metadata.labels, ...identityLabels(name) } };
    const volumes = isStored ? pod.spec.volumes : withClaimVolumes(set, ordinal, pod.spec.volumes);
    await this.#pods.update({ ...pod, metadata, spec: { ...pod.spec, volumes } });
  }

  /** Makes the claims that are missing. @throws when one is not to be had, or is being deleted. */
  async #createClaims(set: Set, ordinal: number): Promise<void> {
    const problems: string[] = [];
    for (const claim of claimsFor(set, ordinal)) {
      const name = claim.metadata.name ?? '';
      const stored = this.#claims.get(set.metadata.namespace, name);
      if (stored?.metadata.deletionTimestamp) problems.push(`pvc ${name} is being deleted`);
      else if (!stored) problems.push(...(await this.#createClaim(set, claim, `${set.metadata.name}-${ordinal}`)));
    }
    if (problems.length > 0) throw new Error(problems.length > 1 ? `[${problems.join(', ')}]` : problems[0]);
  }

  async #createClaim(set: Set, claim: Draft<PersistentVolumeClaim>, pod: string): Promise<string[]> {
    const name = claim.metadata.name ?? '';
    const subject = subjectOf(appsKinds.statefulsets, set);
    try {
      await this.#client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims).create(claim);
    } catch (error) {
      const text = messageOf(error);
      const message = `create Claim ${name} for Pod ${pod} in StatefulSet ${set.metadata.name} failed error: ${text}`;
      if (!isAlreadyExists(error)) this.#recorder.event(subject, 'Warning', 'FailedCreate', message);
      return [`failed to create PVC ${name}: ${text}`];
    }
    const message = `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
    this.#recorder.event(subject, 'Normal', 'SuccessfulCreate', message);
    return [];
  }

  async #ownClaims(set: Set, pod: Live<Pod>): Promise<void> {
    for (const { metadata } of claimsFor(set, ordinalOf(pod))) {
      const claim = this.#claims.get(set.metadata.namespace, metadata.name ?? '');
      if (!claim) continue;
      if (hasOtherController(claim, set, pod)) this.#tellOfOtherController(set, claim);
      if (!isOwnerRight(claim, set, pod)) await this.#setOwners(claim, ownersFor(claim, set, pod));
    }
  }

  async #setOwners(claim: Live<PersistentVolumeClaim>, ownerReferences: OwnerReference[]): Promise<void> {
    const resource = this.#client.resource<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims);
    try {
      this.#stale.wrote(claim, await resource.update({ ...claim, metadata: { ...claim.metadata, ownerReferences } }));
    } catch (error) {
      const { name } = claim.metadata;
      throw new Error(`could not update claim ${name} for delete policy ownerRefs: ${messageOf(error)}`, { cause: error });
    }
  }

  #tellOfOtherController(set: Set, { metadata: { name } }: Live<PersistentVolumeClaim>): void {
    const message =
      `PersistentVolumeClaim ${name} has a conflicting OwnerReference that acts as a manging controller, ` +
      'the retention policy is ignored for this claim';
    this.#recorder.event(subjectOf(appsKinds.statefulsets, set), 'Warning', 'ConflictingController', message);
  }

  async #telling(set: Set, verb: Verb, pod: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#tell(set, verb, pod, error);
      throw error;
    }
    this.#tell(set, verb, pod);
  }

  #tell(set: Set, verb: Verb, pod: string, error?: unknown): void {
    const what = `${verb} Pod ${pod} in StatefulSet ${set.metadata.name}`;
    const subject = subjectOf(appsKinds.statefulsets, set);
    if (error === undefined) this.#recorder.event(subject, 'Normal', `Successful${titleOf(verb)}`, `${what} successful`);
    else this.#recorder.event(subject, 'Warning', `Failed${titleOf(verb)}`, `${what} failed error: ${messageOf(error)}`);
  }
}
