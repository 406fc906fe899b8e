import type { Clock, Timer } from '../runtime/index.ts';

/** A timer that waits in the heap; without `fn` it has fired or was taken back. */
interface Entry {
  readonly at: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

/** Entries taken back are swept out once there are more of them than this, and more than live ones. */
const DEAD_MAX = 1024;

/** How long timers that are due may run before sockets have their turn. */
const SLICE_MS = 20;

/**
 * A clock whose timers share one timer of the clock below: thousands of nodes and pods that wait cost a heap entry each, and no timer
 * of the machine.
 *
 * Invariants:
 * 1. The heap is ordered by `at`, then by the order of setting.
 * 2. While the heap is not empty, a timer of the clock below is set for its head or for something earlier.
 */
export class Agenda implements Clock {
  readonly #clock: Clock;
  #heap: Entry[] = [];
  #order = 0;
  #dead = 0;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#heap.length - this.#dead;
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const entry: Entry = { at: this.monotonic() + Math.max(0, delayMs), order: this.#order++, fn };
    this.#push(entry);
    this.#arm();
    const cancel = () => this.#cancel(entry);
    return { cancel, [Symbol.dispose]: cancel };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = this.setTimer(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  hold(): Disposable {
    return this.#clock.hold();
  }

  #cancel(entry: Entry): void {
    if (!entry.fn) return;
    entry.fn = undefined;
    this.#dead++;
    if (this.#dead > DEAD_MAX && this.#dead * 2 > this.#heap.length) this.#sweep();
  }

  #sweep(): void {
    const live = this.#heap.filter((entry) => entry.fn).sort(byTime);
    this.#heap = live; // sorted, hence a heap
    this.#dead = 0;
  }

  /** Keeps invariant 2. */
  #arm(): void {
    const head = this.#heap[0];
    if (!head || this.#timerAt <= head.at) return;
    this.#timer?.cancel();
    this.#timerAt = head.at;
    this.#timer = this.#clock.setTimer(head.at - this.monotonic(), () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.monotonic();
    for (let head = this.#heap[0]; head && (head.at <= now || !head.fn); head = this.#heap[0]) {
      if (this.monotonic() - now > SLICE_MS) break;
      this.#pop();
      const fn = head.fn;
      head.fn = undefined;
      if (fn) fn();
      else this.#dead--;
    }
    this.#arm();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up];
      if (!parent || byTime(parent, entry) <= 0) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      const right = left + 1;
      const a = heap[left];
      if (!a) break;
      const b = heap[right];
      const [down, child] = b && byTime(b, a) < 0 ? [right, b] : [left, a];
      if (byTime(last, child) <= 0) break;
      heap[i] = child;
      i = down;
    }
    heap[i] = last;
  }
}

const byTime = (a: Entry, b: Entry): number => a.at - b.at || a.order - b.order;
