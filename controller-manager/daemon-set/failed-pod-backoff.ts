const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 15 * 60_000;

interface Entry {
  readonly delayMs: number;
  readonly since: number;
  readonly generation: number;
}

/** A DaemonSet's node, and the generation that the DaemonSet's status speaks of. */
export interface FailurePlace {
  readonly key: string;
  readonly node: string;
  readonly generation: number;
}

/**
 * How long to wait before a failed daemon pod is replaced: 1 s, doubled with each failure on the node, forgotten after a long peace, and
 * with each change of the DaemonSet: it may have mended what failed. Upstream: `failedPodsBackoffKey`.
 */
export class FailedPodBackoff {
  readonly #entries = new Map<string, Map<string, Entry>>();

  /** Milliseconds to wait still. */
  waitMs(place: FailurePlace, now: number): number {
    const entry = this.#entryOf(place, now);
    return entry ? Math.max(0, entry.since + entry.delayMs - now) : 0;
  }

  /** Notes that a failed pod is being replaced. */
  note(place: FailurePlace, now: number): void {
    const { key, node, generation } = place;
    const before = this.#entryOf(place, now);
    const delayMs = before ? Math.min(BACKOFF_MS_MAX, before.delayMs * 2) : BACKOFF_MS;
    const nodes = this.#entries.get(key) ?? new Map<string, Entry>();
    this.#entries.set(key, nodes.set(node, { delayMs, since: now, generation }));
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  #entryOf({ key, node, generation }: FailurePlace, now: number): Entry | undefined {
    const entry = this.#entries.get(key)?.get(node);
    return entry?.generation === generation && now - entry.since <= 2 * BACKOFF_MS_MAX ? entry : undefined;
  }
}
