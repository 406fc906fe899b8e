// What happens to pods while the kubelet is away, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const GRACEFUL = 'trap "exit 0" TERM; sleep 3600 & wait';

test('containers go on when the kubelet restarts, and are not started again', async () => {
  const node = new TestNode();
  await node.run({ initContainers: [shell('init', 'true')], containers: [aContainer('main'), shell('other', 'sleep 3600')] });
  const before = node.status;
  await node.restartAgent(120);
  await node.pass(5);
  expect(node.status.containerStatuses).toEqual(before.containerStatuses);
  expect([node.status.podIP, node.runtime.listContainers().length]).toEqual([before.podIP, 3]);
});

test('a container that ended while the kubelet was away is started again when it is back', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', 'sleep 10; exit 1')] });
  await node.restartAgent(60);
  expect([node.container()?.restartCount, node.container()?.lastState?.terminated?.exitCode]).toEqual([1, 1]);
});

test('init containers that are done are not run again', async () => {
  const node = new TestNode();
  await node.run({ initContainers: [shell('a', 'true'), shell('b', 'sleep 20')] });
  await node.restartAgent(5);
  expect([node.state('a'), node.container('a')?.restartCount, node.state('b')]).toEqual(['Completed 0', 0, 'running']);
  await node.pass(16);
  expect([node.status.phase, node.container('a')?.restartCount, node.container('b')?.restartCount]).toEqual(['Running', 0, 0]);
});

test('a pod that was deleted while the kubelet was away is ended when it is back', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', GRACEFUL)] });
  node.worker?.abandon();
  await node.delete(30);
  await node.pass(60);
  expect([node.deleted, node.runtime.listContainers().length]).toEqual([[], 1]);
  await node.restartAgent();
  await node.pass(1);
  expect([node.deleted, node.state()]).toEqual([['web'], 'Completed 0']);
});

test('a kubelet that restarts while a pod ends goes on ending it', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', 'sleep 3600')] });
  await node.delete(30);
  await node.pass(10);
  await node.restartAgent();
  await node.pass(31);
  expect([node.deleted, node.runtime.listContainers().filter(({ state }) => state === 'running')]).toEqual([['web'], []]);
});

test('a sandbox that died while the kubelet was away is made anew', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', 'sleep 3600')] });
  const sandboxId = node.worker?.sandboxId ?? '';
  node.worker?.abandon();
  node.runtime.signalProcess(node.runtime.podSandboxStatus(sandboxId)?.pid ?? 0, 'SIGKILL');
  await node.restartAgent(5);
  await node.pass(1);
  expect([node.status.phase, node.container()?.restartCount, node.status.podIP]).toEqual(['Running', 1, '10.244.0.3']);
});

test('a pod that has ended does not run again', async () => {
  const node = new TestNode();
  await node.run({ restartPolicy: 'Never', containers: [shell('main', 'echo done')] });
  await node.restartAgent(5);
  await node.pass(60);
  expect([node.status.phase, node.container()?.restartCount, await node.log()]).toEqual(['Succeeded', 0, 'done\n']);
});

test('a readiness probe goes on where it was', async () => {
  const node = new TestNode();
  const readinessProbe = { httpGet: { path: '/', port: 80 }, periodSeconds: 5 };
  await node.run({ containers: [aContainer('main', { ports: [{ containerPort: 80 }], readinessProbe })] });
  await node.pass(1);
  await node.restartAgent(1);
  expect(node.condition('Ready')).toBe('True');
});
