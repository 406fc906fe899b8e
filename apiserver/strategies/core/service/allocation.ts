import { apiError, coreKinds, type FieldError, fieldError, type Service } from '../../../../api/index.ts';
import { type Random, systemRandom } from '../../../../runtime/index.ts';
import { AllocationError, IpAllocator } from '../../../allocators/ip-allocator.ts';
import { PortAllocator } from '../../../allocators/port-allocator.ts';
import type { Allocation, StrategyOptions } from '../../../registry/strategy.ts';
import { needsClusterIp, needsHealthCheckPort, needsNodePort } from './defaults.ts';

const SUBJECT = { group: '', resource: 'Service' };

/** What one write took and will let go of. */
interface Ledger {
  readonly undo: (() => void)[];
  readonly settle: (() => void)[];
}

/**
 * Cluster IPs and node ports of all Services. What is taken is read from the Services themselves when first needed, so that nothing can
 * leak or be given twice across a crash.
 */
export class ServiceAllocation {
  readonly #options: StrategyOptions;
  readonly #random: Random;
  #state: { readonly ips: IpAllocator; readonly ports: PortAllocator } | undefined;

  constructor(options: StrategyOptions, random: Random = systemRandom) {
    this.#options = options;
    this.#random = random;
  }

  /**
   * Gives a Service what it needs and has not.
   *
   * @throws ApiError (422) when something asked for by name is not to be had, (500) when a range is used up.
   */
  allocate(service: Service, old: Service | undefined): Allocation {
    const ledger: Ledger = { undo: [], settle: [] };
    const rollBack = () => {
      for (const undo of ledger.undo.splice(0)) undo();
    };
    try {
      this.#setFamilies(service);
      this.#allocateIp(service, old, ledger);
      this.#allocatePorts(service, old, ledger);
      this.#allocateHealthCheckPort(service, old, ledger);
    } catch (error) {
      rollBack();
      throw error;
    }
    return {
      rollBack,
      commit: () => {
        for (const settle of ledger.settle.splice(0)) settle();
      },
    };
  }

  /** Gives back all that a Service holds. */
  release({ spec }: Service): void {
    const { ips, ports } = this.#allocators();
    for (const ip of spec.clusterIPs ?? []) ips.release(ip);
    for (const { nodePort } of spec.ports ?? []) if (nodePort) ports.release(nodePort);
    if (spec.healthCheckNodePort) ports.release(spec.healthCheckNodePort);
  }

  #allocators() {
    this.#state ??= this.#load();
    return this.#state;
  }

  #load() {
    const ips = new IpAllocator(this.#options.serviceClusterIpRange, this.#random);
    const ports = new PortAllocator(this.#options.serviceNodePortRange, this.#random);
    for (const { spec } of this.#options.objects.list<Service>(coreKinds.services)) {
      for (const ip of spec.clusterIPs ?? []) ignoreTaken(() => ips.take(ip));
      for (const { nodePort } of spec.ports ?? []) if (nodePort) ignoreTaken(() => ports.take(nodePort));
      if (spec.healthCheckNodePort) ignoreTaken(() => ports.take(spec.healthCheckNodePort ?? 0));
    }
    return { ips, ports };
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

  #allocateIp(service: Service, old: Service | undefined, { undo, settle }: Ledger): void {
    const { spec } = service;
    const held = old && needsClusterIp(old.spec) ? old.spec.clusterIP : undefined;
    if (!needsClusterIp(spec)) {
      if (held && held !== 'None') settle.push(() => this.#allocators().ips.release(held));
      return;
    }
    if (held) return;
    if (spec.clusterIP === 'None') {
      spec.clusterIPs = ['None'];
      return;
    }
    const { ips } = this.#allocators();
    const wanted = spec.clusterIP;
    const ip = wanted ? this.#takeIp(service, wanted) : orFull('failed to allocate a serviceIP', () => ips.takeNext());
    undo.push(() => ips.release(ip));
    spec.clusterIP = ip;
    spec.clusterIPs = [ip];
  }

  #takeIp(service: Service, ip: string): string {
    try {
      this.#allocators().ips.take(ip);
      return ip;
    } catch (error) {
      throw refused(service, error, (why) => fieldError.invalid('spec.clusterIPs', [ip], `failed to allocate IP ${ip}: ${why}`));
    }
  }

  #allocatePorts(service: Service, old: Service | undefined, { undo, settle }: Ledger): void {
    const held = new Set((old?.spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : [])));
    const kept = new Set<number>();
    const byNumber = new Map<number, Set<string>>();
    if (needsNodePort(service.spec)) {
      (service.spec.ports ?? []).forEach((port, i) => {
        const protocols = byNumber.get(port.nodePort ?? 0);
        const shared = protocols !== undefined && !protocols.has(port.protocol ?? 'TCP');
        const own = port.nodePort !== undefined && held.has(port.nodePort) && !byNumber.has(port.nodePort);
        if (!(port.nodePort && (shared || own))) port.nodePort = this.#takePort(service, i, port.nodePort, undo);
        byNumber.set(port.nodePort, new Set([...(byNumber.get(port.nodePort) ?? []), port.protocol ?? 'TCP']));
        kept.add(port.nodePort);
      });
    }
    for (const nodePort of held) if (!kept.has(nodePort)) settle.push(() => this.#allocators().ports.release(nodePort));
  }

  #takePort(service: Service, index: number, wanted: number | undefined, undo: Ledger['undo']): number {
    const { ports } = this.#allocators();
    if (!wanted) {
      const port = orFull('failed to allocate a nodePort', () => ports.takeNext());
      undo.push(() => ports.release(port));
      return port;
    }
    try {
      ports.take(wanted);
    } catch (error) {
      throw refused(service, error, (why) => fieldError.invalid(`spec.ports[${index}].nodePort`, wanted, why));
    }
    undo.push(() => ports.release(wanted));
    return wanted;
  }

  #allocateHealthCheckPort({ spec }: Service, old: Service | undefined, { undo, settle }: Ledger): void {
    const held = old && needsHealthCheckPort(old.spec) ? old.spec.healthCheckNodePort : undefined;
    if (!needsHealthCheckPort(spec)) {
      if (held) settle.push(() => this.#allocators().ports.release(held));
      return;
    }
    if (held) return;
    const { ports } = this.#allocators();
    const wanted = spec.healthCheckNodePort;
    // Upstream answers a taken health check port with a bare internal error.
    const port = orFull(`failed to allocate requested HealthCheck NodePort ${wanted ?? 0}`, () => {
      if (!wanted) return ports.takeNext();
      ports.take(wanted);
      return wanted;
    });
    undo.push(() => ports.release(port));
    spec.healthCheckNodePort = port;
  }
}

const invalid = (service: Service, error: FieldError) => apiError.invalid(SUBJECT, service.metadata.name ?? '', [error]);

function refused(service: Service, error: unknown, say: (why: string) => FieldError): unknown {
  return error instanceof AllocationError ? invalid(service, say(error.message)) : error;
}

function orFull<T>(what: string, take: () => T): T {
  try {
    return take();
  } catch (error) {
    throw error instanceof AllocationError ? apiError.internal(`${what}: ${error.message}`, error) : error;
  }
}

/** Two Services that were stored with one address, or one outside the range: both keep it, as upstream's repair leaves them. */
function ignoreTaken(take: () => void): void {
  try {
    take();
  } catch (error) {
    if (!(error instanceof AllocationError)) throw error;
  }
}
