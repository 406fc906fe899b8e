import assert from 'node:assert/strict';
import { formatIp, type IpPrefix, parseCidr, parseIp } from '../../api/index.ts';
import type { IpPool } from '../runtime/cri.ts';

const FIRST_OFFSET = 2;
/** Of a large range the first so many addresses are handed out, more than a node has pods. */
const SIZE_MAX = 2 ** 24;
const BITS = { 4: 32, 6: 128 } as const;

/**
 * The addresses of a node's pod range, handed out in turn, so that one given back is not soon used again. The network's address and the
 * gateway (the first) are kept back, and the broadcast address. With a range of the other family, each address has one of that at the same
 * place, and the smaller range says how many there are:
 *
 * ```
 * 10.244.3.0/24    10.244.3.2    10.244.3.3    …    10.244.3.254
 * fd00:3::/64      fd00:3::2     fd00:3::3     …    fd00:3::fe
 * ```
 */
export class PodAddresses implements IpPool {
  readonly #range: IpPrefix['network'];
  readonly #second: IpPrefix['network'] | undefined;
  readonly #size: number;
  readonly #taken = new Set<number>();
  #next = FIRST_OFFSET;

  /**
   * @param cidr a range of either family, such as `10.244.3.0/24`
   * @param second one of the other family
   */
  constructor(cidr: string, second?: string) {
    const ranges = (second === undefined ? [cidr] : [cidr, second]).map(prefixOf);
    const [first, other] = ranges;
    assert(first, 'there is a range');
    this.#range = first.network;
    this.#second = other?.network;
    this.#size = Math.min(...ranges.map(({ network, length }) => 2 ** (BITS[network.family] - length)), SIZE_MAX);
  }

  take(): string | undefined {
    const last = this.#size - 2;
    if (this.#taken.size >= last - 1) return undefined;
    while (this.#taken.has(this.#next)) this.#next = this.#next >= last ? FIRST_OFFSET : this.#next + 1;
    const offset = this.#next;
    this.#next = offset >= last ? FIRST_OFFSET : offset + 1;
    this.#taken.add(offset);
    return addressAt(this.#range, offset);
  }

  reserve(ip: string): void {
    this.#taken.add(this.#offsetOf(ip));
  }

  release(ip: string): void {
    this.#taken.delete(this.#offsetOf(ip));
  }

  secondOf(ip: string): string | undefined {
    if (!this.#second) return undefined;
    const offset = this.#offsetOf(ip);
    // One from before the node had these ranges has no other.
    return offset >= 0 && offset < this.#size ? addressAt(this.#second, offset) : undefined;
  }

  #offsetOf(ip: string): number {
    const address = parseIp(ip);
    assert(address, 'a pod has an address');
    return Number(address.bits - this.#range.bits);
  }
}

function prefixOf(cidr: string): IpPrefix {
  const prefix = parseCidr(cidr);
  assert(prefix, 'a range of pod addresses is a CIDR');
  return prefix;
}

const addressAt = ({ family, bits }: IpPrefix['network'], offset: number): string => formatIp({ family, bits: bits + BigInt(offset) });
