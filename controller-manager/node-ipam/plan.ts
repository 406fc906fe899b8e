/** A block of IPv4 addresses. */
export interface Cidr {
  /** First address, as a number. */
  readonly base: number;
  readonly bits: number;
}

/** Reads `10.244.0.0/16`; undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  const parts = match?.slice(1).map(Number);
  const [a = 256, b = 256, c = 256, d = 256, bits = 33] = parts ?? [];
  if (a > 255 || b > 255 || c > 255 || d > 255 || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return { base: address - (address % size), bits };
}

const formatCidr = ({ base, bits }: Cidr): string =>
  `${Math.floor(base / 2 ** 24)}.${Math.floor(base / 2 ** 16) % 256}.${Math.floor(base / 256) % 256}.${base % 256}/${bits}`;

/** Hands out the blocks of a cluster's range to nodes, each to one. */
export class CidrSet {
  readonly #cluster: Cidr;
  readonly #nodeBits: number;
  readonly #used: Uint8Array;
  #next = 0;
  #free: number;

  /** @param nodeBits mask size of a node's block. */
  constructor(cluster: Cidr, nodeBits: number) {
    this.#cluster = cluster;
    this.#nodeBits = nodeBits;
    this.#free = 2 ** Math.max(0, nodeBits - cluster.bits);
    this.#used = new Uint8Array(this.#free);
  }

  get free(): number {
    return this.#free;
  }

  /** The next free block after the last one handed out; undefined when there is none. */
  allocate(): string | undefined {
    for (let tried = 0; tried < this.#used.length; tried++) {
      const index = (this.#next + tried) % this.#used.length;
      if (this.#used[index] === 0) {
        this.#mark(index, 1);
        this.#next = index + 1;
        return formatCidr({ base: this.#cluster.base + index * this.#blockSize, bits: this.#nodeBits });
      }
    }
    return undefined;
  }

  /** Notes a block as taken; one outside the cluster's range is nobody's business. */
  occupy(cidr: string): void {
    for (const index of this.#indexesOf(cidr)) this.#mark(index, 1);
  }

  release(cidr: string): void {
    for (const index of this.#indexesOf(cidr)) this.#mark(index, 0);
  }

  get #blockSize(): number {
    return 2 ** (32 - this.#nodeBits);
  }

  #mark(index: number, value: 0 | 1): void {
    if (this.#used[index] === value) return;
    this.#used[index] = value;
    this.#free += value === 1 ? -1 : 1;
  }

  /** The blocks that an address range touches. */
  #indexesOf(cidr: string): number[] {
    const parsed = parseCidr(cidr);
    if (!parsed) return [];
    const first = Math.floor((parsed.base - this.#cluster.base) / this.#blockSize);
    const last = Math.floor((parsed.base + 2 ** (32 - parsed.bits) - 1 - this.#cluster.base) / this.#blockSize);
    const from = Math.max(0, first);
    const to = Math.min(this.#used.length - 1, last);
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  }
}
