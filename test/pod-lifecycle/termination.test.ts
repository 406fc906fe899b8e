// How a pod ends, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import { aContainer, aPod } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const GRACEFUL = 'trap "echo bye; exit 0" TERM; sleep 3600 & wait';
const STUBBORN = 'sleep 3600';

test('deletion: SIGTERM, then as long as the pod asks for, then SIGKILL; the last status, and only then the pod goes', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', STUBBORN)] });
  await node.delete(30);
  await node.pass(29);
  expect([node.state(), node.deleted]).toEqual(['running', []]);
  await node.pass(1.5);
  expect([node.state(), node.status.phase, node.deleted]).toEqual(['Error 137', 'Failed', ['web']]);
  expect(node.told('Killing')).toEqual(['Stopping container main']);
});

test('a program that ends on SIGTERM is not waited for', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', GRACEFUL)] });
  await node.delete(30);
  await node.pass(0.5);
  expect([node.state(), node.status.phase, node.deleted]).toEqual(['Completed 0', 'Succeeded', ['web']]);
});

test('a deleted pod is still Running while it ends', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', STUBBORN)] });
  await node.delete(10);
  await node.pass(5);
  expect([node.status.phase, node.status.observedGeneration]).toEqual(['Running', 2]);
});

test('containers stop together; sidecars after them, the last one first', async () => {
  const node = new TestNode();
  const volumeMounts = [{ name: 'v', mountPath: '/v' }];
  const telling = (name: string, sleep: number, more = {}) =>
    shell(name, `trap "sleep ${sleep}; echo ${name} >> /v/order; exit 0" TERM; sleep 3600 & wait`, { volumeMounts, ...more });
  const order: string[] = [];
  const seen = new Set<string>();
  await node.run({
    initContainers: [telling('s1', 0, { restartPolicy: 'Always' }), telling('s2', 0, { restartPolicy: 'Always' })],
    containers: [telling('a', 3), telling('b', 2)],
    volumes: [{ name: 'v', emptyDir: {} }],
  });
  await node.pass(1);
  node.runtime.onContainerEvent(({ containerId }) => {
    const status = node.runtime.containerStatus(containerId);
    if (status?.state !== 'exited' || seen.has(containerId)) return;
    seen.add(containerId);
    order.push(status.name);
  });
  await node.delete(30);
  await node.pass(10);
  expect([order, node.deleted]).toEqual([['b', 'a', 's2', 's1'], ['web']]);
});

test('all preStop hooks begin at once, also those of sidecars', async () => {
  const node = new TestNode();
  const lifecycle = { preStop: { sleep: { seconds: 5 } } };
  await node.run({
    initContainers: [shell('side', GRACEFUL, { restartPolicy: 'Always', lifecycle })],
    containers: [shell('main', GRACEFUL, { lifecycle })],
  });
  await node.delete(30);
  await node.pass(5.5);
  expect(node.deleted).toEqual(['web']);
});

test('a sidecar whose turn does not come within the grace period is stopped all the same', async () => {
  const node = new TestNode();
  await node.run({ initContainers: [shell('side', STUBBORN, { restartPolicy: 'Always' })], containers: [shell('main', STUBBORN)] });
  await node.delete(5);
  await node.pass(7.5);
  expect(node.deleted).toEqual(['web']);
});

test('what containers were given when they were told to stop is theirs, though a second deletion gives less', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', STUBBORN)] });
  await node.delete(60);
  await node.pass(10);
  await node.delete(5);
  await node.pass(48);
  expect(node.deleted).toEqual([]);
  await node.pass(2);
  expect(node.deleted).toEqual(['web']);
});

test('a pod deleted by force is gone at once from the API; its containers were given its grace period, not two seconds', async () => {
  const node = new TestNode();
  await node.run({ terminationGracePeriodSeconds: 20, containers: [shell('main', STUBBORN)] });
  const writes = node.history.length;
  await node.forceDelete();
  await node.pass(1.5);
  expect(node.runtime.listContainers().map(({ state }) => state)).toEqual(['running']);
  await node.pass(1);
  expect([node.runtime.listContainers(), node.runtime.listPodSandboxes()]).toEqual([[], []]);
  expect(node.history.length).toBe(writes);
});

test('nothing is written of a pod that the API is removing', async () => {
  const node = new TestNode();
  await node.run({ restartPolicy: 'Never', containers: [shell('main', 'true')] });
  expect(node.status.phase).toBe('Succeeded');
  const writes = node.history.length;
  await node.forceDelete();
  await node.pass(60);
  expect([node.history.length, node.deleted]).toEqual([writes, []]);
});

test.each<[string, Parameters<TestNode['run']>[0], number]>([
  ['its volumes are missing', { volumes: [{ name: 'v', configMap: { name: 'absent' } }] }, 0],
  ['an init container runs', { initContainers: [shell('init', GRACEFUL)] }, 0],
  ['it waits for its next start', { containers: [shell('main', 'exit 1')] }, 2],
  ['its image cannot be pulled', { containers: [aContainer('main', { image: 'nginx:does-not-exist' })] }, 2],
])('a pod can be deleted while %s', async (_when, spec, after) => {
  const node = new TestNode();
  await node.run(spec);
  await node.pass(after);
  await node.delete(30);
  await node.pass(1);
  expect([node.deleted, node.runtime.listContainers().filter(({ state }) => state === 'running')]).toEqual([['web'], []]);
  expect(['Failed', 'Succeeded']).toContain(node.status.phase);
});

test('a container that never ran is said to be unknown when its pod has ended', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main', { image: 'nginx:does-not-exist' })] });
  await node.delete(30);
  expect(node.container()?.state?.terminated).toEqual({
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  });
});

test('a pod that the node evicts has failed for that reason, once it has ended', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', STUBBORN)] });
  const message = 'The node was low on resource: memory. ';
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', message };
  node.worker?.evict({ reason: 'Evicted', message, condition }, 5);
  await node.pass(4);
  expect([node.status.phase, node.status.reason, node.condition('DisruptionTarget')]).toEqual(['Running', undefined, '']);
  await node.pass(1.5);
  expect([node.status.phase, node.status.reason, node.status.message]).toEqual(['Failed', 'Evicted', message]);
  expect([node.condition('DisruptionTarget'), node.reason('DisruptionTarget')]).toEqual(['True', 'TerminationByKubelet']);
});

test('a pod that somebody else calls failed is stopped', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', GRACEFUL)] });
  await node.change((pod) => ({ ...pod, status: { ...pod.status, phase: 'Failed', reason: 'Lost' } }));
  await node.pass(1);
  expect([node.status.phase, node.status.reason, node.state()]).toEqual(['Failed', 'Lost', 'Completed 0']);
});

test('with finalizers the last status is written, and the pod stays until others let it go', async () => {
  const node = new TestNode();
  const pod = aPod({ containers: [shell('main', GRACEFUL)] });
  pod.metadata.finalizers = ['example.com/hold'];
  await node.run({}, pod);
  await node.delete(30);
  await node.pass(1);
  expect([node.status.phase, node.deleted]).toEqual(['Succeeded', ['web']]);
});
