// A request among those of a set of queues, and the queue that it is in (`queue-set.ts`).
import type { FlowStats } from './flow-stats.ts';
import type { WorkEstimate } from './work-estimate.ts';

/** What a request is taken to need before it is known, in seconds. Upstream: `estimatedServiceDuration`. */
export const SERVICE_SECONDS = 0.003;

/** A request as it comes. */
export interface Arrival {
  readonly estimate: WorkEstimate;
  readonly stats: FlowStats;
  readonly flow: Flow;
  /** What it is, for those who look at the queues. */
  readonly subject: unknown;
}

/** A flow among those of a schema. */
export interface Flow {
  readonly distinguisher: string;
  /** Queues it may wait in; not looked at when there are none. */
  readonly hand: readonly number[];
}

/** A queue of a set. */
export interface Queue {
  readonly index: number;
  /** Oldest first. */
  readonly waiting: Set<QueuedRequest>;
  /** Work of those that wait, in seat-seconds. */
  waitingWork: number;
  executing: number;
  seatsInUse: number;
  nextR: number;
}

/** A request in a set: it waits, executes, and may linger on its seats. */
export class QueuedRequest {
  readonly stats: FlowStats;
  readonly flow: Flow;
  readonly subject: unknown;
  readonly arrivalMs: number;
  readonly arrivalR: number;
  readonly estimate: WorkEstimate;
  /** Seat-seconds. */
  readonly work: number;
  queue: Queue | undefined;
  seats: number;
  lingerMs: number;
  startMs = 0;
  state: 'waiting' | 'executing' | 'finished' = 'waiting';
  /** It was let past a wide one. */
  express = false;
  /** Its neighbours among those that execute. */
  older: QueuedRequest | undefined;
  younger: QueuedRequest | undefined;
  /** Called when one that had to wait is given its seats. */
  onDispatch: (() => void) | undefined;

  constructor({ estimate, stats, flow, subject }: Arrival, arrivalMs: number, arrivalR: number) {
    this.stats = stats;
    this.flow = flow;
    this.subject = subject;
    this.arrivalMs = arrivalMs;
    this.arrivalR = arrivalR;
    this.estimate = estimate;
    this.work = estimate.initialSeats * SERVICE_SECONDS + finalWork(estimate);
    this.seats = Math.max(estimate.initialSeats, estimate.finalSeats);
    this.lingerMs = estimate.additionalLatencyMs;
  }
}

/** Seat-seconds after the answer. */
export const finalWork = ({ finalSeats, additionalLatencyMs }: WorkEstimate): number => (finalSeats * additionalLatencyMs) / 1000;

export const oldestOf = (queue: Queue): QueuedRequest | undefined =>
  queue.waiting.size === 0 ? undefined : queue.waiting.values().next().value;

export const isEmpty = ({ waiting, executing, seatsInUse }: Queue): boolean => waiting.size === 0 && executing === 0 && seatsInUse === 0;
