import type { Clock } from '../../runtime/index.ts';

interface Zone {
  /** Nodes a second. */
  rate: number;
  /** Nodes that may be tainted now; at most one. */
  tokens: number;
  refilledMs: number;
  readonly waiting: Set<string>;
}

/** Nodes that wait for their NoExecute taint, each zone at its own rate: evictions must not outrun a cluster that recovers. */
export class TaintLimiter {
  readonly #clock: Clock;
  readonly #rate: number;
  readonly #zones = new Map<string, Zone>();

  /** @param rate nodes a second, in zones of which nothing else is known yet. */
  constructor(clock: Clock, rate: number) {
    this.#clock = clock;
    this.#rate = rate;
  }

  get isEmpty(): boolean {
    return [...this.#zones.values()].every(({ waiting }) => waiting.size === 0);
  }

  add(zone: string, node: string): void {
    this.#zone(zone).waiting.add(node);
  }

  /** The node could not be tainted: it is the next one again. */
  putBack(zone: string, node: string): void {
    const entry = this.#zone(zone);
    entry.waiting.add(node);
    entry.tokens = Math.min(1, entry.tokens + 1);
  }

  remove(node: string): void {
    for (const { waiting } of this.#zones.values()) waiting.delete(node);
  }

  /** Another rate begins with a turn only if there was one left of the old. Upstream: `SwapLimiter`. */
  setRate(zone: string, rate: number): void {
    const entry = this.#zone(zone);
    if (entry.rate === rate) return;
    this.#refill(entry);
    entry.tokens = entry.rate > 0 && entry.tokens >= 1 ? 1 : 0;
    entry.rate = rate;
  }

  /** Forgets all zones but these. */
  keepZones(zones: ReadonlySet<string>): void {
    for (const zone of this.#zones.keys()) if (!zones.has(zone)) this.#zones.delete(zone);
  }

  /** The nodes whose turn it is; they wait no more. */
  take(): string[] {
    const due: string[] = [];
    for (const zone of this.#zones.values()) {
      this.#refill(zone);
      const [node] = zone.waiting;
      if (node === undefined || zone.tokens < 1 || zone.rate === 0) continue;
      zone.tokens -= 1;
      zone.waiting.delete(node);
      due.push(node);
    }
    return due;
  }

  #refill(zone: Zone): void {
    const now = this.#clock.monotonic();
    zone.tokens = Math.min(1, zone.tokens + ((now - zone.refilledMs) / 1000) * zone.rate);
    zone.refilledMs = now;
  }

  #zone(name: string): Zone {
    const known = this.#zones.get(name);
    if (known) return known;
    const zone: Zone = { rate: this.#rate, tokens: 1, refilledMs: this.#clock.monotonic(), waiting: new Set() };
    this.#zones.set(name, zone);
    return zone;
  }
}
