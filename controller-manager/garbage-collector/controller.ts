import { isConflict, isNotFound, type KindInfo, type KubeObject, type Live, type OwnerReference } from '../../api/index.ts';
import { type EventRecorder, runController, TerminalError, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { deepEqual } from '../shared/equality.ts';
import { forEachLimited } from '../shared/for-each-limited.ts';
import type { Monitors } from '../shared/monitors.ts';
import { AbsentOwners } from './absent-owners.ts';
import {
  blockingDependents,
  type Coordinates,
  coordinatesOfOwner,
  FOREGROUND,
  type GraphNode,
  ORPHAN,
  OwnerGraph,
  otherPlaces,
  refersTo,
} from './graph.ts';

const ORPHAN_WORKERS = 16;
/** How long an owner that exists, but was not seen yet, is waited for. */
const UNSEEN_MS = 500;
const ORPHAN_PREFIX = 'orphan:';

export const garbageCollector: ControllerDescriptor = {
  name: 'garbage-collector-controller',
  alias: 'garbagecollector',
  create: (context) => new GarbageCollector(context),
};

/** The references of an object, by what became of their owners. */
interface Classified {
  readonly solid: readonly OwnerReference[];
  readonly dangling: readonly OwnerReference[];
  /** Owners that wait in the foreground for this object to go. */
  readonly waiting: readonly OwnerReference[];
}

/**
 * Deletes what has lost all its owners, in the background or the foreground, and frees dependents of owners that orphan them.
 *
 * C1  An owner counts as absent only when the server says so: the graph may be behind.
 * C2  Objects are deleted under the condition that they are as we judged them (uid and resourceVersion).
 */
class GarbageCollector implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: WorkQueue;
  readonly #recorder: EventRecorder;
  readonly #graph: OwnerGraph;
  readonly #absent = new AbsentOwners();
  readonly #monitors: Monitors;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#queue = new WorkQueue({ clock: context.clock });
    this.#recorder = context.recorder('garbage-collector-controller');
    this.#graph = new OwnerGraph({
      check: ({ uid }) => this.#queue.add(uid),
      orphan: ({ uid }) => this.#queue.add(ORPHAN_PREFIX + uid),
      strayed: (node, reference) => this.#tellStrayed(node, reference),
      gone: (coordinates, uid) => this.#absent.add(coordinates, uid),
    });
    this.#monitors = context.monitors;
    this.#monitors.addHandlers((kind) => ({
      onAdd: (object) => this.#graph.upsert(kind, object),
      onUpdate: (object, old) => {
        if (isGraphChange(old, object)) this.#graph.upsert(kind, object);
      },
      onDelete: ({ metadata }) => this.#graph.remove(metadata.uid),
    }));
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    const following = this.#monitors.run(signal);
    await this.#monitors.waitForSync(signal);
    const collecting = runController({
      name: garbageCollector.name,
      queue: this.#queue,
      workers: settings.concurrentGcSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
    await Promise.all([following, collecting]);
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs: number } | undefined> {
    if (key.startsWith(ORPHAN_PREFIX)) {
      const owner = this.#graph.get(key.slice(ORPHAN_PREFIX.length));
      if (owner) await this.#orphanDependents(owner);
      return undefined;
    }
    const node = this.#graph.get(key);
    if (!node) return undefined;
    if (node.isVirtual) return await this.#lookFor(node);
    await this.#check(node);
    return undefined;
  }

  /** Looks for an owner that was never seen. */
  async #lookFor(node: GraphNode): Promise<{ requeueAfterMs: number } | undefined> {
    // Once it is seen, it is where it is seen.
    const { coordinates } = node;
    const found = await this.#find(coordinates);
    if (found === 'foreign') return undefined;
    if (found?.metadata.uid !== node.uid) {
      // Dependents may mean different objects by the same uid: each is judged by its own reference.
      this.#absent.add(coordinates, node.uid);
      const next = otherPlaces(node).find((place) => !this.#absent.has(place, node.uid));
      if (!this.#graph.get(node.uid)?.isVirtual) return undefined;
      if (next) this.#graph.relocate(node, next);
      else this.#graph.remove(node.uid);
      return undefined;
    }
    return this.#monitors.informer(coordinates.group, coordinates.kind) ? { requeueAfterMs: UNSEEN_MS } : undefined;
  }

  async #check(node: GraphNode): Promise<void> {
    if (node.isDeleting && !node.isAwaitingDependents) return;
    if (node.isAwaitingDependents) {
      await this.#checkAwaited(node);
      return;
    }
    const object = this.#cached(node);
    if (!object || object.metadata.uid !== node.uid || !object.metadata.ownerReferences?.length) return;
    const classified = await this.#classify(node, object.metadata.ownerReferences);
    if (classified.solid.length > 0) {
      await this.#dropReferences(node, object, [...classified.dangling, ...classified.waiting]);
    } else if (classified.waiting.length > 0 && node.dependents.size > 0) {
      await this.#deleteInForeground(node, object);
    } else if (classified.waiting.length > 0 || classified.dangling.length > 0) {
      await this.#delete(node, object, policyOf(object));
    }
  }

  /** Lets an owner go that waits in the foreground, once no dependent holds it back; has the dependents looked at until then. */
  async #checkAwaited(node: GraphNode): Promise<void> {
    const blocking = blockingDependents(node);
    if (blocking.length === 0) {
      await this.#dropFinalizer(node, FOREGROUND);
      return;
    }
    for (const dependent of blocking) if (!dependent.isAwaitingDependents) this.#queue.add(dependent.uid);
  }

  /** Upstream: `reportInvalidNamespaceOwnerRef`. */
  #tellStrayed({ uid, coordinates }: GraphNode, { apiVersion, kind, name, uid: ownerUid }: OwnerReference): void {
    const { group, version, namespace } = coordinates;
    const subject = {
      apiVersion: group === '' ? version : `${group}/${version}`,
      kind: coordinates.kind,
      metadata: { name: coordinates.name, namespace: namespace || undefined, uid },
    };
    const owner = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${ownerUid}]`;
    const message = `ownerRef ${owner} does not exist in namespace ${JSON.stringify(namespace)}`;
    this.#recorder.event(subject, 'Warning', 'OwnerRefInvalidNamespace', message);
  }

  async #classify(node: GraphNode, references: readonly OwnerReference[]): Promise<Classified> {
    const solid: OwnerReference[] = [];
    const dangling: OwnerReference[] = [];
    const waiting: OwnerReference[] = [];
    for (const reference of references) {
      const state = await this.#stateOf(reference, node.coordinates.namespace);
      (state === 'solid' ? solid : state === 'waiting' ? waiting : dangling).push(reference);
    }
    return { solid, dangling, waiting };
  }

  async #stateOf(reference: OwnerReference, namespace: string): Promise<'solid' | 'waiting' | 'absent'> {
    const coordinates = coordinatesOfOwner(reference, namespace);
    if (this.#absent.has(coordinates, reference.uid)) return 'absent';
    const known = this.#graph.get(reference.uid);
    if (known && !known.isVirtual && refersTo(reference, namespace, known.coordinates)) {
      return known.isAwaitingDependents ? 'waiting' : 'solid';
    }
    const found = await this.#find(coordinates);
    if (found === 'foreign') throw new TerminalError(`cluster-scoped object refers to the namespaced ${reference.kind} ${reference.name}`);
    if (found?.metadata.uid === reference.uid) {
      const { deletionTimestamp, finalizers } = found.metadata;
      return deletionTimestamp && finalizers?.includes(FOREGROUND) ? 'waiting' : 'solid';
    }
    this.#absent.add(coordinates, reference.uid);
    return 'absent';
  }

  /**
   * Asks the server for an object.
   *
   * @returns undefined when it is not there; `foreign` when a cluster-scoped object refers to a namespaced kind, which cannot be.
   * @throws when the kind is not served, or not at this version: that may change, so nothing is judged.
   */
  async #find({ group, version, kind, namespace, name }: Coordinates): Promise<Live<KubeObject> | 'foreign' | undefined> {
    const info = this.#monitors.kind(group, kind);
    if (!info || !this.#monitors.serves(group, version, kind)) {
      throw new Error(`no kind ${kind} is served in version ${version} of group "${group}"`);
    }
    if (info.namespaced && namespace === '') return 'foreign';
    return await this.#get(info, name, info.namespaced ? namespace : undefined);
  }

  async #get(info: KindInfo, name: string, namespace: string | undefined): Promise<Live<KubeObject> | undefined> {
    try {
      return await this.#context.client.resource<KubeObject>(info).get(name, { namespace });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #cached({ coordinates: { group, kind, namespace, name } }: GraphNode): Live<KubeObject> | undefined {
    return this.#monitors.informer(group, kind)?.get(namespace, name);
  }

  /** The owner waits for this object, and this object has dependents: they go first. Where they wait too, nobody must wait in a circle. */
  async #deleteInForeground(node: GraphNode, object: Live<KubeObject>): Promise<void> {
    const isCircle = [...node.dependents].some(({ isAwaitingDependents }) => isAwaitingDependents);
    if (isCircle) {
      await this.#patchOwners(node, object, (owners) => owners.map((owner) => ({ ...owner, blockOwnerDeletion: false })));
    }
    await this.#delete(node, object, 'Foreground');
  }

  async #dropReferences(node: GraphNode, object: Live<KubeObject>, references: readonly OwnerReference[]): Promise<void> {
    if (references.length === 0) return;
    const gone = new Set(references.map(({ uid }) => uid));
    await this.#patchOwners(node, object, (owners) => owners.filter(({ uid }) => !gone.has(uid)));
  }

  /** @param object as it was judged; undefined when any version will do. */
  async #delete(node: GraphNode, object: Live<KubeObject> | undefined, propagationPolicy: Policy): Promise<void> {
    const info = this.#kindOf(node);
    const { name, namespace } = node.coordinates;
    const resource = this.#context.client.resource<KubeObject>(info);
    const options = { namespace: namespace || undefined, propagationPolicy };
    const resourceVersion = object?.metadata.resourceVersion;
    try {
      await resource.delete(name, { ...options, preconditions: { uid: node.uid, ...(resourceVersion ? { resourceVersion } : {}) } });
    } catch (error) {
      if (isNotFound(error)) return;
      if (!object || !isConflict(error)) throw error;
      // It changed meanwhile; when its owners did not, the judgement stands.
      const fresh = await this.#get(info, name, options.namespace);
      if (fresh?.metadata.uid !== node.uid) return;
      if (!deepEqual(fresh.metadata.ownerReferences, object.metadata.ownerReferences)) throw error;
      await this.#delete(node, undefined, propagationPolicy);
    }
  }

  async #orphanDependents(owner: GraphNode): Promise<void> {
    const errors: unknown[] = [];
    await forEachLimited([...owner.dependents], ORPHAN_WORKERS, async (dependent) => {
      try {
        const object = this.#cached(dependent);
        if (object) await this.#patchOwners(dependent, object, (owners) => owners.filter(({ uid }) => uid !== owner.uid));
      } catch (error) {
        errors.push(error);
      }
    });
    if (errors.length > 0) throw errors[0];
    await this.#dropFinalizer(owner, ORPHAN);
  }

  async #dropFinalizer(node: GraphNode, finalizer: string): Promise<void> {
    await this.#patch(node, this.#cached(node), ({ metadata }) => {
      if (!metadata.deletionTimestamp || !metadata.finalizers?.includes(finalizer)) return undefined;
      return { finalizers: metadata.finalizers.filter((other) => other !== finalizer) };
    });
  }

  async #patchOwners(
    node: GraphNode,
    object: Live<KubeObject>,
    change: (owners: readonly OwnerReference[]) => readonly OwnerReference[],
  ): Promise<void> {
    await this.#patch(node, object, ({ metadata }) => {
      const before = metadata.ownerReferences ?? [];
      const after = change(before);
      return deepEqual(before, after) ? undefined : { ownerReferences: after.length ? after : null };
    });
  }

  /**
   * Patches an object's metadata as it is cached, and once more as it really is when that was behind.
   *
   * @param change gives the fields to set; undefined when there is nothing to do.
   */
  async #patch(
    node: GraphNode,
    cached: Live<KubeObject> | undefined,
    change: (object: Live<KubeObject>) => object | undefined,
  ): Promise<void> {
    const info = this.#kindOf(node);
    const { name } = node.coordinates;
    const namespace = node.coordinates.namespace || undefined;
    const attempt = async (object: Live<KubeObject> | undefined) => {
      const fields = object?.metadata.uid === node.uid ? change(object) : undefined;
      if (!object || !fields) return;
      const body = { metadata: { ...fields, uid: node.uid, resourceVersion: object.metadata.resourceVersion } };
      await this.#context.client.resource<KubeObject>(info).patch(name, body, { namespace, type: 'merge' });
    };
    try {
      await attempt(cached ?? (await this.#get(info, name, namespace)));
    } catch (error) {
      if (isNotFound(error)) return;
      if (!isConflict(error)) throw error;
      await attempt(await this.#get(info, name, namespace));
    }
  }

  #kindOf({ coordinates: { group, kind } }: GraphNode): KindInfo {
    const info = this.#monitors.kind(group, kind);
    if (!info) throw new Error(`no kind ${kind} is served in group "${group}"`);
    return info;
  }
}

type Policy = 'Orphan' | 'Background' | 'Foreground';

/** How an object that lost its owners wants its own dependents to be treated. */
function policyOf({ metadata: { finalizers = [] } }: Live<KubeObject>): Policy {
  if (finalizers.includes(ORPHAN)) return 'Orphan';
  return finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background';
}

/** Whether a change can matter to the graph: most are of spec or status. */
function isGraphChange({ metadata: a }: Live<KubeObject>, { metadata: b }: Live<KubeObject>): boolean {
  return (
    a.deletionTimestamp !== b.deletionTimestamp ||
    !deepEqual(a.ownerReferences, b.ownerReferences) ||
    !deepEqual(a.finalizers, b.finalizers)
  );
}
