import type { FlowSchema, PriorityLevelConfiguration } from '../../api/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { type FlowController, isMutating, NO_SEAT, type Refusal, type Seat } from '../pipeline/flow-control.ts';
import type { RequestInfo } from '../pipeline/request-info.ts';
import { FlowConfiguration, type Verdict } from './configuration.ts';
import type { Flows } from './flows.ts';
import type { QueuedRequest } from './queued-request.ts';
import { RetryAfter } from './retry-after.ts';
import { TimingRatio } from './timing-ratio.ts';
import { Turnstile } from './turnstile.ts';
import { WatchTracker } from './watch-tracker.ts';
import { estimateWork, type ResourceStats, type WorkKnowledge } from './work-estimate.ts';

/** How often seats are divided anew. */
const ADJUSTMENT_MS = 10_000;
/** The longest that a request waits, and its part of the time it has. */
const WAIT_MS_MAX = 60_000;
const WAIT_FRACTION = 1 / 4;
/** How long the seats of an answer that its client does not read are kept after it was made. */
const UNREAD_MS_MAX = 60_000;
const KIND_RATIOS = [0, 0.001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

/** What is known of resources. */
export interface ResourceKnowledge {
  /** Undefined for a resource that is not served. */
  statsOf(info: RequestInfo): ResourceStats | undefined;
  /** The field that watchers of a resource are found by. */
  watchIndexOf(info: RequestInfo): string | undefined;
}

export interface PriorityAndFairnessOptions extends ResourceKnowledge {
  /** Requests that may be served at once. */
  readonly seats: number;
  /** Milliseconds that requests have; a quarter of it is what a watch may wait. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  /** Reads the objects again: a level that was no longer wanted is empty now. */
  onLeftover?(): void;
}

/**
 * API Priority and Fairness: each request is put into a priority level by the flow schemas, and there waits its turn when the level's seats
 * are taken. Upstream: apiserver/pkg/server/filters/priority-and-fairness.go.
 *
 * What differs, for all requests share one thread here:
 *
 * - A wide request keeps its seats until its answer is out, not only until it is made: answers of many clients at once would be made one after
 *   the other, and all be held.
 * - Those that waited are let in one per turn of the event loop, so that in each turn everybody else is heard as well.
 */
export class PriorityAndFairness implements FlowController {
  readonly configuration: FlowConfiguration;
  readonly #options: PriorityAndFairnessOptions;
  readonly clock: Clock;
  readonly #retryAfter = new RetryAfter();
  readonly #watches: WatchTracker;
  readonly #resources: WorkKnowledge;
  readonly #turnstile = new Turnstile();
  /** Requests served and waiting, over time, by whether they change something. */
  readonly use: Readonly<Record<'executing' | 'waiting', Readonly<Record<'readOnly' | 'mutating', TimingRatio>>>>;
  readonly waiting = { readOnly: 0, mutating: 0 };
  #adjustment: Timer | undefined;
  readOnly = 0;
  mutating = 0;

  constructor(options: PriorityAndFairnessOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.#watches = new WatchTracker((info) => options.watchIndexOf(info));
    this.#resources = { statsOf: (info) => options.statsOf(info), watchersOf: (info) => this.#watches.interestedIn(info) };
    this.configuration = new FlowConfiguration({ clock: options.clock, seats: options.seats });
    const ratio = () => new TimingRatio(KIND_RATIOS, options.clock.monotonic());
    this.use = { executing: { readOnly: ratio(), mutating: ratio() }, waiting: { readOnly: ratio(), mutating: ratio() } };
    this.#measure();
  }

  start(): void {
    this.#adjustment ??= this.clock.setTimer(ADJUSTMENT_MS, () => {
      this.#adjustment = undefined;
      this.configuration.adjust();
      this.start();
    });
  }

  stop(): void {
    this.#adjustment?.cancel();
    this.#adjustment = undefined;
  }

  /** Takes the objects as they are now. */
  digest(levels: readonly PriorityLevelConfiguration[], schemas: readonly FlowSchema[]): Verdict[] {
    const verdicts = this.configuration.digest(levels, schemas);
    this.#measure();
    return verdicts;
  }

  enter(exchange: Exchange, long: boolean): Seat | Refusal | Promise<Seat | Refusal> {
    const { info, user } = exchange;
    if (long && !isWatch(info)) return NO_SEAT;
    const flows = this.configuration.classify(user, info);
    const { level, stats } = flows;
    exchange.flowHeaders = flows.headers;
    const estimate = estimateWork(exchange, level.requestSeatsMax, this.#resources);
    stats.seats.observe(Math.max(estimate.initialSeats, estimate.finalSeats));
    if (estimate.watchers !== undefined) stats.watchCounts.observe(estimate.watchers);
    const now = this.clock.monotonic();
    const request = level.queues.start({ estimate, stats, flow: flows.flowOf(user, info), subject: exchange }, now);
    if (!request) return this.#refuse(flows);
    return request.state === 'executing' ? this.#admit(exchange, flows, request) : this.#wait(exchange, flows, request);
  }

  /** A request that was served gives its seats back. */
  finish({ info }: Exchange, { level, stats }: Flows, request: QueuedRequest): void {
    const executed = isWatch(info) ? stats.watchesExecuted : stats.executed;
    const now = this.clock.monotonic();
    executed.observe((now - request.startMs) / 1000);
    this.#countExecuting(isMutating(info), -1, now);
    level.queues.finish(request, now);
    if (level.quiescing) this.#lookForLeftovers();
  }

  #refuse({ level }: Flows): Refusal {
    if (level.quiescing) this.#lookForLeftovers();
    return { retryAfterSeconds: this.#retryAfter.note(level.name, this.clock.now()) };
  }

  /** Until there are seats, or its time to wait is over, or its client has gone. */
  #wait(exchange: Exchange, flows: Flows, request: QueuedRequest): Promise<Seat | Refusal> {
    const { response, info, timeoutMs = this.#options.requestTimeoutMs } = exchange;
    const { queues } = flows.level;
    const kind = isMutating(info) ? 'mutating' : 'readOnly';
    this.#countWaiting(kind, 1);
    return new Promise((resolve) => {
      const giveUp = () => {
        if (!queues.cancel(request)) return;
        end();
        resolve(this.#refuse(flows));
      };
      const timer = this.clock.setTimer(Math.min(timeoutMs * WAIT_FRACTION, WAIT_MS_MAX), giveUp);
      const end = () => {
        timer.cancel();
        response.off('close', giveUp);
        this.#countWaiting(kind, -1);
      };
      response.once('close', giveUp);
      request.onDispatch = () => {
        end();
        this.#turnstile.enter(() => {
          const seat = this.#admit(exchange, flows, request);
          if (response.destroyed) seat.leave(); // its client has gone meanwhile
          resolve(response.destroyed ? GONE : seat);
        });
      };
    });
  }

  #admit(exchange: Exchange, flows: Flows, request: QueuedRequest): Seat {
    const { info, response } = exchange;
    this.#countExecuting(isMutating(info), 1, request.startMs);
    if (isWatch(info) && !response.destroyed) response.once('close', this.#watches.register(info));
    if (!flows.level.isExempt) flows.stats.waited.observe((request.startMs - request.arrivalMs) / 1000);
    return new HeldSeat(this, exchange, flows, request);
  }

  #lookForLeftovers(): void {
    for (const level of this.configuration.levels()) if (this.configuration.isLeftover(level)) this.#options.onLeftover?.();
  }

  #countExecuting(mutating: boolean, delta: number, now: number): void {
    const { executing } = this.use;
    if (mutating) {
      this.mutating += delta;
      executing.mutating.set(this.mutating, now);
    } else {
      this.readOnly += delta;
      executing.readOnly.set(this.readOnly, now);
    }
  }

  #countWaiting(kind: 'readOnly' | 'mutating', delta: number): void {
    this.waiting[kind] += delta;
    this.use.waiting[kind].set(this.waiting[kind], this.clock.monotonic());
  }

  /** What use is measured against. */
  #measure(): void {
    const now = this.clock.monotonic();
    const { waiting, executing } = this.configuration.capacity;
    for (const kind of ['readOnly', 'mutating'] as const) {
      this.use.executing[kind].setDenominator(Math.max(1, executing), now);
      this.use.waiting[kind].setDenominator(Math.max(1, waiting), now);
    }
  }
}

/** What is told to nobody. */
const GONE: Refusal = { retryAfterSeconds: 1 };

const isWatch = ({ isResource, verb }: RequestInfo): boolean => isResource && verb === 'watch';

/** The seats of a request: given back once, whatever becomes of it. */
class HeldSeat implements Seat {
  readonly #owner: PriorityAndFairness;
  readonly #exchange: Exchange;
  readonly #flows: Flows;
  readonly #request: QueuedRequest;
  #left = false;

  constructor(owner: PriorityAndFairness, exchange: Exchange, flows: Flows, request: QueuedRequest) {
    this.#owner = owner;
    this.#exchange = exchange;
    this.#flows = flows;
    this.#request = request;
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    if (this.#request.estimate.initialSeats > 1 && !isWatch(this.#exchange.info)) this.#leaveWhenSent();
    else this.#release();
  }

  #leaveWhenSent(): void {
    const { response } = this.#exchange;
    if (response.writableFinished || response.destroyed) {
      this.#release();
      return;
    }
    const late = this.#owner.clock.setTimer(UNREAD_MS_MAX, () => {
      response.off('close', sent);
      this.#release();
    });
    const sent = () => {
      late.cancel();
      this.#release();
    };
    response.once('close', sent);
  }

  #release(): void {
    this.#owner.finish(this.#exchange, this.#flows, this.#request);
  }
}
