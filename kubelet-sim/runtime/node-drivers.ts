import type { FileTree } from './cri.ts';

/** A volume as the kubelet asks a driver for it. */
export interface DriverVolume {
  /** How the driver calls it. */
  readonly handle: string;
  /** A device rather than a directory. */
  readonly isDevice: boolean;
  /** Made for a pod that names it inline; it goes with the pod. */
  readonly isEphemeral?: boolean | undefined;
  readonly context?: Readonly<Record<string, string>> | undefined;
  readonly capacityBytes?: number | undefined;
}

/**
 * The node service of a CSI driver that runs in a pod, as far as a kubelet uses it: what it says of itself when it registers (`NodeGetInfo`),
 * and volumes. Errors are gRPC's: their messages are what events say.
 */
export interface NodeDriver {
  readonly name: string;
  readonly nodeId: string;
  readonly topology: Readonly<Record<string, string>>;
  /** How many volumes it can have on the node; 0 for as many as anybody wants. */
  readonly volumesMax: number;
  /** `NodeStageVolume`, and for inline volumes that they are made. @throws RuntimeError */
  stage(volume: DriverVolume): Promise<void>;
  /** `NodePublishVolume`: what is mounted. @throws RuntimeError */
  publish(volume: DriverVolume): Promise<FileTree>;
  /** `NodeUnpublishVolume`, for the last pod that has it. */
  unpublish(handle: string): Promise<void>;
}

/** Told of each driver that comes to a node, and that leaves it. */
export type DriverListener = (driver: NodeDriver, isThere: boolean) => void;

/** The drivers that have registered with the kubelet of one node. Upstream: `pkg/volume/csi/csi_drivers_store.go`. */
export class NodeDrivers {
  readonly #everywhere: Set<string>;
  #drivers: Map<string, NodeDriver> | undefined;
  #listener: DriverListener | undefined;

  /** @param everywhere names of drivers that run in pods of any node: what nobody runs, the node pretends */
  constructor(everywhere: Set<string>) {
    this.#everywhere = everywhere;
  }

  named(name: string): NodeDriver | undefined {
    return this.#drivers?.get(name);
  }

  /** Whether some pod has been the driver: its volumes are where it is, and nowhere else. */
  isOfPods(name: string): boolean {
    return this.#everywhere.has(name);
  }

  register(driver: NodeDriver): void {
    this.#drivers ??= new Map();
    this.#drivers.set(driver.name, driver);
    this.#everywhere.add(driver.name);
    this.#listener?.(driver, true);
  }

  unregister(driver: NodeDriver): void {
    if (this.#drivers?.get(driver.name) !== driver) return;
    this.#drivers.delete(driver.name);
    this.#listener?.(driver, false);
  }

  /** Tells of those that are there, and from now on of each that comes or goes; there is one who is told. */
  follow(listener: DriverListener): void {
    this.#listener = listener;
    for (const driver of this.#drivers?.values() ?? []) listener(driver, true);
  }
}
