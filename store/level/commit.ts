import { type Revision, StoreError, type StoreEvent, type WatchBatch } from '../store.ts';
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

/** The events of a commit that are for the watches of one range: packed up once for all of them. */
export class Portion {
  readonly commit: Commit;
  readonly batch: WatchBatch;
  readonly #indexes: readonly number[];
  #bytes: number;
  #withPrevious: Promise<WatchBatch> | undefined;

  /** @param indexes of its events, ascending; there are some. */
  constructor(commit: Commit, indexes: readonly number[]) {
    const events = pick(commit.events, indexes);
    this.commit = commit;
    this.#bytes = bytesOf(events);
    this.batch = { type: 'events', revision: commit.last, events };
    this.#indexes = indexes;
  }

  /** What it weighs in a watcher's backlog: more once it was read with the states before. */
  get bytes(): number {
    return this.#bytes;
  }

  get withPrevious(): Promise<WatchBatch> {
    this.#withPrevious ??= this.#loadPrevious();
    return this.#withPrevious;
  }

  async #loadPrevious(): Promise<WatchBatch> {
    const events = pick(await this.commit.withPrevious(), this.#indexes);
    this.#bytes = bytesOf(events);
    return { type: 'events', revision: this.commit.last, events };
  }

  /** The part of it from a revision on; undefined when that is nothing. */
  from(revision: Revision): Portion | undefined {
    if (revision <= this.commit.first) return this;
    const later = this.#indexes.filter((at) => (this.commit.events[at]?.kv.modRevision ?? 0) >= revision);
    return later.length === 0 ? undefined : new Portion(this.commit, later);
  }
}

function pick(events: readonly StoreEvent[], indexes: readonly number[]): readonly StoreEvent[] {
  return indexes.length === events.length ? events : indexes.flatMap((at) => events[at] ?? []);
}

function bytesOf(events: readonly StoreEvent[]): number {
  let bytes = 0;
  for (const { kv, prev } of events) bytes += EVENT_OVERHEAD_BYTES + kv.key.length + kv.value.length + (prev?.value.length ?? 0);
  return bytes;
}

/** @param given the newest revision that the watcher was given. */
export const tooSlow = (bytes: number, bytesMax: number, given: Revision): StoreError =>
  new StoreError('WatcherTooSlow', `the watcher is too slow: ${bytes} bytes of events wait behind revision ${given}, and ${bytesMax} may`);
