import type { Endpoint, EndpointSlice, Live } from '../../api/index.ts';
import { endpointKey, portsKey, type SliceChanges } from '../shared/endpoint-slices/placement.ts';
import { deepEqual } from '../shared/equality.ts';
import { SLICE_MAX } from './plan.ts';

/** What becomes of the endpoints in the mirrors of one Endpoints. */
export interface EndpointTally {
  readonly added: number;
  readonly updated: number;
  readonly removed: number;
  /** Endpoints and mirrors there are afterwards, and how many mirrors would do. */
  readonly endpoints: number;
  readonly slices: number;
  readonly slicesNeeded: number;
}

/** @param before the slices as they were. */
export function tallyChanges({ creates, updates, unchanged }: SliceChanges, before: readonly Live<EndpointSlice>[]): EndpointTally {
  const slices = [...creates, ...updates, ...unchanged];
  const old = endpointsOf(before);
  const now = endpointsOf(slices);
  const stayed = [...now].filter(([key]) => old.has(key));
  const sizes = new Map<string, number>();
  for (const slice of slices) sizes.set(groupOf(slice), (sizes.get(groupOf(slice)) ?? 0) + slice.endpoints.length);
  return {
    added: now.size - stayed.length,
    updated: stayed.filter(([key, endpoint]) => !deepEqual(endpoint, old.get(key))).length,
    removed: old.size - stayed.length,
    endpoints: now.size,
    slices: slices.length,
    slicesNeeded: [...sizes.values()].reduce((sum, size) => sum + Math.ceil(size / SLICE_MAX), 0),
  };
}

const groupOf = ({ addressType, ports }: EndpointSlice): string => `${addressType} ${portsKey(ports)}`;

const endpointsOf = (slices: readonly EndpointSlice[]): ReadonlyMap<string, Endpoint> =>
  new Map(slices.flatMap((slice) => slice.endpoints.map((endpoint) => [`${groupOf(slice)} ${endpointKey(endpoint)}`, endpoint])));
