import { DURATION_BOUNDS, Durations } from '../durations.ts';
import type { NodeUsage } from '../node/node-stats.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import { histogramSamples, type Metric, type Sample } from './prometheus-text.ts';

/** When a node's kubelet began, registered its node, and was shut down: milliseconds since the epoch. */
export interface KubeletTimes {
  readonly bootedAt: number;
  readonly startedAt: number;
  readonly registeringAt: number;
  readonly registeredAt: number;
  /** 0 for never. */
  readonly shutdown: { readonly startedAt: number; readonly endedAt: number };
}

const one = (value: number): Sample[] => [{ labels: {}, value }];
const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name,
  type: 'gauge',
  help: `[ALPHA] ${help}`,
  samples,
});
const counter = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name,
  type: 'counter',
  help: `[ALPHA] ${help}`,
  samples,
});

/** What a kubelet counts that pins no CPUs and no memory, and rebuilds nothing: it stays as it was at the start. */
const ZERO_COUNTERS: readonly (readonly [name: string, help: string])[] = [
  ['kubelet_cpu_manager_pinning_errors_total', 'The number of cpu core allocations which required pinning failed.'],
  ['kubelet_cpu_manager_pinning_requests_total', 'The number of cpu core allocations which required pinning.'],
  ['kubelet_memory_manager_pinning_errors_total', 'The number of memory pages allocations which required pinning that failed.'],
  ['kubelet_memory_manager_pinning_requests_total', 'The number of memory pages allocations which required pinning.'],
  ['kubelet_topology_manager_admission_errors_total', 'The number of admission request failures where resources could not be aligned.'],
  [
    'kubelet_evented_pleg_connection_error_count',
    'The number of errors encountered during the establishment of streaming connection with the CRI runtime.',
  ],
  ['kubelet_evented_pleg_connection_success_count', 'The number of times a streaming client was obtained to receive CRI Events.'],
  [
    'kubelet_orphaned_runtime_pods_total',
    'Number of pods that have been detected in the container runtime without being already known to the pod worker. This typically indicates the kubelet was restarted while a pod was force deleted in the API or in the local configuration, which is unusual.',
  ],
  [
    'force_cleaned_failed_volume_operation_errors_total',
    'The number of volumes that failed force cleanup after their reconstruction failed during kubelet startup.',
  ],
  [
    'force_cleaned_failed_volume_operations_total',
    'The number of volumes that were force cleaned after their reconstruction failed during kubelet startup. This includes both successful and failed cleanups.',
  ],
  [
    'reconstruct_volume_operations_errors_total',
    'The number of volumes that failed reconstruction from the operating system during kubelet startup.',
  ],
  [
    'reconstruct_volume_operations_total',
    'The number of volumes that were attempted to be reconstructed from the operating system during kubelet startup. This includes both successful and failed reconstruction.',
  ],
];

const ZERO_GAUGES: readonly (readonly [name: string, help: string])[] = [
  [
    'kubelet_cpu_manager_exclusive_cpu_allocation_count',
    'The total number of CPUs exclusively allocated to containers running on this node',
  ],
  ['kubelet_cpu_manager_shared_pool_size_millicores', 'The size of the shared CPU pool for non-guaranteed QoS pods, in millicores.'],
  ['kubelet_orphan_pod_cleaned_volumes', 'The total number of orphaned Pods whose volumes were cleaned in the last periodic sweep.'],
  [
    'kubelet_orphan_pod_cleaned_volumes_errors',
    'The number of orphaned Pods whose volumes failed to be cleaned in the last periodic sweep.',
  ],
];

const RESTARTED =
  'Number of pods that have been restarted because they were deleted and recreated with the same UID while the kubelet was watching them (common for static pods, extremely uncommon for API pods)';

/** What of a kubelet does not change while it goes on as it is configured. Upstream: `pkg/kubelet/metrics/metrics.go`, `pkg/kubelet/volumemanager/metrics`. */
const constantMetrics = (): Metric[] => [
  ...ZERO_COUNTERS.map(([name, help]) => counter(name, help, one(0))),
  ...ZERO_GAUGES.map(([name, help]) => gauge(name, help, one(0))),
  gauge('kubelet_cgroup_version', 'cgroup version on the hosts.', one(2)),
  counter(
    'kubelet_restarted_pods_total',
    RESTARTED,
    ['', 'true'].map((label) => ({ labels: { static: label }, value: 0 })),
  ),
  {
    name: 'kubelet_evented_pleg_connection_latency_seconds',
    type: 'histogram',
    help: '[ALPHA] The latency of streaming connection with the CRI runtime, measured in seconds.',
    samples: histogramSamples(new Durations(DURATION_BOUNDS)),
  },
];

function timeMetrics({ bootedAt, startedAt, registeringAt, registeredAt, shutdown }: KubeletTimes): Metric[] {
  const startup = (name: string, what: string, ms: number) =>
    gauge(`kubelet_node_startup_${name}duration_seconds`, `Duration in seconds of node startup ${what}.`, one(Math.max(0, ms / 1000)));
  const told = registeredAt > 0;
  return [
    gauge(
      'kubelet_graceful_shutdown_start_time_seconds',
      'Last graceful shutdown start time since unix epoch in seconds',
      one(shutdown.startedAt / 1000),
    ),
    gauge(
      'kubelet_graceful_shutdown_end_time_seconds',
      'Last graceful shutdown end time since unix epoch in seconds',
      one(shutdown.endedAt / 1000),
    ),
    startup('pre_kubelet_', 'before kubelet starts', told ? startedAt - bootedAt : 0),
    startup('pre_registration_', 'before registration', told ? registeringAt - startedAt : 0),
    startup('registration_', 'during registration', told ? registeredAt - registeringAt : 0),
    // It is registered as ready.
    startup('post_registration_', 'after registration', 0),
    startup('', 'in total', told ? registeredAt - bootedAt : 0),
  ];
}

const countBy = (values: Iterable<string>): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
};

/** How many pods wait for other resources, and how many are being given them. Upstream: `recordPendingResizeCount`, `pkg/kubelet/status`. */
function resizeMetrics(workers: readonly PodWorker[]): Metric[] {
  const states = workers.filter(({ isActive }) => isActive).map(({ resize }) => resize);
  const pending = countBy(states.flatMap((state) => (state?.pending ? [state.pending.reason.toLowerCase()] : [])));
  return [
    gauge(
      'kubelet_pod_pending_resizes',
      'Number of pending resizes for pods.',
      [...pending].map(([reason, value]) => ({ labels: { reason }, value })),
    ),
    gauge(
      'kubelet_pod_in_progress_resizes',
      'Number of in-progress resizes for pods.',
      one(states.filter((state) => state?.inProgress).length),
    ),
  ];
}

/** Upstream: `totalVolumesCollector`, `pkg/kubelet/volumemanager/metrics`. */
function volumeCounts(workers: readonly PodWorker[]): Metric {
  const of = (state: string, names: readonly string[]): Sample[] =>
    [...countBy(names)].map(([plugin, value]) => ({ labels: { plugin_name: plugin, state }, value }));
  const all = workers.map(({ plugins }) => plugins);
  const mounted = all.flatMap((each) => each.mounted);
  const wanted = all.flatMap((each) => each.wanted);
  const samples = [...of('actual_state_of_world', mounted), ...of('desired_state_of_world', wanted)];
  return gauge('volume_manager_total_volumes', 'Number of volumes in Volume Manager', samples);
}

/** Upstream: `pkg/kubelet/metrics/collectors/log_metrics.go`. */
function logMetrics({ pods }: NodeUsage): Metric {
  const samples = pods.flatMap(({ worker: { pod }, stats }) =>
    stats.containers.map(({ name, log }) => ({
      labels: { container: name, namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, uid: pod.metadata.uid },
      value: log.usedBytes,
    })),
  );
  return gauge('kubelet_container_log_filesystem_used_bytes', "Bytes used by the container's logs on the filesystem.", samples);
}

/** Of the process, which holds other nodes too. */
function processMetrics(): Metric[] {
  const { user, system } = process.cpuUsage();
  const plain = (name: string, type: Metric['type'], help: string, value: number): Metric => ({ name, type, help, samples: one(value) });
  return [
    plain('process_cpu_seconds_total', 'counter', 'Total user and system CPU time spent in seconds.', (user + system) / 1e6),
    plain('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', process.memoryUsage.rss()),
    plain('process_start_time_seconds', 'gauge', 'Start time of the process since unix epoch in seconds.', performance.timeOrigin / 1000),
  ];
}

export interface StateParts {
  readonly times: KubeletTimes;
  readonly workers: readonly PodWorker[];
  readonly usage: NodeUsage;
  /** How long the first pod with an address of its own took to start, in seconds. */
  readonly firstNetworkStart: number | undefined;
}

/** How things are with a kubelet when it is asked. */
export const stateMetrics = ({ times, workers, usage, firstNetworkStart }: StateParts): Metric[] => [
  ...constantMetrics(),
  ...timeMetrics(times),
  ...resizeMetrics(workers),
  volumeCounts(workers),
  logMetrics(usage),
  ...processMetrics(),
  {
    name: 'kubelet_first_network_pod_start_sli_duration_seconds',
    type: 'gauge',
    help: '[INTERNAL] Duration in seconds to start the first network pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch',
    samples: one(firstNetworkStart ?? 0),
  },
];
