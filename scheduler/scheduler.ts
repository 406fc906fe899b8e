import { coreKinds, isConflict, isNotFound, type Live, type Node, type Pod, toTime } from '../api/index.ts';
import type { ApiClient, EventRecorder, Informer, InformerFactory } from '../client/index.ts';
import type { Clock, Logger, Random, Timer } from '../runtime/index.ts';
import { SchedulerCache } from './cache.ts';
import { findNode } from './find-node.ts';
import { fitMessage, rejectingPlugins } from './fit-error.ts';
import type { ClusterEvent, CycleState, QueuedPod, Rejection } from './framework.ts';
import { prioritySort } from './plugins/priority-sort.ts';
import type { Profile } from './profile.ts';
import { SchedulingQueue } from './queue.ts';

/** How often assumed pods are looked through for those whose binding was never seen. */
const EXPIRE_MS = 60_000;
/** Bindings under way at once; more pods wait until one is done. */
const BINDINGS_MAX = 128;

export interface SchedulerDependencies {
  readonly client: ApiClient;
  readonly informers: InformerFactory;
  readonly recorder: EventRecorder;
  readonly profiles: readonly Profile[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * The scheduling loop. One pod at a time finds a node (synchronously, on the cache); its binding is written in the background while the
 * next pod is looked at. Nothing is kept but in the API server: after a restart the pods without a node are simply seen again.
 *
 * Invariants:
 * 1. A pod is counted on its node in the cache before its binding is sent, until the watch shows it or the binding fails.
 * 2. A pod is in exactly one queue, or in flight, or assumed.
 */
export class Scheduler {
  readonly #deps: SchedulerDependencies;
  readonly #cache: SchedulerCache;
  readonly #queue: SchedulingQueue;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #bindings = new Set<Promise<void>>();
  #startIndex = 0;
  #expiry: Timer | undefined;

  constructor(deps: SchedulerDependencies) {
    this.#deps = deps;
    this.#cache = new SchedulerCache(deps.clock);
    this.#profiles = new Map(deps.profiles.map((profile) => [profile.schedulerName, profile]));
    this.#queue = new SchedulingQueue({
      clock: deps.clock,
      less: (a, b) => prioritySort.less?.(a, b) ?? false,
      preEnqueue: (pod) => this.#profileOf(pod.pod)?.preEnqueue(pod),
      plugins: deps.profiles.flatMap(({ plugins }) => plugins),
    });
    // Pods that are done take no room; the API server keeps them from us.
    this.#pods = deps.informers.informer<Pod>(coreKinds.pods, { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' });
    this.#nodes = deps.informers.informer<Node>(coreKinds.nodes);
  }

  /** Pods waiting, by queue. */
  get queueLengths(): SchedulingQueue['lengths'] {
    return this.#queue.lengths;
  }

  /** Schedules until the signal; resolves when the last binding has ended. */
  async run(signal: AbortSignal): Promise<void> {
    this.#nodes.addHandler({
      onAdd: (node) => this.#onNode({ resource: 'Node', action: 'Add', node }),
      onUpdate: (node, old) => this.#onNode({ resource: 'Node', action: 'Update', node, old }),
      onDelete: (node) => this.#onNode({ resource: 'Node', action: 'Delete', node }),
    });
    this.#pods.addHandler({
      onAdd: (pod) => this.#onPod(pod, undefined),
      onUpdate: (pod, old) => this.#onPod(pod, old),
      onDelete: (pod) => this.#onPodGone(pod),
    });
    this.#deps.informers.start(signal);
    await this.#deps.informers.waitForSync(signal);
    signal.addEventListener('abort', () => this.#queue.close(), { once: true });
    this.#armExpiry();
    for (let pod = await this.#queue.pop(); pod && !signal.aborted; pod = await this.#queue.pop()) {
      this.#scheduleOne(pod, signal);
      if (this.#bindings.size >= BINDINGS_MAX) await Promise.race(this.#bindings);
    }
    this.#expiry?.cancel();
    await Promise.all(this.#bindings);
  }

  #profileOf(pod: Pod): Profile | undefined {
    return this.#profiles.get(pod.spec.schedulerName ?? '');
  }

  #onNode(event: ClusterEvent & { resource: 'Node' }): void {
    if (event.action === 'Delete') this.#cache.removeNode(event.node.metadata.name);
    else this.#cache.setNode(event.node);
    // A heartbeat changes nothing that scheduling looks at.
    if (event.action === 'Update' && event.old && !nodeChanged(event.node, event.old)) return;
    this.#queue.onEvent(event);
  }

  #onPod(pod: Live<Pod>, old: Live<Pod> | undefined): void {
    if (pod.spec.nodeName) {
      if (old && !old.spec.nodeName) this.#queue.delete(keyOfPod(pod));
      this.#cache.addPod(pod);
      const action = old?.spec.nodeName ? 'Update' : 'Add';
      if (action === 'Add' || requestsChanged(pod, old)) this.#queue.onEvent({ resource: 'AssignedPod', action, pod, old });
      return;
    }
    if (!this.#profileOf(pod) || this.#cache.isAssumed(pod.metadata.uid)) return;
    if (pod.metadata.deletionTimestamp) this.#queue.delete(keyOfPod(pod));
    else if (old) this.#queue.update(pod, old);
    else this.#queue.add(pod);
  }

  #onPodGone(pod: Live<Pod>): void {
    this.#queue.delete(keyOfPod(pod));
    this.#cache.removePod(pod.metadata.uid);
    if (pod.spec.nodeName) this.#queue.onEvent({ resource: 'AssignedPod', action: 'Delete', pod });
  }

  #scheduleOne(queued: QueuedPod, signal: AbortSignal): void {
    const { info } = queued;
    const current = this.#pods.getByKey(info.key);
    const profile = this.#profileOf(info.pod);
    if (!profile || current?.metadata.uid !== info.uid || current.spec.nodeName || current.metadata.deletionTimestamp) {
      this.#queue.done(info.key);
      return;
    }
    const found = findNode(info, { profile, snapshot: this.#cache, random: this.#deps.random, startIndex: this.#startIndex });
    this.#startIndex = found.nextStart;
    if (!found.node) {
      const message = found.diagnosis.nodeCount === 0 ? 'no nodes available to schedule pods' : fitMessage(found.diagnosis);
      const rejectedBy =
        found.diagnosis.nodeCount === 0 ? new Set(profile.plugins.map(({ name }) => name)) : rejectingPlugins(found.diagnosis);
      this.#fail(queued, { message, rejectedBy, reason: 'Unschedulable' });
      return;
    }
    const nodeName = found.node.name;
    this.#cache.assume(info, nodeName);
    const rejection = profile.reserve(found.state, info, nodeName) ?? profile.permit(found.state, info, nodeName);
    if (rejection) {
      this.#undo(profile, found.state, queued, nodeName);
      this.#fail(queued, failureOf(rejection));
      return;
    }
    const binding: Promise<void> = this.#bind({ profile, state: found.state, queued, nodeName, signal }).finally(() =>
      this.#bindings.delete(binding),
    );
    this.#bindings.add(binding);
  }

  async #bind({ profile, state, queued, nodeName, signal }: BindingCycle): Promise<void> {
    const { info } = queued;
    try {
      const rejection = await profile.preBind(state, info, nodeName);
      if (rejection) {
        this.#undo(profile, state, queued, nodeName);
        this.#fail(queued, failureOf(rejection));
        return;
      }
      await profile.bind(state, info, nodeName, signal);
      this.#cache.finishBinding(info.uid);
      this.#queue.done(info.key);
      profile.postBind(state, info, nodeName);
      this.#deps.recorder.event(info.pod, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${nodeName}`);
    } catch (error) {
      this.#undo(profile, state, queued, nodeName);
      this.#onBindingError(queued, error, signal);
    }
  }

  #onBindingError(queued: QueuedPod, error: unknown, signal: AbortSignal): void {
    // Gone, bound by somebody else, or we are stopping: the watch tells what there is to know.
    if (signal.aborted || isNotFound(error) || isConflict(error)) {
      this.#queue.done(queued.info.key);
      return;
    }
    this.#deps.logger.warn({ err: error, pod: queued.info.key }, 'binding failed');
    const message = `binding rejected: ${error instanceof Error ? error.message : String(error)}`;
    this.#fail(queued, { message, rejectedBy: new Set(), reason: 'SchedulerError' });
  }

  #undo(profile: Profile, state: CycleState, { info }: QueuedPod, nodeName: string): void {
    profile.unreserve(state, info, nodeName);
    this.#cache.forget(info.uid);
  }

  #fail(queued: QueuedPod, { message, rejectedBy, reason }: Failure): void {
    this.#queue.addUnschedulable(queued, rejectedBy);
    this.#deps.recorder.event(queued.info.pod, 'Warning', 'FailedScheduling', message);
    this.#writeCondition(queued.info.pod, reason, message).catch((error: unknown) => {
      if (!isNotFound(error)) this.#deps.logger.warn({ err: error, pod: queued.info.key }, 'pod condition was not written');
    });
  }

  async #writeCondition(pod: Live<Pod>, reason: string, message: string): Promise<void> {
    const current = this.#pods.getByKey(keyOfPod(pod)) ?? pod;
    const old = current.status.conditions?.find(({ type }) => type === 'PodScheduled');
    if (old?.status === 'False' && old.reason === reason && old.message === message) return;
    const now = toTime(this.#deps.clock.now());
    const condition = {
      type: 'PodScheduled',
      status: 'False',
      reason,
      message,
      lastProbeTime: null,
      lastTransitionTime: old?.status === 'False' ? old.lastTransitionTime : now,
      ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    };
    const { name, namespace, uid } = pod.metadata;
    await this.#deps.client
      .resource<Pod>(coreKinds.pods)
      .patch(name, { metadata: { uid }, status: { conditions: [condition] } }, { namespace, type: 'strategic', subresource: 'status' });
  }

  #armExpiry(): void {
    this.#expiry = this.#deps.clock.setTimer(EXPIRE_MS, () => {
      const expired = this.#cache.expireAssumed(this.#deps.clock.now());
      if (expired > 0) this.#deps.logger.warn({ expired }, 'assumed pods were never seen bound');
      this.#armExpiry();
    });
  }
}

interface BindingCycle {
  readonly profile: Profile;
  readonly state: CycleState;
  readonly queued: QueuedPod;
  readonly nodeName: string;
  readonly signal: AbortSignal;
}

interface Failure {
  readonly message: string;
  readonly rejectedBy: ReadonlySet<string>;
  readonly reason: 'Unschedulable' | 'SchedulerError';
}

const failureOf = ({ plugin, reasons }: Rejection): Failure => ({
  message: reasons.join(', '),
  rejectedBy: new Set([plugin]),
  reason: 'Unschedulable',
});

const keyOfPod = (pod: Live<Pod>): string => `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;

const requestsChanged = (pod: Pod, old: Pod | undefined): boolean =>
  JSON.stringify(pod.spec.containers.map(({ resources }) => resources)) !==
  JSON.stringify(old?.spec.containers.map(({ resources }) => resources));

/** Whether anything of a node changed that a plugin may look at: not its conditions' heartbeats. */
const nodeChanged = (node: Node, old: Node): boolean =>
  JSON.stringify([node.spec, node.metadata.labels, node.status.allocatable]) !==
  JSON.stringify([old.spec, old.metadata.labels, old.status.allocatable]);
