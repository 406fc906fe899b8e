import { formatCidr, type IpPrefix, parseCidr } from '../../api/index.ts';
import { UserError } from '../../runtime/index.ts';
import type { Settings } from '../settings.ts';

/** Largest difference of the two masks, as upstream: a map of 65,536 blocks. */
const MASK_DIFFERENCE_MAX = 16;
const FAMILIES = {
  4: { bits: 32, mask: 24, option: 'node-cidr-mask-size-ipv4' },
  6: { bits: 128, mask: 64, option: 'node-cidr-mask-size-ipv6' },
} as const;

/** A range of pod addresses, and how large a node's block of it is. */
export interface PodRange {
  readonly cluster: IpPrefix;
  readonly nodeBits: number;
}

type RangeSettings = Pick<Settings, 'clusterCidr' | 'nodeCidrMaskSize' | 'nodeCidrMaskSizeIpv4' | 'nodeCidrMaskSizeIpv6'>;

/**
 * The ranges of pod addresses: one, or one of each family. Upstream: `startNodeIpamController`, `setNodeCIDRMaskSizes`.
 *
 * @throws UserError naming the option that is wrong.
 */
export function podRanges(settings: RangeSettings): PodRange[] {
  const prefixes = settings.clusterCidr.split(',').map((text) => {
    const prefix = parseCidr(text.trim());
    if (!prefix)
      throw new UserError(`--cluster-cidr takes one range such as 10.244.0.0/16, or one of each family, not "${settings.clusterCidr}"`);
    return prefix;
  });
  const isDual = prefixes.length === 2 && prefixes[0]?.address.family !== prefixes[1]?.address.family;
  if (prefixes.length > 2) throw new UserError(`--cluster-cidr takes at most two ranges, not ${prefixes.length}`);
  if (prefixes.length === 2 && !isDual) throw new UserError('--cluster-cidr with two ranges takes one of IPv4 and one of IPv6');
  if (isDual && settings.nodeCidrMaskSize !== undefined) {
    throw new UserError(
      'usage of --node-cidr-mask-size is not allowed with dual-stack clusters: give --node-cidr-mask-size-ipv4 and -ipv6',
    );
  }
  return prefixes.map((cluster) => ({ cluster, nodeBits: nodeBitsOf(cluster, settings) }));
}

function nodeBitsOf(cluster: IpPrefix, settings: RangeSettings): number {
  const { bits, mask, option } = FAMILIES[cluster.address.family];
  const own = cluster.address.family === 4 ? settings.nodeCidrMaskSizeIpv4 : settings.nodeCidrMaskSizeIpv6;
  const [name, size] =
    own === undefined && settings.nodeCidrMaskSize !== undefined
      ? ['node-cidr-mask-size', settings.nodeCidrMaskSize]
      : [option, own ?? mask];
  const largest = Math.min(bits, cluster.length + MASK_DIFFERENCE_MAX);
  if (size < cluster.length || size > largest) {
    throw new UserError(`--${name} must be from ${cluster.length} to ${largest} with --cluster-cidr ${formatCidr(cluster)}, not ${size}`);
  }
  return size;
}

/** Hands out the blocks of a cluster's range to nodes, each to one. */
export class CidrSet {
  readonly #range: PodRange;
  readonly #blockBits: bigint;
  readonly #used: Uint8Array;
  #next = 0;
  #free: number;

  constructor(range: PodRange) {
    const { cluster, nodeBits } = range;
    this.#range = range;
    this.#blockBits = BigInt(FAMILIES[cluster.address.family].bits - nodeBits);
    this.#free = 2 ** (nodeBits - cluster.length);
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
        return this.#blockAt(index);
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

  #blockAt(index: number): string {
    const { cluster, nodeBits } = this.#range;
    const address = { family: cluster.network.family, bits: cluster.network.bits + (BigInt(index) << this.#blockBits) };
    return formatCidr({ address, network: address, length: nodeBits });
  }

  #mark(index: number, value: 0 | 1): void {
    if (this.#used[index] === value) return;
    this.#used[index] = value;
    this.#free += value === 1 ? -1 : 1;
  }

  /** The blocks that an address range touches. */
  #indexesOf(cidr: string): number[] {
    const parsed = parseCidr(cidr);
    const { network } = this.#range.cluster;
    if (parsed?.network.family !== network.family) return [];
    const size = 1n << BigInt(FAMILIES[network.family].bits - parsed.length);
    const indexOf = (bits: bigint) => Number((bits - network.bits) >> this.#blockBits);
    const from = Math.max(0, indexOf(parsed.network.bits));
    const to = Math.min(this.#used.length - 1, indexOf(parsed.network.bits + size - 1n));
    return Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  }
}
