import type { Durations } from '../durations.ts';
import type { NodeUsage, PodUsage } from '../node/node-stats.ts';
import type { VolumeStats } from '../node/volume-stats.ts';
import type { KubeletCounts } from '../pod/kubelet-counts.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import { countMetrics, draMetrics } from './count-metrics.ts';
import { familyMetrics } from './family-metrics.ts';
import { histogramSamples, type Labels, type Metric, type Sample, textOf } from './prometheus-text.ts';
import { type KubeletTimes, stateMetrics } from './state-metrics.ts';

const podLabels = ({ worker }: PodUsage): Labels => ({
  namespace: worker.pod.metadata.namespace ?? '',
  pod: worker.pod.metadata.name ?? '',
});

/** `/metrics/resource`: what metrics-server reads (upstream `pkg/kubelet/metrics/collectors/resource_metrics.go`). */
export function resourceMetrics({ time, cpu, memory, pods }: NodeUsage): string {
  const containers = pods.flatMap((pod) =>
    pod.stats.containers.map((stats) => ({ stats, labels: { container: stats.name, ...podLabels(pod) } })),
  );
  const seconds = (nanoSeconds: number) => nanoSeconds / 1e9;
  return textOf([
    {
      name: 'container_cpu_usage_seconds_total',
      type: 'counter',
      help: '[STABLE] Cumulative cpu time consumed by the container in core-seconds',
      samples: containers.map(({ stats, labels }) => ({ labels, value: seconds(stats.cpu.usageCoreNanoSeconds), time: stats.time })),
    },
    {
      name: 'container_memory_working_set_bytes',
      type: 'gauge',
      help: '[STABLE] Current working set of the container in bytes',
      samples: containers.map(({ stats, labels }) => ({ labels, value: stats.memory.workingSetBytes, time: stats.time })),
    },
    {
      name: 'container_start_time_seconds',
      type: 'gauge',
      help: '[STABLE] Start time of the container since unix epoch in seconds',
      samples: containers.map(({ stats, labels }) => ({ labels, value: stats.startedAt / 1000 })),
    },
    {
      name: 'container_swap_limit_bytes',
      type: 'gauge',
      help: '[ALPHA] Current amount of the container swap limit in bytes. Reported only on non-windows systems',
      samples: containers.map(({ stats, labels }) => ({ labels, value: 0, time: stats.time })),
    },
    {
      name: 'container_swap_usage_bytes',
      type: 'gauge',
      help: '[ALPHA] Current amount of the container swap usage in bytes. Reported only on non-windows systems',
      samples: containers.map(({ stats, labels }) => ({ labels, value: 0, time: stats.time })),
    },
    {
      name: 'node_cpu_usage_seconds_total',
      type: 'counter',
      help: '[STABLE] Cumulative cpu time consumed by the node in core-seconds',
      samples: [{ labels: {}, value: seconds(cpu.usageCoreNanoSeconds), time }],
    },
    {
      name: 'node_memory_working_set_bytes',
      type: 'gauge',
      help: '[STABLE] Current working set of the node in bytes',
      samples: [{ labels: {}, value: memory.workingSetBytes, time }],
    },
    {
      name: 'node_swap_usage_bytes',
      type: 'gauge',
      help: '[ALPHA] Current swap usage of the node in bytes. Reported only on non-windows systems',
      samples: [{ labels: {}, value: 0, time }],
    },
    {
      name: 'pod_cpu_usage_seconds_total',
      type: 'counter',
      help: '[STABLE] Cumulative cpu time consumed by the pod in core-seconds',
      samples: pods.map((pod) => ({ labels: podLabels(pod), value: seconds(pod.stats.cpu.usageCoreNanoSeconds), time: pod.stats.time })),
    },
    {
      name: 'pod_memory_working_set_bytes',
      type: 'gauge',
      help: '[STABLE] Current working set of the pod in bytes',
      samples: pods.map((pod) => ({ labels: podLabels(pod), value: pod.stats.memory.workingSetBytes, time: pod.stats.time })),
    },
    {
      name: 'pod_swap_usage_bytes',
      type: 'gauge',
      help: '[ALPHA] Current amount of the pod swap usage in bytes. Reported only on non-windows systems',
      samples: pods.map((pod) => ({ labels: podLabels(pod), value: 0, time: pod.stats.time })),
    },
    {
      name: 'resource_scrape_error',
      type: 'gauge',
      help: '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
      samples: [{ labels: {}, value: 0 }],
    },
  ]);
}

/** How things are with a node's kubelet, and what it has done. */
export interface KubeletState {
  readonly counts: KubeletCounts;
  readonly node: string;
  readonly version: string;
  readonly runningPods: number;
  readonly containersByState: Readonly<Record<string, number>>;
  readonly pods: readonly CountedPod[];
  readonly times: KubeletTimes;
  readonly workers: readonly PodWorker[];
}

/** What of a pod is counted. */
export interface CountedPod {
  readonly isStatic: boolean;
  readonly lifecycle: string;
  readonly ephemeralContainers: number;
}

const LIFECYCLES = ['sync', 'terminated', 'terminating'] as const;
/** As the label `static` has it. */
const SOURCES = [
  { isStatic: false, label: '' },
  { isStatic: true, label: 'true' },
] as const;

/** How many pods a kubelet has to do with. Those that it was not told of are not there: nothing runs here unknown. */
function podCounts(pods: readonly CountedPod[]): Metric[] {
  const bySource = (all: readonly CountedPod[]): Sample[] =>
    SOURCES.map(({ isStatic, label }) => ({ labels: { static: label }, value: all.filter((pod) => pod.isStatic === isStatic).length }));
  const known = (config: string) =>
    LIFECYCLES.flatMap((lifecycle) =>
      SOURCES.map(({ isStatic, label }): Sample => {
        const counted = pods.filter((pod) => config === 'desired' && pod.lifecycle === lifecycle && pod.isStatic === isStatic);
        return { labels: { config, lifecycle, static: label }, value: counted.length };
      }),
    );
  const unknown = LIFECYCLES.map((lifecycle): Sample => ({ labels: { config: 'runtime_only', lifecycle, static: 'unknown' }, value: 0 }));
  const active = pods.filter(({ lifecycle }) => lifecycle !== 'terminated');
  return [
    {
      name: 'kubelet_active_pods',
      type: 'gauge',
      help: '[ALPHA] The number of pods the kubelet considers active and which are being considered when admitting new pods. static is true if the pod is not from the apiserver.',
      samples: bySource(active),
    },
    {
      name: 'kubelet_desired_pods',
      type: 'gauge',
      help: '[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.',
      samples: bySource(pods),
    },
    {
      name: 'kubelet_managed_ephemeral_containers',
      type: 'gauge',
      help: '[ALPHA] Current number of ephemeral containers in pods managed by this kubelet.',
      samples: [{ labels: {}, value: active.reduce((sum, { ephemeralContainers }) => sum + ephemeralContainers, 0) }],
    },
    {
      name: 'kubelet_mirror_pods',
      type: 'gauge',
      help: '[ALPHA] The number of mirror pods the kubelet will try to create (one per admitted static pod)',
      samples: [{ labels: {}, value: active.filter(({ isStatic }) => isStatic).length }],
    },
    {
      name: 'kubelet_working_pods',
      type: 'gauge',
      help: '[ALPHA] Number of pods the kubelet is actually running, broken down by lifecycle phase, whether the pod is desired, orphaned, or runtime only (also orphaned), and whether the pod is static. An orphaned pod has been removed from local configuration or force deleted in the API and consumes resources that are not otherwise visible.',
      samples: [...known('desired'), ...known('orphan'), ...unknown],
    },
  ];
}

/** `/metrics`: the kubelet's own (upstream `pkg/kubelet/metrics/metrics.go`). */
export function kubeletMetrics(state: KubeletState, usage: NodeUsage): string {
  const { node, version, runningPods, containersByState } = state;
  const metrics: Metric[] = [
    ...countMetrics(state.counts),
    ...familyMetrics(state.counts),
    ...stateMetrics({ ...state, usage, firstNetworkStart: state.counts.firstNetworkStart }),
    ...draMetrics(state.counts.dra),
    ...volumeMetrics(usage.pods),
    ...podCounts(state.pods),
    {
      name: 'kubelet_node_name',
      type: 'gauge',
      help: "[ALPHA] The node's name. The count is always 1.",
      samples: [{ labels: { node }, value: 1 }],
    },
    {
      name: 'kubelet_running_containers',
      type: 'gauge',
      help: '[ALPHA] Number of containers currently running',
      samples: Object.entries(containersByState).map(([state, value]) => ({ labels: { container_state: state }, value })),
    },
    {
      name: 'kubelet_running_pods',
      type: 'gauge',
      help: '[ALPHA] Number of pods that have a running pod sandbox',
      samples: [{ labels: {}, value: runningPods }],
    },
    {
      name: 'kubernetes_build_info',
      type: 'gauge',
      help: "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
      samples: [{ labels: { git_version: version, major: '1', minor: version.split('.')[1] ?? '' }, value: 1 }],
    },
  ];
  return textOf(metrics.sort((a, b) => (a.name < b.name ? -1 : 1)));
}

type VolumeValue = (stats: VolumeStats) => number;

/** Upstream: `pkg/kubelet/metrics/collectors/volume_stats.go`; of a raw device there is only the capacity. */
const VOLUME_METRICS: readonly (readonly [string, string, VolumeValue])[] = [
  ['available_bytes', 'Number of available bytes in the volume', ({ usage }) => Math.max(0, usage.capacityBytes - usage.usedBytes)],
  ['capacity_bytes', 'Capacity in bytes of the volume', ({ usage }) => usage.capacityBytes],
  ['inodes', 'Maximum number of inodes in the volume', ({ usage }) => usage.inodes],
  ['inodes_free', 'Number of free inodes in the volume', ({ usage }) => Math.max(0, usage.inodes - usage.inodesUsed)],
  ['inodes_used', 'Number of used inodes in the volume', ({ usage }) => usage.inodesUsed],
  ['used_bytes', 'Number of used bytes in the volume', ({ usage }) => usage.usedBytes],
];

/** What the volumes of claims hold, each claim once. */
function volumeMetrics(pods: NodeUsage['pods']): Metric[] {
  const claims = new Map<string, VolumeStats>();
  for (const stats of pods.flatMap(({ volumes }) => volumes())) {
    if (stats.claim) claims.set(`${stats.claim.namespace}/${stats.claim.name}`, stats);
  }
  const labelsOf = ({ claim }: VolumeStats): Labels => ({ namespace: claim?.namespace ?? '', persistentvolumeclaim: claim?.name ?? '' });
  return VOLUME_METRICS.map(([name, help, value]) => ({
    name: `kubelet_volume_stats_${name}`,
    type: 'gauge',
    help: `[ALPHA] ${help}`,
    samples: [...claims.values()]
      .filter(({ isDevice }) => !isDevice || name === 'capacity_bytes')
      .map((stats) => ({ labels: labelsOf(stats), value: value(stats) })),
  }));
}

const PROBE_TYPES = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' } as const;

/** How the probes of a container of one kind came to one result. */
interface ProbeOutcome {
  readonly container: string;
  readonly namespace: string;
  readonly pod: string;
  readonly uid: string;
  readonly type: string;
  readonly result: string;
  readonly durations: Durations;
}

const outcomesOf = ({ pod: { metadata }, probeResults }: PodWorker): ProbeOutcome[] =>
  probeResults.flatMap(([container, results]) =>
    [...results].map(([key, durations]) => {
      const [kind = '', result = ''] = key.split(' ');
      const { name = '', namespace = '', uid = '' } = metadata;
      const type = Object.entries(PROBE_TYPES).find(([each]) => each === kind)?.[1] ?? kind;
      return { container, namespace, pod: name, uid, type, result, durations };
    }),
  );

/**
 * `/metrics/probes`: how often probes came to each result, and how long those took that did not fail (upstream `pkg/kubelet/prober`,
 * `prober_manager.go` and `worker.go`).
 */
export function probeMetrics(workers: Iterable<PodWorker>): string {
  const outcomes = [...workers].flatMap(outcomesOf);
  return textOf([
    {
      name: 'prober_probe_duration_seconds',
      type: 'histogram',
      help: '[ALPHA] Duration in seconds for a probe response.',
      samples: outcomes.filter(({ result }) => result !== 'failed').flatMap(histogramOf),
    },
    {
      name: 'prober_probe_total',
      type: 'counter',
      help: '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
      samples: outcomes.map(({ container, namespace, pod, uid, type, result, durations }) => ({
        labels: { container, namespace, pod, pod_uid: uid, probe_type: type, result },
        value: durations.count,
      })),
    },
    {
      name: 'process_start_time_seconds',
      type: 'gauge',
      help: '[ALPHA] Start time of the process since unix epoch in seconds.',
      samples: [{ labels: {}, value: performance.timeOrigin / 1000 }],
    },
  ]);
}

const histogramOf = ({ container, namespace, pod, type, durations }: ProbeOutcome): Sample[] =>
  histogramSamples(durations, { container, namespace, pod, probe_type: type });
