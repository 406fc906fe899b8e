/** What became of a demand in a while. */
export interface DemandResults {
  readonly seconds: number;
  /** Over time; 0 for no time. */
  readonly average: number;
  /** Standard deviation. */
  readonly deviation: number;
  readonly max: number;
}

/** Follows how many seats a level could use: its moments over time. Upstream: apiserver/pkg/util/flowcontrol/fairqueuing/integrator.go. */
export class SeatDemand {
  #seats = 0;
  #max = 0;
  #seconds = 0;
  #sum = 0;
  #squares = 0;
  #sinceMs: number;

  constructor(nowMs: number) {
    this.#sinceMs = nowMs;
  }

  set(seats: number, nowMs: number): void {
    this.#pass(nowMs);
    this.#seats = seats;
    if (seats > this.#max) this.#max = seats;
  }

  /** What it was since the last time it was asked. */
  reset(nowMs: number): DemandResults {
    this.#pass(nowMs);
    const seconds = this.#seconds;
    const average = seconds > 0 ? this.#sum / seconds : 0;
    const variance = seconds > 0 ? this.#squares / seconds - average * average : 0;
    const results = { seconds, average, deviation: Math.sqrt(Math.max(0, variance)), max: this.#max };
    this.#seconds = 0;
    this.#sum = 0;
    this.#squares = 0;
    this.#max = this.#seats;
    return results;
  }

  #pass(nowMs: number): void {
    const seconds = (nowMs - this.#sinceMs) / 1000;
    this.#sinceMs = nowMs;
    this.#seconds += seconds;
    this.#sum += seconds * this.#seats;
    this.#squares += seconds * this.#seats * this.#seats;
  }
}
