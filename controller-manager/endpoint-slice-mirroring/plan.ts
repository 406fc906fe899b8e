// Slices that say what Endpoints say which somebody made by hand. Upstream: `pkg/controller/endpointslicemirroring`.
import { isIP } from 'node:net';
import type {
  DiscoveryV1EndpointPort,
  Endpoint,
  EndpointAddress,
  EndpointSlice,
  EndpointSubset,
  Endpoints,
  Live,
  Service,
} from '../../api/index.ts';
import { LAST_CHANGE } from '../endpoints/plan.ts';
import { repack } from '../endpoints/subsets.ts';
import {
  type EndpointGroup,
  endpointKey,
  portsKey,
  SERVICE_NAME,
  SLICE_MANAGED_BY,
  type SliceChanges,
} from '../shared/endpoint-slices/placement.ts';
import { type MirrorMaker, placeMirrors } from './placement.ts';

export const MIRROR_MANAGER = 'endpointslicemirroring-controller.k8s.io';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** Endpoints in one slice of a mirror. */
export const SLICE_MAX = 1000;
const TYPES = ['IPv4', 'IPv6'] as const;

type Slice = Live<EndpointSlice>;
type Type = (typeof TYPES)[number];

/** Whether Endpoints are mirrored: those of a Service that has no selector, and whose pods nobody lists. */
export function isMirrored({ metadata }: Live<Endpoints>, service: Live<Service> | undefined): boolean {
  if (metadata.labels?.[SKIP] === 'true' || metadata.annotations?.[LEADER] !== undefined) return false;
  return service !== undefined && service.spec.selector === undefined;
}

export interface MirrorPlan {
  readonly changes: SliceChanges;
  /** Addresses that are none. */
  readonly invalid: number;
  /** Addresses that are none, or too many in their subset. */
  readonly skipped: number;
}

/**
 * Decides what the mirrors of Endpoints are to be.
 *
 * @param max addresses of a subset that are mirrored.
 */
export function planMirrors(endpoints: Live<Endpoints>, slices: readonly Slice[], max: number): MirrorPlan {
  const groups = new Map<Type, Map<string, EndpointGroup>>(TYPES.map((type) => [type, new Map()]));
  const counts = { invalid: 0, skipped: 0 };
  for (const subset of repack(endpoints.subsets ?? [], { apart: true })) {
    const { kept, invalid, skipped } = addressesOf(subset, max);
    counts.invalid += invalid;
    counts.skipped += skipped;
    for (const { type, endpoint } of kept) groupFor(groups.get(type), subset).endpoints.set(endpointKey(endpoint), endpoint);
  }
  const all: SliceChanges = { creates: [], updates: [], deletes: [], unchanged: [] };
  for (const type of TYPES) {
    const existing = slices.filter(({ addressType }) => addressType === type);
    const { creates, updates, deletes, unchanged } = placeMirrors(existing, groups.get(type) ?? new Map(), makerOf(endpoints, type, max));
    all.creates.push(...creates);
    all.updates.push(...updates);
    all.deletes.push(...deletes);
    all.unchanged.push(...unchanged);
  }
  return { changes: all, ...counts };
}

function groupFor(groups: Map<string, EndpointGroup> | undefined, subset: EndpointSubset): EndpointGroup {
  const ports = portsOf(subset);
  const key = portsKey(ports);
  const group = groups?.get(key) ?? { ports, endpoints: new Map<string, Endpoint>() };
  groups?.set(key, group);
  return group;
}

function addressesOf({ addresses = [], notReadyAddresses = [] }: EndpointSubset, max: number) {
  const kept: { type: Type; endpoint: Endpoint }[] = [];
  let invalid = 0;
  const all = [
    ...addresses.map((address) => ({ address, ready: true })),
    ...notReadyAddresses.map((address) => ({ address, ready: false })),
  ];
  for (const { address, ready } of all) {
    if (kept.length >= max) break;
    const family = isIP(address.ip);
    if (family === 0) invalid++;
    else kept.push({ type: family === 4 ? 'IPv4' : 'IPv6', endpoint: endpointOf(address, ready) });
  }
  return { kept, invalid, skipped: all.length - kept.length };
}

/** Upstream: `addressToEndpoint`. */
const endpointOf = ({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint => ({
  addresses: [ip],
  conditions: { ready },
  ...(hostname ? { hostname } : {}),
  ...(targetRef ? { targetRef } : {}),
  ...(nodeName ? { nodeName } : {}),
});

const portsOf = ({ ports = [] }: EndpointSubset): DiscoveryV1EndpointPort[] =>
  ports.map(({ name = '', port, protocol, appProtocol }) => ({
    name,
    port,
    protocol: protocol ?? 'TCP',
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }));

function makerOf(endpoints: Live<Endpoints>, addressType: Type, max: number): MirrorMaker {
  const { name, namespace, uid } = endpoints.metadata;
  const { labels, annotations } = mirroredMetadata(endpoints);
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Endpoints', name, uid, controller: true, blockOwnerDeletion: true }];
  return {
    max,
    make: () => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { generateName: `${name}-`, namespace, labels, annotations, ownerReferences },
      addressType,
      endpoints: [],
      ports: [],
    }),
  };
}

/** Labels and annotations of Endpoints are those of their mirrors, but for what means something else there. */
function mirroredMetadata({ metadata }: Live<Endpoints>) {
  const { [LAST_APPLIED]: _, [LAST_CHANGE]: _time, ...annotations } = metadata.annotations ?? {};
  const labels = { ...metadata.labels, [SERVICE_NAME]: metadata.name, [SLICE_MANAGED_BY]: MIRROR_MANAGER };
  return { labels, annotations };
}
