import type { Live, Pod } from '../api/index.ts';
import type { Clock, Timer } from '../runtime/index.ts';
import type { ClusterEvent, Plugin, QueuedPod, Verdict } from './framework.ts';
import { Heap } from './heap.ts';
import { type PodInfo, podInfoOf } from './pod-info.ts';

/** Back-off of a pod that could not be scheduled: first, doubled per attempt, at most. Upstream's podInitialBackoffSeconds and podMaxBackoffSeconds. */
const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 10_000;
/** A pod that nothing has helped for so long is tried again all the same. */
const UNSCHEDULABLE_MS_MAX = 5 * 60_000;
const FLUSH_MS = 30_000;

export interface QueueOptions {
  readonly clock: Clock;
  readonly less: (a: QueuedPod, b: QueuedPod) => boolean;
  /** Runs the PreEnqueue plugins. */
  readonly preEnqueue: (pod: PodInfo) => Verdict;
  /** The plugins whose event registrations say when a rejected pod is tried again. */
  readonly plugins: readonly Plugin[];
}

/**
 * Pods that wait for a node.
 *
 * ```
 *   add -> [PreEnqueue] -> active --pop()--> in flight --done()
 *              |             ^  ^               | addUnschedulable()
 *              v  rejected   |  +- back-off <---+--- an event came meanwhile
 *            gated --------->+       ^           \--> unschedulable --event that may help--> back-off or active
 *                update passes       +------------------ 5 minutes -----+
 * ```
 * Upstream: `pkg/scheduler/backend/queue`.
 */
export class SchedulingQueue {
  readonly #options: QueueOptions;
  readonly #active: Heap<QueuedPod>;
  readonly #backoff: Heap<QueuedPod & { readonly until: number }>;
  readonly #unschedulable = new Map<string, QueuedPod>();
  readonly #gated = new Map<string, QueuedPod>();
  /** Pods being scheduled, with what came since they were taken: events, and a newer version of the pod. */
  readonly #inFlight = new Map<string, { readonly events: ClusterEvent[]; newer?: PodInfo }>();
  #wake: (() => void) | undefined;
  #backoffTimer: Timer | undefined;
  #flushTimer: Timer | undefined;
  #closed = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#active = new Heap((pod) => pod.info.key, options.less);
    this.#backoff = new Heap(
      (pod) => pod.info.key,
      (a, b) => a.until < b.until,
    );
    this.#armFlush();
  }

  /** How many pods wait in which queue. */
  get lengths(): Readonly<Record<'active' | 'backoff' | 'unschedulable' | 'gated', number>> {
    return { active: this.#active.size, backoff: this.#backoff.size, unschedulable: this.#unschedulable.size, gated: this.#gated.size };
  }

  /** A pod that has no node yet appeared. */
  add(pod: Live<Pod>): void {
    const now = this.#options.clock.now();
    this.#enqueue({ info: podInfoOf(pod), timestamp: now, firstSeen: now, attempts: 0, rejectedBy: new Set() });
  }

  /** It changed: where it waits, the new version waits; what made it unschedulable may be gone. */
  update(pod: Live<Pod>, old: Live<Pod>): void {
    const info = podInfoOf(pod);
    const inFlight = this.#inFlight.get(info.key);
    if (inFlight) {
      if (changedForScheduling(pod, old)) inFlight.newer = info;
      return;
    }
    const waiting = this.#active.get(info.key);
    if (waiting) {
      this.#active.set({ ...waiting, info });
      return;
    }
    const inBackoff = this.#backoff.get(info.key);
    if (inBackoff) {
      this.#backoff.set({ ...inBackoff, info });
      return;
    }
    const parked = this.#unschedulable.get(info.key) ?? this.#gated.get(info.key);
    if (!parked) {
      this.add(pod);
      return;
    }
    const next = { ...parked, info };
    if (!changedForScheduling(pod, old)) {
      (this.#gated.has(info.key) ? this.#gated : this.#unschedulable).set(info.key, next);
      return;
    }
    this.#unschedulable.delete(info.key);
    this.#gated.delete(info.key);
    this.#requeue(next);
  }

  delete(key: string): void {
    this.#active.delete(key);
    this.#backoff.delete(key);
    this.#unschedulable.delete(key);
    this.#gated.delete(key);
  }

  /** Takes the first pod, waiting for one; undefined once the queue is closed. Follow with `done` or `addUnschedulable`. */
  async pop(): Promise<QueuedPod | undefined> {
    while (this.#active.size === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#closed) return undefined;
    const pod = this.#active.pop();
    if (pod) this.#inFlight.set(pod.info.key, { events: [] });
    return pod && { ...pod, attempts: pod.attempts + 1 };
  }

  /** The pod is bound, or gone. */
  done(key: string): void {
    this.#inFlight.delete(key);
  }

  /** The pod found no node: it waits for an event that may help, or backs off when one came meanwhile or the failure was an error. */
  addUnschedulable(pod: QueuedPod, rejectedBy: ReadonlySet<string>): void {
    const inFlight = this.#inFlight.get(pod.info.key);
    this.#inFlight.delete(pod.info.key);
    const waiting: QueuedPod = { ...pod, info: inFlight?.newer ?? pod.info, rejectedBy, timestamp: this.#options.clock.now() };
    const mayFit = inFlight?.newer !== undefined || inFlight?.events.some((event) => this.#mayHelp(waiting, event));
    if (rejectedBy.size === 0 || mayFit) this.#requeue(waiting);
    else this.#unschedulable.set(pod.info.key, waiting);
  }

  /** Something happened: every pod it may help is tried again. */
  onEvent(event: ClusterEvent): void {
    for (const { events } of this.#inFlight.values()) events.push(event);
    for (const [key, pod] of this.#unschedulable) {
      if (!this.#mayHelp(pod, event)) continue;
      this.#unschedulable.delete(key);
      this.#requeue(pod);
    }
  }

  close(): void {
    this.#closed = true;
    this.#backoffTimer?.cancel();
    this.#flushTimer?.cancel();
    this.#wake?.();
  }

  #enqueue(pod: QueuedPod): void {
    const { key } = pod.info;
    const verdict = this.#options.preEnqueue(pod.info);
    if (verdict) {
      this.#gated.set(key, pod);
      return;
    }
    this.#active.set(pod);
    this.#wake?.();
  }

  #requeue(pod: QueuedPod): void {
    const until = pod.timestamp + backoffMs(pod.attempts);
    if (pod.attempts === 0 || until <= this.#options.clock.now()) {
      this.#enqueue(pod);
      return;
    }
    this.#backoff.set({ ...pod, until });
    this.#armBackoff();
  }

  #armBackoff(): void {
    this.#backoffTimer?.cancel();
    const next = this.#backoff.peek();
    if (!next || this.#closed) return;
    const { clock } = this.#options;
    this.#backoffTimer = clock.setTimer(next.until - clock.now(), () => {
      for (let due = this.#backoff.peek(); due && due.until <= clock.now(); due = this.#backoff.peek()) {
        this.#backoff.pop();
        this.#enqueue(due);
      }
      this.#armBackoff();
    });
  }

  #armFlush(): void {
    const { clock } = this.#options;
    this.#flushTimer = clock.setTimer(FLUSH_MS, () => {
      for (const [key, pod] of this.#unschedulable) {
        if (clock.now() - pod.timestamp < UNSCHEDULABLE_MS_MAX) continue;
        this.#unschedulable.delete(key);
        this.#requeue(pod);
      }
      this.#armFlush();
    });
  }

  #mayHelp(pod: QueuedPod, event: ClusterEvent): boolean {
    if (event.resource === 'Unknown') return true;
    return this.#options.plugins.some(
      ({ name, events = [] }) =>
        pod.rejectedBy.has(name) &&
        events.some(
          ({ resource, actions, hint }) =>
            resource === event.resource && actions.includes(event.action) && (hint === undefined || hint(pod.info, event)),
        ),
    );
  }
}

function backoffMs(attempts: number): number {
  return Math.min(BACKOFF_MS * 2 ** Math.max(0, attempts - 1), BACKOFF_MS_MAX);
}

/** What the scheduler itself writes (the status) is no reason to try again. */
function changedForScheduling(pod: Pod, old: Pod): boolean {
  return (
    JSON.stringify(pod.spec) !== JSON.stringify(old.spec) ||
    JSON.stringify(pod.metadata.labels) !== JSON.stringify(old.metadata.labels) ||
    JSON.stringify(pod.metadata.annotations) !== JSON.stringify(old.metadata.annotations)
  );
}
