import { groupResourceOf } from '../../api/index.ts';
import { createMetrics, type Metrics, tellFeatures } from '../../runtime/index.ts';
import { versionInfo } from '../discovery/version.ts';
import type { FeatureGates } from '../feature-gates.ts';
import type { InFlight } from '../pipeline/flow-control.ts';
import type { RequestMetrics } from '../pipeline/request-metrics.ts';
import type { StoreMetrics } from '../registry/measured-store.ts';
import { registeredText } from './metric-stability.ts';
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
    const watchers = this.#metrics.gauge({
      name: 'apiserver_registered_watchers',
      help: 'Watchers, by kind.',
      labels: ['group', 'version', 'kind'],
    });
    this.#metrics.onRead(() => {
      inFlight.set(sources.inFlight.readOnly, { request_kind: 'readOnly' });
      inFlight.set(sources.inFlight.mutating, { request_kind: 'mutating' });
      for (const { resource } of sources.endpoints()) {
        const { group, version, kind } = resource.info;
        resources.set(resource.cache.size, { group, resource: resource.info.resource });
        objects.set(resource.cache.size, { resource: groupResourceOf(resource.info) });
        watchers.set(resource.cache.watchers, { group, version, kind });
      }
    });
  }

  async text(): Promise<{ contentType: string; text: string }> {
    const { requests, store, auditor, encryption, admission, fairness, aggregator, rules } = this.#sources;
    const bytes = await this.#sources.storeBytes();
    const parts = [
      await this.#metrics.text(),
      BUILD_TEXT,
      requests.text(),
      this.#watchText(),
      store.text(),
      sizeText(bytes),
      auditor?.text() ?? '',
      encryption?.text() ?? '',
      admission?.text() ?? '',
      fairness?.text() ?? '',
      aggregator?.text() ?? '',
      rules.text(),
      NEVER_TEXT,
    ];
    const text = parts.join('');
    return { contentType: this.#metrics.contentType, text: text + registeredText(text) };
  }

  /** What watchers were sent, by resource. */
  #watchText(): string {
    const watched = [...this.#sources.endpoints()].filter(({ resource }) => resource.cache.watchStats.sizes.count > 0);
    const labelsOf = ({ resource: { info } }: Endpoint) => `group="${info.group}",version="${info.version}",resource="${info.resource}"`;
    const sizesOf = ({ resource }: Endpoint) => resource.cache.watchStats.sizes;
    const dropped = [...this.#sources.endpoints()].flatMap(({ resource: { info, cache } }) => {
      const { terminated } = cache.watchStats;
      return terminated > 0 ? [`apiserver_terminated_watchers_total{group="${info.group}",resource="${info.resource}"} ${terminated}`] : [];
    });
    return [
      '# HELP apiserver_watch_events_total Events sent to watchers.',
      '# TYPE apiserver_watch_events_total counter',
      ...watched.map((each) => `apiserver_watch_events_total{${labelsOf(each)}} ${sizesOf(each).count}`),
      '# HELP apiserver_watch_events_sizes Sizes of events sent to watchers, in bytes.',
      '# TYPE apiserver_watch_events_sizes histogram',
      ...watched.flatMap((each) => sizesOf(each).lines('apiserver_watch_events_sizes', labelsOf(each))),
      '# HELP apiserver_terminated_watchers_total Watchers dropped because they did not read.',
      '# TYPE apiserver_terminated_watchers_total counter',
      ...dropped,
      '',
    ].join('\n');
  }
}

const BUILD_TEXT = buildText();

function buildText(): string {
  const { major, minor, gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform } = versionInfo();
  const labels =
    `build_date="${buildDate}",compiler="${compiler}",git_commit="${gitCommit}",git_tree_state="${gitTreeState}",` +
    `git_version="${gitVersion}",go_version="${goVersion}",major="${major}",minor="${minor}",platform="${platform}"`;
  const name = 'kubernetes_build_info';
  return `# HELP ${name} The version whose behaviour this is.\n# TYPE ${name} gauge\n${name}{${labels}} 1\n`;
}

/** What upstream counts and cannot happen here: no metric is hidden or turned off, and there is one validation of each kind. */
const NEVER_TEXT = [
  ['hidden_metrics_total', 'Metrics that are hidden.'],
  ['disabled_metrics_total', 'Metrics that are turned off.'],
  ['apiserver_validation_declarative_validation_mismatch_total', 'Validations that did not agree with each other.'],
  ['apiserver_validation_declarative_validation_panic_total', 'Declared validations that broke.'],
]
  .map(([name, help]) => `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} 0\n`)
  .join('');

function sizeText(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  const name = 'apiserver_storage_size_bytes';
  return `# HELP ${name} Size of the store.\n# TYPE ${name} gauge\n${name}{storage_cluster_id="etcd-0"} ${bytes}\n`;
}
