/**
 * Reading: values of known states, ranges at a revision, stretches of the log.
 *
 * Invariants:
 * 1. Every read works on one snapshot of the disk, taken in the same turn in which the committed state was looked at. So a compaction that
 *    begins later takes nothing away from it, and one that had begun before was seen.
 * 2. The snapshot may be ahead of the committed state by a commit whose sync has not been heard of; what it holds above `revision` is
 *    left out.
 */
import type { AbstractSnapshot } from 'abstract-level';
import {
  inRange,
  type KeyRange,
  type KeyValue,
  type RangeOptions,
  type RangeResult,
  type Revision,
  StoreError,
  type StoreEvent,
} from '../store.ts';
import { type Database, diskError, FETCH_ENTRIES_MAX, scan } from './disk.ts';
import {
  corrupt,
  decodePast,
  decodeRecord,
  decodeValue,
  describe,
  FIRST_REVISION,
  type KeyState,
  type LogRecord,
  logKey,
  logStart,
  type PastState,
  type Previous,
  pastUntil,
} from './log-codec.ts';
import { isPlain, shape, toKeyValue } from './range-shape.ts';
import type { Committed } from './state.ts';
import { ValueCache } from './value-cache.ts';

/** Values that are not on the disk yet, by the state they belong to. */
export type UnsyncedValues = ReadonlyMap<KeyState, Buffer>;

/** What a read sees: the disk as it was when the committed revision was `newest`. */
interface View {
  readonly newest: Revision;
  readonly snapshot: AbstractSnapshot;
}

/** What is looked at to say whether a record is wanted. */
export type Changed = Pick<LogRecord, 'key' | 'type'>;

/** What is wanted of the log. */
export interface Wanted {
  includes(changed: Changed): boolean;
  readonly prevKv: boolean;
}

/** A stretch of the log in whole revisions. */
export interface LogSlice {
  readonly events: readonly StoreEvent[];
  /** First revision that is not in it. */
  readonly next: Revision;
}

/** Records read before a stretch of the log is handed over, at most (a revision is never split). */
const SLICE_RECORDS_MAX = 2000;
/** A revision that is so many behind the newest, at most, is read by undoing the log; an older one from the history of its keys. */
const RECENT_REVISIONS_MAX = 2000;
/** Bytes read before a stretch of the log is handed over, at most. */
const SLICE_BYTES_MAX = 1 << 20;

const NO_VALUE: Buffer = Buffer.alloc(0);
/** Keys whose values are in memory at once while everything is read. */
const PAGE_KEYS = 128;

const EVERYTHING: KeyRange = { key: '', end: '\uffff' };
const NO_VALUES: UnsyncedValues = new Map();

export class Reader {
  readonly #db: Database;
  readonly #committed: Committed;
  readonly #cache = new ValueCache();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(db: Database, committed: Committed) {
    this.#db = db;
    this.#committed = committed;
  }

  /** @throws StoreError when the state at a revision cannot be read. */
  checkRevision(revision: Revision): void {
    if (revision > this.#committed.revision) {
      throw new StoreError('FutureRevision', `revision ${revision} is in the future: the store is at ${this.#committed.revision}`);
    }
    if (revision < this.#committed.compactRevision) {
      throw new StoreError('Compacted', `revision ${revision} has been compacted: the oldest is ${this.#committed.compactRevision}`);
    }
  }

  /** Resolves once no read is under way. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  #track<T>(read: Promise<T>): Promise<T> {
    const done = () => this.#underWay.delete(read);
    this.#underWay.add(read);
    read.then(done, done);
    return read;
  }

  /** Reads a range, of the newest state or as of a revision. */
  range(range: KeyRange, options?: RangeOptions): Promise<RangeResult> {
    return this.#track(this.#range(range, options));
  }

  async #range(range: KeyRange, options: RangeOptions = {}): Promise<RangeResult> {
    const { index, revision: newest } = this.#committed;
    if (options.revision !== undefined) this.checkRevision(options.revision);
    if (options.revision !== undefined && options.revision < newest) return this.#rangeAt(range, options, options.revision);
    const count = index.count(range);
    if (options.countOnly) return { revision: newest, kvs: [], count, more: false };
    const states = index.collect(range, { limit: (isPlain(options) && options.limit) || undefined });
    const { kvs, more } = await shape(states, options, (wanted) => this.load(wanted));
    return { revision: newest, kvs, count, more: more || (isPlain(options) && count > kvs.length) };
  }

  async #rangeAt(range: KeyRange, options: RangeOptions, revision: Revision): Promise<RangeResult> {
    const { revision: newest } = this.#committed;
    await using snapshot = this.#db.snapshot();
    const all = await this.#statesAt(range, revision, { newest, snapshot });
    const shaped = await shape(all, options, (wanted) => this.#complete(wanted, this.#known(wanted), snapshot));
    return { revision: newest, count: all.length, ...shaped };
  }

  /** The states of a range that held at a revision; to be called in the turn in which the view was taken. */
  async #statesAt(range: KeyRange, revision: Revision, view: View): Promise<KeyState[]> {
    const live = this.#committed.index.collect(range).filter((state) => state.modRevision <= revision);
    if (revision === view.newest) return live;
    const recent = view.newest - revision <= RECENT_REVISIONS_MAX;
    const past = recent ? await this.#endedSince(range, revision, view) : await this.#pastStates(range, revision, view);
    return mergeByKey(live, past);
  }

  /**
   * Everything that held at a revision (default the newest), in pages, in the order of the keys. All of one view, which is taken in the turn
   * of the first step; the caller has seen that the revision can be read.
   */
  async *pages(revision: Revision = this.#committed.revision): AsyncGenerator<readonly KeyValue[]> {
    await using snapshot = this.#db.snapshot();
    const view = { newest: this.#committed.revision, snapshot };
    const states = await this.#track(this.#statesAt(EVERYTHING, revision, view));
    for (let at = 0; at < states.length; at += PAGE_KEYS) {
      const page = states.slice(at, at + PAGE_KEYS);
      // Everything goes by here: it is not worth keeping.
      yield join(page, await this.#track(this.#fetchAll(page, snapshot)));
    }
  }

  /** The states of a range that held at `revision` and have ended since, by `newest` (invariant 2): from the log above the revision. */
  async #endedSince(range: KeyRange, revision: Revision, view: View): Promise<KeyState[]> {
    const found: KeyState[] = [];
    try {
      const bounds = { gte: logStart(revision + 1), lt: logStart(view.newest + 1), snapshot: view.snapshot };
      for await (const entries of scan(this.#db, bounds)) {
        for (const [diskKey, bytes] of entries) {
          const record = decodeRecord(diskKey, bytes);
          const held = record.previous !== undefined && record.previous.modRevision <= revision;
          if (held && inRange(record.key, range)) found.push(stateBefore(record, record.previous));
        }
      }
    } catch (error) {
      throw diskError(error, 'reading the log');
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The same, from the history of the range's keys. */
  async #pastStates(range: KeyRange, revision: Revision, view: View): Promise<PastState[]> {
    const found: PastState[] = [];
    try {
      for await (const entries of scan(this.#db, { ...pastBounds(range), snapshot: view.snapshot })) {
        for (const [diskKey, bytes] of entries) {
          const until = pastUntil(bytes);
          if (until <= revision || until > view.newest) continue;
          const state = decodePast(diskKey, bytes);
          if (state.modRevision <= revision) found.push(state);
        }
      }
    } catch (error) {
      throw diskError(error, 'reading history');
    }
    return found;
  }

  /** The values of states, in their order. */
  load(states: readonly KeyState[], unsynced: UnsyncedValues = NO_VALUES): Promise<KeyValue[]> {
    const values = this.#known(states, unsynced);
    if (values.every((value) => value !== undefined)) return Promise.resolve(join(states, values));
    const snapshot = this.#db.snapshot();
    return this.#track(this.#complete(states, values, snapshot).finally(() => snapshot.close()));
  }

  /** The values of states that are in memory. */
  #known(states: readonly KeyState[], unsynced: UnsyncedValues = NO_VALUES): (Buffer | undefined)[] {
    return states.map((state) => unsynced.get(state) ?? this.#cache.get(state));
  }

  /** @param values of the states, where they are known. */
  async #complete(states: readonly KeyState[], values: readonly (Buffer | undefined)[], snapshot: AbstractSnapshot): Promise<KeyValue[]> {
    const missing = states.filter((_, at) => values[at] === undefined);
    const found = await this.#fetchAll(missing, snapshot);
    this.#cache.keep(missing, found);
    if (missing.length === states.length) return join(states, found);
    let next = 0;
    const whole = values.map((value) => value ?? found[next++]);
    return join(states, whole);
  }

  /** The values of states from the disk. */
  async #fetchAll(states: readonly KeyState[], snapshot: AbstractSnapshot): Promise<Buffer[]> {
    const values: Buffer[] = [];
    try {
      let fetching = this.#fetch(states, 0, snapshot);
      for (let at = 0; at < states.length; at += FETCH_ENTRIES_MAX) {
        const found = await fetching;
        // The next ones are fetched while these are unpacked.
        fetching = this.#fetch(states, at + FETCH_ENTRIES_MAX, snapshot);
        for (const [i, state] of states.slice(at, at + FETCH_ENTRIES_MAX).entries()) values.push(decodeValue(state, found[i]));
      }
    } catch (error) {
      throw diskError(error, 'reading values');
    }
    return values;
  }

  /** The records of the states from `at` on, up to a fetch's worth. */
  #fetch(states: readonly KeyState[], at: number, snapshot: AbstractSnapshot) {
    const piece = states.slice(at, at + FETCH_ENTRIES_MAX);
    const fetched = piece.length === 0 ? Promise.resolve([]) : this.#db.getMany(piece.map(logKey), { snapshot });
    // When unpacking fails first, nobody waits for this any more.
    fetched.catch(() => undefined);
    return fetched;
  }

  /** Keeps the value of a state that was committed. */
  remember(state: KeyState, value: Buffer): void {
    this.#cache.set(state, value);
  }

  /** A state has ended: nobody reads it as the newest any more. */
  forget(state: KeyState): void {
    this.#cache.delete(state);
  }

  /** The value of one state, at once: for comparisons, which the transactions behind them wait for. */
  valueNow(state: KeyState, unsynced: UnsyncedValues): Buffer {
    try {
      return unsynced.get(state) ?? this.#cache.get(state) ?? decodeValue(state, this.#db.getSync(logKey(state)));
    } catch (error) {
      throw diskError(error, 'reading a value to compare');
    }
  }

  /**
   * The events from revision `from` on, up to the committed revision or so far that it is worth handing over.
   *
   * @throws StoreError `Corrupt` when a revision is missing; the caller has seen that `from` is not compacted.
   */
  slice(from: Revision, wanted: Wanted): Promise<LogSlice> {
    return this.#track(this.#slice(from, wanted));
  }

  async #slice(from: Revision, wanted: Wanted): Promise<LogSlice> {
    const { revision: last } = this.#committed;
    await using snapshot = this.#db.snapshot();
    try {
      const slice = new Slice(from, wanted);
      for await (const entries of scan(this.#db, { gte: logStart(from), lt: logStart(last + 1), snapshot })) {
        if (!entries.every(([diskKey, bytes]) => slice.add(decodeRecord(diskKey, bytes), bytes.length))) break;
      }
      const { records, next } = slice.finish(last);
      const prevs = wanted.prevKv ? await this.#previous(records, snapshot) : [];
      return { events: records.map((record, at) => toEvent(record, prevs[at])), next };
    } catch (error) {
      throw diskError(error, 'reading the log');
    }
  }

  /** The states before the given records, in their order; undefined where there was none. */
  async #previous(records: readonly LogRecord[], snapshot: AbstractSnapshot): Promise<(KeyValue | undefined)[]> {
    const keys = records.flatMap((record) => (record.previous ? [logKey(record.previous)] : []));
    const found = keys.length === 0 ? [] : await this.#db.getMany(keys, { snapshot });
    let next = 0;
    return records.map(({ previous }) => {
      if (!previous) return undefined;
      const diskKey = keys[next] ?? '';
      const bytes = found[next++];
      if (!bytes) throw corrupt(`log record ${describe(diskKey)} is missing`);
      const record = decodeRecord(diskKey, bytes);
      return toKeyValue(record, record.value);
    });
  }
}

/** Gathers a stretch of the log: whole revisions, none left out. */
class Slice {
  readonly #wanted: Wanted;
  readonly #records: LogRecord[] = [];
  #expected: Revision;
  #recordsRead = 0;
  #bytesRead = 0;
  #full = false;

  constructor(from: Revision, wanted: Wanted) {
    this.#expected = Math.max(from, FIRST_REVISION + 1);
    this.#wanted = wanted;
  }

  /** @returns false, and does not take the record, when the stretch is long enough and a new revision begins. */
  add(record: LogRecord, bytes: number): boolean {
    if (record.modRevision > this.#expected) throw this.#missing();
    this.#full = record.sub === 0 && (this.#recordsRead >= SLICE_RECORDS_MAX || this.#bytesRead >= SLICE_BYTES_MAX);
    if (this.#full) return false;
    this.#expected = record.modRevision + 1;
    this.#recordsRead++;
    this.#bytesRead += bytes;
    if (this.#wanted.includes(record)) this.#records.push(record);
    return true;
  }

  /** @param last where the log ends. */
  finish(last: Revision): { records: readonly LogRecord[]; next: Revision } {
    if (!this.#full && this.#expected !== last + 1) throw this.#missing();
    return { records: this.#records, next: this.#expected };
  }

  #missing(): StoreError {
    return corrupt(`revision ${this.#expected} is missing from the log`);
  }
}

/** A record as a watcher is told of it. */
export function toEvent(record: LogRecord, prev?: KeyValue): StoreEvent {
  const type = record.type === 'put' ? 'put' : 'delete';
  const kv =
    type === 'put'
      ? toKeyValue(record, record.value)
      : { key: record.key, value: NO_VALUE, createRevision: 0, modRevision: record.modRevision, version: 0 };
  return prev ? { type, kv, prev } : { type, kv };
}

/** The state that a record ended. */
function stateBefore({ key, type, createRevision, version }: LogRecord, { modRevision, sub, lease }: Previous): KeyState {
  return { key, modRevision, sub, createRevision, version: type === 'put' ? version - 1 : version, lease };
}

/** Keys hold no NUL, so `<key> NUL` sorts right after `<key>`, and an `end` counts only up to its first NUL. */
function pastBounds(range: KeyRange): { gte: string; lt: string } {
  const gte = `h${range.key}`;
  if (range.end === undefined) return { gte: `${gte}\0`, lt: `${gte}\x01` };
  const nul = range.end.indexOf('\0');
  return { gte, lt: nul < 0 ? `h${range.end}` : `h${range.end.slice(0, nul)}\x01` };
}

/** @param values of the states, all of them. */
const join = (states: readonly KeyState[], values: readonly (Buffer | undefined)[]): KeyValue[] =>
  states.map((state, at) => toKeyValue(state, values[at] ?? NO_VALUE));

function mergeByKey(left: readonly KeyState[], right: readonly KeyState[]): KeyState[] {
  const merged: KeyState[] = [];
  let l = 0;
  let r = 0;
  for (let a = left[0], b = right[0]; a ?? b; a = left[l], b = right[r]) {
    if (b && (!a || b.key < a.key)) {
      merged.push(b);
      r++;
    } else if (a) {
      merged.push(a);
      l++;
    }
  }
  return merged;
}
