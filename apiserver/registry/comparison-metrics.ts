import type { KubeObject } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import { keepTimes } from '../apply/keep-times.ts';
import { Histogram } from './histogram.ts';
import { histogramLines } from './metric-families.ts';

const NAME = 'apiserver_request_timestamp_comparison_time';
const SECONDS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5];

/**
 * Times how written objects are compared with those before them ({@link keepTimes}), by how far one had to look. Upstream: apiserver,
 * `pkg/endpoints/handlers/fieldmanager/equality.go`.
 */
export class ComparisonMetrics {
  readonly #clock: Clock;
  readonly #histograms = { fast: new Histogram(SECONDS), slow: new Histogram(SECONDS), equal: new Histogram(SECONDS) };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Gives an object the times of the one before it if it says nothing else. */
  keepTimes(object: KubeObject, old: KubeObject): void {
    const since = this.#clock.monotonic();
    const outcome = keepTimes(object, old);
    this.#histograms[outcome].observe((this.#clock.monotonic() - since) / 1000);
  }

  /** Prometheus' text format. */
  text(): string {
    const { fast, slow, equal } = this.#histograms;
    const series = [
      ['equal_objects', equal],
      ['unequal_objects_fast', fast],
      ['unequal_objects_slow', slow],
    ] as const;
    const seen = series.filter(([, { count }]) => count > 0).map(([path, histogram]) => [`code_path="${path}"`, histogram] as const);
    return `${histogramLines(NAME, 'How long written objects were compared with those before them.', seen).join('\n')}\n`;
  }
}
