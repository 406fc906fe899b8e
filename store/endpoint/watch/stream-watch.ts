/**
 * One watch of a client's stream: the store's watch, and how far the client has been told.
 *
 * Invariants:
 * 1. `#next` is the first revision whose events have not been sent; it moves in the turn in which they are.
 * 2. Nothing is sent before there is room, so that a client that reads slowly holds up its own watches only, in the store, which counts what waits
 *    for them. When that is too much the watch begins again at `#next`, from the log, as slow as its client: as in etcd it is never given up.
 */
import { type KeyRange, type Revision, type Store, StoreError, type StoreWatch, type WatchBatch, type Watcher } from '../../store.ts';
import { type EventBatch, encodeWatchId } from './watch-encoder.ts';

/** Bytes of events that may wait for a watch, before they are read from the log again. */
const BACKLOG_BYTES_MAX = 1024 * 1024;

/** What a client wants of a watch. */
export interface WatchSpec {
  readonly id: number;
  readonly range: KeyRange;
  /** 0 for from now on. */
  readonly startRevision: Revision;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly progressNotify: boolean;
  readonly fragment: boolean;
}

/** Where a watch sends what it has to tell. */
export interface WatchOutlet {
  readonly store: Store;
  /** Calls `fn` when there is room to send. */
  whenRoom(fn: () => void): void;
  sendEvents(watch: StreamWatch, batch: EventBatch): void;
  /** All up to the revision has been sent. */
  onProgress(watch: StreamWatch, revision: Revision): void;
  /** There will be no more. */
  onEnded(watch: StreamWatch, error: Error): void;
  /** Calls `begin` when the watch may read the past, a stretch of which it then holds in memory; until it says that it has caught up, or ends. */
  whenTurn(watch: StreamWatch, begin: () => void): void;
  onCaughtUp(watch: StreamWatch): void;
}

export class StreamWatch {
  readonly spec: WatchSpec;
  readonly encodedId: Buffer;
  readonly #outlet: WatchOutlet;
  #next: Revision;
  #watch: StoreWatch | undefined;
  /** The one whose calls count: a watch that was begun again has a new one. */
  #watcher: Watcher | undefined;
  #ended = false;
  #progressAsked = false;
  #catchingUp = false;
  /** Whether the client was told of events since it was last asked whether the watch was idle. */
  #busy = false;

  constructor(spec: WatchSpec, outlet: WatchOutlet) {
    this.spec = spec;
    this.encodedId = encodeWatchId(spec.id);
    this.#outlet = outlet;
    this.#next = spec.startRevision === 0 ? outlet.store.revision + 1 : spec.startRevision;
  }

  start(): void {
    if (this.#next > this.#outlet.store.revision) this.#begin();
    else this.#outlet.whenTurn(this, () => this.#catchUp());
  }

  /** The word that it has caught up comes as progress. */
  #catchUp(): void {
    this.#catchingUp = true;
    this.#begin();
    this.#watch?.requestProgress();
  }

  #begin(): void {
    const { range, prevKv, noPut, noDelete } = this.spec;
    const options = { fromRevision: this.#next, prevKv, noPut, noDelete, backlogBytesMax: BACKLOG_BYTES_MAX };
    const watcher: Watcher = {
      onBatch: (batch) => this.#onBatch(batch, watcher),
      onEnd: (error) => this.#onEnd(error),
    };
    this.#watcher = watcher;
    this.#watch = this.#outlet.store.watch(range, options, watcher);
    if (this.#progressAsked) this.#watch.requestProgress();
  }

  /** Whether it begins at a revision that is yet to come. */
  get waitsForStart(): boolean {
    return this.spec.startRevision > this.#outlet.store.revision;
  }

  /** Asks for the word that everything up to now has been sent. */
  requestProgress(): void {
    this.#progressAsked = true;
    this.#watch?.requestProgress();
  }

  /** Whether nothing was sent since the last time this was asked. */
  takeIdle(): boolean {
    const idle = !this.#busy;
    this.#busy = false;
    return idle;
  }

  end(): void {
    this.#ended = true;
    this.#watch?.[Symbol.dispose]();
  }

  #onBatch(batch: WatchBatch, from: Watcher): Promise<void> | undefined {
    let taken = false;
    let resume: (() => void) | undefined;
    this.#outlet.whenRoom(() => {
      if (!this.#ended && from === this.#watcher) this.#send(batch);
      taken = true;
      resume?.();
    });
    if (taken) return undefined;
    return new Promise((resolve) => {
      resume = resolve;
    });
  }

  #send(batch: WatchBatch): void {
    this.#next = Math.max(this.#next, batch.revision + 1);
    if (batch.type === 'events') {
      this.#busy = true;
      this.#outlet.sendEvents(this, batch);
      return;
    }
    if (this.#catchingUp) this.#outlet.onCaughtUp(this);
    this.#catchingUp = false;
    if (this.#progressAsked) this.#outlet.onProgress(this, batch.revision);
    this.#progressAsked = false;
  }

  #onEnd(error: Error | undefined): void {
    if (this.#ended) return;
    this.#watcher = undefined;
    this.#watch = undefined;
    if (error instanceof StoreError && error.code === 'WatcherTooSlow') queueMicrotask(() => this.#startAgain());
    else this.#giveUp(error ?? new StoreError('Closed', 'the store is closed'));
  }

  #startAgain(): void {
    if (this.#ended) return;
    try {
      this.start();
    } catch (error) {
      this.#giveUp(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #giveUp(error: Error): void {
    this.#ended = true;
    this.#outlet.onEnded(this, error);
  }
}
