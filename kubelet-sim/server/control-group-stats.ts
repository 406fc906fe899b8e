import type { NodeUsage, PodUsage } from '../node/node-stats.ts';
import { controlGroupOf } from '../pod/control-group.ts';
import type { ContainerResources, RuntimeService } from '../runtime/cri.ts';
import type { FilesystemUsage, MemoryUsage, NetworkUsage } from '../runtime/usage.ts';
import type { Labels } from './prometheus-text.ts';

const ROOT = '/kubepods.slice';
const BURSTABLE = `${ROOT}/kubepods-burstable.slice`;
const BEST_EFFORT = `${ROOT}/kubepods-besteffort.slice`;

/** A machine, as the kubelet finds it. */
export interface Machine {
  readonly cpuCores: number;
  readonly memoryBytes: number;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly bootId: string;
  readonly kernelVersion: string;
  readonly osVersion: string;
}

/** What a control group uses and may: one set of samples of `/metrics/cadvisor`. */
export interface GroupStats {
  /** `container`, `id`, `image`, `name`, `namespace`, `pod`: what is not known is empty. */
  readonly labels: Labels;
  readonly time: number;
  readonly createdAt: number;
  readonly cpuNanoSeconds: number;
  readonly memory: MemoryUsage;
  readonly processes: number;
  readonly resources: ContainerResources;
  readonly network?: NetworkUsage | undefined;
  readonly fs?: FilesystemUsage | undefined;
}

/** What is asked of a node. */
export interface GroupSource {
  readonly usage: NodeUsage;
  readonly runtime: RuntimeService;
  readonly machine: Machine;
}

const NO_LABELS = { container: '', id: '', image: '', name: '', namespace: '', pod: '' } as const;
const NO_MEMORY: MemoryUsage = { workingSetBytes: 0, usageBytes: 0, rssBytes: 0, pageFaults: 0, majorPageFaults: 0 };

/**
 * The control groups of a node with what they use: the root, the slices of all pods and of their classes, of each pod, its pause process and
 * its containers. Labels are upstream's `containerPrometheusLabelsFunc`, `pkg/kubelet/server/server.go`, with containerd.
 */
export function groupStatsOf(source: GroupSource): GroupStats[] {
  const { usage, machine } = source;
  const pods = usage.pods.map((pod) => podGroups(pod, source));
  const perPod = pods.flatMap(([own]) => (own ? [own] : []));
  const slices = [ROOT, BEST_EFFORT, BURSTABLE].map((id) =>
    sumOf(
      { ...NO_LABELS, id },
      perPod.filter(({ labels }) => labels.id?.startsWith(`${id}/`)),
      usage,
    ),
  );
  const root: GroupStats = {
    labels: { ...NO_LABELS, id: '/' },
    time: usage.time,
    createdAt: usage.bootedAt,
    cpuNanoSeconds: usage.cpu.usageCoreNanoSeconds,
    memory: usage.memory,
    processes: usage.processCount,
    resources: { cpuRequestMillis: machine.cpuCores * 1000, memoryLimitBytes: machine.memoryBytes },
    network: {
      interface: 'eth0',
      rxBytes: usage.pods.reduce((sum, { stats }) => sum + stats.network.rxBytes, 0),
      txBytes: usage.pods.reduce((sum, { stats }) => sum + stats.network.txBytes, 0),
    },
    fs: usage.fs,
  };
  return [root, ...slices, ...pods.flat()];
}

/** A slice of pods. */
function sumOf(labels: Labels, groups: readonly GroupStats[], { time, bootedAt }: NodeUsage): GroupStats {
  const sum = (of: (group: GroupStats) => number) => groups.reduce((total, group) => total + of(group), 0);
  return {
    labels,
    time,
    createdAt: bootedAt,
    cpuNanoSeconds: sum(({ cpuNanoSeconds }) => cpuNanoSeconds),
    memory: {
      workingSetBytes: sum(({ memory }) => memory.workingSetBytes),
      usageBytes: sum(({ memory }) => memory.usageBytes),
      rssBytes: sum(({ memory }) => memory.rssBytes),
      pageFaults: sum(({ memory }) => memory.pageFaults),
      majorPageFaults: sum(({ memory }) => memory.majorPageFaults),
    },
    processes: sum(({ processes }) => processes),
    resources: { cpuRequestMillis: sum(({ resources }) => resources.cpuRequestMillis ?? 0) },
  };
}

/** The groups of a pod: its own first, then that of its pause process, then those of its containers. */
function podGroups({ worker, stats }: PodUsage, { runtime }: GroupSource): GroupStats[] {
  const { allocated } = worker;
  const { name = '', namespace = '' } = allocated.metadata;
  const { path, ...limits } = controlGroupOf(allocated);
  const processes = runtime.listProcesses().filter(({ sandboxId }) => sandboxId === stats.id);
  const labels = { ...NO_LABELS, namespace, pod: name };
  const idOf = (id: string) => `${path}/cri-containerd-${id}.scope`;
  const of = (containerId: string) => processes.filter((process) => process.containerId === containerId).length;
  const pod: GroupStats = {
    labels: { ...labels, id: path },
    time: stats.time,
    createdAt: stats.createdAt,
    cpuNanoSeconds: stats.cpu.usageCoreNanoSeconds,
    memory: stats.memory,
    processes: stats.processCount,
    resources: limits,
  };
  const pause: GroupStats = {
    ...pod,
    labels: { ...labels, id: idOf(stats.id), image: PAUSE_IMAGE, name: stats.id },
    cpuNanoSeconds: 0,
    memory: NO_MEMORY,
    processes: of(''),
    resources: {},
    network: allocated.spec.hostNetwork ? undefined : stats.network,
  };
  const containers = stats.containers.map(({ id, name: container, time, startedAt, cpu, memory }): GroupStats => {
    const status = runtime.containerStatus(id);
    return {
      labels: { ...labels, container, id: idOf(id), image: status?.image ?? '', name: id },
      time,
      createdAt: startedAt,
      cpuNanoSeconds: cpu.usageCoreNanoSeconds,
      memory,
      processes: of(id),
      resources: status?.resources ?? {},
    };
  });
  return [pod, pause, ...containers];
}

const PAUSE_IMAGE = 'registry.k8s.io/pause:3.10.1';
