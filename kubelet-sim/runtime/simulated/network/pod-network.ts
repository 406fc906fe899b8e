import type { EndpointSlice, Live, Service, ServicePort } from '../../../../api/index.ts';
import type { DnsConfig, HttpRequest, HttpResponse } from '../../cri.ts';
import type { Sandbox } from '../sandbox.ts';
import type { ClusterDirectory } from './cluster-directory.ts';
import { type ByteStream, ConnectError, type Listener } from './listener.ts';
import { listenerOn, namedPortsOf } from './listeners.ts';
import { candidates, lookUp, type ResolvedName } from './names.ts';
import { allows, type PolicyEnd, type Traffic } from './policy.ts';
import { hostsOf, resolverOf } from './resolver-files.ts';

/** A connection that came about. */
export interface Dialled {
  readonly address: string;
  readonly port: number;
  http(request: HttpRequest, host?: string): Promise<HttpResponse>;
  stream(connection: Omit<ByteStream, 'from'>): Promise<void>;
}

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;
/** The Service that every cluster has. */
const API_SERVICE = { namespace: 'default', name: 'kubernetes' } as const;
const LOOPBACK = /^127\.|^::1$/;

/** The network as a pod sees it: names, services, other pods, and what policies leave of it. */
export class PodNetwork {
  readonly #sandbox: Sandbox;

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  get #directory(): ClusterDirectory | undefined {
    return this.#sandbox.host.directory;
  }

  get dns(): DnsConfig {
    return resolverOf(this.#sandbox);
  }

  /** Finds a name, in the hosts file and then in DNS. @throws ConnectError when it is not known */
  async resolve(name: string): Promise<ResolvedName> {
    const bare = name.replace(/^\[(.*)\]$/, '$1');
    if (IPV4.test(bare) || bare.includes(':')) return { name: bare, addresses: [bare] };
    const hosts = hostsOf(this.#sandbox)
      .filter(({ names }) => names.includes(bare.toLowerCase()))
      .map(({ ip }) => ip);
    if (hosts.length > 0) return { name: bare, addresses: hosts.some((ip) => IPV4.test(ip)) ? hosts.filter((ip) => IPV4.test(ip)) : hosts };
    const directory = this.#directory;
    const found = directory && (await this.#askDns(bare, directory));
    if (found) return found;
    throw new ConnectError('unknown-host', { host: bare, port: 0 });
  }

  async #askDns(name: string, directory: ClusterDirectory): Promise<ResolvedName | undefined> {
    const failed = () => undefined; // a DNS server that cannot find out answers nothing
    if (!(await this.#reachesDns(directory).catch(failed))) return undefined;
    for (const candidate of candidates(name, this.dns)) {
      const found = await lookUp(candidate, directory).catch(failed);
      if (found) return found;
    }
    return undefined;
  }

  /** Whether this pod asks the cluster's DNS, and a policy lets it. */
  async #reachesDns(directory: ClusterDirectory): Promise<boolean> {
    const server = this.dns.servers.find((one) => directory.dnsServers.includes(one));
    if (server === undefined) return false;
    const dns: PolicyEnd = {
      ip: server,
      namespace: 'kube-system',
      labels: { 'k8s-app': 'kube-dns' },
      namespaceLabels: { 'kubernetes.io/metadata.name': 'kube-system' },
    };
    return await this.#passes('Egress', { from: await this.#endOf(this.#sandbox), to: dns, port: 53, protocol: 'UDP' });
  }

  /** Whether an address is one that answers: service addresses do not. */
  answersPing(address: string): boolean {
    const { network, nodes } = this.#sandbox.host;
    return LOOPBACK.test(address) || address === this.#sandbox.ip || network.has(address) || (nodes?.has(address) ?? false);
  }

  /** Connects to a host's TCP port. @throws ConnectError */
  async dial(host: string, port: number): Promise<Dialled> {
    const address = (await this.resolve(host)).addresses[0] ?? '';
    const fail = (failure: 'refused' | 'timeout' | 'unreachable') => new ConnectError(failure, { host, address, port });
    // A network that does not know its services and policies passes nothing on.
    const lost = (error: unknown) => {
      throw error instanceof ConnectError ? error : fail('timeout');
    };
    const apiServer = await this.#apiServerAt(address, port).catch(lost);
    if (apiServer) return this.#connected(apiServer, address, port);
    const target = await this.#targetOf(address, port, host).catch(lost);
    if (target.sandbox !== this.#sandbox && !(await this.#isAllowed(target.sandbox, target.port).catch(lost))) throw fail('timeout');
    const listener = target.sandbox.isReady ? listenerOn(target.sandbox, target.port) : undefined;
    if (!listener) throw fail('refused');
    return this.#connected(listener, address, port);
  }

  #connected(listener: Listener, address: string, port: number): Dialled {
    const from = LOOPBACK.test(address) ? address : this.#sandbox.ip;
    return {
      address,
      port,
      http: (request, host = address) => listener.http({ ...request, from, host: port === 80 ? host : `${host}:${port}` }),
      stream: (connection) => listener.stream({ ...connection, from }),
    };
  }

  /** The API server, when this is its Service and a policy lets it. @throws ConnectError when none does */
  async #apiServerAt(address: string, port: number): Promise<Listener | undefined> {
    const { apiServer } = this.#sandbox.host;
    const directory = this.#directory;
    if (!apiServer || !directory || this.#sandbox.host.network.has(address)) return undefined;
    const service = (await directory.services()).find((one) => hasAddress(one, address));
    const { name, namespace } = service?.metadata ?? {};
    if (name !== API_SERVICE.name || namespace !== API_SERVICE.namespace || !service?.spec.ports?.some((one) => one.port === port))
      return undefined;
    const outside: PolicyEnd = { ip: address, namespace: '', namespaceLabels: {} };
    const traffic = { from: await this.#endOf(this.#sandbox), to: outside, port, protocol: 'TCP' };
    if (!(await this.#passes('Egress', traffic))) throw new ConnectError('timeout', { host: address, address, port });
    return apiServer;
  }

  /** Where an address leads: this pod, another one, or one behind a service. */
  async #targetOf(address: string, port: number, host: string): Promise<{ sandbox: Sandbox; port: number }> {
    if (LOOPBACK.test(address) || address === this.#sandbox.ip) return { sandbox: this.#sandbox, port };
    const there = this.#sandbox.host.network.get(address);
    if (there) return { sandbox: there, port };
    const onNode = this.#onNode(address, port);
    if (onNode) return onNode;
    const behind = await this.#behindService(address, port, host);
    const sandbox = behind && this.#sandbox.host.network.get(behind.ip);
    if (behind && sandbox) return { sandbox, port: behind.port };
    const node = behind && this.#onNode(behind.ip, behind.port);
    if (node) return node;
    throw new ConnectError(behind ? 'timeout' : 'unreachable', { host, address, port });
  }

  /** A pod that uses the network of a node, or has a port of it. */
  #onNode(address: string, port: number): { sandbox: Sandbox; port: number } | undefined {
    const node = this.#sandbox.host.nodes?.get(address);
    if (!node) return undefined;
    for (const sandbox of node.onHostNetwork) if (listenerOn(sandbox, port)) return { sandbox, port };
    for (const sandbox of node.sandboxes()) {
      const mapped = sandbox.config.portMappings?.find(({ hostPort, protocol }) => hostPort === port && protocol === 'TCP');
      if (mapped && sandbox.isReady) return { sandbox, port: mapped.containerPort };
    }
    return undefined;
  }

  /**
   * One of the endpoints behind a service's address, or behind a port that it has on every node.
   *
   * @throws ConnectError refused when there is no endpoint, timeout when the service has no such port, as kube-proxy has it.
   */
  async #behindService(address: string, port: number, host: string): Promise<{ ip: string; port: number } | undefined> {
    const directory = this.#directory;
    if (!directory) return undefined;
    const services = await directory.services();
    const isNode = this.#sandbox.host.nodes?.has(address);
    const service = isNode
      ? services.find(({ spec }) => spec.ports?.some(({ nodePort }) => nodePort === port))
      : services.find((one) => hasAddress(one, address));
    if (!service) {
      if (isNode) throw new ConnectError('refused', { host, address, port });
      return undefined;
    }
    const servicePort = service.spec.ports?.find((one) => (isNode ? one.nodePort : one.port) === port && (one.protocol ?? 'TCP') === 'TCP');
    if (!servicePort) throw new ConnectError('timeout', { host, address, port });
    const slices = await directory.slices(service.metadata.namespace ?? '', service.metadata.name);
    const endpoint = this.#pick(endpointsOf(slices, servicePort), service);
    if (!endpoint) throw new ConnectError('refused', { host, address, port });
    return endpoint;
  }

  /** By chance; with session affinity always the same for one client. */
  #pick<T>(choices: readonly T[], { spec }: Live<Service>): T | undefined {
    const { host, ip } = this.#sandbox;
    const index = spec.sessionAffinity === 'ClientIP' ? hashOf(ip) : Math.floor(host.random.next() * choices.length);
    return choices[index % Math.max(1, choices.length)];
  }

  async #isAllowed(target: Sandbox, port: number): Promise<boolean> {
    const [from, to] = await Promise.all([this.#endOf(this.#sandbox), this.#endOf(target)]);
    const traffic = { from, to, port, protocol: 'TCP' };
    return (await this.#passes('Egress', traffic)) && (await this.#passes('Ingress', traffic));
  }

  async #passes(direction: 'Ingress' | 'Egress', traffic: Traffic): Promise<boolean> {
    const own = direction === 'Ingress' ? traffic.to : traffic.from;
    if (!this.#directory || own.labels === undefined) return true;
    return allows(await this.#directory.policies(own.namespace), direction, traffic);
  }

  /** Policies do not see pods on the node's network. */
  async #endOf(sandbox: Sandbox): Promise<PolicyEnd> {
    const { config, ip, usesHostNetwork } = sandbox;
    const namespaceLabels = (await this.#directory?.namespaceLabels(config.namespace)) ?? {};
    const labels = usesHostNetwork ? undefined : (config.labels ?? {});
    return { ip, namespace: config.namespace, labels, namespaceLabels, namedPorts: namedPortsOf(sandbox) };
  }
}

const hasAddress = ({ spec, status }: Live<Service>, address: string): boolean =>
  (spec.clusterIPs ?? [spec.clusterIP]).includes(address) ||
  (spec.externalIPs ?? []).includes(address) ||
  (status?.loadBalancer?.ingress ?? []).some(({ ip }) => ip === address);

/** The endpoints that take traffic for a port of a service: the ready ones, else those that still serve while they end (KEP-1669). */
function endpointsOf(slices: readonly Live<EndpointSlice>[], { name = '' }: ServicePort): { ip: string; port: number }[] {
  const all = slices.flatMap(({ endpoints = [], ports = [] }) => {
    const port = ports?.find((one) => (one.name ?? '') === name)?.port;
    return port === undefined || port === null ? [] : endpoints.map((endpoint) => ({ endpoint, ip: endpoint.addresses[0] ?? '', port }));
  });
  const ready = all.filter(({ endpoint }) => endpoint.conditions?.ready !== false);
  const serving = all.filter(({ endpoint }) => endpoint.conditions?.serving && endpoint.conditions.terminating);
  return (ready.length > 0 ? ready : serving).map(({ ip, port }) => ({ ip, port }));
}

function hashOf(text: string): number {
  let hash = 0;
  for (const char of text) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  return hash;
}
