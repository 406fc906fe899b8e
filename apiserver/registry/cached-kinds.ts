import { groupResourceOf, type KindInfo } from '../../api/index.ts';

type Kind = Pick<KindInfo, 'group' | 'resource'>;

/** Kinds without a watch cache unless the command line says otherwise: `DefaultWatchCacheSizes` (pkg/kubeapiserver/default_storage_factory_builder.go). */
const SIZES: Readonly<Record<string, number>> = { events: 0, 'events.events.k8s.io': 0 };

/**
 * Which kinds upstream has a watch cache of. Lists of any state of the others are the newest, in pages, and a version that is yet to come
 * is refused at once.
 *
 * @param enabled `--watch-cache`: false for no kind at all.
 * @param sizes `--watch-cache-sizes`, as `resource.group#size`: 0 for none, anything else for one.
 */
export function cachedKinds(enabled: boolean, sizes: readonly string[]): (kind: Kind) => boolean {
  if (!enabled) return () => false;
  const given = sizes.map((entry) => entry.split('#')).map(([kind = '', size]) => [kind, Number(size)] as const);
  const byKind = new Map([...Object.entries(SIZES), ...given]);
  return ({ group, resource }) => byKind.get(groupResourceOf({ group, resource })) !== 0;
}
