import { formatCidr, type IpPrefix, parseCidr } from '../../api/index.ts';
import { UserError } from '../../runtime/index.ts';
import type { Settings } from '../settings.ts';

/** Largest difference of the two masks of IPv6, as upstream (`clusterSubnetMaxDiff`): a map of 65,536 blocks. */
const MASK_DIFFERENCE_MAX = 16;
const FAMILIES = {
  4: { bits: 32, mask: 24 },
  6: { bits: 128, mask: 64 },
} as const;

/** A range of pod addresses, and how large a node's block of it is. */
export interface PodRange {
  readonly cluster: IpPrefix;
  readonly nodeBits: number;
}

type MaskSettings = Pick<Settings, 'nodeCidrMaskSize' | 'nodeCidrMaskSizeIpv4' | 'nodeCidrMaskSizeIpv6'>;
type RangeSettings = MaskSettings & Pick<Settings, 'clusterCidr' | 'serviceClusterIpRange'>;

/**
 * The ranges of pod addresses: one, or one of each family. Upstream: `startNodeIpamController`, `cmd/kube-controller-manager/app/core.go`,
 * and `NewNodeIpamController`.
 *
 * @throws UserError that says what is wrong as upstream does.
 */
export function podRanges(settings: RangeSettings): PodRange[] {
  const clusters = clusterRanges(settings.clusterCidr);
  checkServiceRanges(settings.serviceClusterIpRange);
  const masks = nodeMasks(settings, clusters);
  return clusters.map((cluster) => {
    const nodeBits = masks[cluster.network.family];
    if (cluster.length > nodeBits) {
      throw new UserError(
        'Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size configured for CIDR family',
      );
    }
    const { bits } = FAMILIES[cluster.network.family];
    // A mask longer than the family has bits ends upstream's process at the first node.
    if (nodeBits > bits || (bits === 128 && nodeBits - cluster.length > MASK_DIFFERENCE_MAX))
      throw new UserError('New CIDR set failed; the node CIDR size is too big');
    return { cluster, nodeBits };
  });
}

/** Upstream: `validateCIDRs`. */
function clusterRanges(list: string): IpPrefix[] {
  const clusters = list
    .trim()
    .split(',')
    .map((text) => {
      const prefix = parseCidr(text);
      if (!prefix) throw new UserError(`failed to parse cidr value:${JSON.stringify(text)} with error:invalid CIDR address: ${text}`);
      return prefix;
    });
  if (clusters.length > 1 && !isDual(clusters)) {
    throw new UserError(
      `len of ClusterCIDRs==${clusters.length} and they are not configured as dual stack (at least one from each IPFamily`,
    );
  }
  if (clusters.length > 2) throw new UserError(`length of clusterCIDRs is:${clusters.length} more than max allowed of 2`);
  return clusters;
}

const isDual = (prefixes: readonly IpPrefix[]): boolean => new Set(prefixes.map(({ network }) => network.family)).size === 2;

/** Upstream warns of a range that cannot be read, and goes on without. */
function checkServiceRanges(texts: readonly string[]): void {
  const ranges = texts.slice(0, 2).flatMap((text) => parseCidr(text.trim()) ?? []);
  if (ranges.length === 2 && !isDual(ranges))
    throw new UserError('serviceCIDR and secondaryServiceCIDR are not dualstack (from different IPfamiles)');
}

/** Upstream: `setNodeCIDRMaskSizes`. */
function nodeMasks(settings: MaskSettings, clusters: readonly IpPrefix[]): Readonly<Record<4 | 6, number>> {
  const { nodeCidrMaskSize: both, nodeCidrMaskSizeIpv4: v4, nodeCidrMaskSizeIpv6: v6 } = settings;
  const masks = { 4: v4 ?? FAMILIES[4].mask, 6: v6 ?? FAMILIES[6].mask };
  const fail = (option: string, when: string) => new UserError(`usage of ${option} is not allowed ${when}`);
  if (clusters.length > 1) {
    if (both !== undefined) throw fail('--node-cidr-mask-size', 'with dual-stack clusters');
    return masks;
  }
  if (both !== undefined) {
    if (v4 === undefined && v6 === undefined) return { 4: both, 6: both };
    throw fail(
      '--node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6',
      'if --node-cidr-mask-size is set. For dual-stack clusters please unset it and use IPFamily specific flags',
    );
  }
  const isV6 = clusters[0]?.network.family === 6;
  if (isV6 && v4 !== undefined) throw fail('--node-cidr-mask-size-ipv4', 'for a single-stack IPv6 cluster');
  if (!isV6 && v6 !== undefined) throw fail('--node-cidr-mask-size-ipv6', 'for a single-stack IPv4 cluster');
  return masks;
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

  /** How many blocks there are. */
  get size(): number {
    return this.#used.length;
  }

  /** The range, as text. */
  get label(): string {
    const { network, length } = this.#range.cluster;
    return formatCidr({ address: network, network, length });
  }

  /** The next free block after the last one handed out, and how many were taken before it; undefined when there is none. */
  allocate(): { readonly cidr: string; readonly tried: number } | undefined {
    for (let tried = 0; tried < this.#used.length; tried++) {
      const index = (this.#next + tried) % this.#used.length;
      if (this.#used[index] === 0) {
        this.#mark(index, 1);
        this.#next = index + 1;
        return { cidr: this.#blockAt(index), tried };
      }
    }
    return undefined;
  }

  /** Notes a block as taken; one outside the cluster's range is nobody's business. @returns how many were free */
  occupy(cidr: string): number {
    return this.#markAll(cidr, 1);
  }

  /** @returns how many were taken */
  release(cidr: string): number {
    return this.#markAll(cidr, 0);
  }

  #markAll(cidr: string, value: 0 | 1): number {
    const before = this.#free;
    for (const index of this.#indexesOf(cidr)) this.#mark(index, value);
    return Math.abs(this.#free - before);
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
