const BACKOFF_MS = 1_000;
const BACKOFF_MS_MAX = 15 * 60_000;

interface Entry {
  readonly delayMs: number;
  readonly since: number;
}

/** How long to wait before a failed daemon pod is replaced: 1 s, doubled with each failure on the node, forgotten after a long peace. */
export class FailedPodBackoff {
  readonly #entries = new Map<string, Map<string, Entry>>();

  /** Milliseconds to wait still. */
  waitMs(key: string, node: string, now: number): number {
    const entry = this.#entryOf(key, node, now);
    return entry ? Math.max(0, entry.since + entry.delayMs - now) : 0;
  }

  /** Notes that a failed pod is being replaced. */
  note(key: string, node: string, now: number): void {
    const before = this.#entryOf(key, node, now);
    const delayMs = before ? Math.min(BACKOFF_MS_MAX, before.delayMs * 2) : BACKOFF_MS;
    const nodes = this.#entries.get(key) ?? new Map<string, Entry>();
    this.#entries.set(key, nodes.set(node, { delayMs, since: now }));
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }

  #entryOf(key: string, node: string, now: number): Entry | undefined {
    const entry = this.#entries.get(key)?.get(node);
    return entry && now - entry.since <= 2 * BACKOFF_MS_MAX ? entry : undefined;
  }
}
