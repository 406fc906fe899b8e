import { expect, test } from 'vitest';
import { DraCounts } from '../plugins/dra/dra-counts.ts';
import { FAMILIES, HTTP_INFLIGHT, imageSizeLabel, refusalLabel } from '../pod/count-families.ts';
import { KubeletCounts } from '../pod/kubelet-counts.ts';
import { startKubelet } from '../testing/kubelet-server.ts';
import { shell, TestNode } from '../testing/node-harness.ts';
import { familyMetrics } from './family-metrics.ts';
import { textOf } from './prometheus-text.ts';

const shown = (counts: KubeletCounts) =>
  textOf(familyMetrics(counts))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket') && !line.includes('_sum'));

test('what has labels is told once it has happened', () => {
  const unlabelled = FAMILIES.filter(({ labels, isLate }) => labels.length === 0 && !isLate).map(
    ({ name, bounds }) => `${name}${bounds ? '_count' : ''} 0`,
  );
  const counts = new KubeletCounts(() => new DraCounts(() => new Map()));
  expect(shown(counts)).toEqual(unlabelled);
  counts.tallies.add(HTTP_INFLIGHT, 1, 'false', 'GET', 'pods', 'readwrite');
  counts.tallies.add(HTTP_INFLIGHT, -1, 'false', 'GET', 'pods', 'readwrite');
  const labels = 'long_running="false",method="GET",path="pods",server_type="readwrite"';
  expect(shown(counts)).toContain(`kubelet_http_inflight_requests{${labels}} 0`);
});

test('what a kubelet does with its runtime, its images and its volumes is counted', async () => {
  const node = new TestNode({ pullMs: 3000 });
  const probed = {
    readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 },
    volumeMounts: [{ name: 'scratch', mountPath: '/s' }],
  };
  await node.run({
    volumes: [
      { name: 'scratch', emptyDir: {} },
      { name: 'unused', emptyDir: {} },
    ],
    containers: [shell('main', 'sleep 3600', probed)],
  });
  await node.pass(10);
  expect(node.worker?.plugins).toEqual({ wanted: ['kubernetes.io/empty-dir'], mounted: ['kubernetes.io/empty-dir'] });
  await node.delete(1);
  await node.pass(5);
  const lines = shown(node.services.counts);
  for (const type of ['run_podsandbox', 'create_container', 'start_container', 'stop_container', 'pull_image', 'image_status', 'exec_sync'])
    expect(lines.find((line) => line.startsWith(`kubelet_runtime_operations_total{operation_type="${type}"}`))).toBeDefined();
  expect(lines).toContain('kubelet_run_podsandbox_duration_seconds_count{runtime_handler=""} 1');
  expect(lines.filter((line) => line.startsWith('kubelet_image_pull_duration_seconds_count'))).toHaveLength(1);
  expect(lines).toContain('kubelet_containers_per_pod_count_count 1');
  const storage = (operation: string) =>
    `storage_operation_duration_seconds_count{migrated="false",operation_name="${operation}",status="success",volume_plugin="kubernetes.io/empty-dir"} 1`;
  expect(lines).toEqual(expect.arrayContaining([storage('volume_mount'), storage('volume_unmount')]));
  expect(node.worker?.plugins).toEqual({ wanted: [], mounted: [] });
  const text = textOf(familyMetrics(node.services.counts));
  expect(text).toMatch(/kubelet_pod_start_total_duration_seconds_sum 3\n/);
  // The time of the pull does not count.
  expect(text).toMatch(/kubelet_pod_start_sli_duration_seconds_sum 0\n/);
  expect(text).toContain('kubelet_runtime_operations_duration_seconds_bucket{operation_type="pull_image",le="0.0125"} 0\n');
});

test('resizes are counted by what they ask for and how they end', async () => {
  const node = new TestNode();
  const of = (cpu: string) => [shell('main', 'sleep 3600', { resources: { requests: { cpu } } })];
  await node.run({ containers: of('1') });
  for (const cpu of ['2', '500m']) {
    await node.change((pod) => ({ ...pod, spec: { ...pod.spec, containers: of(cpu) } }));
    await node.pass(3);
  }
  const labels = (operation: string) => `{operation="${operation}",requirement="requests",resource="cpu"} 1`;
  expect(shown(node.services.counts)).toEqual(
    expect.arrayContaining([
      `kubelet_container_requested_resizes_total${labels('increase')}`,
      `kubelet_container_requested_resizes_total${labels('decrease')}`,
      'kubelet_pod_resize_duration_milliseconds_count{success="true"} 2',
    ]),
  );
});

test.each([
  [0, 'N/A'],
  [1, '0-10MB'],
  [10 * 1024 * 1024, '0-10MB'],
  [10 * 1024 * 1024 + 1, '10MB-100MB'],
  [200 * 1024 ** 3, 'GT100GB'],
])('an image of %d bytes counts as %s', (bytes, label) => expect(imageSizeLabel(bytes)).toBe(label));

test.each([
  ['OutOfcpu', 'OutOfcpu'],
  ['OutOfnvidia.com/gpu', 'OutOfExtendedResources'],
  ['NodeAffinity', 'Other'],
])('a refusal for %s counts as %s', (reason, label) => expect(refusalLabel(reason)).toBe(label));

test('/metrics told some fifty families less than upstream: requests, startup, volumes, logs, resizes', async () => {
  await using world = await startKubelet();
  await world.node.run({});
  await world.ask('/pods');
  const { text } = await world.ask('/metrics');
  const labels = 'long_running="false",method="GET",path="pods",server_type="readwrite"';
  for (const line of [
    `kubelet_http_requests_total{${labels}} 1`,
    'kubelet_http_inflight_requests{long_running="false",method="GET",path="metrics",server_type="readwrite"} 1',
    'kubelet_node_startup_registration_duration_seconds 1.5',
    'kubelet_pod_in_progress_resizes 0',
    'kubelet_cgroup_version 2',
    'kubelet_restarted_pods_total{static="true"} 0',
    'kubelet_container_log_filesystem_used_bytes{container="main",namespace="default",pod="web",uid="uid-of-web"} ',
    '# TYPE kubelet_evented_pleg_connection_latency_seconds histogram',
    '# HELP kubelet_first_network_pod_start_sli_duration_seconds [INTERNAL] ',
  ])
    expect(text).toContain(line);
  const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(names).toEqual([...new Set(names)].sort());
});
