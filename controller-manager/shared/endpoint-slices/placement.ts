// Which endpoints go into which slice. Upstream: `staging/src/k8s.io/endpointslice/reconciler.go`.
//
//   slices there are, by ports ──┬─ 1. what is no longer wanted goes, what changed is replaced
//                                ├─ 2. slices that change anyway are filled up, the fullest first
//                                └─ 3. the rest goes into one slice that has room for all of it, or into new ones
import { printedEndpointPort } from '../../../api/go-print.ts';
import type { Endpoint, EndpointSlice, Live, DiscoveryV1EndpointPort as SlicePort } from '../../../api/index.ts';
import { canonicalJson, deepEqual } from '../equality.ts';
import { byHash } from '../hash-order.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
export const SLICE_MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
export const SLICE_HEADLESS = 'service.kubernetes.io/headless';

type Slice = Live<EndpointSlice>;

/** A slice that is still to be made: without a name of its own. */
export type NewSlice = EndpointSlice;

/** What is to be done to the slices of one address type. */
export interface SliceChanges {
  readonly creates: NewSlice[];
  readonly updates: Slice[];
  readonly deletes: Slice[];
  readonly unchanged: Slice[];
}

/** Endpoints that serve on the same ports, by who they are. */
export interface EndpointGroup {
  readonly ports: readonly SlicePort[];
  readonly endpoints: Map<string, Endpoint>;
}

/** How slices of one owner look. */
export interface SliceMaker {
  readonly max: number;
  /** An empty slice for these ports. */
  make(ports: readonly SlicePort[]): NewSlice;
  /** The slice with the labels and annotations it is to have; undefined when it has them. */
  relabelled(slice: Slice): Slice | undefined;
  /** Whether the slice is the present owner's, not that of an earlier one of its name. */
  owns(slice: Slice): boolean;
}

/** Ports whose order does not matter, as a key. */
export const portsKey = (ports: readonly SlicePort[] | null | undefined): string => (ports ?? []).map(canonicalJson).sort().join();

/** Ports in the order that slices list them in. Upstream: `portsInOrder`. */
export const inSliceOrder = (ports: readonly SlicePort[]): SlicePort[] => byHash(ports, printedEndpointPort);

/** Who an endpoint is: what else is said of it may change. Upstream: `hashEndpoint`. */
export const endpointKey = ({ addresses, hostname, targetRef }: Endpoint): string =>
  JSON.stringify([[...addresses].sort(), hostname ?? '', targetRef?.namespace ?? '', targetRef?.name ?? '']);

/** Decides where endpoints go. The groups' endpoints are used up. */
export function placeEndpoints(existing: readonly Slice[], groups: ReadonlyMap<string, EndpointGroup>, maker: SliceMaker): SliceChanges {
  const changes: SliceChanges = { creates: [], updates: [], deletes: [], unchanged: [] };
  const byPorts = new Map<string, Slice[]>();
  for (const slice of existing) {
    const key = portsKey(slice.ports);
    if (!maker.owns(slice) || !groups.has(key)) changes.deletes.push(slice);
    else byPorts.set(key, [...(byPorts.get(key) ?? []), slice]);
  }
  for (const [key, group] of groups) placeGroup(byPorts.get(key) ?? [], group, maker, changes);
  return changes;
}

function placeGroup(existing: readonly Slice[], { ports, endpoints }: EndpointGroup, maker: SliceMaker, changes: SliceChanges): void {
  const updates: Slice[] = [];
  const unchanged: Slice[] = [];
  for (const slice of existing) {
    const { outcome, kept } = keepWanted(slice, endpoints);
    const relabelled = maker.relabelled(slice);
    if (outcome === 'empty') changes.deletes.push(slice);
    else if (outcome === 'changed') updates.push({ ...(relabelled ?? slice), endpoints: kept });
    else if (relabelled) updates.push({ ...relabelled, endpoints: [...slice.endpoints] });
    else unchanged.push(slice);
  }
  for (const slice of [...updates].sort((a, b) => b.endpoints.length - a.endpoints.length)) fill(slice.endpoints, endpoints, maker.max);
  placeRest({ ports, endpoints }, maker, { creates: changes.creates, updates, unchanged });
  changes.updates.push(...updates);
  changes.unchanged.push(...unchanged);
}

/** What has found no place yet: into one slice that has room for all of it, else into new ones. */
function placeRest({ ports, endpoints }: EndpointGroup, maker: SliceMaker, into: Omit<SliceChanges, 'deletes'>): void {
  while (endpoints.size > 0) {
    const room = endpoints.size < maker.max ? closestFit(into.unchanged, endpoints.size, maker.max) : undefined;
    if (!room) {
      const created = maker.make(inSliceOrder(ports));
      fill(created.endpoints, endpoints, maker.max);
      into.creates.push(created);
      continue;
    }
    into.unchanged.splice(into.unchanged.indexOf(room), 1);
    const filled = { ...room, endpoints: [...room.endpoints] };
    fill(filled.endpoints, endpoints, maker.max);
    into.updates.push(filled);
  }
}

/** Takes the endpoints of a slice that are still wanted out of those that are to be placed. */
function keepWanted(slice: Slice, wanted: Map<string, Endpoint>): { outcome: 'same' | 'changed' | 'empty'; kept: Endpoint[] } {
  const kept: Endpoint[] = [];
  let changed = false;
  for (const endpoint of slice.endpoints) {
    const key = endpointKey(endpoint);
    const now = wanted.get(key);
    if (!now) continue;
    kept.push(now);
    wanted.delete(key);
    changed ||= !deepEqual(withoutHints(now), withoutHints(endpoint));
  }
  if (!changed && kept.length === slice.endpoints.length) return { outcome: 'same', kept };
  return { outcome: kept.length === 0 ? 'empty' : 'changed', kept };
}

const withoutHints = ({ hints: _, ...endpoint }: Endpoint): Endpoint => endpoint;

function fill(list: Endpoint[], endpoints: Map<string, Endpoint>, max: number): void {
  for (const [key, endpoint] of endpoints) {
    if (list.length >= max) return;
    list.push(endpoint);
    endpoints.delete(key);
  }
}

/** The slice that is fullest once so many more are in it; undefined when none has room for them. Upstream: `getSliceToFill`. */
function closestFit(slices: readonly Slice[], count: number, max: number): Slice | undefined {
  let best: Slice | undefined;
  let bestLeft = max;
  for (const slice of slices) {
    const left = max - (count + slice.endpoints.length);
    if (left < 0 || left >= bestLeft) continue;
    best = slice;
    bestLeft = left;
  }
  return best;
}

/** Slices that would be made while others go are written over those, which is one write less. Upstream: `finalize`. */
export function reuseDeleted({ creates, updates, deletes, unchanged }: SliceChanges, owns: (slice: Slice) => boolean): SliceChanges {
  const left = [...creates];
  const gone: Slice[] = [];
  const reused: Slice[] = [];
  for (const slice of deletes) {
    const created = slice.metadata.deletionTimestamp === undefined && owns(slice) ? left.at(-1) : undefined;
    if (!created || created.addressType !== slice.addressType) {
      gone.push(slice);
      continue;
    }
    left.pop();
    const { labels, annotations } = created.metadata;
    reused.push({ ...slice, metadata: { ...slice.metadata, labels, annotations }, ports: created.ports, endpoints: created.endpoints });
  }
  return { creates: left, updates: [...updates, ...reused], deletes: gone, unchanged };
}
