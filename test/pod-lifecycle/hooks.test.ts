// Lifecycle hooks, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

test('a container is not Running before its postStart hook has ended, and the containers after it wait', async () => {
  const node = new TestNode();
  await node.run({
    containers: [aContainer('main', { lifecycle: { postStart: { sleep: { seconds: 5 } } } }), aContainer('other', { image: 'redis' })],
  });
  expect([node.status.phase, node.state('main'), node.state('other')]).toEqual(['Pending', 'ContainerCreating', 'ContainerCreating']);
  await node.pass(5);
  expect([node.status.phase, node.state('main'), node.state('other')]).toEqual(['Running', 'running', 'running']);
});

test('a postStart hook runs in its container', async () => {
  const node = new TestNode();
  const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'echo hello > /tmp/message'] } } };
  await node.run({ containers: [shell('main', 'sleep 3600', { lifecycle })] });
  expect(await node.exec('main', 'cat', '/tmp/message')).toBe('hello\n');
});

test('a postStart hook that fails kills its container, which is started again like any other that failed', async () => {
  const node = new TestNode();
  const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'echo no >&2; exit 2'] } } };
  await node.run({ terminationGracePeriodSeconds: 1, containers: [aContainer('main', { lifecycle })] });
  await node.pass(1);
  expect(node.told('FailedPostStartHook')).toEqual(['PostStartHook failed', 'PostStartHook failed']);
  expect(node.told('Killing')).toEqual(['FailedPostStartHook', 'FailedPostStartHook']);
  expect([node.state(), node.container()?.restartCount]).toEqual(['PostStartHookError', 1]);
});

test('what a failed postStart hook said is in the status of its container, not in the event', async () => {
  const node = new TestNode();
  const lifecycle = { postStart: { exec: { command: ['sh', '-c', 'echo no >&2; exit 2'] } } };
  const stubborn = shell('main', 'sleep 3600', { lifecycle });
  await node.run({ terminationGracePeriodSeconds: 1, containers: [stubborn, shell('next', 'sleep 1; exit 1')] });
  await node.pass(2);
  const seen = node.history.flatMap(({ containerStatuses = [] }) => containerStatuses.map(({ state }) => state?.waiting));
  expect(seen).toContainEqual({
    reason: 'PostStartHookError',
    message:
      'Exec lifecycle hook ([sh -c echo no >&2; exit 2]) for Container "main" in Pod "web_default(uid-of-web)" failed - error: command \'sh -c echo no >&2; exit 2\' exited with 2: no\n, message: "no\\n"',
  });
});

test('an httpGet hook asks the pod; any answer is good, but nobody who answers is not', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main', { lifecycle: { postStart: { httpGet: { path: '/missing', port: 80 } } } })] });
  expect([node.state(), node.told('FailedPostStartHook')]).toEqual(['running', []]);
  const deaf = new TestNode();
  await deaf.run({ containers: [aContainer('main', { lifecycle: { postStart: { httpGet: { path: '/', port: 9999 } } } })] });
  expect(deaf.told('FailedPostStartHook').length).toBeGreaterThan(0);
});

test('a tcpSocket hook is accepted by the API and refused when it is to run', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main', { lifecycle: { postStart: { tcpSocket: { port: 80 } } } })] });
  expect(node.told('FailedPostStartHook').length).toBeGreaterThan(0);
});

test('the preStop hook runs before SIGTERM, and its time counts against the grace period', async () => {
  const node = new TestNode();
  const lifecycle = { preStop: { sleep: { seconds: 10 } } };
  await node.run({ containers: [shell('main', 'trap "" TERM; sleep 3600 & wait; sleep 3600', { lifecycle })] });
  await node.delete(15);
  await node.pass(14);
  expect(node.deleted).toEqual([]);
  await node.pass(1);
  expect([node.deleted, node.state()]).toEqual([['web'], 'Error 137']);
});

test('a preStop hook that uses up the grace period is left behind; the container still gets two seconds', async () => {
  const node = new TestNode();
  await node.run({ containers: [shell('main', 'sleep 3600', { lifecycle: { preStop: { exec: { command: ['sleep', '600'] } } } })] });
  await node.delete(5);
  await node.pass(6);
  expect(node.deleted).toEqual([]);
  await node.pass(1.1);
  expect([node.deleted, node.told('FailedPreStopHook')]).toEqual([['web'], ['PreStopHook failed']]);
});

test('a preStop hook that fails is told of, and stops nothing from stopping', async () => {
  const node = new TestNode();
  await node.run({ containers: [aContainer('main', { lifecycle: { preStop: { exec: { command: ['false'] } } } })] });
  await node.delete(30);
  await node.pass(1);
  expect([node.deleted, node.told('FailedPreStopHook')]).toEqual([['web'], ['PreStopHook failed']]);
});

test('a preStop hook runs before a restart by a probe, and not when the container ended by itself', async () => {
  const lifecycle = { preStop: { exec: { command: ['sh', '-c', 'echo bye > /shared/bye'] } } };
  const volumeMounts = [{ name: 'v', mountPath: '/shared' }];
  const livenessProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 3 };
  const looker = shell('looker', 'sleep 3600', { volumeMounts });
  const volumes = [{ name: 'v', emptyDir: {} }];
  const probed = new TestNode();
  const script = 'trap "exit 0" TERM; sleep 3600 & wait';
  await probed.run({ volumes, containers: [looker, shell('main', script, { lifecycle, livenessProbe, volumeMounts })] });
  await probed.pass(4);
  expect(await probed.exec('looker', 'cat', '/shared/bye')).toBe('bye\n');
  const ended = new TestNode();
  await ended.run({ volumes, containers: [looker, shell('main', 'sleep 1; exit 1', { lifecycle, volumeMounts })] });
  await ended.pass(4);
  expect(await ended.exec('looker', 'cat', '/shared/bye')).toContain('No such file');
});
