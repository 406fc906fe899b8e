import { coreKinds, type KubeObject, keyOf, type Live, type Node, type Pod } from '../../api/index.ts';
import { type Informer, type InformerFactory, trimManagedFields } from '../../client/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { nodeChanges, podChanges } from '../framework/changes.ts';
import { EVENT_KINDS, type EventResource } from '../framework/events.ts';
import type { WaitingPods } from '../framework/waiting-pods.ts';
import type { SchedulerMetrics } from '../metrics.ts';
import type { SchedulingQueue } from '../queue/scheduling-queue.ts';
import type { SchedulerCache } from '../state/cache.ts';
import type { Nominator } from '../state/nominator.ts';
import { podInfoOf } from '../state/pod-info.ts';
import type { Gate } from './gate.ts';

/** As metrics call it. */
const resourceOf = ({ spec }: Pod): string => (spec.nodeName ? 'AssignedPod' : 'UnschedulablePod');

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
      onAdd: (node) => this.#run('NodeAdd', () => this.#onNode(node, undefined)),
      onUpdate: (node, old) => this.#run('NodeUpdate', () => this.#onNode(node, old)),
      onDelete: (node) => this.#run('NodeDelete', () => this.#onNodeGone(node)),
    });
    this.pods.addHandler({
      onAdd: (pod) => this.#run(`${resourceOf(pod)}Add`, () => this.#onPod(pod, undefined)),
      onUpdate: (pod, old) => {
        const label = `${resourceOf(pod)}${resourceOf(pod) === resourceOf(old) ? 'Update' : 'Add'}`;
        this.#run(label, () => this.#onPod(pod, old));
      },
      onDelete: (pod) => this.#run(`${resourceOf(pod)}Delete`, () => this.#onPodGone(pod)),
    });
    for (const resource of resources) this.#watch(resource);
  }

  #watch(resource: EventResource): void {
    const kind = EVENT_KINDS[resource];
    if (!kind) return;
    const { informers, queue } = this.#options;
    informers.informer<KubeObject>(kind).addHandler({
      onAdd: (now) => this.#run(`${resource}Add`, () => queue.onEvent({ resource, action: 'Add', now })),
      onUpdate: (now, old) => this.#run(`${resource}Update`, () => queue.onEvent({ resource, action: 'Update', now, old })),
      onDelete: (old) => this.#run(`${resource}Delete`, () => queue.onEvent({ resource, action: 'Delete', old })),
    });
  }

  /** @param label how metrics call what happened. */
  #run(label: string, change: () => void): void {
    const { gate, clock, metrics } = this.#options;
    gate.run(() => {
      const started = clock.monotonic();
      change();
      metrics.handled(label, (clock.monotonic() - started) / 1000);
    });
  }

  #onNode(now: Live<Node>, old: Live<Node> | undefined): void {
    const { cache, queue } = this.#options;
    cache.setNode(now);
    if (!old) queue.onEvent({ resource: 'Node', action: 'Add', now });
    else for (const action of nodeChanges(now, old)) queue.onEvent({ resource: 'Node', action, now, old });
  }

  #onNodeGone(old: Live<Node>): void {
    this.#options.cache.removeNode(old.metadata.name);
    this.#options.queue.onEvent({ resource: 'Node', action: 'Delete', old });
  }

  #onPod(now: Live<Pod>, old: Live<Pod> | undefined): void {
    // A pod that was deleted and made anew while nobody looked: the old one's node is free.
    if (old && old.metadata.uid !== now.metadata.uid) {
      this.#onPodGone(old);
      this.#onPod(now, undefined);
    } else if (now.spec.nodeName) this.#onAssigned(now, old);
    else if (this.#options.isOurs(now)) this.#onWaiting(now, old);
  }

  #onAssigned(now: Live<Pod>, old: Live<Pod> | undefined): void {
    const { cache, queue, nominator } = this.#options;
    if (!old?.spec.nodeName) {
      queue.delete(keyOf(now));
      nominator.delete(now.metadata.uid);
    }
    cache.addPod(now);
    if (!old?.spec.nodeName) queue.onEvent({ resource: 'AssignedPod', action: 'Add', now });
    else for (const action of podChanges(now, old)) queue.onEvent({ resource: 'AssignedPod', action, now, old });
  }

  #onWaiting(now: Live<Pod>, old: Live<Pod> | undefined): void {
    const { cache, queue, nominator } = this.#options;
    if (cache.isAssumed(now.metadata.uid)) return;
    // What was planned here and is not written yet stays planned.
    const planned = now.status.nominatedNodeName ?? '';
    if (planned !== '' || old?.status.nominatedNodeName) nominator.set(podInfoOf(now), planned);
    if (old) queue.update(now, old);
    else queue.add(now);
    if (old?.status.nominatedNodeName && old.status.nominatedNodeName !== planned) this.#onPlanEnded(old);
  }

  /** Room that was kept for a pod, from those who are no more important, is free. */
  #onPlanEnded(old: Live<Pod>): void {
    const { priority } = podInfoOf(old);
    this.#options.queue.onEvent({ resource: 'AssignedPod', action: 'Delete', old }, (pod) => pod.priority <= priority);
  }

  #onPodGone(old: Live<Pod>): void {
    const { cache, queue, nominator, waitingPods } = this.#options;
    const { uid } = old.metadata;
    queue.delete(keyOf(old));
    const wasPlanned = nominator.nodeOf(uid) !== undefined;
    nominator.delete(uid);
    const waited = waitingPods.reject(uid, '', 'removed');
    if (old.spec.nodeName) cache.removePod(uid);
    if (old.spec.nodeName || waited) queue.onEvent({ resource: 'AssignedPod', action: 'Delete', old });
    else if (wasPlanned) this.#onPlanEnded(old);
  }
}
