/**
 * How long a ratio had which value: a histogram of its value at the end of every nanosecond. Upstream:
 * apiserver/pkg/util/flowcontrol/metrics/timing_ratio_histogram.go.
 */
export class TimingRatio {
  readonly #bounds: readonly number[];
  readonly #nanoseconds: Float64Array;
  #beyond = 0;
  #sum = 0;
  #numerator = 0;
  #denominator: number;
  #ratio = 0;
  /** Bucket of the present value; past the last for what is beyond. */
  #bucket = 0;
  #sinceMs: number;

  /** @param bounds upper bounds of the buckets, rising. */
  constructor(bounds: readonly number[], nowMs: number, denominator = 1) {
    this.#bounds = bounds;
    this.#nanoseconds = new Float64Array(bounds.length);
    this.#denominator = denominator;
    this.#sinceMs = nowMs;
  }

  set(numerator: number, nowMs: number): void {
    this.#pass(nowMs);
    this.#numerator = numerator;
    this.#ratio = numerator / this.#denominator;
    this.#bucket = this.#bucketOf(this.#ratio);
  }

  setDenominator(denominator: number, nowMs: number): void {
    this.#denominator = denominator;
    this.set(this.#numerator, nowMs);
  }

  #pass(nowMs: number): void {
    const passed = (nowMs - this.#sinceMs) * 1e6;
    if (passed <= 0) return;
    this.#sinceMs = nowMs;
    this.#sum += this.#ratio * passed;
    if (this.#bucket < this.#nanoseconds.length) this.#nanoseconds[this.#bucket] = (this.#nanoseconds[this.#bucket] ?? 0) + passed;
    else this.#beyond += passed;
  }

  #bucketOf(ratio: number): number {
    const bounds = this.#bounds;
    let i = 0;
    while (i < bounds.length && ratio > (bounds[i] ?? 0)) i++;
    return i;
  }

  /** Lines of Prometheus' text format, up to now. @param labels `a="b",c="d"`. */
  lines(name: string, labels: string, nowMs: number): string[] {
    this.#pass(nowMs);
    let total = 0;
    const lines = this.#bounds.map((bound, i) => {
      total += this.#nanoseconds[i] ?? 0;
      return `${name}_bucket{${labels},le="${bound}"} ${Math.round(total)}`;
    });
    const all = Math.round(total + this.#beyond);
    lines.push(`${name}_bucket{${labels},le="+Inf"} ${all}`, `${name}_sum{${labels}} ${this.#sum}`, `${name}_count{${labels}} ${all}`);
    return lines;
  }
}
