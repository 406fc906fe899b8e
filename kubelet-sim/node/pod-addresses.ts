import assert from 'node:assert/strict';
import { formatIp, parseCidr, parseIp } from '../../api/index.ts';
import type { IpPool } from '../runtime/cri.ts';

const FIRST_OFFSET = 2;
/** Of a large range the first so many addresses are handed out, more than a node has pods. */
const SIZE_MAX = 2 ** 24;
const BITS = { 4: 32, 6: 128 } as const;

/**
 * The addresses of a node's pod range, handed out in turn, so that one given back is not soon used again. The network's address and the
 * gateway (the first) are kept back, and the broadcast address.
 */
export class PodAddresses implements IpPool {
  readonly cidr: string;
  readonly #family: 4 | 6;
  readonly #base: bigint;
  readonly #size: number;
  readonly #taken = new Set<number>();
  #next = FIRST_OFFSET;

  /** @param cidr a range of either family, such as `10.244.3.0/24`. */
  constructor(cidr: string) {
    this.cidr = cidr;
    const prefix = parseCidr(cidr);
    assert(prefix, 'a range of pod addresses is a CIDR');
    this.#family = prefix.network.family;
    this.#base = prefix.network.bits;
    this.#size = Math.min(2 ** (BITS[this.#family] - prefix.length), SIZE_MAX);
  }

  take(): string | undefined {
    const last = this.#size - 2;
    if (this.#taken.size >= last - 1) return undefined;
    while (this.#taken.has(this.#next)) this.#next = this.#next >= last ? FIRST_OFFSET : this.#next + 1;
    const offset = this.#next;
    this.#next = offset >= last ? FIRST_OFFSET : offset + 1;
    this.#taken.add(offset);
    return formatIp({ family: this.#family, bits: this.#base + BigInt(offset) });
  }

  reserve(ip: string): void {
    this.#taken.add(this.#offsetOf(ip));
  }

  release(ip: string): void {
    this.#taken.delete(this.#offsetOf(ip));
  }

  #offsetOf(ip: string): number {
    const address = parseIp(ip);
    assert(address, 'a pod has an address');
    return Number(address.bits - this.#base);
  }
}
