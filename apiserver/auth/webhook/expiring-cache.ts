import type { Clock } from '../../../runtime/index.ts';

interface Kept<T> {
  readonly value: T;
  readonly untilMs: number;
}

/** Answers kept for a while; when there are too many, those that were used longest ago go. Upstream: `cache.LRUExpireCache`. */
export class ExpiringCache<T> {
  readonly #entries = new Map<string, Kept<T>>();
  readonly #clock: Clock;
  readonly #sizeMax: number;

  constructor(clock: Clock, sizeMax: number) {
    this.#clock = clock;
    this.#sizeMax = sizeMax;
  }

  get(key: string): T | undefined {
    const kept = this.#entries.get(key);
    if (!kept) return undefined;
    this.#entries.delete(key);
    if (kept.untilMs <= this.#clock.monotonic()) return undefined;
    this.#entries.set(key, kept);
    return kept.value;
  }

  set(key: string, value: T, ttlMs: number): void {
    if (ttlMs <= 0) return;
    this.#entries.delete(key);
    const oldest = this.#entries.size < this.#sizeMax ? undefined : this.#entries.keys().next().value;
    if (oldest !== undefined) this.#entries.delete(oldest);
    this.#entries.set(key, { value, untilMs: this.#clock.monotonic() + ttlMs });
  }
}
