import type { Clock } from '../../runtime/index.ts';
import type { RejectReason } from './flow-stats.ts';
import { type Arrival, finalWork, isEmpty, oldestOf, type Queue, QueuedRequest, SERVICE_SECONDS } from './queued-request.ts';
import type { SeatDemand } from './seat-demand.ts';
import type { TimingRatio } from './timing-ratio.ts';

/*
 * Fair queueing of requests, as upstream's apiserver/pkg/util/flowcontrol/fairqueuing/queueset, whose doc.go derives it.
 *
 *     arrival ──▶ hand of queues ──▶ least work waiting ──▶ [ r r r r ] ──▶ least virtual finish ──▶ seats ──▶ finish ──▶ (lingers)
 *
 * R is how much work, in seat-seconds, each queue that has something to do has been allotted so far. A queue's next request starts, in that
 * virtual world, at the queue's nextR, and ends there after its work; who would end first is served first.
 *
 * 1. R is brought up to date before anything that changes how fast it goes (#sync).
 * 2. A seat that was taken is given back exactly once: by finish, or after what lingers.
 * 3. No queue's nextR is before the arrival of the oldest that waits in it (#bound): what a queue did not use is not saved up.
 * 4. A tenth of the seats is for requests of one seat alone, and who has one of these does not wait behind a wide request that finds no room:
 *    here one thread makes all answers, so that a wide one takes long when there are many, and others would wait for a whole one to end. What was
 *    let past counts against that tenth, so that wide ones are kept waiting for no more than that. Upstream has no such seats.
 *
 * Queues are made when they are needed, and forgotten when nothing is in them and there are many: how many there may be costs nothing. Nothing
 * here is more than a few additions as long as nobody waits.
 */

/** Part of the seats that only requests of one seat may have. */
const EXPRESS_PART = 0.1;
/** Empty queues are kept, to be used again, while there are no more than this. */
const QUEUES_KEPT = 128;
/** More than the highest index of a queue. */
const INDEXES = 2 ** 27;

/** How a set queues. */
export interface QueueConfig {
  /** How many queues; 0 for none: what finds no seat is turned away. Negative: seats are counted, and nobody is ever held back. */
  readonly queues: number;
  readonly queueLengthMax: number;
}

/** What follows a set's numbers over time. */
export interface QueueGauges {
  readonly demand: SeatDemand;
  readonly demandRatio: TimingRatio;
  readonly seats: TimingRatio;
  readonly executing: TimingRatio;
  readonly waiting: TimingRatio;
}

/** What {@link QueueSet} tells of the virtual world, for metrics. */
export interface VirtualTimes {
  dispatchR: number;
  latestS: number;
  nextS: { min: number; max: number };
  nextDiscountedS: { min: number; max: number };
}

/** The requests of one priority level. */
export class QueueSet {
  readonly #clock: Clock;
  readonly #gauges: QueueGauges;
  readonly #queues = new Map<number, Queue>();
  /** The youngest of those that execute; each knows the next older one. */
  #youngest: QueuedRequest | undefined;
  #executing = 0;
  #config: QueueConfig = { queues: 0, queueLengthMax: 1 };
  #limit = 0;
  /** Seats for requests of one seat, of which some are in use by those that were let past. */
  #express = 0;
  #expressInUse = 0;
  /** Queues with requests in them. */
  #active = 0;
  /** Seats used by what came through queues, and wanted by what waits. */
  #queueSeats = 0;
  #r = 0;
  #syncedMs: number;
  #robin = -1;
  #arrivals = 0;
  #waiting = 0;
  #seatsWaiting = 0;
  #seatsInUse = 0;
  dispatched = 0;
  rejected = 0;
  cancelled = 0;
  /** Absent until a request was chosen among those that waited. */
  times: VirtualTimes | undefined;

  constructor(options: { readonly clock: Clock; readonly gauges: QueueGauges }) {
    this.#clock = options.clock;
    this.#gauges = options.gauges;
    this.#syncedMs = options.clock.monotonic();
  }

  get waiting(): number {
    return this.#waiting;
  }

  get executing(): number {
    return this.#executing;
  }

  /** Those that execute, youngest first. */
  executingRequests(): QueuedRequest[] {
    const found: QueuedRequest[] = [];
    for (let each = this.#youngest; each; each = each.older) found.push(each);
    return found;
  }

  get seatsInUse(): number {
    return this.#seatsInUse;
  }

  get limit(): number {
    return this.#limit;
  }

  get isIdle(): boolean {
    return this.#waiting === 0 && this.#executing === 0;
  }

  /** Brought up to date when it is asked for. */
  get currentR(): number {
    this.#sync(this.#clock.monotonic());
    return this.#r;
  }

  /** The queues there are something in, by index. */
  queues(): readonly Readonly<Queue>[] {
    return [...this.#queues.values()].filter((queue) => !isEmpty(queue)).sort((a, b) => a.index - b.index);
  }

  /**
   * Takes effect at once: who waits stays where it is, and is served as the new limit lets it.
   *
   * @param denominator what use is measured against.
   */
  configure(config: QueueConfig, limit: number, denominator: number): void {
    const now = this.#clock.monotonic();
    this.#sync(now);
    // Without queues, the length they had is kept for those that wait still.
    this.#config = config.queues > 0 ? config : { ...config, queueLengthMax: this.#config.queueLengthMax };
    this.#limit = limit;
    this.#express = Math.floor(limit * EXPRESS_PART);
    const { seats, executing, waiting } = this.#gauges;
    seats.setDenominator(denominator, now);
    executing.setDenominator(denominator, now);
    waiting.setDenominator(Math.max(1, this.#config.queueLengthMax) * Math.max(1, config.queues), now);
    this.#dispatchAll(now);
  }

  /** @returns undefined for a request that is turned away; one that waits is told when it may go on ({@link QueuedRequest.onDispatch}). */
  start(arrival: Arrival, now = this.#clock.monotonic()): QueuedRequest | undefined {
    this.#sync(now);
    const request = new QueuedRequest(arrival, now, this.#r);
    if (this.#config.queues < 1) {
      if (!this.#hasRoom(request.seats)) return this.#reject(request, 'concurrency-limit');
      this.#execute(request, now);
      return request;
    }
    const queue = this.#shortest(arrival.flow.hand);
    if (this.#seatsInUse >= this.#limit && queue.waiting.size >= this.#config.queueLengthMax) {
      this.#forgetIfEmpty(queue);
      return this.#reject(request, 'queue-full');
    }
    request.queue = queue;
    if (queue.waiting.size === 0 && queue.executing === 0) {
      this.#active++;
      queue.nextR = this.#r;
    }
    this.#queueSeats += request.seats;
    if (this.#waiting === 0 && this.#seatsInUse < this.#limit && this.#hasRoom(request.seats)) this.#pass(request, queue, now);
    else this.#enqueue(request, queue, now);
    return request;
  }

  /** A request that still waits is turned away. @returns false when it is too late. */
  cancel(request: QueuedRequest): boolean {
    const { queue, stats } = request;
    if (request.state !== 'waiting' || !queue) return false;
    const now = this.#clock.monotonic();
    this.#sync(now);
    request.state = 'finished';
    this.#dequeue(request, queue, now);
    this.#queueSeats -= request.seats;
    if (queue.waiting.size === 0 && queue.executing === 0) this.#active--;
    this.#forgetIfEmpty(queue);
    this.rejected++;
    this.cancelled++;
    stats.rejected['time-out']++;
    stats.waitedInVain.observe((now - request.arrivalMs) / 1000);
    this.#bound(queue);
    this.#noteDemand(now);
    // It may have been the one that was too wide for the seats that are free.
    this.#dispatchAll(now);
    return true;
  }

  /** A request that executed is done. */
  finish(request: QueuedRequest, now = this.#clock.monotonic()): void {
    if (request.state !== 'executing') return;
    this.#sync(now);
    request.state = 'finished';
    const { queue, stats } = request;
    this.#unlink(request);
    stats.executing--;
    this.#gauges.executing.set(this.#executing, now);
    if (queue) {
      if (--queue.executing === 0 && queue.waiting.size === 0) this.#active--;
      queue.nextR -= request.estimate.initialSeats * (SERVICE_SECONDS - (now - request.startMs) / 1000);
      this.#bound(queue);
    }
    if (request.lingerMs > 0) this.#clock.setTimer(request.lingerMs, () => this.#linger(request));
    else this.#release(request, now);
    this.#dispatchAll(now);
  }

  #linger(request: QueuedRequest): void {
    const now = this.#clock.monotonic();
    this.#sync(now);
    this.#release(request, now);
    this.#dispatchAll(now);
  }

  #release(request: QueuedRequest, now: number): void {
    const { queue, seats, stats } = request;
    this.#seatsInUse -= seats;
    if (request.express) this.#expressInUse--;
    stats.executingSeats -= seats;
    this.#gauges.seats.set(this.#seatsInUse, now);
    this.#noteDemand(now);
    if (!queue) return;
    this.#queueSeats -= seats;
    queue.seatsInUse -= seats;
    this.#forgetIfEmpty(queue);
  }

  /** Invariant 1. */
  #sync(now: number): void {
    const seconds = (now - this.#syncedMs) / 1000;
    this.#syncedMs = now;
    if (this.#active > 0) this.#r += (Math.min(this.#queueSeats, this.#limit) / this.#active) * seconds;
  }

  /** The queue of a hand with the least work waiting; where to begin goes round, so that equals are used alike. */
  #shortest(hand: readonly number[]): Queue {
    const offset = this.#arrivals++ % hand.length;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < hand.length; i++) {
      const index = hand[(offset + i) % hand.length] ?? 0;
      const work = this.#queues.get(index)?.waitingWork ?? 0;
      if (work >= least) continue;
      least = work;
      best = index;
      if (work === 0) break;
    }
    return this.#queueAt(best);
  }

  #queueAt(index: number): Queue {
    let queue = this.#queues.get(index);
    if (!queue) {
      queue = { index, waiting: new Set(), waitingWork: 0, executing: 0, seatsInUse: 0, nextR: 0 };
      this.#queues.set(index, queue);
    }
    return queue;
  }

  #forgetIfEmpty(queue: Queue): void {
    if (this.#queues.size > QUEUES_KEPT && isEmpty(queue)) this.#queues.delete(queue.index);
  }

  #reject({ stats }: QueuedRequest, reason: RejectReason): undefined {
    this.rejected++;
    stats.rejected[reason]++;
    stats.waitedInVain.observe(0);
    return undefined;
  }

  /** Nobody waits and there are seats: what queueing and choosing would come to. */
  #pass(request: QueuedRequest, queue: Queue, now: number): void {
    request.stats.queueLengths.observe(1);
    queue.nextR = Math.max(queue.nextR, request.arrivalR);
    this.#narrow(request);
    this.#occupy(request, queue, now);
  }

  #enqueue(request: QueuedRequest, queue: Queue, now: number): void {
    const { stats, seats } = request;
    queue.waiting.add(request);
    queue.waitingWork += request.work;
    this.#waiting++;
    this.#seatsWaiting += seats;
    stats.waiting++;
    stats.waitingSeats += seats;
    stats.queueLengths.observe(queue.waiting.size);
    this.#gauges.waiting.set(this.#waiting, now);
    this.#noteDemand(now);
    this.#bound(queue);
    this.#dispatchAll(now);
  }

  #dequeue(request: QueuedRequest, queue: Queue, now: number): void {
    const { stats, seats } = request;
    queue.waiting.delete(request);
    queue.waitingWork = queue.waiting.size === 0 ? 0 : queue.waitingWork - request.work;
    this.#waiting--;
    this.#seatsWaiting -= seats;
    stats.waiting--;
    stats.waitingSeats -= seats;
    this.#gauges.waiting.set(this.#waiting, now);
  }

  #dispatchAll(now: number): void {
    while (this.#waiting > 0 && this.#seatsInUse < this.#limit && this.#dispatchNext(now));
  }

  /** @returns false when the next in line finds no room. */
  #dispatchNext(now: number): boolean {
    const queue = this.#next();
    const request = queue && oldestOf(queue);
    if (!request) return false;
    if (this.#hasRoom(request.seats)) {
      this.#dispatch(request, queue, now);
      return true;
    }
    request.stats.unaccommodated++;
    return this.#letPast(now);
  }

  /** Invariant 4. @returns false when there is none to let past. */
  #letPast(now: number): boolean {
    if (this.#expressInUse >= this.#express) return false;
    const queue = this.#next((each) => each.seats === 1);
    const request = queue && oldestOf(queue);
    if (!request) return false;
    request.express = true;
    this.#expressInUse++;
    this.#dispatch(request, queue, now);
    return true;
  }

  #dispatch(request: QueuedRequest, queue: Queue, now: number): void {
    this.#robin = queue.index;
    this.#dequeue(request, queue, now);
    this.#narrow(request);
    this.#occupy(request, queue, now);
    this.#bound(queue);
    request.onDispatch?.();
  }

  /** The queue whose oldest request would finish first; among equals, the next one round from the last that was served. */
  #next(isEligible: (oldest: QueuedRequest) => boolean = anyone): Queue | undefined {
    let best: Queue | undefined;
    let finish = Number.POSITIVE_INFINITY;
    let distance = INDEXES;
    const nextS = { min: Number.POSITIVE_INFINITY, max: 0 };
    const nextDiscountedS = { min: Number.POSITIVE_INFINITY, max: 0 };
    for (const queue of this.#queues.values()) {
      const oldest = oldestOf(queue);
      if (!oldest || !isEligible(oldest)) continue;
      widen(nextS, queue.nextR);
      widen(nextDiscountedS, queue.nextR - queue.seatsInUse * SERVICE_SECONDS);
      const ends = queue.nextR + oldest.work;
      const away = (queue.index - this.#robin - 1 + INDEXES) % INDEXES;
      if (ends > finish || (ends === finish && away >= distance)) continue;
      best = queue;
      finish = ends;
      distance = away;
    }
    if (best) this.times = { dispatchR: this.#r, latestS: best.nextR, nextS, nextDiscountedS };
    return best;
  }

  /** What lingers on more seats than there are does so on fewer, for longer. */
  #narrow(request: QueuedRequest): void {
    const { estimate } = request;
    if (estimate.finalSeats <= this.#limit) return;
    const seats = Math.max(estimate.initialSeats, this.#limit);
    this.#queueSeats += seats - request.seats;
    request.seats = seats;
    request.lingerMs = (finalWork(estimate) * 1000) / this.#limit;
  }

  #occupy(request: QueuedRequest, queue: Queue, now: number): void {
    queue.executing++;
    queue.seatsInUse += request.seats;
    queue.nextR += request.work;
    this.#execute(request, now);
  }

  #execute(request: QueuedRequest, now: number): void {
    const { stats, seats } = request;
    request.state = 'executing';
    request.startMs = now;
    this.dispatched++;
    this.#link(request);
    this.#seatsInUse += seats;
    stats.dispatched++;
    stats.executing++;
    stats.executingSeats += seats;
    this.#gauges.executing.set(this.#executing, now);
    this.#gauges.seats.set(this.#seatsInUse, now);
    this.#noteDemand(now);
  }

  #link(request: QueuedRequest): void {
    request.older = this.#youngest;
    if (this.#youngest) this.#youngest.younger = request;
    this.#youngest = request;
    this.#executing++;
  }

  #unlink(request: QueuedRequest): void {
    const { older, younger } = request;
    if (older) older.younger = younger;
    if (younger) younger.older = older;
    else this.#youngest = older;
    request.older = undefined;
    request.younger = undefined;
    this.#executing--;
  }

  #hasRoom(seats: number): boolean {
    if (this.#config.queues < 0) return true;
    if (seats === 1) return this.#seatsInUse < this.#limit;
    const limit = this.#limit - this.#express;
    return seats > limit ? this.#executing === 0 : this.#seatsInUse - this.#expressInUse + seats <= limit;
  }

  /** Invariant 3. */
  #bound(queue: Queue): void {
    const oldest = oldestOf(queue);
    if (oldest && queue.nextR < oldest.arrivalR) queue.nextR = oldest.arrivalR;
  }

  #noteDemand(now: number): void {
    const demand = this.#seatsInUse + this.#seatsWaiting;
    this.#gauges.demand.set(demand, now);
    this.#gauges.demandRatio.set(demand, now);
  }
}

const anyone = (): boolean => true;

function widen(bounds: { min: number; max: number }, value: number): void {
  if (value < bounds.min) bounds.min = value;
  if (value > bounds.max) bounds.max = value;
}
