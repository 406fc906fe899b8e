// How health checks came out, for /metrics/slis (component-base/metrics/prometheus/slis). Written by hand: the library of /metrics is not
// worth loading for the probes of a server that nobody measures.

interface Outcome {
  readonly name: string;
  readonly type: string;
  isWell: boolean;
  readonly times: { success: number; error: number };
}

/** Counts the results of health checks, by check and by the endpoint that asked for them. */
export class HealthSlis {
  readonly #outcomes = new Map<string, Outcome>();

  observe(name: string, type: string, isWell: boolean): void {
    const key = `${name} ${type}`;
    const outcome = this.#outcomes.get(key) ?? { name, type, isWell, times: { success: 0, error: 0 } };
    outcome.isWell = isWell;
    outcome.times[isWell ? 'success' : 'error']++;
    this.#outcomes.set(key, outcome);
  }

  /** Forgets everything: what a DELETE asks for. */
  reset(): void {
    this.#outcomes.clear();
  }

  /** Prometheus' text format. */
  text(): string {
    const outcomes = [...this.#outcomes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, outcome]) => outcome);
    const results = outcomes.map(({ name, type, isWell }) => `kubernetes_healthcheck{name="${name}",type="${type}"} ${isWell ? 1 : 0}`);
    const totals = outcomes.flatMap(({ name, type, times }) =>
      (['error', 'success'] as const)
        .filter((status) => times[status] > 0)
        .map((status) => `kubernetes_healthchecks_total{name="${name}",status="${status}",type="${type}"} ${times[status]}`),
    );
    const start = performance.timeOrigin / 1000;
    return [
      ...family('kubernetes_healthcheck', 'gauge', '[STABLE] This metric records the result of a single healthcheck.', results),
      ...family('kubernetes_healthchecks_total', 'counter', '[STABLE] This metric records the results of all healthcheck.', totals),
      ...family('process_start_time_seconds', 'gauge', '[ALPHA] Start time of the process since unix epoch in seconds.', [
        `process_start_time_seconds ${start}`,
      ]),
      '',
    ].join('\n');
  }
}

const family = (name: string, type: string, help: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
