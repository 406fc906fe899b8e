import type { Pod } from '../../api/index.ts';
import { sysctlName } from '../node/sysctls.ts';
import type { PodSource } from '../runtime/control-group.ts';
import type { NamespaceOptions, PodSandboxConfig, PortMapping, SandboxNetwork } from '../runtime/cri.ts';
import { hostnameOf } from './container-config.ts';
import { isSidecar } from './container-names.ts';
import { type ClusterDns, podDnsOf } from './pod-dns.ts';

const HOSTNAME_CHARS_MAX = 64;
const NO_ANNOTATIONS: Readonly<Record<string, string>> = {};

/** What a sandbox is made from. */
export interface SandboxParts {
  readonly pod: Pod;
  readonly attempt: number;
  readonly nodeName: string;
  readonly network: SandboxNetwork;
  readonly resources: PodSource;
  readonly cluster: ClusterDns;
  /** Of the pod's RuntimeClass; the usual one when it is absent or `''`. */
  readonly runtimeHandler?: string | undefined;
}

/**
 * The runtime's view of a pod's sandbox. Upstream: `generatePodSandboxConfig`, `pkg/kubelet/kuberuntime/kuberuntime_sandbox.go`.
 *
 * @throws Error when the pod's full name is too long for a host name
 */
export function sandboxConfigOf({ pod, attempt, nodeName, network, resources, cluster, runtimeHandler }: SandboxParts): PodSandboxConfig {
  const { name = '', namespace = '', uid = '', annotations = NO_ANNOTATIONS, labels } = pod.metadata;
  const { spec } = pod;
  const domain = spec.subdomain ? `${spec.subdomain}.${namespace}.svc.${cluster.domain}` : undefined;
  const { dns } = podDnsOf(pod, cluster);
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
    ...(sysctls.length > 0 ? { sysctls: Object.fromEntries(sysctls.map((one) => [sysctlName(one.name), one.value])) } : {}),
    ...(ports.length > 0 ? { portMappings: ports } : {}),
    ...(runtimeHandler ? { runtimeHandler } : {}),
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

function namespacesOf({ hostNetwork, hostPID, hostIPC, shareProcessNamespace, hostUsers }: Pod['spec']): NamespaceOptions {
  const hasOwnUsers = hostUsers === false;
  if (!hostNetwork && !hostPID && !hostIPC && !shareProcessNamespace && !hasOwnUsers) return OWN;
  return {
    ...(hasOwnUsers ? { user: 'pod' as const } : {}),
    network: hostNetwork ? 'node' : 'pod',
    pid: hostPID ? 'node' : shareProcessNamespace ? 'pod' : 'container',
    ipc: hostIPC ? 'node' : 'pod',
  };
}

function portMappings({ spec }: Pod): PortMapping[] {
  if (spec.hostNetwork) return [];
  return [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers].flatMap(({ ports = [] }) =>
    ports.flatMap(({ protocol = 'TCP', containerPort, hostPort, hostIP = '' }) =>
      hostPort ? [{ protocol, containerPort, hostPort, hostIP }] : [],
    ),
  );
}
