import type { Pod } from '../../api/index.ts';
import type { DnsConfig } from '../runtime/cri.ts';

/** The cluster's domain and name servers. */
export interface ClusterDns {
  readonly domain: string;
  readonly servers: readonly string[];
}

/** As kubeadm has them. */
export const CLUSTER_DNS: ClusterDns = { domain: 'cluster.local', servers: ['10.96.0.10'] };
/** What a node's own resolver says. */
const NODE_DNS: DnsConfig = { servers: ['10.0.0.1'], searches: [], options: [] };

/** What resolvers take of a `resolv.conf`. */
const SERVERS_MAX = 3;
const SEARCHES_MAX = 32;
const SEARCH_CHARS_MAX = 253;
const SEARCH_LINE_CHARS_MAX = 2048;

/** What a pod's `/etc/resolv.conf` says. */
export interface PodDns {
  /** Undefined for the runtime's default. */
  readonly dns: DnsConfig | undefined;
  /** What had to be left out, as events tell it. */
  readonly warnings: readonly string[];
}

const DEFAULT_DNS: PodDns = { dns: undefined, warnings: [] };

/** What a pod resolves names with, as far as resolvers can take it. Upstream: `GetPodDNS`, `pkg/kubelet/network/dns/dns.go`. */
export function podDnsOf({ spec, metadata: { namespace = '' } }: Pod, cluster: ClusterDns): PodDns {
  const policy = spec.dnsPolicy ?? 'ClusterFirst';
  const isDefault = policy === 'ClusterFirst' && !spec.hostNetwork;
  if (isDefault && !spec.dnsConfig) return DEFAULT_DNS;
  const base = policy === 'None' ? NOTHING : isDefault || policy === 'ClusterFirstWithHostNet' ? clusterDns(namespace, cluster) : NODE_DNS;
  const { nameservers = [], searches = [], options = [] } = spec.dnsConfig ?? {};
  const own = new Map(base.options.map((text) => [text.split(':')[0] ?? '', text]));
  for (const { name = '', value } of options) own.set(name, value ? `${name}:${value}` : name);
  return withinLimits({
    servers: [...new Set([...base.servers, ...nameservers])],
    searches: [...new Set([...base.searches, ...searches])],
    options: [...own.values()],
  });
}

const NOTHING: DnsConfig = { servers: [], searches: [], options: [] };

const clusterDns = (namespace: string, { servers, domain }: ClusterDns): DnsConfig => ({
  servers,
  searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain],
  options: ['ndots:5'],
});

/** Upstream: `formDNSConfigFitsLimits`. */
function withinLimits({ servers, searches, options }: DnsConfig): PodDns {
  const keptServers = servers.slice(0, SERVERS_MAX);
  const keptSearches = searches.slice(0, SEARCHES_MAX).filter(({ length }) => length <= SEARCH_CHARS_MAX);
  while (keptSearches.join(' ').length > SEARCH_LINE_CHARS_MAX) keptSearches.pop();
  return {
    dns: { servers: keptServers, searches: keptSearches, options },
    warnings: [
      ...(keptServers.length < servers.length
        ? [`Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${keptServers.join(' ')}`]
        : []),
      ...(keptSearches.length < searches.length
        ? [`Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${keptSearches.join(' ')}`]
        : []),
    ],
  };
}
