import { Histogram } from './histogram.ts';

/** Values of a metric's labels. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

const ESCAPED = /[\\"\n]/g;

/** `a="b",c="d"`; made for each that is counted. */
function labelText(labels: Labels): string {
  let text = '';
  for (const name in labels) {
    const value = String(labels[name]).replace(ESCAPED, (c) => (c === '\n' ? '\\n' : `\\${c}`));
    text += `${text && ','}${name}="${value}"`;
  }
  return text;
}

/** Histograms of one metric, by their labels; nothing is told of it before there is one. */
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
    if (this.#series.size === 0) return [];
    const head = [`# HELP ${this.#name} ${this.#help}`, `# TYPE ${this.#name} histogram`];
    return [...head, ...[...this.#series].flatMap(([labels, histogram]) => histogram.lines(this.#name, labels))];
  }
}

/** Counters of one metric, by their labels; nothing is told of it before there is one. */
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
    if (this.#series.size === 0) return [];
    const head = [`# HELP ${this.#name} ${this.#help}`, `# TYPE ${this.#name} counter`];
    return [...head, ...[...this.#series].map(([labels, count]) => `${this.#name}{${labels}} ${count}`)];
  }
}
