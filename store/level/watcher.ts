/**
 * One watch: first from the log, then live.
 *
 * ```
 *   catching-up --(next > committed revision)--> live
 *        |  \                                     |  \
 *        |   compacted, read error                |   too slow
 *        +--------------> ended <-----------------+       (also: aborted, store closed, onBatch threw)
 * ```
 *
 * Invariants:
 * 1. `#next` is the first revision not yet put in line for the watcher; everything below has been, once, in order.
 * 2. Going live happens in the same turn as the look at the committed revision, and commits are offered in the turn in which that revision
 *    moves: nothing falls between, nothing is given twice.
 * 3. While catching up nothing waits here: the next stretch of the log is read when the last one has been taken. Live, what waits is counted,
 *    and more than `backlogBytesMax` ends the watch.
 * 4. After `onEnd` the watcher is not called again.
 */
import {
  inRange,
  type KeyRange,
  type Revision,
  StoreError,
  type StoreEvent,
  type StoreWatch,
  type WatchBatch,
  type Watcher,
} from '../store.ts';
import { type Portion, tooSlow } from './commit.ts';
import type { Changed, Reader } from './reader.ts';
import type { Committed } from './state.ts';

/** Bytes that may wait for a watcher that says nothing else. */
export const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;

interface Waiting {
  readonly batch: WatchBatch | Promise<WatchBatch>;
  /** What it is of, up to this revision. */
  readonly last: Revision;
  bytes: number;
  taken: boolean;
}

/** What a watch is told of. */
export interface WatchedRange {
  readonly range: KeyRange;
  readonly noPut: boolean;
  readonly noDelete: boolean;
}

export const leavesOut = ({ noPut, noDelete }: WatchedRange, type: StoreEvent['type']): boolean => (type === 'put' ? noPut : noDelete);

export interface WatchRequest {
  readonly wanted: WatchedRange;
  readonly from: Revision;
  readonly prevKv: boolean;
  readonly backlogBytesMax: number;
  readonly watcher: Watcher;
}

export class LogWatch implements StoreWatch {
  readonly #request: WatchRequest;
  readonly #reader: Reader;
  readonly #committed: Committed;
  readonly #onEnded: (watch: LogWatch) => void;
  readonly #waiting: Waiting[] = [];
  #state: 'catching-up' | 'live' | 'ended' = 'catching-up';
  #next: Revision;
  #waitingBytes = 0;
  #given: Revision;
  #delivering = false;
  #progressAsked = false;

  constructor(request: WatchRequest, reader: Reader, committed: Committed, onEnded: (watch: LogWatch) => void) {
    this.#request = request;
    this.#reader = reader;
    this.#committed = committed;
    this.#onEnded = onEnded;
    this.#next = request.from;
    this.#given = request.from - 1;
  }

  get wanted(): WatchedRange {
    return this.#request.wanted;
  }

  get prevKv(): boolean {
    return this.#request.prevKv;
  }

  /** Begins; to be called in the turn in which the watch was entered with the hub. */
  start(): void {
    if (this.#next > this.#committed.revision) this.#state = 'live';
    else this.#catchUp().catch((error: unknown) => this.end(asError(error)));
  }

  async #catchUp(): Promise<void> {
    const { wanted, prevKv } = this.#request;
    const picked = {
      includes: ({ type, key }: Changed) => type !== 'jump' && inRange(key, wanted.range) && !leavesOut(wanted, type),
      prevKv,
    };
    // Let the caller have its handle before the first call.
    await Promise.resolve();
    while (this.#state === 'catching-up') {
      if (this.#next > this.#committed.revision) {
        this.#goLive();
        return;
      }
      if (this.#next < this.#committed.compactRevision) throw this.#compacted();
      const { events, next } = await this.#reader.slice(this.#next, picked);
      if (this.#state !== 'catching-up') return;
      this.#next = next;
      this.#given = next - 1;
      if (events.length > 0) await this.#request.watcher.onBatch({ type: 'events', revision: next - 1, events });
    }
  }

  #compacted(): StoreError {
    const { compactRevision } = this.#committed;
    return new StoreError('Compacted', `revision ${this.#next} has been compacted: the oldest is ${compactRevision}`);
  }

  #goLive(): void {
    this.#state = 'live';
    if (this.#progressAsked) this.requestProgress();
  }

  /** Tells a live watcher of a commit. One that has nothing for it need not be offered. */
  offer(portion: Portion): void {
    if (this.#state !== 'live') return;
    const own = portion.from(this.#next);
    if (!own) return;
    const { last } = own.commit;
    this.#next = last + 1;
    if (!this.prevKv) {
      this.#put({ batch: own.batch, bytes: own.bytes, last, taken: false });
      return;
    }
    const waiting: Waiting = { batch: own.withPrevious, bytes: own.bytes, last, taken: false };
    // A failure ends the watch when the batch's turn comes; a watch that has ended by then need not hear of it.
    own.withPrevious.then(
      () => this.#weighAgain(waiting, own),
      () => this.#state,
    );
    this.#put(waiting);
  }

  /** Once the states before are known, they count too. */
  #weighAgain(waiting: Waiting, { bytes }: Portion): void {
    if (waiting.taken) return;
    this.#waitingBytes += bytes - waiting.bytes;
    waiting.bytes = bytes;
    this.#checkBacklog();
  }

  requestProgress(): void {
    this.#progressAsked = this.#state === 'catching-up';
    if (this.#state === 'live') {
      const last = this.#committed.revision;
      this.#put({ batch: Promise.resolve({ type: 'progress', revision: last }), bytes: 0, last, taken: false });
    }
  }

  #put(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.bytes;
    if (this.#delivering) this.#checkBacklog();
    else this.#deliver();
  }

  #checkBacklog(): void {
    const { backlogBytesMax } = this.#request;
    if (this.#waitingBytes > backlogBytesMax) this.end(tooSlow(this.#waitingBytes, backlogBytesMax, this.#given));
  }

  /** Gives the watcher what waits, for as long as it takes it at once; goes on later when it takes its time. */
  #deliver(): void {
    this.#delivering = true;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.bytes;
      this.#given = next.last;
      next.taken = true;
      const taken = this.#give(next.batch);
      if (taken !== undefined) {
        taken.then(
          () => this.#deliver(),
          (error: unknown) => this.end(asError(error)),
        );
        return;
      }
    }
    this.#delivering = false;
  }

  #give(batch: Waiting['batch']): Promise<void> | undefined {
    try {
      if (batch instanceof Promise)
        return batch.then((ready) => (this.#state === 'ended' ? undefined : this.#request.watcher.onBatch(ready)));
      return this.#request.watcher.onBatch(batch) ?? undefined;
    } catch (error) {
      this.end(asError(error));
      return undefined;
    }
  }

  /** Ends the watch; without an error when that was asked for. */
  end(error?: Error): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#waiting.length = 0;
    this.#onEnded(this);
    try {
      this.#request.watcher.onEnd(error);
    } catch (mistake) {
      // A mistake of the watcher's: it must be seen, but not by the writer that happened to end the watch.
      queueMicrotask(() => {
        throw mistake;
      });
    }
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
