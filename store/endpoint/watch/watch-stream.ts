/**
 * One stream of etcd's Watch service, with any number of watches in it (server/etcdserver/api/v3rpc/watch.go). As there, a client that has said its last
 * is told on; the stream ends when it is canceled.
 */
import type { Timer } from '../../../runtime/index.ts';
import { type DraftOf, type MessageOf, WATCH_FILTER, type WatchCreateRequest, type WatchRequest, WatchResponse } from '../../rpc/index.ts';
import { type Revision, type Store, StoreError } from '../../store.ts';
import { type Backend, headerOf } from '../backend.ts';
import { etcdError } from '../errors.ts';
import type { StreamCall, StreamHandler } from '../grpc/call.ts';
import { frame } from '../grpc/framing.ts';
import { toStoreRange } from '../keys.ts';
import { ProgressRound } from './progress-round.ts';
import { StreamWatch, type WatchOutlet } from './stream-watch.ts';
import { Turns } from './turns.ts';
import type { EventBatch, WatchEncoder } from './watch-encoder.ts';

/** The id of answers that are no watch's own. */
const NO_WATCH = -1;
/** What a fragment may be longer than a request (server/etcdserver/api/v3rpc/grpc.go, `grpcOverheadBytes`). */
const FRAGMENT_OVERHEAD_BYTES = 512 * 1024;
/** Watches of a stream that read the past at once, at most: each has a stretch of it in memory, of a megabyte or so. */
const CATCHING_UP_MAX = 16;
/** Progress is told up to so much later than the interval, so that not all watchers are told at once. */
const PROGRESS_JITTER = 0.1;
/** The smallest key, for a watch that names none. */
const FIRST_KEY = Buffer.from([0]);

type CreateRequest = MessageOf<typeof WatchCreateRequest>;

export class WatchStream implements WatchOutlet, StreamHandler<MessageOf<typeof WatchRequest>> {
  readonly #backend: Backend;
  readonly #encoder: WatchEncoder;
  readonly #call: StreamCall;
  readonly #watches = new Map<number, StreamWatch>();
  #nextId = 0;
  #round: ProgressRound | undefined;
  #roundAgain = false;
  /** Watches that are asked how far they are because their clients want to be told from time to time. */
  readonly #notified = new Set<StreamWatch>();
  /** Watches that read the past. */
  readonly #turns = new Turns<StreamWatch>(CATCHING_UP_MAX);
  #timer: Timer | undefined;

  constructor(backend: Backend, encoder: WatchEncoder, call: StreamCall) {
    this.#backend = backend;
    this.#encoder = encoder;
    this.#call = call;
  }

  get store(): Store {
    return this.#backend.store;
  }

  onMessage({ create, cancel, progress }: MessageOf<typeof WatchRequest>): void {
    if (create) this.#create(create);
    else if (cancel) this.#cancel(cancel.watchId);
    else if (progress) this.#startRound();
  }

  onClose(): void {
    this.#timer?.cancel();
    for (const watch of this.#watches.values()) watch.end();
    for (const watch of [...this.#watches.values()].reverse()) this.#leave(watch);
  }

  whenRoom(fn: () => void): void {
    this.#call.whenRoom(fn);
  }

  sendEvents({ spec, encodedId }: StreamWatch, batch: EventBatch): void {
    const bytesMax = spec.fragment ? this.#backend.limits.requestBytesMax + FRAGMENT_OVERHEAD_BYTES : undefined;
    for (const piece of this.#encoder.encode(encodedId, batch, bytesMax)) this.#call.send(piece);
  }

  onProgress(watch: StreamWatch, revision: Revision): void {
    this.#round?.report(watch, revision);
    if (this.#notified.delete(watch)) this.#send({ watchId: watch.spec.id }, revision);
  }

  /** As etcd, without a revision in the header where the reason is compaction. */
  onEnded(watch: StreamWatch, error: Error): void {
    this.#leave(watch);
    const watchId = watch.spec.id;
    if (error instanceof StoreError && error.code === 'Compacted') {
      this.store.status().then(
        ({ compactRevision }) => this.#send({ watchId, canceled: true, compactRevision }, 0),
        () => this.#call.finish(etcdError.stopped()),
      );
    } else if (error instanceof StoreError && error.code === 'Closed') {
      this.#call.finish(etcdError.stopped());
    } else {
      this.#backend.logger.warn({ err: error }, 'a watch was ended by an error');
      this.#send({ watchId, canceled: true, cancelReason: error.message });
    }
  }

  #create(request: CreateRequest): void {
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      this.#send({ watchId: NO_WATCH, created: true, canceled: true, cancelReason: refusal });
      return;
    }
    const id = request.watchId === 0 ? this.#freeId() : request.watchId;
    const watch = new StreamWatch(specOf(id, request), this);
    this.#watches.set(id, watch);
    // In one turn: the revision that the client is told is the last one that the watch does not tell of.
    this.#send({ watchId: id, created: true });
    watch.start();
    if (watch.spec.progressNotify) this.#armTimer();
    if (watch.waitsForStart) this.#dropRound();
    else this.#round?.add(watch);
  }

  #refusalOf({ key, rangeEnd, startRevision, watchId }: CreateRequest): string | undefined {
    if (startRevision < 0) return etcdError.compacted().message;
    const toInfinity = rangeEnd.length === 1 && rangeEnd[0] === 0;
    if (rangeEnd.length > 0 && !toInfinity && Buffer.compare(key, rangeEnd) >= 0) return 'mvcc: watcher range is empty';
    if (watchId !== 0 && this.#watches.has(watchId)) return 'mvcc: duplicate watch ID provided on the WatchStream';
    return undefined;
  }

  #freeId(): number {
    while (this.#watches.has(this.#nextId)) this.#nextId++;
    return this.#nextId++;
  }

  #cancel(watchId: number): void {
    const watch = this.#watches.get(watchId);
    if (!watch) return;
    watch.end();
    this.#leave(watch);
    this.#send({ watchId, canceled: true });
  }

  whenTurn(watch: StreamWatch, begin: () => void): void {
    this.#turns.take(watch, begin);
  }

  onCaughtUp(watch: StreamWatch): void {
    this.#turns.leave(watch);
  }

  #leave(watch: StreamWatch): void {
    this.#turns.leave(watch);
    this.#watches.delete(watch.spec.id);
    this.#notified.delete(watch);
    this.#round?.leave(watch);
  }

  #send(draft: Omit<DraftOf<typeof WatchResponse>, 'header'>, revision?: Revision): void {
    this.#call.send(frame(WatchResponse.encode({ header: headerOf(this.#backend, revision), ...draft })));
  }

  /** A request that comes while another one is being answered is answered after it. */
  #startRound(): void {
    if (this.#round) {
      this.#roundAgain = true;
      return;
    }
    const watches = [...this.#watches.values()];
    // Where one begins in the future nothing is said, as in etcd: it would not be true of that one.
    if (watches.length === 0 || watches.some((watch) => watch.waitsForStart)) return;
    this.#round = new ProgressRound(watches, (revision) => this.#onRoundDone(revision));
  }

  /** For a watch that begins in the future has come: what was to be said would not be true of it. */
  #dropRound(): void {
    this.#round = undefined;
    this.#roundAgain = false;
  }

  #onRoundDone(revision: Revision): void {
    this.#round = undefined;
    if (revision !== Number.POSITIVE_INFINITY) this.#send({ watchId: NO_WATCH }, revision);
    if (!this.#roundAgain) return;
    this.#roundAgain = false;
    this.#startRound();
  }

  #armTimer(): void {
    const { clock, random, progressIntervalMs } = this.#backend;
    const delayMs = progressIntervalMs * (1 + PROGRESS_JITTER * random.next());
    this.#timer ??= clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#notify();
    });
  }

  /** Tells those that nothing was sent to since the last time. */
  #notify(): void {
    const wanting = [...this.#watches.values()].filter(({ spec }) => spec.progressNotify);
    for (const watch of wanting) {
      if (!watch.takeIdle() || watch.waitsForStart) continue;
      this.#notified.add(watch);
      watch.requestProgress();
    }
    if (wanting.length > 0) this.#armTimer();
  }
}

function specOf(id: number, request: CreateRequest) {
  const { key, rangeEnd, startRevision, prevKv, progressNotify, fragment, filters } = request;
  return {
    id,
    range: toStoreRange(key.length === 0 ? FIRST_KEY : key, rangeEnd),
    startRevision,
    prevKv,
    noPut: filters.includes(WATCH_FILTER.noPut),
    noDelete: filters.includes(WATCH_FILTER.noDelete),
    progressNotify,
    fragment,
  };
}
