// Prometheus' text format, as Go's libraries write it.
import { goNumber } from '../../runtime/index.ts';
import type { Durations } from '../durations.ts';

export type Labels = Readonly<Record<string, string>>;

/** A sample, with the time it was taken where the metric is read from somewhere else. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly time?: number | undefined;
  /** Of a histogram: `_bucket`, `_sum` or `_count`. */
  readonly suffix?: string | undefined;
}

export interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

const escaped = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');

const lineOf = (name: string, { labels, value, time, suffix = '' }: Sample): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${goNumber(value)}${time === undefined ? '' : ` ${time}`}\n`;
};

/** Metrics in Prometheus' text format; those without a sample are left out. */
export const textOf = (metrics: readonly Metric[]): string =>
  metrics
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, type, help, samples }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map((s) => lineOf(name, s)).join('')}`,
    )
    .join('');

/** The samples of a histogram: the bound comes after the other labels. */
export function histogramSamples(durations: Durations, labels: Labels = {}): Sample[] {
  const bucket = (le: string, value: number): Sample => ({ labels: { ...labels, le }, value, suffix: '_bucket' });
  return [
    ...durations.bounds.map((bound, i) => bucket(goNumber(bound), durations.within(i))),
    bucket('+Inf', durations.count),
    { labels, value: durations.seconds, suffix: '_sum' },
    { labels, value: durations.count, suffix: '_count' },
  ];
}
