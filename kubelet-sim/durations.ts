/** Bounds of a histogram, in seconds: those that Prometheus' libraries have unless told otherwise. */
export const DURATION_BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** How often something happened, and how long it took; what is always quick costs no more than two numbers. */
export class Durations {
  readonly bounds: readonly number[];
  #count = 0;
  #seconds = 0;
  /** How many took longer than each bound, once one did. */
  #slower: number[] | undefined;

  constructor(bounds = DURATION_BOUNDS) {
    this.bounds = bounds;
  }

  get count(): number {
    return this.#count;
  }

  get seconds(): number {
    return this.#seconds;
  }

  add(seconds: number): void {
    this.#count++;
    this.#seconds += seconds;
    if (seconds <= (this.bounds[0] ?? 0)) return;
    this.#slower = this.bounds.map((bound, i) => (this.#slower?.[i] ?? 0) + (seconds > bound ? 1 : 0));
  }

  /** How many took no longer than a bound. @param index of {@link bounds} */
  within(index: number): number {
    return this.#count - (this.#slower?.[index] ?? 0);
  }
}
