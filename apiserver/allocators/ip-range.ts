import type { Random } from '../../runtime/index.ts';

/** Why an address or a port cannot be had; the texts are upstream's. */
export class AllocationError extends Error {
  override readonly name = 'AllocationError';
}

/** What a taken address or port is told of. */
export const ALREADY_ALLOCATED = 'already allocated';

/** The addresses that Services can have; IPv4. */
export class IpRange {
  readonly #first: number;
  readonly #size: number;
  readonly #text: string;

  /** @param range in CIDR form, such as `10.96.0.0/16`. */
  constructor(range: string) {
    const { first, size } = parseCidr(range);
    this.#text = range;
    this.#first = first;
    this.#size = size;
  }

  /** @throws AllocationError for an address outside, and for the network's own and the last one, which are nobody's. */
  check(ip: string): void {
    const value = parseIp(ip);
    const offset = value === undefined ? -1 : value - this.#first;
    if (offset > 0 && offset < this.#size - 1) return;
    throw new AllocationError(`the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${this.#text}`);
  }

  /**
   * Picks a free address: at random from the upper part of the range, so that the lower one stays for those who choose
   * (KEP-3070), then from the lower. Undefined when all are taken.
   */
  pick(random: Random, isTaken: (ip: string) => boolean): string | undefined {
    const reserved = Math.min(Math.max(16, Math.trunc(this.#size / 16)), 256);
    const lower = this.#size > reserved * 2 ? reserved : 0;
    const ipAt = (offset: number) => formatIp(this.#first + offset);
    const free = (offset: number) => !isTaken(ipAt(offset));
    const offset = pickFrom(random, lower + 1, this.#size - 1, free) ?? pickFrom(random, 1, lower + 1, free);
    return offset === undefined ? undefined : ipAt(offset);
  }
}

/** A free number in [from, to), looked for from a random place on. */
export function pickFrom(random: Random, from: number, to: number, isFree: (value: number) => boolean): number | undefined {
  const count = to - from;
  if (count <= 0) return undefined;
  const start = random.integer(count);
  for (let i = 0; i < count; i++) {
    const value = from + ((start + i) % count);
    if (isFree(value)) return value;
  }
  return undefined;
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
