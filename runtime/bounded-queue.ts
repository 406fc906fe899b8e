import { strict as assert } from 'node:assert';
import { onAbort } from './abort.ts';

/** Taken items at the head of the array before it is cut. */
const SLACK_MAX = 1024;

/** A first-in-first-out queue that refuses what is too much, for one producer and any number of takers. */
export class BoundedQueue<T> {
  readonly #capacity: number;
  #items: T[] = [];
  #head = 0;
  #takers: (() => void)[] = [];

  constructor(capacity: number) {
    assert(capacity > 0, 'a queue has room for something');
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** @returns false when the queue is full, and the item is not in it. */
  push(item: T): boolean {
    if (this.length >= this.#capacity) return false;
    this.#items.push(item);
    this.#takers.shift()?.();
    return true;
  }

  /** The first item, when there is one. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#head++;
    if (this.#head >= SLACK_MAX || this.length === 0) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Resolves once there is something to shift; rejects with the signal's reason. Another taker may have been faster. */
  ready(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.length > 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const aborted = onAbort(signal, () => {
        this.#takers = this.#takers.filter((taker) => taker !== wake);
        reject(signal.reason);
      });
      const wake = () => {
        aborted[Symbol.dispose]();
        resolve();
      };
      this.#takers.push(wake);
    });
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
