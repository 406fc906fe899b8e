/** The longest that a client is told to wait. */
const SECONDS_MAX = 32;

/** What is known of the requests of one level that were turned away. */
class Dropped {
  /** Counts of past seconds, oldest first. */
  #history: { readonly second: number; readonly count: number }[] = [];
  #second = 0;
  #count = 0;
  #raisedAt = 0;
  seconds = 1;

  note(second: number): void {
    if (second === this.#second) {
      this.#count++;
      return;
    }
    this.#history.push({ second: this.#second, count: this.#count });
    const kept = Math.min(2 * this.seconds, SECONDS_MAX);
    this.#history = this.#history.filter((past) => this.#second - past.second <= kept);
    this.#second = second;
    this.#count = 1;
    this.#adjust(second);
  }

  /** Doubles when there were many in as long as clients were told to wait, and comes down one by one when there were few. */
  #adjust(second: number): void {
    const window = this.seconds;
    let dropped = 0;
    for (const past of this.#history) if (past.second < second && second - past.second <= window) dropped += past.count;
    if (second - this.#raisedAt >= window && dropped >= 3 * window) {
      this.seconds = Math.min(2 * window, SECONDS_MAX);
      this.#raisedAt = second;
    } else if (dropped < window && window > 1) {
      this.seconds--;
    }
  }
}

/**
 * How long those who are turned away are told to wait: longer the more of their level there are. Upstream:
 * apiserver/pkg/util/flowcontrol/dropped_requests_tracker.go.
 */
export class RetryAfter {
  readonly #levels = new Map<string, Dropped>();

  /** One more request of a level is turned away. @returns the seconds it is told to wait. */
  note(level: string, nowMs: number): number {
    let dropped = this.#levels.get(level);
    if (!dropped) {
      dropped = new Dropped();
      this.#levels.set(level, dropped);
    }
    dropped.note(Math.floor(nowMs / 1000));
    return dropped.seconds;
  }
}
