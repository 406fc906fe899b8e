import type { Random } from '../../runtime/index.ts';
import { AllocationError } from './ip-range.ts';

/** How many ports are left to those who choose, as upstream's `calculateRangeOffset` (portallocator/allocator.go, KEP-3668). */
const RESERVED_MIN = 16;
const RESERVED_MAX = 128;
const RESERVED_SHARE = 32;

/** The node ports that Services can have. */
export class PortRange {
  readonly #from: number;
  readonly #to: number;

  /** @param range first and last port, both included. */
  constructor(range: { readonly from: number; readonly to: number }) {
    this.#from = range.from;
    this.#to = range.to;
  }

  /** How many ports there are. */
  get capacity(): number {
    return this.#to - this.#from + 1;
  }

  /** @throws AllocationError for a port outside. */
  check(port: number): void {
    if (port >= this.#from && port <= this.#to) return;
    throw new AllocationError(`provided port is not in the valid range. The range of valid ports is ${this.#from}-${this.#to}`);
  }

  /** Picks a free port, the first ones last. Undefined when all are taken. */
  pick(random: Random, isTaken: (port: number) => boolean): number | undefined {
    const size = this.#to - this.#from + 1;
    const reserved = size <= RESERVED_MIN ? 0 : Math.min(Math.max(RESERVED_MIN, Math.trunc(size / RESERVED_SHARE)), RESERVED_MAX);
    const upper = this.#from + reserved;
    const isFree = (port: number) => !isTaken(port);
    return pickFrom(random, upper, this.#to + 1, isFree) ?? pickFrom(random, this.#from, upper, isFree);
  }
}

/** A free number in [from, to), looked for from a random place on. */
function pickFrom(random: Random, from: number, to: number, isFree: (value: number) => boolean): number | undefined {
  const count = to - from;
  if (count <= 0) return undefined;
  const start = random.integer(count);
  for (let i = 0; i < count; i++) {
    const value = from + ((start + i) % count);
    if (isFree(value)) return value;
  }
  return undefined;
}
