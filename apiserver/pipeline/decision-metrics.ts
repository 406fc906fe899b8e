import { labelText, metricLines } from '../registry/metric-families.ts';

/** What one authorizer has decided; added to for each request. */
export interface DecisionCounts {
  allowed: number;
  denied: number;
}

/** Counts who decided what. Who has no opinion does not count. Upstream: apiserver, `pkg/authorization/metrics`. */
export class DecisionMetrics {
  readonly #counts = new Map<string, DecisionCounts>();

  /** The counts of an authorizer, the same ones each time. */
  of(type: string, name: string): DecisionCounts {
    const key = labelText({ type, name });
    const known = this.#counts.get(key) ?? { allowed: 0, denied: 0 };
    this.#counts.set(key, known);
    return known;
  }

  lines(): string[] {
    const samples = [...this.#counts].flatMap(([labels, counts]) =>
      (['allowed', 'denied'] as const).flatMap((decision) =>
        counts[decision] === 0 ? [] : [[`decision="${decision}",${labels}`, counts[decision]] as const],
      ),
    );
    return metricLines('counter', 'apiserver_authorization_decisions_total', 'What authorizers have decided.', samples);
  }
}
