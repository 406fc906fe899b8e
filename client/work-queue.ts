// client-go's workqueue: a FIFO, a dirty set and a processing set.
//
//   add ──> dirty ∌ key? ──> dirty ∪ key ──> key ∈ processing? ──no──> fifo ──get──> processing ∪ key, dirty \ key
//                                                   │                   ^                       │
//                                                   └─yes: stays dirty ─┴── done: still dirty ──┘
//
// Invariants
// Q1  A key is handed to one worker at a time.
// Q2  A key added while it is processed is handed out once more after `done`.
// Q3  A key waits once, however often it was added; likewise once for a delay, at the earliest time asked for.
import { DelayHeap } from './delay-heap.ts';
import type { KeyQueue, QueueObserver, WorkQueueOptions } from './types.ts';

const BACKOFF_MS = 5;
const BACKOFF_MS_MAX = 1_000_000;
/** Taken keys at the head of the FIFO's array before it is cut. */
const FIFO_SLACK_MAX = 1024;

/** The keys that a controller has to look at. */
export class WorkQueue implements KeyQueue {
  readonly #options: WorkQueueOptions;
  readonly #delayed: DelayHeap;
  readonly #dirty = new Set<string>();
  readonly #processing = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  #observer: QueueObserver | undefined;
  #addedAt: Map<string, number> | undefined;
  #fifo: string[] = [];
  #head = 0;
  #waiters: ((key: string | undefined) => void)[] = [];
  #down = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    if (options.observer) this.observe(options.observer);
    this.#delayed = new DelayHeap(options.clock, (key) => this.add(key));
  }

  /** Keys that wait to be handed out, delayed ones not among them. */
  get length(): number {
    return this.#fifo.length - this.#head;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.#delayed.size;
  }

  add(key: string): void {
    if (this.#down || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#addedAt?.set(key, this.#options.clock.monotonic());
    if (!this.#processing.has(key)) this.#push(key);
    this.#observer?.onAdd?.(this.length);
  }

  addAfter(key: string, delayMs: number): void {
    if (this.#down) return;
    if (delayMs <= 0) this.add(key);
    else this.#delayed.add(key, this.#options.clock.monotonic() + delayMs);
  }

  /** Adds after the key's back-off: 5 ms, doubled with each call until `forget`. */
  addRateLimited(key: string): void {
    const failures = this.retries(key);
    this.#failures.set(key, failures + 1);
    this.#observer?.onRetry?.();
    const { backoffMs = BACKOFF_MS, backoffMsMax = BACKOFF_MS_MAX } = this.#options;
    this.addAfter(key, Math.min(backoffMsMax, backoffMs * 2 ** failures));
  }

  forget(key: string): void {
    this.#failures.delete(key);
  }

  retries(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** The next key, when there is one; undefined once the queue is shut down and empty. Each key must be given back by `done`. */
  get(): Promise<string | undefined> {
    const key = this.#pop();
    if (key !== undefined || this.#down) return Promise.resolve(key);
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  done(key: string): void {
    const startedAt = this.#processing.get(key);
    if (startedAt === undefined) return;
    this.#processing.delete(key);
    this.#observer?.onDone?.(this.#options.clock.monotonic() - startedAt);
    if (this.#dirty.has(key)) this.#push(key);
  }

  /** Takes no more keys; what waits is still handed out, what is delayed is dropped. */
  shutDown(): void {
    this.#down = true;
    this.#delayed.clear();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const resolve of waiters) resolve(undefined);
  }

  /** From now on tells what happens in the queue. */
  observe(observer: QueueObserver): void {
    this.#observer = observer;
    this.#addedAt ??= new Map();
  }

  /** How long each key that is being worked on has been. */
  processingMs(): readonly number[] {
    const now = this.#options.clock.monotonic();
    return [...this.#processing.values()].map((startedAt) => now - startedAt);
  }

  #push(key: string): void {
    this.#fifo.push(key);
    const waiter = this.#waiters.shift();
    if (waiter) waiter(this.#pop());
  }

  #pop(): string | undefined {
    const key = this.#fifo[this.#head];
    if (key === undefined) return undefined;
    this.#head++;
    if (this.#head >= FIFO_SLACK_MAX && this.#head * 2 >= this.#fifo.length) {
      this.#fifo = this.#fifo.slice(this.#head);
      this.#head = 0;
    }
    const now = this.#options.clock.monotonic();
    this.#processing.set(key, now);
    this.#dirty.delete(key);
    this.#observer?.onGet?.(this.length, now - (this.#addedAt?.get(key) ?? now));
    this.#addedAt?.delete(key);
    return key;
  }
}
