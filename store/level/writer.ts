/**
 * The writer: one queue, one commit at a time.
 *
 * ```
 *   txn ──► queue ──► draft: evaluated in order ──► one LevelDB batch, synced ──► committed state moves ──► watchers ──► answers
 *             ▲                                          │
 *             └──────── the next transactions gather here while the sync is under way (group commit) ◄──┘
 * ```
 *
 * Invariants:
 * 1. A transaction is evaluated on the committed state plus the drafts before it in the same batch; batches never overlap.
 * 2. Nothing is answered, and no watcher told, before the batch it depends on is durable; that goes for refusals and reads too.
 * 3. The committed revision, the index and the watchers move in one turn.
 * 4. Once a batch has failed, nobody knows what is on the disk: nothing more is written until the store is opened again.
 */
import type { Logger } from '../../runtime/index.ts';
import { type Revision, StoreError, type Transaction, type TransactionResult } from '../store.ts';
import { Commit } from './commit.ts';
import { type Batch, type Database, DURABLE, diskError } from './disk.ts';
import { type Change, Draft } from './draft.ts';
import { encodeLive, encodePast, encodeRecord, encodeState, liveKey, logKey, pastKey, STATE_KEY } from './log-codec.ts';
import type { Reader } from './reader.ts';
import type { Committed } from './state.ts';
import { bytesOf, checkDistinct, evaluate } from './transaction.ts';
import type { WatchHub } from './watch-hub.ts';

/** Bytes of records in one synced batch, at most (one transaction always fits). */
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** Transactions in one synced batch, at most. */
const BATCH_TRANSACTIONS_MAX = 2000;
/** Bytes that may wait to be written; more is refused with `Busy`. */
const QUEUE_BYTES_MAX = 256 * 1024 * 1024;

interface Queued {
  readonly transaction: Transaction;
  readonly bytes: number;
  readonly resolve: (result: TransactionResult | Promise<TransactionResult>) => void;
  readonly reject: (error: Error) => void;
}

interface Answer {
  readonly to: Queued;
  readonly result: Promise<TransactionResult>;
}

export interface WriterParts {
  readonly db: Database;
  readonly committed: Committed;
  readonly reader: Reader;
  readonly hub: WatchHub;
  readonly logger: Logger;
}

export class Writer {
  readonly #parts: WriterParts;
  #queue: Queued[] = [];
  #queueBytes = 0;
  #running: Promise<void> | undefined;
  #failure: StoreError | undefined;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  submit(transaction: Transaction): Promise<TransactionResult> {
    const { success, failure = [] } = transaction;
    checkDistinct(success);
    checkDistinct(failure);
    const bytes = bytesOf(success) + bytesOf(failure);
    if (this.#queueBytes + bytes > QUEUE_BYTES_MAX) {
      throw new StoreError('Busy', `${this.#queueBytes} bytes already wait to be written`);
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ transaction, bytes, resolve, reject });
      this.#queueBytes += bytes;
      this.#running ??= this.#run();
    });
  }

  /** Resolves once everything that was submitted is answered. */
  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // At the end of the turn, so that what arrives in it goes together; the same after each commit, for those it has answered.
    await endOfTurn();
    while (this.#queue.length > 0) {
      await this.#commitNext();
      await endOfTurn();
    }
    // In the turn of the last look at the queue: whoever comes later starts a new run.
    this.#running = undefined;
  }

  async #commitNext(): Promise<void> {
    const draft = new Draft(this.#parts.committed);
    const answers = this.#evaluateQueued(draft);
    try {
      if (draft.changes.length > 0) await this.#write(draft);
    } catch (error) {
      const failure = diskError(error, 'writing to the store');
      this.#failure = failure;
      this.#parts.logger.error({ err: failure, code: failure.code }, 'the store cannot write any more');
      for (const { to, result } of answers) {
        // Why its values could not be read is of no interest any more.
        result.catch(() => failure);
        to.reject(failure);
      }
      return;
    }
    for (const { to, result } of answers) to.resolve(result);
  }

  #evaluateQueued(draft: Draft): Answer[] {
    const answers: Answer[] = [];
    let taken = 0;
    for (const queued of this.#queue) {
      if (taken >= BATCH_TRANSACTIONS_MAX || (taken > 0 && draft.bytes + queued.bytes > BATCH_BYTES_MAX)) break;
      taken++;
      this.#queueBytes -= queued.bytes;
      try {
        if (this.#failure) throw this.#failure;
        answers.push({ to: queued, result: evaluate(queued.transaction, draft, this.#parts.reader) });
      } catch (error) {
        queued.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#queue = this.#queue.slice(taken);
    return answers;
  }

  async #write(draft: Draft): Promise<void> {
    const { db, committed, reader, hub } = this.#parts;
    const first: Revision = committed.revision + 1;
    const batch = db.batch();
    for (const change of draft.changes) addChange(batch, change);
    batch.put(STATE_KEY, encodeState({ revision: draft.revision, liveKeys: draft.liveKeys, checksum: draft.checksum }));
    await batch.write(DURABLE);
    for (const { record, after } of draft.changes) {
      if (after) committed.index.set(after);
      else committed.index.delete(record.key);
    }
    committed.checksum = draft.checksum;
    committed.revision = draft.revision;
    hub.publish(new Commit(first, draft, reader));
  }
}

function addChange(batch: Batch, { record, before, after }: Change): void {
  batch.put(logKey(record), encodeRecord(record));
  if (before) batch.put(pastKey(before), encodePast(before, record, after === undefined));
  if (after) batch.put(liveKey(record.key), encodeLive(after));
  else batch.del(liveKey(record.key));
}

const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
