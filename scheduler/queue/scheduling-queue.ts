import type { Live, Pod } from '../../api/index.ts';
import type { Clock, Logger, Timer } from '../../runtime/index.ts';
import { podChanges } from '../framework/changes.ts';
import {
  type ClusterEvent,
  concerns,
  type EventAction,
  type EventRegistration,
  FORCE_ACTIVATE,
  labelOf,
  UNSCHEDULABLE_TIMEOUT,
} from '../framework/events.ts';
import type { QueuedPod } from '../framework/plugin.ts';
import type { Verdict } from '../framework/status.ts';
import { type PodInfo, podInfoOf } from '../state/pod-info.ts';
import { type BackoffTimes, backoffEnd, backoffOver, isBackingOff } from './backoff.ts';
import { EventLog } from './event-log.ts';
import { Heap } from './heap.ts';

/** A pod that nothing has helped for so long is tried again all the same, unless told otherwise. */
const UNSCHEDULABLE_MS_MAX = 5 * 60_000;
const FLUSH_MS = 30_000;
/** Of so many events, one tells how long the hints about it took. */
const SAMPLED_EVENTS = 10;
/** Between two pods that come at once. */
const STAMP_MS = 0.001;

export type QueueName = 'active' | 'backoff' | 'unschedulable' | 'gated';

export interface QueueOptions {
  readonly clock: Clock;
  readonly less: (a: QueuedPod, b: QueuedPod) => boolean;
  /** Runs the PreEnqueue plugins. */
  readonly preEnqueue: (pod: PodInfo) => Verdict;
  /** What may make a pod schedulable that this plugin rejected; undefined: anything. */
  readonly eventsOf: (pod: PodInfo, plugin: string) => readonly EventRegistration[] | undefined;
  readonly backoff: BackoffTimes;
  readonly unschedulableMsMax?: number | undefined;
  readonly logger: Logger;
  /** Told which pods come into which queue, and why. */
  readonly onIncoming?: ((queue: QueueName, event: string) => void) | undefined;
  /** Told how long hints took, for a sample of the events. */
  readonly onHint?: ((hint: HintTaken) => void) | undefined;
}

/** A hint that was asked. */
export interface HintTaken {
  readonly plugin: string;
  readonly event: string;
  readonly result: 'Queue' | 'QueueSkip' | 'Error';
  readonly seconds: number;
}

/** Whether, and how soon, an event makes a pod worth another try. */
type Worth = 'no' | 'afterBackoff' | 'now';

/**
 * Pods that wait for a node.
 *
 * ```
 *   add -> [PreEnqueue] -> active --pop()--> in flight --done()
 *              |             ^  ^               | addUnschedulable()
 *              v  rejected   |  +- back-off <---+--- an error, or an event came meanwhile
 *            gated --------->+       ^           \--> unschedulable --event that may help--> back-off or active
 *                event           +------------------ 5 minutes -----+
 * ```
 * When nothing is active, pods in back-off are taken before their time, unless an error put them there: there is nothing to wait for.
 * Upstream: `pkg/scheduler/backend/queue`.
 */
export class SchedulingQueue {
  readonly #options: QueueOptions;
  readonly #active: Heap<QueuedPod>;
  readonly #backoff: Heap<QueuedPod>;
  readonly #errors: Heap<QueuedPod>;
  readonly #unschedulable = new Map<string, QueuedPod>();
  readonly #gated = new Map<string, QueuedPod>();
  readonly #log = new EventLog();
  #wake: (() => void) | undefined;
  #backoffTimer: Timer | undefined;
  #flushTimer: Timer | undefined;
  #closed = false;
  #lastStamp = 0;
  #events = 0;
  #hintsObserved = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    const { less, backoff } = options;
    const keyOf = (pod: QueuedPod) => pod.info.key;
    const sooner = (a: QueuedPod, b: QueuedPod) => {
      const difference = backoffEnd(a, backoff) - backoffEnd(b, backoff);
      return difference < 0 || (difference === 0 && less(a, b));
    };
    this.#active = new Heap(keyOf, less);
    this.#backoff = new Heap(keyOf, sooner);
    this.#errors = new Heap(keyOf, sooner);
    this.#armFlush();
  }

  /** How many pods wait in which queue. */
  get lengths(): Readonly<Record<QueueName, number>> {
    return {
      active: this.#active.size,
      backoff: this.#backoff.size + this.#errors.size,
      unschedulable: this.#unschedulable.size,
      gated: this.#gated.size,
    };
  }

  /** How many pods are being scheduled, and how many events are kept for them. */
  get inFlight(): { readonly pods: number; readonly events: ReadonlyMap<string, number> } {
    return { pods: this.#log.inFlight, events: this.#log.counts() };
  }

  /** All pods that wait, wherever. */
  *waiting(): Iterable<QueuedPod> {
    for (const heap of [this.#active, this.#backoff, this.#errors]) yield* heap.values();
    yield* this.#unschedulable.values();
    yield* this.#gated.values();
  }

  /** A pod that has no node yet appeared. */
  add(pod: Live<Pod>, action: 'Add' | 'Update' = 'Add'): void {
    const now = this.#stamp();
    const counts = { attempts: 0, unschedulableCount: 0, errorCount: 0 };
    const none: ReadonlySet<string> = new Set();
    this.#activate(
      { info: podInfoOf(pod), timestamp: now, firstSeen: now, ...counts, rejectedBy: none, pending: none },
      labelOf({ resource: 'UnscheduledPod', action }),
    );
  }

  /** It changed: where it waits, the new version waits; what made it unschedulable may be gone. */
  update(now: Live<Pod>, old: Live<Pod>, changes: readonly EventAction[] = podChanges(now, old)): void {
    const info = podInfoOf(now);
    if (this.#log.has(info.uid)) {
      for (const action of changes) this.#log.record({ resource: 'UnscheduledPod', action, now, old });
      return;
    }
    for (const heap of [this.#active, this.#backoff, this.#errors]) {
      const waiting = heap.get(info.key);
      if (!waiting) continue;
      heap.set({ ...waiting, info });
      return;
    }
    const parked = this.#unschedulable.get(info.key) ?? this.#gated.get(info.key);
    const events = changes.map((action): ClusterEvent => ({ resource: 'UnscheduledPod', action, now, old }));
    if (parked) this.#updateParked({ ...parked, info }, events);
    else this.add(now, 'Update');
  }

  delete(key: string): void {
    this.#active.delete(key);
    this.#backoff.delete(key);
    this.#errors.delete(key);
    this.#unschedulable.delete(key);
    this.#gated.delete(key);
  }

  /** Takes the first pod, waiting for one; undefined once the queue is closed. Follow with `done` or `addUnschedulable`. */
  async pop(): Promise<QueuedPod | undefined> {
    while (this.#active.size === 0 && this.#backoff.size === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#closed ? undefined : this.#take();
  }

  #take(): QueuedPod | undefined {
    const active = this.#active.pop();
    const pod = active ?? this.#backoff.pop();
    if (!pod) return undefined;
    if (!active) this.#options.onIncoming?.('active', 'PopFromBackoffQ');
    this.#log.begin(pod.info.uid);
    return { ...pod, attempts: pod.attempts + 1, rejectedBy: new Set(), pending: new Set() };
  }

  /** The pod is bound, or gone, or what may yet fail is no reason to call it unschedulable. */
  done(uid: string): void {
    this.#log.end(uid);
  }

  /**
   * The pod found no node: it waits for an event that may help, or backs off when one came meanwhile, or when no plugin rejected it: then
   * it was an error.
   *
   * @param latest the newest version of the pod.
   */
  addUnschedulable(pod: QueuedPod, latest: Live<Pod> = pod.info.pod): void {
    const { uid } = pod.info;
    const isError = pod.rejectedBy.size === 0 && pod.pending.size === 0;
    const waiting: QueuedPod = {
      ...pod,
      info: latest === pod.info.pod ? pod.info : podInfoOf(latest),
      timestamp: this.#stamp(),
      unschedulableCount: pod.unschedulableCount + (isError ? 0 : 1),
      errorCount: isError ? pod.errorCount + 1 : 0,
    };
    const worth = isError ? 'afterBackoff' : this.#worthOfAll(waiting, this.#log.since(uid)).worth;
    this.#log.end(uid);
    this.#requeue(waiting, worth, 'ScheduleAttemptFailure');
  }

  /** Something happened: every pod it may help is tried again. @param isFor only these are. */
  onEvent(event: ClusterEvent, isFor: (pod: PodInfo) => boolean = () => true): void {
    this.#log.record(event);
    this.#hintsObserved = this.#events++ % SAMPLED_EVENTS === 0;
    const label = labelOf(event);
    const known: Known = new Map();
    // Found first and moved then: a pod that is held back again comes into the map that is looked through.
    const helped: (readonly [QueuedPod, Worth])[] = [];
    const look = (pod: QueuedPod) => {
      const worth = isFor(pod.info) ? this.#worth(pod, event, known) : 'no';
      if (worth !== 'no') helped.push([pod, worth]);
    };
    for (const pod of this.#unschedulable.values()) look(pod);
    // What keeps a pod back is asked first: as long as it does, nothing else matters.
    for (const pod of this.#gated.values()) if (!this.#options.preEnqueue(pod.info)) look(pod);
    for (const [pod, worth] of helped) {
      this.#unschedulable.delete(pod.info.key);
      this.#gated.delete(pod.info.key);
      this.#requeue(pod, worth, label);
    }
  }

  /** Tries pods again now, whatever they wait for but what keeps them back. */
  activate(keys: Iterable<string>, podOf: (key: string) => Live<Pod> | undefined): void {
    for (const key of keys) {
      const backingOff = this.#backoff.get(key) ?? this.#errors.get(key);
      const parked = this.#unschedulable.get(key) ?? this.#gated.get(key);
      const now = podOf(key);
      if (backingOff) {
        this.delete(key);
        this.#letIn(backingOff, FORCE_ACTIVATE.label);
      } else if (parked) {
        if (this.#gated.has(key) && this.#options.preEnqueue(parked.info)) continue;
        this.delete(key);
        this.#activate(parked, FORCE_ACTIVATE.label);
      } else if (now && this.#log.has(now.metadata.uid)) this.#log.record({ ...FORCE_ACTIVATE, now });
    }
  }

  close(): void {
    this.#closed = true;
    this.#backoffTimer?.cancel();
    this.#flushTimer?.cancel();
    this.#wake?.();
  }

  /** The time, never the same twice: pods that come in the same millisecond keep their order. */
  #stamp(): number {
    this.#lastStamp = Math.max(this.#options.clock.now(), this.#lastStamp + STAMP_MS);
    return this.#lastStamp;
  }

  #updateParked(pod: QueuedPod, events: readonly ClusterEvent[]): void {
    const { key } = pod.info;
    const parked = this.#gated.has(key) ? this.#gated : this.#unschedulable;
    parked.set(key, pod);
    const { worth, event } = this.#worthOfAll(pod, events);
    if (worth === 'no' || !event) return;
    parked.delete(key);
    this.#requeue(pod, worth, labelOf(event));
  }

  #requeue(pod: QueuedPod, worth: Worth, event: string): void {
    const { clock, backoff, onIncoming } = this.#options;
    if (worth === 'no') {
      this.#unschedulable.set(pod.info.key, pod);
      onIncoming?.('unschedulable', event);
    } else if (worth === 'afterBackoff' && isBackingOff(pod, backoff, clock.now())) this.#backOff(pod, event);
    else this.#activate(pod, event);
  }

  #activate(pod: QueuedPod, event: string): void {
    if (!this.#gate(pod, event)) this.#letIn(pod, event);
  }

  /** PreEnqueue has been asked. A pod in back-off was let in there: it is not kept back after all. */
  #letIn(pod: QueuedPod, event: string): void {
    this.#active.set(pod.attempts === 0 ? { ...pod, firstSeen: this.#options.clock.now() } : pod);
    this.#options.onIncoming?.('active', event);
    this.#wake?.();
  }

  #backOff(pod: QueuedPod, event: string): void {
    if (this.#gate(pod, event)) return;
    (pod.errorCount > 0 ? this.#errors : this.#backoff).set(pod);
    this.#options.onIncoming?.('backoff', event);
    this.#armBackoff();
    this.#wake?.();
  }

  /** @returns true when a PreEnqueue plugin holds the pod back. */
  #gate(pod: QueuedPod, event: string): boolean {
    const verdict = this.#options.preEnqueue(pod.info);
    if (!verdict) return false;
    this.#gated.set(pod.info.key, { ...pod, rejectedBy: new Set([...pod.rejectedBy, verdict.plugin]) });
    this.#options.onIncoming?.('unschedulable', event);
    return true;
  }

  #armBackoff(): void {
    this.#backoffTimer?.cancel();
    const ends = [this.#backoff.peek(), this.#errors.peek()].flatMap((pod) => (pod ? [backoffOver(pod, this.#options.backoff)] : []));
    if (ends.length === 0 || this.#closed) return;
    const { clock } = this.#options;
    this.#backoffTimer = clock.setTimer(Math.min(...ends) - clock.now(), () => {
      this.#flush(this.#backoff);
      this.#flush(this.#errors);
      this.#armBackoff();
    });
  }

  #flush(heap: Heap<QueuedPod>): void {
    const now = this.#options.clock.now();
    for (let due = heap.peek(); due && !isBackingOff(due, this.#options.backoff, now); due = heap.peek()) {
      heap.pop();
      this.#letIn(due, 'BackoffComplete');
    }
  }

  #armFlush(): void {
    const { clock, unschedulableMsMax = UNSCHEDULABLE_MS_MAX } = this.#options;
    this.#flushTimer = clock.setTimer(FLUSH_MS, () => {
      for (const [key, pod] of this.#unschedulable) {
        if (clock.now() - pod.timestamp <= unschedulableMsMax) continue;
        this.#unschedulable.delete(key);
        this.#requeue(pod, 'afterBackoff', labelOf(UNSCHEDULABLE_TIMEOUT));
      }
      this.#armFlush();
    });
  }

  /** The most that one of the events is worth, and which. */
  #worthOfAll(pod: QueuedPod, events: readonly ClusterEvent[]): { readonly worth: Worth; readonly event?: ClusterEvent } {
    let best: { readonly worth: Worth; readonly event?: ClusterEvent } = { worth: 'no' };
    for (const event of events) {
      const worth = this.#worth(pod, event, new Map());
      if (worth === 'now') return { worth, event };
      if (worth === 'afterBackoff') best = { worth, event };
    }
    return best;
  }

  /** What waits for something outside is tried at once when it has come; what was merely rejected has to back off first. */
  #worth(pod: QueuedPod, event: ClusterEvent, known: Known): Worth {
    if (event.resource === '*') return event.now === undefined || event.now.metadata.uid === pod.info.uid ? 'afterBackoff' : 'no';
    for (const plugin of pod.pending) if (this.#mayHelp(pod.info, plugin, event, known)) return 'now';
    for (const plugin of pod.rejectedBy) if (this.#mayHelp(pod.info, plugin, event, known)) return 'afterBackoff';
    return 'no';
  }

  #mayHelp(pod: PodInfo, plugin: string, event: ClusterEvent, known: Known): boolean {
    const scheduler = pod.pod.spec.schedulerName ?? '';
    let registrations = known.get(plugin)?.get(scheduler);
    if (registrations === undefined) {
      registrations = this.#options.eventsOf(pod, plugin)?.filter((registration) => concerns(registration, event)) ?? ANYTHING;
      known.set(plugin, (known.get(plugin) ?? new Map()).set(scheduler, registrations));
    }
    return registrations.some(({ hint }) => hint === undefined || this.#hintTakes({ hint, plugin, pod, event }));
  }

  #hintTakes(asked: AskedHint): boolean {
    const { clock, onHint } = this.#options;
    if (!this.#hintsObserved || !onHint) return this.#hintSays(asked) !== 'QueueSkip';
    const started = clock.monotonic();
    const result = this.#hintSays(asked);
    onHint({ plugin: asked.plugin, event: labelOf(asked.event), result, seconds: (clock.monotonic() - started) / 1000 });
    return result !== 'QueueSkip';
  }

  /** A hint that fails must not leave its pod waiting for ever. */
  #hintSays({ hint, pod, event }: AskedHint): HintTaken['result'] {
    try {
      return hint(pod, event) ? 'Queue' : 'QueueSkip';
    } catch (error) {
      this.#options.logger.error({ err: error, pod: pod.key, event: labelOf(event) }, 'queueing hint failed');
      return 'Error';
    }
  }
}

interface AskedHint {
  readonly hint: NonNullable<EventRegistration['hint']>;
  readonly plugin: string;
  readonly pod: PodInfo;
  readonly event: ClusterEvent;
}

/** The registrations that concern an event, by plugin and scheduler. */
type Known = Map<string, Map<string, readonly EventRegistration[]>>;

const ANYTHING: readonly EventRegistration[] = [{ resource: '*', actions: new Set() }];
