import { formatCidr, formatIp, type IpFamily, parseCidr, parseIp } from '../../api/index.ts';
import type { Random } from '../../runtime/index.ts';

/** Why an address or a port cannot be had; the texts are upstream's. */
export class AllocationError extends Error {
  override readonly name = 'AllocationError';
}

/** An address as it is stored: `fd00::1`. */
export function canonicalIp(ip: string): string {
  const parsed = parseIp(ip);
  return parsed ? formatIp(parsed) : ip;
}

/** How many addresses are left to those who choose, as upstream's `calculateRangeOffset` (ipallocator/ipallocator.go, KEP-3070). */
const RESERVED_MIN = 16n;
const RESERVED_MAX = 256n;
const RESERVED_SHARE = 16n;

/** The addresses of one family that Services can have. */
export class IpRange {
  readonly family: IpFamily;
  readonly text: string;
  readonly #first: bigint;
  readonly #size: bigint;

  /** @param range in CIDR form, such as `10.96.0.0/16`. @throws AllocationError when it is none. */
  constructor(range: string) {
    const prefix = parseCidr(range);
    if (!prefix) throw new AllocationError(`${range} is not a range such as 10.96.0.0/16`);
    const { network, length } = prefix;
    this.text = formatCidr(prefix);
    this.family = network.family === 6 ? 'IPv6' : 'IPv4';
    this.#first = network.bits;
    this.#size = 1n << BigInt((network.family === 6 ? 128 : 32) - length);
  }

  /** The first address that can be given: the Service `kubernetes`. */
  get firstIp(): string {
    return this.#ipAt(1n);
  }

  /** How many addresses can be given. */
  get capacity(): number {
    return Number(this.#last);
  }

  /** Whether an address can be given. The network's own is nobody's, and for IPv4 the last one, by which all are meant. */
  has(ip: string): boolean {
    const parsed = parseIp(ip);
    if (!parsed || (parsed.family === 6) !== (this.family === 'IPv6')) return false;
    const offset = parsed.bits - this.#first;
    return offset > 0n && offset <= this.#last;
  }

  /** Whether an address lies in the range, be it one that can be given or not. */
  covers(ip: string): boolean {
    const parsed = parseIp(ip);
    if (!parsed || (parsed.family === 6) !== (this.family === 'IPv6')) return false;
    return parsed.bits >= this.#first && parsed.bits < this.#first + this.#size;
  }

  /** @throws AllocationError for an address that cannot be given. */
  check(ip: string): void {
    if (this.has(ip)) return;
    throw new AllocationError(`the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${this.text}`);
  }

  /**
   * Picks a free address: at random from the upper part of the range, so that the lower one stays for those who choose, then from the
   * lower. Undefined when all are taken.
   */
  pick(random: Random, isTaken: (ip: string) => boolean): string | undefined {
    const lower = this.#reserved;
    const free = (offset: bigint) => !isTaken(this.#ipAt(offset));
    const offset = pickBetween(random, lower + 1n, this.#last + 1n, free) ?? pickBetween(random, 1n, lower + 1n, free);
    return offset === undefined ? undefined : this.#ipAt(offset);
  }

  get #last(): bigint {
    return this.family === 'IPv6' ? this.#size - 1n : this.#size - 2n;
  }

  get #reserved(): bigint {
    if (this.#size <= RESERVED_MIN) return 0n;
    const share = this.#size / RESERVED_SHARE;
    return share < RESERVED_MIN ? RESERVED_MIN : share > RESERVED_MAX ? RESERVED_MAX : share;
  }

  #ipAt(offset: bigint): string {
    return formatIp({ family: this.family === 'IPv6' ? 6 : 4, bits: this.#first + offset });
  }
}

/** Numbers below this are drawn at once; larger ones in two parts. */
const DRAWN_MAX = 2n ** 32n;

/** A number in [0, bound); not quite even for what is drawn in two parts. */
function draw(random: Random, bound: bigint): bigint {
  if (bound <= DRAWN_MAX) return BigInt(random.integer(Number(bound)));
  return (draw(random, DRAWN_MAX) + draw(random, bound / DRAWN_MAX) * DRAWN_MAX) % bound;
}

/** A free number in [from, to), looked for from a random place on. */
function pickBetween(random: Random, from: bigint, to: bigint, isFree: (value: bigint) => boolean): bigint | undefined {
  const count = to - from;
  if (count <= 0n) return undefined;
  const start = draw(random, count);
  for (let i = 0n; i < count; i++) {
    const value = from + ((start + i) % count);
    if (isFree(value)) return value;
  }
  return undefined;
}
