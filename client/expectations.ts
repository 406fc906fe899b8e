import type { Clock } from '../runtime/index.ts';

/** After this, what was expected is no longer waited for: the event was missed, or the write never happened. */
const EXPECTATION_MS_MAX = 5 * 60_000;

interface Expected {
  creations: number;
  readonly deletions: Set<string>;
  readonly since: number;
}

/**
 * What a controller wrote and has not yet seen in its cache. It acts on an owner again only when that is `satisfied`, so that a stale cache
 * does not make it create or delete twice. Expectations are recorded before the writes, and lowered by the informer's events or when a
 * write fails.
 */
export class Expectations {
  readonly #clock: Clock;
  readonly #expected = new Map<string, Expected>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Expects that many children to appear; replaces what was expected of the owner. */
  expectCreations(owner: string, count: number): void {
    this.#expected.set(owner, { creations: count, deletions: new Set(), since: this.#clock.monotonic() });
  }

  /** Expects those children to go, each by its uid (or any name unique for all time); replaces what was expected of the owner. */
  expectDeletions(owner: string, uids: Iterable<string>): void {
    this.#expected.set(owner, { creations: 0, deletions: new Set(uids), since: this.#clock.monotonic() });
  }

  /** A child has appeared, or its creation failed. */
  creationObserved(owner: string, count = 1): void {
    const expected = this.#expected.get(owner);
    if (expected) expected.creations -= count;
  }

  /** A child has gone, or its deletion failed; counted once, however often it is told. */
  deletionObserved(owner: string, uid: string): void {
    this.#expected.get(owner)?.deletions.delete(uid);
  }

  /** Whether the cache can be trusted: all was seen, or it has been too long. */
  satisfied(owner: string): boolean {
    return this.#waitMs(owner) <= 0;
  }

  /**
   * For how many milliseconds at most the cache cannot be trusted; undefined when it can. Who waits must come back after that: a child that
   * came and went while the watch was down is never seen.
   */
  waitMs(...owners: readonly string[]): number | undefined {
    const waits = owners.map((owner) => this.#waitMs(owner)).filter((ms) => ms > 0);
    return waits.length > 0 ? Math.max(...waits) : undefined;
  }

  /** Not positive when nothing is waited for. */
  #waitMs(owner: string): number {
    const expected = this.#expected.get(owner);
    if (!expected || (expected.creations <= 0 && expected.deletions.size === 0)) return 0;
    return expected.since + EXPECTATION_MS_MAX + 1 - this.#clock.monotonic();
  }

  /** The owner is gone. */
  forget(owner: string): void {
    this.#expected.delete(owner);
  }
}
