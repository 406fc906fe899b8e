import { apiError } from '../../api/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';
import type { Exchange } from './exchange.ts';
import { type StatusEncoder, sendError } from './respond.ts';

/** How often it is looked which requests take too long: they get up to this much more. */
const SWEEP_MS = 1000;

/**
 * Answers 504 for requests that take too long. One timer looks after all of them, so that a request costs no timer of its own.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #encode: StatusEncoder;
  readonly #running = new Map<Exchange, number>();
  #timer: Timer | undefined;

  constructor(options: { readonly clock: Clock; readonly timeoutMs: number; readonly encode: StatusEncoder }) {
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#encode = options.encode;
  }

  /** How many requests are being served. */
  get size(): number {
    return this.#running.size;
  }

  begin(exchange: Exchange): void {
    this.#running.set(exchange, this.#clock.monotonic() + this.#timeoutMs);
    this.#timer ??= this.#clock.setTimer(SWEEP_MS, () => this.#sweep());
  }

  end(exchange: Exchange): void {
    this.#running.delete(exchange);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    // Requests are in the order they began, and all have the same time: the first that has time left ends the search.
    for (const [exchange, deadline] of this.#running) {
      if (deadline > now) break;
      this.#running.delete(exchange);
      sendError(exchange, apiError.timeout('request did not complete within the allotted timeout', 0), this.#encode);
    }
    if (this.#running.size > 0) this.#timer = this.#clock.setTimer(SWEEP_MS, () => this.#sweep());
  }
}
