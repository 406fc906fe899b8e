import { groupResourceOf } from '../../api/index.ts';
import { ALL_METRICS, createMetrics, expose, type MetricRules, type Metrics, tellBuild, tellFeatures } from '../../runtime/index.ts';
import type { FeatureGates } from '../feature-gates.ts';
import type { InFlight } from '../pipeline/flow-control.ts';
import type { RequestMetrics } from '../pipeline/request-metrics.ts';
import type { StoreMetrics } from '../registry/measured-store.ts';
import { metricLines } from '../registry/metric-families.ts';
import { cacheText } from './cache-metrics.ts';
import type { Endpoint } from './rest.ts';

export interface MetricsSources {
  readonly requests: RequestMetrics;
  readonly inFlight: InFlight;
  /** Absent where there are plain limits only. */
  readonly fairness?: { text(): string } | undefined;
  readonly store: StoreMetrics;
  /** Absent where admission is not measured. */
  readonly admission?: { text(): string } | undefined;
  /** Absent when nothing is audited. */
  readonly auditor?: { text(): string } | undefined;
  /** Absent where nothing is encrypted in the store. */
  readonly encryption?: { text(): string } | undefined;
  /** Absent where nothing is left to other servers. */
  readonly aggregator?: { text(): string } | undefined;
  /** The rules of custom resources. */
  readonly rules: { text(): string };
  /** Absent where Services are given nothing. */
  readonly allocations?: { text(): string } | undefined;
  /** What is told; all unless given. */
  readonly told?: MetricRules | undefined;
  /** Connections that came to nothing. */
  handshakeErrors(): number;
  /** The revision that all caches have reached. */
  revision(): number;
  /** All features by name; absent where nothing is known of them. */
  readonly features?: FeatureGates['all'] | undefined;
  /** Bytes that the store takes; undefined when it does not say. */
  storeBytes(): Promise<number | undefined>;
  endpoints(): Iterable<Endpoint>;
}

/** The server's metrics, under upstream's names. Values are fetched when they are asked for: the hot paths keep plain numbers. */
export class ServerMetrics {
  readonly #metrics: Metrics;
  readonly #sources: MetricsSources;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    this.#metrics = createMetrics();
    tellBuild(this.#metrics);
    if (sources.features) tellFeatures(this.#metrics, sources.features);
    const inFlight = this.#metrics.gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests being served, by whether they may change something.',
      labels: ['request_kind'],
    });
    const objects = this.#metrics.gauge({ name: 'apiserver_storage_objects', help: 'Objects stored, by resource.', labels: ['resource'] });
    const resources = this.#metrics.gauge({
      name: 'apiserver_resource_objects',
      help: 'Objects stored, by group and resource.',
      labels: ['group', 'resource'],
    });
    const queued = this.#metrics.gauge({
      name: 'apiserver_current_inqueue_requests',
      help: 'Requests that wait, by whether they may change something.',
      labels: ['request_kind'],
    });
    const watchers = this.#metrics.gauge({
      name: 'apiserver_registered_watchers',
      help: 'Watchers, by kind.',
      labels: ['group', 'version', 'kind'],
    });
    this.#metrics.onRead(() => {
      inFlight.set(sources.inFlight.readOnly, { request_kind: 'readOnly' });
      inFlight.set(sources.inFlight.mutating, { request_kind: 'mutating' });
      queued.set(sources.inFlight.waiting?.readOnly ?? 0, { request_kind: 'readOnly' });
      queued.set(sources.inFlight.waiting?.mutating ?? 0, { request_kind: 'mutating' });
      for (const { resource } of sources.endpoints()) {
        const { group, version, kind } = resource.info;
        resources.set(resource.cache.size, { group, resource: resource.info.resource });
        objects.set(resource.cache.size, { resource: groupResourceOf(resource.info) });
        watchers.set(resource.cache.watchers, { group, version, kind });
      }
    });
  }

  async text(): Promise<{ contentType: string; text: string }> {
    const { requests, store, auditor, encryption, admission, fairness, aggregator, rules, allocations, told } = this.#sources;
    const bytes = await this.#sources.storeBytes();
    const parts = [
      await this.#metrics.text(),
      requests.text(),
      cacheText(this.#sources.endpoints(), this.#sources.revision()),
      handshakeText(this.#sources.handshakeErrors()),
      allocations?.text() ?? '',
      store.text(),
      sizeText(bytes),
      auditor?.text() ?? zeros(UNAUDITED),
      encryption?.text() ?? '',
      admission?.text() ?? '',
      fairness?.text() ?? '',
      aggregator?.text() ?? '',
      rules.text(),
      zeros(NEVER),
    ];
    return { contentType: this.#metrics.contentType, text: expose(parts.join(''), told ?? ALL_METRICS) };
  }
}

/** What is counted by parts that may be absent, or cannot happen here: there is one validation of each kind. */
const NEVER = [
  ['apiserver_validation_declarative_validation_mismatch_total', 'Validations that did not agree with each other.'],
  ['apiserver_validation_declarative_validation_panic_total', 'Declared validations that broke.'],
] as const;
const UNAUDITED = [
  ['apiserver_audit_event_total', 'Audit events written.'],
  ['apiserver_audit_requests_rejected_total', 'Requests refused because they could not be audited.'],
] as const;

const zeros = (names: readonly (readonly [name: string, help: string])[]): string =>
  names.map(([name, help]) => `${metricLines('counter', name, help, [['', 0]]).join('\n')}\n`).join('');

const handshakeText = (count: number): string =>
  `${metricLines('counter', 'apiserver_tls_handshake_errors_total', 'Connections that were given up before TLS was agreed upon.', [['', count]]).join('\n')}\n`;

function sizeText(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  const name = 'apiserver_storage_size_bytes';
  return `# HELP ${name} Size of the store.\n# TYPE ${name} gauge\n${name}{storage_cluster_id="etcd-0"} ${bytes}\n`;
}
