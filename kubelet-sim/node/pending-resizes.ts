import { type Pod, podRequests, qosClassOf, ZERO_QUANTITY } from '../../api/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';
import type { ResizeRefusal, Resizing } from '../pod/resize.ts';
import { type Leaver, untilGone } from './preemption.ts';

/** Resizes that wait are looked at this long after the last look at the latest. Upstream: `retryDelay`. */
const RETRY_MS = 180_000;

/** What makes a node look at the resizes that wait, as `kubelet_pod_deferred_accepted_resizes_total` tells it. */
export type RetryTrigger = 'pod_updated' | 'pods_added' | 'pods_removed' | 'pod_resized' | 'periodic_retry';

/** What a node says to a pod that asks for other resources. */
export interface ResizeAnswer {
  readonly refusal?: ResizeRefusal | undefined;
  /** Pods that are ended for it: it has what it asks for when they have gone. */
  readonly leavers: readonly Leaver[];
}

export interface PendingResizesParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly admit: (pod: Pod) => ResizeAnswer;
  /** A resize that had waited is given. */
  readonly onAccepted: (trigger: RetryTrigger) => void;
}

/** A pod that asked, as it was then, and why it is looked at. */
interface Asked {
  readonly resizing: Resizing;
  readonly asked: Pod;
  readonly trigger: RetryTrigger;
}

/**
 * The pods of a node that wait for other resources, in the order in which they are to have them. Whenever there may be room all are looked at, one
 * after the other, each beside what those before it were given. While pods end to make room for a critical one nobody is answered.
 * Upstream: `PushPendingResize` and `RetryPendingResizes`, `pkg/kubelet/allocation/allocation_manager.go`.
 */
export class PendingResizes {
  readonly #parts: PendingResizesParts;
  #queue: Resizing[] = [];
  #timer: Timer | undefined;
  #isHeld = false;
  #isBackfilled = true;

  constructor(parts: PendingResizesParts) {
    this.#parts = parts;
  }

  /** Whether anybody waits. */
  get isWaiting(): boolean {
    return this.#queue.length > 0;
  }

  /**
   * A pod asks for other resources: it is answered in its turn, others that wait with it.
   *
   * @returns whether it is answered; if not so it is to do nothing until pods have made room: then it is poked
   */
  ask(resizing: Resizing): boolean {
    this.#push(resizing);
    this.retry('pod_updated', resizing);
    return !this.#isHeld;
  }

  /** A pod that was here before asks: nobody is answered before all such pods are back. */
  backfill(resizing: Resizing): void {
    this.#push(resizing);
    if (!this.#isBackfilled) return;
    this.#isBackfilled = false;
    queueMicrotask(() => {
      this.#isBackfilled = true;
      this.retry('pods_added');
    });
  }

  /** Looks at all that wait. @param asker looks at itself afterwards */
  retry(trigger: RetryTrigger, asker?: Resizing): void {
    if (this.#isHeld || this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    for (const [i, resizing] of queue.entries()) {
      if (!resizing.isActive) continue;
      const { refusal, leavers } = this.#parts.admit(resizing.pod);
      if (leavers.length > 0) return void this.#hold(resizing, queue.slice(i + 1), leavers, trigger);
      this.#answer({ resizing, asked: resizing.pod, trigger }, refusal, asker);
    }
    this.#rearm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#queue = [];
  }

  #push(resizing: Resizing): void {
    if (!this.#queue.includes(resizing)) this.#queue.push(resizing);
    this.#queue.sort(inTurn);
  }

  #answer({ resizing, asked, trigger }: Asked, refusal?: ResizeRefusal, asker?: Resizing): void {
    const wasDeferred = resizing.isDeferred;
    const isNew = resizing.answer(refusal, asked);
    if (refusal?.reason === 'Deferred') this.#queue.push(resizing);
    if (!refusal && wasDeferred) this.#parts.onAccepted(trigger);
    if (isNew && resizing !== asker) resizing.poke();
  }

  /** Others make room for a critical pod: it has what it asks for then, whatever they do in the end. */
  #hold(resizing: Resizing, others: readonly Resizing[], leavers: readonly Leaver[], trigger: RetryTrigger): void {
    const { clock, signal } = this.#parts;
    const asked = resizing.pod;
    this.#isHeld = true;
    this.#queue.push(...others);
    const goOn = () => {
      this.#isHeld = false;
      if (signal.aborted) return;
      if (resizing.isActive) this.#answer({ resizing, asked, trigger });
      this.retry(trigger);
    };
    untilGone(leavers, clock, signal).then(goOn, goOn);
  }

  #rearm(): void {
    this.#timer?.cancel();
    this.#timer = this.isWaiting ? this.#parts.clock.setTimer(RETRY_MS, () => this.retry('periodic_retry')) : undefined;
  }
}

/** Who asks for no more comes first, then by priority, then guaranteed pods, then who waits longer. Upstream: `sortPendingResizes`. */
function inTurn(a: Resizing, b: Resizing): number {
  const [one, other] = [rankOf(a), rankOf(b)];
  const i = one.findIndex((each, at) => each !== other[at]);
  return i < 0 ? 0 : (one[i] ?? 0) - (other[i] ?? 0);
}

const rankOf = (resizing: Resizing): number[] => {
  const { pod } = resizing;
  if (!grows(resizing)) return [0];
  return [1, -(pod.spec.priority ?? 0), qosClassOf(pod) === 'Guaranteed' ? 0 : 1, resizing.waitsSince ?? Number.MAX_SAFE_INTEGER];
};

/** Whether a pod asks for more of anything than it has. Upstream: `isResizeIncreasingRequests`. */
function grows({ pod, allocated }: Resizing): boolean {
  const [wanted, given] = [podRequests(pod), podRequests(allocated)];
  return (['cpu', 'memory'] as const).some((name) => (wanted.get(name) ?? ZERO_QUANTITY).cmp(given.get(name) ?? ZERO_QUANTITY) > 0);
}

/** Whether what a pod has, by its status too, is less than before. Upstream: `HandlePodReconcile`, `pkg/kubelet/kubelet.go`. */
export function hasShrunk(before: Pod, now: Pod, allocated: Pod): boolean {
  const [old, fresh] = [before, now].map(({ status }) => podRequests({ ...allocated, status }, { useStatus: true }));
  return (['cpu', 'memory'] as const).some((name) => (fresh?.get(name) ?? ZERO_QUANTITY).cmp(old?.get(name) ?? ZERO_QUANTITY) < 0);
}
