import { type Node, parseCidr, parseIp } from '../../api/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';
import { PodAddresses } from './pod-addresses.ts';

/** A node that nobody gave a pod range after this long takes its own. */
const WAIT_MS = 2000;

export interface PodRangeOptions {
  /** Ranges to take when nobody gives any, one or one of each family; none to wait for as long as it takes. */
  readonly own: readonly string[];
  /** The node's own first address: pods' first addresses are of its family. */
  readonly nodeIp: string;
  readonly clock: Clock;
  /** Writes the ranges into the node, which the API server takes once only. */
  readonly take: (cidrs: readonly string[]) => Promise<void>;
  readonly onChange: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** The addresses that a node has for its pods: those of the ranges that a controller gives it, or its own where there is no controller. */
export class PodRange {
  readonly #options: PodRangeOptions;
  /** Those of the pool. */
  #cidrs = '';
  #pool: PodAddresses | undefined;
  #timer: Timer | undefined;

  constructor(options: PodRangeOptions) {
    this.#options = options;
  }

  get pool(): PodAddresses | undefined {
    return this.#pool;
  }

  nodeChanged({ spec }: Node): void {
    const { own } = this.#options;
    if (spec?.podCIDR) this.#use(spec.podCIDRs ?? [spec.podCIDR]);
    else if (!this.#pool && !this.#timer && own.length > 0) this.#takeLater(own);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Upstream: `sortPodIPs`, `pkg/kubelet/kubelet_pods.go`. */
  #use(cidrs: readonly string[]): void {
    this.#timer?.cancel();
    if (this.#cidrs === cidrs.join()) return;
    this.#cidrs = cidrs.join();
    const [first = '', second] = cidrs;
    const isSwapped = second !== undefined && parseCidr(second)?.network.family === parseIp(this.#options.nodeIp)?.family;
    this.#pool = isSwapped ? new PodAddresses(second, first) : new PodAddresses(first, second);
    this.#options.onChange();
  }

  #takeLater(cidrs: readonly string[]): void {
    const { clock, take, onFailed } = this.#options;
    this.#timer = clock.setTimer(WAIT_MS, () => {
      if (this.#pool) return;
      take(cidrs).catch((error: unknown) => {
        onFailed(error);
        this.#takeLater(cidrs);
      });
    });
  }
}
