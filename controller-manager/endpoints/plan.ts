import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Live, Pod, Service, ServicePort } from '../../api/index.ts';
import { podAddress } from '../shared/addresses.ts';
import { deepEqual } from '../shared/equality.ts';
import { isPodReady, isPodTerminal } from '../shared/pods.ts';
import { repack, subsetOf } from './subsets.ts';

export const MANAGED_BY = 'endpoints.kubernetes.io/managed-by';
export const MANAGER = 'endpoint-controller';
export const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time';
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
const TRUNCATED = 'truncated';
const HEADLESS = 'service.kubernetes.io/headless';
/** Most addresses in one Endpoints object. */
export const CAPACITY = 1000;

/** What an Endpoints object is to be: undefined when it is as it should be. */
export interface EndpointsPlan {
  readonly subsets: EndpointSubset[];
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

/** Whether this controller makes the Endpoints of a Service. */
export const hasEndpoints = ({ spec }: Service): boolean => spec.type !== 'ExternalName' && spec.selector !== undefined;

/** Whether a Service's selector takes a pod. */
export function selects({ spec }: Service, pod: Pod): boolean {
  const selector = Object.entries(spec.selector ?? {});
  return selector.every(([key, value]) => pod.metadata.labels?.[key] === value);
}

/** Whether a pod has an address worth listing: it runs, or may run again. */
export function hasAddress(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod) || !(pod.status.podIP || pod.status.podIPs?.length)) return false;
  return includeTerminating || !pod.metadata.deletionTimestamp;
}

/**
 * Decides what the Endpoints of a Service are to be.
 *
 * @param pods pods that its selector takes.
 * @param current the Endpoints there are.
 * @param triggerTime when the change that leads here happened, if that is known.
 */
export function planEndpoints(
  service: Service,
  pods: readonly Live<Pod>[],
  current: Endpoints | undefined,
  triggerTime: string | undefined,
): EndpointsPlan | undefined {
  const all = repack(pods.flatMap((pod) => subsetsOf(service, pod)));
  const { subsets, truncated } = truncate(all);
  const labels = { ...withoutHeadless(service.metadata.labels), ...(isHeadless(service) ? { [HEADLESS]: '' } : {}), [MANAGED_BY]: MANAGER };
  const { [LAST_CHANGE]: _, [OVER_CAPACITY]: over, ...others } = current?.metadata.annotations ?? {};
  const isSame =
    current !== undefined &&
    deepEqual(withoutVersions(current.subsets ?? []), withoutVersions(subsets)) &&
    areLabelsRight(current.metadata.labels, service.metadata.labels) &&
    over === (truncated ? TRUNCATED : undefined);
  if (isSame) return undefined;
  const annotations = {
    ...others,
    ...(triggerTime === undefined ? {} : { [LAST_CHANGE]: triggerTime }),
    ...(truncated ? { [OVER_CAPACITY]: TRUNCATED } : {}),
  };
  return { subsets, labels, annotations };
}

/**
 * Whether Endpoints have the labels of their Service. Those that this controller sets do not count among theirs, but do among the
 * Service's: of a Service that has one of them the Endpoints are never right, and written at every look. Upstream:
 * `labelsCorrectForEndpoints`.
 */
function areLabelsRight(labels: Readonly<Record<string, string>> = {}, wanted: Readonly<Record<string, string>> = {}): boolean {
  if (labels[MANAGED_BY] !== MANAGER) return false;
  const copied = Object.entries(labels).filter(([key]) => key !== HEADLESS && key !== MANAGED_BY);
  return copied.length === Object.keys(wanted).length && copied.every(([key, value]) => wanted[key] === value);
}

/** Whoever labels a Service so does not make it headless. */
function withoutHeadless({ [HEADLESS]: _, ...labels }: Readonly<Record<string, string>> = {}): Record<string, string> {
  return labels;
}

/** Without a cluster IP, whether none was given yet or none is wanted. */
const isHeadless = ({ spec }: Service): boolean => !spec.clusterIP || spec.clusterIP === 'None';

function subsetsOf(service: Service, pod: Live<Pod>): EndpointSubset[] {
  if (!hasAddress(pod, service.spec.publishNotReadyAddresses === true)) return [];
  const address = addressOf(service, pod);
  if (!address) return [];
  const isReady = service.spec.publishNotReadyAddresses === true || isPodReady(pod);
  const addresses = isReady ? { addresses: [address] } : { notReadyAddresses: [address] };
  const ports = service.spec.ports ?? [];
  if (ports.length === 0) return service.spec.clusterIP === 'None' ? [addresses] : [];
  return ports.flatMap((port) => {
    const number = portOf(port, pod);
    return number === undefined ? [] : [{ ...addresses, ports: [endpointPort(port, number)] }];
  });
}

function addressOf(service: Service, pod: Live<Pod>): EndpointAddress | undefined {
  const family = service.spec.ipFamilies?.[0] === 'IPv6' ? 'IPv6' : 'IPv4';
  const ips = pod.status.podIPs?.map(({ ip }) => ip) ?? [pod.status.podIP ?? ''];
  const address = ips.map(podAddress).find((candidate) => candidate?.family === family);
  if (!address) return undefined;
  const { ip } = address;
  const { name, namespace, uid } = pod.metadata;
  const { hostname, subdomain, nodeName } = pod.spec;
  const isNamed = hostname && subdomain === service.metadata.name && namespace === service.metadata.namespace;
  return {
    ip,
    ...(isNamed ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', ...(namespace ? { namespace } : {}), name, uid },
  };
}

const endpointPort = ({ name, protocol, appProtocol }: ServicePort, port: number): EndpointPort => ({
  ...(name ? { name } : {}),
  port,
  ...(protocol ? { protocol } : {}),
  ...(appProtocol === undefined ? {} : { appProtocol }),
});

/** The pod's number for a Service port: the number itself, or that of the container port with the name. */
export function portOf({ targetPort, protocol }: ServicePort, pod: Pod): number | undefined {
  if (typeof targetPort === 'number') return targetPort;
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  for (const { ports = [] } of [...pod.spec.containers, ...sidecars]) {
    const named = ports.find((port) => port.name === targetPort && (port.protocol ?? 'TCP') === (protocol ?? 'TCP'));
    if (named) return named.containerPort;
  }
  return undefined;
}

/** Cuts the list down to its capacity: not-ready addresses go first, and every subset gives in proportion. */
function truncate(subsets: EndpointSubset[]): { subsets: EndpointSubset[]; truncated: boolean } {
  const ready = subsets.reduce((sum, { addresses = [] }) => sum + addresses.length, 0);
  const notReady = subsets.reduce((sum, { notReadyAddresses = [] }) => sum + notReadyAddresses.length, 0);
  if (ready + notReady <= CAPACITY) return { subsets, truncated: false };
  const cutsReady = ready > CAPACITY;
  const room = cutsReady ? CAPACITY : CAPACITY - ready;
  const total = cutsReady ? ready : notReady;
  let left = room;
  const cut = subsets.map(({ ports = [], addresses = [], notReadyAddresses = [] }) => {
    const list = cutsReady ? addresses : notReadyAddresses;
    const kept = list.slice(0, Math.min(left, Math.ceil((list.length / total) * room)));
    left -= kept.length;
    return cutsReady ? subsetOf(ports, kept, []) : subsetOf(ports, addresses, kept);
  });
  return { subsets: cut, truncated: true };
}

const withoutVersions = (subsets: readonly EndpointSubset[]): unknown =>
  subsets.map((subset) => ({
    ...subset,
    addresses: subset.addresses?.map(withoutVersion),
    notReadyAddresses: subset.notReadyAddresses?.map(withoutVersion),
  }));

function withoutVersion(address: EndpointAddress): EndpointAddress {
  if (!address.targetRef?.resourceVersion) return address;
  const { resourceVersion: _, ...targetRef } = address.targetRef;
  return { ...address, targetRef };
}

/** Whether a change of a pod can change the Endpoints that list it. */
export function isEndpointChange(before: Pod, after: Pod): boolean {
  return (
    before.status.podIP !== after.status.podIP ||
    !deepEqual(before.status.podIPs, after.status.podIPs) ||
    before.status.phase !== after.status.phase ||
    isPodReady(before) !== isPodReady(after) ||
    Boolean(before.metadata.deletionTimestamp) !== Boolean(after.metadata.deletionTimestamp) ||
    before.spec.nodeName !== after.spec.nodeName ||
    before.spec.hostname !== after.spec.hostname ||
    before.spec.subdomain !== after.spec.subdomain ||
    !deepEqual(before.metadata.labels, after.metadata.labels)
  );
}
