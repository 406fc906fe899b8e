import type { Logger } from '../../runtime/index.ts';
import {
  type KeyRange,
  type Operation,
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
import { Compactor } from './compactor.ts';
import { type Disk, diskError } from './disk.ts';
import { Reader } from './reader.ts';
import type { Committed } from './state.ts';
import { WatchHub } from './watch-hub.ts';
import { Writer } from './writer.ts';

/** The store on a key-value database: checks what it is given and hands it to the part that does it. */
export class LevelStore implements Store {
  readonly #disk: Disk;
  readonly #committed: Committed;
  readonly #logger: Logger;
  readonly #reader: Reader;
  readonly #hub: WatchHub;
  readonly #writer: Writer;
  readonly #compactor: Compactor;
  #closed: Promise<void> | undefined;

  constructor(disk: Disk, committed: Committed, logger: Logger) {
    this.#disk = disk;
    this.#committed = committed;
    this.#logger = logger;
    this.#reader = new Reader(disk.db, committed);
    this.#hub = new WatchHub(this.#reader, committed);
    this.#writer = new Writer({ db: disk.db, committed, reader: this.#reader, hub: this.#hub, logger });
    this.#compactor = new Compactor(disk, committed);
  }

  get revision(): Revision {
    return this.#committed.revision;
  }

  // biome-ignore lint/suspicious/useAwait: what is wrong with the arguments rejects, as the interface promises.
  async range(range: KeyRange, options?: RangeOptions): Promise<RangeResult> {
    this.#checkOpen();
    checkRange(range);
    checkRevision(options?.revision);
    return this.#reader.range(range, options);
  }

  // biome-ignore lint/suspicious/useAwait: what is wrong with the arguments rejects, as the interface promises.
  async txn(transaction: Transaction): Promise<TransactionResult> {
    this.#checkOpen();
    for (const { key } of transaction.compare) checkKey(key);
    for (const operation of transaction.success) checkOperation(operation);
    for (const operation of transaction.failure ?? []) checkOperation(operation);
    return this.#writer.submit(transaction);
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
    await this.#compactor.compact(revision);
  }

  readonly leases = {
    grant: () => notYet(),
    keepAlive: () => notYet(),
    revoke: () => notYet(),
    timeToLive: () => notYet(),
    list: () => notYet(),
  };

  snapshot(): AsyncIterable<Buffer> {
    throw new StoreError('Io', 'snapshots are not there yet');
  }

  hash(): Promise<StoreHash> {
    return notYet();
  }

  async defragment(): Promise<void> {
    this.#checkOpen();
    await this.#disk.reclaim('', '\x7f');
  }

  /** Takes up, in the background, a compaction that was cut off. */
  resumeCompaction(): void {
    this.#compactor.resume().catch((error: unknown) => {
      if (this.#closed === undefined) this.#logger.error({ err: error }, 'a compaction that was cut off could not be taken up');
    });
  }

  async status(): Promise<StoreStatus> {
    this.#checkOpen();
    const { revision, compactRevision } = this.#committed;
    const sizeBytes = await this.#disk.sizeBytes().catch((error: unknown) => {
      throw diskError(error, 'measuring the store');
    });
    return { revision, compactRevision, sizeBytes, sizeInUseBytes: sizeBytes };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#writer.drain();
    this.#hub.close();
    await this.#compactor.stop();
    await this.#reader.idle();
    await this.#disk.db.close();
    await this.#disk.release();
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new StoreError('Closed', 'the store is closed');
  }
}

function checkOperation(operation: Operation): void {
  if (operation.op === 'put') {
    checkKey(operation.key);
    return;
  }
  if (operation.op === 'txn') throw new TypeError('nested transactions are not there yet');
  checkRange(operation.range);
  if (operation.op === 'range') checkRevision(operation.options?.revision);
}

const notYet = () => Promise.reject(new StoreError('Io', 'not there yet'));

/** What a key may not hold: NUL ends it on the disk, and surrogates sort differently there. */
const NOT_IN_KEY = /[\0\ud800-\udfff]/;

function checkKey(key: string): void {
  if (key === '' || NOT_IN_KEY.test(key)) throw new TypeError(`not a key of the store: ${JSON.stringify(key)}`);
}

function checkRange({ key, end }: KeyRange): void {
  if (end === undefined) checkKey(key);
  else if (NOT_IN_KEY.test(key)) throw new TypeError(`not a key of the store: ${JSON.stringify(key)}`);
}

function checkRevision(revision: Revision | undefined): void {
  if (revision !== undefined && !(Number.isSafeInteger(revision) && revision > 0)) throw new TypeError(`not a revision: ${revision}`);
}
