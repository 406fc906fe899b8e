import type { Endpoint, EndpointSlice, Live } from '../../api/index.ts';
import {
  type EndpointGroup,
  endpointKey,
  inSliceOrder,
  type NewSlice,
  portsKey,
  type SliceChanges,
} from '../shared/endpoint-slices/placement.ts';
import { deepEqual } from '../shared/equality.ts';

type Slice = Live<EndpointSlice>;

/** How mirrors of one address type look. */
export interface MirrorMaker {
  /** Endpoints in one mirror at most. */
  readonly max: number;
  /** An empty mirror, to be made. */
  make(): NewSlice;
}

/**
 * Decides which slice mirrors what: one for the endpoints of each set of ports, written anew as a whole when anything about it is wrong.
 * Upstream: `reconcileByPortMapping`, `recycleSlices`.
 *
 * @param existing slices of the same address type, also of Endpoints that had the name before.
 */
export function placeMirrors(existing: readonly Slice[], groups: ReadonlyMap<string, EndpointGroup>, maker: MirrorMaker): SliceChanges {
  const byPorts = new Map<string, Slice[]>();
  for (const slice of existing) byPorts.set(portsKey(slice.ports), [...(byPorts.get(portsKey(slice.ports)) ?? []), slice]);
  const changes: SliceChanges = { creates: [], updates: [], deletes: [], unchanged: [] };
  for (const [key, group] of groups) {
    const [first, ...surplus] = byPorts.get(key) ?? [];
    byPorts.delete(key);
    changes.deletes.push(...surplus);
    const wanted = mirrorOf(group, maker);
    if (!first) changes.creates.push(wanted);
    else if (isMirror(first, wanted)) changes.unchanged.push(first);
    // What is written over another has no name that was generated, so it does not say so.
    else changes.updates.push(over(first, wanted, undefined));
  }
  changes.deletes.push(...[...byPorts.values()].flat());
  const recycled = Math.min(changes.creates.length, changes.deletes.length);
  const made = changes.creates.splice(0, recycled);
  changes.deletes.splice(0, recycled).forEach((slice, at) => {
    const wanted = made[at];
    if (wanted) changes.updates.push(over(slice, wanted, wanted.metadata.generateName));
  });
  return changes;
}

function mirrorOf({ ports, endpoints }: EndpointGroup, maker: MirrorMaker): NewSlice {
  return { ...maker.make(), ports: inSliceOrder(ports), endpoints: [...endpoints.values()].slice(0, maker.max) };
}

function isMirror(slice: Slice, wanted: NewSlice): boolean {
  const { labels = {}, annotations = {}, ownerReferences = [] } = slice.metadata;
  const [owner] = wanted.metadata.ownerReferences ?? [];
  const isOfOther = ownerReferences.some(({ kind, name, uid }) => kind === owner?.kind && name === owner.name && uid !== owner.uid);
  if (isOfOther || slice.endpoints.length !== wanted.endpoints.length) return false;
  if (!deepEqual(labels, wanted.metadata.labels) || !deepEqual(annotations, wanted.metadata.annotations)) return false;
  const byKey = new Map<string, Endpoint>(wanted.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  return slice.endpoints.every((endpoint) => deepEqual(byKey.get(endpointKey(endpoint)), endpoint));
}

/** A slice becomes the wanted one, under its own name. */
function over({ metadata }: Slice, wanted: NewSlice, generateName: string | undefined): Slice {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata;
  const { labels, annotations, ownerReferences } = wanted.metadata;
  const own = { name, namespace, uid, resourceVersion, creationTimestamp, labels, annotations, ownerReferences };
  return { ...wanted, metadata: { ...own, ...(generateName === undefined ? {} : { generateName }) } };
}
