import { type KeyValue, type Revision, StoreError, type StoreEvent } from '../store.ts';
import type { Change, Draft } from './draft.ts';
import { type Reader, toEvent } from './reader.ts';

/** Bytes an event is reckoned at beside its key and values. */
const EVENT_OVERHEAD_BYTES = 200;

/** What one synced batch has changed, as watchers are told of it: the events are made once for all of them. */
export class Commit {
  /** The first and the last of its revisions. */
  readonly first: Revision;
  readonly last: Revision;
  readonly events: readonly StoreEvent[];
  readonly #draft: Draft;
  readonly #reader: Reader;
  #withPrevious: Promise<readonly StoreEvent[]> | undefined;

  constructor(first: Revision, draft: Draft, reader: Reader) {
    this.first = first;
    this.last = draft.revision;
    this.events = draft.changes.map((change) => toEvent(change.record));
    this.#draft = draft;
    this.#reader = reader;
  }

  /** The same events with the states before them; read at most once, and only when somebody asks. */
  withPrevious(): Promise<readonly StoreEvent[]> {
    this.#withPrevious ??= this.#loadPrevious();
    return this.#withPrevious;
  }

  async #loadPrevious(): Promise<readonly StoreEvent[]> {
    const { changes, values } = this.#draft;
    const before = changes.flatMap((change) => (change.before ? [change.before] : []));
    const loaded = await this.#reader.load(before, values);
    let next = 0;
    return changes.map((change: Change) => toEvent(change.record, change.before ? loaded[next++] : undefined));
  }
}

/** What an event weighs in a watcher's backlog. */
export function bytesOf(event: StoreEvent): number {
  return EVENT_OVERHEAD_BYTES + event.kv.key.length + event.kv.value.length + previousBytes(event.prev);
}

const previousBytes = (prev: KeyValue | undefined): number => (prev ? prev.value.length : 0);

export const tooSlow = (bytes: number): StoreError =>
  new StoreError('WatcherTooSlow', `the watcher is too slow: ${bytes} bytes of events wait for it`);
