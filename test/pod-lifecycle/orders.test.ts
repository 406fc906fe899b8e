// The order in which containers of a pod start and end, with sidecars: what upstream's own node tests ask
// (test/e2e_node/container_lifecycle_test.go). On the virtual clock.
import { describe, expect, test } from 'vitest';
import type { Container, Lifecycle, Pod, Probe } from '../../api/index.ts';
import { aContainer } from '../../kubelet-sim/testing/builders.ts';
import { shell, TestNode } from '../../kubelet-sim/testing/node-harness.ts';

interface Life {
  /** Seconds until it ends by itself, and how it does. */
  readonly runs?: number;
  readonly code?: number;
  /** Seconds it takes to end when it is told to. */
  readonly ends?: number;
  readonly lifecycle?: Lifecycle;
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly image?: string;
}

const container = (name: string, { runs = 600, code = 0, ends = 1, ...more }: Life = {}): Container =>
  shell(name, `trap "sleep ${ends}; exit ${code}" TERM; sleep ${runs} & wait $!; exit ${code}`, more);
const sidecar = (name: string, life?: Life): Container => ({ ...container(name, life), restartPolicy: 'Always' });

const preStop = (script: string): Lifecycle => ({ preStop: { exec: { command: ['sh', '-c', script] } } });
const failing = (initialDelaySeconds: number): Probe => ({
  exec: { command: ['sh', '-c', 'exit 1'] },
  initialDelaySeconds,
  periodSeconds: 10,
  timeoutSeconds: 1,
  successThreshold: 1,
  failureThreshold: 1,
});

/** A node that notes which containers start and end. */
class Journal extends TestNode {
  readonly lines: string[] = [];

  async begin(spec: Partial<Pod['spec']>): Promise<void> {
    const { runtime } = this;
    const ended = new Set<string>();
    const start = runtime.startContainer.bind(runtime);
    runtime.startContainer = (id) => {
      this.lines.push(`${runtime.containerStatus(id)?.name} starts`);
      return start(id);
    };
    runtime.onContainerEvent(({ containerId }) => {
      const status = runtime.containerStatus(containerId);
      if (status?.state !== 'exited' || ended.has(containerId)) return;
      ended.add(containerId);
      this.lines.push(`${status.name} ends`);
    });
    await this.run(spec);
  }

  /** How each container is, init containers first. */
  get states(): string[] {
    const { initContainerStatuses = [], containerStatuses = [] } = this.status;
    return [...initContainerStatuses, ...containerStatuses].map(({ name }) => `${name} ${this.state(name)}`);
  }

  times(line: string): number {
    return this.lines.filter((each) => each === line).length;
  }

  /** The pod is deleted, and stays to be looked at when it has ended. */
  async end(graceSeconds: number): Promise<void> {
    await this.change((pod) => ({ ...pod, metadata: { ...pod.metadata, finalizers: ['example.com/look'] } }));
    await this.delete(graceSeconds);
  }
}

const POLICIES = ['Always', 'OnFailure', 'Never'] as const;

describe('while a pod begins', () => {
  test('init containers run to their end in turn, sidecars stay, and end after the main container, the last one first', async () => {
    const node = new Journal();
    const short = { runs: 1 };
    await node.begin({
      restartPolicy: 'Never',
      initContainers: [
        container('init-1', short),
        sidecar('side-1'),
        container('init-2', short),
        sidecar('side-2'),
        container('init-3', short),
      ],
      containers: [container('main', short)],
    });
    await node.pass(20);
    expect(node.lines).toEqual([
      ...['init-1 starts', 'init-1 ends', 'side-1 starts', 'init-2 starts', 'init-2 ends', 'side-2 starts', 'init-3 starts', 'init-3 ends'],
      ...['main starts', 'main ends', 'side-2 ends', 'side-1 ends'],
    ]);
    expect(node.status.phase).toBe('Succeeded');
  });

  test.each([
    ['Never', 'Failed', false],
    ['OnFailure', 'Pending', true],
    ['Always', 'Pending', true],
  ] as const)('an init container before a sidecar fails, %s: %s', async (restartPolicy, phase, isTriedAgain) => {
    const node = new Journal();
    await node.begin({ restartPolicy, initContainers: [container('init', { runs: 1, code: 1 }), sidecar('side')] });
    await node.pass(80);
    expect(node.status.phase).toBe(phase);
    expect((node.container('init')?.restartCount ?? 0) >= 3).toBe(isTriedAgain);
    expect(node.lines).not.toContain('side starts');
  });

  test.each([
    ['Never', 'Failed'],
    ['OnFailure', 'Pending'],
    ['Always', 'Pending'],
  ] as const)('an init container after a sidecar that fails too, %s: %s', async (restartPolicy, phase) => {
    const node = new Journal();
    const initContainers = [sidecar('side', { runs: 5, code: 1 }), container('init', { runs: 1, code: 1 })];
    await node.begin({ restartPolicy, initContainers, containers: [container('main')] });
    await node.pass(120);
    expect(node.status.phase).toBe(phase);
    expect(node.lines.slice(0, 3)).toEqual(['side starts', 'init starts', 'init ends']);
    expect(node.times('init starts') > 1).toBe(restartPolicy !== 'Never');
    expect(node.lines).not.toContain('main starts');
  });

  test.each([
    ['Never', 0],
    ['Never', 1],
    ['OnFailure', 0],
    ['OnFailure', 1],
  ] as const)(
    'a sidecar that ends again and again is started again, before and after the main container: %s, %d',
    async (restartPolicy, code) => {
      const node = new Journal();
      const initContainers = [sidecar('side', { runs: 5, code }), container('init', { runs: 8 })];
      await node.begin({ restartPolicy, initContainers, containers: [container('main', { runs: 60 })] });
      await node.pass(80);
      const main = node.lines.indexOf('main starts');
      expect(node.lines.slice(0, main).filter((line) => line === 'side starts').length).toBeGreaterThan(1);
      expect(node.lines.slice(main)).toContain('side starts');
      expect([node.status.phase, node.state('main')]).toEqual(['Succeeded', 'Completed 0']);
    },
  );

  test.each(POLICIES)('a sidecar without an image holds up the main container: %s', async (restartPolicy) => {
    const node = new Journal();
    await node.begin({
      restartPolicy,
      initContainers: [sidecar('side', { image: 'registry.example.com/none' })],
      containers: [container('main')],
    });
    await node.pass(60);
    expect([node.state('side'), node.lines, node.status.phase]).toEqual(['ImagePullBackOff', [], 'Pending']);
  });

  test('sidecars start in turn, each when the one before has passed its startup probe', async () => {
    const node = new Journal();
    const startupProbe: Probe = {
      ...failing(0),
      exec: { command: ['test', '-f', '/tmp/started'] },
      periodSeconds: 1,
      failureThreshold: 60,
    };
    const slow = (name: string): Container => ({
      ...shell(name, 'sleep 10; touch /tmp/started; sleep 600', { startupProbe }),
      restartPolicy: 'Always',
    });
    await node.begin({ initContainers: [slow('side-1'), slow('side-2')], containers: [container('main')] });
    await node.pass(9);
    expect(node.lines).toEqual(['side-1 starts']);
    await node.pass(10);
    expect(node.lines).toEqual(['side-1 starts', 'side-2 starts']);
    await node.pass(5);
    expect(node.lines).toEqual(['side-1 starts', 'side-2 starts', 'main starts']);
  });

  test('a sidecar whose startup probe fails is ended with its preStop hook, and nothing comes after it', async () => {
    const node = new Journal();
    const side = sidecar('side', { startupProbe: failing(5), lifecycle: preStop('sleep 1; echo called > /dev/termination-log'), ends: 2 });
    await node.begin({ initContainers: [side], containers: [container('main')] });
    await node.pass(60);
    expect(node.container('side')?.restartCount).toBeGreaterThan(1);
    const { state, lastState } = node.container('side') ?? {};
    expect((state?.terminated ?? lastState?.terminated)?.message).toBe('called\n');
    expect([node.status.phase, node.lines.includes('main starts')]).toEqual(['Pending', false]);
  });

  test('a sidecar whose liveness probe fails is ended likewise, and the main container starts all the same', async () => {
    const node = new Journal();
    const side = sidecar('side', { livenessProbe: failing(5), lifecycle: preStop('sleep 1; echo called > /dev/termination-log'), ends: 2 });
    await node.begin({ initContainers: [side], containers: [container('main')] });
    await node.pass(60);
    expect(node.container('side')?.restartCount).toBeGreaterThan(1);
    const { state, lastState } = node.container('side') ?? {};
    expect((state?.terminated ?? lastState?.terminated)?.message).toBe('called\n');
    expect([node.status.phase, node.state('main'), node.container('main')?.restartCount]).toEqual(['Running', 'running', 0]);
  });

  test('a sidecar that fails at first is looked at again when it runs, and the main container starts then', async () => {
    const node = new Journal();
    const startupProbe: Probe = { ...failing(3), exec: { command: ['true'] }, periodSeconds: 2, failureThreshold: 10 };
    const volumeMounts = [{ name: 'v', mountPath: '/v' }];
    const script = 'if [ ! -f /v/again ]; then touch /v/again; exit 1; fi; sleep 600';
    const side: Container = { ...shell('side', script, { startupProbe, volumeMounts }), restartPolicy: 'Always' };
    await node.begin({
      restartPolicy: 'Never',
      initContainers: [side],
      containers: [container('main')],
      volumes: [{ name: 'v', emptyDir: {} }],
    });
    await node.pass(60);
    expect([node.state('side'), node.container('side')?.restartCount, node.state('main')]).toEqual(['running', 1, 'running']);
  });
});

describe('an image that changes', () => {
  const withImage = (containers: readonly Container[], name: string, image: string): Container[] =>
    containers.map((each) => (each.name === name ? { ...each, image } : each));

  test.each(POLICIES)('of a main container while init containers run counts when its turn comes: %s', async (restartPolicy) => {
    const node = new Journal();
    await node.begin({ restartPolicy, initContainers: [container('init', { runs: 60 })], containers: [container('main')] });
    await node.change((pod) => ({ ...pod, spec: { ...pod.spec, containers: withImage(pod.spec.containers, 'main', 'alpine') } }));
    await node.pass(50);
    expect([node.status.phase, node.lines]).toEqual(['Pending', ['init starts']]);
    await node.pass(15);
    expect([node.state('main'), node.container('main')?.restartCount, node.container('main')?.image]).toEqual([
      'running',
      0,
      'docker.io/library/alpine:latest',
    ]);
  });

  test.each(POLICIES)('of a sidecar while the pod begins restarts the sidecar alone: %s', async (restartPolicy) => {
    const node = new Journal();
    const initContainers = [container('init-1', { runs: 1 }), sidecar('side-1'), container('init-2'), sidecar('side-2')];
    await node.begin({ restartPolicy, initContainers, containers: [container('main')] });
    await node.pass(5);
    await node.change((pod) => ({
      ...pod,
      spec: { ...pod.spec, initContainers: withImage(pod.spec.initContainers ?? [], 'side-1', 'alpine') },
    }));
    await node.pass(10);
    expect(node.lines).toEqual(['init-1 starts', 'init-1 ends', 'side-1 starts', 'init-2 starts', 'side-1 ends', 'side-1 starts']);
    expect([node.status.phase, node.container('side-1')?.restartCount, node.container('side-1')?.image]).toEqual([
      'Pending',
      1,
      'docker.io/library/alpine:latest',
    ]);
  });

  test.each(POLICIES)('of a sidecar while the pod runs restarts the sidecar alone: %s', async (restartPolicy) => {
    const node = new Journal();
    await node.begin({ restartPolicy, initContainers: [sidecar('side-1'), sidecar('side-2')], containers: [container('main')] });
    await node.pass(5);
    await node.change((pod) => ({
      ...pod,
      spec: { ...pod.spec, initContainers: withImage(pod.spec.initContainers ?? [], 'side-1', 'alpine') },
    }));
    await node.pass(10);
    expect(node.lines).toEqual(['side-1 starts', 'side-2 starts', 'main starts', 'side-1 ends', 'side-1 starts']);
    expect(node.container('side-1')?.image).toBe('docker.io/library/alpine:latest');
  });

  test.each(POLICIES)('of a sidecar that does not get started is tried at its next start: %s', async (restartPolicy) => {
    const node = new Journal();
    const initContainers = [sidecar('side-1'), sidecar('side-2', { startupProbe: failing(20) })];
    await node.begin({ restartPolicy, initContainers, containers: [container('main')] });
    await node.pass(32);
    const restarts = node.container('side-2')?.restartCount ?? 0;
    expect(restarts).toBeGreaterThan(0);
    await node.change((pod) => ({
      ...pod,
      spec: { ...pod.spec, initContainers: withImage(pod.spec.initContainers ?? [], 'side-2', 'alpine') },
    }));
    await node.pass(60);
    expect(node.container('side-2')?.restartCount).toBeGreaterThan(restarts);
    expect([node.container('side-2')?.image, node.status.phase]).toEqual(['docker.io/library/alpine:latest', 'Pending']);
    expect([node.times('side-1 starts'), node.times('main starts')]).toEqual([1, 0]);
  });
});

describe('when a pod ends', () => {
  const three = (lives: readonly [Life, Life, Life], main: Life): Partial<Pod['spec']> => ({
    restartPolicy: 'Never',
    initContainers: lives.map((life, i) => sidecar(`side-${i + 1}`, life)),
    containers: [container('main', main)],
  });

  test.each<[string, Partial<Pod['spec']>, number, string, string[]]>([
    [
      'a sidecar ends badly',
      three([{}, { code: 1 }, {}], {}),
      30,
      'Succeeded',
      ['side-1 Completed 0', 'side-2 Error 1', 'side-3 Completed 0', 'main Completed 0'],
    ],
    [
      'the hook of a sidecar fails',
      three([{ lifecycle: preStop('sleep 1') }, { lifecycle: preStop('sleep 1; exit 1') }, { lifecycle: preStop('sleep 1') }], {}),
      30,
      'Succeeded',
      ['side-1 Completed 0', 'side-2 Completed 0', 'side-3 Completed 0', 'main Completed 0'],
    ],
    [
      'the main container takes too long: sidecars are given two seconds',
      three([{ ends: 20 }, { ends: 1 }, { ends: 20 }], { ends: 20 }),
      5,
      'Failed',
      ['side-1 Error 137', 'side-2 Completed 0', 'side-3 Error 137', 'main Error 137'],
    ],
    [
      'a sidecar takes too long',
      three([{ ends: 1 }, { ends: 20 }, { ends: 1 }], { ends: 1 }),
      5,
      'Succeeded',
      ['side-1 Completed 0', 'side-2 Error 137', 'side-3 Completed 0', 'main Completed 0'],
    ],
    [
      'the hook of the main container takes too long',
      three([{ ends: 1 }, { ends: 20 }, { ends: 1 }], { ends: 20, lifecycle: preStop('sleep 20') }),
      5,
      'Failed',
      ['side-1 Completed 0', 'side-2 Error 137', 'side-3 Completed 0', 'main Error 137'],
    ],
    [
      'the hook of a sidecar takes too long',
      three([{ lifecycle: preStop('sleep 1') }, { ends: 20, lifecycle: preStop('sleep 30') }, { lifecycle: preStop('sleep 1') }], {
        ends: 1,
      }),
      5,
      'Succeeded',
      ['side-1 Completed 0', 'side-2 Error 137', 'side-3 Completed 0', 'main Completed 0'],
    ],
  ])('%s', async (...[, spec, grace, phase, states]) => {
    const node = new Journal();
    await node.begin({ ...spec, terminationGracePeriodSeconds: grace });
    await node.pass(2);
    await node.end(grace);
    await node.pass(grace + 10);
    expect([node.status.phase, node.states]).toEqual([phase, states]);
  });

  test('hooks of sidecars that never end are all left behind when the time is over', async () => {
    const node = new Journal();
    const endless = { ends: 5, lifecycle: preStop('sleep 600') };
    await node.begin({ ...three([endless, endless, endless], { runs: 5 }), terminationGracePeriodSeconds: 30 });
    await node.pass(5 + 30);
    expect(node.status.phase).toBe('Running');
    await node.pass(5);
    expect([node.status.phase, node.states.slice(0, 3)]).toEqual([
      'Succeeded',
      ['side-1 Error 137', 'side-2 Error 137', 'side-3 Error 137'],
    ]);
  });

  test('a pod that is deleted while it begins does not wait for sidecars that have not started', async () => {
    const node = new Journal();
    const initContainers = [
      container('init', { ends: 0 }),
      sidecar('side-1', { ends: 5, lifecycle: preStop('sleep 1') }),
      sidecar('side-2'),
    ];
    await node.begin({ restartPolicy: 'Never', initContainers, containers: [container('main')] });
    await node.delete(3);
    await node.pass(1);
    expect([node.deleted, node.lines]).toEqual([['web'], ['init starts', 'init ends']]);
  });

  test('a sidecar that has not passed its startup probe ends as soon as it can', async () => {
    const node = new Journal();
    const side = sidecar('side-1', { startupProbe: { ...failing(0), failureThreshold: 600 } });
    await node.begin({
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 180,
      initContainers: [container('init', { runs: 1 }), side, sidecar('side-2')],
      containers: [aContainer('main')],
    });
    await node.pass(5);
    await node.delete(180);
    await node.pass(2);
    expect(node.deleted).toEqual(['web']);
  });
});

describe('a node that boots again', () => {
  test.each([true, false])('begins the pod anew, in order; image of the sidecar changed meanwhile: %s', async (isChanged) => {
    const node = new Journal();
    const initContainers = [container('init-1', { runs: 5 }), sidecar('side'), container('init-2', { runs: 5 })];
    await node.begin({ initContainers, containers: [container('main')] });
    await node.pass(12);
    node.lines.length = 0;
    node.runtime.stopPodSandbox(node.worker?.sandboxId ?? '');
    if (isChanged)
      await node.change((pod) => ({
        ...pod,
        spec: { ...pod.spec, initContainers: initContainers.map((each) => (each.name === 'side' ? { ...each, image: 'alpine' } : each)) },
      }));
    await node.pass(20);
    expect(node.lines.filter((line) => line.endsWith('starts'))).toEqual(['init-1 starts', 'side starts', 'init-2 starts', 'main starts']);
    expect([node.status.phase, node.container('side')?.image]).toEqual([
      'Running',
      `docker.io/library/${isChanged ? 'alpine' : 'busybox'}:latest`,
    ]);
  });
});
