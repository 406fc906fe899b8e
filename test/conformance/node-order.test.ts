// What upstream's suite asks of the order in which containers begin and end (test/e2e_node/container_lifecycle_test.go,
// test/e2e/common/node/{init_container,lifecycle_hook,pods}.go). On the virtual clock.
import { describe, expect, test } from 'vitest';
import type { Container } from '../../api/index.ts';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';
import { course, live, record, sidecar, started, steps } from './node/order.ts';
import { AGNHOST, BUSYBOX, PAUSE } from './node/world.ts';

const exit1 = { exec: { command: ['sh', '-c', 'exit 1'] } };
const NEVER = { restartPolicy: 'Never' } as const;

describe('the order of containers', () => {
  test('init containers run one after the other, then the regular one', async () => {
    const init = ['init-1', 'init-2', 'init-3'].map((name) => steps(name, { delay: 1 }));
    const regular = steps('regular-1', { startDelay: 5, delay: 1 }, { startupProbe: { exec: { command: ['test', '-f', 'started'] } } });
    const node = await started({ ...NEVER, initContainers: init, containers: [regular] });
    await live(node, 30);
    const { starts, ends } = await record(node);
    expect(node.status.phase).toBe('Succeeded');
    expect([starts, ends]).toEqual([
      ['init-1', 'init-2', 'init-3', 'regular-1'],
      ['init-1', 'init-2', 'init-3', 'regular-1'],
    ]);
  });

  test('postStart runs beside its container, after the init containers and before the next container', async () => {
    const lifecycle = { postStart: { exec: { command: course('hook', { delay: 1, container: 'regular-1' }) } } };
    const node = await started({
      ...NEVER,
      initContainers: [steps('init-1', { delay: 1 })],
      containers: [steps('regular-1', { delay: 10 }, { lifecycle }), steps('regular-2', { delay: 1 })],
    });
    await live(node, 30);
    const all = await record(node);
    expect(all.isAfter('hook', 'init-1')).toBe(true);
    expect(all.overlap('regular-1', 'hook')).toBe(true);
    expect(all.isAfter('regular-2', 'hook')).toBe(true);
  });

  test('a regular container that is restarted does not bring its init containers back', async () => {
    const init = ['init-1', 'init-2'].map((name) => steps(name, { delay: 1 }));
    const node = await started({ initContainers: init, containers: [steps('regular-1', { delay: 10, exitCode: -1 })] });
    await live(node, 120);
    const all = await record(node);
    expect([all.times('init-1', 'Starting').length, all.times('init-2', 'Starting').length]).toEqual([1, 1]);
    expect(all.times('regular-1', 'Starting').length).toBeGreaterThanOrEqual(3);
  });

  test.each(['startupProbe', 'livenessProbe'])('preStop runs beside a container whose %s fails', async (which) => {
    const lifecycle = { preStop: { exec: { command: course('hook', { delay: 1, container: 'regular-1' }) } } };
    const probe = { ...exit1, initialDelaySeconds: 10, failureThreshold: 1 };
    const node = await started({
      ...NEVER,
      containers: [steps('regular-1', { delay: 100, terminationSeconds: 15 }, { [which]: probe, lifecycle })],
    });
    await live(node, 60);
    const all = await record(node);
    expect(all.overlap('regular-1', 'hook')).toBe(true);
    expect(node.status.phase).toBe('Succeeded');
  });

  test('while preStop runs readiness is probed, liveness is not', async () => {
    const hook = { exec: { command: course('hook', { delay: 10, container: 'regular-1' }) } };
    const probe = (name: string, exitCode: number) => ({
      exec: { command: course(name, { exitCode, container: 'regular-1' }) },
      periodSeconds: 1,
    });
    const node = await started({
      ...NEVER,
      terminationGracePeriodSeconds: 100,
      containers: [
        steps(
          'regular-1',
          { delay: 100, terminationSeconds: 15 },
          {
            lifecycle: { preStop: hook },
            livenessProbe: { ...probe('liveness', 1), initialDelaySeconds: 10, failureThreshold: 1 },
            readinessProbe: { ...probe('readiness', 0), initialDelaySeconds: 1 },
          },
        ),
      ],
    });
    await live(node, 60);
    const all = await record(node);
    const [begin = 0, end = 0] = [all.times('hook', 'Started')[0], all.times('hook', 'Exiting')[0]];
    const during = (name: string) => all.times(name, 'Started').filter((time) => time > begin && time < end);
    expect(during('readiness').length).toBeGreaterThan(0);
    expect(during('liveness')).toEqual([]);
  });

  test('sidecars start in their turn, run beside what follows, and end in reverse order after the others', async () => {
    const node = await started({
      ...NEVER,
      initContainers: [
        steps('init-1', { delay: 1 }),
        sidecar('sidecar-1', { delay: 600, terminationSeconds: 5 }),
        steps('init-2', { delay: 1 }),
        sidecar('sidecar-2', { delay: 600, terminationSeconds: 5 }),
        steps('init-3', { delay: 1 }),
      ],
      containers: [steps('regular-1', { delay: 5 })],
    });
    await live(node, 60);
    const all = await record(node);
    expect(all.starts).toEqual(['init-1', 'sidecar-1', 'init-2', 'sidecar-2', 'init-3', 'regular-1']);
    expect(all.ends).toEqual(['init-1', 'init-2', 'init-3', 'regular-1', 'sidecar-2', 'sidecar-1']);
    expect(node.status.phase).toBe('Succeeded');
    expect(['sidecar-1', 'sidecar-2'].map((name) => node.state(name))).toEqual(['Completed 0', 'Completed 0']);
  });

  test('when pause dies all begin again in order', async () => {
    const node = await started({
      initContainers: [steps('init-1', { delay: 5 }), sidecar('sidecar-2', { delay: 300 }), steps('init-3', { delay: 5 })],
      containers: [steps('regular-1', { delay: 300 })],
    });
    await live(node, 20);
    await node.killPause();
    await live(node, 30);
    const order = ['init-1', 'sidecar-2', 'init-3', 'regular-1'];
    expect((await record(node)).starts).toEqual([...order, ...order]);
  });
});

describe('the end of a pod with sidecars', () => {
  const regular = (terminationSeconds: number) => steps('regular-1', { delay: 600, terminationSeconds });
  const three = (...own: number[]) => own.map((terminationSeconds, i) => sidecar(`sidecar-${i + 1}`, { delay: 600, terminationSeconds }));
  const states = (node: TestNode) => ['regular-1', 'sidecar-1', 'sidecar-2', 'sidecar-3'].map((name) => node.state(name));

  test('a sidecar that ends badly does not make its pod fail', async () => {
    const [one, , last] = three(1, 1, 1);
    const bad = sidecar('sidecar-2', { delay: 600, terminationSeconds: 1, exitCode: 1 });
    const node = await started({ ...NEVER, initContainers: [one, bad, last] as Container[], containers: [regular(1)] });
    await live(node, 10);
    await node.delete(30);
    await live(node, 20);
    expect([node.status.phase, ...states(node)]).toEqual(['Succeeded', 'Completed 0', 'Completed 0', 'Error 1', 'Completed 0']);
  });

  test('who takes longer than the grace period is killed; sidecars have two seconds all the same', async () => {
    const slow = await started({ ...NEVER, terminationGracePeriodSeconds: 5, initContainers: three(20, 1, 20), containers: [regular(20)] });
    await live(slow, 10);
    await slow.delete(5);
    await live(slow, 30);
    expect([slow.status.phase, ...states(slow)]).toEqual(['Failed', 'Error 137', 'Error 137', 'Completed 0', 'Error 137']);
    const quick = await started({ ...NEVER, terminationGracePeriodSeconds: 5, initContainers: three(1, 20, 1), containers: [regular(1)] });
    await live(quick, 10);
    await quick.delete(5);
    await live(quick, 30);
    expect([quick.status.phase, ...states(quick)]).toEqual(['Succeeded', 'Completed 0', 'Completed 0', 'Error 137', 'Completed 0']);
  });

  test('a preStop hook that fails does not show', async () => {
    const hook = (name: string, exitCode: number) => ({ preStop: { exec: { command: course(name, { delay: 1, exitCode }) } } });
    const initContainers = three(1, 1, 1).map((one, i) => ({ ...one, lifecycle: hook(one.name, i === 1 ? 1 : 0) }));
    const node = await started({ ...NEVER, initContainers, containers: [regular(1)] });
    await live(node, 10);
    await node.delete(30);
    await live(node, 30);
    expect([node.status.phase, ...states(node)]).toEqual(['Succeeded', 'Completed 0', 'Completed 0', 'Completed 0', 'Completed 0']);
  });

  test('sidecars whose preStop does not end are killed together, once the regular container has ended', async () => {
    const hook = (name: string) => ({ preStop: { exec: { command: course(`${name}-hook`, { loopsForever: true, container: name }) } } });
    const initContainers = three(5, 5, 5).map((one) => ({ ...one, lifecycle: hook(one.name) }));
    const node = await started({ ...NEVER, initContainers, containers: [steps('regular-1', { delay: 5 })] });
    await live(node, 90);
    expect([node.status.phase, ...states(node)]).toEqual(['Succeeded', 'Completed 0', 'Error 137', 'Error 137', 'Error 137']);
    const all = await record(node);
    const last = ['sidecar-1', 'sidecar-2', 'sidecar-3'].map((name) => all.times(`${name}-hook`, 'Looping').at(-1) ?? 0);
    expect(Math.max(...last) - Math.min(...last)).toBeLessThanOrEqual(2000);
  });
});

describe('a changed image', () => {
  const change = (node: TestNode, where: 'initContainers' | 'containers', index: number, image: string) =>
    node.change((pod) => {
      const containers = (pod.spec[where] ?? []).map((one, i) => (i === index ? { ...one, image } : one));
      return { ...pod, spec: { ...pod.spec, [where]: containers } };
    });

  test.each(['Always', 'OnFailure', 'Never'] as const)('restarts its container and no other, policy %s', async (restartPolicy) => {
    const container = (name: string) => steps(name, { delay: 60 }, { image: AGNHOST });
    const node = await started({ restartPolicy, containers: [container('regular-1'), container('regular-2')] });
    await live(node, 2);
    await change(node, 'containers', 0, BUSYBOX);
    await live(node, 20);
    expect([node.state('regular-1'), node.container('regular-1')?.image, node.container('regular-1')?.restartCount]).toEqual([
      'running',
      BUSYBOX,
      1,
    ]);
    expect([node.state('regular-2'), node.container('regular-2')?.restartCount]).toEqual(['running', 0]);
  });

  test('makes an end of the waiting of a container that keeps failing', async () => {
    const node = new TestNode();
    await node.run({ containers: [shell('main', 'sleep 5; exit 1')] });
    await node.pass(200);
    const before = node.container()?.restartCount ?? 0;
    expect(node.state()).toBe('CrashLoopBackOff');
    await change(node, 'containers', 0, AGNHOST);
    await node.pass(20);
    expect(node.container()?.restartCount).toBe(before + 2);
  });

  test('of a container that has not begun is the one that it begins with', async () => {
    const node = await started({
      initContainers: [steps('init-1', { delay: 60 })],
      containers: [steps('regular-1', { delay: 10 }, { image: AGNHOST })],
    });
    await live(node, 10);
    await change(node, 'containers', 0, BUSYBOX);
    await live(node, 40);
    expect(node.state('regular-1')).toBe('PodInitializing');
    await live(node, 12);
    expect([node.state('regular-1'), node.container('regular-1')?.image, node.container('regular-1')?.restartCount]).toEqual([
      'running',
      BUSYBOX,
      0,
    ]);
  });

  test('of an init container that has ended changes nothing', async () => {
    const node = await started({
      initContainers: [steps('init-1', { delay: 1 }, { image: AGNHOST })],
      containers: [steps('regular-1', { delay: 100 })],
    });
    await live(node, 5);
    await change(node, 'initContainers', 0, BUSYBOX);
    await live(node, 30);
    expect([node.state('init-1'), node.container('init-1')?.image, node.container('init-1')?.restartCount]).toEqual([
      'Completed 0',
      AGNHOST,
      0,
    ]);
  });

  test('of a sidecar restarts it, while the pod initializes and while it runs', async () => {
    const node = await started({
      initContainers: [
        sidecar('sidecar-1', { delay: 600, terminationSeconds: 5 }, { image: AGNHOST }),
        steps('init-2', { delay: 30 }),
        sidecar('sidecar-2', { delay: 600 }),
      ],
      containers: [steps('regular-1', { delay: 600 })],
    });
    await live(node, 5);
    await change(node, 'initContainers', 0, BUSYBOX);
    await live(node, 15);
    expect([node.state('sidecar-1'), node.container('sidecar-1')?.image, node.container('sidecar-1')?.restartCount]).toEqual([
      'running',
      BUSYBOX,
      1,
    ]);
    expect([node.state('init-2'), node.state('sidecar-2'), node.state('regular-1')]).toEqual([
      'running',
      'PodInitializing',
      'PodInitializing',
    ]);
    await live(node, 30);
    expect(node.state('regular-1')).toBe('running');
    await change(node, 'initContainers', 2, AGNHOST);
    await live(node, 30);
    expect([node.container('sidecar-2')?.image, node.container('sidecar-2')?.restartCount, node.container('init-2')?.restartCount]).toEqual(
      [AGNHOST, 1, 0],
    );
  });

  test('of a pod that ends starts nothing', async () => {
    const node = await started({
      initContainers: [sidecar('sidecar-1', { delay: 600, terminationSeconds: 10 })],
      containers: [steps('regular-1', { delay: 600, terminationSeconds: 10 })],
    });
    await live(node, 5);
    await node.delete(180);
    await change(node, 'initContainers', 0, AGNHOST);
    await live(node, 15);
    expect(node.container('sidecar-1')?.restartCount).toBe(0);
    await live(node, 20);
    expect(node.deleted).toEqual(['web']);
  });
});

describe('preStop that sleeps', () => {
  const sleeping = (seconds: number) => aContainer('main', { image: PAUSE, lifecycle: { preStop: { sleep: { seconds } } } });
  const endedAfter = (node: TestNode, began: number) => Date.parse(node.container()?.state?.terminated?.finishedAt ?? '') - began;

  test.each([
    ['as long as it is told', 100, 50],
    ['no longer than a shorter grace period', 30, 30],
  ])('is waited for %s', async (_what, graceSeconds, seconds) => {
    const node = new TestNode();
    await node.run({ terminationGracePeriodSeconds: 100, containers: [sleeping(50)] });
    const began = node.clock.now();
    await node.delete(graceSeconds);
    await node.pass(110);
    expect(Math.round(endedAfter(node, began) / 1000)).toBe(seconds);
  });

  test('is not begun for a container that has ended', async () => {
    const node = new TestNode();
    const container = { ...shell('main', 'sleep 3'), lifecycle: { preStop: { sleep: { seconds: 10 } } } };
    await node.run({ ...NEVER, containers: [container] });
    await node.pass(4);
    expect([node.status.phase, node.state()]).toEqual(['Succeeded', 'Completed 0']);
  });
});
