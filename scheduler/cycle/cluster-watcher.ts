import { coreKinds, type KubeObject, keyOf, type Live, type Node, type Pod } from '../../api/index.ts';
import { type Informer, type InformerFactory, trimManagedFields } from '../../client/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { nodeChanges, podChanges } from '../framework/changes.ts';
import { type Change, type EventAction, type EventResource, kindToWatch, labelOf } from '../framework/events.ts';
import type { Profile } from '../framework/profile.ts';
import type { WaitingPods } from '../framework/waiting-pods.ts';
import type { SchedulerMetrics } from '../metrics.ts';
import type { SchedulingQueue } from '../queue/scheduling-queue.ts';
import type { SchedulerCache } from '../state/cache.ts';
import type { Nominator } from '../state/nominator.ts';
import { podInfoOf } from '../state/pod-info.ts';
import type { Gate } from './gate.ts';

/** What was handled, as metrics call it. */
type Labels = readonly string[];

const labelsOf = (resource: EventResource, actions: readonly EventAction[]): string[] =>
  actions.map((action) => labelOf({ resource, action }));
const NOTHING: Labels = [];
const NODE_ADD = labelsOf('Node', ['Add']);
const NODE_DELETE = labelsOf('Node', ['Delete']);
const ASSIGNED_ADD = labelsOf('AssignedPod', ['Add']);
const ASSIGNED_DELETE = labelsOf('AssignedPod', ['Delete']);
const UNSCHEDULED_ADD = labelsOf('UnscheduledPod', ['Add']);
const UNSCHEDULED_DELETE = labelsOf('UnscheduledPod', ['Delete']);
const PLAIN_UPDATE = { AssignedPod: labelsOf('AssignedPod', ['Update']), UnscheduledPod: labelsOf('UnscheduledPod', ['Update']) };
/** A pod that waited for us has a node. */
const BOUND: Labels = [...ASSIGNED_ADD, ...UNSCHEDULED_DELETE];

export interface ClusterWatcherOptions {
  readonly informers: InformerFactory;
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly nominator: Nominator;
  readonly waitingPods: WaitingPods;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly metrics: SchedulerMetrics;
  /** Whether a profile is responsible for the pod. */
  readonly isOurs: (pod: Pod) => boolean;
  /** What else than pods and nodes plugins want to hear of. */
  readonly resources: ReadonlySet<EventResource>;
}

/**
 * Brings what the watches tell into the cache and the queues. Upstream: `pkg/scheduler/eventhandlers.go`.
 *
 * Each change is first in the cache and then an event: whoever is tried again because of it, sees it.
 */
export class ClusterWatcher {
  readonly #options: ClusterWatcherOptions;
  readonly pods: Informer<Pod>;

  constructor(options: ClusterWatcherOptions) {
    this.#options = options;
    const { informers, resources } = options;
    // Pods that are done take no room; the API server keeps them from us.
    this.pods = informers.informer<Pod>(coreKinds.pods, {
      fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
      transform: trimManagedFields,
    });
    informers.informer<Node>(coreKinds.nodes).addHandler({
      onAdd: (node) => this.#run(() => this.#onNode(node, undefined)),
      onUpdate: (node, old) => this.#run(() => this.#onNode(node, old)),
      onDelete: (node) => this.#run(() => this.#onNodeGone(node)),
    });
    this.pods.addHandler({
      onAdd: (pod) => this.#run(() => this.#onPod(pod, undefined)),
      onUpdate: (pod, old) => this.#run(() => this.#onPod(pod, old)),
      onDelete: (pod) => this.#run(() => this.#onPodGone(pod)),
    });
    for (const resource of resources) this.#watch(resource);
  }

  #watch(resource: EventResource): void {
    const kind = kindToWatch(resource);
    if (!kind) return;
    const { informers, queue } = this.#options;
    const told = (action: EventAction, change: Change) => {
      const label = labelsOf(resource, [action]);
      this.#run(() => {
        queue.onEvent({ resource, action, ...change });
        return label;
      });
    };
    informers.informer<KubeObject>(kind).addHandler({
      onAdd: (now) => told('Add', { now }),
      onUpdate: (now, old) => told('Update', { now, old }),
      onDelete: (old) => told('Delete', { old }),
    });
  }

  #run(change: () => Labels): void {
    const { gate, clock, metrics } = this.#options;
    gate.run(() => {
      const started = clock.monotonic();
      const labels = change();
      const seconds = (clock.monotonic() - started) / 1000;
      for (const label of labels) metrics.handled(label, seconds);
    });
  }

  #onNode(now: Live<Node>, old: Live<Node> | undefined): Labels {
    const { cache, queue } = this.#options;
    cache.setNode(now);
    if (!old) {
      queue.onEvent({ resource: 'Node', action: 'Add', now });
      return NODE_ADD;
    }
    const actions = nodeChanges(now, old);
    for (const action of actions) queue.onEvent({ resource: 'Node', action, now, old });
    return actions.length === 0 ? NOTHING : labelsOf('Node', actions);
  }

  #onNodeGone(old: Live<Node>): Labels {
    this.#options.cache.removeNode(old.metadata.name);
    this.#options.queue.onEvent({ resource: 'Node', action: 'Delete', old });
    return NODE_DELETE;
  }

  #onPod(now: Live<Pod>, old: Live<Pod> | undefined): Labels {
    // A pod that was deleted and made anew while nobody looked: the old one's node is free.
    if (old && old.metadata.uid !== now.metadata.uid) return [...this.#onPodGone(old), ...this.#onPod(now, undefined)];
    if (now.spec.nodeName) return this.#onAssigned(now, old);
    return this.#options.isOurs(now) ? this.#onWaiting(now, old) : NOTHING;
  }

  #onAssigned(now: Live<Pod>, old: Live<Pod> | undefined): Labels {
    const { cache, queue, nominator, isOurs } = this.#options;
    if (old?.spec.nodeName) {
      cache.addPod(now);
      const actions = podChanges(now, old);
      for (const action of actions) queue.onEvent({ resource: 'AssignedPod', action, now, old });
      return updateLabels('AssignedPod', actions);
    }
    queue.delete(keyOf(now));
    nominator.delete(now.metadata.uid);
    cache.addPod(now);
    queue.onEvent({ resource: 'AssignedPod', action: 'Add', now });
    return old && isOurs(now) ? BOUND : ASSIGNED_ADD;
  }

  #onWaiting(now: Live<Pod>, old: Live<Pod> | undefined): Labels {
    const { cache, queue, nominator } = this.#options;
    const actions = old ? podChanges(now, old) : [];
    const labels = old ? updateLabels('UnscheduledPod', actions) : UNSCHEDULED_ADD;
    if (cache.isAssumed(now.metadata.uid)) {
      if (now.metadata.deletionTimestamp !== undefined && old?.metadata.deletionTimestamp === undefined) this.#onAssumedGone(now);
      return labels;
    }
    const before = old?.status.nominatedNodeName ?? '';
    const planned = now.status.nominatedNodeName ?? '';
    // What was planned here and is not written yet stays planned.
    const nodeName = before === '' && planned === '' ? nominator.nodeOf(now.metadata.uid) : planned;
    if (nodeName !== undefined) nominator.set(podInfoOf(now), nodeName);
    if (old) queue.update(now, old, actions);
    else queue.add(now);
    if (old && before !== '' && before !== planned) this.#onPlanEnded(old);
    return labels;
  }

  /** Room that was kept for a pod, from those who are no more important, is free. */
  #onPlanEnded(old: Live<Pod>): void {
    const { priority } = podInfoOf(old);
    this.#options.queue.onEvent({ resource: 'AssignedPod', action: 'Delete', old }, (pod) => pod.priority <= priority);
  }

  /** It is not bound yet, and never will be: what it was to take is free, however long the plugins before its binding still wait. */
  #onAssumedGone(old: Live<Pod>): void {
    const { cache, queue, waitingPods } = this.#options;
    const { uid } = old.metadata;
    if (!waitingPods.reject(uid, '', 'removed')) cache.forget(uid);
    queue.onEvent({ resource: 'AssignedPod', action: 'Delete', old });
  }

  #onPodGone(old: Live<Pod>): Labels {
    const { cache, queue, nominator, isOurs } = this.#options;
    const { uid } = old.metadata;
    queue.delete(keyOf(old));
    const wasPlanned = nominator.nodeOf(uid) !== undefined;
    nominator.delete(uid);
    if (old.spec.nodeName) {
      cache.removePod(uid);
      queue.onEvent({ resource: 'AssignedPod', action: 'Delete', old });
      return ASSIGNED_DELETE;
    }
    if (cache.isAssumed(uid)) this.#onAssumedGone(old);
    else if (wasPlanned) this.#onPlanEnded(old);
    return isOurs(old) ? UNSCHEDULED_DELETE : NOTHING;
  }
}

/** Every update counts as one, and as what changed; mostly that is nothing but the status. */
function updateLabels(resource: keyof typeof PLAIN_UPDATE, actions: readonly EventAction[]): Labels {
  return actions[0] === 'Update' ? PLAIN_UPDATE[resource] : labelsOf(resource, ['Update', ...actions]);
}

/** What plugins want to hear of. */
export function resourcesOf(profiles: readonly Profile[]): ReadonlySet<EventResource> {
  const resources = new Set<EventResource>();
  for (const { plugins } of profiles) {
    for (const { events = [] } of plugins) for (const { resource } of events) if (resource !== '*') resources.add(resource);
  }
  return resources;
}
