import type { Clock } from '../runtime/index.ts';

/** How long what has come in may be worked on before other sockets and timers have their turn. */
const SLICE_MS = 20;

/**
 * Tells when work on what a connection brings has taken its share of a turn of the event loop. A turn takes in megabytes of a busy watch, which may
 * be seconds of work: meanwhile no answer is read, and no heartbeat written.
 */
export class TurnSlice {
  readonly #clock: Clock;
  #beganAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether this turn's share is used up: then `nextTurn` is to be waited for. The share begins when this is first asked in a turn. */
  isUsedUp(): boolean {
    if (this.#beganAt !== undefined) return this.#clock.monotonic() - this.#beganAt > SLICE_MS;
    this.#beganAt = this.#clock.monotonic();
    setImmediate(() => {
      this.#beganAt = undefined;
    });
    return false;
  }

  /** Resolves when all others have had their turn. */
  nextTurn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
