/** Makes a store from a snapshot: the state at its revision, and then a jump, so that nobody takes it for the store it was taken of. */
import type { SnapshotHead, SnapshotItem, SnapshotSummary } from '../snapshot-codec.ts';
import { type KeyValue, type LeaseId, type Revision, StoreError } from '../store.ts';
import { type Batch, type Database, DURABLE, REPEATABLE } from './disk.ts';
import {
  COMPACTION_KEY,
  encodeCompaction,
  encodeLease,
  encodeLive,
  encodeRecord,
  encodeState,
  FORMAT_KEY,
  FORMAT_VERSION,
  type KeyState,
  keyHash,
  type LogRecord,
  leaseHash,
  leaseKey,
  liveKey,
  logKey,
  STATE_KEY,
  stateHash,
} from './log-codec.ts';

/** Bytes of records in one batch, more or less. */
const BATCH_BYTES = 1 << 20;
/** What revisions are below. */
const REVISION_END = 2 ** 48;

const NO_VALUE: Buffer = Buffer.alloc(0);

export interface RestoredStore extends SnapshotSummary {
  /** What the store begins at, and is compacted at. */
  readonly restoredRevision: Revision;
}

/**
 * Fills an empty database. Until the last batch it has no format version, so that one that was left half-way is refused by whoever opens it.
 *
 * @param revisionBump how far above the snapshot's revision the store begins: farther than anybody can have seen the old one go.
 * @throws StoreError when the snapshot is not whole; the database is then of no use.
 */
export async function restoreInto(db: Database, items: AsyncIterable<SnapshotItem>, revisionBump: number): Promise<RestoredStore> {
  const filler = new Filler(db);
  for await (const item of items) {
    if (item.type === 'summary') return { ...item, restoredRevision: await filler.finish(item, revisionBump) };
    await filler.add(item);
  }
  throw new StoreError('Corrupt', 'not a whole snapshot: it is cut off');
}

class Filler {
  readonly #db: Database;
  readonly #leases = new Set<LeaseId>();
  /** How many keys each revision had so far: the sub-indexes are not in a snapshot, and only have to differ. */
  readonly #subs = new Map<Revision, number>();
  #head: SnapshotHead = { revision: 0, compactRevision: 0 };
  #batch: Batch;
  #batchBytes = 0;
  #lastKey = '';
  #liveKeys = 0;
  #checksum = 0;

  constructor(db: Database) {
    this.#db = db;
    this.#batch = db.batch();
  }

  async add(item: Exclude<SnapshotItem, { readonly type: 'summary' }>): Promise<void> {
    if (item.type === 'head') this.#head = item;
    else if (item.type === 'key') this.#addKey(item.kv);
    else {
      this.#leases.add(item.lease.id);
      this.#checksum = (this.#checksum + leaseHash(item.lease)) >>> 0;
      this.#put(leaseKey(item.lease.id), encodeLease(item.lease));
    }
    if (this.#batchBytes < BATCH_BYTES) return;
    await this.#batch.write(REPEATABLE);
    this.#batch = this.#db.batch();
    this.#batchBytes = 0;
  }

  #addKey(kv: KeyValue): void {
    const { key, value, modRevision, createRevision, version, lease } = kv;
    if (key <= this.#lastKey) throw inconsistent(`key ${JSON.stringify(key)} does not come after ${JSON.stringify(this.#lastKey)}`);
    if (modRevision > this.#head.revision || createRevision > modRevision)
      throw inconsistent(`key ${JSON.stringify(key)} is of a later revision`);
    if (lease !== undefined && !this.#leases.has(lease)) throw inconsistent(`key ${JSON.stringify(key)} has a lease that is missing`);
    const sub = this.#subs.get(modRevision) ?? 0;
    this.#subs.set(modRevision, sub + 1);
    const state: KeyState = { key, modRevision, sub, createRevision, version, lease };
    this.#put(logKey(state), encodeRecord({ type: 'put', ...state, previous: undefined, value }));
    this.#put(liveKey(key), encodeLive(state));
    this.#checksum = (this.#checksum + stateHash(keyHash(key), state)) >>> 0;
    this.#lastKey = key;
    this.#liveKeys++;
  }

  #put(key: string, bytes: Buffer): void {
    this.#batch.put(key, bytes);
    this.#batchBytes += key.length + bytes.length;
  }

  async finish(head: SnapshotHead, revisionBump: number): Promise<Revision> {
    const revision = head.revision + revisionBump;
    if (revision >= REVISION_END) throw new StoreError('FutureRevision', `revision ${revision} is beyond the largest there may be`);
    const jump: LogRecord = {
      type: 'jump',
      key: '',
      modRevision: revision,
      sub: 0,
      createRevision: 0,
      version: 0,
      previous: undefined,
      value: NO_VALUE,
    };
    this.#put(logKey(jump), encodeRecord(jump));
    this.#put(STATE_KEY, encodeState({ revision, liveKeys: this.#liveKeys, checksum: this.#checksum }));
    this.#put(COMPACTION_KEY, encodeCompaction({ revision, finished: true }));
    this.#put(FORMAT_KEY, Buffer.from(String(FORMAT_VERSION)));
    await this.#batch.write(DURABLE);
    return revision;
  }
}

const inconsistent = (why: string): StoreError => new StoreError('Corrupt', `not a snapshot of a store: ${why}`);
