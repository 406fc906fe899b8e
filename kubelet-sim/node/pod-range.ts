import type { Node } from '../../api/index.ts';
import type { Clock, Timer } from '../../runtime/index.ts';
import { PodAddresses } from './pod-addresses.ts';

/** A node that nobody gave a pod range after this long takes its own. */
const WAIT_MS = 2000;

export interface PodRangeOptions {
  /** The range to take when nobody gives one; undefined to wait for as long as it takes. */
  readonly own: string | undefined;
  readonly clock: Clock;
  /** Writes the range into the node, which the API server takes once only. */
  readonly take: (cidr: string) => Promise<void>;
  readonly onChange: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** The addresses that a node has for its pods: those of the range that a controller gives it, or its own where there is no controller. */
export class PodRange {
  readonly #options: PodRangeOptions;
  #pool: PodAddresses | undefined;
  #timer: Timer | undefined;

  constructor(options: PodRangeOptions) {
    this.#options = options;
  }

  get pool(): PodAddresses | undefined {
    return this.#pool;
  }

  nodeChanged({ spec }: Node): void {
    if (spec?.podCIDR) this.#use(spec.podCIDR);
    else if (!this.#pool && !this.#timer && this.#options.own) this.#takeLater(this.#options.own);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #use(cidr: string): void {
    this.#timer?.cancel();
    if (this.#pool?.cidr === cidr) return;
    this.#pool = new PodAddresses(cidr);
    this.#options.onChange();
  }

  #takeLater(cidr: string): void {
    const { clock, take, onFailed } = this.#options;
    this.#timer = clock.setTimer(WAIT_MS, () => {
      if (this.#pool) return;
      take(cidr).catch((error: unknown) => {
        onFailed(error);
        this.#takeLater(cidr);
      });
    });
  }
}
