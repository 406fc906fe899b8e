import type { RateLimit } from './annotations.ts';

/** Buckets kept; beyond it, those that have run dry are let go. */
const BUCKETS_MAX = 10_000;

interface Bucket {
  /** Requests too many, when it was last looked at. */
  readonly excess: number;
  readonly at: number;
}

/** Counts requests as nginx's `limit_req` with `nodelay` does: a bucket for each client, that leaks. */
export class RateLimits {
  readonly #buckets = new Map<string, Bucket>();

  /** Whether a request of a client is let through; one that is counts. */
  admits({ zone, perSecond, perMinute, burstMultiplier }: RateLimit, client: string, now: number): boolean {
    return (
      this.#fits(`${zone}_rps ${client}`, { rate: perSecond, burst: perSecond * burstMultiplier }, now) &&
      this.#fits(`${zone}_rpm ${client}`, { rate: perMinute / 60, burst: perMinute * burstMultiplier }, now)
    );
  }

  #fits(key: string, { rate, burst }: { readonly rate: number; readonly burst: number }, now: number): boolean {
    if (rate === 0) return true;
    const before = this.#buckets.get(key);
    const excess = before ? Math.max(0, before.excess - (rate * (now - before.at)) / 1000 + 1) : 0;
    if (excess > burst) return false;
    if (this.#buckets.size >= BUCKETS_MAX) for (const [old, { at }] of this.#buckets) if (now - at > 60_000) this.#buckets.delete(old);
    this.#buckets.set(key, { excess, at: now });
    return true;
  }
}
