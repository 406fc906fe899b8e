import type { NodeUsage, PodUsage } from '../node/node-stats.ts';
import type { PodWorker } from '../pod/pod-worker.ts';

type Labels = Readonly<Record<string, string>>;

/** A sample, with the time it was taken where the metric is read from somewhere else. */
interface Sample {
  readonly labels: Labels;
  readonly value: number;
  readonly time?: number | undefined;
}

interface Metric {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores';

const escaped = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');

const lineOf = (name: string, { labels, value, time }: Sample): string => {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}${time === undefined ? '' : ` ${time}`}\n`;
};

/** Metrics in Prometheus' text format; those without a sample are left out. */
const textOf = (metrics: readonly Metric[]): string =>
  metrics
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, type, help, samples }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map((s) => lineOf(name, s)).join('')}`,
    )
    .join('');

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
      name: 'resource_scrape_error',
      type: 'gauge',
      help: '[STABLE] 1 if there was an error while getting container metrics, 0 otherwise',
      samples: [{ labels: {}, value: 0 }],
    },
  ]);
}

/** What a node's kubelet counts of itself. */
export interface KubeletCounts {
  readonly node: string;
  readonly version: string;
  readonly runningPods: number;
  readonly containersByState: Readonly<Record<string, number>>;
}

/** `/metrics`: the kubelet's own (upstream `pkg/kubelet/metrics/metrics.go`). */
export function kubeletMetrics({ node, version, runningPods, containersByState }: KubeletCounts): string {
  return textOf([
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
  ]);
}

const PROBE_TYPES = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' } as const;

/** `/metrics/probes`: how often probes came to each result (upstream `pkg/kubelet/prober/prober_manager.go`). */
export function probeMetrics(workers: Iterable<PodWorker>): string {
  const samples = [...workers].flatMap(({ pod: { metadata }, probeCounts }) =>
    probeCounts.flatMap(([container, counts]) =>
      [...counts].map(([key, value]): Sample => {
        const [kind = '', result = ''] = key.split(' ');
        const { name = '', namespace = '', uid = '' } = metadata;
        const probeType = Object.entries(PROBE_TYPES).find(([each]) => each === kind)?.[1] ?? kind;
        return { labels: { container, namespace, pod: name, pod_uid: uid, probe_type: probeType, result }, value };
      }),
    ),
  );
  const help = '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.';
  return textOf([{ name: 'prober_probe_total', type: 'counter', help, samples }]);
}
