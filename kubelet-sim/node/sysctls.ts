import type { PodSpec } from '../../api/index.ts';

/** Parameters of the kernel that are a namespace's own and cannot harm others. Upstream: `pkg/kubelet/sysctl/safe_sysctls.go`. */
const SAFE: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
]);

/** What the names of the parameters of a kind of namespace begin with; `kernel.sem` is a whole name. */
const NAMESPACES: readonly (readonly [begin: string, namespace: 'IPC' | 'Net'])[] = [
  ['kernel.shm', 'IPC'],
  ['kernel.msg', 'IPC'],
  ['fs.mqueue.', 'IPC'],
  ['net.', 'Net'],
];

const PATTERN = /^(?:[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?[./])*(?:[a-z0-9][-_a-z0-9]*)?[a-z0-9*]$/;
const PATTERN_CHARS_MAX = 253;

/**
 * A parameter's name with dots between its parts, whichever way it is written: `net/ipv4/conf/eth0.1/rp_filter` is
 * `net.ipv4.conf.eth0/1.rp_filter`. Upstream: `NormalizeName`, component-helpers' `node/util/sysctl`.
 */
export function sysctlName(name: string): string {
  const [first] = /[./]/.exec(name) ?? [];
  return first === '/' ? name.replace(/[./]/g, (separator) => (separator === '/' ? '.' : '/')) : name;
}

function namespaceOf(name: string): 'IPC' | 'Net' | undefined {
  if (name === 'kernel.sem') return 'IPC';
  return NAMESPACES.find(([begin]) => name.startsWith(begin))?.[1];
}

/** Whether a node can be told to allow the parameters of a pattern: only a namespace's own, `*` only at its end. Upstream: `NewAllowlist`. */
export function isSysctlPattern(pattern: string): boolean {
  const isWellFormed = PATTERN.test(pattern) && pattern.length <= PATTERN_CHARS_MAX;
  return isWellFormed && namespaceOf(sysctlName(pattern).replace(/\*$/, '')) !== undefined;
}

/**
 * Why a node does not set the kernel's parameters that a pod asks for; undefined when it does. Upstream: `pkg/kubelet/sysctl/allowlist.go`.
 *
 * @param unsafe names and patterns of those that it sets beside the harmless ones.
 */
export function forbiddenSysctl({ securityContext, hostNetwork, hostIPC }: PodSpec, unsafe: readonly string[] = []): string | undefined {
  const isAllowed = (name: string) => SAFE.has(name) || unsafe.some((pattern) => matches(sysctlName(pattern), name));
  for (const { name } of securityContext?.sysctls ?? []) {
    const own = sysctlName(name);
    const namespace = namespaceOf(own);
    const isShared = (namespace === 'IPC' && hostIPC) || (namespace === 'Net' && hostNetwork);
    const why = !isAllowed(own) ? 'not allowlisted' : isShared ? `not allowed with host ${namespace} enabled` : undefined;
    if (why !== undefined) return `forbidden sysctl: "${own}" ${why}`;
  }
  return undefined;
}

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
