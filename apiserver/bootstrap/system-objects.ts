import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import {
  type ConfigMap,
  type EndpointSlice,
  type Endpoints,
  type Service as KubeService,
  type Namespace,
  type PriorityClass,
  type ServiceCIDR,
  toTime,
} from '../../api/index.ts';
import type { RequestHeaderOptions } from '../../runtime/index.ts';
import { joinBundles } from './certificates.ts';

/** Where the API server is reached from within the cluster. */
export interface ServiceAddress {
  /** First address of the service range: the cluster IP of `default/kubernetes`. */
  readonly serviceIp: string;
  /** What other machines reach the API server at; absent, or an address of this machine alone: no Endpoints are written. */
  readonly advertiseAddress: string | undefined;
  readonly port: number;
}

export const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
const SERVICE_NAME = 'kubernetes';
const SERVICE_PORT = 443;
const PORT_NAME = 'https';

export const namespaceOf = (name: string): Namespace => ({ metadata: { name }, spec: {}, status: {} });

/** `default/kubernetes`. */
export const kubernetesService = ({ serviceIp, port }: ServiceAddress): KubeService => ({
  metadata: { namespace: 'default', name: SERVICE_NAME, labels: { component: 'apiserver', provider: 'kubernetes' } },
  spec: {
    type: 'ClusterIP',
    clusterIP: serviceIp,
    clusterIPs: [serviceIp],
    ipFamilies: [isIP(serviceIp) === 6 ? 'IPv6' : 'IPv4'],
    ipFamilyPolicy: 'SingleStack',
    sessionAffinity: 'None',
    ports: [{ name: PORT_NAME, protocol: 'TCP', port: SERVICE_PORT, targetPort: port }],
  },
  status: { loadBalancer: {} },
});

/** Its Endpoints; the label keeps them from being mirrored into a slice, which is written here too. */
export const kubernetesEndpoints = (addresses: readonly string[], port: number): Endpoints => ({
  metadata: { namespace: 'default', name: SERVICE_NAME, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ name: PORT_NAME, port, protocol: 'TCP' }] }],
});

export const kubernetesEndpointSlice = (addresses: readonly string[], port: number): EndpointSlice => ({
  metadata: { namespace: 'default', name: SERVICE_NAME, labels: { 'kubernetes.io/service-name': SERVICE_NAME } },
  addressType: isIP(addresses[0] ?? '') === 6 ? 'IPv6' : 'IPv4',
  endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  ports: [{ name: PORT_NAME, port, protocol: 'TCP' }],
});

/**
 * Since which day the use of tokens in Secrets is noted, for those who look for tokens that nobody uses. Upstream:
 * `pkg/controlplane/controller/legacytokentracking`.
 */
export const tokenTracking = (now: number): ConfigMap => ({
  metadata: { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' },
  data: { since: new Date(now).toISOString().slice(0, 10) },
});

/** Keys of {@link authenticationConfig} that are bundles of certificates; all others are lists of texts. */
const BUNDLES: readonly string[] = ['client-ca-file', 'requestheader-client-ca-file'];

/**
 * How extension API servers verify those whom this one authenticates, and this one itself.
 * Upstream: pkg/controlplane/controller/clusterauthenticationtrust.
 */
export const authenticationConfig = (clientCa: string, requestHeaders?: RequestHeaderOptions): ConfigMap => ({
  metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
  data: { 'client-ca-file': clientCa, ...(requestHeaders ? headerData(requestHeaders) : {}) },
});

const headerData = (options: RequestHeaderOptions): Record<string, string> => ({
  'requestheader-allowed-names': JSON.stringify(options.allowedNames),
  'requestheader-client-ca-file': options.ca,
  'requestheader-extra-headers-prefix': JSON.stringify(options.extraHeaderPrefixes),
  'requestheader-group-headers': JSON.stringify(options.groupHeaders),
  ...(options.uidHeaders.length === 0 ? {} : { 'requestheader-uid-headers': JSON.stringify(options.uidHeaders) }),
  'requestheader-username-headers': JSON.stringify(options.usernameHeaders),
});

/** What several API servers trust, under one key. */
export function joinAuthentication(key: string, { present, value }: { present: string; value: string }, now: number): string {
  if (BUNDLES.includes(key)) return joinBundles(present, value, now);
  return JSON.stringify([...new Set([...textsIn(present), ...textsIn(value)])]);
}

/** A list that somebody may have broken: then it is made anew. */
function textsIn(json: string): string[] {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
  } catch {
    return [];
  }
}

export const PRIORITY_CLASSES: readonly PriorityClass[] = [
  {
    metadata: { name: 'system-cluster-critical' },
    value: 2_000_000_000,
    description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
  {
    metadata: { name: 'system-node-critical' },
    value: 2_000_001_000,
    description: 'Used for system critical pods that must not be moved from their current node.',
    preemptionPolicy: 'PreemptLowerPriority',
  },
];

/** The range that cluster IPs come from, as an object. */
export const serviceCidr = (range: string): ServiceCIDR => ({
  metadata: { name: SERVICE_NAME },
  spec: { cidrs: range.split(',') },
  status: {},
});

/** The range is never checked: it is the server's own. As it is applied, without a reason. */
export const serviceCidrStatus = (now: number) => ({
  conditions: [{ type: 'Ready', status: 'True', message: 'Kubernetes default Service CIDR is ready', lastTransitionTime: toTime(now) }],
});

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether others can reach this machine at an address. */
export const isReachable = (address: string): boolean =>
  isIP(address) !== 0 && !LOOPBACK.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** What others cannot reach beyond a link of theirs. */
const LINK_LOCAL = /^fe[89ab]/i;

/**
 * The first address of this machine that others can reach, as `--advertise-address` unless given: one of the first family of Services, for
 * the server is behind one; of IPv4 on a machine without such.
 *
 * @param serviceRanges `--service-cluster-ip-range`
 */
export function defaultAdvertiseAddress(serviceRanges: string, interfaces = networkInterfaces()): string | undefined {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const ofFamily = (wanted: string) =>
    all.find(({ family, internal, address }) => family === wanted && !internal && !LINK_LOCAL.test(address))?.address;
  const isV6 = serviceRanges.split(',')[0]?.includes(':');
  return (isV6 ? ofFamily('IPv6') : undefined) ?? ofFamily('IPv4');
}
