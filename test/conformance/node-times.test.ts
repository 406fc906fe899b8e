// What upstream's suite asks of the times of a pod's life: probes, and the order in which containers begin and end. On the virtual clock
// (test/e2e/common/node/{container_probe,lifecycle_hook}.go, test/e2e_node/container_lifecycle_test.go).
import { describe, expect, test } from 'vitest';
import type { Container, Probe } from '../../api/index.ts';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';
import { AGNHOST } from './node/world.ts';

const httpGet = (path: string, port: number): Probe => ({ httpGet: { path, port } });
const agnhost = (args: string[], more: Partial<Container> = {}) => aContainer('main', { image: AGNHOST, args, ...more });
const webserver = (more: Partial<Container>) => agnhost(['test-webserver'], { ports: [{ containerPort: 80 }], ...more });

/** The same probes for a container, and for one that is a sidecar. */
const PLACES = [
  ['a container', (container: Container) => ({ containers: [container] })],
  [
    'a sidecar',
    (container: Container) => ({
      initContainers: [{ ...container, restartPolicy: 'Always' as const }],
      containers: [aContainer('other', { image: AGNHOST, args: ['pause'] })],
    }),
  ],
] as const;

describe.each(PLACES)('probes of %s', (_place, put) => {
  const run = async (container: Container, spec = {}) => {
    const node = new TestNode();
    await node.run({ ...put(container), ...spec });
    return node;
  };

  test('it is not ready before the initial delay of its readiness probe, and never restarted', async () => {
    const node = await run(webserver({ readinessProbe: { ...httpGet('/', 80), initialDelaySeconds: 15 } }));
    await node.pass(14);
    expect(node.condition('Ready')).toBe('False');
    await node.pass(20);
    const at = node.status.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? '';
    const began = node.container()?.state?.running?.startedAt ?? '';
    expect(Date.parse(at) - Date.parse(began)).toBeGreaterThanOrEqual(15_000);
    expect([node.condition('Ready'), node.container()?.restartCount]).toEqual(['True', 0]);
  });

  test('one whose readiness probe fails is never ready and never restarted', async () => {
    const node = await run(webserver({ readinessProbe: httpGet('/', 81) }));
    await node.pass(60);
    expect([node.condition('Ready'), node.container()?.restartCount]).toEqual(['False', 0]);
  });

  const RESTARTED: readonly (readonly [string, Container, number])[] = [
    [
      'a command that fails',
      shell('main', 'echo ok >/tmp/health; sleep 10; rm -rf /tmp/health; sleep 600', {
        livenessProbe: { exec: { command: ['cat', '/tmp/health'] }, initialDelaySeconds: 15, timeoutSeconds: 5, failureThreshold: 1 },
      }),
      90,
    ],
    [
      'an answer of 500',
      agnhost(['liveness'], { livenessProbe: { ...httpGet('/healthz', 8080), initialDelaySeconds: 15, failureThreshold: 1 } }),
      60,
    ],
    [
      'a redirect to itself that leads to a 500',
      agnhost(['liveness'], {
        livenessProbe: { ...httpGet('/redirect?loc=%2Fhealthz', 8080), initialDelaySeconds: 15, failureThreshold: 1 },
      }),
      60,
    ],
    [
      'a command that takes too long',
      shell('main', 'sleep 600', {
        livenessProbe: {
          exec: { command: ['/bin/sh', '-c', 'sleep 10'] },
          initialDelaySeconds: 15,
          timeoutSeconds: 1,
          failureThreshold: 1,
        },
      }),
      90,
    ],
    [
      'a command that fails and leaves a child behind',
      shell('main', 'sleep 600', {
        livenessProbe: { exec: { command: ['/bin/sh', '-c', 'sleep 10 & exit 1'] }, initialDelaySeconds: 15, failureThreshold: 1 },
      }),
      90,
    ],
    [
      'a gRPC port that nobody has',
      aContainer('main', {
        image: AGNHOST,
        command: ['/agnhost', 'grpc-health-checking'],
        livenessProbe: { grpc: { port: 2333 }, initialDelaySeconds: 60, timeoutSeconds: 5, failureThreshold: 1 },
      }),
      120,
    ],
    [
      'a startup probe that fails, whatever liveness says',
      shell('main', 'sleep 600', {
        livenessProbe: { exec: { command: ['/bin/true'] }, initialDelaySeconds: 15, failureThreshold: 1 },
        startupProbe: { exec: { command: ['/bin/false'] }, initialDelaySeconds: 15, failureThreshold: 3 },
      }),
      120,
    ],
    [
      'liveness, once the startup probe lets it',
      shell('main', 'sleep 10; echo ok >/tmp/startup; sleep 600', {
        livenessProbe: { exec: { command: ['/bin/false'] }, initialDelaySeconds: 15, failureThreshold: 1 },
        startupProbe: { exec: { command: ['cat', '/tmp/startup'] }, initialDelaySeconds: 15, failureThreshold: 60 },
      }),
      120,
    ],
  ];
  test.each(RESTARTED)('it is restarted for %s', async (_what, container, seconds) => {
    const node = await run(container);
    await node.pass(seconds);
    expect(node.container()?.restartCount).toBeGreaterThanOrEqual(1);
  });

  const LEFT_ALONE: readonly (readonly [string, Container])[] = [
    [
      'a command that succeeds',
      shell('main', 'echo ok >/tmp/health; sleep 600', {
        livenessProbe: { exec: { command: ['cat', '/tmp/health'] }, initialDelaySeconds: 15, timeoutSeconds: 5, failureThreshold: 1 },
      }),
    ],
    [
      'a port that takes connections',
      agnhost(['liveness'], { livenessProbe: { tcpSocket: { port: 8080 }, initialDelaySeconds: 15, failureThreshold: 1 } }),
    ],
    [
      'an answer of 200',
      webserver({ livenessProbe: { ...httpGet('/', 80), initialDelaySeconds: 15, timeoutSeconds: 5, failureThreshold: 5 } }),
    ],
    [
      'a gRPC service that serves',
      aContainer('main', {
        image: AGNHOST,
        command: ['/agnhost', 'grpc-health-checking'],
        ports: [{ containerPort: 5000 }, { containerPort: 8080 }],
        livenessProbe: { grpc: { port: 5000 }, initialDelaySeconds: 15, timeoutSeconds: 5, failureThreshold: 1 },
      }),
    ],
    [
      'liveness, while the startup probe holds it back',
      shell('main', 'sleep 600', {
        livenessProbe: { exec: { command: ['/bin/false'] }, initialDelaySeconds: 15, failureThreshold: 1 },
        startupProbe: { exec: { command: ['/bin/false'] }, initialDelaySeconds: 15, failureThreshold: 60 },
      }),
    ],
  ];
  test.each(LEFT_ALONE)('it is left alone by %s', async (_what, container) => {
    const node = await run(container);
    await node.pass(240);
    expect([node.container()?.restartCount, node.state()]).toEqual([0, 'running']);
  });

  test('it is left alone by a redirect that leads elsewhere, which is told of', async () => {
    const livenessProbe = { ...httpGet('/redirect?loc=http%3A%2F%2F0.0.0.0%2F', 8080), initialDelaySeconds: 15, failureThreshold: 1 };
    const node = await run(agnhost(['liveness'], { livenessProbe }));
    await node.pass(60);
    expect(node.container()?.restartCount).toBe(0);
    expect(node.told('ProbeWarning')[0]).toContain('Probe terminated redirects, Response body: <a href="http://0.0.0.0/">Found</a>.');
  });

  test('its restarts are counted up, however many', async () => {
    const livenessProbe = { ...httpGet('/healthz', 8080), initialDelaySeconds: 5, failureThreshold: 1 };
    const node = await run(agnhost(['liveness'], { livenessProbe }));
    const counts: number[] = [];
    for (let i = 0; i < 60 && (counts.at(-1) ?? 0) < 5; i++) {
      await node.pass(10);
      counts.push(node.container()?.restartCount ?? 0);
    }
    expect(counts.at(-1)).toBe(5);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
  });

  test('it is ready right after its startup probe has passed, however seldom readiness is looked at', async () => {
    const node = await run(
      shell('main', 'echo ok >/tmp/health; sleep 32; echo ok >/tmp/startup; sleep 600', {
        readinessProbe: { exec: { command: ['/bin/cat', '/tmp/health'] }, periodSeconds: 30 },
        startupProbe: { exec: { command: ['/bin/cat', '/tmp/startup'] }, failureThreshold: 120, periodSeconds: 5 },
      }),
    );
    await node.pass(36);
    expect([node.container()?.started, node.condition('Ready')]).toEqual([true, 'True']);
  });

  const OWN_GRACE: readonly (readonly [string, Partial<Container>])[] = [
    [
      'liveness',
      { livenessProbe: { ...httpGet('/healthz', 8080), initialDelaySeconds: 10, failureThreshold: 1, terminationGracePeriodSeconds: 5 } },
    ],
    [
      'startup',
      {
        startupProbe: {
          exec: { command: ['/bin/cat', '/tmp/startup'] },
          initialDelaySeconds: 10,
          failureThreshold: 1,
          terminationGracePeriodSeconds: 5,
        },
      },
    ],
  ];
  test.each(OWN_GRACE)('a %s probe’s own grace period goes before the pod’s', async (_which, probes) => {
    const node = await run(shell('main', 'sleep 1000', probes), { terminationGracePeriodSeconds: 500 });
    await node.pass(40);
    expect(node.container()?.restartCount).toBeGreaterThanOrEqual(1);
  });
});
