import { formatIp, type IpPrefix, parseCidr } from '../api/index.ts';
import { FIRST_NODE_IP } from '../kubelet-sim/address-options.ts';

/** The ranges of a cluster, each one or one of each family with a comma between, and who hands out those of nodes. */
export interface ClusterRanges {
  readonly services: string;
  readonly pods: string;
  /** Whether a controller gives nodes their ranges. */
  readonly areAllocated: boolean;
}

/** Upstream's kubeadm: `GetDNSIP`, `cmd/kubeadm/app/constants`. */
const DNS_INDEX = 10n;

/**
 * What the nodes' process is told of the cluster's ranges: the DNS server is the tenth address of the first range of services; nodes have an
 * address of each family that the cluster has, that of its services first; they wait for their ranges of pods where a controller gives them,
 * and else take them of the cluster's own, if there is IPv6 in it.
 */
export function nodeAddressArguments({ services, pods, areAllocated }: ClusterRanges): string[] {
  const serviceRanges = rangesOf(services);
  const families = new Set([...serviceRanges, ...rangesOf(pods)].map(({ network }) => network.family));
  const dns = dnsAddressIn(services);
  return [
    ...(dns === undefined ? [] : [`--cluster-dns=${dns}`]),
    ...(families.has(6) ? [`--node-ip=${[...families].map((family) => FIRST_NODE_IP[family]).join()}`] : []),
    ...(areAllocated || families.has(6) ? [`--pod-cidr=${areAllocated ? '' : pods}`] : []),
  ];
}

/** The address of the DNS server in ranges of services: the tenth of the first; undefined when that is too small. */
export function dnsAddressIn(services: string): string | undefined {
  const [first] = rangesOf(services);
  return first && addressAt(first, DNS_INDEX);
}

/** What is no range is complained of by those whose option it is. */
const rangesOf = (text: string): IpPrefix[] => text.split(',').flatMap((cidr) => parseCidr(cidr.trim()) ?? []);

/** Undefined when the range is too small. */
function addressAt({ network: { family, bits }, length }: IpPrefix, index: bigint): string | undefined {
  const size = 1n << BigInt((family === 4 ? 32 : 128) - length);
  return index < size ? formatIp({ family, bits: bits + index }) : undefined;
}
