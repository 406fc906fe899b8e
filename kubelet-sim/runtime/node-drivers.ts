/** How a pod, or a node, uses a volume. */
export interface VolumeUse {
  readonly isDevice: boolean;
  /** Of Kubernetes: `ReadWriteOnce`, … */
  readonly accessMode: string;
  readonly fsType?: string | undefined;
  readonly mountOptions?: readonly string[] | undefined;
  /** Whose the files are to be, for drivers that see to that themselves. */
  readonly group?: number | undefined;
}

type Texts = Readonly<Record<string, string>>;

/** A volume as the kubelet asks a driver for it. */
export interface DriverVolume {
  /** How the driver calls it. */
  readonly handle: string;
  readonly use: VolumeUse;
  /** Where it is, or is to be, once for the node; `''` for drivers that do not want that. */
  readonly stagingPath: string;
  /** What attaching it has told. */
  readonly publishContext: Texts;
  readonly context: Texts;
  readonly secrets: Texts;
}

/** What the node service of a driver can do, beside what all can. */
export type NodeCapability = 'stageUnstageVolume' | 'getVolumeStats' | 'expandVolume' | 'singleNodeMultiWriter' | 'volumeMountGroup';

/**
 * The node service of a CSI driver that has registered (`csi.v1.Node`): what it says of itself, and volumes. Paths are of the node's own file
 * system. Its calls throw GrpcErrors: their messages are what events say.
 */
export interface NodeDriver {
  readonly name: string;
  readonly nodeId: string;
  readonly topology: Texts;
  /** How many volumes it can have on the node; 0 for as many as anybody wants. */
  readonly volumesMax: number;
  can(capability: NodeCapability): Promise<boolean>;
  stage(volume: DriverVolume): Promise<void>;
  unstage(handle: string, stagingPath: string): Promise<void>;
  publish(volume: DriverVolume, targetPath: string, isReadOnly: boolean): Promise<void>;
  unpublish(handle: string, targetPath: string): Promise<void>;
  /** Has what is on a volume take the room that the volume has. */
  expand(volume: DriverVolume, volumePath: string, sizeBytes: number): Promise<void>;
  close(): void;
}

/** Told of each driver that comes to a node, and that leaves it. */
export type DriverListener = (driver: NodeDriver, isThere: boolean) => void;

/** The drivers that have registered with the kubelet of one node. Upstream: `pkg/volume/csi/csi_drivers_store.go`. */
export class NodeDrivers {
  readonly #everywhere: Set<string>;
  #drivers: Map<string, NodeDriver> | undefined;
  #listener: DriverListener | undefined;
  #isClosed = false;

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
    driver.close();
    this.#listener?.(driver, false);
  }

  /** Nobody is called any more: the kubelet ends. */
  close(): void {
    this.#isClosed = true;
    for (const driver of this.#drivers?.values() ?? []) driver.close();
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Tells of those that are there, and from now on of each that comes or goes; there is one who is told. */
  follow(listener: DriverListener): void {
    this.#listener = listener;
    for (const driver of this.#drivers?.values() ?? []) listener(driver, true);
  }
}
