import {
  ApiError,
  coreKinds,
  isConflict,
  isInvalid,
  isNotFound,
  type KindInfo,
  type KubeObject,
  type Live,
  type Pod,
  type PodTemplateSpec,
} from '../../api/index.ts';
import { type ApiClient, type EventRecorder, newControllerRef } from '../../client/index.ts';
import { isAlive } from './losses.ts';
import { adoptPatch, planClaim, releasePatch } from './owners.ts';
import { subjectOf } from './subject.ts';

/** Whether a create was refused because its namespace is being deleted: nothing to retry. */
export const isNamespaceTerminating = (error: unknown): boolean =>
  error instanceof ApiError && error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Creates, deletes, adopts and releases the pods of the objects of one kind, and tells of it in events. */
export class PodControl {
  readonly #client: ApiClient;
  readonly #kind: KindInfo;
  readonly #recorder: EventRecorder;

  /** @param kind of the owners. */
  constructor(client: ApiClient, kind: KindInfo, recorder: EventRecorder) {
    this.#client = client;
    this.#kind = kind;
    this.#recorder = recorder;
  }

  /**
   * @param generateName what the pod's name begins with; the owner's name unless given.
   * @throws what the server says, once there is an event about it.
   */
  async create(owner: Live<KubeObject>, template: PodTemplateSpec, generateName = `${owner.metadata.name}-`): Promise<void> {
    const { labels, annotations, finalizers } = template.metadata ?? {};
    const subject = subjectOf(this.#kind, owner);
    try {
      const pod = await this.#client.resource<Pod>(coreKinds.pods).create(
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: {
            generateName,
            namespace: owner.metadata.namespace,
            labels,
            annotations,
            finalizers,
            ownerReferences: [newControllerRef(owner, this.#kind)],
          },
          spec: template.spec ?? { containers: [] },
        },
        {},
      );
      this.#recorder.event(subject, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
    } catch (error) {
      if (!isNamespaceTerminating(error)) this.#recorder.event(subject, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`);
      throw error;
    }
  }

  /** @throws what the server says; also when the pod is gone already, or its name another's by now, of which there is no event. */
  async delete(owner: Live<KubeObject>, pod: Live<Pod>): Promise<void> {
    const subject = subjectOf(this.#kind, owner);
    const { name, namespace, uid } = pod.metadata;
    try {
      await this.#client.resource<Pod>(coreKinds.pods).delete(name, { namespace, preconditions: { uid } });
      this.#recorder.event(subject, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
    } catch (error) {
      const isGone = isNotFound(error) || isConflict(error);
      if (!isGone) this.#recorder.event(subject, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`);
      throw error;
    }
  }
}

type Wanted<T extends KubeObject> = (candidate: Live<T>) => boolean;

/** Changes hands of objects of one kind: what {@link planClaim} plans. */
export class OwnerControl {
  readonly #client: ApiClient;
  readonly #ownerKind: KindInfo;
  readonly #kind: KindInfo;
  readonly #finalizer: string | undefined;

  /** @param finalizer given to what is adopted, and taken from what is released. */
  constructor(client: ApiClient, ownerKind: KindInfo, kind: KindInfo, finalizer?: string) {
    this.#client = client;
    this.#ownerKind = ownerKind;
    this.#kind = kind;
    this.#finalizer = finalizer;
  }

  /**
   * Adopts what is to be adopted of the candidates and releases what is to be released.
   *
   * @param isWanted whether the owner's selector (and what else it asks for) takes an object in.
   * @returns what is the owner's now.
   */
  async claim<T extends KubeObject>(owner: Live<KubeObject>, candidates: readonly Live<T>[], isWanted: Wanted<T>): Promise<Live<T>[]> {
    const { release } = planClaim(owner, candidates, isWanted);
    await Promise.all(release.map((object) => this.#release(owner, object)));
    return await this.adopt(owner, candidates, isWanted);
  }

  /** One that is another by now, of the same name, is not this owner's to release. */
  async #release(owner: Live<KubeObject>, object: Live<KubeObject>): Promise<void> {
    try {
      await this.#patch(object, releasePatch(owner, object.metadata.uid, this.#finalizer));
    } catch (error) {
      if (!isInvalid(error) && !isConflict(error)) throw error;
    }
  }

  /** As {@link claim}, but releases nothing. */
  async adopt<T extends KubeObject>(owner: Live<KubeObject>, candidates: readonly Live<T>[], isWanted: Wanted<T>): Promise<Live<T>[]> {
    const { owned, adopt } = planClaim(owner, candidates, isWanted);
    if (adopt.length === 0) return owned;
    await this.#assertAlive(owner);
    const adopted = await Promise.all(
      adopt.map((object) => this.#patch<T>(object, adoptPatch(this.#ownerKind, owner, object.metadata.uid, this.#finalizer))),
    );
    // What the server answers is newer than what was judged: it may be wanted no longer, and is released once the cache knows.
    return [...owned, ...adopted.filter((object) => object !== undefined).filter(isWanted)];
  }

  /** A deleted owner must adopt nothing, and the cache may not know of it. */
  async #assertAlive(owner: Live<KubeObject>): Promise<void> {
    if (await isAlive(this.#client, this.#ownerKind, owner)) return;
    const { name, namespace } = owner.metadata;
    throw new Error(`${this.#ownerKind.kind} ${namespace ?? ''}/${name} has just been deleted, it adopts nothing`);
  }

  async #patch<T extends KubeObject>(object: Live<KubeObject>, body: object): Promise<Live<T> | undefined> {
    const { name, namespace } = object.metadata;
    try {
      return await this.#client.resource<T>(this.#kind).patch(name, body, { namespace, type: 'strategic' });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}
