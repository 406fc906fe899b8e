import { expect, test } from 'vitest';
import { DraCounts } from '../plugins/dra/dra-counts.ts';
import type { KubeletCounts } from '../pod/kubelet-counts.ts';
import { aContainer, aPod } from '../testing/builders.ts';
import { shell, TestNode } from '../testing/node-harness.ts';
import { countMetrics, draMetrics } from './count-metrics.ts';
import { textOf } from './prometheus-text.ts';

/** What is shown of counters and of how often something took its time. */
const shown = (counts: KubeletCounts) =>
  textOf(countMetrics(counts))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket') && !line.includes('_sum'));

test('a kubelet that has done nothing counts what has no labels only', () => {
  expect(shown(new TestNode().services.counts)).toEqual([
    'kubelet_started_pods_total 0',
    'kubelet_started_pods_errors_total 0',
    'kubelet_started_user_namespaced_pods_total 0',
    'kubelet_started_user_namespaced_pods_errors_total 0',
    'kubelet_lifecycle_handler_http_fallbacks_total 0',
    'kubelet_pod_start_duration_seconds_count 0',
    'kubelet_pod_worker_start_duration_seconds_count 0',
  ]);
});

test('pods and containers that start are counted by what they are', async () => {
  const node = new TestNode();
  const sidecar = shell('proxy', 'sleep 3600', { restartPolicy: 'Always' });
  await node.run({ initContainers: [shell('init', 'true'), sidecar], containers: [aContainer('a'), shell('b', 'sleep 3600')] });
  await node.pass(1);
  const lines = shown(node.services.counts);
  expect(lines).toContain('kubelet_started_pods_total 1');
  expect(lines).toContain('kubelet_started_pods_errors_total 0');
  expect(lines).toContain('kubelet_started_containers_total{container_type="container"} 2');
  expect(lines).toContain('kubelet_started_containers_total{container_type="init_container"} 2');
  expect(lines).toContain('kubelet_pod_start_duration_seconds_count 1');
  expect(lines).toContain('kubelet_pod_worker_start_duration_seconds_count 1');
  expect(lines).toContain('kubelet_pod_worker_duration_seconds_count{operation_type="create"} 1');
  expect(textOf(countMetrics(node.services.counts))).toContain('kubelet_pod_start_duration_seconds_bucket{le="3600"} 1\n');
});

test.each([
  ['an image that nobody has', { image: 'registry.example.com/private' }, 'ErrImagePull'],
  ['an image that is not to be pulled', { image: 'ghost', imagePullPolicy: 'Never' }, 'ErrImageNeverPull'],
  ['a config map that is not there', { envFrom: [{ configMapRef: { name: 'none' } }] }, 'CreateContainerConfigError'],
  ['a hook that fails', { image: 'busybox', lifecycle: { postStart: { exec: { command: ['false'] } } } }, 'PostStartHookError'],
])('a container that is not started is counted with the reason: %s', async (_why, container, code) => {
  const node = new TestNode();
  await node.run({ restartPolicy: 'Never', containers: [aContainer('main', container)] });
  await node.pass(1);
  const lines = shown(node.services.counts);
  expect(lines).toContain(`kubelet_started_containers_errors_total{code="${code}",container_type="container"} 1`);
  expect(lines.find((line) => line.startsWith('kubelet_started_containers_total'))).toMatch(/container_type="container"} [1-9]/);
});

test('pods in a user namespace of their own are counted beside the others', async () => {
  const node = new TestNode();
  await node.run({ hostUsers: false, containers: [aContainer('a')] });
  const lines = shown(node.services.counts);
  expect(lines).toContain('kubelet_started_user_namespaced_pods_total 1');
  expect(lines).toContain('kubelet_started_user_namespaced_pods_errors_total 0');
  const broken = new TestNode();
  await broken.run({ hostUsers: false, runtimeClassName: 'none' });
  expect(shown(broken.services.counts)).toContain('kubelet_started_user_namespaced_pods_errors_total 1');
});

test('a container that does not start with its sandbox is an error of a pod in a user namespace of its own, once', async () => {
  const node = new TestNode();
  const envFrom = [{ configMapRef: { name: 'none' } }];
  await node.run({ hostUsers: false, containers: [aContainer('a', { envFrom }), aContainer('b', { envFrom })] });
  await node.pass(60);
  expect(shown(node.services.counts)).toContain('kubelet_started_user_namespaced_pods_errors_total 1');
});

test('a hook whose server does not speak TLS is sent without, told of and counted', async () => {
  const node = new TestNode();
  const postStart = { httpGet: { scheme: 'HTTPS', port: 80, path: '/x' } };
  await node.run({ containers: [aContainer('main', { image: 'nginx', lifecycle: { postStart } })] });
  await node.pass(1);
  expect(node.told('LifecycleHTTPFallback')).toEqual([
    expect.stringMatching(/^request to HTTPS lifecycle hook [0-9.]+:80 got HTTP response, retry with HTTP succeeded$/),
  ]);
  expect(node.told('FailedPostStartHook')).toEqual([]);
  expect(shown(node.services.counts)).toContain('kubelet_lifecycle_handler_http_fallbacks_total 1');
});

test('a sandbox that cannot be made is a pod that could not be started', async () => {
  const node = new TestNode();
  await node.run({ runtimeClassName: 'none' });
  expect(shown(node.services.counts)).toEqual(
    expect.arrayContaining(['kubelet_started_pods_total 1', 'kubelet_started_pods_errors_total 1']),
  );
});

test('a pod that uses too much of its disk is an eviction by the limit that it has passed', async () => {
  const node = new TestNode();
  const volumes = [{ name: 'scratch', emptyDir: { sizeLimit: '10' } }];
  const main = shell('main', 'echo 0123456789012345 > /data/f; sleep 3600', { volumeMounts: [{ name: 'scratch', mountPath: '/data' }] });
  await node.run({}, aPod({ volumes, containers: [main] }));
  await node.pass(11);
  expect(shown(node.services.counts)).toContain('kubelet_evictions{eviction_signal="emptydirfs.limit"} 1');
});

test('what is done for claims of devices is told by operation, by call and by driver', () => {
  const counts = new DraCounts(
    () =>
      new Map([
        ['<any>', 1],
        ['gpu.example.com', 1],
      ]),
  );
  counts.operated({ operation_name: 'PrepareResources', is_error: 'true' }, 0.05);
  counts.called({ driver_name: 'gpu.example.com', method_name: '/s/M', grpc_status_code: 'Unavailable' }, 50);
  const lines = textOf(draMetrics(counts)).split('\n');
  expect(lines).toContain('dra_operations_duration_seconds_bucket{operation_name="PrepareResources",is_error="true",le="0.1"} 1');
  expect(lines.find((line) => line.includes('le="40') && line.includes('/s/M'))).toMatch(/grpc_status_code="Unavailable",le="[\d.]+"} 0$/);
  expect(lines).toContain('dra_resource_claims_in_use{driver_name="<any>"} 1');
});
