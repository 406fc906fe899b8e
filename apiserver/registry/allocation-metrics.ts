import type { Clock } from '../../runtime/index.ts';
import { CounterFamily, HistogramFamily, metricLines } from './metric-families.ts';

/** How something was chosen: by who asked for it, or by the server. */
export type AllocationScope = 'static' | 'dynamic';

/** A range of addresses, as it is now. */
export interface RangeUse {
  readonly cidr: string;
  readonly allocated: number;
  readonly available: number;
}

/** What is taken, and how much is left. */
export interface AllocationState {
  readonly ranges: readonly RangeUse[];
  readonly ports: Omit<RangeUse, 'cidr'>;
}

/** Prometheus' default buckets. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const IPS = 'kube_apiserver_clusterip_allocator';
const PORTS = 'kube_apiserver_nodeport_allocator';

/** Counts cluster IPs and node ports that Services are given. Upstream: `pkg/registry/core/service/{ip,port}allocator/metrics.go`. */
export class AllocationMetrics {
  readonly #clock: Clock;
  readonly #ips = new CounterFamily(`${IPS}_allocation_total`, 'Cluster IPs that were given.');
  readonly #ipErrors = new CounterFamily(`${IPS}_allocation_errors_total`, 'Cluster IPs that could not be given.');
  readonly #seconds = new HistogramFamily(`${IPS}_allocation_duration_seconds`, 'How long it took to give a cluster IP.', SECONDS);
  readonly #ports = new CounterFamily(`${PORTS}_allocation_total`, 'Node ports that were given.');
  readonly #portErrors = new CounterFamily(`${PORTS}_allocation_errors_total`, 'Node ports that could not be given.');
  #state: (() => AllocationState) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param state is asked when metrics are read. */
  observe(state: () => AllocationState): void {
    this.#state = state;
  }

  /** Milliseconds that only go forward. */
  now(): number {
    return this.#clock.monotonic();
  }

  /** @param since when it was begun, by {@link now}. */
  ipGiven(cidr: string, scope: AllocationScope, since: number): void {
    this.#ips.add({ cidr, scope });
    this.#seconds.of({ cidr }).observe((this.now() - since) / 1000);
  }

  ipRefused(cidr: string, scope: AllocationScope): void {
    this.#ipErrors.add({ cidr, scope });
  }

  portGiven(scope: AllocationScope): void {
    this.#ports.add({ scope });
  }

  portRefused(scope: AllocationScope): void {
    this.#portErrors.add({ scope });
  }

  /** Prometheus' text format. */
  text(): string {
    const { ranges, ports } = this.#state?.() ?? { ranges: [], ports: { allocated: 0, available: 0 } };
    const each = (of: (range: RangeUse) => number) => ranges.map((range) => [`cidr="${range.cidr}"`, of(range)] as const);
    const lines = [
      ...metricLines(
        'gauge',
        `${IPS}_allocated_ips`,
        'Cluster IPs that are taken.',
        each(({ allocated }) => allocated),
      ),
      ...metricLines(
        'gauge',
        `${IPS}_available_ips`,
        'Cluster IPs that are left.',
        each(({ available }) => available),
      ),
      ...[this.#ips, this.#ipErrors, this.#seconds, this.#ports, this.#portErrors].flatMap((family) => family.lines()),
      ...metricLines('gauge', `${PORTS}_allocated_ports`, 'Node ports that are taken.', [['', ports.allocated]]),
      ...metricLines('gauge', `${PORTS}_available_ports`, 'Node ports that are left.', [['', ports.available]]),
    ];
    return `${lines.join('\n')}\n`;
  }
}
