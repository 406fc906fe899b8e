import { type Clock, exponentialBuckets } from '../../runtime/index.ts';
import { CounterFamily, HistogramFamily } from '../registry/metric-families.ts';

/** From five microseconds on, each twice the one before. */
const SECONDS = exponentialBuckets(5e-6, 2, 25);
/** What no prefix, and an unknown one, are called. */
const IDENTITY = 'identity';
const UNKNOWN = 'unknown';
/** A failure that no plugin gave a code for. */
const FAILED = 'unknown-non-grpc';

export type TransformationType = 'from_storage' | 'to_storage';

/** Counts values that are sealed and opened. Upstream: apiserver, `pkg/storage/value/{metrics,transformer}.go`. */
export class TransformationMetrics {
  /** Whose values are worked on: `secrets`, `deployments.apps`. */
  resource = '';
  readonly #clock: Clock;
  readonly #operations = new CounterFamily('apiserver_storage_transformation_operations_total', 'Values that were sealed and opened.');
  readonly #seconds = new HistogramFamily('apiserver_storage_transformation_duration_seconds', 'How long that took.', SECONDS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds that only go forward. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** @param prefix undefined when none is the value's. @param since when it was begun, by {@link now}. */
  done(type: TransformationType, prefix: string | undefined, since: number): void {
    const prefixName = nameOf(type, prefix);
    this.#count(type, prefixName, 'OK');
    this.#seconds.of({ transformation_type: type, transformer_prefix: prefixName }).observe((this.now() - since) / 1000);
  }

  failed(type: TransformationType, prefix: string | undefined): void {
    this.#count(type, nameOf(type, prefix), FAILED);
  }

  lines(): string[] {
    return [...this.#operations.lines(), ...this.#seconds.lines()];
  }

  #count(type: TransformationType, prefix: string, status: string): void {
    this.#operations.add({ resource: this.resource, status, transformation_type: type, transformer_prefix: prefix });
  }
}

/** What is sealed with nothing is not called so when it is written. */
function nameOf(type: TransformationType, prefix: string | undefined): string {
  if (prefix === undefined) return UNKNOWN;
  return prefix === '' && type === 'from_storage' ? IDENTITY : prefix;
}
