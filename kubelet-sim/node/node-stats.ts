import { parseQuantity, toTime } from '../../api/index.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import type { RuntimeService } from '../runtime/cri.ts';
import type { ImageService } from '../runtime/image-service.ts';
import type { ContainerStats, CpuUsage, FilesystemUsage, MemoryUsage, PodSandboxStats } from '../runtime/usage.ts';
import type { NodeFaults } from './node-faults.ts';
import type { NodeSpec } from './node-object.ts';
import { type VolumeStats, volumeStatsOf } from './volume-stats.ts';

/** What the node's own processes (kubelet, container runtime) use, whatever its pods do. */
const SYSTEM = { cpuNanoCores: 40_000_000, memoryBytes: 180 * 1024 * 1024, processes: 60 } as const;

/** Where usage is read from. */
export interface StatsSource {
  readonly spec: NodeSpec;
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  readonly bootedAt: number;
  readonly workers: Iterable<PodWorker>;
  readonly now: number;
  /** What somebody else uses of the node: amounts, or shares (`95%`). */
  readonly extra?: Pick<NodeFaults, 'diskUsed' | 'memoryUsed' | 'processes'> | undefined;
}

/** What a pod uses now; pods without a running container are left out, as upstream leaves them out (`listPodStatsPartiallyFromCRI`). */
export interface PodUsage {
  readonly worker: PodWorker;
  readonly stats: PodSandboxStats;
  /** What its volumes hold, for who asks. */
  readonly volumes: () => readonly VolumeStats[];
}

/** What a node and its pods use now. */
export interface NodeUsage {
  readonly time: number;
  readonly bootedAt: number;
  readonly cpu: CpuUsage;
  readonly memory: MemoryUsage & { readonly availableBytes: number };
  readonly processCount: number;
  readonly fs: FilesystemUsage;
  readonly pods: readonly PodUsage[];
}

export const NODE_PIDS_MAX = 32_768;

/** Adds up what the pods of a node and the node itself use, as cAdvisor reads it from the root control group. */
export function nodeUsageOf({ spec, runtime, images, bootedAt, workers, now, extra = {} }: StatsSource): NodeUsage {
  const pods: PodUsage[] = [];
  let nanoCores: number = SYSTEM.cpuNanoCores;
  let coreNanoSeconds = (SYSTEM.cpuNanoCores * (now - bootedAt)) / 1000;
  const capacity = parseQuantity(spec.memory).value();
  let memory = SYSTEM.memoryBytes + amountOf(extra.memoryUsed, capacity);
  let processCount = SYSTEM.processes + (extra.processes ?? 0);
  let diskBytes = 0;
  const diskCapacity = parseQuantity(spec.ephemeralStorage).value();
  const fs = (): FilesystemUsage => {
    const disk = images.imageFsInfo();
    const usedBytes = disk.usedBytes + diskBytes + amountOf(extra.diskUsed, diskCapacity);
    return { ...disk, capacityBytes: diskCapacity, usedBytes: Math.min(usedBytes, diskCapacity) };
  };
  for (const worker of workers) {
    const stats = worker.sandboxId === undefined ? undefined : runtime.podSandboxStats(worker.sandboxId);
    if (!stats) continue;
    if (stats.containers.length > 0) pods.push({ worker, stats, volumes: () => volumeStatsOf(worker, runtime, fs()) });
    nanoCores += stats.cpu.usageNanoCores;
    coreNanoSeconds += stats.cpu.usageCoreNanoSeconds;
    memory += stats.memory.workingSetBytes;
    processCount += stats.processCount;
    diskBytes += ephemeralBytesOf(stats);
  }
  return {
    time: now,
    bootedAt,
    cpu: { usageNanoCores: nanoCores, usageCoreNanoSeconds: Math.round(coreNanoSeconds) },
    memory: {
      workingSetBytes: memory,
      usageBytes: memory,
      rssBytes: memory,
      availableBytes: Math.max(0, capacity - memory),
      pageFaults: 0,
      majorPageFaults: 0,
    },
    processCount,
    fs: fs(),
    pods,
  };
}

/** An amount, or a share of what there is. */
function amountOf(text: string | undefined, capacity: number): number {
  if (text === undefined) return 0;
  return text.endsWith('%') ? Math.floor((capacity * Number.parseFloat(text)) / 100) : parseQuantity(text).value();
}

/** A node's answer to `/stats/summary` (k8s.io/kubelet, `pkg/apis/stats/v1alpha1/types.go`). @param isBrief processors and memory only */
export function summaryOf(name: string, usage: NodeUsage, isBrief: boolean): object {
  const { time, cpu, memory, bootedAt, fs, processCount } = usage;
  const node = {
    nodeName: name,
    startTime: toTime(bootedAt),
    cpu: cpuText(time, cpu),
    memory: memoryText(time, memory),
    swap: { time: toTime(time), swapAvailableBytes: 0, swapUsageBytes: 0 },
  };
  const pods = usage.pods.map((pod) => podSummary(pod, usage, isBrief));
  if (isBrief) return { node, pods };
  const imageFs = fsText(fs);
  return {
    node: {
      ...node,
      io: ioText(time),
      systemContainers: [{ name: 'pods', startTime: toTime(bootedAt), ...podsTotal(usage) }],
      network: { time: toTime(time), name: 'eth0', ...NO_TRAFFIC, interfaces: [{ name: 'eth0', ...NO_TRAFFIC }] },
      fs: imageFs,
      runtime: { imageFs, containerFs: imageFs },
      rlimit: { time: toTime(time), maxpid: NODE_PIDS_MAX, curproc: processCount },
    },
    pods,
  };
}

const NO_WAITS = { total: 0, avg10: 0, avg60: 0, avg300: 0 };
/** Simulated processes do not wait for each other. */
const NO_PRESSURE = { full: NO_WAITS, some: NO_WAITS };
const ioText = (time: number): object => ({ time: toTime(time), psi: NO_PRESSURE });

const NO_TRAFFIC = { rxBytes: 0, rxErrors: 0, txBytes: 0, txErrors: 0 };

const cpuText = (time: number, { usageNanoCores, usageCoreNanoSeconds }: CpuUsage): object => ({
  time: toTime(time),
  usageNanoCores: Math.round(usageNanoCores),
  usageCoreNanoSeconds: Math.round(usageCoreNanoSeconds),
  psi: NO_PRESSURE,
});

const memoryText = (time: number, { availableBytes, ...rest }: MemoryUsage): object => ({
  time: toTime(time),
  ...(availableBytes === undefined ? {} : { availableBytes }),
  usageBytes: rest.usageBytes,
  workingSetBytes: rest.workingSetBytes,
  rssBytes: rest.rssBytes,
  pageFaults: rest.pageFaults,
  majorPageFaults: rest.majorPageFaults,
  psi: NO_PRESSURE,
});

const fsText = ({ time, capacityBytes, usedBytes, inodes, inodesUsed }: FilesystemUsage): object => ({
  time: toTime(time),
  availableBytes: Math.max(0, capacityBytes - usedBytes),
  capacityBytes,
  usedBytes,
  inodesFree: Math.max(0, inodes - inodesUsed),
  inodes,
  inodesUsed,
});

function podsTotal({ time, pods }: NodeUsage): object {
  const sum = (of: (stats: PodSandboxStats) => number) => pods.reduce((total, { stats }) => total + of(stats), 0);
  const bytes = sum(({ memory }) => memory.workingSetBytes);
  return {
    cpu: cpuText(time, {
      usageNanoCores: sum(({ cpu }) => cpu.usageNanoCores),
      usageCoreNanoSeconds: sum(({ cpu }) => cpu.usageCoreNanoSeconds),
    }),
    memory: memoryText(time, { usageBytes: bytes, workingSetBytes: bytes, rssBytes: bytes, pageFaults: 0, majorPageFaults: 0 }),
    io: ioText(time),
    swap: { time: toTime(time), swapUsageBytes: 0 },
  };
}

function podSummary({ worker, stats, volumes }: PodUsage, { fs }: NodeUsage, isBrief: boolean): object {
  const { name, namespace, uid } = worker.pod.metadata;
  const { time, cpu, memory, network } = stats;
  const pod = {
    podRef: { name, namespace, uid },
    startTime: worker.status.startTime ?? toTime(stats.createdAt),
    containers: stats.containers.map((container) => containerSummary(container, fs, isBrief)),
    cpu: cpuText(time, cpu),
    memory: memoryText(time, memory),
    swap: { time: toTime(time), swapUsageBytes: 0 },
  };
  if (isBrief) return pod;
  const traffic = { ...NO_TRAFFIC, rxBytes: network.rxBytes, txBytes: network.txBytes };
  const usedBytes = ephemeralBytesOf(stats);
  return {
    ...pod,
    io: ioText(time),
    network: { time: toTime(time), name: network.interface, ...traffic, interfaces: [{ name: network.interface, ...traffic }] },
    volume: volumes().map(({ name, claim, usage }) => ({ ...fsText(usage), name, ...(claim ? { pvcRef: claim } : {}) })),
    'ephemeral-storage': { ...fsText(fs), usedBytes },
    process_stats: { process_count: stats.processCount },
  };
}

function containerSummary(
  { name, time, startedAt, cpu, memory, writableLayer, log }: ContainerStats,
  fs: FilesystemUsage,
  isBrief: boolean,
): object {
  const swap = { time: toTime(time), swapAvailableBytes: 0, swapUsageBytes: 0 };
  const container = { name, startTime: toTime(startedAt), cpu: cpuText(time, cpu), memory: memoryText(time, memory), swap };
  if (isBrief) return container;
  const disk = fsText(fs);
  return {
    ...container,
    io: ioText(time),
    rootfs: { ...disk, usedBytes: writableLayer.usedBytes, inodesUsed: writableLayer.inodesUsed },
    logs: { ...disk, usedBytes: log.usedBytes, inodesUsed: log.inodesUsed },
  };
}

/** What a pod has written to the node's disk, beside its volumes. */
export const ephemeralBytesOf = ({ containers }: PodSandboxStats): number =>
  containers.reduce((sum, { writableLayer, log }) => sum + writableLayer.usedBytes + log.usedBytes, 0);
