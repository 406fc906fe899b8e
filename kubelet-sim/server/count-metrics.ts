import type { DraCounts } from '../plugins/dra/dra-counts.ts';
import type { CountedBy, KubeletCounts } from '../pod/kubelet-counts.ts';
import { histogramSamples, type Metric, type Sample } from './prometheus-text.ts';

/** What a kubelet has done since it began (upstream `pkg/kubelet/metrics/metrics.go`); what has no value for any label yet is left out. */
export function countMetrics(counts: KubeletCounts): Metric[] {
  const by = (label: string, values: CountedBy): Sample[] =>
    sorted([...values].map(([value, count]) => ({ labels: { [label]: value }, value: count })));
  const failures = [...counts.failures].map(({ type, code, count }) => ({ labels: { code, container_type: type }, value: count }));
  return [
    counter('kubelet_evictions', 'Cumulative number of pod evictions by eviction signal', by('eviction_signal', counts.evictions)),
    counter(
      'kubelet_preemptions',
      'Cumulative number of pod preemptions by preemption resource',
      by('preemption_signal', counts.preemptions),
    ),
    counter('kubelet_started_pods_total', 'Cumulative number of pods started', one(counts.podsStarted)),
    counter('kubelet_started_pods_errors_total', 'Cumulative number of errors when starting pods', one(counts.podsFailed)),
    counter(
      'kubelet_started_user_namespaced_pods_total',
      'Cumulative number of pods with user namespaces started. This metric will only be collected on Linux.',
      one(counts.withOwnUsers.started),
    ),
    counter(
      'kubelet_started_user_namespaced_pods_errors_total',
      'Cumulative number of errors when starting pods with user namespaces. This metric will only be collected on Linux.',
      one(counts.withOwnUsers.failed),
    ),
    counter('kubelet_started_containers_total', 'Cumulative number of containers started', by('container_type', counts.containers)),
    counter('kubelet_started_containers_errors_total', 'Cumulative number of errors when starting containers', sorted(failures)),
    counter(
      'kubelet_lifecycle_handler_http_fallbacks_total',
      'The number of times lifecycle handlers successfully fell back to http from https.',
      one(counts.hooksFallenBack),
    ),
    histogram(
      'kubelet_pod_start_duration_seconds',
      'Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run',
      histogramSamples(counts.podStarts),
    ),
    histogram(
      'kubelet_pod_worker_start_duration_seconds',
      'Duration in seconds from kubelet seeing a pod to starting a worker.',
      histogramSamples(counts.workerStarts),
    ),
    histogram(
      'kubelet_pod_worker_duration_seconds',
      'Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync',
      [...counts.syncs].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([type, each]) => histogramSamples(each, { operation_type: type })),
    ),
  ];
}

/** What a kubelet does for claims of devices; what has no value for any label yet is left out. Upstream: the subsystem `dra` there. */
export const draMetrics = (counts: DraCounts): Metric[] => [
  histogram(
    'dra_grpc_operations_duration_seconds',
    'Duration in seconds of the DRA gRPC operations',
    [...counts.calls].flatMap(({ labels, durations }) => histogramSamples(durations, labels)),
  ),
  histogram(
    'dra_operations_duration_seconds',
    "Latency histogram in seconds for the duration of handling all ResourceClaims referenced by a pod when the pod starts or stops. Identified by the name of the operation (PrepareResources or UnprepareResources) and separated by the success of the operation. The number of failed operations is provided through the histogram's overall count.",
    [...counts.operations].flatMap(({ labels, durations }) => histogramSamples(durations, labels)),
  ),
  {
    name: 'dra_resource_claims_in_use',
    type: 'gauge',
    help: '[ALPHA] The number of ResourceClaims that are currently in use on the node, by driver name (driver_name label value) and across all drivers (special value <any> for driver_name). Note that the sum of all by-driver counts is not the total number of in-use ResourceClaims because the same ResourceClaim might use devices from different drivers. Instead, use the count for the <any> driver_name.',
    samples: sorted([...counts.inUse].map(([driver_name, value]) => ({ labels: { driver_name }, value }))),
  },
];

const one = (value: number): Sample[] => [{ labels: {}, value }];

const sorted = (samples: readonly Sample[]): Sample[] => samples.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
const keyOf = ({ labels }: Sample): string => JSON.stringify(Object.values(labels));

const counter = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name,
  type: 'counter',
  help: `[ALPHA] ${help}`,
  samples,
});

const histogram = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name,
  type: 'histogram',
  help: `[ALPHA] ${help}`,
  samples,
});
