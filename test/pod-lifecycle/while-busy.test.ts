import { expect, test } from 'vitest';
import { DEADLINE_EXCEEDED } from '../../kubelet-sim/pod/active-deadline.ts';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const GRACEFUL = 'trap "exit 0" TERM; sleep 3600 & wait';
const postStart = (seconds: number) => ({ lifecycle: { postStart: { sleep: { seconds } } } });
const running = (node: TestNode) => node.runtime.listContainers().filter(({ state }) => state === 'running').length;

/** What asks for a pod's end, and how the pod ends that way. */
const ENDS: [string, (node: TestNode) => Promise<unknown> | undefined, 'Succeeded' | 'Failed'][] = [
  ['deleted', (node) => node.delete(30), 'Succeeded'],
  ['evicted', (node) => Promise.resolve(node.worker?.evict({ reason: 'Evicted', message: 'no room' })), 'Succeeded'],
  ['past its deadline', (node) => Promise.resolve(node.worker?.evict(DEADLINE_EXCEEDED)), 'Failed'],
];

test.each(ENDS)('a pod that was %s during a postStart hook ended in the middle of it', async (_how, end, phase) => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', GRACEFUL, postStart(6)), shell('next', GRACEFUL)] });
  await node.pass(2);
  await end(node);
  await node.pass(2);
  expect([node.status.phase, node.state(), running(node)]).toEqual(['Pending', 'ContainerCreating', 1]);
  await node.pass(4);
  // What the sync was to start it has started, and a look later all of it is stopped.
  expect(node.told('Started')).toEqual(['Started container main', 'Started container next']);
  await node.pass(1);
  expect([node.status.phase, node.state(), node.state('next'), running(node)]).toEqual([phase, 'Completed 0', 'Completed 0', 0]);
});

test.each<[string, string, string | undefined]>([
  ['exit 0', 'Succeeded', undefined],
  ['exit 3', 'Failed', 'Evicted'],
])('a pod that was evicted was called Failed whatever its containers ended with (%s)', async (end, phase, reason) => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', `trap "${end}" TERM; sleep 3600 & wait`)] });
  node.worker?.evict({ reason: 'Evicted', message: 'no room' });
  await node.pass(1);
  expect([node.status.phase, node.status.reason]).toEqual([phase, reason]);
});

test('a pod that was evicted while it was ending already was told of as evicted', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', 'sleep 3600')] });
  await node.delete(5);
  node.worker?.evict({ reason: 'Evicted', message: 'no room' });
  await node.pass(6);
  expect([node.status.phase, node.status.reason, node.deleted]).toEqual(['Failed', undefined, ['web']]);
});

test('a pod that was deleted during a pull ended in the middle of it', async () => {
  const node = new TestNode({ pullMs: 5000 });
  await node.run({ containers: [shell('main', GRACEFUL)] });
  await node.delete(30);
  await node.pass(4);
  expect([node.status.phase, node.told('Started')]).toEqual(['Pending', []]);
  await node.pass(3);
  expect([node.status.phase, node.deleted, node.told('Started').length]).toEqual(['Succeeded', ['web'], 1]);
});

test('a pod that was deleted while a container was killed to be replaced ended without the other', async () => {
  const node = new TestNode();
  const lifecycle = { preStop: { sleep: { seconds: 5 } } };
  await node.run({ terminationGracePeriodSeconds: 10, containers: [shell('main', GRACEFUL, { lifecycle, image: 'busybox:1' })] });
  await node.change((pod) => ({ ...pod, spec: { ...pod.spec, containers: [shell('main', GRACEFUL, { lifecycle, image: 'busybox:2' })] } }));
  await node.pass(2);
  await node.delete(10);
  await node.pass(3);
  expect([node.told('Started').length, node.deleted]).toEqual([2, []]);
  await node.pass(6);
  expect([node.container()?.restartCount, node.state(), node.deleted]).toEqual([1, 'Completed 0', ['web']]);
});

test('a pod that was deleted by force during a hook left what it was about to start', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', GRACEFUL, postStart(6)), shell('next', GRACEFUL)] });
  await node.forceDelete();
  await node.pass(6);
  expect(running(node)).toBe(2);
  await node.pass(2);
  expect([node.told('Killing').length, node.runtime.listContainers(), node.runtime.listPodSandboxes()]).toEqual([2, [], []]);
});

test('a pod past its deadline was called ready until it had stopped', async () => {
  const node = new TestNode();
  const lifecycle = { preStop: { sleep: { seconds: 4 } } };
  await node.run({ activeDeadlineSeconds: 4, containers: [shell('main', GRACEFUL, { lifecycle })] });
  expect(node.condition('Ready')).toBe('True');
  await node.pass(5);
  expect([node.status.phase, node.state(), node.reason('Ready'), node.reason('ContainersReady')]).toEqual([
    'Running',
    'running',
    'PodFailed',
    'PodFailed',
  ]);
  await node.pass(4);
  expect([node.status.phase, node.status.reason]).toEqual(['Failed', 'DeadlineExceeded']);
});

test('a pod whose deadline came while it was ending did not tell of it', async () => {
  const node = new TestNode();
  await node.run({ activeDeadlineSeconds: 4, containers: [shell('main', 'sleep 3600')] });
  await node.delete(6);
  await node.pass(7);
  expect([node.status.phase, node.status.reason, node.told('DeadlineExceeded').length, node.deleted]).toEqual([
    'Failed',
    'DeadlineExceeded',
    2,
    ['web'],
  ]);
});

test('a deadline was heeded while volumes were waited for', async () => {
  const node = new TestNode();
  await node.run({
    activeDeadlineSeconds: 4,
    volumes: [{ name: 'v', configMap: { name: 'absent' } }],
    containers: [aContainer('main', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
  });
  await node.pass(120);
  expect(node.status.phase).toBe('Pending');
  await node.pass(4);
  expect([node.status.phase, node.status.reason]).toEqual(['Failed', 'DeadlineExceeded']);
});
