// The devices that a node can reach, by pool. Upstream: `dynamic-resource-allocation/structured/internal/experimental/pools_experimental.go`.
import { type Device, keyOf, type Live, matchesNodeSelector, type Node, type ResourceSlice } from '../../../../api/index.ts';

export type Slice = Live<ResourceSlice>;

/** A device of a slice. */
export interface PoolDevice {
  /** `driver/pool/device`. */
  readonly id: string;
  readonly device: Device;
  readonly slice: Slice;
}

/** The slices of a pool of its newest generation, as far as they are published and the node reaches them. */
export interface Pool {
  /** `driver/pool`. */
  readonly id: string;
  readonly name: string;
  readonly devices: readonly PoolDevice[];
  readonly isIncomplete: boolean;
  /** Why nothing may be allocated from it. */
  readonly invalid: string | undefined;
}

export const deviceId = (driver: string, pool: string, device: string): string => `${driver}/${pool}/${device}`;

/** The slices that drivers have published, by the node that reaches them. */
export class Inventory {
  readonly #byNode = new Map<string, Map<string, Slice>>();
  /** Those that are not of one node. */
  readonly #others = new Map<string, Slice>();
  readonly #devices = new WeakMap<Slice, readonly PoolDevice[]>();

  set(slice: Slice): void {
    this.#of(slice).set(keyOf(slice), slice);
  }

  delete(slice: Slice): void {
    const { nodeName } = slice.spec;
    const slices = this.#of(slice);
    slices.delete(keyOf(slice));
    if (nodeName && slices.size === 0) this.#byNode.delete(nodeName);
  }

  #of({ spec: { nodeName } }: Slice): Map<string, Slice> {
    if (!nodeName) return this.#others;
    const known = this.#byNode.get(nodeName) ?? new Map<string, Slice>();
    this.#byNode.set(nodeName, known);
    return known;
  }

  /** The pools that a node reaches, those of its own first (`GatherPools`). */
  poolsOf(node: Live<Node>): Pool[] {
    const pools = new Map<string, Slice[]>();
    for (const slice of this.#byNode.get(node.metadata.name)?.values() ?? []) if (isUsable(slice)) add(pools, slice);
    for (const slice of this.#others.values()) if (isUsable(slice) && reaches(node, slice)) add(pools, slice);
    return [...pools].map(([id, slices]) => this.#pool(id, slices));
  }

  #pool(id: string, slices: readonly Slice[]): Pool {
    const devices = slices.flatMap((slice) => this.#devicesOf(slice));
    const { name = '', resourceSliceCount } = slices[0]?.spec.pool ?? {};
    return { id, name, devices, isIncomplete: slices.length !== resourceSliceCount, invalid: whyInvalid(devices) };
  }

  #devicesOf(slice: Slice): readonly PoolDevice[] {
    let devices = this.#devices.get(slice);
    if (!devices) {
      const { driver, pool, devices: published = [] } = slice.spec;
      devices = published.map((device) => ({ id: deviceId(driver, pool.name, device.name), device, slice }));
      this.#devices.set(slice, devices);
    }
    return devices;
  }
}

/** Nodes of single devices are behind a gate that is off (DRAPartitionableDevices). */
const isUsable = ({ spec }: Slice): boolean => spec.perDeviceNodeSelection === undefined;

const reaches = (node: Live<Node>, { spec: { allNodes, nodeSelector } }: Slice): boolean =>
  allNodes === true || (nodeSelector !== undefined && matchesNodeSelector(nodeSelector, node));

/** A newer generation takes the place of all older slices. */
function add(pools: Map<string, Slice[]>, slice: Slice): void {
  const { driver, pool } = slice.spec;
  const id = `${driver}/${pool.name}`;
  const known = pools.get(id);
  const generation = known?.[0]?.spec.pool.generation ?? pool.generation;
  if (pool.generation < generation) return;
  if (known && pool.generation === generation) known.push(slice);
  else pools.set(id, [slice]);
}

function whyInvalid(devices: readonly PoolDevice[]): string | undefined {
  const names = new Set<string>();
  for (const { device } of devices) {
    if (names.has(device.name)) return `duplicate device name ${device.name}`;
    names.add(device.name);
  }
  return undefined;
}
