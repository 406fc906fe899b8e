import type { DnsConfig } from '../../cri.ts';
import type { NetworkUser } from './network-user.ts';

/** A line of a hosts file. */
export interface HostsLine {
  readonly ip: string;
  readonly names: readonly string[];
}

const DOMAIN = 'cluster.local';
const DNS_SERVERS = ['10.96.0.10'];

/** What a pod with the policy ClusterFirst is given, when the agent says nothing. */
export function resolverOf({ config, host }: Pick<NetworkUser, 'config' | 'host'>): DnsConfig {
  if (config.dns) return config.dns;
  const domain = host.directory?.domain ?? DOMAIN;
  return {
    servers: host.directory?.dnsServers ?? DNS_SERVERS,
    searches: [`${config.namespace}.svc.${domain}`, `svc.${domain}`, domain],
    options: ['ndots:5'],
  };
}

/** `/etc/resolv.conf`, as the container runtime writes it. */
export function resolvConf({ servers, searches, options }: DnsConfig): string {
  const search = searches.length > 0 ? `search ${searches.join(' ')}\n` : '';
  const names = servers.map((server) => `nameserver ${server}\n`).join('');
  return `${search}${names}${options.length > 0 ? `options ${options.join(' ')}\n` : ''}`;
}

const LOCAL: readonly HostsLine[] = [
  { ip: '127.0.0.1', names: ['localhost'] },
  { ip: '::1', names: ['localhost', 'ip6-localhost', 'ip6-loopback'] },
  { ip: 'fe00::0', names: ['ip6-localnet'] },
  { ip: 'fe00::0', names: ['ip6-mcastprefix'] },
  { ip: 'fe00::1', names: ['ip6-allnodes'] },
  { ip: 'fe00::2', names: ['ip6-allrouters'] },
];

type HostsSource = Pick<NetworkUser, 'config' | 'ip' | 'secondIp' | 'usesHostNetwork' | 'node'>;

/** One for each address. */
const linesOf = ({ ip, secondIp }: HostsSource, names: readonly string[]): HostsLine[] =>
  secondIp === undefined ? [{ ip, names }] : [ip, secondIp].map((each) => ({ ip: each, names }));

function ownLines(source: HostsSource): HostsLine[] {
  if (source.usesHostNetwork) return [];
  const { hostname, domain } = source.config;
  return linesOf(source, domain ? [`${hostname}.${domain}`, hostname] : [hostname]);
}

const aliasesOf = ({ config }: HostsSource): HostsLine[] =>
  (config.hostAliases ?? []).map(({ ip, hostnames }) => ({ ip, names: hostnames }));

/** What the hosts file says, for those who look for a name. */
export function hostsOf(sandbox: HostsSource): HostsLine[] {
  const node = sandbox.usesHostNetwork ? linesOf(sandbox, [sandbox.node.name]) : [];
  return [...LOCAL, ...node, ...ownLines(sandbox), ...aliasesOf(sandbox)];
}

const write = (lines: readonly HostsLine[]): string => lines.map(({ ip, names }) => `${ip}\t${names.join('\t')}\n`).join('');

/** `/etc/hosts`, as a kubelet writes it (pkg/kubelet/kubelet_pods.go); a pod on the node's network gets the node's. */
export function hostsFile(sandbox: HostsSource): string {
  const head = sandbox.usesHostNetwork
    ? `# Kubernetes-managed hosts file (host network).\n${write([...LOCAL.slice(0, 2), ...linesOf(sandbox, [sandbox.node.name])])}`
    : `# Kubernetes-managed hosts file.\n${LOCAL.map(({ ip, names }) => `${ip}\t${names.join(' ')}\n`).join('')}${write(ownLines(sandbox))}`;
  const aliases = aliasesOf(sandbox);
  return aliases.length === 0 ? head : `${head}\n# Entries added by HostAliases.\n${write(aliases)}`;
}
