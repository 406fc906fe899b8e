// From where endpoints are best used. Upstream: `staging/src/k8s.io/endpointslice/trafficdist`.
import type { Endpoint, EndpointHints, EndpointSlice, Live } from '../../api/index.ts';
import type { SliceChanges } from '../shared/endpoint-slices/placement.ts';
import { deepEqual } from '../shared/equality.ts';

type Hinted = (endpoint: Endpoint) => EndpointHints | undefined;

/** Whether an endpoint takes traffic; only those that do get hints. */
export const isReady = ({ conditions }: Endpoint): boolean => conditions?.ready === true;

/** What each value of a Service's trafficDistribution makes of a ready endpoint. */
const DISTRIBUTIONS: ReadonlyMap<string | undefined, Hinted> = new Map([
  ['PreferClose', zoneHints],
  ['PreferSameZone', zoneHints],
  ['PreferSameNode', nodeHints],
]);

function zoneHints({ zone }: Endpoint): EndpointHints | undefined {
  return zone === undefined ? undefined : { forZones: [{ name: zone }] };
}

function nodeHints(endpoint: Endpoint): EndpointHints | undefined {
  const { nodeName } = endpoint;
  return nodeName === undefined ? zoneHints(endpoint) : { ...zoneHints(endpoint), forNodes: [{ name: nodeName }] };
}

/** The changes with the hints that a Service's trafficDistribution asks for; undefined when that is no value that there is. */
export function distributeTraffic(changes: SliceChanges, trafficDistribution: string | undefined): SliceChanges | undefined {
  const hinted = DISTRIBUTIONS.get(trafficDistribution);
  return hinted && withHints(changes, (endpoint) => (isReady(endpoint) ? hinted(endpoint) : endpoint.hints));
}

/** The changes without any hints. */
export const withoutAllHints = (changes: SliceChanges): SliceChanges => withHints(changes, () => undefined);

/** The changes with these hints; a slice that would not change otherwise does when its hints do. */
function withHints({ creates, updates, deletes, unchanged }: SliceChanges, hinted: Hinted): SliceChanges {
  const apply = <T extends EndpointSlice>(slice: T): T => ({ ...slice, endpoints: slice.endpoints.map((e) => withHint(e, hinted(e))) });
  const isWrong = ({ endpoints }: Live<EndpointSlice>) => endpoints.some((e) => !deepEqual(e.hints, hinted(e)));
  return {
    creates: creates.map(apply),
    updates: [...updates, ...unchanged.filter(isWrong)].map(apply),
    deletes,
    unchanged: unchanged.filter((slice) => !isWrong(slice)),
  };
}

export function withHint({ hints: _, ...endpoint }: Endpoint, hints: EndpointHints | undefined): Endpoint {
  return hints === undefined ? endpoint : { ...endpoint, hints };
}
