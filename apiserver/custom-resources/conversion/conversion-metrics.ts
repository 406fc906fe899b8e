import type { Clock } from '../../../runtime/index.ts';
import { CounterFamily, HistogramFamily } from '../../registry/metric-families.ts';

/** How far a webhook came whose answer is of no use. */
export type ConversionFailure =
  | 'call_failure'
  | 'malformed_response_failure'
  | 'partial_response_failure'
  | 'invalid_converted_object_failure';

/** What is converted: the objects of a definition, from one version to another. */
export interface Conversion {
  readonly definition: string;
  readonly from: string;
  readonly to: string;
}

/** Seconds, each twice the one before. */
const DEFINITION_SECONDS = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);
const SECONDS = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 60];
const WEBHOOK = 'apiserver_conversion_webhook';

/** Counts what webhooks convert. Upstream: apiextensions-apiserver, `pkg/apiserver/conversion/metrics.go`. */
export class ConversionMetrics {
  readonly #clock: Clock;
  readonly #requests = new CounterFamily(`${WEBHOOK}_request_total`, 'Conversions that webhooks were asked for.');
  readonly #seconds = new HistogramFamily(`${WEBHOOK}_duration_seconds`, 'How long they took.', SECONDS);
  readonly #ofDefinitions = new HistogramFamily(
    'apiserver_crd_conversion_webhook_duration_seconds',
    'How long conversions took, by definition.',
    DEFINITION_SECONDS,
  );

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds that only go forward. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** A webhook was asked. @param since when, by {@link now}. @param failure undefined when its answer is good. */
  asked(since: number, failure: ConversionFailure | undefined): void {
    const labels = {
      failure_type: failure === undefined ? '' : `conversion_webhook_${failure}`,
      result: failure === undefined ? 'success' : 'failure',
    };
    this.#requests.add(labels);
    this.#seconds.of(labels).observe((this.now() - since) / 1000);
  }

  /** Objects were to be converted. @param since when, by {@link now}. */
  converted({ definition, from, to }: Conversion, since: number, succeeded: boolean): void {
    const labels = { crd_name: definition, from_version: from, succeeded, to_version: to };
    this.#ofDefinitions.of(labels).observe((this.now() - since) / 1000);
  }

  /** Prometheus' text format. */
  text(): string {
    return `${[this.#requests, this.#seconds, this.#ofDefinitions].flatMap((family) => family.lines()).join('\n')}\n`;
  }
}
