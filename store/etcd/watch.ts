/**
 * One watch of the store on etcd: what it wants, how far it has been told, and what waits for it.
 *
 * 1. `#next` is the first revision not put in line yet; everything below has been, once, in order. Feeds may offer a revision again, when a watch is
 *    moved from one to another: what is below `#next` is passed over.
 * 2. While its feed is catching up nothing waits here: the feed waits for the watch. Live, what waits is counted, and more than the backlog ends the
 *    watch.
 * 3. After `onEnd` the watcher is not called again.
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

/** Bytes that may wait for a watcher that says nothing else. */
export const BACKLOG_BYTES_MAX = 16 * 1024 * 1024;
/** Bytes an event is reckoned at beside its key and values. */
const EVENT_OVERHEAD_BYTES = 200;

export interface WatchRequest {
  readonly range: KeyRange;
  readonly from: Revision;
  /** Whether the caller said from where: if not, a compaction above `from` is no gap. */
  readonly exact: boolean;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly backlogBytesMax: number;
  readonly watcher: Watcher;
}

/** What a watch hangs on. */
export interface WatchHome {
  /** Everything up to it has been offered. */
  readonly position: Revision;
  /** Whether it waits for nobody. */
  readonly live: boolean;
  /** The newest revision that the process knows of. */
  readonly newest: Revision;
  leave(watch: EtcdWatch): void;
}

interface Waiting {
  readonly batch: WatchBatch;
  readonly bytes: number;
}

export class EtcdWatch implements StoreWatch {
  readonly request: WatchRequest;
  home: WatchHome | undefined;
  #next: Revision;
  #told: Revision = 0;
  #ended = false;
  /** Progress is to be told once this revision is reached. */
  #progressAt: Revision | undefined;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** While the watcher takes its time. */
  #taking: Promise<void> | undefined;

  constructor(request: WatchRequest) {
    this.request = request;
    this.#next = request.from;
  }

  get next(): Revision {
    return this.#next;
  }

  /** Takes a compaction as its beginning, when nothing was promised before it. */
  beginAt(revision: Revision): boolean {
    if (this.request.exact || this.#told > 0) return false;
    this.#next = Math.max(this.#next, revision);
    return true;
  }

  /** Resolves when the watcher has taken a batch that it takes its time for; undefined when there is none. */
  get taking(): Promise<void> | undefined {
    return this.#taking;
  }

  /** Tells of whole revisions up to `last`. */
  offer(events: readonly StoreEvent[], last: Revision): void {
    if (this.#ended) return;
    const first = this.#next;
    if (last >= first) {
      this.#next = last + 1;
      const own = events.filter(({ type, kv }) => kv.modRevision >= first && this.#wants(type, kv.key));
      if (own.length > 0) this.#put({ batch: { type: 'events', revision: last, events: own }, bytes: bytesOf(own) });
    }
    this.#tellProgress();
  }

  #wants(type: StoreEvent['type'], key: string): boolean {
    return inRange(key, this.request.range) && !(type === 'put' ? this.request.noPut : this.request.noDelete);
  }

  requestProgress(): void {
    if (this.#ended || !this.home) return;
    this.#progressAt = this.home.newest;
    // Not from inside the call: the caller may not have its handle yet.
    queueMicrotask(() => this.#tellProgress());
  }

  #tellProgress(): void {
    if (this.#progressAt === undefined || !this.home || this.#ended) return;
    const { position } = this.home;
    if (position < this.#progressAt) return;
    this.#progressAt = undefined;
    this.#put({ batch: { type: 'progress', revision: Math.max(position, this.#told) }, bytes: 0 });
  }

  #put(waiting: Waiting): void {
    this.#told = Math.max(this.#told, waiting.batch.revision);
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.bytes;
    if (!this.#taking) this.#deliver();
    else if (this.home?.live && this.#waitingBytes > this.request.backlogBytesMax) this.end(tooSlow(this.#waitingBytes));
  }

  /** Gives the watcher what waits, for as long as it takes it at once; goes on later when it takes its time. */
  #deliver(): void {
    this.#taking = undefined;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.bytes;
      const taken = this.#give(next.batch);
      if (!taken) continue;
      this.#taking = taken.then(
        () => this.#deliver(),
        (error: unknown) => this.end(asError(error)),
      );
      return;
    }
  }

  #give(batch: WatchBatch): Promise<void> | undefined {
    try {
      return this.request.watcher.onBatch(batch) ?? undefined;
    } catch (error) {
      this.end(asError(error));
      return undefined;
    }
  }

  /** Ends the watch; without an error when that was asked for. */
  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting.length = 0;
    this.home?.leave(this);
    try {
      this.request.watcher.onEnd(error);
    } catch (mistake) {
      // A mistake of the watcher's: it must be seen, but not by whoever happened to end the watch.
      queueMicrotask(() => {
        throw mistake;
      });
    }
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

function bytesOf(events: readonly StoreEvent[]): number {
  let bytes = 0;
  for (const { kv, prev } of events) bytes += EVENT_OVERHEAD_BYTES + kv.key.length + kv.value.length + (prev?.value.length ?? 0);
  return bytes;
}

const tooSlow = (bytes: number): StoreError =>
  new StoreError('WatcherTooSlow', `the watcher is too slow: ${bytes} bytes of events wait for it`);

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
