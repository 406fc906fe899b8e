// metrics.k8s.io: what nodes and pods use, as metrics-server tells it (kubernetes-sigs/metrics-server, `pkg/api/{node,pod}.go`). Nothing is asked of
// kubelets until somebody asks here.
import { apiError, coreKinds, type KindInfo, type KubeObject, type Live, type Node, type Pod, toTime } from '../../api/index.ts';
import { servedJson } from '../rest/encoder.ts';
import { readListOptions } from '../rest/list-options.ts';
import { acceptList, sendList } from '../rest/list-writer.ts';
import type { Endpoint, Handler, Rest } from '../rest/rest.ts';
import { Entry } from '../watch-cache/entry.ts';
import { RESOLUTION_MS, Scraper } from './scraper.ts';
import type { NodeScrape } from './summary.ts';

const WINDOW = `${RESOLUTION_MS / 1000}s`;

/** A kind of object whose usage is told. */
interface Subject<T extends KubeObject> {
  readonly kind: KindInfo;
  /** The kind of its metrics, and what upstream calls their resource in errors. */
  readonly metricsKind: string;
  readonly metricsResource: string;
  /** The node that knows; undefined when nothing can be known. */
  nodeOf(object: Live<T>): string | undefined;
  usageOf(object: Live<T>, scrape: NodeScrape): object | undefined;
}

const NODES: Subject<Node> = {
  kind: coreKinds.nodes,
  metricsKind: 'NodeMetrics',
  metricsResource: 'nodemetrics',
  nodeOf: ({ metadata }) => metadata.name,
  usageOf: (_node, { node }) => ({ usage: node }),
};

const PODS: Subject<Pod> = {
  kind: coreKinds.pods,
  metricsKind: 'PodMetrics',
  metricsResource: 'podmetrics',
  nodeOf: ({ spec, status }) => (status.phase === 'Running' ? spec.nodeName : undefined),
  usageOf: ({ metadata }, { pods }) => {
    const containers = pods.get(`${metadata.namespace}/${metadata.name}`);
    return containers && { containers };
  },
};

export type Handlers = { readonly get: Handler; readonly list: Handler };

/** Handlers of both kinds, which share what they know; by `group/resource`. */
export function metricsHandlers(): Readonly<Record<string, Handlers>> {
  const scraper = new Scraper();
  return { 'metrics.k8s.io/nodes': handlersOf(NODES, scraper), 'metrics.k8s.io/pods': handlersOf(PODS, scraper) };
}

const handlersOf = <T extends KubeObject>(subject: Subject<T>, scraper: Scraper): Handlers => ({
  get: async (rest, exchange, { resource }) => {
    const { namespace, name } = exchange.info;
    const object = rest.objects.get<T>(subject.kind, namespace, name);
    if (!object) throw apiError.notFound(subject.kind, name);
    const [metrics] = await metricsOf(subject, [object], { rest, scraper });
    const wanted = namespace === '' ? name : `${namespace}/${name}`;
    if (!metrics) throw apiError.notFound({ group: resource.info.group, resource: subject.metricsResource }, wanted);
    rest.encoder.object(exchange, resource, 200, servedJson(metrics));
  },
  list: async (rest, exchange, endpoint) => {
    const { resource } = endpoint;
    const accepted = acceptList(exchange, resource, rest.negotiator.list(exchange.accept, resource.type));
    const { selection } = readListOptions(exchange, resource, false);
    const { namespace } = exchange.info;
    const objects = rest.objects
      .list<T>(subject.kind, namespace === '' ? undefined : namespace)
      .filter(({ metadata: { name, namespace: own, labels } }) =>
        selection.matches(entryOf(endpoint, { apiVersion: '', kind: '', metadata: { name, namespace: own, labels } })),
      );
    const found = await metricsOf(subject, objects, { rest, scraper });
    const entries = found.map((object) => entryOf(endpoint, object)).sort((a, b) => (a.key < b.key ? -1 : 1));
    await sendList(rest, exchange, resource, { accepted, page: { revision: undefined, entries, continue: '', remaining: undefined } });
  },
});

async function metricsOf<T extends KubeObject>(
  subject: Subject<T>,
  objects: readonly Live<T>[],
  { rest, scraper }: { readonly rest: Rest; readonly scraper: Scraper },
): Promise<KubeObject[]> {
  const scrapes = await scraper.scrape(
    objects.flatMap((object) => subject.nodeOf(object) ?? []),
    rest,
  );
  const now = toTime(rest.clock.now());
  return objects.flatMap((object) => {
    const scrape = scrapes.get(subject.nodeOf(object) ?? '');
    const usage = scrape && subject.usageOf(object, scrape);
    if (!usage) return [];
    const { name, namespace, labels } = object.metadata;
    const metadata = { name, ...(namespace ? { namespace } : {}), creationTimestamp: now, ...(labels ? { labels } : {}) };
    return [
      { kind: subject.metricsKind, apiVersion: 'metrics.k8s.io/v1beta1', metadata, timestamp: scrape.time, window: WINDOW, ...usage },
    ];
  });
}

/** An object that was never stored, for those who write lists. */
function entryOf({ resource }: Endpoint, object: KubeObject): Entry {
  const { namespace, name } = object.metadata;
  const key = `${resource.prefix}${namespace ? `${namespace}/` : ''}${name}`;
  return new Entry(resource.cache.schema, { key, revision: 0 }, { served: servedJson(object) });
}
