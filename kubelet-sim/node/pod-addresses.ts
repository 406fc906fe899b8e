import type { IpPool } from '../runtime/cri.ts';

/**
 * The addresses of a node's pod range, handed out in turn, so that one given back is not soon used again. The network's address and the
 * gateway (the first) are kept back, and the broadcast address.
 */
export class PodAddresses implements IpPool {
  readonly cidr: string;
  readonly #base: number;
  readonly #size: number;
  readonly #taken = new Set<number>();
  #next = 2;

  /** @param cidr an IPv4 range such as `10.244.3.0/24`. */
  constructor(cidr: string) {
    this.cidr = cidr;
    const [address = '', bits = '24'] = cidr.split('/');
    this.#size = 2 ** (32 - Number(bits));
    this.#base = toNumber(address) - (toNumber(address) % this.#size);
  }

  take(): string | undefined {
    const last = this.#size - 2;
    if (this.#taken.size >= last - 1) return undefined;
    while (this.#taken.has(this.#next)) this.#next = this.#next >= last ? 2 : this.#next + 1;
    const offset = this.#next;
    this.#next = offset >= last ? 2 : offset + 1;
    this.#taken.add(offset);
    return toText(this.#base + offset);
  }

  reserve(ip: string): void {
    this.#taken.add(toNumber(ip) - this.#base);
  }

  release(ip: string): void {
    this.#taken.delete(toNumber(ip) - this.#base);
  }
}

const toNumber = (ip: string): number => ip.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toText = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
