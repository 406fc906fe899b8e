import { Histogram } from './histogram.ts';

/** Values of a metric's labels. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

const ESCAPED = /[\\"\n]/g;

/** `a="b",c="d"`; made for each that is counted. */
export function labelText(labels: Labels): string {
  let text = '';
  for (const name in labels) {
    const value = String(labels[name]).replace(ESCAPED, (c) => (c === '\n' ? '\\n' : `\\${c}`));
    text += `${text && ','}${name}="${value}"`;
  }
  return text;
}

/** A metric in Prometheus' text format, from the labels of each value, as {@link labelText} has them, and the value. */
export const metricLines = (
  type: 'counter' | 'gauge',
  name: string,
  help: string,
  samples: Iterable<readonly [labels: string, value: number]>,
): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...Array.from(samples, ([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}`),
];

/** The same of a histogram. */
export const histogramLines = (name: string, help: string, series: Iterable<readonly [labels: string, histogram: Histogram]>): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} histogram`,
  ...[...series].flatMap(([labels, histogram]) => histogram.lines(name, labels)),
];

/** Histograms of one metric, by their labels. */
export class HistogramFamily {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Histogram>();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds = bounds;
  }

  of(labels: Labels): Histogram {
    const key = labelText(labels);
    const known = this.#series.get(key);
    if (known) return known;
    const histogram = new Histogram(this.#bounds);
    this.#series.set(key, histogram);
    return histogram;
  }

  lines(): string[] {
    return histogramLines(this.#name, this.#help, this.#series);
  }
}

/** Counters of one metric, by their labels. */
export class CounterFamily {
  readonly #name: string;
  readonly #help: string;
  readonly #series = new Map<string, number>();

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  add(labels: Labels): void {
    const key = labelText(labels);
    this.#series.set(key, (this.#series.get(key) ?? 0) + 1);
  }

  /** Tells of a series before anything of it is counted. */
  start(labels: Labels): void {
    this.#series.set(labelText(labels), 0);
  }

  lines(): string[] {
    return metricLines('counter', this.#name, this.#help, this.#series);
  }
}
