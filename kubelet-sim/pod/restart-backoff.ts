/** The first wait between two starts of a container that keeps ending; it doubles up to the longest. */
export const RESTART_BACKOFF_MS = 10_000;
export const RESTART_BACKOFF_MS_MAX = 300_000;

interface Entry {
  readonly backoffMs: number;
  readonly at: number;
}

/**
 * Growing waits per key, as upstream's flowcontrol.Backoff: the first retry is free, and an entry that nothing was added to for twice
 * the longest wait is forgotten.
 */
export class RestartBackoff {
  readonly #entries = new Map<string, Entry>();
  readonly #ms: number;
  readonly #msMax: number;

  constructor(ms = RESTART_BACKOFF_MS, msMax = RESTART_BACKOFF_MS_MAX) {
    this.#ms = ms;
    this.#msMax = msMax;
  }

  /** How long what failed at `since` is still to wait; 0 when it may go on. */
  remaining(key: string, since: number, now: number): number {
    const entry = this.#entries.get(key);
    if (!entry || this.#isStale(entry, since)) return 0;
    return Math.max(0, since + entry.backoffMs - now);
  }

  /** The wait that now holds for a key, for messages. */
  current(key: string): number {
    return this.#entries.get(key)?.backoffMs ?? 0;
  }

  /** Another failure, at `since`: the next wait is longer. */
  next(key: string, since: number, now: number): void {
    const entry = this.#entries.get(key);
    const backoffMs = !entry || this.#isStale(entry, since) ? this.#ms : Math.min(entry.backoffMs * 2, this.#msMax);
    this.#entries.set(key, { backoffMs, at: now });
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  #isStale({ at }: Entry, since: number): boolean {
    return since - at > 2 * this.#msMax;
  }
}

/** A wait as Go prints it: `10s`, `2m40s`. */
export function goSeconds(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`;
}
