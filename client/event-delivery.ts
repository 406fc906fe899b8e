import type { Clock, Logger, Random } from '../runtime/index.ts';
import { errorFields, isConnectionError } from './errors.ts';
import { EventPace } from './event-pace.ts';

/** Tries to write an event while the API server is away. */
const TRIES_MAX = 12;
/** What is queued when a recorder is closed has this long to be written. */
const CLOSING_MS = 1_000;

/** Options of {@link EventDelivery}. */
export interface EventDeliveryOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How long to wait before an event is tried again, in milliseconds, after so many tries. */
  readonly retryMs: (tries: number) => number;
}

/** Writes the events of one recorder: few at a time, again while the API server is away, and the last ones when the recorder is closed. */
export class EventDelivery {
  readonly pace = new EventPace();
  readonly #options: EventDeliveryOptions;
  readonly #closing = new AbortController();
  readonly #closed = new AbortController();

  constructor(options: EventDeliveryOptions) {
    this.#options = options;
  }

  /** Whether the recorder takes no more events. */
  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Writes one event, again while the API server is away, but not when it says no; once when the recorder is being closed.
   *
   * @param about what the log says when it could not be written
   */
  async deliver(write: (signal: AbortSignal) => Promise<void>, about: object): Promise<void> {
    const { clock, retryMs } = this.#options;
    for (let tries = 1; !(await this.#attempt(write, about, tries)); tries++) {
      await clock.sleep(retryMs(tries), this.#closing.signal).catch(() => undefined);
    }
  }

  /** Ends a recorder: `flush` resolves when all that is queued is written or given up, and has a second for it; the rest is dropped. */
  async close(flush: () => Promise<void>): Promise<void> {
    this.#closing.abort(new Error('the recorder is being closed'));
    using _late = this.#options.clock.setTimer(CLOSING_MS, () => {
      this.#options.logger.warn({ dropped: this.pace.queued }, 'events were dropped: they could not be written in time');
      this.#end();
    });
    await flush();
    this.#end();
  }

  #end(): void {
    this.#closed.abort(new Error('the recorder was closed'));
  }

  /** @returns whether it is done: written, refused, or tried often enough. */
  async #attempt(write: (signal: AbortSignal) => Promise<void>, about: object, tries: number): Promise<boolean> {
    const { signal } = this.#closed;
    if (signal.aborted) return true;
    try {
      await this.pace.inTurn(() => write(signal));
      return true;
    } catch (error) {
      const giveUp = this.isClosing || !isConnectionError(error) || tries >= TRIES_MAX;
      this.#options.logger[giveUp ? 'warn' : 'debug']({ ...about, tries, giveUp, ...errorFields(error) }, 'event could not be written');
      return giveUp;
    }
  }
}
