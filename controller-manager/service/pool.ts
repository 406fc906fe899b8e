import { formatIp, type IpAddress, parseCidr, parseIp } from '../../api/index.ts';

/** Addresses from the first to the last. */
interface Range {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

const BITS = { 4: 32n, 6: 128n } as const;

/** The addresses that load balancers may have. */
export class AddressPool {
  readonly #ranges: readonly Range[];

  /**
   * @param texts CIDRs and ranges such as `198.18.0.10-198.18.0.20`.
   * @throws Error naming what is neither.
   */
  constructor(texts: readonly string[]) {
    this.#ranges = texts.map(rangeOf);
  }

  has(family: 4 | 6): boolean {
    return this.#ranges.some((range) => range.family === family);
  }

  includes(ip: string): boolean {
    const address = parseIp(ip);
    return address !== undefined && this.#ranges.some((range) => isIn(range, address));
  }

  /** The lowest address of a family that is free; undefined when there is none. */
  free(family: 4 | 6, isTaken: (ip: string) => boolean): string | undefined {
    for (const { family: of, first, last } of this.#ranges) {
      if (of !== family) continue;
      for (let bits = first; bits <= last; bits++) {
        const ip = formatIp({ family, bits });
        if (!isTaken(ip)) return ip;
      }
    }
    return undefined;
  }
}

const isIn = ({ family, first, last }: Range, address: IpAddress): boolean =>
  address.family === family && address.bits >= first && address.bits <= last;

function rangeOf(text: string): Range {
  const prefix = parseCidr(text);
  if (prefix) {
    const { family, bits } = prefix.network;
    const size = 1n << (BITS[family] - BigInt(prefix.length));
    // The first address of a network is its own name, and the last of an IPv4 network is for everybody in it.
    return { family, first: bits + (size > 2n ? 1n : 0n), last: bits + size - (family === 4 && size > 2n ? 2n : 1n) };
  }
  const [from = '', to = from, ...more] = text.split('-').map((part) => part.trim());
  const [first, last] = [parseIp(from), parseIp(to)];
  if (!first || !last || more.length > 0 || first.family !== last.family || first.bits > last.bits) {
    throw new Error(`takes CIDRs and ranges such as 198.18.0.0/16 or 198.18.0.10-198.18.0.20, not "${text}"`);
  }
  return { family: first.family, first: first.bits, last: last.bits };
}
