import { Histogram } from '../registry/histogram.ts';

export type RejectReason = 'concurrency-limit' | 'queue-full' | 'time-out';

const SECONDS = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30];

/** What is counted of the requests of one schema at one level: plain numbers, of which text is made when it is asked for. */
export class FlowStats {
  readonly level: string;
  readonly schema: string;
  dispatched = 0;
  readonly rejected: Record<RejectReason, number> = { 'concurrency-limit': 0, 'queue-full': 0, 'time-out': 0 };
  waiting = 0;
  waitingSeats = 0;
  executing = 0;
  executingSeats = 0;
  /** How often the next in line was too wide for the seats that were free. */
  unaccommodated = 0;
  readonly queueLengths = new Histogram([0, 10, 25, 50, 100, 250, 500, 1000]);
  /** Seconds in the queue of those that were served, and of those that were not. */
  readonly waited = new Histogram(SECONDS);
  readonly waitedInVain = new Histogram(SECONDS);
  readonly executed = new Histogram(SECONDS);
  /** Seconds until watches were initialised. */
  readonly watchesExecuted = new Histogram(SECONDS);
  readonly seats = new Histogram([1, 2, 4, 8, 16, 32, 64, 100]);
  readonly watchCounts = new Histogram([0, 1, 10, 100, 1000, 10_000]);

  constructor(level: string, schema: string) {
    this.level = level;
    this.schema = schema;
  }
}
