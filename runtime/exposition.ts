// What becomes of a process's metrics on their way out. They are counted as ever; what is left out, and which values of labels are told, is
// decided over the text, so that what counts need not know. Upstream: component-base, `metrics/{registry,metric,opts}.go`.
import { goNumber } from './go-number.ts';
import { type Stability, stabilityOf } from './metric-stability.ts';

/** What is told of a process's metrics. */
export interface MetricRules {
  /** Metrics that are not. */
  readonly disabled: ReadonlySet<string>;
  /** The values of labels that are, by metric and label; others are `unexpected`. */
  readonly allowed: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
  /** Whether metrics are that went out of use two releases ago or earlier. */
  readonly showsHidden: boolean;
}

/** Everything but what is hidden. */
export const ALL_METRICS: MetricRules = { disabled: new Set(), allowed: new Map(), showsHidden: false };

/** A metric that has another name today. */
interface Former {
  readonly name: string;
  readonly since: string;
  /** Today's. */
  readonly of: string;
  /** A label that has another name today, and that name before. */
  readonly label?: readonly [today: string, before: string];
}

/** What is hidden in 1.34, and has the values of another one. */
const FORMER: readonly Former[] = [
  {
    name: 'apiserver_storage_db_total_size_in_bytes',
    since: '1.28.0',
    of: 'apiserver_storage_size_bytes',
    label: ['storage_cluster_id', 'endpoint'],
  },
  { name: 'apiserver_request_slo_duration_seconds', since: '1.27.0', of: 'apiserver_request_sli_duration_seconds' },
  { name: 'apiserver_flowcontrol_request_concurrency_limit', since: '1.30.0', of: 'apiserver_flowcontrol_nominal_limit_seats' },
  { name: 'apiserver_flowcontrol_request_concurrency_in_use', since: '1.31.0', of: 'apiserver_flowcontrol_current_executing_seats' },
  {
    name: 'kube_apiserver_pod_logs_pods_logs_backend_tls_failure_total',
    since: '1.27.0',
    of: 'kube_apiserver_pod_logs_backend_tls_failure_total',
  },
  {
    name: 'kube_apiserver_pod_logs_pods_logs_insecure_backend_total',
    since: '1.27.0',
    of: 'kube_apiserver_pod_logs_insecure_backend_total',
  },
];

/** One metric in Prometheus' text format. */
interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Lines, without the last break; none where nothing is counted yet. */
  readonly samples: string;
  /** When it went out of use. */
  readonly since?: string | undefined;
}

/** What stands before the values that are not told. */
const UNEXPECTED = 'unexpected';
const UNEXPECTED_TOTAL = 'cardinality_enforcement_unexpected_categorizations_total';

/** The text that is answered: metrics that have values, in order, each with what is promised of it, and how many there are. */
export function expose(text: string, rules: MetricRules): string {
  const told = familiesOf(text);
  const former = formerOf(told);
  const wanted = (rules.showsHidden ? [...told, ...former] : told).filter(({ name }) => !rules.disabled.has(name));
  let unexpected = 0;
  const shown = wanted.map((family) => {
    const labels = rules.allowed.get(family.name);
    if (!labels || family.samples === '') return family;
    const kept = constrained(family, labels);
    unexpected += kept.unexpected;
    return { ...family, samples: kept.samples };
  });
  const own = [
    figure('disabled_metrics_total', 'Metrics that are turned off.', rules.disabled.size),
    figure('hidden_metrics_total', 'Metrics that are hidden.', told.length + former.length - wanted.length),
    figure(UNEXPECTED_TOTAL, 'Values of labels that were told as unexpected.', unexpected),
  ].filter(({ name }) => !rules.disabled.has(name));
  const all = [...shown, ...own];
  const count = registered(all);
  return [...all, ...(rules.disabled.has(count.name) ? [] : [count])]
    .filter(({ samples }) => samples !== '')
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(textOf)
    .join('');
}

function textOf({ name, type, help, samples, since }: Family): string {
  const stability = stabilityOf(name);
  const level = stability === undefined || help.startsWith('[') ? '' : `[${stability}] `;
  const old = since === undefined ? '' : `(Deprecated since ${since}) `;
  const told = type === 'histogram' ? samples.replace(UNLIKE_GO, (_, bound: string) => `le="${goNumber(Number(bound))}"`) : samples;
  return `# HELP ${name} ${level}${old}${help}\n# TYPE ${name} ${type}\n${told}\n`;
}

/** Bounds of buckets that Go writes otherwise: they are labels, so that 1000000 and 1e+06 are two. */
const UNLIKE_GO = /le="(\d{7,}(?:\.\d+)?|0\.0000\d*|[\d.]+e-\d)"/g;

const HELP = '# HELP ';

function familiesOf(text: string): Family[] {
  const families: Family[] = [];
  for (let at = text.indexOf(HELP); at >= 0; ) {
    const next = text.indexOf(`\n${HELP}`, at);
    families.push(familyOf(text.slice(at + HELP.length, next < 0 ? undefined : next)));
    at = next < 0 ? -1 : next + 1;
  }
  return families;
}

/** @param block what is behind `# HELP `. */
function familyOf(block: string): Family {
  const headEnd = block.indexOf('\n');
  const head = block.slice(0, headEnd);
  const space = head.indexOf(' ');
  const typeEnd = block.indexOf('\n', headEnd + 1);
  const typeLine = block.slice(headEnd + 1, typeEnd < 0 ? undefined : typeEnd);
  return {
    name: head.slice(0, space),
    help: head.slice(space + 1),
    type: typeLine.slice(typeLine.lastIndexOf(' ') + 1),
    samples: typeEnd < 0 ? '' : block.slice(typeEnd + 1).trimEnd(),
  };
}

/** The former names of what there is. */
function formerOf(families: readonly Family[]): Family[] {
  const byName = new Map(families.map((family) => [family.name, family]));
  return FORMER.flatMap(({ name, since, of, label: [now, before] = ['', ''] }) => {
    const today = byName.get(of);
    if (!today) return [];
    const samples = today.samples.replace(new RegExp(`^${of}`, 'gm'), name).replaceAll(`${now}="`, `${before}="`);
    return [{ ...today, name, since, help: today.help.replace(/^\[\w+\] /, ''), samples }];
  });
}

const figure = (name: string, help: string, value: number): Family => ({ name, type: 'counter', help, samples: `${name} ${value}` });

/** Counts the metrics there are, with or without values, and this count itself. */
function registered(families: readonly Family[]): Family {
  const name = 'registered_metrics_total';
  const counts = new Map<string, number>();
  const count = (since: string, stability: Stability) => {
    const labels = `deprecated_version="${since}",stability_level="${stability}"`;
    counts.set(labels, (counts.get(labels) ?? 0) + 1);
  };
  for (const { name: each, since = '' } of families) {
    const stability = stabilityOf(each);
    if (stability) count(since, stability);
  }
  count('', 'BETA');
  const samples = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([labels, value]) => `${name}{${labels}} ${value}`);
  return { name, type: 'counter', help: 'Metrics there are, by how stable they are.', samples: samples.join('\n') };
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const plainOf = (text: string): string => text.replace(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char));

/** Tells of values that are not allowed under one name, together; how many there were is a count of what was counted with them. */
function constrained(
  { type, samples }: Family,
  allowed: ReadonlyMap<string, ReadonlySet<string>>,
): { samples: string; unexpected: number } {
  const sums = new Map<string, number>();
  let unexpected = 0;
  for (const line of samples.split('\n')) {
    const end = line.lastIndexOf(' ');
    const value = Number(line.slice(end + 1).replace('Inf', 'Infinity'));
    const series = line.slice(0, end);
    let changed = 0;
    const told = series.replace(LABEL, (whole, label: string, text: string) => {
      const values = allowed.get(label);
      if (!values || values.has(plainOf(text))) return whole;
      changed++;
      return `${label}="${UNEXPECTED}"`;
    });
    unexpected += changed * timesCounted(type, series, value);
    sums.set(told, (sums.get(told) ?? 0) + value);
  }
  return { samples: [...sums].map(([series, value]) => `${series} ${value}`).join('\n'), unexpected };
}

/** How often a line's labels were given: once for each that was counted, and for what a gauge was set to. */
function timesCounted(type: string, series: string, value: number): number {
  if (type === 'counter') return value;
  if (type === 'gauge') return 1;
  return /_count(\{|$)/.test(series) ? value : 0;
}
