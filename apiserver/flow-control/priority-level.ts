import type { PriorityLevelConfiguration } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { EXEMPT } from './bootstrap-objects.ts';
import { FlowStats } from './flow-stats.ts';
import { type QueueConfig, QueueSet } from './queue-set.ts';
import { SeatDemand } from './seat-demand.ts';
import { TimingRatio } from './timing-ratio.ts';

const SEAT_RATIOS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];
const REQUEST_RATIOS = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1];
const DEMAND_RATIOS = [0.2, 0.4, 0.6, 0.8, 1, 1.2, 1.4, 1.7, 2, 2.8, 4, 6];

/** How much of a level's nominal seats one request may take. */
const SEATS_MAX_FRACTION = 0.15;
/** How much of the demand of the past is kept at each adjustment; half of it is forgotten in five minutes. */
const SMOOTHING = 0.977;

/** The seats of a level: what it has a right to, what it keeps or may reach, and what it has for now. */
export interface SeatLimits {
  readonly nominal: number;
  readonly min: number;
  readonly max: number;
}

/** What became of a level's demand in the last while. */
export interface DemandStats {
  readonly highWatermark: number;
  readonly average: number;
  readonly deviation: number;
  readonly smoothed: number;
}

type Spec = PriorityLevelConfiguration['spec'];

/** A priority level as it is in force. Upstream: `priorityLevelState` in apiserver/pkg/util/flowcontrol/apf_controller.go. */
export class PriorityLevel {
  readonly name: string;
  readonly queues: QueueSet;
  readonly seatUse: TimingRatio;
  readonly executing: TimingRatio;
  readonly waiting: TimingRatio;
  readonly demandRatio: TimingRatio;
  /** By schema; what was counted stays. */
  readonly stats = new Map<string, FlowStats>();
  readonly #clock: Clock;
  readonly #demand: SeatDemand;
  #spec: Spec;
  #limits: SeatLimits = { nominal: 0, min: 0, max: 0 };
  #demandStats: DemandStats = { highWatermark: 0, average: 0, deviation: 0, smoothed: 0 };
  uid: string;
  /** No longer wanted: it goes once its queues are empty. */
  quiescing = false;
  /** Seats it has for now. */
  limit = 0;
  target = 0;
  /** What one request may take; 0 when it is not said. */
  requestSeatsMax = 0;

  constructor(config: PriorityLevelConfiguration, clock: Clock) {
    this.name = config.metadata.name ?? '';
    this.uid = config.metadata.uid ?? '';
    this.#spec = config.spec;
    this.#clock = clock;
    const now = clock.monotonic();
    this.#demand = new SeatDemand(now);
    this.demandRatio = new TimingRatio(DEMAND_RATIOS, now);
    this.seatUse = new TimingRatio(SEAT_RATIOS, now);
    this.executing = new TimingRatio(REQUEST_RATIOS, now);
    this.waiting = new TimingRatio(REQUEST_RATIOS, now);
    const { demandRatio, seatUse: seats, executing, waiting } = this;
    this.queues = new QueueSet({ clock, gauges: { demand: this.#demand, demandRatio, seats, executing, waiting } });
  }

  /** Takes a configuration for its own. */
  adopt({ metadata, spec }: PriorityLevelConfiguration): void {
    this.uid = metadata.uid ?? '';
    this.#spec = spec;
    this.quiescing = false;
  }

  get isExempt(): boolean {
    return this.#spec.type === 'Exempt';
  }

  get limits(): SeatLimits {
    return this.#limits;
  }

  get demand(): DemandStats {
    return this.#demandStats;
  }

  /** Its share of the server's seats, relative to other levels. */
  get shares(): number {
    return (this.#spec.limited ?? this.#spec.exempt)?.nominalConcurrencyShares ?? 0;
  }

  /** How many queues there are; fewer than two need no telling flows apart. */
  get queueCount(): number {
    return this.#queuing?.queues ?? 0;
  }

  get handSize(): number {
    return this.#queuing?.handSize ?? 0;
  }

  /** Requests that may wait, all queues together. */
  get waitingMax(): number {
    return this.queueCount * (this.#queuing?.queueLengthLimit ?? 0);
  }

  get #queuing() {
    return this.#spec.limited?.limitResponse?.queuing;
  }

  #seatsMaxOfOne(nominal: number): number {
    if (!this.#queuing) return 0;
    return Math.max(1, Math.min(Math.ceil(nominal * SEATS_MAX_FRACTION), Math.trunc(nominal / Math.max(1, this.handSize))));
  }

  /** Gives it its part of the server's seats. @param borrowingMax what may be borrowed when it is not said. */
  share(nominal: number, borrowingMax: number): void {
    const { lendablePercent = 0 } = this.#spec.limited ?? this.#spec.exempt ?? {};
    const borrowing = this.#spec.limited?.borrowingLimitPercent;
    this.requestSeatsMax = this.#seatsMaxOfOne(nominal);
    this.#limits = {
      nominal,
      min: nominal - Math.round((nominal * lendablePercent) / 100),
      max: nominal + (borrowing === undefined ? borrowingMax : Math.round((nominal * borrowing) / 100)),
    };
  }

  /** Sums up the demand since the last time. */
  sumUp(): void {
    const { seconds, average, deviation, max } = this.#demand.reset(this.#clock.monotonic());
    const highWatermark = Math.round(max);
    if (seconds <= 0) {
      this.#demandStats = { ...this.#demandStats, highWatermark };
      return;
    }
    const envelope = average + deviation;
    const smoothed = Math.max(envelope, SMOOTHING * this.#demandStats.smoothed + (1 - SMOOTHING) * envelope);
    this.#demandStats = { highWatermark, average, deviation, smoothed };
  }

  /** What it must have at least: what it had use for of its own, and all that it does not lend. */
  get limitMin(): number {
    const { nominal, min } = this.#limits;
    const { highWatermark } = this.#demandStats;
    return Math.max(min, this.isExempt ? highWatermark : Math.min(nominal, highWatermark));
  }

  /** @param denominator what use is measured against when there is no limit. */
  setLimit(limit: number, denominator: number): void {
    this.limit = limit;
    const against = limit > 0 ? limit : denominator;
    this.demandRatio.setDenominator(against, this.#clock.monotonic());
    this.queues.configure(this.#queueConfig(), limit, against);
  }

  #queueConfig(): QueueConfig {
    if (this.isExempt) return { queues: -1, queueLengthMax: 1 };
    const queuing = this.#queuing;
    return { queues: queuing?.queues ?? 0, queueLengthMax: queuing?.queueLengthLimit ?? 1 };
  }

  statsOf(schema: string): FlowStats {
    let stats = this.stats.get(schema);
    if (!stats) {
      stats = new FlowStats(this.name, schema);
      this.stats.set(schema, stats);
    }
    return stats;
  }
}

/** Whether a configuration can be followed: it cannot when it came past validation. Upstream: `queueSetCompleterForPL`. */
export function isSound({ metadata, spec }: PriorityLevelConfiguration): boolean {
  const { type, limited, exempt } = spec;
  if ((type === 'Limited') !== (limited !== undefined) || (type === 'Exempt') !== (exempt !== undefined)) return false;
  if ((type === 'Exempt') !== (metadata.name === EXEMPT)) return false;
  const response = limited?.limitResponse;
  return !limited || (response?.type === 'Reject') === (response?.queuing === undefined);
}
