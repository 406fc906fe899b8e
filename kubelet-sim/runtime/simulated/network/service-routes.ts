import {
  type Endpoint,
  type EndpointSlice,
  familyOf,
  type IpFamily,
  type Live,
  type Service,
  type ServicePort,
} from '../../../../api/index.ts';
import type { Clock, Random } from '../../../../runtime/index.ts';
import { type Affinities, affinityKey } from './affinities.ts';
import type { ClusterDirectory } from './cluster-directory.ts';
import { ConnectError, type Protocol } from './listener.ts';
import { isWithin } from './policy.ts';
import type { Target } from './remote-pods.ts';

/** Who sends traffic to a service, as far as its routing depends on it. */
export interface Sender {
  readonly ip: string;
  /** The node it is on. */
  readonly node: string;
  /** Whether it is a pod with an address of its own: node ports treat it as from within the cluster. */
  readonly isPod: boolean;
}

export interface ServiceRouterParts {
  readonly directory: ClusterDirectory;
  readonly affinities: Affinities;
  readonly random: Random;
  readonly clock: Clock;
}

/** A service that has an address, and where a packet to it goes. */
export interface ServiceRoute {
  readonly service: Live<Service>;
  readonly endpoint: { readonly ip: string; readonly port: number };
}

/** A port of a service, and how it is come at. */
interface Way {
  readonly service: Live<Service>;
  readonly port: ServicePort;
  /** By an address that is meant for the world outside: a node's, a load balancer's, an external one. */
  readonly isExternal: boolean;
  /** Node whose address is asked, for a node port. */
  readonly node?: string | undefined;
}

/**
 * Does what kube-proxy does (upstream `pkg/proxy/topology.go`, `pkg/proxy/iptables/proxier.go`): finds the service that an address and port
 * belong to, and picks one of its endpoints by its traffic policies and session affinity.
 */
export class ServiceRouter {
  readonly #parts: ServiceRouterParts;

  constructor(parts: ServiceRouterParts) {
    this.#parts = parts;
  }

  /**
   * @param node name of the node whose address it is; undefined for an address that is no node's
   * @returns undefined when the address and port are no service's
   * @throws ConnectError `refused` when there are no endpoints, `timeout` when none is left by a policy, or the service lacks the port
   */
  async route(target: Target, sender: Sender, node: string | undefined): Promise<ServiceRoute | undefined> {
    const way = wayOf((await this.#parts.directory.services()).filter(isProxied), target, node);
    if (way === undefined) return undefined;
    const fail = (failure: 'refused' | 'timeout') => new ConnectError(failure, { host: target.address, ...target });
    if (way === 'no such port' || !isLetIn(way.service, target.address, sender)) throw fail('timeout');
    const { metadata } = way.service;
    const slices = await this.#parts.directory.slices(metadata.namespace ?? '', metadata.name);
    const all = endpointsOf(isApiService(way.service) ? slices : ofFamily(slices, familyOf(target.address)), way.port);
    const alive = serving(all);
    if (alive.length === 0) throw fail('refused');
    const localTo = localNode(way.service, way, sender);
    const near = localTo === undefined ? alive : serving(all.filter(({ endpoint }) => endpoint.nodeName === localTo));
    const endpoint = this.#pick(localTo === undefined ? await this.#hinted(near, sender.node) : near, way, sender);
    if (!endpoint) throw fail('timeout');
    return { service: way.service, endpoint };
  }

  /** Those that hints give to this node or its zone, when all have hints and some fit. */
  async #hinted(ready: readonly Candidate[], node: string): Promise<readonly Candidate[]> {
    if (ready.every(({ endpoint }) => endpoint.hints?.forNodes?.length)) {
      const own = ready.filter(({ endpoint }) => endpoint.hints?.forNodes?.some(({ name }) => name === node));
      if (own.length > 0) return own;
    }
    if (!ready.every(({ endpoint }) => endpoint.hints?.forZones?.length)) return ready;
    const zone = (await this.#parts.directory.nodeLabels(node))[ZONE_LABEL];
    const own = ready.filter(({ endpoint }) => endpoint.hints?.forZones?.some(({ name }) => name === zone));
    return own.length > 0 ? own : ready;
  }

  /** By chance; with session affinity the same for one client, for as long as it is there and asked often enough. */
  #pick(choices: readonly Candidate[], { service, port }: Way, { ip }: Sender): Candidate | undefined {
    const { affinities, random, clock } = this.#parts;
    const any = () => choices[Math.floor(random.next() * choices.length)];
    const { sessionAffinity, sessionAffinityConfig } = service.spec;
    if (sessionAffinity !== 'ClientIP') return any();
    const timeoutMs = (sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS) * 1000;
    const key = affinityKey(service.metadata.uid, `${port.protocol ?? 'TCP'}/${port.port}`, ip);
    const before = affinities.get(key, clock.monotonic(), timeoutMs);
    const chosen = choices.find((one) => `${one.ip}:${one.port}` === before) ?? any();
    if (chosen) affinities.set(key, `${chosen.ip}:${chosen.port}`, clock.monotonic());
    return chosen;
  }
}

/** The Service that every cluster has. The API server is behind it whatever the family of the address that it says is its own. */
export const API_SERVICE = { namespace: 'default', name: 'kubernetes' } as const;
export const isApiService = ({ metadata: { name, namespace } }: Live<Service>): boolean =>
  name === API_SERVICE.name && namespace === API_SERVICE.namespace;

/** Each family has a kube-proxy of its own, which knows no endpoints but those of its family. */
export const ofFamily = (slices: readonly Live<EndpointSlice>[], family: IpFamily): readonly Live<EndpointSlice>[] =>
  slices.filter(({ addressType }) => addressType === family);

/** Labels of services, and of their slices, that are left to others. */
const NOT_PROXIED = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'] as const;

const isProxied = ({ metadata: { labels } }: Live<Service>): boolean => NOT_PROXIED.every((name) => labels?.[name] === undefined);

const ZONE_LABEL = 'topology.kubernetes.io/zone';
/** Upstream's DefaultClientIPServiceAffinitySeconds. */
const AFFINITY_SECONDS = 10_800;

interface Candidate {
  readonly endpoint: Endpoint;
  readonly ip: string;
  readonly port: number;
}

/** The endpoints that take traffic: the ready ones, else those that still serve while they end (KEP-1669). */
function serving(all: readonly Candidate[]): readonly Candidate[] {
  const ready = all.filter(({ endpoint }) => endpoint.conditions?.ready !== false);
  return ready.length > 0 ? ready : all.filter(({ endpoint }) => endpoint.conditions?.serving && endpoint.conditions.terminating);
}

/** The service behind an address and port; a node's port that is no service's is left to the node. */
function wayOf(services: readonly Live<Service>[], target: Target, node: string | undefined): Way | 'no such port' | undefined {
  if (node !== undefined) return nodePortWay(services, target, node);
  const owners = services.filter((service) => hasAddress(service, target.address));
  for (const service of owners) {
    const port = service.spec.ports?.find((one) => one.port === target.port && isOf(one, target.protocol));
    if (port) return { service, port, isExternal: !isClusterAddress(service, target.address) };
  }
  return owners.length > 0 ? 'no such port' : undefined;
}

function nodePortWay(services: readonly Live<Service>[], target: Target, node: string): Way | undefined {
  const family = familyOf(target.address);
  for (const service of services) {
    if (service.spec.ipFamilies?.includes(family) === false) continue;
    const port = service.spec.ports?.find((one) => one.nodePort === target.port && isOf(one, target.protocol));
    if (port) return { service, port, isExternal: true, node };
  }
  return undefined;
}

const isOf = ({ protocol = 'TCP' }: ServicePort, wanted: Protocol): boolean => protocol === wanted;

const isClusterAddress = ({ spec }: Live<Service>, address: string): boolean => (spec.clusterIPs ?? [spec.clusterIP]).includes(address);

/** Whether an address is a service's own: of the cluster, external, or a load balancer's. */
const hasAddress = (service: Live<Service>, address: string): boolean =>
  isClusterAddress(service, address) ||
  (service.spec.externalIPs ?? []).includes(address) ||
  (service.status?.loadBalancer?.ingress ?? []).some(({ ip, ipMode }) => ip === address && ipMode !== 'Proxy');

/** A load balancer's address is for those in its source ranges, when it has some; nodes reach it anyway. */
function isLetIn({ spec, status }: Live<Service>, address: string, { ip, isPod }: Sender): boolean {
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const isBalancer = (status?.loadBalancer?.ingress ?? []).some((one) => one.ip === address);
  return !isBalancer || ranges.length === 0 || !isPod || ranges.some((range) => isWithin(ip, range.trim()));
}

/**
 * The node on which endpoints have to be; undefined when all are good. What comes from within the cluster to an external address is not
 * held to `externalTrafficPolicy: Local`, which is what is on the very node that is asked: at another node's port a pod comes from outside,
 * by the address of its own node.
 */
function localNode({ spec }: Live<Service>, { isExternal, node }: Way, sender: Sender): string | undefined {
  if (!isExternal) return spec.internalTrafficPolicy === 'Local' ? sender.node : undefined;
  const asked = node ?? sender.node;
  return spec.externalTrafficPolicy === 'Local' && asked !== sender.node ? asked : undefined;
}

const endpointsOf = (slices: readonly Live<EndpointSlice>[], { name = '' }: ServicePort): Candidate[] =>
  slices.flatMap(({ endpoints = [], ports = [] }) => {
    const port = ports?.find((one) => (one.name ?? '') === name)?.port;
    return port === undefined || port === null ? [] : endpoints.map((endpoint) => ({ endpoint, ip: endpoint.addresses[0] ?? '', port }));
  });
