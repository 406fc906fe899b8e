import { Histogram } from '../registry/histogram.ts';
import { histogramLines, metricLines } from '../registry/metric-families.ts';
import { AccessMetrics, type AuthenticationResult, type AuthorizationResult } from './access-metrics.ts';
import { bodyOf } from './body.ts';
import type { Exchange } from './exchange.ts';
import { FilterMetrics } from './filter-metrics.ts';
import { isLongRunning } from './flow-control.ts';
import type { RequestInfo } from './request-info.ts';

/** Upper bounds of the duration histogram's buckets, in seconds: upstream's. */
const BUCKETS_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

/** The same for the time that is promised: upstream's SLI. */
const SLI_BUCKETS_SECONDS = BUCKETS_SECONDS.slice(2);
/** Half a tenth of a million bytes, then a tenth more each, up to the largest body. */
const BUCKETS_BODY_BYTES = Array.from({ length: 31 }, (_, i) => 50_000 + i * 100_000);
const NO_DURATIONS = new Histogram(SLI_BUCKETS_SECONDS);
const COMPONENT = ',component="apiserver"';
/** Verbs that have bodies, as the metric of these names them. */
const BODY_VERBS: Readonly<Record<string, string>> = {
  create: 'create',
  update: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'delete_collection',
};
const VALIDATIONS: ReadonlySet<string> = new Set(['', 'Ignore', 'Warn', 'Strict']);
const BUCKETS_BYTES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/** Sorts of requests that are told apart; what comes later, made up by clients, is one. */
const SORTS_MAX = 5000;
/** Who comes at the wrong time is sent away: 429 is also what some requests are about. */
const TOO_MANY = 429;
const TIMED_OUT = 504;
/** What a server says it is, as it asks. */
const OWN_AGENT = 'kube-apiserver/';

/** What is known of the requests of one sort. */
interface Sort {
  /** All but `dry_run`. */
  readonly labels: string;
  readonly dryRun: string;
  readonly isRead: boolean;
  readonly isDelete: boolean;
  readonly codes: Map<number, number>;
  readonly terminations: Map<number, number>;
  readonly durations: Histogram;
  readonly sli: Histogram;
  readonly sizes: Histogram;
  longRunning: number;
  aborts: number;
  /** Sent by API servers. */
  own: number;
  readonly ownLabels: string;
  /** Sizes of the bodies of requests that were read, and of what; of writes only. */
  bodies: Histogram | undefined;
  readonly bodiesOf: string | undefined;
}

/**
 * Counts requests. On the hot path it is a few lookups and additions; text is made when it is asked for. Names and labels are upstream's
 * (apiserver/pkg/endpoints/metrics/metrics.go).
 */
export class RequestMetrics {
  /** Who sent them. */
  readonly access: AccessMetrics;
  readonly filters = new FilterMetrics();
  /** The values of `fieldValidation` that requests came with. */
  readonly #validations = new Set<string>();
  readonly #sorts = new Map<string, Sort>();
  /** What is going away and was asked for: labels. */
  readonly #deprecated = new Set<string>();
  readonly #other = newSort({
    labels: 'verb="other",component="apiserver"',
    dryRun: '',
    isRead: false,
    isDelete: false,
    bodiesOf: undefined,
    ownLabels: 'verb="other"',
  });

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

  authenticated(result: AuthenticationResult, ms: number, user?: string): void {
    this.access.authenticated(result, ms, user);
    this.filters.authentication.observe(ms / 1000);
  }

  authorized(result: AuthorizationResult, ms: number): void {
    this.access.authorized(result, ms);
    if (result === 'allowed') this.filters.authorization.observe(ms / 1000);
  }

  /** An answer was broken off that took too long. */
  aborted(exchange: Exchange): void {
    this.#sortOf(exchange).aborts++;
  }

  /** A request was answered: of those that nobody serves only what the server protects itself from is told, as upstream. */
  observe(exchange: Exchange, code: number, durationMs: number): void {
    const isTurnedAway = code === TOO_MANY && !exchange.served;
    if (!exchange.served && !isTurnedAway && code !== TIMED_OUT) return;
    const sort = this.#sortOf(exchange);
    if (isTurnedAway || code === TIMED_OUT) sort.terminations.set(code, (sort.terminations.get(code) ?? 0) + 1);
    if (isTurnedAway || exchange.served) sort.codes.set(code, (sort.codes.get(code) ?? 0) + 1);
    if (!exchange.served) return;
    if (exchange.deprecated) this.#deprecated.add(deprecatedLabels(exchange.info, exchange.deprecated.removedRelease));
    if (exchange.request.headers['user-agent']?.startsWith(OWN_AGENT)) sort.own++;
    if (sort.bodiesOf !== undefined) this.#observeBody(sort, exchange);
    if (isLongRunning(exchange.info)) return;
    sort.durations.observe(durationMs / 1000);
    sort.sli.observe(durationMs / 1000);
    if (sort.isRead) sort.sizes.observe(exchange.answeredBytes);
  }

  /** What was sent, whether it was taken or not. Who deletes may send nothing, which is read, too. */
  #observeBody(sort: Sort, { request, query }: Exchange): void {
    this.#validations.add(query?.has('fieldValidation') ? validationOf(query) : '');
    const body = bodyOf(request);
    if (!body && (request.hasBody || !sort.isDelete)) return;
    sort.bodies ??= new Histogram(BUCKETS_BODY_BYTES);
    sort.bodies.observe(body?.length ?? 0);
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
      ...this.filters.lines(),
      ...this.#moreLines(sorts),
      '',
    ].join('\n')}`;
  }

  #moreLines(sorts: readonly Sort[]): string[] {
    const bodies = new Map<string, Histogram[]>();
    for (const { bodiesOf, bodies: histogram } of sorts) {
      if (bodiesOf !== undefined && histogram) bodies.set(bodiesOf, [...(bodies.get(bodiesOf) ?? []), histogram]);
    }
    // Aborts are not told apart by what is served, and by whether it is for show.
    const aborts = new Map<string, number>();
    for (const { labels, aborts: count } of sorts) {
      if (count > 0) aborts.set(labels.replace(COMPONENT, ''), (aborts.get(labels.replace(COMPONENT, '')) ?? 0) + count);
    }
    const own = new Map<string, number>();
    for (const { ownLabels, own: count } of sorts) if (count > 0) own.set(ownLabels, (own.get(ownLabels) ?? 0) + count);
    return [
      ...metricLines('counter', 'apiserver_selfrequest_total', 'Requests of API servers.', own),
      ...metricLines('counter', 'apiserver_request_aborts_total', 'Answers that were broken off because they took too long.', aborts),
      ...histogramLines(
        'apiserver_request_body_size_bytes',
        'Sizes of the bodies of requests, in bytes.',
        [...bodies].map(([labels, all]) => [labels, Histogram.sum(all)] as const),
      ),
      // Upstream tells which values there were, and counts nothing under them (`MonitorRequest`).
      ...histogramLines(
        'field_validation_request_duration_seconds',
        'How unknown fields were to be taken.',
        [...this.#validations].map((value) => [`field_validation="${value}"`, NO_DURATIONS] as const),
      ),
    ];
  }

  #sortOf(exchange: Exchange): Sort {
    const { info, request, query } = exchange;
    const verb = verbOf(info, request.headers['content-type']);
    const scope = scopeOf(info);
    const dryRun = dryRunOf(query);
    const { served } = exchange;
    const what = info.isResource ? info : { group: '', version: '', resource: '', subresource: served?.subresource ?? '' };
    const component = served?.component ?? 'apiserver';
    const key = `${verb}/${what.group}/${what.version}/${what.resource}/${what.subresource}/${scope}/${dryRun}/${component}`;
    const known = this.#sorts.get(key);
    if (known) return known;
    if (this.#sorts.size >= SORTS_MAX) return this.#other;
    const labels =
      `verb="${escapeLabel(verb)}",group="${escapeLabel(what.group)}",version="${escapeLabel(what.version)}",` +
      `resource="${escapeLabel(what.resource)}",subresource="${escapeLabel(what.subresource)}",scope="${scope}",component="${component}"`;
    const written = BODY_VERBS[info.verb];
    const bodiesOf = written && `group="${escapeLabel(what.group)}",resource="${escapeLabel(what.resource)}",verb="${written}"`;
    const isRead = verb === 'GET' || verb === 'LIST';
    const sort = newSort({
      labels,
      dryRun: escapeLabel(dryRun),
      isRead,
      isDelete: verb.startsWith('DELETE'),
      bodiesOf: info.isResource ? bodiesOf : undefined,
      ownLabels: `verb="${escapeLabel(verb)}",group="${escapeLabel(what.group)}",resource="${escapeLabel(what.resource)}",subresource="${escapeLabel(what.subresource)}"`,
    });
    this.#sorts.set(key, sort);
    return sort;
  }
}

const newSort = (identity: Pick<Sort, 'labels' | 'dryRun' | 'isRead' | 'isDelete' | 'bodiesOf' | 'ownLabels'>): Sort => ({
  ...identity,
  codes: new Map(),
  terminations: new Map(),
  durations: new Histogram(BUCKETS_SECONDS),
  sli: new Histogram(SLI_BUCKETS_SECONDS),
  sizes: new Histogram(BUCKETS_BYTES),
  longRunning: 0,
  aborts: 0,
  own: 0,
  bodies: undefined,
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
  deletecollection: 'DELETE',
  post: 'POST',
  put: 'PUT',
  head: 'GET',
  connect: 'CONNECT',
};
const CONNECTS: ReadonlySet<string> = new Set(['log', 'exec', 'portforward', 'attach', 'proxy']);

/** What is done, as metrics tell it: upstream's `CleanVerb`. */
export function verbOf(info: RequestInfo, contentType: string | undefined): string {
  if (info.isResource && CONNECTS.has(info.subresource)) return 'CONNECT';
  if (info.verb === 'patch' && contentType?.startsWith('application/apply-patch+')) return 'APPLY';
  return VERBS[info.verb] ?? 'other';
}

/** What a request is about, as metrics tell it: upstream's `CleanScope`. */
export function scopeOf({ isResource, name, verb, namespace }: RequestInfo): string {
  if (name !== '' || verb === 'create') return 'resource';
  if (namespace !== '') return 'namespace';
  return isResource ? 'cluster' : '';
}

function validationOf(query: URLSearchParams): string {
  const [value = '', ...more] = query.getAll('fieldValidation');
  return more.length === 0 && VALIDATIONS.has(value) ? value : 'invalid';
}

function dryRunOf(query: URLSearchParams | undefined): string {
  if (!query?.has('dryRun')) return '';
  const values = query.getAll('dryRun');
  return values.every((value) => value === 'All') ? 'All' : 'invalid';
}

const escapeLabel = (text: string): string => text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
