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
import { type Revision, StoreError } from '../store.ts';
import { Commit } from './commit.ts';
import { type Batch, type Disk, DURABLE, diskError } from './disk.ts';
import { type Change, Draft } from './draft.ts';
import {
  encodeLease,
  encodeLive,
  encodePast,
  encodeRecord,
  encodeState,
  leaseKey,
  liveKey,
  logKey,
  pastKey,
  STATE_KEY,
  valueIn,
} from './log-codec.ts';
import type { Reader } from './reader.ts';
import type { Committed } from './state.ts';
import type { WatchHub } from './watch-hub.ts';

/** Bytes of records in one synced batch, at most (one transaction always fits). */
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** Transactions in one synced batch, at most. */
const BATCH_TRANSACTIONS_MAX = 2000;
/** Bytes that may wait to be written; more is refused with `Busy`. */
const QUEUE_BYTES_MAX = 256 * 1024 * 1024;

/** A piece of work: all that it changes is in one transaction. */
export interface Work<T> {
  /** What it adds to the queue and to the batch, more or less. */
  readonly bytes: number;
  /**
   * Does it.
   *
   * @returns its answer, to be given once the draft is durable.
   * @throws when it cannot be done; it has then changed nothing.
   */
  evaluate(draft: Draft): Promise<T>;
}

interface Queued {
  readonly bytes: number;
  /** Does the work. @returns what gives its answer. */
  evaluate(draft: Draft): Answer;
  readonly reject: (error: Error) => void;
}

interface Answer {
  give(): void;
  refuse(error: Error): void;
}

export interface WriterParts {
  readonly disk: Disk;
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

  submit<T>(work: Work<T>): Promise<T> {
    const { bytes } = work;
    if (this.#queueBytes + bytes > QUEUE_BYTES_MAX) {
      throw new StoreError('Busy', `${this.#queueBytes} bytes already wait to be written`);
    }
    return new Promise((resolve, reject) => {
      const evaluate = (draft: Draft): Answer => {
        const result = work.evaluate(draft);
        const refuse = (error: Error) => {
          // Why its values could not be read is of no interest any more.
          result.catch(() => error);
          reject(error);
        };
        return { give: () => resolve(result), refuse };
      };
      this.#queue.push({ bytes, evaluate, reject });
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
      if (!draft.empty) await this.#write(draft);
    } catch (error) {
      const failure = diskError(error, 'writing to the store');
      this.#failure = failure;
      this.#parts.logger.error({ err: failure, code: failure.code }, 'the store cannot write any more');
      for (const answer of answers) answer.refuse(failure);
      return;
    }
    for (const answer of answers) answer.give();
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
        answers.push(queued.evaluate(draft));
      } catch (error) {
        queued.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
    this.#queue = this.#queue.slice(taken);
    return answers;
  }

  async #write(draft: Draft): Promise<void> {
    const { disk, committed, reader, hub } = this.#parts;
    const first: Revision = committed.revision + 1;
    const batch = disk.db.batch();
    const values = draft.changes.map((change) => addChange(batch, change));
    for (const [id, lease] of draft.leases) {
      if (lease) batch.put(leaseKey(id), encodeLease(lease));
      else batch.del(leaseKey(id));
    }
    batch.put(STATE_KEY, encodeState({ revision: draft.revision, liveKeys: draft.liveKeys, checksum: draft.checksum }));
    await batch.write(DURABLE);
    advance(committed, draft);
    disk.acknowledge(committed);
    if (draft.changes.length > 0) hub.publish(new Commit(first, draft, reader));
    for (const [at, { before, after }] of draft.changes.entries()) {
      // The watchers have asked for what they want of it; it may be of the same batch.
      if (before) reader.forget(before);
      const value = values[at];
      if (after && value) reader.remember(after, value);
    }
  }
}

/** Moves the committed state on to what has been written. */
function advance(committed: Committed, draft: Draft): void {
  const { index, leases } = committed;
  for (const lease of draft.leases.values()) if (lease) leases.set(lease.id, { ...lease, keys: new Set(), endsAtMs: undefined });
  for (const { record, before, after } of draft.changes) {
    if (after) index.set(after);
    else index.delete(record.key);
    if (before?.lease === after?.lease) continue;
    if (before?.lease !== undefined) leases.get(before.lease)?.keys.delete(record.key);
    if (after?.lease !== undefined) leases.get(after.lease)?.keys.add(record.key);
  }
  for (const [id, lease] of draft.leases) if (!lease) leases.delete(id);
  committed.checksum = draft.checksum;
  committed.revision = draft.revision;
}

/** @returns the value, in the bytes that were written. */
function addChange(batch: Batch, { record, before, after }: Change): Buffer {
  const bytes = encodeRecord(record);
  batch.put(logKey(record), bytes);
  if (before) batch.put(pastKey(before), encodePast(before, record, after === undefined));
  if (after) batch.put(liveKey(record.key), encodeLive(after));
  else batch.del(liveKey(record.key));
  return valueIn(bytes, record.value.length);
}

const endOfTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
