/** A histogram that costs an addition, and makes its text when it is asked for. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;
  #count = 0;

  /** @param bounds upper bounds of the buckets, rising. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length);
  }

  /** What several with the same buckets have seen together. @param all one of them at least. */
  static sum(all: readonly Histogram[]): Histogram {
    const sum = new Histogram(all[0] ? all[0].#bounds : []);
    for (const each of all) {
      each.#counts.forEach((count, i) => {
        sum.#counts[i] = (sum.#counts[i] ?? 0) + count;
      });
      sum.#sum += each.#sum;
      sum.#count += each.#count;
    }
    return sum;
  }

  /** @param times how often the value was seen. */
  observe(value: number, times = 1): void {
    this.#sum += value * times;
    this.#count += times;
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket++;
    if (bucket < bounds.length) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + times;
  }

  get count(): number {
    return this.#count;
  }

  /** Lines of Prometheus' text format. @param labels `a="b",c="d"`, or nothing. */
  lines(name: string, labels: string): string[] {
    const before = labels === '' ? '' : `${labels},`;
    const whole = labels === '' ? '' : `{${labels}}`;
    let total = 0;
    const lines = this.#bounds.map((bound, i) => {
      total += this.#counts[i] ?? 0;
      return `${name}_bucket{${before}le="${bound}"} ${total}`;
    });
    lines.push(`${name}_bucket{${before}le="+Inf"} ${this.#count}`);
    lines.push(`${name}_sum${whole} ${this.#sum}`, `${name}_count${whole} ${this.#count}`);
    return lines;
  }
}
