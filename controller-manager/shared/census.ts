import type { Labels, MetricSpec, Metrics } from '../../runtime/index.ts';

/** Something that is counted; the same labels may come more than once. */
export interface Counted {
  readonly labels: Labels;
  /** How much it counts: one, unless it says so. */
  readonly count?: number;
}

/** A gauge that is counted anew whenever it is read, by the controller that works. */
export class Census {
  #count: (() => Iterable<Counted>) | undefined;

  constructor(metrics: Metrics, spec: MetricSpec) {
    const gauge = metrics.gauge(spec);
    metrics.onRead(() => {
      gauge.reset();
      for (const { labels, count = 1 } of this.#count?.() ?? []) gauge.add(count, labels);
    });
  }

  /** Counts so until the signal. */
  take(signal: AbortSignal, count: () => Iterable<Counted>): void {
    this.#count = count;
    const end = () => {
      if (this.#count === count) this.#count = undefined;
    };
    signal.addEventListener('abort', end, { once: true });
  }
}
