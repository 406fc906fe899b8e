/**
 * The store on an etcd cluster.
 *
 * What differs from the embedded drivers, because others write to the cluster too and because it is on the other side of a network:
 * - `revision` is the newest this process has heard of; `newestRevision()` asks the cluster.
 * - A transaction may resolve before the watchers are told of it: they are told soon after. Who needs to know asks for progress, which comes when
 *   everything up to the newest revision heard of has been told.
 * - Transactions that run at the same time are done in any order.
 * - A write whose answer is lost rejects with `Unavailable`, and may or may not have been done.
 * - A snapshot, or a hash, whose revision is compacted by anybody while it is read ends with `Compacted`.
 */
import type { Clock, Logger, Random } from '../../runtime/index.ts';
import { checkRange, checkRevision, checkTransaction } from '../request-checks.ts';
import { KV_SERVICE, MAINTENANCE_SERVICE } from '../rpc/index.ts';
import { encodeSnapshot, hashState } from '../snapshot-codec.ts';
import {
  type KeyRange,
  type KeyValue,
  keyAfter,
  type Lease,
  type LeaseId,
  type RangeOptions,
  type RangeResult,
  type Revision,
  type Store,
  StoreError,
  type StoreHash,
  type StoreStatus,
  type StoreWatch,
  type Transaction,
  type TransactionResult,
  type Watcher,
  type WatchOptions,
} from '../store.ts';
import type { Cluster } from './cluster.ts';
import { CompactRevision } from './compact-revision.ts';
import { EtcdLeases } from './leases.ts';
import { NewestRevision } from './newest-revision.ts';
import type { Translator } from './translate.ts';
import { WatchHub } from './watch-hub.ts';

/** A page of a snapshot or a hash: the first has so many keys, the others as many as are likely to have so many bytes. */
const FIRST_PAGE_KEYS = 100;
const PAGE_KEYS_MAX = 5000;
const PAGE_BYTES = 1024 * 1024;
/** Every key of a store. */
const ALL_KEYS: KeyRange = { key: '', end: '\uffff' };
/** Maintenance that goes through a whole database. */
const MAINTENANCE_MS = 10 * 60_000;
/** Leases asked about at the same time. */
const LEASES_AT_ONCE = 32;
/** Tries to find the leases of one moment. */
const LEASE_LISTS_MAX = 20;

export interface EtcdStoreParts {
  readonly cluster: Cluster;
  readonly translator: Translator;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export class EtcdStore implements Store {
  readonly leases: EtcdLeases;
  readonly #cluster: Cluster;
  readonly #translator: Translator;
  readonly #hub: WatchHub;
  readonly #newest: NewestRevision;
  readonly #compacted: CompactRevision;
  #revision: Revision = 1;
  #closed: Promise<void> | undefined;

  constructor(parts: EtcdStoreParts) {
    const { cluster, translator } = parts;
    const heard = (revision: Revision) => this.#hear(revision);
    this.#cluster = cluster;
    this.#translator = translator;
    this.#newest = new NewestRevision(cluster, translator);
    this.#compacted = new CompactRevision(cluster, translator);
    this.#hub = new WatchHub({ ...parts, newest: () => this.#revision, heard });
    this.leases = new EtcdLeases({ ...parts, heard });
  }

  get revision(): Revision {
    return this.#revision;
  }

  async newestRevision(): Promise<Revision> {
    const revision = await this.#newest.ask();
    this.#hear(revision);
    return this.#revision;
  }

  /** Resolves when the cluster has answered; every member is tried once. */
  async reach(): Promise<void> {
    this.#hear(await this.#newest.ask({ once: true }));
  }

  async range(range: KeyRange, options?: RangeOptions): Promise<RangeResult> {
    this.#checkOpen();
    checkRange(range);
    checkRevision(options?.revision);
    const response = await this.#cluster.read(KV_SERVICE.range, this.#translator.rangeRequest(range, options));
    const revision = response.header?.revision ?? 0;
    this.#hear(revision);
    return this.#translator.rangeResult(response, revision);
  }

  async txn(transaction: Transaction): Promise<TransactionResult> {
    this.#checkOpen();
    checkTransaction(transaction);
    const request = this.#translator.txnRequest(transaction);
    const response = await this.#cluster[isRead(transaction) ? 'read' : 'write'](KV_SERVICE.txn, request);
    const revision = response.header?.revision ?? 0;
    this.#hear(revision);
    return this.#translator.txnResult(transaction, response, revision);
  }

  watch(range: KeyRange, options: WatchOptions, watcher: Watcher): StoreWatch {
    this.#checkOpen();
    checkRange(range);
    checkRevision(options.fromRevision);
    return this.#hub.watch(range, options, watcher);
  }

  async compact(revision: Revision): Promise<void> {
    this.#checkOpen();
    checkRevision(revision);
    await this.#cluster.write(KV_SERVICE.compact, { revision });
    this.#compacted.atLeast(revision);
  }

  async *snapshot(): AsyncGenerator<Buffer> {
    this.#checkOpen();
    const { revision, leases } = await this.#leasesNow();
    const compactRevision = await this.#compacted.find(revision);
    yield* encodeSnapshot({ revision, compactRevision, leases, pages: this.#pages(revision, new Set(leases.map(({ id }) => id))) });
  }

  async hash(asked?: Revision): Promise<StoreHash> {
    this.#checkOpen();
    checkRevision(asked);
    const revision = asked ?? (await this.newestRevision());
    const compactRevision = await this.#compacted.find(await this.newestRevision());
    return hashState({ revision, compactRevision }, this.#pages(revision));
  }

  async status(): Promise<StoreStatus> {
    this.#checkOpen();
    const revision = await this.newestRevision();
    const compactRevision = await this.#compacted.find(revision);
    const { dbSize, dbSizeInUse } = await this.#cluster.read(MAINTENANCE_SERVICE.status, {});
    return { revision, compactRevision, sizeBytes: dbSize, sizeInUseBytes: dbSizeInUse };
  }

  /** One member after the other: a member does nothing else meanwhile. */
  async defragment(): Promise<void> {
    this.#checkOpen();
    for (const endpoint of this.#cluster.endpoints) {
      await this.#cluster.ask(endpoint, MAINTENANCE_SERVICE.defragment, {}, { timeoutMs: MAINTENANCE_MS });
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Closes it without waiting for anything. */
  abandon(): void {
    this.#closed = Promise.resolve();
    this.#cluster.drain().catch(() => undefined);
    this.#cluster.close();
  }

  async #close(): Promise<void> {
    await Promise.all([this.#cluster.drain(), this.leases.close()]);
    this.#hub.close();
    this.#cluster.close();
  }

  #hear(revision: Revision): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new StoreError('Closed', 'the store is closed');
  }

  /** Everything at a revision, some keys at a time. @param leases all there may be; any when absent. */
  async *#pages(revision: Revision, leases?: ReadonlySet<LeaseId>): AsyncGenerator<readonly KeyValue[]> {
    let limit = FIRST_PAGE_KEYS;
    for (let key: string | undefined = ALL_KEYS.key; key !== undefined; ) {
      const { kvs, more }: RangeResult = await this.range({ ...ALL_KEYS, key }, { revision, limit });
      limit = nextLimit(kvs);
      const stray = leases && kvs.find(({ lease }) => lease !== undefined && !leases.has(lease));
      if (stray) throw new StoreError('Unavailable', `lease ${stray.lease} came and went while the snapshot was begun: try again`);
      yield kvs;
      key = more ? keyAfter(kvs.at(-1)?.key ?? '') : undefined;
    }
  }

  /**
   * A revision with the leases that were there at it: etcd lists leases as they are now only, so they are listed before and after until they are the
   * same.
   */
  async #leasesNow(): Promise<{ readonly revision: Revision; readonly leases: readonly Lease[] }> {
    let before: readonly LeaseId[] = await this.leases.list();
    for (let tries = 0; tries < LEASE_LISTS_MAX; tries++) {
      const revision = await this.newestRevision();
      const leases = await this.#describe(await this.leases.list());
      if (leases && leases.length === before.length && leases.every(({ id }, at) => id === before[at])) return { revision, leases };
      before = await this.leases.list();
    }
    throw new StoreError('Unavailable', 'leases come and go too fast for a snapshot: try again');
  }

  /** Undefined when one has gone. */
  async #describe(ids: readonly LeaseId[]): Promise<readonly Lease[] | undefined> {
    const leases: Lease[] = [];
    for (let at = 0; at < ids.length; at += LEASES_AT_ONCE) {
      const states = await Promise.allSettled(ids.slice(at, at + LEASES_AT_ONCE).map((id) => this.leases.timeToLive(id)));
      for (const state of states) {
        if (state.status === 'fulfilled') leases.push({ id: state.value.id, ttlSeconds: state.value.ttlSeconds });
        else if (state.reason instanceof StoreError && state.reason.code === 'LeaseNotFound') return undefined;
        else throw state.reason;
      }
    }
    return leases;
  }
}

function nextLimit(kvs: readonly KeyValue[]): number {
  const bytes = kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 1);
  return Math.max(1, Math.min(PAGE_KEYS_MAX, Math.floor((PAGE_BYTES * kvs.length) / bytes)));
}

/** Whether nothing in a transaction changes anything, so that it may be tried again. */
function isRead({ success, failure = [] }: Transaction): boolean {
  return [...success, ...failure].every((operation) => operation.op === 'range' || (operation.op === 'txn' && isRead(operation)));
}
