import type { Random } from '../../runtime/index.ts';

/** Why an address cannot be had; the texts are upstream's. */
export class AllocationError extends Error {
  override readonly name = 'AllocationError';
}

/** The addresses of a range that Services have; IPv4. Kept in memory: rebuilt from the Services at start, which are the truth. */
export class IpAllocator {
  readonly #first: number;
  readonly #size: number;
  readonly #taken = new Set<number>();
  readonly #random: Random;
  readonly range: string;

  /** @param range in CIDR form, such as `10.96.0.0/16`. */
  constructor(range: string, random: Random) {
    const { first, size } = parseCidr(range);
    this.range = range;
    this.#first = first;
    this.#size = size;
    this.#random = random;
  }

  get used(): number {
    return this.#taken.size;
  }

  /**
   * Takes a given address.
   *
   * @throws AllocationError when it is taken, or outside the range.
   */
  take(ip: string): void {
    const offset = this.#offsetOf(ip);
    if (offset === undefined)
      throw new AllocationError(`the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${this.range}`);
    if (this.#taken.has(offset)) throw new AllocationError('provided IP is already allocated');
    this.#taken.add(offset);
  }

  /**
   * Takes a free address: at random from the upper part of the range, so that the lower one stays for those who choose
   * (KEP-3070), then from the lower.
   */
  takeNext(): string {
    const reserved = Math.min(Math.max(16, Math.trunc(this.#size / 16)), 256);
    const lower = this.#size > reserved * 2 ? reserved : 0;
    const offset = this.#free(lower + 1, this.#size - 1) ?? this.#free(1, lower + 1);
    if (offset === undefined) throw new AllocationError('range is full');
    this.#taken.add(offset);
    return formatIp(this.#first + offset);
  }

  release(ip: string): void {
    const offset = this.#offsetOf(ip);
    if (offset !== undefined) this.#taken.delete(offset);
  }

  /** A free offset in [from, to), beginning at a random place. */
  #free(from: number, to: number): number | undefined {
    const count = to - from;
    if (count <= 0) return undefined;
    const start = this.#random.integer(count);
    for (let i = 0; i < count; i++) {
      const offset = from + ((start + i) % count);
      if (!this.#taken.has(offset)) return offset;
    }
    return undefined;
  }

  #offsetOf(ip: string): number | undefined {
    const value = parseIp(ip);
    const offset = value === undefined ? -1 : value - this.#first;
    // The network's own address and the last one are nobody's.
    return offset > 0 && offset < this.#size - 1 ? offset : undefined;
  }
}

/** First address and number of addresses of an IPv4 range. */
export function parseCidr(range: string): { first: number; size: number } {
  const [address = '', bits = ''] = range.split('/');
  const value = parseIp(address);
  const length = /^\d{1,2}$/.test(bits) ? Number(bits) : Number.NaN;
  if (value === undefined || !(length >= 0 && length <= 32))
    throw new AllocationError(`${range} is not an IPv4 range such as 10.96.0.0/16`);
  const size = 2 ** (32 - length);
  return { first: value - (value % size), size };
}

export function parseIp(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const parts = match?.slice(1).map(Number) ?? [];
  if (parts.length !== 4 || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export const formatIp = (value: number): string => [24, 16, 8, 0].map((shift) => Math.trunc(value / 2 ** shift) % 256).join('.');
