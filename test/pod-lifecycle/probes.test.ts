// What each probe is and does, as statements that a learner would read. On the virtual clock.
import { expect, test } from 'vitest';
import type { Container, Probe } from '../../api/index.ts';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

const cat: Probe = { exec: { command: ['cat', '/tmp/ok'] }, periodSeconds: 1 };
const ENDS = 'trap "exit 0" TERM; ';
const web = (probes: Partial<Container>) => aContainer('main', { ports: [{ containerPort: 80, name: 'web' }], ...probes });

async function started(...containers: Container[]): Promise<TestNode> {
  const node = new TestNode();
  await node.run({ terminationGracePeriodSeconds: 5, containers });
  return node;
}

test('a container without a readiness probe is ready when it runs', async () => {
  const node = await started(web({}));
  expect([node.container()?.ready, node.condition('ContainersReady'), node.condition('Ready')]).toEqual([true, 'True', 'True']);
});

test('a pod is ready only while all its readiness probes pass; failing ones restart nothing', async () => {
  const node = await started(
    shell('main', 'touch /tmp/ok; sleep 5; rm /tmp/ok; sleep 3600', { readinessProbe: { ...cat, failureThreshold: 2 } }),
    web({ name: 'b' }),
  );
  await node.pass(2);
  expect(node.condition('Ready')).toBe('True');
  await node.pass(5);
  expect([node.condition('Ready'), node.reason('Ready'), node.message('Ready')]).toEqual([
    'False',
    'ContainersNotReady',
    'containers with unready status: [main]',
  ]);
  expect([node.container()?.restartCount, node.container('b')?.ready, node.status.phase]).toEqual([0, true, 'Running']);
});

test('a liveness probe that fails too often restarts its container', async () => {
  const livenessProbe = { ...cat, failureThreshold: 2 };
  const node = await started(shell('main', `${ENDS}touch /tmp/ok; sleep 3; rm /tmp/ok; sleep 3600 & wait`, { livenessProbe }));
  await node.pass(3.5);
  expect([node.container()?.restartCount, node.told('Unhealthy')]).toEqual([
    0,
    ["Liveness probe failed: cat: can't open '/tmp/ok': No such file or directory\n"],
  ]);
  await node.pass(1);
  expect(node.told('Killing')).toEqual(['Container main failed liveness probe, will be restarted']);
  expect(node.container()?.restartCount).toBe(0);
  await node.pass(1);
  expect(node.container()?.restartCount).toBe(1);
});

test('in a pod that never restarts, a failed liveness probe ends the container for good', async () => {
  const node = new TestNode();
  const livenessProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 };
  await node.run({ restartPolicy: 'Never', containers: [shell('main', 'trap "exit 1" TERM; sleep 3600 & wait', { livenessProbe })] });
  await node.pass(2);
  expect([node.status.phase, node.container()?.restartCount]).toEqual(['Failed', 0]);
});

test('while a startup probe has not passed, liveness and readiness are not looked at', async () => {
  const script = `${ENDS}sleep 4; touch /tmp/ok; sleep 3600 & wait`;
  const livenessProbe = { exec: { command: ['cat', '/tmp/never'] }, periodSeconds: 1, failureThreshold: 1 };
  const node = await started(shell('main', script, { startupProbe: { ...cat, failureThreshold: 10 }, livenessProbe, readinessProbe: cat }));
  await node.pass(3);
  expect([node.container()?.started, node.container()?.ready]).toEqual([false, false]);
  expect(node.told('Unhealthy').every((text) => text.startsWith('Startup probe failed'))).toBe(true);
  await node.pass(2.5);
  expect(node.told('Killing')).toEqual(['Container main failed liveness probe, will be restarted']);
});

test('a startup probe that never passes restarts the container', async () => {
  const startupProbe = { tcpSocket: { port: 81 }, periodSeconds: 1, failureThreshold: 3 };
  const node = await started(web({ startupProbe }));
  await node.pass(3.5);
  expect(node.told('Killing')).toEqual(['Container main failed startup probe, will be restarted']);
  await node.pass(1);
  expect(node.container()?.restartCount).toBe(1);
});

test("a probe's own grace period holds when it is the one that gave up", async () => {
  const livenessProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1, terminationGracePeriodSeconds: 2 };
  const node = new TestNode();
  await node.run({ terminationGracePeriodSeconds: 600, containers: [shell('main', 'sleep 3600', { livenessProbe })] });
  await node.pass(4.5);
  expect(node.container()?.restartCount).toBe(1);
});

test('successThreshold: a readiness probe must pass so often before the container is ready', async () => {
  const node = await started(web({ readinessProbe: { httpGet: { path: '/', port: 'web' }, periodSeconds: 2, successThreshold: 3 } }));
  await node.pass(3);
  expect(node.container()?.ready).toBe(false);
  await node.pass(1.5);
  expect(node.container()?.ready).toBe(true);
});

test('initialDelaySeconds: nothing is looked at before', async () => {
  const node = await started(
    web({ livenessProbe: { tcpSocket: { port: 81 }, initialDelaySeconds: 20, periodSeconds: 5, failureThreshold: 1 } }),
  );
  await node.pass(19);
  expect(node.told('Unhealthy')).toEqual([]);
  await node.pass(6);
  expect(node.told('Unhealthy').length).toBe(1);
});

test('timeoutSeconds: a command that takes longer has failed', async () => {
  const node = await started(web({ readinessProbe: { exec: { command: ['sleep', '10'] }, timeoutSeconds: 2 } }));
  await node.pass(3);
  expect(node.told('Unhealthy')).toEqual(['Readiness probe failed: command timed out: "sleep 10" timed out after 2s']);
});

test('httpGet: a status from 200 to 399 is a success, any other a failure', async () => {
  const node = await started(web({ readinessProbe: { httpGet: { path: '/nope', port: 80 }, periodSeconds: 1 } }));
  await node.pass(1);
  expect(node.told('Unhealthy')[0]).toBe('Readiness probe failed: HTTP probe failed with statuscode: 404');
  expect(node.container()?.ready).toBe(false);
});

test('tcpSocket: a port that somebody listens on is a success', async () => {
  const node = await started(web({ readinessProbe: { tcpSocket: { port: 'web' }, periodSeconds: 1 } }));
  await node.pass(0.1);
  expect(node.container()?.ready).toBe(true);
  const deaf = await started(web({ readinessProbe: { tcpSocket: { port: 4444 }, periodSeconds: 1 } }));
  await deaf.pass(0.1);
  expect(deaf.told('Unhealthy')[0]).toBe('Readiness probe failed: dial tcp 10.244.0.2:4444: connect: connection refused');
});

test('grpc: a server that speaks something else fails as a port does that nobody listens on', async () => {
  const node = await started(web({ readinessProbe: { grpc: { port: 80 }, periodSeconds: 5 } }));
  await node.pass(2);
  expect(node.told('Unhealthy')[0]).toBe(
    'Readiness probe failed: timeout: failed to connect service "10.244.0.2:80" within 1s: context deadline exceeded',
  );
  const deaf = await started(web({ readinessProbe: { grpc: { port: 9000 }, periodSeconds: 5, timeoutSeconds: 2 } }));
  await deaf.pass(3);
  expect(deaf.told('Unhealthy')[0]).toBe(
    'Readiness probe failed: timeout: failed to connect service "10.244.0.2:9000" within 2s: context deadline exceeded',
  );
});

test('a probe that cannot be run counts neither way, and is told of', async () => {
  const node = await started(web({ livenessProbe: { exec: { command: ['no-such-program'] }, periodSeconds: 1, failureThreshold: 1 } }));
  await node.pass(3);
  expect(node.container()?.restartCount).toBe(0);
  expect(node.told('Unhealthy')[0]).toMatch(
    /^Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec/,
  );
  const named = await started(web({ readinessProbe: { tcpSocket: { port: 'admin' }, periodSeconds: 1 } }));
  await named.pass(0.1);
  expect(named.told('Unhealthy')[0]).toBe(
    'Readiness probe errored and resulted in unknown state: strconv.Atoi: parsing "admin": invalid syntax',
  );
});

test("a probe's command sees the variables whose values the spec says outright", async () => {
  const env = [{ name: 'FILE', value: '/tmp/ok' }];
  const node = await started(
    shell('main', 'touch /tmp/ok; sleep 3600', { env, readinessProbe: { exec: { command: ['cat', '$(FILE)'] }, periodSeconds: 1 } }),
  );
  await node.pass(1.5);
  expect(node.container()?.ready).toBe(true);
});

test('a pod with readiness gates is ready only when others have said so', async () => {
  const node = new TestNode();
  await node.run({ readinessGates: [{ conditionType: 'example.com/open' }] });
  expect([node.condition('ContainersReady'), node.condition('Ready'), node.reason('Ready'), node.message('Ready')]).toEqual([
    'True',
    'False',
    'ReadinessGatesNotReady',
    'corresponding condition of pod readiness gate "example.com/open" does not exist.',
  ]);
  const open = (status: string) =>
    node.change((pod) => ({
      ...pod,
      status: {
        ...pod.status,
        conditions: [
          ...(pod.status.conditions ?? []).filter(({ type }) => !type.startsWith('example')),
          { type: 'example.com/open', status },
        ],
      },
    }));
  await open('False');
  expect(node.message('Ready')).toBe('the status of pod readiness gate "example.com/open" is not "True", but False');
  await open('True');
  expect(node.condition('Ready')).toBe('True');
});

test('while a pod ends, liveness is not looked at any more, but readiness is', async () => {
  const script = 'trap "rm /tmp/ok" TERM; touch /tmp/ok; sleep 3600 & wait; sleep 3600';
  const node = new TestNode();
  await node.run({
    containers: [
      shell('main', script, { readinessProbe: { ...cat, failureThreshold: 1 }, livenessProbe: { ...cat, failureThreshold: 1 } }),
    ],
  });
  await node.pass(2);
  expect(node.condition('Ready')).toBe('True');
  await node.delete(20);
  await node.pass(5);
  expect([node.condition('Ready'), node.container()?.restartCount, node.deleted]).toEqual(['False', 0, []]);
  expect(node.told('Unhealthy').every((text) => text.startsWith('Readiness'))).toBe(true);
});
