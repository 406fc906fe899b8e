import { expect, test } from 'vitest';
import { aContainer } from '../testing/builders.ts';
import { TestNode } from '../testing/node-harness.ts';

const http = { httpGet: { path: '/', port: 80 } };
const FAILING = { tcpSocket: { port: 81 }, periodSeconds: 10 };

const withProbes = (probes: object, more = {}) => ({
  containers: [aContainer('main', { ports: [{ containerPort: 80, name: 'web' }], ...probes, ...more })],
});

test('without probes a container is started and ready at once', async () => {
  const node = new TestNode();
  await node.run({});
  expect([node.container()?.started, node.container()?.ready]).toEqual([true, true]);
});

test('readiness begins at the first period after the initial delay', async () => {
  const node = new TestNode();
  await node.run(withProbes({ readinessProbe: { tcpSocket: { port: 'web' }, initialDelaySeconds: 1, periodSeconds: 5 } }));
  expect([node.container()?.started, node.container()?.ready, node.condition('Ready')]).toEqual([true, false, 'False']);
  await node.pass(4.5);
  expect(node.container()?.ready).toBe(false);
  await node.pass(0.5);
  expect([node.container()?.ready, node.condition('Ready')]).toEqual([true, 'True']);
});

test('a server that listens only a moment after its start is looked at again soon, not a whole period later', async () => {
  const node = new TestNode();
  const command = ['sh', '-c', 'sleep 0.5; touch /tmp/ok; sleep 3600'];
  const readinessProbe = { exec: { command: ['cat', '/tmp/ok'] }, periodSeconds: 10 };
  await node.run({ containers: [aContainer('main', { image: 'busybox', command, readinessProbe })] });
  expect(node.container()?.ready).toBe(false);
  await node.pass(1);
  expect(node.container()?.ready).toBe(true);
});

test('a readiness probe fails and passes again, by its thresholds', async () => {
  const node = new TestNode();
  const readinessProbe = { exec: { command: ['cat', '/tmp/ok'] }, periodSeconds: 1, failureThreshold: 2, successThreshold: 2 };
  await node.run({
    containers: [
      aContainer('main', { image: 'busybox', command: ['sh', '-c', 'touch /tmp/ok; sleep 10; rm /tmp/ok; sleep 3600'], readinessProbe }),
    ],
  });
  await node.pass(3);
  expect(node.container()?.ready).toBe(true);
  await node.pass(7);
  expect(node.container()?.ready).toBe(true);
  await node.pass(3);
  expect([node.container()?.ready, node.container()?.restartCount]).toEqual([false, 0]);
  expect(node.events).toContain("Warning Unhealthy Readiness probe failed: cat: can't open '/tmp/ok': No such file or directory\n");
});

test('a liveness probe that gives up restarts the container', async () => {
  const node = new TestNode();
  const livenessProbe = { exec: { command: ['cat', '/tmp/healthy'] }, periodSeconds: 1, failureThreshold: 2 };
  const command = ['sh', '-c', 'touch /tmp/healthy; sleep 5; rm /tmp/healthy; sleep 600'];
  await node.run({ terminationGracePeriodSeconds: 3, containers: [aContainer('main', { image: 'busybox', command, livenessProbe })] });
  await node.pass(6);
  expect(node.container()?.restartCount).toBe(0);
  await node.pass(5);
  expect(node.container()).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 137 } } });
  expect(node.events).toContain('Normal Killing Container main failed liveness probe, will be restarted');
});

test('a startup probe holds the others back; when it passes, readiness is looked at once', async () => {
  const node = new TestNode();
  await node.run(
    withProbes({
      startupProbe: { ...http, periodSeconds: 2, initialDelaySeconds: 6 },
      readinessProbe: { ...http, periodSeconds: 100 },
      livenessProbe: { tcpSocket: { port: 81 }, periodSeconds: 1 },
    }),
  );
  expect([node.container()?.started, node.container()?.ready]).toEqual([false, false]);
  await node.pass(5);
  expect(node.events.filter((text) => text.includes('Unhealthy'))).toEqual([]);
  await node.pass(1.5);
  expect([node.container()?.started, node.container()?.ready]).toEqual([true, true]);
  await node.pass(1);
  expect(node.events).toContain('Warning Unhealthy Liveness probe failed: dial tcp 10.244.0.2:81: connect: connection refused');
});

test.each<[string, object, number]>([
  ['startup', { startupProbe: { ...FAILING, failureThreshold: 3 } }, 30],
  ['liveness', { livenessProbe: { ...FAILING, failureThreshold: 3 } }, 30],
  ['liveness, after a delay of whole periods', { livenessProbe: { ...FAILING, failureThreshold: 1, initialDelaySeconds: 10 } }, 20],
  ['liveness, after another delay', { livenessProbe: { ...FAILING, failureThreshold: 1, initialDelaySeconds: 5 } }, 10],
])('a container that fails each %s probe lives as many whole periods as its threshold allows', async (_kind, probes, seconds) => {
  const node = new TestNode();
  await node.run(withProbes(probes));
  await node.pass(seconds - 1);
  expect(node.events.filter((text) => text.includes('Killing'))).toEqual([]);
  await node.pass(1.5);
  expect(node.events.filter((text) => text.includes('Killing'))).toHaveLength(1);
});

test('what is up at once is seen to be by its startup probe, whatever its period', async () => {
  const node = new TestNode();
  await node.run(withProbes({ startupProbe: { tcpSocket: { port: 80 }, periodSeconds: 10 } }));
  await node.pass(1.5);
  expect(node.container()?.started).toBe(true);
});

test('a startup probe that gives up restarts the container', async () => {
  const node = new TestNode();
  await node.run(withProbes({ startupProbe: { httpGet: { path: '/nope', port: 80 }, periodSeconds: 1, failureThreshold: 3 } }));
  await node.pass(4);
  expect(node.events).toContain('Warning Unhealthy Startup probe failed: HTTP probe failed with statuscode: 404');
  expect(node.events).toContain('Normal Killing Container main failed startup probe, will be restarted');
  expect(node.container()?.restartCount).toBe(1);
});

test('a command that takes too long has failed', async () => {
  const node = new TestNode();
  await node.run(withProbes({ readinessProbe: { exec: { command: ['sleep', '10'] }, timeoutSeconds: 2, periodSeconds: 30 } }));
  await node.pass(3);
  expect(node.events).toContain('Warning Unhealthy Readiness probe failed: command timed out: "sleep 10" timed out after 2s');
});

test('nobody listens on a port that the container did not declare', async () => {
  const node = new TestNode();
  await node.run(withProbes({ readinessProbe: { httpGet: { path: '/x', port: 9999 }, periodSeconds: 1 } }));
  await node.pass(1);
  expect(node.events).toContain(
    'Warning Unhealthy Readiness probe failed: Get "http://10.244.0.2:9999/x": dial tcp 10.244.0.2:9999: connect: connection refused',
  );
});

test('what probes stop with their container', async () => {
  const node = new TestNode();
  await node.run(withProbes({ readinessProbe: { ...http, periodSeconds: 1 }, livenessProbe: http }));
  await node.delete(0);
  await node.pass(1);
  expect(node.clock.pending).toBe(0);
});

test('readiness is probed while a container that failed its liveness probe is ended', async () => {
  const node = new TestNode();
  const command = ['sh', '-c', 'trap "" TERM; touch /tmp/ok; sleep 3600'];
  const livenessProbe = { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 1 };
  const readinessProbe = { exec: { command: ['cat', '/tmp/ok'] }, periodSeconds: 1, failureThreshold: 1 };
  const lifecycle = { preStop: { exec: { command: ['sh', '-c', 'rm /tmp/ok; sleep 10'] } } };
  await node.run({ containers: [aContainer('main', { image: 'busybox', command, livenessProbe, readinessProbe, lifecycle })] });
  await node.pass(4);
  expect([node.container()?.ready, node.container()?.restartCount]).toEqual([false, 0]);
});

test('a health service that is told so does not serve any more', async () => {
  const node = new TestNode();
  const livenessProbe = { grpc: { port: 5000 }, periodSeconds: 1, failureThreshold: 1 };
  const image = 'registry.k8s.io/e2e-test-images/agnhost:2.56';
  await node.run({ containers: [aContainer('main', { image, args: ['grpc-health-checking'], livenessProbe })] });
  await node.pass(5);
  expect(node.container()?.restartCount).toBe(0);
  await node.exec('main', 'curl', '-s', 'localhost:8080/make-not-serving');
  await node.pass(5);
  expect(node.container()?.restartCount).toBe(1);
});

test('a health service that the server does not know is an error of the call', async () => {
  const node = new TestNode();
  const readinessProbe = { grpc: { port: 5000, service: 'x' }, periodSeconds: 1 };
  const image = 'registry.k8s.io/e2e-test-images/agnhost:2.56';
  await node.run({ containers: [aContainer('main', { image, args: ['grpc-health-checking'], readinessProbe })] });
  await node.pass(3);
  expect(node.told('Unhealthy')[0]).toBe(
    'Readiness probe failed: error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
  );
});
