import type { ContainerBehaviour, ContainerResources } from '../cri.ts';
import type { CpuUsage, MemoryUsage } from '../usage.ts';
import { areaUntil, capped, valueAt } from './load-curve.ts';

/** Pages are counted as if each had been touched once. */
const PAGE_BYTES = 4096;
/** Part of a limit that a program stays below when no script says what it uses. */
const SHARE_OF_LIMIT = 0.9;
const NANOS_PER_MILLI_MS = 1000;

/** What a container uses, and may. */
export interface ContainerUsage {
  readonly cpu: CpuUsage;
  readonly memory: MemoryUsage;
  readonly resources: ContainerResources;
}

/** What a program uses, over the time since its container's start. */
export type OwnLoad = Pick<ContainerBehaviour, 'cpuMillis' | 'memoryBytes'>;

/** What a container does when its program says itself what it uses: what a script says goes before. */
export const withOwnLoad = (script: ContainerBehaviour | undefined, own: OwnLoad): ContainerBehaviour => ({
  ...script,
  cpuMillis: script?.cpuMillis ?? own.cpuMillis,
  memoryBytes: script?.memoryBytes ?? own.memoryBytes,
});

/** What a container's use follows from. */
export interface Load {
  readonly behaviour: ContainerBehaviour | undefined;
  readonly resources: ContainerResources | undefined;
  /** What its program uses when no script says so. */
  readonly usual: { readonly cpuMillis: number; readonly memoryBytes: number };
}

/** Use of processors, so long after the start: limits hold it down. */
export function cpuUsage({ behaviour, resources, usual }: Load, runMs: number): CpuUsage {
  const limit = resources?.cpuLimitMillis || Number.POSITIVE_INFINITY;
  const curve = capped(behaviour?.cpuMillis ?? { points: [{ atMs: 0, value: usual.cpuMillis }] }, limit);
  return {
    usageNanoCores: Math.round(valueAt(curve, runMs) * 1e6),
    usageCoreNanoSeconds: Math.round(areaUntil(curve, runMs) * NANOS_PER_MILLI_MS),
  };
}

/** Use of memory, so long after the start. */
export function memoryUsage({ behaviour, resources, usual }: Load, runMs: number): MemoryUsage {
  const limit = resources?.memoryLimitBytes || undefined;
  const wanted = behaviour?.memoryBytes
    ? valueAt(behaviour.memoryBytes, runMs)
    : Math.min(usual.memoryBytes, (limit ?? Number.POSITIVE_INFINITY) * SHARE_OF_LIMIT);
  const bytes = Math.round(Math.min(wanted, limit ?? wanted));
  return {
    workingSetBytes: bytes,
    usageBytes: bytes,
    rssBytes: bytes,
    ...(limit === undefined ? {} : { availableBytes: limit - bytes }),
    pageFaults: Math.ceil(bytes / PAGE_BYTES),
    majorPageFaults: 0,
  };
}

/** The sum of what several use. */
export const sumCpu = (all: readonly CpuUsage[]): CpuUsage => ({
  usageNanoCores: all.reduce((sum, { usageNanoCores }) => sum + usageNanoCores, 0),
  usageCoreNanoSeconds: all.reduce((sum, { usageCoreNanoSeconds }) => sum + usageCoreNanoSeconds, 0),
});

export const sumMemory = (all: readonly MemoryUsage[]): MemoryUsage => ({
  workingSetBytes: all.reduce((sum, { workingSetBytes }) => sum + workingSetBytes, 0),
  usageBytes: all.reduce((sum, { usageBytes }) => sum + usageBytes, 0),
  rssBytes: all.reduce((sum, { rssBytes }) => sum + rssBytes, 0),
  pageFaults: all.reduce((sum, { pageFaults }) => sum + pageFaults, 0),
  majorPageFaults: all.reduce((sum, { majorPageFaults }) => sum + majorPageFaults, 0),
});
