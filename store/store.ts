/**
 * The store: etcd v3's model on bytes. One revision counter for the whole store; every transaction that changes something takes one
 * revision. The store knows no kind. Drivers: LevelDB (`level/`), in memory (the same code on memory-level).
 */

/** A store revision: an empty store is at 1, each changing transaction takes the next one (below 2^48). */
export type Revision = number;

/** A key with what is known of it at some revision. */
export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** 1 at creation, one more per put. */
  readonly version: number;
}

/**
 * Keys from `key` up to but not including `end`; without `end` just `key`. A key is a non-empty string without NUL and without surrogates
 * (so that its order by UTF-16 units is its order by UTF-8 bytes too).
 */
export interface KeyRange {
  readonly key: string;
  readonly end?: string | undefined;
}

/** The range of every key that begins with `prefix`. */
export function prefixRange(prefix: string): KeyRange {
  const last = prefix.length - 1;
  return { key: prefix, end: prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1) };
}

/** Whether a key is in a range. */
export function inRange(key: string, range: KeyRange): boolean {
  return range.end === undefined ? key === range.key : key >= range.key && key < range.end;
}

export interface RangeOptions {
  /** Read as of this revision; default the newest. */
  readonly revision?: Revision | undefined;
  /** At most so many keys; 0 or absent for all. */
  readonly limit?: number | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
}

export interface RangeResult {
  /** The store's revision when the range was read: the newest, whatever was asked for. */
  readonly revision: Revision;
  readonly kvs: readonly KeyValue[];
  /** How many keys the range holds, whatever the limit. */
  readonly count: number;
  readonly more: boolean;
}

/** A condition of a transaction. An absent key has revision 0 and version 0. */
export type Compare = { readonly key: string } & (
  | { readonly target: 'mod' | 'create' | 'version'; readonly is: '=' | '!=' | '<' | '>'; readonly than: number }
  | { readonly target: 'value'; readonly is: '=' | '!=' | '<' | '>'; readonly than: Buffer }
);

export type Operation =
  | { readonly op: 'put'; readonly key: string; readonly value: Buffer; readonly prevKv?: boolean | undefined }
  | { readonly op: 'delete'; readonly range: KeyRange; readonly prevKv?: boolean | undefined }
  | { readonly op: 'range'; readonly range: KeyRange; readonly options?: RangeOptions | undefined };

export type OperationResult =
  | { readonly op: 'put'; readonly prev?: KeyValue | undefined }
  | { readonly op: 'delete'; readonly deleted: number; readonly prev?: readonly KeyValue[] | undefined }
  | ({ readonly op: 'range' } & RangeResult);

export interface Transaction {
  /** All must hold for `success`; otherwise `failure` is done. Empty always holds. */
  readonly compare: readonly Compare[];
  readonly success: readonly Operation[];
  readonly failure?: readonly Operation[] | undefined;
}

export interface TransactionResult {
  /** Whether the comparisons held. */
  readonly succeeded: boolean;
  /** The store's revision after the transaction. */
  readonly revision: Revision;
  readonly results: readonly OperationResult[];
}

/** A change as a watcher is told of it. For a delete, `kv` has the key, the revision of the delete as modRevision, and an empty value. */
export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly kv: KeyValue;
  /** The key's state before the change, when asked for and there was one. */
  readonly prev?: KeyValue | undefined;
}

/** What a watcher is given: all events of one or more whole revisions, or the word that there were none up to a revision. */
export type WatchBatch =
  | { readonly type: 'events'; readonly revision: Revision; readonly events: readonly StoreEvent[] }
  | { readonly type: 'progress'; readonly revision: Revision };

export interface WatchOptions {
  /** First revision to be told of; default the next one. */
  readonly fromRevision?: Revision | undefined;
  readonly prevKv?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that may wait for a slow watcher before it is dropped with `WatcherTooSlow`. */
  readonly backlogBytesMax?: number | undefined;
}

/**
 * A watcher is called in revision order, with no gap and no duplicate, after the commit and never from inside `txn`; by the time a
 * transaction resolves, the live watchers that keep up have been told of it. A watcher that needs time returns a promise: the next batch
 * waits for it, and what waits is counted against the backlog. What `onBatch` throws ends the watch. `onEnd` is called once: without an
 * error when the watch was aborted or the store closed, else with the reason (compacted, too slow).
 */
export interface Watcher {
  onBatch(batch: WatchBatch): void | Promise<void>;
  onEnd(error?: Error): void;
}

export interface StoreWatch extends Disposable {
  /** Asks for a progress batch once everything up to the store's current revision has been delivered. */
  requestProgress(): void;
}

export interface StoreStatus {
  readonly revision: Revision;
  readonly compactRevision: Revision;
  /** Bytes on disk. */
  readonly sizeBytes: number;
}

/** The store, whatever the driver. Every method rejects with a `StoreError` whose `code` is stable. */
export interface Store {
  /** The newest committed revision. */
  readonly revision: Revision;
  range(range: KeyRange, options?: RangeOptions): Promise<RangeResult>;
  /** Atomic. Resolves once what it wrote is durable. */
  txn(transaction: Transaction): Promise<TransactionResult>;
  watch(range: KeyRange, options: WatchOptions, watcher: Watcher): StoreWatch;
  /** Forgets all revisions before `revision` (the state at it stays readable). */
  compact(revision: Revision): Promise<void>;
  status(): Promise<StoreStatus>;
  close(): Promise<void>;
}

/** Stable codes of the store's errors. */
export type StoreErrorCode =
  | 'Compacted'
  | 'FutureRevision'
  | 'Closed'
  | 'NoSpace'
  | 'Io'
  | 'Busy'
  | 'Locked'
  | 'Corrupt'
  | 'WatcherTooSlow'
  | 'ValueTooLarge'
  | 'DuplicateKey'
  | 'FormatVersion';

/** An error of the store; test `code`, never the text. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}
