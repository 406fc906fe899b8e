import type { DnsConfig, HttpRequest, HttpResponse } from '../../cri.ts';
import { bracketed, hostPort } from '../../host-port.ts';
import { Sandbox } from '../sandbox.ts';
import { Affinities } from './affinities.ts';
import { type Arrival, arrive, endOf, onNode, passes } from './arrival.ts';
import type { ClusterDirectory } from './cluster-directory.ts';
import type { StreamProtocol } from './container-sockets.ts';
import { type ByteStream, ConnectError, type Listener } from './listener.ts';
import { datagramListenerOn, listenerOn } from './listeners.ts';
import type { DnsRecord, RecordType, ResolvedName } from './names.ts';
import { isOwn, type NetworkUser, ownAddress } from './network-user.ts';
import { nodeServerAt } from './node-servers.ts';
import type { PolicyEnd } from './policy.ts';
import type { RemoteHolder, Target } from './remote-pods.ts';
import { type QueryOptions, Resolver } from './resolver.ts';
import { resolverOf } from './resolver-files.ts';
import { API_SERVICE, isApiService, type ServiceRoute, ServiceRouter } from './service-routes.ts';

/** A connection that came about. */
export interface Dialled {
  readonly address: string;
  readonly port: number;
  http(request: HttpRequest, host?: string): Promise<HttpResponse>;
  stream(connection: Omit<ByteStream, 'from'>): Promise<void>;
}

/** Where traffic has come to: a pod here, another process, or a server that is no pod's. */
type Reached =
  | { readonly here: Arrival }
  | { readonly there: RemoteHolder; readonly target: Target; readonly from: PolicyEnd }
  | { readonly server: Listener };

const LOOPBACK = /^127\.|^::1$/;

/** The network as a pod, or a node, sees it: names, services, other pods, and what policies leave of it. */
export class PodNetwork {
  readonly #user: NetworkUser;

  constructor(user: NetworkUser) {
    this.#user = user;
  }

  /** The pod itself; a node is none. */
  get #sandbox(): Sandbox | undefined {
    return this.#user instanceof Sandbox ? this.#user : undefined;
  }

  get #directory(): ClusterDirectory | undefined {
    return this.#user.host.directory;
  }

  get dns(): DnsConfig {
    return resolverOf(this.#user);
  }

  /** Finds a name, in the hosts file and then in DNS. @throws ConnectError `unknown-host`, or `unresolved` when no server answers */
  resolve(name: string): Promise<ResolvedName> {
    return this.#resolver.resolve(name);
  }

  /** Asks a server of names for records; none, for what is not there. @throws ConnectError when the server does not answer, with why */
  query(name: string, type: RecordType, options?: QueryOptions): Promise<readonly DnsRecord[]> {
    return this.#resolver.query(name, type, options);
  }

  /** What the cluster's objects say of a name, for who serves it. */
  lookUp(name: string, type: RecordType): Promise<readonly DnsRecord[]> {
    return this.#resolver.lookUp(name, type);
  }

  get #resolver(): Resolver {
    return new Resolver(this.#user, (address, port, payload) => this.#datagram(address, port, payload));
  }

  /** Whether an address is one that answers: service addresses do not. */
  async answersPing(address: string): Promise<boolean> {
    const { network, nodes, remote } = this.#user.host;
    if (LOOPBACK.test(address) || isOwn(this.#user, address) || network.has(address) || nodes?.has(address)) return true;
    return (await (await remote?.holderOf(address))?.answersPing(address)) ?? false;
  }

  /** Connects to a host's port. @throws ConnectError */
  async dial(host: string, port: number, protocol: StreamProtocol = 'TCP'): Promise<Dialled> {
    const { address, listener } = await this.find(host, port, protocol);
    const from = this.#sourceTo(address);
    return {
      address,
      port,
      http: (request, host = address) =>
        listener.http({ ...request, from, host: request.headers.host ?? (port === 80 ? bracketed(host) : hostPort(host, port)) }),
      stream: (connection) => listener.stream({ ...connection, from }),
    };
  }

  /** Who takes connections on a host's port. @throws ConnectError */
  async find(
    host: string,
    port: number,
    protocol: StreamProtocol = 'TCP',
  ): Promise<{ readonly address: string; readonly listener: Listener }> {
    const address = (await this.resolve(host)).addresses[0] ?? '';
    return { address, listener: await this.#listenerAt({ address, port, protocol }, protocol).catch(lostAt(address, port)) };
  }

  async #listenerAt(target: Target, protocol: StreamProtocol): Promise<Listener> {
    const reached = await this.#reach(target);
    if ('server' in reached) return reached.server;
    if ('there' in reached) return await reached.there.connect(reached.from, reached.target);
    const { sandbox, port } = reached.here;
    const listener = sandbox.isReady ? listenerOn(sandbox, port, protocol) : undefined;
    if (!listener) throw new ConnectError('refused', { host: target.address, ...target });
    return listener;
  }

  /**
   * Sends a datagram, and waits for what comes back; undefined when nothing does, be it that the server is silent or that nobody got it.
   *
   * @throws ConnectError `refused` when nobody listens on the port, `unknown-host`, `unresolved`, `unreachable`
   */
  async send(host: string, port: number, payload: string): Promise<string | undefined> {
    const answered = this.#datagram((await this.resolve(host)).addresses[0] ?? '', port, payload);
    return await answered.catch((error: unknown) => {
      if (error instanceof ConnectError && error.failure === 'timeout') return undefined;
      throw error;
    });
  }

  #datagram(address: string, port: number, payload: string): Promise<string | undefined> {
    return this.#answerAt({ address, port, protocol: 'UDP' }, payload).catch(lostAt(address, port));
  }

  async #answerAt(target: Target, payload: string): Promise<string | undefined> {
    const reached = await this.#reach(target);
    if ('server' in reached) return undefined;
    if ('there' in reached) return await reached.there.datagram(reached.from, reached.target, payload);
    const { sandbox, port } = reached.here;
    const listener = sandbox.isReady ? datagramListenerOn(sandbox, port) : undefined;
    if (!listener) throw new ConnectError('refused', { host: target.address, ...target });
    return await listener({ from: this.#sourceTo(target.address), payload });
  }

  /** The address that traffic to another comes from. */
  #sourceTo(address: string): string {
    return LOOPBACK.test(address) ? address : ownAddress(this.#user, address);
  }

  /** Where an address leads: this pod, another one, or one behind a service. @throws ConnectError */
  async #reach(target: Target): Promise<Reached> {
    const { host, usesHostNetwork } = this.#user;
    const { address, port } = target;
    if (LOOPBACK.test(address)) return await this.#atLoopback(target);
    const own = this.#sandbox;
    if (own && !usesHostNetwork && isOwn(own, address)) return { here: { sandbox: own, port } };
    if (host.network.has(address)) return await this.#deliver(target);
    const node = host.nodes?.get(address);
    const route = await this.#route(target, node?.name);
    if (route) return await this.#follow(route, target);
    const server = node && (await nodeServerAt(host, node, target));
    if (server) return { server };
    if (node) return await this.#deliver(target);
    if (host.apiServer && (await this.#isApiServer(target))) return { server: await this.#admitted(host.apiServer, target) };
    const remote = await host.remote?.holderOf(address);
    if (!remote) throw new ConnectError('unreachable', { host: address, ...target });
    const byNode = remote.node === undefined ? undefined : await this.#route(target, remote.node);
    return byNode ? await this.#follow(byNode, target) : await this.#sendOn(remote, target);
  }

  /** The service that an address and port are of, if they are one's. */
  async #route(target: Target, node: string | undefined): Promise<ServiceRoute | undefined> {
    const { host, usesHostNetwork } = this.#user;
    const { directory, random, clock } = host;
    if (!directory) return undefined;
    host.affinities ??= new Affinities();
    const router = new ServiceRouter({ directory, random, clock, affinities: host.affinities });
    const ip = ownAddress(this.#user, target.address);
    return await router.route(target, { ip, node: this.#user.node.name, isPod: !usesHostNetwork }, node);
  }

  /** Whether an address is what the API server calls its own, beside that of its Service. */
  async #isApiServer({ address, port, protocol }: Target): Promise<boolean> {
    const slices = (await this.#directory?.slices(API_SERVICE.namespace, API_SERVICE.name)) ?? [];
    return slices.some(
      ({ endpoints, ports }) =>
        endpoints?.some(({ addresses }) => addresses.includes(address)) &&
        ports?.some((one) => one.port === port && (one.protocol ?? 'TCP') === protocol),
    );
  }

  /** To the endpoint that was picked. */
  async #follow({ service, endpoint }: ServiceRoute, target: Target): Promise<Reached> {
    const { host } = this.#user;
    if (host.apiServer && isApiService(service)) return { server: await this.#admitted(host.apiServer, target) };
    const to = { ...target, address: endpoint.ip, port: endpoint.port };
    if (host.network.has(to.address) || host.nodes?.has(to.address)) return await this.#deliver(to);
    const remote = await host.remote?.holderOf(to.address);
    if (!remote) throw new ConnectError('timeout', { host: target.address, ...target });
    return await this.#sendOn(remote, to);
  }

  /** What is on the node itself, for a pod on its network; else what is in this pod. */
  async #atLoopback(target: Target): Promise<Reached> {
    const { usesHostNetwork, node, host } = this.#user;
    const own = this.#sandbox;
    if (own && !usesHostNetwork) return { here: { sandbox: own, port: target.port } };
    const arrival = onNode(node, target);
    if (arrival) return { here: arrival };
    const server = await nodeServerAt(host, node, target);
    if (server) return { server };
    throw new ConnectError('refused', { host: target.address, ...target });
  }

  async #deliver(target: Target): Promise<Reached> {
    const here = await arrive(this.#user.host, await endOf(this.#user, target.address), target);
    if (!here) throw new ConnectError('unreachable', { host: target.address, ...target });
    return { here };
  }

  async #sendOn(there: RemoteHolder, target: Target): Promise<Reached> {
    return { there, target, from: await endOf(this.#user, target.address) };
  }

  /** The API server, when a policy lets this pod out to it. @throws ConnectError when none does */
  async #admitted(apiServer: Listener, { address, port, protocol }: Target): Promise<Listener> {
    const outside: PolicyEnd = { ip: address, namespace: '', namespaceLabels: {} };
    const traffic = { from: await endOf(this.#user, address), to: outside, port, protocol };
    if (!(await passes(this.#user.host, 'Egress', traffic))) throw new ConnectError('timeout', { host: address, address, port });
    return apiServer;
  }
}

/** A network that does not know its services and policies passes nothing on. */
const lostAt = (address: string, port: number) => (error: unknown) => {
  throw error instanceof ConnectError ? error : new ConnectError('timeout', { host: address, address, port });
};
