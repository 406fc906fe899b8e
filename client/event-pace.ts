/** Events that wait for each one that may be on its way. */
const QUEUED_A_PLACE = 2_000;

/**
 * Lets a recorder's events be written few at a time: events tell of the work, and must not hold it up. One is on its way while few wait; the more
 * wait, the more are, so that a recorder which is told more for long than one at a time can carry keeps up nevertheless. The API server's answers
 * set the pace: a busy one gets fewer. Upstream's recorders are slowed by their clients' limits of requests per second.
 */
export class EventPace {
  #queued = 0;
  #writing = 0;
  readonly #waiting: (() => void)[] = [];

  /** Events that are queued or on their way. */
  get queued(): number {
    return this.#queued;
  }

  /** An event was queued. */
  enter(): void {
    this.#queued++;
  }

  /** A queued event is done, or dropped. */
  leave(): void {
    this.#queued--;
  }

  /** Does `write` when there is a place for it. */
  async inTurn<T>(write: () => Promise<T>): Promise<T> {
    if (this.#writing >= this.#places) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#writing++;
    try {
      return await write();
    } finally {
      this.#pass();
    }
  }

  get #places(): number {
    return 1 + Math.floor(this.#queued / QUEUED_A_PLACE);
  }

  /** The place goes to who waits longest, and places that have come into being to others. */
  #pass(): void {
    this.#writing--;
    while (this.#writing < this.#places) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#writing++;
      next();
    }
  }
}
