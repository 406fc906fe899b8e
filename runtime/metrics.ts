import { createRequire } from 'node:module';
import type * as Prometheus from 'prom-client';
import { expose, type MetricRules } from './exposition.ts';
import { addProcessMetrics } from './process-metrics.ts';

/** The media type of Prometheus' text format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

/** Values of a metric's labels. */
export type Labels = Readonly<Record<string, string | number>>;

export interface Counter {
  inc(labels?: Labels, by?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
  add(by: number, labels?: Labels): void;
  /** Forgets all values. */
  reset(): void;
}

export interface Histogram {
  observe(value: number, labels?: Labels): void;
}

/** What a metric is; `labels` are the names of its labels. */
export interface MetricSpec {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[] | undefined;
}

/** The metrics of one process, in Prometheus' text format. */
export interface Metrics {
  readonly contentType: string;
  counter(spec: MetricSpec): Counter;
  gauge(spec: MetricSpec): Gauge;
  histogram(spec: MetricSpec & { readonly buckets: readonly number[] }): Histogram;
  /** Calls `fn` before metrics are read, to set gauges. */
  onRead(fn: () => void): void;
  text(): Promise<string>;
  /** Serves another text, `/metrics/<something>`, in the same format. */
  addPage(path: string, text: () => string): void;
  /** What is served at a path: the metrics at `/metrics`, pages at theirs; undefined elsewhere. */
  textAt(path: string): Promise<string | undefined>;
}

/** What of prom-client is used. */
type Library = Pick<typeof Prometheus, 'Registry' | 'Counter' | 'Gauge' | 'Histogram'>;

/**
 * Makes a registry of its own. prom-client is loaded, and a metric made, when it is first counted or read.
 *
 * @param rules what is told, as upstream's processes tell it; everything as it is unless given.
 */
export function createMetrics(rules?: MetricRules): Metrics {
  const registry = lazy(() => {
    const library = load();
    return { library, registry: new library.Registry() };
  });
  const built: (() => unknown)[] = [];
  const readers: (() => void)[] = [];
  const pages = new Map<string, () => string>();
  const metric = <M>(make: (library: Library, registers: Prometheus.Registry[]) => M): (() => M) => {
    const get = lazy(() => make(registry().library, [registry().registry]));
    built.push(get);
    return get;
  };
  const options = ({ name, help, labels = [] }: MetricSpec, registers: Prometheus.Registry[]) => ({
    name,
    help,
    labelNames: [...labels],
    registers,
  });
  const metrics: Metrics = {
    contentType: METRICS_TYPE,
    counter: (spec) => {
      const get = metric((library, registers) => new library.Counter(options(spec, registers)));
      return { inc: (labels = {}, by = 1) => get().inc(labels, by) };
    },
    gauge: (spec) => {
      const get = metric((library, registers) => new library.Gauge(options(spec, registers)));
      return {
        set: (value, labels = {}) => get().set(labels, value),
        add: (by, labels = {}) => get().inc(labels, by),
        reset: () => get().reset(),
      };
    },
    histogram: (spec) => {
      const get = metric((library, registers) => new library.Histogram({ ...options(spec, registers), buckets: [...spec.buckets] }));
      return { observe: (value, labels = {}) => get().observe(labels, value) };
    },
    onRead: (fn) => readers.push(fn),
    text: async () => {
      for (const make of built) make();
      for (const fn of readers) fn();
      const text = await registry().registry.metrics();
      return rules ? expose(text, rules) : text;
    },
    addPage: (path, text) => pages.set(path, text),
    textAt: async (path) => (path === '/metrics' ? metrics.text() : pages.get(path)?.()),
  };
  addProcessMetrics(metrics);
  return metrics;
}

/** Exponential bucket bounds, as upstream's histograms mostly have: each is made of the one before, with what is lost in that. */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound);
  return bounds;
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Just the four classes: all of prom-client, with cluster and push gateway, takes 30 ms to load instead of 8. */
function load(): Library {
  const require = createRequire(import.meta.url);
  try {
    return {
      Registry: require('prom-client/lib/registry.js'),
      Counter: require('prom-client/lib/counter.js'),
      Gauge: require('prom-client/lib/gauge.js'),
      Histogram: require('prom-client/lib/histogram.js'),
    };
  } catch {
    return require('prom-client');
  }
}
