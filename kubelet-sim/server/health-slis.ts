import { type Metric, type Sample, textOf } from './prometheus-text.ts';

/** When this process began. */
export const PROCESS_START: Metric = {
  name: 'process_start_time_seconds',
  type: 'gauge',
  help: '[ALPHA] Start time of the process since unix epoch in seconds.',
  samples: [{ labels: {}, value: performance.timeOrigin / 1000 }],
};

/** How often each check of a kubelet's health was asked for: `/metrics/slis` (upstream `component-base/metrics/prometheus/slis`). */
export class HealthSlis {
  readonly #times = new Map<string, number>();

  /** A check was in order, as each is while a kubelet answers. */
  observe(check: string): void {
    this.#times.set(check, (this.#times.get(check) ?? 0) + 1);
  }

  /** Forgets everything. */
  reset(): void {
    this.#times.clear();
  }

  text(): string {
    const checks = [...this.#times].sort(([a], [b]) => (a < b ? -1 : 1));
    const results = checks.map(([name]): Sample => ({ labels: { name, type: 'healthz' }, value: 1 }));
    const totals = checks.map(([name, value]): Sample => ({ labels: { name, status: 'success', type: 'healthz' }, value }));
    return textOf([
      {
        name: 'kubernetes_healthcheck',
        type: 'gauge',
        help: '[STABLE] This metric records the result of a single healthcheck.',
        samples: results,
      },
      {
        name: 'kubernetes_healthchecks_total',
        type: 'counter',
        help: '[STABLE] This metric records the results of all healthcheck.',
        samples: totals,
      },
      PROCESS_START,
    ]);
  }
}
