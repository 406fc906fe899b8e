import { type ClusterEvent, labelOf } from '../framework/events.ts';

/**
 * What happened while pods were being scheduled: one log, and for each pod in flight the place in it where it was taken. The log is cut
 * where the oldest of them began. Upstream: `inFlightEvents` of `pkg/scheduler/backend/queue/active_queue.go`.
 */
export class EventLog {
  readonly #starts = new Map<string, number>();
  #events: ClusterEvent[] = [];
  /** How many events were cut off. */
  #base = 0;

  get inFlight(): number {
    return this.#starts.size;
  }

  /** How many events are kept, by what metrics call them. */
  counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const event of this.#events) counts.set(labelOf(event), (counts.get(labelOf(event)) ?? 0) + 1);
    return counts;
  }

  has(uid: string): boolean {
    return this.#starts.has(uid);
  }

  begin(uid: string): void {
    this.#starts.set(uid, this.#base + this.#events.length);
  }

  record(event: ClusterEvent): void {
    if (this.#starts.size > 0) this.#events.push(event);
  }

  /** What happened since the pod was taken. */
  since(uid: string): readonly ClusterEvent[] {
    const start = this.#starts.get(uid);
    return start === undefined ? [] : this.#events.slice(start - this.#base);
  }

  end(uid: string): void {
    this.#starts.delete(uid);
    // A map keeps its order: the first pod was taken first.
    const [oldest = this.#base + this.#events.length] = this.#starts.values();
    if (this.#starts.size > 0 && oldest - this.#base < this.#events.length / 2) return;
    this.#events = this.#events.slice(oldest - this.#base);
    this.#base = oldest;
  }
}
