import type { Pod } from '../../api/index.ts';
import type { ControlGroupSource } from '../runtime/control-group.ts';
import type { DnsConfig, NamespaceOptions, PodSandboxConfig, PortMapping, SandboxNetwork } from '../runtime/cri.ts';
import { hostnameOf } from './container-config.ts';

/** The cluster's domain and name servers. */
export interface ClusterDns {
  readonly domain: string;
  readonly servers: readonly string[];
}

/** As kubeadm has them. */
export const CLUSTER_DNS: ClusterDns = { domain: 'cluster.local', servers: ['10.96.0.10'] };
/** What a node's own resolver says. */
const NODE_DNS: DnsConfig = { servers: ['10.0.0.1'], searches: [], options: [] };
const HOSTNAME_CHARS_MAX = 64;
const NO_ANNOTATIONS: Readonly<Record<string, string>> = {};

/** What a sandbox is made from. */
export interface SandboxParts {
  readonly pod: Pod;
  readonly attempt: number;
  readonly nodeName: string;
  readonly network: SandboxNetwork;
  readonly resources: ControlGroupSource;
  readonly cluster: ClusterDns;
}

/**
 * The runtime's view of a pod's sandbox. Upstream: `generatePodSandboxConfig`, `pkg/kubelet/kuberuntime/kuberuntime_sandbox.go`.
 *
 * @throws Error when the pod's full name is too long for a host name
 */
export function sandboxConfigOf({ pod, attempt, nodeName, network, resources, cluster }: SandboxParts): PodSandboxConfig {
  const { name = '', namespace = '', uid = '', annotations = NO_ANNOTATIONS, labels } = pod.metadata;
  const { spec } = pod;
  const domain = spec.subdomain ? `${spec.subdomain}.${namespace}.svc.${cluster.domain}` : undefined;
  const dns = dnsOf(pod, cluster);
  const ports = portMappings(pod);
  const sysctls = spec.securityContext?.sysctls ?? [];
  return {
    name,
    namespace,
    uid,
    attempt,
    hostname: fullHostname(pod, hostnameOf(pod, nodeName), domain),
    network,
    namespaces: namespacesOf(spec),
    annotations,
    resources,
    ...(domain === undefined ? {} : { domain }),
    ...(labels ? { labels } : {}),
    ...(dns ? { dns } : {}),
    ...(spec.hostAliases?.length ? { hostAliases: spec.hostAliases.map(({ ip, hostnames = [] }) => ({ ip, hostnames })) } : {}),
    ...(sysctls.length > 0 ? { sysctls: Object.fromEntries(sysctls.map((one) => [one.name.replaceAll('/', '.'), one.value])) } : {}),
    ...(ports.length > 0 ? { portMappings: ports } : {}),
    ...(spec.runtimeClassName ? { runtimeHandler: spec.runtimeClassName } : {}),
  };
}

function fullHostname({ spec }: Pod, hostname: string, domain: string | undefined): string {
  if (!spec.setHostnameAsFQDN || domain === undefined || spec.hostNetwork || spec.hostnameOverride) return hostname;
  const full = `${hostname}.${domain}`;
  if (full.length > HOSTNAME_CHARS_MAX)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (${HOSTNAME_CHARS_MAX} characters is the max, ${full.length} characters requested)`,
    );
  return full;
}

/** Namespaces of a pod's containers; shared, since most pods ask for none. */
const OWN: NamespaceOptions = {};

function namespacesOf({ hostNetwork, hostPID, hostIPC, shareProcessNamespace }: Pod['spec']): NamespaceOptions {
  if (!hostNetwork && !hostPID && !hostIPC && !shareProcessNamespace) return OWN;
  return {
    network: hostNetwork ? 'node' : 'pod',
    pid: hostPID ? 'node' : shareProcessNamespace ? 'pod' : 'container',
    ipc: hostIPC ? 'node' : 'pod',
  };
}

function portMappings({ spec }: Pod): PortMapping[] {
  if (spec.hostNetwork) return [];
  return spec.containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ protocol = 'TCP', containerPort, hostPort, hostIP = '' }) =>
      hostPort ? [{ protocol, containerPort, hostPort, hostIP }] : [],
    ),
  );
}

/** What `/etc/resolv.conf` says; undefined for the runtime's default. Upstream: `GetPodDNS`, `pkg/kubelet/network/dns`. */
function dnsOf({ spec, metadata: { namespace = '' } }: Pod, cluster: ClusterDns): DnsConfig | undefined {
  const policy = spec.dnsPolicy ?? 'ClusterFirst';
  const isDefault = policy === 'ClusterFirst' && !spec.hostNetwork;
  if (isDefault && !spec.dnsConfig) return undefined;
  const base = policy === 'None' ? NOTHING : isDefault || policy === 'ClusterFirstWithHostNet' ? clusterDns(namespace, cluster) : NODE_DNS;
  const { nameservers = [], searches = [], options = [] } = spec.dnsConfig ?? {};
  const own = new Map(base.options.map((text) => [text.split(':')[0] ?? '', text]));
  for (const { name = '', value } of options) own.set(name, value === undefined ? name : `${name}:${value}`);
  return {
    servers: [...new Set([...base.servers, ...nameservers])],
    searches: [...new Set([...base.searches, ...searches])],
    options: [...own.values()],
  };
}

const NOTHING: DnsConfig = { servers: [], searches: [], options: [] };

const clusterDns = (namespace: string, { servers, domain }: ClusterDns): DnsConfig => ({
  servers,
  searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain],
  options: ['ndots:5'],
});
