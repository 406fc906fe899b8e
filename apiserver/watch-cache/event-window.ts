import type { Revision } from '../../store/index.ts';
import type { CacheEvent } from './cache-event.ts';

/** Changes kept per kind, so that a watcher that comes back finds what it missed. */
const EVENTS_MAX = 8192;
/** Bytes of object states those changes may hold on to, per kind. */
const EVENT_BYTES_MAX = 16 * 1024 * 1024;
/** Dropped slots at the head of the list before it is moved up. */
const HEAD_SLACK = 1024;

/** The most recent changes of a kind, in revision order. */
export class EventWindow {
  #events: CacheEvent[] = [];
  #head = 0;
  #bytes = 0;
  #since: Revision;
  readonly #eventsMax: number;

  /** @param since the revision from which on the window is complete. */
  constructor(since: Revision, eventsMax: number = EVENTS_MAX) {
    this.#since = since;
    this.#eventsMax = eventsMax;
  }

  get eventsMax(): number {
    return this.#eventsMax;
  }

  /** Every change after this revision is in the window. */
  get since(): Revision {
    return this.#since;
  }

  push(event: CacheEvent): void {
    this.#events.push(event);
    this.#bytes += event.sizeBytes;
    while (this.#events.length - this.#head > this.#eventsMax || (this.#bytes > EVENT_BYTES_MAX && this.#events.length - this.#head > 1)) {
      this.#dropOldest();
    }
  }

  /** The changes after a revision; undefined when some of them are gone. */
  after(revision: Revision): CacheEvent[] | undefined {
    if (revision < this.#since) return undefined;
    let low = this.#head;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  #dropOldest(): void {
    const oldest = this.#events[this.#head++];
    if (oldest) {
      this.#bytes -= oldest.sizeBytes;
      this.#since = oldest.revision;
    }
    if (this.#head >= HEAD_SLACK) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }
}
