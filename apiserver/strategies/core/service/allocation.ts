import { apiError, coreKinds, type FieldError, fieldError, type Service } from '../../../../api/index.ts';
import { type Random, systemRandom } from '../../../../runtime/index.ts';
import { AllocationError, IpRange } from '../../../allocators/ip-range.ts';
import { PortRange } from '../../../allocators/port-range.ts';
import type { Allocation, Claim, Claims, NewClaim } from '../../../registry/claims.ts';
import type { StrategyOptions } from '../../../registry/strategy.ts';
import { ipAddressOf, isAllocatedAddress, isNodePort, NODE_PORTS, nodePortOf, SERVICE_IPS } from './claims.ts';
import { needsClusterIp, needsHealthCheckPort, needsNodePort } from './defaults.ts';

const SUBJECT = { group: '', resource: 'Service' };
const IP_TAKEN = 'provided IP is already allocated';
const PORT_TAKEN = 'provided port is already allocated';

/** What one write takes and gives back. */
interface Ledger {
  readonly claims: NewClaim[];
  readonly releases: string[];
}

/**
 * Chooses cluster IPs and node ports. Who has what is settled by the transaction that stores the Service; the numbers known to be taken, which
 * are those of the Services in the cache, only keep the choice from being made in vain.
 */
export class ServiceAllocation implements Claims<Service> {
  readonly spaces = [
    { place: SERVICE_IPS, isOurs: isAllocatedAddress },
    { place: NODE_PORTS, isOurs: isNodePort },
  ];
  readonly #objects: StrategyOptions['objects'];
  readonly #random: Random;
  readonly #ips: IpRange;
  readonly #ports: PortRange;
  #taken: Set<string> | undefined;

  constructor(options: StrategyOptions, random: Random = systemRandom) {
    this.#objects = options.objects;
    this.#random = random;
    this.#ips = new IpRange(options.serviceClusterIpRange);
    this.#ports = new PortRange(options.serviceNodePortRange);
  }

  of(service: Service): Claim[] {
    const { spec } = service;
    const ports = new Set((spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : [])));
    if (spec.healthCheckNodePort) ports.add(spec.healthCheckNodePort);
    const ips = (spec.clusterIPs ?? []).filter((ip) => ip !== '' && ip !== 'None');
    return [...ips.map((ip) => ipAddressOf(service, ip)), ...[...ports].map((port) => nodePortOf(service, port))];
  }

  /**
   * Gives a Service what it needs and has not.
   *
   * @throws ApiError (422) when something asked for by name is not to be had, (500) when a range is used up.
   */
  allocate(service: Service, old: Service | undefined): Allocation {
    const before = structuredClone(service.spec);
    const ledger: Ledger = { claims: [], releases: [] };
    this.#setFamilies(service);
    this.#allocateIp(service, old, ledger);
    this.#allocatePorts(service, old, ledger);
    this.#allocateHealthCheckPort(service, old, ledger);
    // What this very write gives back is not free yet.
    for (const claim of ledger.claims) if (ledger.releases.includes(claim.place)) claim.taken();
    return {
      ...ledger,
      undo: () => {
        service.spec = before;
      },
    };
  }

  /** One address family, IPv4; a headless Service without a selector says both, since its endpoints are anybody's. */
  #setFamilies(service: Service): void {
    const { spec } = service;
    if (!needsClusterIp(spec)) return;
    const headless = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
    const asked = spec.ipFamilyPolicy ?? '';
    if (headless) {
      spec.ipFamilies ??= asked === 'SingleStack' ? ['IPv4'] : ['IPv4', 'IPv6'];
      spec.ipFamilyPolicy ??= spec.ipFamilies.length > 1 ? 'RequireDualStack' : 'SingleStack';
      return;
    }
    if (asked === 'RequireDualStack') {
      throw invalid(service, fieldError.invalid('spec.ipFamilyPolicy', asked, 'this cluster is not configured for dual-stack services'));
    }
    const foreign = (spec.ipFamilies ?? []).indexOf('IPv6');
    if (foreign === 0) throw invalid(service, fieldError.invalid(`spec.ipFamilies[${foreign}]`, 'IPv6', 'not configured on this cluster'));
    spec.ipFamilyPolicy ??= 'SingleStack';
    if ((spec.ipFamilies?.length ?? 0) === 0) spec.ipFamilies = ['IPv4'];
  }

  #allocateIp(service: Service, old: Service | undefined, { claims, releases }: Ledger): void {
    const { spec } = service;
    const held = old && needsClusterIp(old.spec) ? old.spec.clusterIP : undefined;
    if (!needsClusterIp(spec)) {
      if (held && held !== 'None') releases.push(SERVICE_IPS + held);
      return;
    }
    if (held) return;
    if (spec.clusterIP === 'None') {
      spec.clusterIPs = ['None'];
      return;
    }
    const wanted = spec.clusterIP;
    const ip =
      wanted ||
      this.#free('failed to allocate a serviceIP', (isTaken) => this.#ips.pick(this.#random, (free) => isTaken(SERVICE_IPS + free)));
    const refused = (why: string) => fieldError.invalid('spec.clusterIPs', [ip], `failed to allocate IP ${ip}: ${why}`);
    if (wanted)
      inRange(
        () => this.#ips.check(ip),
        (why) => invalid(service, refused(why)),
      );
    const claim = ipAddressOf(service, ip);
    claims.push(wanted ? { ...claim, taken: () => refuse(invalid(service, refused(IP_TAKEN))) } : this.#oneOfMany(claim));
    spec.clusterIP = ip;
    spec.clusterIPs = [ip];
  }

  #allocatePorts(service: Service, old: Service | undefined, ledger: Ledger): void {
    const held = new Set((old?.spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : [])));
    const kept = new Set<number>();
    const byNumber = new Map<number, Set<string>>();
    if (needsNodePort(service.spec)) {
      (service.spec.ports ?? []).forEach((port, i) => {
        const protocols = byNumber.get(port.nodePort ?? 0);
        const shared = protocols !== undefined && !protocols.has(port.protocol ?? 'TCP');
        const own = port.nodePort !== undefined && held.has(port.nodePort) && !byNumber.has(port.nodePort);
        if (!(port.nodePort && (shared || own))) port.nodePort = this.#takePort(service, i, port.nodePort, ledger);
        byNumber.set(port.nodePort, new Set([...(byNumber.get(port.nodePort) ?? []), port.protocol ?? 'TCP']));
        kept.add(port.nodePort);
      });
    }
    for (const nodePort of held) if (!kept.has(nodePort)) ledger.releases.push(NODE_PORTS + nodePort);
  }

  #takePort(service: Service, index: number, wanted: number | undefined, { claims }: Ledger): number {
    const ours = (place: string) => claims.some((claim) => claim.place === place);
    if (!wanted) {
      const port = this.#freePort('failed to allocate a nodePort', ours);
      claims.push(this.#oneOfMany(nodePortOf(service, port)));
      return port;
    }
    const refused = (why: string) => invalid(service, fieldError.invalid(`spec.ports[${index}].nodePort`, wanted, why));
    inRange(() => this.#ports.check(wanted), refused);
    if (ours(NODE_PORTS + wanted)) throw refused(PORT_TAKEN);
    claims.push({ ...nodePortOf(service, wanted), taken: () => refuse(refused(PORT_TAKEN)) });
    return wanted;
  }

  #allocateHealthCheckPort(service: Service, old: Service | undefined, { claims, releases }: Ledger): void {
    const { spec } = service;
    const held = old && needsHealthCheckPort(old.spec) ? old.spec.healthCheckNodePort : undefined;
    if (!needsHealthCheckPort(spec)) {
      if (held) releases.push(NODE_PORTS + held);
      return;
    }
    if (held) return;
    const ours = (place: string) => claims.some((claim) => claim.place === place);
    const wanted = spec.healthCheckNodePort;
    // Upstream answers a taken health check port with a bare internal error.
    const what = `failed to allocate requested HealthCheck NodePort ${wanted ?? 0}`;
    const refused = (why: string) => apiError.internal(`${what}: ${why}`);
    if (!wanted) {
      const port = this.#freePort(what, ours);
      claims.push(this.#oneOfMany(nodePortOf(service, port)));
      spec.healthCheckNodePort = port;
      return;
    }
    inRange(() => this.#ports.check(wanted), refused);
    if (ours(NODE_PORTS + wanted)) throw refused(PORT_TAKEN);
    claims.push({ ...nodePortOf(service, wanted), taken: () => refuse(refused(PORT_TAKEN)) });
  }

  #freePort(what: string, isOurs: (place: string) => boolean): number {
    return this.#free(what, (isTaken) => this.#ports.pick(this.#random, (port) => isTaken(NODE_PORTS + port) || isOurs(NODE_PORTS + port)));
  }

  /** Something free. When nothing seems to be, the Services themselves are asked. @throws ApiError (500) */
  #free<T>(what: string, pick: (isTaken: (place: string) => boolean) => T | undefined): T {
    const found = pick((place) => this.#known().has(place)) ?? this.#anew(pick);
    if (found === undefined) throw apiError.internal(`${what}: range is full`);
    return found;
  }

  #anew<T>(pick: (isTaken: (place: string) => boolean) => T | undefined): T | undefined {
    const taken = this.#collect();
    this.#taken = taken;
    return pick((place) => taken.has(place));
  }

  /** Any other will do as well. */
  #oneOfMany(claim: Claim): NewClaim {
    return { ...claim, taken: () => this.#known().add(claim.place) };
  }

  /** The places that are taken, as far as is known here. */
  #known(): Set<string> {
    if (this.#taken) return this.#taken;
    const held = new Map<string, readonly string[]>();
    this.#objects.onChange<Service>(coreKinds.services, ({ type, object }) => {
      const key = `${object.metadata.namespace}/${object.metadata.name}`;
      for (const place of held.get(key) ?? []) this.#taken?.delete(place);
      const places = type === 'DELETED' ? [] : this.of(object).map(({ place }) => place);
      for (const place of places) this.#taken?.add(place);
      if (places.length > 0) held.set(key, places);
      else held.delete(key);
    });
    for (const service of this.#objects.list<Service>(coreKinds.services)) {
      held.set(
        `${service.metadata.namespace}/${service.metadata.name}`,
        this.of(service).map(({ place }) => place),
      );
    }
    this.#taken = this.#collect();
    return this.#taken;
  }

  #collect(): Set<string> {
    return new Set(this.#objects.list<Service>(coreKinds.services).flatMap((service) => this.of(service).map(({ place }) => place)));
  }
}

const invalid = (service: Service, error: FieldError) => apiError.invalid(SUBJECT, service.metadata.name ?? '', [error]);

function refuse(error: Error): never {
  throw error;
}

function inRange(check: () => void, refused: (why: string) => Error): void {
  try {
    check();
  } catch (error) {
    throw error instanceof AllocationError ? refused(error.message) : error;
  }
}
