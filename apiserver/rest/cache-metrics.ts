// What is told of the caches of all kinds, their lists and their watches. Upstream: apiserver, `pkg/storage/{cacher,etcd3}/metrics`.
import { Histogram } from '../registry/histogram.ts';
import { histogramLines, metricLines } from '../registry/metric-families.ts';
import type { Resource } from '../registry/resource.ts';
import type { KindCache } from '../watch-cache/kind-cache.ts';
import type { Endpoint } from './rest.ts';

type Samples = readonly (readonly [labels: string, value: number])[];

/** The caches of one resource: each version that is served has one. */
interface Group {
  readonly labels: string;
  readonly caches: readonly KindCache[];
  /** The one that is told of each change first. */
  readonly main: KindCache;
  /** How far its store's caches are. */
  readonly revision: number;
}

/**
 * @param endpoints of the kinds that are served.
 * @param revisionOf that the caches of a resource's store have reached.
 */
export function cacheText(endpoints: Iterable<Endpoint>, revisionOf: (resource: Resource) => number): string {
  const every = [...endpoints];
  const groups = groupsOf(every, revisionOf);
  return [...cacheLines(groups), ...listLines(groups), ...storeLines(groups), ...watchLines(every, groups), ''].join('\n');
}

function groupsOf(endpoints: readonly Endpoint[], revisionOf: (resource: Resource) => number): Group[] {
  const groups = new Map<string, { readonly caches: KindCache[]; readonly revision: number }>();
  for (const { resource } of endpoints) {
    const { group, resource: name } = resource.info;
    const labels = `group="${group}",resource="${name}"`;
    const known = groups.get(labels) ?? { caches: [], revision: revisionOf(resource) };
    groups.set(labels, known);
    known.caches.push(resource.cache);
  }
  return [...groups].flatMap(([labels, { caches, revision }]) => {
    const main = caches.find(({ isView }) => !isView) ?? caches[0];
    return main ? [{ labels, caches, main, revision }] : [];
  });
}

const sumOf = ({ caches }: Group, of: (cache: KindCache) => number): number => caches.reduce((sum, cache) => sum + of(cache), 0);

/** Of each resource of which there is something to tell. */
const counted = (groups: readonly Group[], of: (group: Group) => number): Samples =>
  groups.flatMap((group) => (of(group) > 0 ? [[group.labels, of(group)] as const] : []));

function cacheLines(groups: readonly Group[]): string[] {
  const filled = groups.filter(({ main }) => main.stats.fills > 0);
  const gauge = (of: (group: Group) => number): Samples => filled.map((group) => [group.labels, of(group)]);
  const events = counted(groups, ({ main }) => main.stats.events);
  const waits = groups.flatMap(({ labels, caches }) => {
    const all = caches.flatMap(({ stats: { waits: each } }) => each ?? []);
    return all.length === 0 ? [] : [[labels, Histogram.sum(all)] as const];
  });
  const reads = groups.flatMap(({ labels, caches }) =>
    (['done', 'failed'] as const).flatMap((outcome) => {
      const count = caches.reduce((sum, { stats }) => sum + stats.consistentReads[outcome], 0);
      return count === 0 ? [] : [[`fallback="false",${labels},success="${outcome === 'done'}"`, count] as const];
    }),
  );
  return [
    ...metricLines('counter', 'apiserver_watch_cache_consistent_read_total', 'Lists of the newest state from memory.', reads),
    ...metricLines('counter', 'apiserver_watch_cache_events_dispatched_total', 'Changes that were passed on to watchers.', events),
    ...metricLines('counter', 'apiserver_watch_cache_events_received_total', 'Changes that a cache was told.', events),
    ...metricLines(
      'counter',
      'apiserver_watch_cache_initializations_total',
      'How often a cache was filled.',
      counted(groups, ({ main }) => main.stats.fills),
    ),
    ...histogramLines('apiserver_watch_cache_read_wait_seconds', 'How long reads waited for a cache to be new enough.', waits),
    ...metricLines(
      'gauge',
      'apiserver_watch_cache_resource_version',
      'The resource version that a cache has reached.',
      gauge(({ main, revision }) => main.reached(revision)),
    ),
    ...metricLines(
      'gauge',
      'watch_cache_capacity',
      'How many changes a cache remembers.',
      gauge(({ main }) => main.capacity),
    ),
    ...metricLines('counter', 'watch_cache_capacity_increase_total', 'How often a cache began to remember more.', []),
    ...metricLines('counter', 'watch_cache_capacity_decrease_total', 'How often a cache began to remember less.', []),
  ];
}

function listLines(groups: readonly Group[]): string[] {
  const byIndex = (of: 'lists' | 'fetched'): Samples =>
    groups.flatMap(({ labels, caches }) => {
      const indexes = new Set(caches.flatMap(({ stats }) => [...stats.lists.keys()]));
      const sum = (index: string) => caches.reduce((total, { stats }) => total + (stats.lists.get(index)?.[of] ?? 0), 0);
      return [...indexes].map((index) => [labels.replace(',', `,index="${index}",`), sum(index)] as const);
    });
  const listed = groups.filter(({ caches }) => caches.some(({ stats }) => stats.lists.size > 0));
  const returned: Samples = listed.map((group) => [
    group.labels,
    sumOf(group, ({ stats }) => [...stats.lists.values()].reduce((sum, costs) => sum + costs.returned, 0)),
  ]);
  return [
    ...metricLines('counter', 'apiserver_cache_list_total', 'Lists that were answered from memory.', byIndex('lists')),
    ...metricLines('counter', 'apiserver_cache_list_fetched_objects_total', 'Objects that such lists looked at.', byIndex('fetched')),
    ...metricLines('counter', 'apiserver_cache_list_returned_objects_total', 'Objects that such lists answered with.', returned),
  ];
}

/** Filling a cache is a list of all there is; nothing of that is evaluated for anybody. */
function storeLines(groups: readonly Group[]): string[] {
  const listed = groups.filter(({ caches }) => caches.some(({ stats }) => stats.storage.lists > 0));
  const each = (of: 'lists' | 'fetched' | 'evaluated' | 'returned'): Samples =>
    listed.map((group) => [group.labels, sumOf(group, ({ stats }) => stats.storage[of])]);
  const counter = (name: string, help: string, samples: Samples) => metricLines('counter', `apiserver_storage_${name}`, help, samples);
  return [
    ...counter('list_total', 'Lists that were answered from the store.', each('lists')),
    ...counter('list_fetched_objects_total', 'Objects that such lists read.', each('fetched')),
    ...counter('list_evaluated_objects_total', 'Objects that such lists compared with what was asked for.', each('evaluated')),
    ...counter('list_returned_objects_total', 'Objects that such lists answered with.', each('returned')),
    ...counter(
      'events_received_total',
      'Changes that the store told.',
      counted(groups, ({ main }) => main.stats.events),
    ),
    ...counter(
      'decode_errors_total',
      'Stored objects that could not be read.',
      counted(groups, (group) => sumOf(group, ({ stats }) => stats.unreadable)),
    ),
  ];
}

function watchLines(endpoints: readonly Endpoint[], groups: readonly Group[]): string[] {
  const watched = endpoints.filter(({ resource }) => resource.cache.watchStats.sizes.count > 0);
  const labelsOf = ({ resource: { info } }: Endpoint) => `group="${info.group}",version="${info.version}",resource="${info.resource}"`;
  const sizesOf = ({ resource }: Endpoint) => resource.cache.watchStats.sizes;
  const lists = endpoints.flatMap((endpoint) =>
    [...endpoint.resource.cache.stats.watchLists].map(
      ([scope, histogram]) => [`${labelsOf(endpoint)},scope="${scope}"`, histogram] as const,
    ),
  );
  return [
    ...metricLines(
      'counter',
      'apiserver_watch_events_total',
      'Events sent to watchers.',
      watched.map((each) => [labelsOf(each), sizesOf(each).count] as const),
    ),
    ...histogramLines(
      'apiserver_watch_events_sizes',
      'Sizes of events sent to watchers, in bytes.',
      watched.map((each) => [labelsOf(each), sizesOf(each)] as const),
    ),
    ...metricLines(
      'counter',
      'apiserver_terminated_watchers_total',
      'Watchers dropped because they did not read.',
      counted(groups, (group) => sumOf(group, ({ watchStats }) => watchStats.terminated)),
    ),
    ...metricLines(
      'counter',
      'apiserver_init_events_total',
      'Events that watches began with.',
      counted(groups, (group) => sumOf(group, ({ stats }) => stats.initEvents)),
    ),
    ...histogramLines('apiserver_watch_list_duration_seconds', 'How long watches took to tell all there was.', lists),
  ];
}
