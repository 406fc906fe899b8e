/**
 * The store: etcd v3's model on bytes. One revision counter for the whole store; every transaction that changes something takes one
 * revision. The store knows no kind. Drivers: LevelDB (`level/`), in memory (the same code on memory-level).
 */

/** A store revision: an empty store is at 1, each changing transaction takes the next one (below 2^48). */
export type Revision = number;

/** A lease's name: above 0, below 2^63. */
export type LeaseId = bigint;

/** A key with what is known of it at some revision. */
export interface KeyValue {
  readonly key: string;
  readonly value: Buffer;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** 1 at creation, one more per put. */
  readonly version: number;
  /** The lease that the key goes away with; absent when there is none. */
  readonly lease?: LeaseId | undefined;
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

/** The first key that can come after one: where the next page of a range begins. */
export const keyAfter = (key: string): string => `${key}\u0001`;

/** Whether a key is in a range. */
export function inRange(key: string, range: KeyRange): boolean {
  return range.end === undefined ? key === range.key : key >= range.key && key < range.end;
}

/** An order other than by key. Among equals it is any. */
export interface RangeSort {
  readonly by: 'key' | 'version' | 'create' | 'mod' | 'value';
  readonly descending?: boolean | undefined;
}

export interface RangeOptions {
  /** Read as of this revision; default the newest. */
  readonly revision?: Revision | undefined;
  /** At most so many keys; 0 or absent for all. */
  readonly limit?: number | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
  /** Default by key, ascending. The limit is cut after sorting. */
  readonly sort?: RangeSort | undefined;
  /** Only keys whose revisions are in these bounds (inclusive); `count` still counts the whole range, as etcd's does. */
  readonly modRevisionMin?: Revision | undefined;
  readonly modRevisionMax?: Revision | undefined;
  readonly createRevisionMin?: Revision | undefined;
  readonly createRevisionMax?: Revision | undefined;
}

export interface RangeResult {
  /** The store's revision when the range was read: the newest, whatever was asked for. */
  readonly revision: Revision;
  readonly kvs: readonly KeyValue[];
  /** How many keys the range holds, whatever the limit. */
  readonly count: number;
  readonly more: boolean;
}

/**
 * A condition of a transaction, on a key or (with `end`) on every key of a range. An absent key has revision 0, version 0 and lease 0, and
 * nothing holds of its value; so has a range without keys.
 */
export type Compare = KeyRange & { readonly is: '=' | '!=' | '<' | '>' } & (
    | { readonly target: 'mod' | 'create' | 'version'; readonly than: number }
    | { readonly target: 'value'; readonly than: Buffer }
    | { readonly target: 'lease'; readonly than: bigint }
  );

export interface Put {
  readonly op: 'put';
  readonly key: string;
  readonly value: Buffer;
  readonly prevKv?: boolean | undefined;
  /** Attaches the key to a lease, which must be there (`LeaseNotFound`); without it the key loses the lease it had. */
  readonly lease?: LeaseId | undefined;
  /** Keeps the value that the key has (`value` is to be empty), or the lease: `KeyNotFound` when there is no such key. */
  readonly ignoreValue?: boolean | undefined;
  readonly ignoreLease?: boolean | undefined;
}

/**
 * An operation of a transaction. A transaction within one compares the state from before the outermost did anything, as in etcd, and its
 * changes belong to the one revision of it all.
 */
export type Operation =
  | Put
  | { readonly op: 'delete'; readonly range: KeyRange; readonly prevKv?: boolean | undefined }
  | { readonly op: 'range'; readonly range: KeyRange; readonly options?: RangeOptions | undefined }
  | ({ readonly op: 'txn' } & Transaction);

export type OperationResult =
  | { readonly op: 'put'; readonly prev?: KeyValue | undefined }
  | { readonly op: 'delete'; readonly deleted: number; readonly prev?: readonly KeyValue[] | undefined }
  | ({ readonly op: 'range' } & RangeResult)
  | ({ readonly op: 'txn' } & TransactionResult);

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
  /** Leaves out puts, or deletes. */
  readonly noPut?: boolean | undefined;
  readonly noDelete?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that may wait for a slow watcher before it is dropped with `WatcherTooSlow`. */
  readonly backlogBytesMax?: number | undefined;
}

/**
 * A watcher is called in revision order, with no gap and no duplicate, after the commit and never from inside `txn`; by the time a
 * transaction resolves, the live watchers that keep up have been told of it (on etcd: soon after). A watcher that needs time returns a promise: the next batch
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
  /** Of these, the bytes that are not just waiting to be given back, more or less. */
  readonly sizeInUseBytes: number;
}

/** What the store holds at a revision, in a few bytes: equal wherever the same transactions were done, whatever the driver. */
export interface StoreHash {
  readonly revision: Revision;
  readonly compactRevision: Revision;
  /** SHA-256. */
  readonly digest: Buffer;
}

export interface Lease {
  readonly id: LeaseId;
  /** How long it is granted for: more than was asked for, when that was less than the store's shortest. */
  readonly ttlSeconds: number;
}

export interface LeaseRequest {
  readonly ttlSeconds: number;
  /** Default one of the store's choice. */
  readonly id?: LeaseId | undefined;
}

export interface LeaseState extends Lease {
  /** Whole seconds left. */
  readonly remainingSeconds: number;
  /** The keys attached, in order; only when asked for. */
  readonly keys?: readonly string[] | undefined;
}

/**
 * Leases: when one runs out, or is revoked, the keys attached to it are deleted in one revision. A lease outlives the process that keeps the
 * store, and has its full time again after a restart. All but `grant` and `list` reject with `LeaseNotFound` when there is no such lease.
 */
export interface Leases {
  /** Rejects with `LeaseExists` when the id is taken, `LeaseTtlTooLarge` above 9,000,000,000 s. */
  grant(request: LeaseRequest): Promise<Lease>;
  /** Gives it its full time again. */
  keepAlive(id: LeaseId): Promise<Lease>;
  /** Resolves with the store's revision after it: a new one when keys were deleted. */
  revoke(id: LeaseId): Promise<Revision>;
  timeToLive(id: LeaseId, options?: { readonly keys?: boolean | undefined }): Promise<LeaseState>;
  /** The ids, ascending. */
  list(): Promise<readonly LeaseId[]>;
}

/** The store, whatever the driver. Every method rejects with a `StoreError` whose `code` is stable. */
export interface Store {
  /** The newest revision that this process knows of. */
  readonly revision: Revision;
  /** The newest committed revision, whoever committed it: never older than what was acknowledged to anybody before the call. */
  newestRevision(): Revision | Promise<Revision>;
  range(range: KeyRange, options?: RangeOptions): Promise<RangeResult>;
  /** Atomic. Resolves once what it wrote is durable. */
  txn(transaction: Transaction): Promise<TransactionResult>;
  watch(range: KeyRange, options: WatchOptions, watcher: Watcher): StoreWatch;
  /** Forgets all revisions before `revision` (the state at it stays readable). */
  compact(revision: Revision): Promise<void>;
  readonly leases: Leases;
  /**
   * All keys and leases at the newest revision, in nanokube's snapshot format whatever the driver (`encodeSnapshot`). Writers go on meanwhile.
   * A reader that stops early ends it.
   */
  snapshot(): AsyncIterable<Buffer>;
  /** Of the state at a revision; default the newest. Rejects with `Compacted` and `FutureRevision` like a range. */
  hash(revision?: Revision): Promise<StoreHash>;
  status(): Promise<StoreStatus>;
  /** Gives back space that is not in use. */
  defragment(): Promise<void>;
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
  | 'Unavailable'
  | 'Locked'
  | 'Corrupt'
  | 'WatcherTooSlow'
  | 'ValueTooLarge'
  | 'DuplicateKey'
  | 'KeyNotFound'
  | 'InvalidKey'
  | 'LeaseNotFound'
  | 'LeaseExists'
  | 'LeaseTtlTooLarge'
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
