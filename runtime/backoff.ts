import type { Random } from './random.ts';

/** How a back-off grows. */
export interface BackoffOptions {
  readonly random: Random;
  /** The first delay. */
  readonly delayMs: number;
  readonly delayMsMax: number;
  /** What each delay is multiplied with for the next; 2 unless given. */
  readonly factor?: number | undefined;
  /** Share of the delay that is left to chance, 0 to 1; half of it unless given. */
  readonly jitter?: number | undefined;
}

/** Delays between tries: growing exponentially to a cap, each shortened by chance so that many who failed together come back apart. */
export class Backoff {
  readonly #options: BackoffOptions;
  #tries = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** How many delays were given since the last reset. */
  get tries(): number {
    return this.#tries;
  }

  /** The next delay, in milliseconds. */
  next(): number {
    const { random, delayMs, delayMsMax, factor = 2, jitter = 0.5 } = this.#options;
    const whole = Math.min(delayMsMax, delayMs * factor ** this.#tries);
    this.#tries++;
    return whole * (1 - jitter * random.next());
  }

  /** Starts over with the first delay. */
  reset(): void {
    this.#tries = 0;
  }
}
