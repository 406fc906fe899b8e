import { groupResourceOf } from '../../api/index.ts';
import { ALL_METRICS, createMetrics, expose, type MetricRules, type Metrics, tellBuild, tellFeatures } from '../../runtime/index.ts';
import type { FeatureGates } from '../feature-gates.ts';
import type { InFlight } from '../pipeline/flow-control.ts';
import type { RequestMetrics } from '../pipeline/request-metrics.ts';
import type { StoreMetrics } from '../registry/measured-store.ts';
import { metricLines } from '../registry/metric-families.ts';
import type { Resource } from '../registry/resource.ts';
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
  /** Webhooks that convert them. */
  readonly conversions: { text(): string };
  /** Objects that were compared with those before them. */
  readonly comparisons: { text(): string };
  /** What is counted of single kinds; absent where nothing is. */
  readonly strategies?: { text(): string } | undefined;
  /** What is told; all unless given. */
  readonly told?: MetricRules | undefined;
  /** Connections that came to nothing. */
  handshakeErrors(): number;
  /** How often claims could not be compared with their objects. */
  repairErrors(): number;
  /** Requests for what containers have written. */
  readonly logRequests: { readonly enforced: number; readonly skipped: number; readonly unverified: number };
  /** The revision that the caches of a resource's store have reached. */
  revisionOf(resource: Resource): number;
  /** All features by name; absent where nothing is known of them. */
  readonly features?: FeatureGates['all'] | undefined;
  /** Bytes that the store of most kinds takes, which is all that upstream tells of; undefined when it does not say. */
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
    const sizes = this.#metrics.gauge({
      name: 'apiserver_resource_size_estimate_bytes',
      help: 'Bytes that stored objects take, by group and resource, from a few of them.',
      labels: ['group', 'resource'],
    });
    this.#metrics.onRead(() => {
      inFlight.set(sources.inFlight.readOnly, { request_kind: 'readOnly' });
      inFlight.set(sources.inFlight.mutating, { request_kind: 'mutating' });
      queued.set(sources.inFlight.waiting?.readOnly ?? 0, { request_kind: 'readOnly' });
      queued.set(sources.inFlight.waiting?.mutating ?? 0, { request_kind: 'mutating' });
      for (const { resource } of sources.endpoints()) {
        const { group } = resource.info;
        resources.set(resource.cache.size, { group, resource: resource.info.resource });
        objects.set(resource.cache.size, { resource: groupResourceOf(resource.info) });
        sizes.set(Math.round(resource.cache.size * resource.cache.averageBytes), { group, resource: resource.info.resource });
      }
    });
  }

  async text(): Promise<{ contentType: string; text: string }> {
    const { requests, store, auditor, encryption, admission, fairness, aggregator, rules, conversions, comparisons, strategies, told } =
      this.#sources;
    const bytes = await this.#sources.storeBytes();
    const parts = [
      await this.#metrics.text(),
      requests.text(),
      cacheText(this.#sources.endpoints(), this.#sources.revisionOf),
      ownText(this.#sources),
      strategies?.text() ?? '',
      store.text(),
      sizeText(bytes),
      auditor?.text() ?? zeros(UNAUDITED),
      encryption?.text() ?? '',
      admission?.text() ?? '',
      fairness?.text() ?? '',
      aggregator?.text() ?? '',
      rules.text(),
      conversions.text(),
      comparisons.text(),
      zeros(NEVER),
    ];
    return { contentType: this.#metrics.contentType, text: expose(parts.join(''), told ?? ALL_METRICS) };
  }
}

/** What cannot happen here: there is one validation of each kind, and Node tells of no certificate that it takes. */
const NEVER = [
  ['apiserver_validation_declarative_validation_mismatch_total', 'Validations that did not agree with each other.'],
  ['apiserver_validation_declarative_validation_panic_total', 'Declared validations that broke.'],
  [
    'apiserver_kube_aggregator_x509_insecure_sha1_total',
    'Servers behind this one whose certificates were signed by way of SHA-1, and taken.',
  ],
  ['apiserver_kube_aggregator_x509_missing_san_total', 'Servers behind this one whose certificates do not say where they are good.'],
  ['apiserver_webhooks_x509_insecure_sha1_total', 'Webhooks whose certificates were signed by way of SHA-1, and taken.'],
  ['apiserver_webhooks_x509_missing_san_total', 'Webhooks whose certificates do not say where they are good.'],
] as const;
/** What is counted by a part that is absent where nothing is audited. */
const UNAUDITED = [
  ['apiserver_audit_event_total', 'Audit events written.'],
  ['apiserver_audit_requests_rejected_total', 'Requests refused because they could not be audited.'],
] as const;

const zeros = (names: readonly (readonly [name: string, help: string])[]): string =>
  names.map(([name, help]) => `${metricLines('counter', name, help, [['', 0]]).join('\n')}\n`).join('');

function ownText({ handshakeErrors, repairErrors, logRequests }: MetricsSources): string {
  const uses = [
    ['usage="enforce_tls"', logRequests.enforced],
    ['usage="skip_tls_allowed"', logRequests.skipped],
  ] as const;
  const lines = [
    ...metricLines('counter', 'apiserver_tls_handshake_errors_total', 'Connections that were given up before TLS was agreed upon.', [
      ['', handshakeErrors()],
    ]),
    ...metricLines(
      'counter',
      'apiserver_nodeport_repair_reconcile_errors_total',
      'How often node ports could not be compared with Services.',
      [['', repairErrors()]],
    ),
    ...metricLines(
      'counter',
      'kube_apiserver_pod_logs_insecure_backend_total',
      'Requests for what containers have written, by whether kubelets were to be verified.',
      uses.filter(([, count]) => count > 0),
    ),
    ...metricLines('counter', 'kube_apiserver_pod_logs_backend_tls_failure_total', 'Those for which kubelets could not be verified.', [
      ['', logRequests.unverified],
    ]),
  ];
  return `${lines.join('\n')}\n`;
}

function sizeText(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  const name = 'apiserver_storage_size_bytes';
  return `# HELP ${name} Size of the store.\n# TYPE ${name} gauge\n${name}{storage_cluster_id="etcd-0"} ${bytes}\n`;
}
