// The order in which a pod's containers come to life, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

test('init containers run one after the other, each to its end, before any main container starts', async () => {
  const node = new TestNode();
  await node.run({ initContainers: [shell('first', 'sleep 5'), shell('second', 'sleep 5')], containers: [aContainer('main')] });
  expect([node.state('first'), node.state('second'), node.state()]).toEqual(['running', 'PodInitializing', 'PodInitializing']);
  expect([node.status.phase, node.reason('Initialized'), node.message('Initialized')]).toEqual([
    'Pending',
    'ContainersNotInitialized',
    'containers with incomplete status: [first second]',
  ]);
  await node.pass(5);
  expect([node.state('first'), node.state('second'), node.state()]).toEqual(['Completed 0', 'running', 'PodInitializing']);
  await node.pass(5);
  expect([node.state('second'), node.state(), node.status.phase, node.condition('Initialized')]).toEqual([
    'Completed 0',
    'running',
    'Running',
    'True',
  ]);
  expect(node.told('Started')).toEqual(['Started container first', 'Started container second', 'Started container main']);
});

test('an init container that fails is tried again, with growing waits, and holds up all that comes after it', async () => {
  const node = new TestNode();
  await node.run({ initContainers: [shell('init', 'exit 1'), shell('next', 'true')] });
  expect([node.state('init'), node.container('init')?.restartCount]).toEqual(['Error 1', 1]);
  await node.pass(31);
  expect([node.container('init')?.restartCount, node.state('next'), node.status.phase]).toEqual([3, 'PodInitializing', 'Pending']);
  await node.pass(10);
  expect(node.container('init')?.state?.waiting?.message).toBe('back-off 40s restarting failed container=init pod=web_default(uid-of-web)');
});

test('an init container of an image that nobody described ends, so that the pod goes on; a sidecar of that image stays', async () => {
  const node = new TestNode();
  const image = 'quay.io/acme/config-reloader:v1';
  await node.run({
    initContainers: [aContainer('once', { image, command: ['/bin/reloader'] }), aContainer('side', { image, restartPolicy: 'Always' })],
    containers: [aContainer('main', { image })],
  });
  await node.pass(1);
  expect([node.state('once'), node.state('side'), node.state()]).toEqual(['Completed 0', 'running', 'running']);
});

test('a failed init container ends a pod that never restarts', async () => {
  const node = new TestNode();
  await node.run({ restartPolicy: 'Never', initContainers: [shell('init', 'exit 3')] });
  expect([node.status.phase, node.state('init'), node.reason('Ready')]).toEqual(['Failed', 'Error 3', 'PodFailed']);
  expect(node.told('Started')).toEqual(['Started container init']);
});

test('an init container does not run again when a main container crashes', async () => {
  const node = new TestNode();
  await node.run({ initContainers: [shell('init', 'true')], containers: [shell('main', 'sleep 2; exit 1')] });
  await node.pass(3);
  expect([node.container('init')?.restartCount, node.container()?.restartCount]).toEqual([0, 1]);
});

test('a sidecar starts in its turn, and what comes after it waits for its startup probe', async () => {
  const node = new TestNode();
  const startupProbe = { exec: { command: ['cat', '/tmp/up'] }, periodSeconds: 1, failureThreshold: 30 };
  await node.run({
    initContainers: [shell('side', 'sleep 3; touch /tmp/up; sleep 3600', { restartPolicy: 'Always', startupProbe }), shell('init', 'true')],
    containers: [aContainer('main')],
  });
  expect([node.state('side'), node.container('side')?.started, node.state('init')]).toEqual(['running', false, 'PodInitializing']);
  await node.pass(2);
  expect(node.state('init')).toBe('PodInitializing');
  await node.pass(2);
  expect([node.container('side')?.started, node.state('init'), node.state(), node.status.phase]).toEqual([
    true,
    'Completed 0',
    'running',
    'Running',
  ]);
});

test('a sidecar is restarted for as long as the pod runs, even in a pod that never restarts', async () => {
  const node = new TestNode();
  const side = shell('side', 'sleep 4; exit 1', { restartPolicy: 'Always' });
  await node.run({ restartPolicy: 'Never', initContainers: [side], containers: [shell('main', 'sleep 20')] });
  await node.pass(5);
  expect([node.container('side')?.restartCount, node.status.phase]).toEqual([1, 'Running']);
});

test('a sidecar does not keep a pod alive: when the main containers have ended, it is stopped', async () => {
  const node = new TestNode();
  const side = shell('side', 'trap "exit 0" TERM; sleep 3600 & wait', { restartPolicy: 'Always' });
  await node.run({ restartPolicy: 'Never', initContainers: [side], containers: [shell('main', 'sleep 5')] });
  await node.pass(6);
  expect([node.status.phase, node.state(), node.state('side')]).toEqual(['Succeeded', 'Completed 0', 'Completed 0']);
});

test('a sidecar that fails its liveness probe is restarted, and the main container is left alone', async () => {
  const node = new TestNode();
  const livenessProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 2 };
  const side = shell('side', 'trap "exit 0" TERM; sleep 3600 & wait', { restartPolicy: 'Always', livenessProbe });
  await node.run({ initContainers: [side] });
  await node.pass(2.5);
  expect(node.told('Killing')).toEqual(['Init container side failed liveness probe']);
  await node.pass(1);
  expect([node.container('side')?.restartCount, node.container()?.restartCount]).toEqual([1, 0]);
});

test('main containers start together, one after the other in the order of the spec, and one that cannot does not hold up the others', async () => {
  const node = new TestNode();
  await node.run({
    containers: [aContainer('a', { image: 'nginx:does-not-exist' }), aContainer('b'), aContainer('c', { image: 'redis' })],
  });
  expect(node.told('Started')).toEqual(['Started container b', 'Started container c']);
  expect([node.state('a'), node.state('b'), node.status.phase]).toEqual(['ErrImagePull', 'running', 'Pending']);
});

test('a debug container can be added to a running pod; it is not restarted and does not count for readiness', async () => {
  const node = new TestNode();
  await node.run({});
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, ephemeralContainers: [shell('debug', 'echo looking; exit 1')] } }));
  await node.pass(1);
  expect(node.status.ephemeralContainerStatuses).toMatchObject([
    { name: 'debug', ready: false, restartCount: 0, state: { terminated: { exitCode: 1 } } },
  ]);
  expect([node.condition('Ready'), node.status.phase]).toEqual(['True', 'Running']);
});
