import { exponentialBuckets } from '../../../runtime/index.ts';
import { hashOf } from '../../config-reload.ts';
import { Histogram } from '../../registry/histogram.ts';

interface KeyUse {
  readonly provider: string;
  readonly keyId: string;
}

interface Call {
  readonly provider: string;
  readonly path: string;
  readonly code: string;
}

/** From a tenth of a millisecond on, each twice the one before. */
const SECONDS = exponentialBuckets(0.0001, 2, 20);
/** Keys that are told of, the newest. */
const KEYS_MAX = 100;
const PREFIX = 'apiserver_envelope_encryption_';

/** What key management plugins are asked, and which of their keys are in use. Upstream: pkg/storage/value/encrypt/envelope/metrics. */
export class KmsMetrics {
  readonly #server: string;
  readonly #calls = new Map<string, Histogram>();
  readonly #uses = new Map<string, { count: number; atMs: number }>();
  readonly #told = new Map<string, number>();
  readonly #invalid = new Map<string, number>();
  readonly #held = new Map<string, number>();
  /** Hashes take longer than what they are for. */
  readonly #hashes = new Map<string, string>();
  #misses = 0;

  /** @param server who this server is, as a hash. */
  constructor(server: string) {
    this.#server = server;
  }

  /** A value was sealed or opened with a key. */
  used(what: 'from_storage' | 'to_storage', { provider, keyId }: KeyUse, nowMs: number): void {
    const labels = `${this.#keyLabels(provider, keyId)},transformation_type="${what}"`;
    const use = this.#uses.get(labels);
    if (use) {
      use.count++;
      use.atMs = nowMs;
    } else put(this.#uses, labels, { count: 1, atMs: nowMs });
  }

  /** The plugin's status named a key. */
  told({ provider, keyId }: KeyUse, nowMs: number): void {
    put(this.#told, this.#keyLabels(provider, keyId), nowMs);
  }

  invalidKeyId(provider: string, code: string): void {
    const labels = `error="${code}",provider_name=${JSON.stringify(provider)}`;
    this.#invalid.set(labels, (this.#invalid.get(labels) ?? 0) + 1);
  }

  called({ provider, path, code }: Call, tookMs: number): void {
    const labels = `grpc_status_code="${code}",method_name="${path}",provider_name=${JSON.stringify(provider)}`;
    const durations = this.#calls.get(labels) ?? new Histogram(SECONDS);
    this.#calls.set(labels, durations);
    durations.observe(tookMs / 1000);
  }

  /** The plugin had to be asked for a key. */
  missed(): void {
    this.#misses++;
  }

  /** How many keys a provider holds. */
  held(provider: string, count: number): void {
    this.#held.set(`provider_name=${JSON.stringify(provider)}`, count);
  }

  /** Prometheus' text format. */
  text(): string {
    const uses = [...this.#uses];
    const misses = 'apiserver_storage_envelope_transformation_cache_misses_total';
    return [
      ...family('dek_source_cache_size', 'gauge', 'Keys of values that are held, by provider.', this.#held),
      ...family('invalid_key_id_from_status_total', 'counter', 'Statuses that named no good key, by what was wrong.', this.#invalid),
      ...family(
        'key_id_hash_last_timestamp_seconds',
        'gauge',
        'When a key was last used.',
        mapped(uses, ({ atMs }) => atMs / 1000),
      ),
      ...family(
        'key_id_hash_status_last_timestamp_seconds',
        'gauge',
        'When a status last named a key.',
        mapped(this.#told, (atMs) => atMs / 1000),
      ),
      ...family(
        'key_id_hash_total',
        'counter',
        'How often a key was used.',
        mapped(uses, ({ count }) => count),
      ),
      `# HELP ${PREFIX}kms_operations_latency_seconds How long plugins took, by how it went.`,
      `# TYPE ${PREFIX}kms_operations_latency_seconds histogram`,
      ...[...this.#calls].flatMap(([labels, durations]) => durations.lines(`${PREFIX}kms_operations_latency_seconds`, labels)),
      `# HELP ${misses} How often a plugin had to be asked for a key.`,
      `# TYPE ${misses} counter`,
      `${misses} ${this.#misses}`,
      '',
    ].join('\n');
  }

  #keyLabels(provider: string, keyId: string): string {
    let hash = this.#hashes.get(keyId);
    if (hash === undefined) {
      hash = keyId === '' ? '' : hashOf(keyId);
      put(this.#hashes, keyId, hash);
    }
    return `apiserver_id_hash="${this.#server}",key_id_hash="${hash}",provider_name=${JSON.stringify(provider)}`;
  }
}

function family(name: string, type: string, help: string, values: Iterable<readonly [string, number]>): string[] {
  return [
    `# HELP ${PREFIX}${name} ${help}`,
    `# TYPE ${PREFIX}${name} ${type}`,
    ...[...values].map(([labels, value]) => `${PREFIX}${name}{${labels}} ${value}`),
  ];
}

const mapped = <V>(values: Iterable<readonly [string, V]>, figure: (value: V) => number): [string, number][] =>
  [...values].map(([labels, value]) => [labels, figure(value)]);

/** Puts something in, and what was put in first out. */
function put<V>(into: Map<string, V>, key: string, value: V): void {
  into.delete(key);
  into.set(key, value);
  const [first] = into.keys();
  if (into.size > KEYS_MAX && first !== undefined) into.delete(first);
}
