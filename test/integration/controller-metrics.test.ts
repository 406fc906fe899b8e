import { expect, it } from 'vitest';
import {
  appsKinds,
  batchKinds,
  coreKinds,
  type Job,
  type Node,
  type PersistentVolumeClaim,
  type Pod,
  type ReplicaSet,
  resourceKinds,
  storageKinds,
} from '../../api/index.ts';
import { createMetrics, type Metrics, systemClock } from '../../runtime/index.ts';
import { startControlPlane } from '../support/control-plane.ts';

const template = (labels: object, more: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'app', image: 'app:1' }], ...more },
});

/** Which lines do not begin so. */
async function missing(metrics: Metrics, wanted: readonly string[]): Promise<string[]> {
  const text = await metrics.text();
  return wanted.filter((line) => !text.includes(`\n${line}`));
}

it('what there is of volumes, claims, mirrors and balancers is counted when it is asked for', async () => {
  const metrics = createMetrics();
  await using plane = await startControlPlane({
    nodes: ['one'],
    metrics,
    settings: { loadBalancerPool: ['198.51.100.0/28'] },
  });
  const namespace = 'default';
  const resources = { requests: { storage: '1Gi' } };
  const accessModes = ['ReadWriteOnce'];
  const volume = (name: string, more: object) => ({
    metadata: { name },
    spec: { capacity: { storage: '1Gi' }, accessModes, storageClassName: '', ...more },
  });
  const claim = (name: string, volumeName: string) => ({
    metadata: { name, namespace },
    spec: { storageClassName: '', accessModes, resources, volumeName },
  });
  await plane.create(coreKinds.persistentvolumes, volume('disk', { csi: { driver: 'd.io', volumeHandle: 'h' } }));
  await plane.create(coreKinds.persistentvolumes, volume('spare', { hostPath: { path: '/tmp/x' }, storageClassName: 'slow' }));
  await plane.create(coreKinds.persistentvolumeclaims, claim('data', 'disk'));
  await plane.create(coreKinds.persistentvolumeclaims, claim('lost', 'none'));
  await plane.create(coreKinds.persistentvolumeclaims, { metadata: { name: 'plain', namespace }, spec: { accessModes, resources } });
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  await plane.create(storageKinds.storageclasses, { metadata: { name: 'usual', annotations }, provisioner: 'nobody.io' });
  await plane.eventually<PersistentVolumeClaim>(coreKinds.persistentvolumeclaims, 'data', ({ status }) => status.phase === 'Bound');
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
  const pod = (name: string, more: object) => ({ ...template({}, { nodeName: 'one', ...more }), metadata: { name, namespace } });
  await plane.create(coreKinds.pods, pod('user', { volumes }));
  const devices = { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu' } }] };
  await plane.create(resourceKinds.resourceclaimtemplates, { metadata: { name: 'gpu', namespace }, spec: { spec: { devices } } });
  const resourceClaims = [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }];
  await plane.create(coreKinds.pods, pod('gpu', { resourceClaims }));
  const ports = [{ port: 80 }];
  await plane.create(coreKinds.services, { metadata: { name: 'out', namespace }, spec: { ports } });
  await plane.create(coreKinds.services, { metadata: { name: 'front', namespace }, spec: { type: 'LoadBalancer', ports } });
  const subsets = [{ addresses: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }], ports }];
  await plane.create(coreKinds.endpoints, { metadata: { name: 'out', namespace }, subsets });

  const wanted = [
    'retroactive_storageclass_total 1',
    'retroactive_storageclass_errors_total 0',
    'pv_collector_total_pv_count{plugin_name="kubernetes.io/csi:d.io",volume_mode="Filesystem"} 1',
    'pv_collector_total_pv_count{plugin_name="kubernetes.io/host-path",volume_mode="Filesystem"} 1',
    'pv_collector_bound_pv_count{storage_class=""} 1',
    'pv_collector_unbound_pv_count{storage_class="slow"} 1',
    'pv_collector_bound_pvc_count{namespace="default",storage_class="",volume_attributes_class=""} 1',
    'pv_collector_unbound_pvc_count{namespace="default",storage_class="",volume_attributes_class=""} 1',
    'storage_count_attachable_volumes_in_use{node="one",volume_plugin="kubernetes.io/csi:d.io"} 1',
    'attachdetach_controller_total_volumes{plugin_name="kubernetes.io/csi:d.io",state="desired_state_of_world"} 1',
    '# TYPE attach_detach_controller_attachdetach_controller_forced_detaches counter',
    'resourceclaim_controller_creates_total{status="success",admin_access="false"} 1',
    'resourceclaim_controller_resource_claims{allocated="false",admin_access="false"} 1',
    'endpoint_slice_mirroring_controller_endpoints_desired 2',
    'endpoint_slice_mirroring_controller_num_endpoint_slices 1',
    'endpoint_slice_mirroring_controller_desired_endpoint_slices 1',
    'endpoint_slice_mirroring_controller_changes{operation="create"} 1',
    'endpoint_slice_mirroring_controller_endpoints_added_per_sync_sum 2',
    'endpoint_slice_mirroring_controller_endpoints_sync_duration_count ',
    'service_controller_loadbalancer_sync_total 1',
    'garbagecollector_controller_resources_sync_error_total 0',
  ];
  await expect.poll(() => missing(metrics, wanted), { interval: 200 }).toEqual([]);
});

it('controllers count what they do by upstream’s names', async () => {
  const metrics = createMetrics();
  await using plane = await startControlPlane({ nodes: ['one'], metrics });
  const namespace = 'default';
  const job = { completions: 0, template: template({ app: 'job' }, { restartPolicy: 'Never' }), ttlSecondsAfterFinished: 0 };
  await plane.create<Job>(batchKinds.jobs, { metadata: { name: 'done', namespace }, spec: job });
  await plane.create<Job>(batchKinds.jobs, { metadata: { name: 'foreign', namespace }, spec: { ...job, managedBy: 'example.com/other' } });
  await plane.create<Job>(batchKinds.jobs, { metadata: { name: 'held', namespace }, spec: { template: job.template, suspend: true } });
  const labels = { app: 'set' };
  const spec = { replicas: 3, selector: { matchLabels: labels }, template: template(labels) };
  await plane.create<ReplicaSet>(appsKinds.replicasets, { metadata: { name: 'set', namespace }, spec });
  await plane.eventually<ReplicaSet>(appsKinds.replicasets, 'set', ({ status }) => status.readyReplicas === 3);
  await systemClock.sleep(1000); // pods that are no second old have no age to compare
  await plane.client.resource<ReplicaSet>(appsKinds.replicasets).patch('set', { spec: { replicas: 2 } }, { namespace, type: 'merge' });
  await plane.eventually<ReplicaSet>(appsKinds.replicasets, 'set', ({ status }) => status.replicas === 2);
  // Left without an owner, or each evicted pod would be replaced, and evicted, without end.
  await plane.client.resource<ReplicaSet>(appsKinds.replicasets).delete('set', { namespace, propagationPolicy: 'Orphan' });
  await plane.eventuallyGone(appsKinds.replicasets, 'set');
  const taints = [{ key: 'go', effect: 'NoExecute' }];
  await plane.client.resource<Node>(coreKinds.nodes).patch('one', { spec: { taints } }, { type: 'merge' });
  await plane.eventuallyAll<Pod>(coreKinds.pods, (pods) => pods.length === 0);
  await plane.eventuallyGone(batchKinds.jobs, 'done');
  // What was done is counted a moment after it was.
  const wanted = [
    'job_controller_job_syncs_total{completion_mode="NonIndexed",result="success",action="pods_deleted"} ',
    'job_controller_jobs_finished_total{completion_mode="NonIndexed",result="succeeded",reason="CompletionsReached"} 1',
    'job_controller_job_syncs_total{completion_mode="NonIndexed",result="success",action="tracking"} ',
    'job_controller_job_sync_duration_seconds_count{completion_mode="NonIndexed",result="success",action="tracking"} ',
    'job_controller_jobs_by_external_controller_total{controller_name="example.com/other"} 1',
    'ttl_after_finished_controller_job_deletion_duration_seconds_count 1',
    'replicaset_controller_sorting_deletion_age_ratio_count 1',
    'taint_eviction_controller_pod_deletions_total ',
    'taint_eviction_controller_pod_deletion_duration_seconds_count ',
    'node_collector_zone_size{zone=""} 1',
    'node_collector_zone_health{zone=""} 100',
    'node_collector_update_all_nodes_health_duration_seconds_count ',
    'node_ipam_controller_cidrset_cidrs_allocations_total{clusterCIDR="10.224.0.0/11"} 1',
    'node_ipam_controller_cirdset_max_cidrs{clusterCIDR="10.224.0.0/11"} 8192',
    'node_ipam_controller_cidrset_usage_cidrs{clusterCIDR="10.224.0.0/11"} 0.0001220703125',
    'node_ipam_controller_cidrset_allocation_tries_per_request_count{clusterCIDR="10.224.0.0/11"} 1',
    'running_managed_controllers{name="nodeipam",manager="kube-controller-manager"} 1',
    'node_collector_evictions_total{zone=""} 0',
    'root_ca_cert_publisher_sync_total{code="200"} ',
    // None of these happened here, but they are known.
    '# TYPE cronjob_controller_job_creation_skew_duration_seconds histogram',
    '# TYPE horizontal_pod_autoscaler_controller_reconciliations_total counter',
    '# TYPE endpoint_slice_controller_changes counter',
    '# TYPE pod_gc_collector_force_delete_pods_total counter',
  ];
  await expect.poll(() => missing(metrics, wanted)).toEqual([]);
});
