import { type CrossVersionObjectReference, isNotFound, parseDuration, parseQuantity } from '../../api/index.ts';
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
    const api = { api: 'resource metrics', requested: 'get pods.metrics.k8s.io' };
    const items = await this.#list<ResourceMetrics>(path, { labelSelector: selector }, api);
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
    const items = await this.#custom(path, { labelSelector: selector, metricLabelSelector: labels }, `get pods.${CUSTOM} *`);
    return new Map(
      items.map(({ describedObject, value, timestamp, windowSeconds, window }) => {
        const seconds = windowSeconds ?? window;
        const windowMs = seconds === undefined || seconds === null ? WINDOW_MS : seconds * 1000;
        return [describedObject.name, { value: parseQuantity(value).milli(), timestamp: msOf(timestamp), windowMs }];
      }),
    );
  }

  /** A metric of one object, in thousandths. */
  async object({ namespace, name, labels }: CustomMetric, target: CrossVersionObjectReference): Promise<number> {
    const group = groupOf(target.apiVersion ?? '');
    const metric = encodeURIComponent(name);
    const query = { metricLabelSelector: labels };
    if (target.kind === 'Namespace' && group === '') {
      return first(
        await this.#custom(`/namespaces/${encodeURIComponent(target.name)}/metrics/${metric}`, query, `get namespaces.${CUSTOM}`),
      );
    }
    const kind = await this.#scales.kindOf(group, target.kind);
    if (!kind) throw new Error(`unable to fetch metrics from custom metrics API: unable to map kind ${target.kind} to resource`);
    const resource = group === '' ? kind.resource : `${kind.resource}.${group}`;
    const path = `/namespaces/${encodeURIComponent(namespace)}/${resource}/${encodeURIComponent(target.name)}/${metric}`;
    return first(await this.#custom(path, query, `get ${resource}.${CUSTOM} ${target.name}`));
  }

  /** The values of a metric that has nothing to do with the cluster, in thousandths. */
  async external(name: string, namespace: string, selector: string): Promise<number[]> {
    const path = `/apis/external.metrics.k8s.io/v1beta1/namespaces/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
    const api = { api: 'external metrics', requested: `get ${name}.external.metrics.k8s.io` };
    const items = await this.#list<{ value: string }>(path, { labelSelector: selector }, api);
    return items.map(({ value }) => parseQuantity(value).milli());
  }

  async #custom(path: string, query: Query, requested: string): Promise<CustomValue[]> {
    return this.#list<CustomValue>(`/apis/${CUSTOM}/${await this.#customVersion()}${path}`, query, { api: 'custom metrics', requested });
  }

  /** The version of the custom metrics API that its server likes best. */
  async #customVersion(): Promise<string> {
    const missing = new Error('unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered');
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

  /** The items of a list, of which there must be some. */
  async #list<T>(path: string, query: Query, { api, requested }: { readonly api: string; readonly requested: string }): Promise<T[]> {
    let items: T[] | null | undefined;
    try {
      const given = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''));
      const { body } = await this.#client.request('GET', path, { query: given });
      items = JSON.parse(body.toString()).items;
    } catch (error) {
      const why =
        isNotFound(error) && !error.status.details ? `the server could not find the requested resource (${requested})` : messageOf(error);
      throw new Error(`unable to fetch metrics from ${api} API: ${why}`, { cause: error });
    }
    if (!items || items.length === 0) throw new Error(`no metrics returned from ${api} API`);
    return items;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const first = ([value]: readonly CustomValue[]): number => (value ? parseQuantity(value.value).milli() : 0);

/** Thousandths that a pod or its container uses; undefined when it is not known of each container. */
function usageOf({ metadata, containers }: ResourceMetrics, resource: string, container: string | undefined): number | undefined {
  const all = containers ?? [];
  if (container !== undefined && !all.some(({ name }) => name === container)) {
    throw new Error(`container ${container} not present in metrics for pod ${metadata.namespace}/${metadata.name}`);
  }
  const counted = container === undefined ? all : all.filter(({ name }) => name === container);
  let sum = 0;
  for (const { usage } of counted) {
    const amount = usage?.[resource];
    if (amount === undefined) return undefined;
    sum += parseQuantity(amount).milli();
  }
  return counted.length === 0 ? undefined : sum;
}
