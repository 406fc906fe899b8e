import { type Counter, exponentialBuckets, type Gauge, type Histogram, type Labels, type Metrics } from '../../runtime/index.ts';
import { Census } from './census.ts';

/** What controllers count beside their queues. */
export type ControllerMetrics = ReturnType<typeof createControllerMetrics>;

/** Of `pod_deletion_duration_seconds`: from 5 ms to 4 minutes. */
const DELETION_SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 30, 60, 120, 180, 240];
const SYNC_SECONDS = exponentialBuckets(0.001, 2, 15);
const ENDPOINTS = exponentialBuckets(2, 2, 15);
const CLAIM_LABELS = ['namespace', 'storage_class', 'volume_attributes_class'] as const;

/**
 * The metrics of the controllers; names, labels and buckets are those of the `metrics.go` beside each of upstream's controllers. Made once in
 * a process, however often it begins to lead.
 */
export function createControllerMetrics(metrics: Metrics) {
  const maker: Maker = {
    counter: (name, help, ...labels) => metrics.counter({ name, help, labels }),
    gauge: (name, help, ...labels) => metrics.gauge({ name, help, labels }),
    histogram: (name, help, buckets, ...labels) => metrics.histogram({ name, help, labels, buckets }),
    census: (name, help, ...labels) => new Census(metrics, { name, help, labels }),
  };
  return { ...workloadMetrics(maker), ...nodeMetrics(maker), ...networkMetrics(maker), ...volumeMetrics(maker), ...otherMetrics(maker) };
}

interface Maker {
  counter(name: string, help: string, ...labels: string[]): Counter;
  gauge(name: string, help: string, ...labels: string[]): Gauge;
  histogram(name: string, help: string, buckets: readonly number[], ...labels: string[]): Histogram;
  census(name: string, help: string, ...labels: string[]): Census;
}

const workloadMetrics = ({ counter, histogram }: Maker) => ({
  job: {
    syncs: counter('job_controller_job_syncs_total', 'How often jobs were looked at.', 'completion_mode', 'result', 'action'),
    syncSeconds: histogram(
      'job_controller_job_sync_duration_seconds',
      'How long it took to look at a job.',
      exponentialBuckets(0.004, 2, 15),
      ...['completion_mode', 'result', 'action'],
    ),
    finished: counter('job_controller_jobs_finished_total', 'Jobs that ended.', 'completion_mode', 'result', 'reason'),
    podsFinished: counter('job_controller_job_pods_finished_total', 'Pods that ended and were counted.', 'completion_mode', 'result'),
    finishedIndexes: counter('job_controller_job_finished_indexes_total', 'Indexes that ended and were counted.', 'status', 'backoffLimit'),
    podFailuresJudged: counter(
      'job_controller_pod_failures_handled_by_failure_policy_total',
      'Failed pods of which a rule of their job speaks.',
      'action',
    ),
    podsCreated: counter(
      'job_controller_job_pods_creation_total',
      'Pods of jobs, by why they were wanted and what came of it.',
      'reason',
      'status',
    ),
    foreign: counter('job_controller_jobs_by_external_controller_total', 'Jobs that another controller looks after.', 'controller_name'),
    trackedPods: counter(
      'job_controller_terminated_pods_tracking_finalizer_total',
      'Pods that ended with the finalizer of the job controller (add), and lost it (delete).',
      'event',
    ),
  },
  cronJobSkew: histogram(
    'cronjob_controller_job_creation_skew_duration_seconds',
    'How long after its time a job was made.',
    exponentialBuckets(1, 2, 10),
  ),
  ttlDeletion: histogram(
    'ttl_after_finished_controller_job_deletion_duration_seconds',
    'How long after its time to live a job was deleted.',
    exponentialBuckets(0.1, 2, 14),
  ),
  replicaSetAgeRatio: histogram(
    'replicaset_controller_sorting_deletion_age_ratio',
    'Age of ready pods that were chosen for deletion, as a multiple of that of the youngest.',
    exponentialBuckets(0.25, 2, 6),
  ),
});

const nodeMetrics = ({ counter, gauge, histogram }: Maker) => ({
  autoscaler: {
    reconciliations: counter(
      'horizontal_pod_autoscaler_controller_reconciliations_total',
      'How often autoscalers were looked at.',
      'action',
      'error',
    ),
    reconciliationSeconds: histogram(
      'horizontal_pod_autoscaler_controller_reconciliation_duration_seconds',
      'How long it took to look at an autoscaler.',
      SYNC_SECONDS,
      ...['action', 'error'],
    ),
    computations: counter(
      'horizontal_pod_autoscaler_controller_metric_computation_total',
      'How often a count was made of a metric.',
      ...['action', 'error', 'metric_type'],
    ),
    computationSeconds: histogram(
      'horizontal_pod_autoscaler_controller_metric_computation_duration_seconds',
      'How long it took to make a count of a metric.',
      SYNC_SECONDS,
      ...['action', 'error', 'metric_type'],
    ),
  },
  nodes: {
    zoneHealth: gauge('node_collector_zone_health', 'Ready nodes of a zone, in percent.', 'zone'),
    zoneSize: gauge('node_collector_zone_size', 'Nodes of a zone.', 'zone'),
    unhealthy: gauge('node_collector_unhealthy_nodes_in_zone', 'Nodes of a zone that are not ready.', 'zone'),
    evictions: counter('node_collector_evictions_total', 'Nodes that were given the taint that evicts.', 'zone'),
    lookSeconds: histogram(
      'node_collector_update_node_health_duration_seconds',
      'How long it took to look at the health of a node.',
      exponentialBuckets(0.001, 4, 8),
    ),
    monitorSeconds: histogram(
      'node_collector_update_all_nodes_health_duration_seconds',
      'How long it took to look at the health of all nodes.',
      exponentialBuckets(0.01, 4, 8),
    ),
  },
  taintEviction: {
    deletions: counter('taint_eviction_controller_pod_deletions_total', 'Pods that were deleted for a taint.'),
    deletionSeconds: histogram(
      'taint_eviction_controller_pod_deletion_duration_seconds',
      'How long after a taint took effect a pod was deleted.',
      DELETION_SECONDS,
    ),
  },
});

const networkMetrics = ({ counter, histogram, census }: Maker) => ({
  endpointSlices: {
    syncs: counter('endpoint_slice_controller_syncs', 'How often Services were looked at.', 'result'),
    changes: counter('endpoint_slice_controller_changes', 'EndpointSlices that were written.', 'operation'),
  },
  mirrors: {
    seconds: histogram(
      'endpoint_slice_mirroring_controller_endpoints_sync_duration',
      'How long it took to look at Endpoints, in seconds.',
      SYNC_SECONDS,
    ),
    added: histogram('endpoint_slice_mirroring_controller_endpoints_added_per_sync', 'Endpoints added at a look.', ENDPOINTS),
    updated: histogram('endpoint_slice_mirroring_controller_endpoints_updated_per_sync', 'Endpoints changed at a look.', ENDPOINTS),
    removed: histogram('endpoint_slice_mirroring_controller_endpoints_removed_per_sync', 'Endpoints removed at a look.', ENDPOINTS),
    skipped: histogram(
      'endpoint_slice_mirroring_controller_addresses_skipped_per_sync',
      'Addresses at a look that were none, or too many.',
      ENDPOINTS,
    ),
    changes: counter('endpoint_slice_mirroring_controller_changes', 'Mirrors that were written.', 'operation'),
    endpoints: census('endpoint_slice_mirroring_controller_endpoints_desired', 'Endpoints that mirrors are to have.'),
    slices: census('endpoint_slice_mirroring_controller_num_endpoint_slices', 'Mirrors there are.'),
    slicesNeeded: census('endpoint_slice_mirroring_controller_desired_endpoint_slices', 'Mirrors there would be if each were full.'),
  },
  balancerSyncs: counter('service_controller_loadbalancer_sync_total', 'How often a load balancer was set up.'),
});

const volumeMetrics = ({ counter, census }: Maker) => ({
  ephemeralVolume: {
    creates: counter('ephemeral_volume_controller_create_total', 'Claims of ephemeral volumes that were asked for.'),
    failures: counter('ephemeral_volume_controller_create_failures_total', 'Claims of ephemeral volumes that were refused.'),
  },
  volumes: {
    total: census('pv_collector_total_pv_count', 'Volumes there are.', 'plugin_name', 'volume_mode'),
    boundVolumes: census('pv_collector_bound_pv_count', 'Volumes that have a claim.', 'storage_class'),
    unboundVolumes: census('pv_collector_unbound_pv_count', 'Volumes that have no claim.', 'storage_class'),
    boundClaims: census('pv_collector_bound_pvc_count', 'Claims that have a volume.', ...CLAIM_LABELS),
    unboundClaims: census('pv_collector_unbound_pvc_count', 'Claims that have no volume.', ...CLAIM_LABELS),
  },
  retroactiveClasses: {
    total: counter('retroactive_storageclass_total', 'Claims that were given the default class after they were made.'),
    errors: counter('retroactive_storageclass_errors_total', 'Of those, claims that could not be given it.'),
  },
  attachments: {
    inUse: census('storage_count_attachable_volumes_in_use', 'Attachable volumes that pods use.', 'node', 'volume_plugin'),
    total: census('attachdetach_controller_total_volumes', 'Volumes that are, or are to be, attached.', 'plugin_name', 'state'),
    forced: counter(
      'attach_detach_controller_attachdetach_controller_forced_detaches',
      'Volumes that were taken away from a node that had not let go of them.',
      'reason',
    ),
  },
});

const otherMetrics = ({ counter, gauge, histogram, census }: Maker) => ({
  podGc: {
    deletions: counter('pod_gc_collector_force_delete_pods_total', 'Pods that were collected.', 'namespace', 'reason'),
    errors: counter('pod_gc_collector_force_delete_pod_errors_total', 'Pods that could not be collected.', 'namespace', 'reason'),
  },
  rootCa: {
    syncs: counter('root_ca_cert_publisher_sync_total', 'How often namespaces were looked at.', 'code'),
    syncSeconds: histogram(
      'root_ca_cert_publisher_sync_duration_seconds',
      'How long it took to look at a namespace.',
      SYNC_SECONDS,
      'code',
    ),
  },
  collectorSyncErrors: counter(
    'garbagecollector_controller_resources_sync_error_total',
    'How often it could not be told in full which kinds are served.',
  ),
  resourceClaims: {
    creates: counter('resourceclaim_controller_creates_total', 'ResourceClaims that were asked for.', 'status', 'admin_access'),
    claims: census('resourceclaim_controller_resource_claims', 'ResourceClaims there are.', 'allocated', 'admin_access'),
  },
  nodeIpam: {
    allocations: counter('node_ipam_controller_cidrset_cidrs_allocations_total', 'Blocks that were given to nodes.', 'clusterCIDR'),
    releases: counter('node_ipam_controller_cidrset_cidrs_releases_total', 'Blocks that nodes gave back.', 'clusterCIDR'),
    running: gauge('running_managed_controllers', 'Whether a controller runs, and where.', 'name', 'manager'),
    // The name is upstream's.
    sizes: gauge('node_ipam_controller_cirdset_max_cidrs', 'Blocks that there are for nodes.', 'clusterCIDR'),
    usage: gauge('node_ipam_controller_cidrset_usage_cidrs', 'Share of them that is taken.', 'clusterCIDR'),
    tries: histogram(
      'node_ipam_controller_cidrset_allocation_tries_per_request',
      'Blocks that were looked at, and taken, before the one that was given.',
      exponentialBuckets(1, 5, 5),
      'clusterCIDR',
    ),
  },
});

/** Counts, and notes how long it took. */
export function countTimed({ total, seconds }: { readonly total: Counter; readonly seconds: Histogram }, labels: Labels, ms: number): void {
  total.inc(labels);
  seconds.observe(ms / 1000, labels);
}
