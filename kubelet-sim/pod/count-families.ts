// What a kubelet counts, as upstream has it: `pkg/kubelet/metrics/metrics.go`, `pkg/kubelet/server/metrics/metrics.go`,
// `pkg/volume/util/metrics.go`. Labels are in the order in which they are told.
import { DURATION_BOUNDS } from '../durations.ts';
import type { Family } from '../tallies.ts';

/** Upstream: `ExponentialBuckets`, each as it comes of multiplying. */
function exponential(start: number, factor: number, count: number): number[] {
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound);
  return bounds;
}

const START_BOUNDS = [0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];
const PULL_BOUNDS = [1, 5, 10, 20, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600];
const RESIZE_MS_BOUNDS = [10, 50, 100, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000];
const STATUS_BOUNDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 45, 60];
const STORAGE_BOUNDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600];

const family = (name: string, help: string, labels: readonly string[] = [], bounds?: readonly number[]): Family => ({
  name,
  help,
  labels,
  bounds,
});

export const ADMISSION_REJECTIONS = family(
  'kubelet_admission_rejections_total',
  'Cumulative number pod admission rejections by the Kubelet.',
  ['reason'],
);
export const RESIZES_ASKED = family(
  'kubelet_container_requested_resizes_total',
  "Number of requested resizes, counted at the container level. Different resources on the same container are counted separately. The 'requirement' label refers to 'memory' or 'limits'; the 'operation' label can be one of 'add', 'remove', 'increase' or 'decrease'.",
  ['operation', 'requirement', 'resource'],
);
export const CONTAINERS_PER_POD = family('kubelet_containers_per_pod_count', 'The number of containers per pod.', [], exponential(1, 2, 5));
export const HTTP_DURATIONS = family(
  'kubelet_http_requests_duration_seconds',
  'Duration in seconds to serve http requests',
  ['long_running', 'method', 'path', 'server_type'],
  DURATION_BOUNDS,
);
export const HTTP_REQUESTS = family('kubelet_http_requests_total', 'Number of the http requests received since the server started', [
  'long_running',
  'method',
  'path',
  'server_type',
]);
export const HTTP_INFLIGHT: Family = {
  ...family('kubelet_http_inflight_requests', 'Number of the inflight http requests', ['long_running', 'method', 'path', 'server_type']),
  isGauge: true,
};
export const IMAGES_COLLECTED = family(
  'kubelet_image_garbage_collected_total',
  'Total number of images garbage collected by the kubelet, whether through disk usage or image age.',
  ['reason'],
);
export const IMAGE_PULLS = family(
  'kubelet_image_pull_duration_seconds',
  'Duration in seconds to pull an image.',
  ['image_size_in_bytes'],
  PULL_BOUNDS,
);
export const RESIZES_ACCEPTED = family(
  'kubelet_pod_deferred_accepted_resizes_total',
  'Cumulative number of resizes that were accepted after being deferred.',
  ['retry_trigger'],
);
export const RESIZES_INFEASIBLE = family('kubelet_pod_infeasible_resizes_total', 'Number of infeasible resizes for pods.', [
  'reason_detail',
]);
export const RESIZE_DURATIONS = family(
  'kubelet_pod_resize_duration_milliseconds',
  'Duration in milliseconds to actuate a pod resize',
  ['success'],
  RESIZE_MS_BOUNDS,
);
export const SLI_STARTS: Family = {
  ...family(
    'kubelet_pod_start_sli_duration_seconds',
    'Duration in seconds to start a pod, excluding time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch',
    [],
    START_BOUNDS,
  ),
  isLate: true,
};
export const TOTAL_STARTS: Family = {
  ...family(
    'kubelet_pod_start_total_duration_seconds',
    'Duration in seconds to start a pod since creation, including time to pull images and run init containers, measured from pod creation timestamp to when all its containers are reported as started and observed via watch',
    [],
    START_BOUNDS,
  ),
  isLate: true,
};
export const STATUS_SYNCS = family(
  'kubelet_pod_status_sync_duration_seconds',
  'Duration in seconds to sync a pod status update. Measures time from detection of a change to pod status until the API is successfully updated for that pod, even if multiple intevening changes to pod status occur.',
  [],
  STATUS_BOUNDS,
);
export const SANDBOXES = family(
  'kubelet_run_podsandbox_duration_seconds',
  'Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.',
  ['runtime_handler'],
  DURATION_BOUNDS,
);
export const SANDBOX_ERRORS = family(
  'kubelet_run_podsandbox_errors_total',
  'Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.',
  ['runtime_handler'],
);
export const OPERATIONS = family('kubelet_runtime_operations_total', 'Cumulative number of runtime operations by operation type.', [
  'operation_type',
]);
export const OPERATION_ERRORS = family(
  'kubelet_runtime_operations_errors_total',
  'Cumulative number of runtime operation errors by operation type.',
  ['operation_type'],
);
export const OPERATION_DURATIONS = family(
  'kubelet_runtime_operations_duration_seconds',
  'Duration in seconds of runtime operations. Broken down by operation type.',
  ['operation_type'],
  exponential(0.005, 2.5, 14),
);
export const SLEEPS_CUT_SHORT = family(
  'kubelet_sleep_action_terminated_early_total',
  'The number of times lifecycle sleep handler got terminated before it finishes',
);
export const TOPOLOGY_REQUESTS = family(
  'kubelet_topology_manager_admission_requests_total',
  'The number of admission requests where resources have to be aligned.',
);
export const TOPOLOGY_DURATIONS = family(
  'kubelet_topology_manager_admission_duration_ms',
  'Duration in milliseconds to serve a pod admission request.',
  [],
  exponential(0.05, 2, 15),
);
export const STORAGE_OPERATIONS = family(
  'storage_operation_duration_seconds',
  'Storage operation duration',
  ['migrated', 'operation_name', 'status', 'volume_plugin'],
  STORAGE_BOUNDS,
);

/** What is told as soon as it happens. */
export const FAMILIES: readonly Family[] = [
  ADMISSION_REJECTIONS,
  RESIZES_ASKED,
  CONTAINERS_PER_POD,
  HTTP_INFLIGHT,
  HTTP_DURATIONS,
  HTTP_REQUESTS,
  IMAGES_COLLECTED,
  IMAGE_PULLS,
  RESIZES_ACCEPTED,
  RESIZES_INFEASIBLE,
  RESIZE_DURATIONS,
  SLI_STARTS,
  TOTAL_STARTS,
  STATUS_SYNCS,
  SANDBOXES,
  SANDBOX_ERRORS,
  OPERATIONS,
  OPERATION_ERRORS,
  OPERATION_DURATIONS,
  SLEEPS_CUT_SHORT,
  TOPOLOGY_REQUESTS,
  TOPOLOGY_DURATIONS,
  STORAGE_OPERATIONS,
];

const MB = 1024 * 1024;
const GB = 1024 * MB;

/** Upstream: `imageSizeBuckets`. */
const IMAGE_SIZES: readonly (readonly [moreThan: number, label: string])[] = [
  [100 * GB, 'GT100GB'],
  [60 * GB, '60GB-100GB'],
  [40 * GB, '40GB-60GB'],
  [30 * GB, '30GB-40GB'],
  [20 * GB, '20GB-30GB'],
  [10 * GB, '10GB-20GB'],
  [5 * GB, '5GB-10GB'],
  [GB, '1GB-5GB'],
  [500 * MB, '500MB-1GB'],
  [100 * MB, '100MB-500MB'],
  [10 * MB, '10MB-100MB'],
  [0, '0-10MB'],
];

/** The size of an image as the durations of its pulls are told by it. Upstream: `GetImageSizeBucket`. */
export const imageSizeLabel = (bytes: number): string => IMAGE_SIZES.find(([moreThan]) => bytes > moreThan)?.[1] ?? 'N/A';

/** Reasons of refusals that are told as they are. Upstream: `admissionRejectionReasons`, `pkg/kubelet/kubelet.go`. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['AppArmor', 'PodOSSelectorNodeLabelDoesNotMatch', 'PodOSNotSupported', 'InvalidNodeInfo', 'InitContainerRestartPolicyForbidden'],
  ...['SupplementalGroupsPolicyNotSupported', 'UnexpectedAdmissionError', 'UnknownReason', 'UnexpectedPredicateFailureType'],
  ...['OutOfcpu', 'OutOfmemory', 'OutOfephemeral-storage', 'OutOfpods', 'PodLevelResourcesNotSupported', 'Evicted', 'SysctlForbidden'],
  ...['TopologyAffinityError', 'NodeShutdown', 'VolumeAttachmentLimitExceeded'],
]);

/** A refusal's reason as it is counted. Upstream: `recordAdmissionRejection`. */
export function refusalLabel(reason: string): string {
  if (REFUSALS.has(reason)) return reason;
  return reason.startsWith('OutOf') ? 'OutOfExtendedResources' : 'Other';
}
