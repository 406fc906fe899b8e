import type { Random } from '../../runtime/index.ts';
import { AllocationError } from './ip-allocator.ts';

/** The node ports that Services have, by protocol: one number can serve TCP and UDP at once, for one Service. */
export class PortAllocator {
  readonly #from: number;
  readonly #to: number;
  readonly #random: Random;
  readonly #taken = new Set<number>();

  /** @param range first and last port, both included. */
  constructor(range: { readonly from: number; readonly to: number }, random: Random) {
    this.#from = range.from;
    this.#to = range.to;
    this.#random = random;
  }

  get used(): number {
    return this.#taken.size;
  }

  /** @throws AllocationError when the port is taken, or outside the range. */
  take(port: number): void {
    if (port < this.#from || port > this.#to) {
      throw new AllocationError(`provided port is not in the valid range. The range of valid ports is ${this.#from}-${this.#to}`);
    }
    if (this.#taken.has(port)) throw new AllocationError('provided port is already allocated');
    this.#taken.add(port);
  }

  takeNext(): number {
    const count = this.#to - this.#from + 1;
    const start = this.#random.integer(count);
    for (let i = 0; i < count; i++) {
      const port = this.#from + ((start + i) % count);
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      return port;
    }
    throw new AllocationError('range is full');
  }

  release(port: number): void {
    this.#taken.delete(port);
  }
}
