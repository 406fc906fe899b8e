import { formatIp, parseIp } from '../../../../api/index.ts';
import { unbracketed } from '../../host-port.ts';
import { endOf, passes } from './arrival.ts';
import type { ClusterDirectory } from './cluster-directory.ts';
import { type DnsQuestion, readAnswer, writeQuestion } from './dns-message.ts';
import { ConnectError } from './listener.ts';
import { candidates, type DnsRecord, lookUp, type RecordType, type ResolvedName } from './names.ts';
import type { NetworkUser } from './network-user.ts';
import type { PolicyEnd } from './policy.ts';
import { hostsOf, resolverOf } from './resolver-files.ts';

/** How a name is asked for. */
export interface QueryOptions {
  /** With the search list of resolv.conf. */
  readonly isSearched?: boolean | undefined;
  /** Address of the server to ask; one of resolv.conf unless given. */
  readonly server?: string | undefined;
}

/** Sends a datagram to an address; undefined when nothing comes back. @throws ConnectError */
export type SendDatagram = (address: string, port: number, payload: string) => Promise<string | undefined>;

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
const DNS_PORT = 53;

/**
 * Finds names as the C library does, with the hosts file and the servers of resolv.conf. The server of a cluster that has no pods for it
 * is there all the same, and knows what CoreDNS would; where its address is that of a Service, its pods are asked, and know no more than they
 * do.
 */
export class Resolver {
  readonly #user: NetworkUser;
  readonly #send: SendDatagram;

  constructor(user: NetworkUser, send: SendDatagram) {
    this.#user = user;
    this.#send = send;
  }

  get #directory(): ClusterDirectory | undefined {
    return this.#user.host.directory;
  }

  /** Finds a name, in the hosts file and then in DNS. @throws ConnectError `unknown-host`, or `unresolved` when no server answers */
  async resolve(name: string): Promise<ResolvedName> {
    const bare = unbracketed(name);
    if (IPV4.test(bare)) return { name: bare, addresses: [bare] };
    if (bare.includes(':')) return { name: bare, addresses: [canonical(bare)] };
    const hosts = hostsOf(this.#user)
      .filter(({ names }) => names.includes(bare.toLowerCase()))
      .map(({ ip }) => ip);
    if (hosts.length > 0) return { name: bare, addresses: hosts.some((ip) => IPV4.test(ip)) ? hosts.filter((ip) => IPV4.test(ip)) : hosts };
    for (const family of ['A', 'AAAA'] as const) {
      const found = await this.query(bare, family, { isSearched: true }).catch(unresolved(bare));
      const records = found.filter(({ type }) => type === family);
      if (records[0]) return { name: records[0].name, addresses: records.map(({ data }) => data) };
    }
    throw new ConnectError('unknown-host', { host: bare, port: 0 });
  }

  /** Asks a server for records of a name; none, for what is not there. @throws ConnectError when the server does not answer, with why */
  async query(name: string, type: RecordType, { isSearched = false, server }: QueryOptions = {}): Promise<readonly DnsRecord[]> {
    const names = isSearched ? candidates(name, resolverOf(this.#user)) : [name.replace(/\.$/, '')];
    for (const candidate of names) {
      const found = await this.#ask({ name: candidate, type }, server);
      if (found.length > 0) return found;
    }
    return [];
  }

  async #ask(question: DnsQuestion, server: string | undefined): Promise<readonly DnsRecord[]> {
    const directory = this.#directory;
    const asked = server ?? resolverOf(this.#user).servers.find((one) => directory?.dnsServers.includes(one));
    // Servers elsewhere know no names of the cluster, and nothing else is to be found here.
    if (!directory || asked === undefined) return [];
    if (directory.dnsServers.includes(asked) && !(await isService(asked, directory))) return await this.#askAbsent(question, asked);
    const answer = await this.#send(asked, DNS_PORT, writeQuestion(question));
    const records = answer === undefined ? undefined : readAnswer(answer);
    if (!records) throw new ConnectError('timeout', { host: asked, port: DNS_PORT });
    return records;
  }

  /** The cluster's server where there are no pods for it: for policies it is one of kubeadm's CoreDNS. */
  async #askAbsent({ name, type }: DnsQuestion, server: string): Promise<readonly DnsRecord[]> {
    if (!(await this.#mayAsk(server).catch(no))) throw new ConnectError('timeout', { host: server, port: DNS_PORT });
    return await this.lookUp(name, type);
  }

  async #mayAsk(server: string): Promise<boolean> {
    const dns: PolicyEnd = {
      ip: server,
      namespace: 'kube-system',
      labels: { 'k8s-app': 'kube-dns' },
      namespaceLabels: { 'kubernetes.io/metadata.name': 'kube-system' },
    };
    const traffic = { from: await endOf(this.#user, server), to: dns, port: DNS_PORT, protocol: 'UDP' };
    return await passes(this.#user.host, 'Egress', traffic);
  }

  /** What the cluster's objects say of a name, for who serves it: asks nobody, and no policy is in the way. */
  async lookUp(name: string, type: RecordType): Promise<readonly DnsRecord[]> {
    const directory = this.#directory;
    return directory ? await lookUp(name, type, directory).catch(nothing) : [];
  }
}

/** Whether a Service has an address: what a network does not know of its services, it takes for none. */
const isService = async (address: string, directory: ClusterDirectory): Promise<boolean> =>
  (await directory.services().catch(nothing)).some(({ spec }) => (spec.clusterIPs ?? [spec.clusterIP]).includes(address));

const nothing = (): readonly never[] => []; // a server that cannot find out answers nothing
const no = () => false; // a network that does not know its policies passes nothing on

/** An address of IPv6 as it is written everywhere. */
function canonical(address: string): string {
  const parsed = parseIp(address);
  return parsed ? formatIp(parsed) : address;
}

const unresolved = (name: string) => (error: unknown) => {
  throw error instanceof ConnectError ? new ConnectError('unresolved', { host: name, port: 0 }, error) : error;
};
