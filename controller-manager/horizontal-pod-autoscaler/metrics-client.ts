import { type CrossVersionObjectReference, goQuote, isNotFound, parseDuration, parseQuantity } from '../../api/index.ts';
import type { ApiClient, Query } from '../../client/index.ts';
import { msOf } from '../shared/pods.ts';
import { groupOf, type Scales } from '../shared/scales.ts';

/** Over how long a custom metric is taken, when it does not say. */
const WINDOW_MS = 60_000;
const CUSTOM = 'custom.metrics.k8s.io';
const CUSTOM_VERSIONS: readonly (string | undefined)[] = ['v1beta2', 'v1beta1'];

/** What was measured of one pod. */
export interface PodMetric {
  /** Thousandths. */
  readonly value: number;
  readonly timestamp: number;
  readonly windowMs: number;
}

/** What was measured of pods, by their names. */
export type PodMetrics = ReadonlyMap<string, PodMetric>;

/** A metric of something described by the custom metrics API. */
export interface CustomMetric {
  readonly namespace: string;
  readonly name: string;
  /** Selector of the metric's own labels. */
  readonly labels: string;
}

interface ResourceMetrics {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly timestamp: string;
  readonly window: string;
  readonly containers?: readonly { readonly name: string; readonly usage?: Readonly<Record<string, string>> }[] | null;
}

interface CustomValue {
  readonly describedObject: { readonly name: string };
  readonly timestamp: string;
  readonly value: string;
  readonly windowSeconds?: number | null;
  /** In v1beta1. */
  readonly window?: number | null;
}

/**
 * Asks the three metrics APIs, whoever serves them. Upstream: `pkg/controller/podautoscaler/metrics`; the errors' texts are those that its
 * users know from `kubectl describe hpa`.
 */
export class MetricsClient {
  readonly #client: ApiClient;
  readonly #scales: Scales;

  constructor(client: ApiClient, scales: Scales) {
    this.#client = client;
    this.#scales = scales;
  }

  /** CPU or memory of the pods of a selector, of one of their containers or all together; pods without it are left out. */
  async resource(name: string, namespace: string, selector: string, container: string | undefined): Promise<PodMetrics> {
    const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/pods`;
    const items = some('resource metrics', await this.#list<ResourceMetrics>('resource metrics', path, { labelSelector: selector }));
    const metrics = new Map<string, PodMetric>();
    for (const item of items) {
      const value = usageOf(item, name, container);
      if (value !== undefined) {
        metrics.set(item.metadata.name, { value, timestamp: msOf(item.timestamp), windowMs: Number(parseDuration(item.window)) / 1e6 });
      }
    }
    return metrics;
  }

  /** A metric of each pod of a selector. */
  async pods({ namespace, name, labels }: CustomMetric, selector: string): Promise<PodMetrics> {
    const path = `/namespaces/${encodeURIComponent(namespace)}/pods/*/${encodeURIComponent(name)}`;
    const items = some('custom metrics', await this.#custom(path, { labelSelector: selector, metricLabelSelector: labels }));
    return new Map(
      items.map(({ describedObject, value, timestamp, windowSeconds, window }) => {
        const seconds = windowSeconds ?? window;
        const windowMs = seconds === undefined || seconds === null ? WINDOW_MS : seconds * 1000;
        return [describedObject.name, { value: parseQuantity(value).milli(), timestamp: msOf(timestamp), windowMs }];
      }),
    );
  }

  /** A metric of one object, in thousandths. Of namespaces only the autoscaler's own can be asked, whatever the target's name. */
  async object({ namespace, name, labels }: CustomMetric, target: CrossVersionObjectReference): Promise<number> {
    const within = `/namespaces/${encodeURIComponent(namespace)}`;
    const group = groupOf(target.apiVersion ?? '');
    const isNamespace = target.kind === 'Namespace' && group === '';
    const what = isNamespace ? 'metrics' : `${await this.#resourceOf(group, target.kind)}/${encodeURIComponent(target.name)}`;
    const items = await this.#custom(`${within}/${what}/${encodeURIComponent(name)}`, { metricLabelSelector: labels });
    const [item] = items;
    if (item && items.length === 1) return parseQuantity(item.value).milli();
    throw unable('custom metrics', `the custom metrics API server returned ${items.length} results when we asked for exactly one`);
  }

  /** The values of a metric that has nothing to do with the cluster, in thousandths. */
  async external(name: string, namespace: string, selector: string): Promise<number[]> {
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
    const items = some('external metrics', await this.#list<{ value: string }>('external metrics', path, { labelSelector: selector }));
    return items.map(({ value }) => parseQuantity(value).milli());
  }

  async #custom(path: string, query: Query): Promise<readonly CustomValue[]> {
    return this.#list<CustomValue>('custom metrics', `/apis/${CUSTOM}/${await this.#customVersion()}${path}`, query);
  }

  /** What the custom metrics API calls objects of a kind: `ingresses.networking.k8s.io`. */
  async #resourceOf(group: string, kind: string): Promise<string> {
    const found = await this.#scales.kindOf(group, kind);
    const named = (name: string) => (group === '' ? name : `${name}.${group}`);
    if (found) return named(found.resource);
    const why = `no matches for kind ${goQuote(kind)} in group ${goQuote(group)}`;
    throw unable('custom metrics', `unable to map kind ${named(kind)} to resource: ${why}`);
  }

  /** The version of the custom metrics API that its server likes best. */
  async #customVersion(): Promise<string> {
    const missing = unable('custom metrics', `no custom metrics API (${CUSTOM}) registered`);
    try {
      const { body } = await this.#client.request('GET', `/apis/${CUSTOM}`);
      const { versions = [] }: { versions?: { version?: string }[] } = JSON.parse(body.toString());
      const version = versions.find((offered) => CUSTOM_VERSIONS.includes(offered.version))?.version;
      if (version === undefined) throw missing;
      return version;
    } catch (error) {
      throw isNotFound(error) ? missing : error;
    }
  }

  async #list<T>(api: string, path: string, query: Query): Promise<readonly T[]> {
    try {
      const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
      const { body } = await this.#client.request('GET', path, { query: given });
      return JSON.parse(body.toString()).items ?? [];
    } catch (error) {
      throw unable(api, messageOf(error), error);
    }
  }
}

const unable = (api: string, why: string, cause?: unknown): Error =>
  new Error(`unable to fetch metrics from ${api} API: ${why}`, { cause });

function some<T>(api: string, items: readonly T[]): readonly T[] {
  if (items.length === 0) throw new Error(`no metrics returned from ${api} API`);
  return items;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Thousandths that a pod or its container uses; undefined when it is not known of each container. */
function usageOf({ containers }: ResourceMetrics, resource: string, container: string | undefined): number | undefined {
  const all = containers ?? [];
  const counted = container === undefined ? all : all.filter(({ name }) => name === container);
  let sum = 0;
  for (const { usage } of counted) {
    const amount = usage?.[resource];
    if (amount === undefined) return undefined;
    sum += parseQuantity(amount).milli();
  }
  return counted.length === 0 ? undefined : sum;
}
