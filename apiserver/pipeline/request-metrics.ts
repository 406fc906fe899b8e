import { Histogram } from '../registry/histogram.ts';
import { AccessMetrics } from './access-metrics.ts';
import type { Exchange } from './exchange.ts';
import { isLongRunning } from './flow-control.ts';
import type { RequestInfo } from './request-info.ts';

/** Upper bounds of the duration histogram's buckets, in seconds: upstream's. */
const BUCKETS_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

/** The same for the time that is promised: upstream's SLI. */
const SLI_BUCKETS_SECONDS = BUCKETS_SECONDS.slice(2);
const BUCKETS_BYTES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** Sorts of requests that are told apart; what comes later, made up by clients, is one. */
const SORTS_MAX = 5000;
/** Answers by which the server protects itself. */
const TERMINATIONS: ReadonlySet<number> = new Set([429, 504]);

/** What is known of the requests of one sort. */
interface Sort {
  /** All but `dry_run`. */
  readonly labels: string;
  readonly dryRun: string;
  readonly isRead: boolean;
  readonly codes: Map<number, number>;
  readonly terminations: Map<number, number>;
  readonly durations: Histogram;
  readonly sli: Histogram;
  readonly sizes: Histogram;
  longRunning: number;
}

/**
 * Counts requests. On the hot path it is a few lookups and additions; text is made when it is asked for. Names and labels are upstream's
 * (apiserver/pkg/endpoints/metrics/metrics.go).
 */
export class RequestMetrics {
  /** Who sent them. */
  readonly access: AccessMetrics;
  readonly #sorts = new Map<string, Sort>();
  /** What is going away and was asked for: labels. */
  readonly #deprecated = new Set<string>();
  readonly #other = newSort({ labels: 'verb="other",component="apiserver"', dryRun: '', isRead: false });

  constructor(access = new AccessMetrics()) {
    this.access = access;
  }

  /** A long-running request began; it ends with its answer. */
  begin(exchange: Exchange): void {
    const sort = this.#sortOf(exchange);
    sort.longRunning++;
    exchange.response.once('close', () => {
      sort.longRunning--;
    });
  }

  observe(exchange: Exchange, code: number, durationMs: number): void {
    const sort = this.#sortOf(exchange);
    if (exchange.deprecated) this.#deprecated.add(deprecatedLabels(exchange.info, exchange.deprecated.removedRelease));
    sort.codes.set(code, (sort.codes.get(code) ?? 0) + 1);
    if (TERMINATIONS.has(code)) sort.terminations.set(code, (sort.terminations.get(code) ?? 0) + 1);
    if (isLongRunning(exchange.info)) return;
    sort.durations.observe(durationMs / 1000);
    sort.sli.observe(durationMs / 1000);
    if (sort.isRead) sort.sizes.observe(exchange.answeredBytes);
  }

  /** The metrics in Prometheus' text format. */
  text(): string {
    const sorts = [...this.#sorts.values(), this.#other];
    const withDryRun = ({ labels, dryRun }: Sort) => `${labels},dry_run="${dryRun}"`;
    const codes = (name: string, labelsOf: (sort: Sort) => string, countsOf: (sort: Sort) => Map<number, number>) =>
      sorts.flatMap((sort) => [...countsOf(sort)].map(([code, count]) => `${name}{${labelsOf(sort)},code="${code}"} ${count}`));
    const histograms = (name: string, labelsOf: (sort: Sort) => string, histogramOf: (sort: Sort) => Histogram) =>
      sorts.filter((sort) => histogramOf(sort).count > 0).flatMap((sort) => histogramOf(sort).lines(name, labelsOf(sort)));
    const bare = ({ labels }: Sort) => labels;
    const running = sorts.filter((sort) => sort.longRunning > 0);
    return `${this.access.text()}${[
      ...family('apiserver_requested_deprecated_apis', 'gauge', 'Deprecated versions that were asked for, and the release without them.'),
      ...[...this.#deprecated].map((labels) => `apiserver_requested_deprecated_apis{${labels}} 1`),
      ...family('apiserver_request_total', 'counter', 'Requests answered, by verb, resource and code.'),
      ...codes('apiserver_request_total', withDryRun, (sort) => sort.codes),
      ...family('apiserver_request_terminations_total', 'counter', 'Requests that the server ended to protect itself.'),
      ...codes('apiserver_request_terminations_total', bare, (sort) => sort.terminations),
      ...family('apiserver_longrunning_requests', 'gauge', 'Long-running requests being served.'),
      ...running.map((sort) => `apiserver_longrunning_requests{${sort.labels}} ${sort.longRunning}`),
      ...family('apiserver_request_duration_seconds', 'histogram', 'How long requests took, watches and connections aside.'),
      ...histograms('apiserver_request_duration_seconds', withDryRun, (sort) => sort.durations),
      ...family('apiserver_request_sli_duration_seconds', 'histogram', 'How long requests took, without what others took for them.'),
      ...histograms('apiserver_request_sli_duration_seconds', bare, (sort) => sort.sli),
      ...family('apiserver_response_sizes', 'histogram', 'Sizes of the answers to reads, in bytes.'),
      ...histograms('apiserver_response_sizes', bare, (sort) => sort.sizes),
      '',
    ].join('\n')}`;
  }

  #sortOf(exchange: Exchange): Sort {
    const { info, request, query } = exchange;
    const verb = verbOf(info, request.headers['content-type']);
    const scope = scopeOf(info);
    const dryRun = dryRunOf(query);
    const what = info.isResource ? info : { group: '', version: '', resource: '', subresource: '' };
    const key = `${verb}/${what.group}/${what.version}/${what.resource}/${what.subresource}/${scope}/${dryRun}`;
    const known = this.#sorts.get(key);
    if (known) return known;
    if (this.#sorts.size >= SORTS_MAX) return this.#other;
    const labels =
      `verb="${escapeLabel(verb)}",group="${escapeLabel(what.group)}",version="${escapeLabel(what.version)}",` +
      `resource="${escapeLabel(what.resource)}",subresource="${escapeLabel(what.subresource)}",scope="${scope}",component="apiserver"`;
    const sort = newSort({ labels, dryRun: escapeLabel(dryRun), isRead: verb === 'GET' || verb === 'LIST' });
    this.#sorts.set(key, sort);
    return sort;
  }
}

const newSort = (identity: Pick<Sort, 'labels' | 'dryRun' | 'isRead'>): Sort => ({
  ...identity,
  codes: new Map(),
  terminations: new Map(),
  durations: new Histogram(BUCKETS_SECONDS),
  sli: new Histogram(SLI_BUCKETS_SECONDS),
  sizes: new Histogram(BUCKETS_BYTES),
  longRunning: 0,
});

const deprecatedLabels = ({ group, version, resource, subresource }: RequestInfo, removedRelease: string): string =>
  `group="${group}",removed_release="${removedRelease}",resource="${resource}",subresource="${subresource}",version="${version}"`;

const family = (name: string, type: string, help: string): string[] => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];

/** Verbs as upstream's metrics spell them. */
const VERBS: Readonly<Record<string, string>> = {
  get: 'GET',
  list: 'LIST',
  watch: 'WATCH',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETECOLLECTION',
  post: 'POST',
  put: 'PUT',
  head: 'GET',
  connect: 'CONNECT',
};
const CONNECTS: ReadonlySet<string> = new Set(['log', 'exec', 'portforward', 'attach', 'proxy']);

function verbOf(info: RequestInfo, contentType: string | undefined): string {
  if (info.isResource && CONNECTS.has(info.subresource)) return 'CONNECT';
  if (info.verb === 'patch' && contentType?.startsWith('application/apply-patch+')) return 'APPLY';
  return VERBS[info.verb] ?? 'other';
}

function scopeOf({ isResource, name, verb, namespace }: RequestInfo): string {
  if (name !== '' || verb === 'create') return 'resource';
  if (namespace !== '') return 'namespace';
  return isResource ? 'cluster' : '';
}

function dryRunOf(query: URLSearchParams | undefined): string {
  if (!query?.has('dryRun')) return '';
  const values = query.getAll('dryRun');
  return values.every((value) => value === 'All') ? 'All' : 'invalid';
}

const escapeLabel = (text: string): string => text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
