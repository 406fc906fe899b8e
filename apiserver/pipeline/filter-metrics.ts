import { Histogram } from '../registry/histogram.ts';
import { histogramLines } from '../registry/metric-families.ts';

/** Upstream's (apiserver, `pkg/endpoints/metrics`). */
const SECONDS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 5, 10, 15, 30];

/** What a request passes before it is served, by upstream's names. */
const FILTERS = ['audit', 'authentication', 'authorization', 'impersonation', 'priorityandfairness'] as const;

/** How long each filter took with requests that it let through. Upstream: apiserver, `pkg/endpoints/filterlatency`. */
export class FilterMetrics {
  readonly audit = new Histogram(SECONDS);
  readonly authentication = new Histogram(SECONDS);
  readonly authorization = new Histogram(SECONDS);
  readonly impersonation = new Histogram(SECONDS);
  readonly priorityandfairness = new Histogram(SECONDS);

  lines(): string[] {
    const passed = FILTERS.filter((name) => this[name].count > 0);
    return histogramLines(
      'apiserver_request_filter_duration_seconds',
      'How long requests took to pass a filter.',
      passed.map((name) => [`filter="${name}"`, this[name]] as const),
    );
  }
}
