import type { Incoming } from './incoming.ts';
import type { Location } from './model.ts';

/** A request that was answered. */
export interface AnsweredRequest {
  readonly incoming: Incoming;
  readonly status: number;
  readonly location: Location | undefined;
  readonly seconds: number;
  /** Of the answer's body, and of the whole request. */
  readonly bytes: number;
  readonly length: number;
}

/** Counts that `/metrics` shows of requests, where `--enable-metrics` asks for them. */
export interface RequestMetrics {
  count(request: AnsweredRequest): void;
}

/** What the controller itself has to tell. */
export interface ControllerFacts {
  readonly pod: string;
  readonly namespace: string;
  readonly controllerClass: string;
  readonly release: string;
  readonly reloads: number;
  readonly reloadedAt: number;
  readonly isLeader: boolean;
  readonly electionId: string;
  readonly checks: number;
  readonly failedChecks: number;
}

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Series {
  requests: number;
  seconds: number;
  bytes: number;
  length: number;
  readonly buckets: number[];
}

/** The families that people look at (upstream `internal/ingress/metric/collectors`). */
export class IngressMetrics implements RequestMetrics {
  readonly #series = new Map<string, Series>();
  readonly #isOn: boolean;
  readonly #perHost: boolean;

  constructor(options: { readonly hasMetrics: boolean; readonly metricsPerHost: boolean }) {
    this.#isOn = options.hasMetrics;
    this.#perHost = options.metricsPerHost;
  }

  count({ incoming, status, location, seconds, bytes, length }: AnsweredRequest): void {
    if (!this.#isOn || !location?.owner) return;
    const { metadata } = location.owner.ingress;
    const labels = [
      ['canary', ''],
      ...(this.#perHost ? [['host', incoming.host]] : []),
      ['ingress', metadata.name],
      ['method', incoming.method],
      ['namespace', metadata.namespace ?? ''],
      ['path', location.ingressPath],
      ['service', location.service],
      ['status', String(status)],
    ];
    const key = labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',');
    const series = this.#series.get(key) ?? { requests: 0, seconds: 0, bytes: 0, length: 0, buckets: BUCKETS.map(() => 0) };
    this.#series.set(key, series);
    series.requests++;
    series.seconds += seconds;
    series.bytes += bytes;
    series.length += length;
    for (const [i, limit] of BUCKETS.entries()) if (seconds <= limit) series.buckets[i] = (series.buckets[i] ?? 0) + 1;
  }

  /** The text of `/metrics`. */
  text(facts: ControllerFacts): string {
    const own = '# HELP go_goroutines Number of goroutines that currently exist.\n# TYPE go_goroutines gauge\ngo_goroutines 90\n';
    if (!this.#isOn) return own;
    const who = `controller_class=${JSON.stringify(facts.controllerClass)},controller_namespace=${JSON.stringify(facts.namespace)},controller_pod=${JSON.stringify(facts.pod)}`;
    return `${own}${controllerText(facts, who)}${this.#requestText(who)}`;
  }

  #requestText(who: string): string {
    const all = [...this.#series].sort(([a], [b]) => (a < b ? -1 : 1));
    const lines = (say: (labels: string, series: Series) => string) => all.map(([key, series]) => say(`${who},${key}`, series)).join('');
    return [
      head('requests', 'The total number of client requests', 'counter'),
      lines((labels, { requests }) => line('requests', labels, requests)),
      head('request_duration_seconds', 'The request processing time in milliseconds', 'histogram'),
      lines((labels, series) => histogram('request_duration_seconds', labels, series)),
      head('response_size', 'The response length (including request line, header, and request body)', 'summary'),
      lines((labels, { bytes, requests }) => line('response_size_sum', labels, bytes) + line('response_size_count', labels, requests)),
      head('request_size', 'The request length (including request line, header, and request body)', 'summary'),
      lines((labels, { length, requests }) => line('request_size_sum', labels, length) + line('request_size_count', labels, requests)),
    ].join('');
  }
}

const PREFIX = 'nginx_ingress_controller_';
const head = (name: string, help: string, type: string): string => `# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n`;
const line = (name: string, labels: string, value: number): string => `${PREFIX}${name}{${labels}} ${value}\n`;

const histogram = (name: string, labels: string, { buckets, requests, seconds }: Series): string =>
  [
    ...buckets.map((count, i) => line(`${name}_bucket`, `${labels},le="${BUCKETS[i]}"`, count)),
    line(`${name}_bucket`, `${labels},le="+Inf"`, requests),
    line(`${name}_sum`, labels, seconds),
    line(`${name}_count`, labels, requests),
  ].join('');

function controllerText(facts: ControllerFacts, who: string): string {
  const build = `${who},build="git",release=${JSON.stringify(facts.release)},repository="https://github.com/kubernetes/ingress-nginx"`;
  const families: readonly (readonly [name: string, help: string, type: string, labels: string, value: number])[] = [
    ['build_info', "A metric with a constant '1' labeled with information about the build.", 'gauge', build, 1],
    ['config_last_reload_successful', 'Whether the last configuration reload attempt was successful', 'gauge', who, 1],
    [
      'config_last_reload_successful_timestamp_seconds',
      'Timestamp of the last successful configuration reload.',
      'gauge',
      who,
      Math.floor(facts.reloadedAt / 1000),
    ],
    ['success', 'Cumulative number of Ingress controller reload operations', 'counter', who, facts.reloads],
    ['check_success', 'Cumulative number of Ingress controller syntax check operations', 'counter', who, facts.checks],
    ['check_errors', 'Cumulative number of Ingress controller errors during syntax check operations', 'counter', who, facts.failedChecks],
    [
      'leader_election_status',
      "Gauge reporting status of the leader election, 0 indicates follower, 1 indicates leader. 'name' is the string used to identify the lease",
      'gauge',
      `${who},name=${JSON.stringify(facts.electionId)}`,
      facts.isLeader ? 1 : 0,
    ],
  ];
  return families.map(([name, help, type, labels, value]) => `${head(name, help, type)}${line(name, labels, value)}`).join('');
}
