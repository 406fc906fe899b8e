import type { Clock, Logger } from '../../runtime/index.ts';
import { checkRange, checkRevision, checkTransaction } from '../request-checks.ts';
import { encodeSnapshot, hashState } from '../snapshot-codec.ts';
import {
  type KeyRange,
  type Leases,
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
import { Lessor } from './lessor.ts';
import { Reader } from './reader.ts';
import type { Committed } from './state.ts';
import { evaluate } from './transaction.ts';
import { bytesOf, checkDistinct } from './transaction-checks.ts';
import { WatchHub } from './watch-hub.ts';
import { Writer } from './writer.ts';

/** Before, and behind, every key on the disk. */
const FIRST_KEY = '';
const LAST_KEY = '\x7f';

/** What a store runs on beside its disk. */
export interface StoreEnvironment {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The store on a key-value database: checks what it is given and hands it to the part that does it. */
export class LevelStore implements Store {
  readonly #disk: Disk;
  readonly #committed: Committed;
  readonly #logger: Logger;
  readonly #reader: Reader;
  readonly #hub: WatchHub;
  readonly #writer: Writer;
  readonly #compactor: Compactor;
  readonly #lessor: Lessor;
  #closed: Promise<void> | undefined;

  constructor(disk: Disk, committed: Committed, { logger, clock }: StoreEnvironment) {
    this.#disk = disk;
    this.#committed = committed;
    this.#logger = logger;
    this.#reader = new Reader(disk.db, committed);
    this.#hub = new WatchHub(this.#reader, committed);
    this.#writer = new Writer({ disk, committed, reader: this.#reader, hub: this.#hub, logger });
    this.#compactor = new Compactor(disk, committed);
    this.#lessor = new Lessor({ committed, writer: this.#writer, clock, logger, checkOpen: () => this.#checkOpen() });
  }

  get revision(): Revision {
    return this.#committed.revision;
  }

  newestRevision(): Revision {
    return this.#committed.revision;
  }

  get leases(): Leases {
    return this.#lessor;
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
    const { success, failure = [] } = transaction;
    checkTransaction(transaction);
    checkDistinct(success);
    checkDistinct(failure);
    const bytes = bytesOf(success) + bytesOf(failure);
    return this.#writer.submit({ bytes, evaluate: (draft) => evaluate(transaction, draft, this.#reader) });
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

  async *snapshot(): AsyncGenerator<Buffer> {
    this.#checkOpen();
    const { revision, compactRevision, leases } = this.#committed;
    const held = [...leases.values()].map(({ id, ttlSeconds }) => ({ id, ttlSeconds }));
    // Nothing waits before the first page is asked for: its view is taken in this turn, and is of this revision.
    yield* encodeSnapshot({ revision, compactRevision, leases: held, pages: this.#reader.pages(revision) });
  }

  // biome-ignore lint/suspicious/useAwait: what is wrong with the arguments rejects, as the interface promises.
  async hash(revision: Revision = this.revision): Promise<StoreHash> {
    this.#checkOpen();
    checkRevision(revision);
    this.#reader.checkRevision(revision);
    return hashState({ revision, compactRevision: this.#committed.compactRevision }, this.#reader.pages(revision));
  }

  async defragment(): Promise<void> {
    this.#checkOpen();
    await this.#disk.reclaim(FIRST_KEY, LAST_KEY).catch((error: unknown) => {
      throw diskError(error, 'giving space back');
    });
  }

  /** Begins to watch over the leases. */
  startLeases(): void {
    this.#lessor.start();
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
    const size = await this.#disk.size().catch((error: unknown) => {
      throw diskError(error, 'measuring the store');
    });
    return { revision, compactRevision, ...size };
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#lessor.stop();
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
