import { apiError, coreKinds, type FieldError, fieldError, type IpFamily, type Service } from '../../../../api/index.ts';
import { cloneJson } from '../../../../api/schema.ts';
import { type Random, systemRandom } from '../../../../runtime/index.ts';
import { AllocationError, type IpRange } from '../../../allocators/ip-range.ts';
import { PortRange } from '../../../allocators/port-range.ts';
import type { AllocationMetrics, AllocationState } from '../../../registry/allocation-metrics.ts';
import type { Allocation, Claim, Claims, NewClaim } from '../../../registry/claims.ts';
import type { StrategyOptions } from '../../../registry/strategy.ts';
import { listOf } from '../../../validation/field-errors.ts';
import { ipAddressOf, isAllocatedAddress, isNodePort, NODE_PORTS, nodePortOf, placeOfIp, SERVICE_IPS } from './claims.ts';
import { hasNodePorts, needsClusterIp, needsHealthCheckPort } from './defaults.ts';
import { keepsPreferred, setFamilies } from './families.ts';
import { nodePortsOf, takeChangedNodePorts, takeNewNodePorts } from './node-ports.ts';
import { ServiceRanges } from './ranges.ts';

const SUBJECT = { group: '', resource: 'Service' };
const IP_TAKEN = 'provided IP is already allocated';
const PORT_TAKEN = 'provided port is already allocated';

/** An address that is wanted: one of several, which errors show. */
interface Asked {
  readonly index: number;
  readonly ips: readonly string[];
  readonly ledger: Ledger;
}

/** What one write takes and gives back. */
interface Ledger {
  readonly claims: NewClaim[];
  readonly releases: string[];
  /** Whether it is only said what would be: numbers are made up then, and ranges of ports are not looked at. */
  readonly isDry: boolean;
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
  readonly #ips: ServiceRanges;
  readonly #ports: PortRange;
  readonly #metrics: AllocationMetrics | undefined;
  #taken: Set<string> | undefined;

  constructor(options: StrategyOptions, random: Random = systemRandom) {
    this.#objects = options.objects;
    this.#random = random;
    this.#ips = new ServiceRanges(options);
    this.#ports = new PortRange(options.serviceNodePortRange);
    this.#metrics = options.allocations;
    this.#metrics?.observe(() => this.#state());
  }

  /** What is taken, and what is left. */
  #state(): AllocationState {
    const taken = [...this.#known()];
    const ips = taken.filter((place) => place.startsWith(SERVICE_IPS)).map((place) => place.slice(SERVICE_IPS.length));
    const ports = taken.length - ips.length;
    const ranges = this.#ips.families.flatMap((family) => this.#ips.of(family));
    return {
      ranges: ranges.map((range) => {
        const allocated = ips.filter((ip) => range.covers(ip)).length;
        return { cidr: range.text, allocated, available: range.capacity - allocated };
      }),
      ports: { allocated: ports, available: this.#ports.capacity - ports },
    };
  }

  /** The family of Services that do not say which they want. */
  get primaryFamily(): IpFamily {
    return this.#ips.families[0] ?? 'IPv4';
  }

  of(service: Service): Claim[] {
    const { spec } = service;
    // A Service of another type may carry numbers that it never had.
    const ports = new Set(hasNodePorts(spec) ? nodePortsOf(service) : []);
    if (spec.healthCheckNodePort) ports.add(spec.healthCheckNodePort);
    const ips = (spec.clusterIPs ?? []).filter((ip) => ip !== '' && ip !== 'None');
    return [...ips.map((ip) => ipAddressOf(service, ip)), ...[...ports].map((port) => nodePortOf(service, port))];
  }

  /**
   * Gives a Service what it needs and has not.
   *
   * @throws ApiError (422) when something asked for by name is not to be had, (500) when a range is used up.
   */
  allocate(service: Service, old: Service | undefined, isDry = false): Allocation {
    const before = cloneJson(service.spec);
    const ledger: Ledger = { claims: [], releases: [], isDry };
    setFamilies(service, old, this.#ips.families);
    this.#allocateIps(service, old, ledger);
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

  /** Upstream: `allocClusterIPs`, `updateClusterIPs`. */
  #allocateIps(service: Service, old: Service | undefined, ledger: Ledger): void {
    const { spec } = service;
    if (old && keepsPreferred(spec, old.spec)) return;
    const held = old && needsClusterIp(old.spec) ? listOf(old.spec.clusterIPs) : [];
    const families = needsClusterIp(spec) ? listOf(spec.ipFamilies) : [];
    if (held[0] === 'None') return;
    // A second address is given back with its family, all of them by a Service that has none.
    if (old && families.length < held.length) ledger.releases.push(...held.slice(families.length).map(placeOfIp));
    if (!needsClusterIp(spec)) return;
    if (spec.clusterIP === 'None') {
      spec.clusterIPs = ['None'];
      return;
    }
    // What it has stays: only what comes beside it is new.
    if (held.length > 0 && families.length <= held.length) return;
    const ips = families.map((_, i) => spec.clusterIPs?.[i] ?? '');
    const given = families.map((family, i) =>
      i < held.length ? (ips[i] ?? '') : this.#claimIp(service, family, { index: i, ips, ledger }),
    );
    spec.clusterIPs = given;
    spec.clusterIP = given[0] ?? '';
  }

  #claimIp(service: Service, family: string, { index, ips, ledger: { claims, isDry } }: Asked): string {
    const wanted = ips[index];
    const ranges = this.#ips.of(family);
    const misfit = (why: string) => invalid(service, fieldError.invalid('spec.clusterIPs', ips, `failed to allocate IP ${wanted}: ${why}`));
    if (isDry) return triedIp(ranges[0], wanted, misfit);
    const metrics = this.#metrics;
    const since = metrics?.now() ?? 0;
    if (!wanted) {
      const pick = (isTaken: (place: string) => boolean) =>
        firstOf(ranges, (each) => each.pick(this.#random, (free) => isTaken(placeOfIp(free))));
      const ip = this.#free('failed to allocate a serviceIP', pick, () => {
        for (const { text } of ranges) metrics?.ipRefused(text, 'dynamic');
      });
      const cidr = ranges.find((each) => each.has(ip))?.text ?? '';
      claims.push({ ...this.#oneOfMany(ipAddressOf(service, ip)), made: () => metrics?.ipGiven(cidr, 'dynamic', since) });
      return ip;
    }
    // What is the network's own is in none, but in a larger one it may be like any other.
    const range = ranges.find((each) => each.has(wanted));
    if (!range) throw misfit('the provided network does not match the current range');
    const refused = (why: string) => {
      metrics?.ipRefused(range.text, 'static');
      return misfit(why);
    };
    claims.push({
      ...ipAddressOf(service, wanted),
      taken: () => refuse(refused(IP_TAKEN)),
      made: () => metrics?.ipGiven(range.text, 'static', since),
    });
    return wanted;
  }

  #allocatePorts(service: Service, old: Service | undefined, ledger: Ledger): void {
    const held = new Set(old && hasNodePorts(old.spec) ? nodePortsOf(old) : []);
    if (hasNodePorts(service.spec)) {
      const taker = {
        take: (port: number, i: number) => this.#takePort(service, i, port, ledger),
        takeAny: () => this.#takeAnyPort(service, ledger),
      };
      if (old) takeChangedNodePorts(service, held, taker);
      else takeNewNodePorts(service, taker);
    }
    const kept = hasNodePorts(service.spec) ? nodePortsOf(service) : [];
    for (const nodePort of held) if (!kept.includes(nodePort)) ledger.releases.push(NODE_PORTS + nodePort);
  }

  #takePort(service: Service, index: number, wanted: number, { claims, isDry }: Ledger): void {
    const refused = (why: string) => {
      if (!isDry) this.#metrics?.portRefused('static');
      return invalid(service, fieldError.invalid(`spec.ports[${index}].nodePort`, wanted, why));
    };
    if (!isDry) inRange(() => this.#ports.check(wanted), refused);
    if (claims.some(({ place }) => place === NODE_PORTS + wanted)) throw refused(PORT_TAKEN);
    claims.push(this.#wantedPort(service, wanted, () => refused(PORT_TAKEN)));
  }

  #takeAnyPort(service: Service, ledger: Ledger): number {
    const port = this.#freePort('failed to allocate a nodePort', ledger);
    ledger.claims.push(this.#anyPort(service, port));
    return port;
  }

  #anyPort(service: Service, port: number): NewClaim {
    return { ...this.#oneOfMany(nodePortOf(service, port)), made: () => this.#metrics?.portGiven('dynamic') };
  }

  #wantedPort(service: Service, port: number, refused: () => Error): NewClaim {
    const made = () => this.#metrics?.portGiven('static');
    return { ...nodePortOf(service, port), taken: () => refuse(refused()), made, inDryRun: true };
  }

  #allocateHealthCheckPort(service: Service, old: Service | undefined, ledger: Ledger): void {
    const { claims, releases, isDry } = ledger;
    const { spec } = service;
    const held = old && needsHealthCheckPort(old.spec) ? old.spec.healthCheckNodePort : undefined;
    if (!needsHealthCheckPort(spec)) {
      if (held) releases.push(NODE_PORTS + held);
      return;
    }
    if (held) return;
    const wanted = spec.healthCheckNodePort;
    // Upstream answers a taken health check port with a bare internal error.
    const refused = (why: string) => {
      if (!isDry) this.#metrics?.portRefused('static');
      return apiError.internal(`failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`);
    };
    if (!wanted) {
      const port = this.#freePort('failed to allocate a HealthCheck NodePort 0', ledger);
      claims.push(this.#anyPort(service, port));
      spec.healthCheckNodePort = port;
      return;
    }
    if (!isDry) inRange(() => this.#ports.check(wanted), refused);
    if (claims.some(({ place }) => place === NODE_PORTS + wanted)) throw refused(PORT_TAKEN);
    claims.push(this.#wantedPort(service, wanted, () => refused(PORT_TAKEN)));
  }

  #freePort(what: string, { claims, isDry }: Ledger): number {
    if (isDry) return madeUpPort(claims);
    const isOurs = (place: string) => claims.some((claim) => claim.place === place);
    const pick = (isTaken: (place: string) => boolean) =>
      this.#ports.pick(this.#random, (port) => isTaken(NODE_PORTS + port) || isOurs(NODE_PORTS + port));
    return this.#free(what, pick, () => this.#metrics?.portRefused('dynamic'));
  }

  /** Something free. When nothing seems to be, the Services themselves are asked. @throws ApiError (500) */
  #free<T>(what: string, pick: (isTaken: (place: string) => boolean) => T | undefined, onFull: () => void): T {
    const found = pick((place) => this.#known().has(place)) ?? this.#anew(pick);
    if (found !== undefined) return found;
    onFull();
    throw apiError.internal(`${what}: range is full`);
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

/** The first thing that any of them gives. */
function firstOf<T, R>(all: readonly T[], give: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const given = give(one);
    if (given !== undefined) return given;
  }
  return undefined;
}

function inRange(check: () => void, refused: (why: string) => Error): void {
  try {
    check();
  } catch (error) {
    throw error instanceof AllocationError ? refused(error.message) : error;
  }
}

/** What a dry run says of an address: the network's own for one that is not named, and any other of the first range. Upstream: `dryRunAllocator`. */
function triedIp(range: IpRange | undefined, wanted: string | undefined, misfit: (why: string) => Error): string {
  if (wanted && range) inRange(() => range.check(wanted), misfit);
  return wanted || (range?.text.split('/')[0] ?? '');
}

/** The port before the first one that a dry run makes up. */
const BEFORE_MADE_UP = 32_768;

/** The next one behind those that are taken by the same dry run. Upstream: `AllocateNext` of portallocator/operation.go. */
function madeUpPort(claims: readonly NewClaim[]): number {
  const ports = claims.flatMap(({ place }) => (place.startsWith(NODE_PORTS) ? [Number(place.slice(NODE_PORTS.length))] : []));
  return (ports.length === 0 ? BEFORE_MADE_UP : Math.max(...ports)) + 1;
}
