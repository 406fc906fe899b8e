import type { PodSpec } from '../../api/index.ts';

/** Parameters of the kernel that are a namespace's own and cannot harm others. Upstream: `pkg/kubelet/sysctl/safe_sysctls.go`. */
const SAFE = new Map<string, 'IPC' | 'Net'>([
  ['kernel.shm_rmid_forced', 'IPC'],
  ['net.ipv4.ip_local_port_range', 'Net'],
  ['net.ipv4.ip_local_reserved_ports', 'Net'],
  ['net.ipv4.ip_unprivileged_port_start', 'Net'],
  ['net.ipv4.ping_group_range', 'Net'],
  ['net.ipv4.tcp_fin_timeout', 'Net'],
  ['net.ipv4.tcp_keepalive_intvl', 'Net'],
  ['net.ipv4.tcp_keepalive_probes', 'Net'],
  ['net.ipv4.tcp_keepalive_time', 'Net'],
  ['net.ipv4.tcp_rmem', 'Net'],
  ['net.ipv4.tcp_syncookies', 'Net'],
  ['net.ipv4.tcp_wmem', 'Net'],
]);

/** Why a node does not set the kernel's parameters that a pod asks for; undefined when it does. */
export function forbiddenSysctl({ securityContext, hostNetwork, hostIPC }: PodSpec): string | undefined {
  for (const { name } of securityContext?.sysctls ?? []) {
    const namespace = SAFE.get(name.replaceAll('/', '.'));
    const why =
      namespace === undefined
        ? 'not allowlisted'
        : namespace === 'IPC' && hostIPC
          ? 'not allowed with host IPC enabled'
          : namespace === 'Net' && hostNetwork
            ? 'not allowed with host Net enabled'
            : undefined;
    if (why !== undefined) return `forbidden sysctl: "${name}" ${why}`;
  }
  return undefined;
}
