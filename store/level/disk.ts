import type { AbstractChainedBatch, AbstractChainedBatchWriteOptions, AbstractLevel, AbstractSnapshot } from 'abstract-level';
import { StoreError, type StoreErrorCode } from '../store.ts';
import type { Acknowledged } from './witness.ts';

export type Database = AbstractLevel<string | Buffer | Uint8Array, string, Buffer>;
export type Batch = AbstractChainedBatch<Database, string, Buffer>;

export interface DiskSize {
  readonly sizeBytes: number;
  readonly sizeInUseBytes: number;
}

/** A key-value database and what only its driver can do. */
export interface Disk {
  readonly db: Database;
  /** What had been acknowledged before it was opened; undefined when that is not known. */
  readonly acknowledged: Acknowledged | undefined;
  /** Notes what is durable, before that is answered. */
  acknowledge(state: Acknowledged): void;
  /** Bytes taken, and those of them that are in use, more or less. */
  size(): Promise<DiskSize>;
  /** Bytes taken by what is between two keys, more or less. */
  approximateBytes(from: string, to: string): Promise<number>;
  /** Moves what is held in memory (and in the write-ahead log) to sorted files. */
  flush(): Promise<void>;
  /** Gives back the space of what was deleted between two keys. */
  reclaim(from: string, to: string): Promise<void>;
  /** Called once the database is closed. */
  release(): Promise<void>;
}

/**
 * The one place where durability is chosen. Commits are synced: they are answered. What a crash may undo without harm (the deletions of a
 * compaction, which is then taken up again) is not: LevelDB's log is sequential, so that it never survives without what was written before.
 */
export const DURABLE: AbstractChainedBatchWriteOptions & { readonly sync: boolean } = { sync: true };
export const REPEATABLE: AbstractChainedBatchWriteOptions & { readonly sync: boolean } = { sync: false };

/** Bytes fetched at once, at most (one entry always is). */
const FETCH_BYTES_MAX = 1 << 20;
/** Entries fetched at once, at most. */
export const FETCH_ENTRIES_MAX = 1000;

/** What to go through: from `gte` up to `lt`, as of a snapshot or of now. */
export interface Scan {
  readonly gte: string;
  readonly lt: string;
  readonly reverse?: boolean;
  readonly snapshot?: AbstractSnapshot;
  readonly entriesMax?: number;
}

/** Goes through entries in order, some at a time. */
export async function* scan(db: Database, { entriesMax = FETCH_ENTRIES_MAX, ...bounds }: Scan): AsyncGenerator<[string, Buffer][]> {
  const options = { ...bounds, highWaterMarkBytes: FETCH_BYTES_MAX };
  await using iterator = db.iterator(options);
  for (;;) {
    const entries = await iterator.nextv(entriesMax);
    if (entries.length === 0) return;
    yield entries;
  }
}

/** Turns what the database throws into the store's error. */
export function diskError(error: unknown, doing: string): StoreError {
  if (error instanceof StoreError) return error;
  const codes: string[] = [];
  const texts: string[] = [];
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') codes.push(e.code);
    texts.push(e.message);
  }
  const text = texts.at(-1) ?? String(error);
  return new StoreError(codeOf(codes, text), `${doing}: ${text}`, { cause: error });
}

function codeOf(codes: readonly string[], text: string): StoreErrorCode {
  if (codes.includes('LEVEL_LOCKED')) return 'Locked';
  if (codes.includes('LEVEL_CORRUPTION')) return 'Corrupt';
  if (codes.includes('ENOSPC') || /no space left|disk quota exceeded/i.test(text)) return 'NoSpace';
  if (/corruption/i.test(text)) return 'Corrupt';
  if (codes.includes('LEVEL_IO_ERROR')) return /no such file/i.test(text) ? 'Corrupt' : 'Io';
  if (codes.includes('LEVEL_DATABASE_NOT_OPEN') || codes.includes('LEVEL_ITERATOR_NOT_OPEN')) return 'Closed';
  if (codes.includes('LEVEL_SNAPSHOT_NOT_OPEN')) return 'Closed';
  return 'Io';
}
