/** What things use, as a runtime tells it: CRI's stats messages in our words. */

/** What a volume's files take. */
export interface VolumeUsage {
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

export interface CpuUsage {
  readonly usageNanoCores: number;
  /** Since the start. */
  readonly usageCoreNanoSeconds: number;
}

export interface MemoryUsage {
  readonly workingSetBytes: number;
  readonly usageBytes: number;
  readonly rssBytes: number;
  /** What is left of the limit; absent without one. */
  readonly availableBytes?: number | undefined;
  readonly pageFaults: number;
  readonly majorPageFaults: number;
}

export interface NetworkUsage {
  readonly interface: string;
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** What a container uses, at the time of asking. */
export interface ContainerStats {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly time: number;
  readonly startedAt: number;
  readonly cpu: CpuUsage;
  readonly memory: MemoryUsage;
  /** What it wrote to its own file system, beside volumes. */
  readonly writableLayer: VolumeUsage;
  readonly log: VolumeUsage;
}

/** What a pod uses, with its pause process. */
export interface PodSandboxStats {
  readonly id: string;
  readonly podUid: string;
  readonly time: number;
  readonly createdAt: number;
  readonly cpu: CpuUsage;
  readonly memory: MemoryUsage;
  readonly network: NetworkUsage;
  readonly processCount: number;
  readonly containers: readonly ContainerStats[];
}

/** The disk that holds images and writable layers. */
export interface FilesystemUsage {
  readonly time: number;
  readonly mountpoint: string;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodes: number;
  readonly inodesUsed: number;
}
