import { Histogram } from '../registry/histogram.ts';
import type { Exchange } from './exchange.ts';
import { isLongRunning } from './flow-control.ts';

/** Upper bounds of the duration histogram's buckets, in seconds: upstream's. */
const BUCKETS_SECONDS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

/** Sorts of requests whose labels are remembered; paths outside the API are one sort. */
const KNOWN_MAX = 5000;

/**
 * Counts requests. On the hot path it is two lookups and two additions; text is made when it is asked for.
 */
export class RequestMetrics {
  readonly #totals = new Map<string, Map<number, number>>();
  readonly #durations = new Map<string, Histogram>();
  readonly #longRunning = new Map<string, number>();
  /** Label texts of requests of the same sort. */
  readonly #labels = new Map<string, string>();

  /** A long-running request began; it ends with its answer. */
  begin(exchange: Exchange): void {
    const labels = labelsOf(exchange, this.#labels);
    this.#longRunning.set(labels, (this.#longRunning.get(labels) ?? 0) + 1);
    exchange.response.once('close', () => this.#longRunning.set(labels, (this.#longRunning.get(labels) ?? 1) - 1));
  }

  observe(exchange: Exchange, code: number, durationMs: number): void {
    const labels = labelsOf(exchange, this.#labels);
    let codes = this.#totals.get(labels);
    if (!codes) {
      codes = new Map();
      this.#totals.set(labels, codes);
    }
    codes.set(code, (codes.get(code) ?? 0) + 1);
    if (!isLongRunning(exchange.info)) this.#time(labels, durationMs / 1000);
  }

  /** The metrics in Prometheus' text format. */
  text(): string {
    const lines = [
      '# HELP apiserver_request_total Requests answered, by verb, resource and code.',
      '# TYPE apiserver_request_total counter',
    ];
    for (const [labels, codes] of this.#totals) {
      for (const [code, count] of codes) lines.push(`apiserver_request_total{${labels},code="${code}"} ${count}`);
    }
    lines.push('# HELP apiserver_longrunning_requests Long-running requests being served.', '# TYPE apiserver_longrunning_requests gauge');
    for (const [labels, count] of this.#longRunning) lines.push(`apiserver_longrunning_requests{${labels}} ${count}`);
    lines.push(
      '# HELP apiserver_request_duration_seconds How long requests took, watches and connections aside.',
      '# TYPE apiserver_request_duration_seconds histogram',
    );
    for (const [labels, histogram] of this.#durations) lines.push(...histogram.lines('apiserver_request_duration_seconds', labels));
    return `${lines.join('\n')}\n`;
  }

  #time(labels: string, seconds: number): void {
    let histogram = this.#durations.get(labels);
    if (!histogram) {
      histogram = new Histogram(BUCKETS_SECONDS);
      this.#durations.set(labels, histogram);
    }
    histogram.observe(seconds);
  }
}

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
};

function labelsOf({ info }: Exchange, known: Map<string, string>): string {
  const scope = info.isResource ? (info.name !== '' ? 'resource' : info.namespace !== '' ? 'namespace' : 'cluster') : '';
  const key = info.isResource ? `${info.group}/${info.version}/${info.resource}/${info.subresource}/${info.verb}/${scope}` : info.verb;
  let labels = known.get(key);
  if (labels === undefined) {
    const verb = VERBS[info.verb] ?? info.verb.toUpperCase();
    const what = info.isResource ? info : { group: '', version: '', resource: '', subresource: '' };
    labels =
      `verb="${escapeLabel(verb)}",group="${escapeLabel(what.group)}",version="${escapeLabel(what.version)}",resource="${escapeLabel(what.resource)}",` +
      `subresource="${escapeLabel(what.subresource)}",scope="${scope}",component="apiserver"`;
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(key, labels);
  }
  return labels;
}

const escapeLabel = (text: string): string => text.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
