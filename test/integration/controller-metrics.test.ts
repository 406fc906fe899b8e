import { expect, it } from 'vitest';
import { appsKinds, batchKinds, coreKinds, type Job, type Node, type Pod, type ReplicaSet } from '../../api/index.ts';
import { createMetrics, systemClock } from '../../runtime/index.ts';
import { startControlPlane } from '../support/control-plane.ts';

const template = (labels: object, more: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'app', image: 'app:1' }], ...more },
});

it('controllers count what they do by upstream’s names', { timeout: 60_000 }, async () => {
  const metrics = createMetrics();
  await using plane = await startControlPlane({ nodes: ['one'], metrics });
  const namespace = 'default';
  const job = { completions: 0, template: template({ app: 'job' }, { restartPolicy: 'Never' }), ttlSecondsAfterFinished: 0 };
  await plane.create<Job>(batchKinds.jobs, { metadata: { name: 'done', namespace }, spec: job });
  await plane.create<Job>(batchKinds.jobs, { metadata: { name: 'foreign', namespace }, spec: { ...job, managedBy: 'example.com/other' } });
  const labels = { app: 'set' };
  const spec = { replicas: 3, selector: { matchLabels: labels }, template: template(labels) };
  await plane.create<ReplicaSet>(appsKinds.replicasets, { metadata: { name: 'set', namespace }, spec });
  await plane.eventually<ReplicaSet>(appsKinds.replicasets, 'set', ({ status }) => status.readyReplicas === 3);
  await systemClock.sleep(1000); // pods that are no second old have no age to compare
  await plane.client.resource<ReplicaSet>(appsKinds.replicasets).patch('set', { spec: { replicas: 2 } }, { namespace, type: 'merge' });
  await plane.eventually<ReplicaSet>(appsKinds.replicasets, 'set', ({ status }) => status.replicas === 2);
  const taints = [{ key: 'go', effect: 'NoExecute' }];
  await plane.client.resource<Node>(coreKinds.nodes).patch('one', { spec: { taints } }, { type: 'merge' });
  await plane.eventuallyAll<Pod>(coreKinds.pods, (pods) =>
    pods.every(({ metadata, spec: { nodeName } }) => metadata.deletionTimestamp || !nodeName),
  );
  await plane.eventuallyGone(batchKinds.jobs, 'done');

  const text = await metrics.text();
  for (const line of [
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
    'root_ca_cert_publisher_sync_total{code="200"} ',
    // None of these happened here, but they are known.
    '# TYPE cronjob_controller_job_creation_skew_duration_seconds histogram',
    '# TYPE horizontal_pod_autoscaler_controller_reconciliations_total counter',
    '# TYPE endpoint_slice_controller_changes counter',
    '# TYPE pod_gc_collector_force_delete_pods_total counter',
  ]) {
    expect(text).toContain(`\n${line}`);
  }
});
