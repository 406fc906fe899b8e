// What the slices of a Service are to be. Upstream: `staging/src/k8s.io/endpointslice/{reconciler,utils}.go`.
import { isIPv6 } from 'node:net';
import type { DiscoveryV1EndpointPort, Endpoint, EndpointSlice, Live, Node, OwnerReference, Pod, Service } from '../../api/index.ts';
import { hasAddress, portOf } from '../endpoints/plan.ts';
import { podAddress } from '../shared/addresses.ts';
import {
  type EndpointGroup,
  endpointKey,
  type NewSlice,
  placeEndpoints,
  portsKey,
  reuseDeleted,
  SERVICE_NAME,
  SLICE_HEADLESS,
  SLICE_MANAGED_BY,
  type SliceChanges,
  type SliceMaker,
} from '../shared/endpoint-slices/placement.ts';
import { deepEqual } from '../shared/equality.ts';
import { isPodReady } from '../shared/pods.ts';
import { distributeTraffic, withoutAllHints } from './hints.ts';
import { addTopologyHints, type Hinted, type HintsEvent, type ZoneShares } from './topology.ts';

export const MANAGER = 'endpointslice-controller.k8s.io';
const ZONE = 'topology.kubernetes.io/zone';
/** The annotations that ask for hints by the zones' shares of CPU; the older one comes first. */
const HINTS_ANNOTATIONS = ['service.kubernetes.io/topology-aware-hints', 'service.kubernetes.io/topology-mode'];
const RESERVED_LABELS: readonly string[] = [SERVICE_NAME, SLICE_MANAGED_BY, SLICE_HEADLESS];

type Slice = Live<EndpointSlice>;
export type AddressType = 'IPv4' | 'IPv6';
/** How many endpoints serve each zone, where hints were given by the zones' shares. */
export type HintedTypes = ReadonlyMap<AddressType, Hinted>;

/** What is observed. */
export interface SlicesInput {
  readonly service: Live<Service>;
  /** Pods that its selector takes. */
  readonly pods: readonly Live<Pod>[];
  /** The slices that this controller made for the Service. */
  readonly slices: readonly Slice[];
  readonly node: (name: string) => Live<Node> | undefined;
  readonly max: number;
  readonly zones: ZoneShares | undefined;
  /** For which address types hints were given by the zones' shares. */
  readonly hinted: HintedTypes;
}

/** What is to be done about it. */
export interface SlicesPlan {
  readonly changes: SliceChanges;
  readonly events: readonly HintsEvent[];
  /** For which address types hints are given now. */
  readonly hinted: HintedTypes;
  /** Pods that are left out, since their node is not known. */
  readonly withoutNode: readonly Live<Pod>[];
}

/** Decides what the slices of a Service are to be. */
export function planSlices(input: SlicesInput): SlicesPlan {
  const { service, slices } = input;
  const types = addressTypesOf(service);
  const owns = (slice: Slice) => isOwnedBy(slice, service);
  const changes: SliceChanges = { creates: [], updates: [], deletes: [], unchanged: [] };
  const hinted = new Map<AddressType, Hinted>();
  const events: HintsEvent[] = [];
  const lost = new Set<Live<Pod>>();
  for (const type of types) {
    const placed = planType(input, type, lost);
    const hints = hintsFor(input, type, placed);
    events.push(...hints.events);
    if (hints.given) hinted.set(type, hints.given);
    const done = reuseDeleted(hints.changes, owns);
    changes.creates.push(...done.creates);
    changes.updates.push(...done.updates);
    changes.deletes.push(...done.deletes);
    changes.unchanged.push(...done.unchanged);
  }
  changes.deletes.push(...slices.filter(({ addressType }) => !types.some((type) => type === addressType)));
  return { changes, events, hinted, withoutNode: [...lost] };
}

function planType(input: SlicesInput, type: AddressType, lost: Set<Live<Pod>>): SliceChanges {
  const { service, slices, max } = input;
  const existing = slices.filter(({ addressType }) => addressType === type);
  const maker: SliceMaker = {
    max,
    make: (ports) => newSlice(service, type, ports),
    relabelled: (slice) => relabelled(service, slice),
    owns: (slice) => isOwnedBy(slice, service),
  };
  const changes = placeEndpoints(existing, groupsOf(input, type, lost), maker);
  if (changes.creates.length > 0 || changes.deletes.length < existing.length) return changes;
  // There is always a slice, if only an empty one, to tell that there are no endpoints.
  const placeholder = newSlice(service, type, []);
  const [only] = changes.deletes;
  const isThere = only && changes.deletes.length === 1 && isOwnedBy(only, service) && isSamePlaceholder(only, placeholder);
  if (isThere) return { ...changes, deletes: [], unchanged: [only] };
  return { ...changes, creates: [placeholder] };
}

const isSamePlaceholder = (slice: Slice, placeholder: NewSlice): boolean =>
  slice.endpoints.length === 0 && (slice.ports ?? []).length === 0 && deepEqual(slice.metadata.labels ?? {}, placeholder.metadata.labels);

function groupsOf({ service, pods, node }: SlicesInput, type: AddressType, lost: Set<Live<Pod>>): Map<string, EndpointGroup> {
  const groups = new Map<string, EndpointGroup>();
  for (const pod of [...pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    if (!hasAddress(pod, true)) continue;
    const ports = portsOf(service, pod);
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: new Map<string, Endpoint>() };
    groups.set(key, group);
    const on = pod.spec.nodeName ? node(pod.spec.nodeName) : undefined;
    if (!on && !service.spec.publishNotReadyAddresses) {
      lost.add(pod);
      continue;
    }
    const endpoint = endpointOf(service, pod, on, type);
    if (endpoint.addresses.length > 0) group.endpoints.set(endpointKey(endpoint), endpoint);
  }
  return groups;
}

/** Upstream: `podToEndpoint`. */
function endpointOf(service: Live<Service>, pod: Live<Pod>, node: Live<Node> | undefined, type: AddressType): Endpoint {
  const serving = isPodReady(pod);
  const terminating = pod.metadata.deletionTimestamp !== undefined;
  const { hostname, subdomain, nodeName } = pod.spec;
  const { name, namespace = '', uid } = pod.metadata;
  const isNamed = hostname && subdomain === service.metadata.name && namespace === service.metadata.namespace;
  const zone = node?.metadata.labels?.[ZONE];
  return {
    addresses: addressesOf(pod, type),
    conditions: { ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(isNamed ? { hostname } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
  };
}

const addressesOf = ({ status }: Live<Pod>, type: AddressType): string[] =>
  (status.podIPs ?? []).flatMap(({ ip }) => {
    const address = podAddress(ip);
    return address?.family === type ? [address.ip] : [];
  });

function portsOf(service: Live<Service>, pod: Live<Pod>): DiscoveryV1EndpointPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = portOf(port, pod);
    if (number === undefined) return [];
    const { name = '', protocol, appProtocol } = port;
    return [{ name, protocol: protocol ?? 'TCP', port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}

/** Upstream: `getAddressTypesForService`. */
function addressTypesOf({ spec }: Service): AddressType[] {
  const families = (spec.ipFamilies ?? []).filter((family) => family === 'IPv4' || family === 'IPv6');
  if (families.length > 0) return families;
  if (spec.clusterIP && spec.clusterIP !== 'None') return [isIPv6(spec.clusterIP) ? 'IPv6' : 'IPv4'];
  return ['IPv4', 'IPv6'];
}

function newSlice(service: Live<Service>, addressType: AddressType, ports: readonly DiscoveryV1EndpointPort[]): NewSlice {
  const { name, namespace } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { generateName: `${name}-`, namespace, labels: labelsOf(service), ownerReferences: [ownerReference(service)] },
    addressType,
    endpoints: [],
    ports: [...ports],
  };
}

const ownerReference = ({ metadata: { name, uid } }: Live<Service>): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'Service',
  name,
  uid,
  controller: true,
  blockOwnerDeletion: true,
});

const isOwnedBy = ({ metadata }: Slice, service: Live<Service>): boolean =>
  (metadata.ownerReferences ?? []).some(
    ({ uid, kind, apiVersion }) => uid === service.metadata.uid && kind === 'Service' && apiVersion === 'v1',
  );

/** The Service's labels, but for those that mean something on a slice. Upstream: `setEndpointSliceLabels`. */
function labelsOf({ metadata, spec }: Live<Service>): Record<string, string> {
  const isHeadless = !spec.clusterIP || spec.clusterIP === 'None';
  return {
    ...ownLabels(metadata.labels),
    ...(isHeadless ? { [SLICE_HEADLESS]: '' } : {}),
    [SERVICE_NAME]: metadata.name,
    [SLICE_MANAGED_BY]: MANAGER,
  };
}

const ownLabels = (labels: Readonly<Record<string, string>> | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(labels ?? {}).filter(([key]) => !RESERVED_LABELS.includes(key)));

function relabelled(service: Live<Service>, slice: Slice): Slice | undefined {
  if (deepEqual(ownLabels(slice.metadata.labels), ownLabels(service.metadata.labels))) return undefined;
  return { ...slice, metadata: { ...slice.metadata, labels: labelsOf(service) } };
}

/** Whether the Service's annotations ask for hints by the zones' shares. */
export function asksForHints({ metadata }: Live<Service>): boolean {
  const [mode] = HINTS_ANNOTATIONS.flatMap((key) => metadata.annotations?.[key] ?? []);
  return mode === 'Auto' || mode === 'auto';
}

function hintsFor({ service, zones, hinted }: SlicesInput, type: AddressType, changes: SliceChanges) {
  if (asksForHints(service)) return addTopologyHints(changes, zones, { type, wasGiven: hinted.has(type) });
  const events: HintsEvent[] = hinted.has(type)
    ? [{ type: 'Warning', reason: 'TopologyAwareHintsDisabled', message: `Topology Aware Hints has been disabled, addressType: ${type}` }]
    : [];
  const { trafficDistribution } = service.spec;
  const distributed = distributeTraffic(changes, trafficDistribution) ?? withoutAllHints(changes);
  return { changes: distributed, events, given: undefined };
}
