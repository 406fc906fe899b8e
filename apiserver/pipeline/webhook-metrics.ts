import { CounterFamily, HistogramFamily } from '../registry/metric-families.ts';

const ROUND_TRIP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const CONDITION_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.1, 0.2, 0.25];

/** What came of asking a webhook once. */
export type WebhookResult = 'success' | 'timeout' | 'error';

/**
 * Counts what authorization webhooks are asked. Upstream: apiserver, `plugin/pkg/authorizer/webhook/metrics`, `pkg/authorization/cel/metrics.go`.
 */
export class AuthorizationWebhookMetrics {
  readonly #asked = new CounterFamily('apiserver_authorization_webhook_evaluations_total', 'Round-trips to authorization webhooks.');
  readonly #seconds = new HistogramFamily(
    'apiserver_authorization_webhook_duration_seconds',
    'Authorization webhooks: how long each round-trip took.',
    ROUND_TRIP_SECONDS,
  );
  readonly #open = new CounterFamily(
    'apiserver_authorization_webhook_evaluations_fail_open_total',
    'Failures of authorization webhooks that left the decision to others.',
  );
  readonly #conditions = new HistogramFamily(
    'apiserver_authorization_match_condition_evaluation_seconds',
    'Match conditions of authorizers: how long they took.',
    CONDITION_SECONDS,
  );
  readonly #conditionErrors = new CounterFamily(
    'apiserver_authorization_match_condition_evaluation_errors_total',
    'Match conditions of authorizers that could not be told.',
  );
  readonly #exclusions = new CounterFamily(
    'apiserver_authorization_match_condition_exclusions_total',
    'Requests that an authorizer was not asked about because of its match conditions.',
  );

  /** Each try of a question counts. */
  asked(name: string, result: WebhookResult, seconds: number): void {
    this.#asked.add({ name, result });
    this.#seconds.of({ name, result }).observe(seconds);
  }

  failedOpen(name: string, result: WebhookResult): void {
    this.#open.add({ name, result });
  }

  /** @param matches whether the webhook is asked; an error when that could not be told. */
  conditionsEvaluated(name: string, matches: boolean | Error, seconds: number): void {
    const labels = { type: 'Webhook', name };
    this.#conditions.of(labels).observe(seconds);
    if (matches instanceof Error) this.#conditionErrors.add(labels);
    else if (!matches) this.#exclusions.add(labels);
  }

  lines(): string[] {
    const families = [this.#asked, this.#seconds, this.#open, this.#conditions, this.#conditionErrors, this.#exclusions];
    return families.flatMap((family) => family.lines());
  }
}
