import { describe, expect, it } from 'vitest';
import { coreKinds, type Live, type Pod, quotaEvaluatorOf } from '../../api/index.ts';
import { silentLogger, VirtualClock } from '../../runtime/index.ts';
import { AbsentOwners } from '../garbage-collector/absent-owners.ts';
import { aPod, meta } from '../testing/builders.ts';
import { forEachLimited } from './for-each-limited.ts';
import { PacedQueue } from './paced-queue.ts';
import { runPeriodically } from './periodic.ts';
import { slimPod } from './slim-pod.ts';
import { StaleGuard } from './stale-guard.ts';

describe('PacedQueue', () => {
  it('hands the first out at once and gathers the rest', async () => {
    const clock = new VirtualClock();
    const queue = new PacedQueue({ clock, paceMs: 100 });
    queue.addPaced('a');
    expect(await queue.get()).toBe('a');
    queue.done('a');
    for (let i = 0; i < 5; i++) queue.addPaced('a');
    expect(queue.length).toBe(0);
    await clock.advance(99);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
    queue.shutDown();
  });

  it('does not make wait what is added as to any queue', async () => {
    const clock = new VirtualClock();
    const queue = new PacedQueue({ clock, paceMs: 100 });
    queue.add('a');
    await queue.get();
    queue.done('a');
    queue.add('a');
    expect(queue.length).toBe(1);
    queue.shutDown();
  });
});

describe('StaleGuard', () => {
  const at = (resourceVersion: string) => ({ metadata: meta('a', { resourceVersion }) });

  it('knows what was replaced, until the cache has the new one', () => {
    const guard = new StaleGuard();
    guard.wrote(at('1'), at('2'));
    expect([guard.isStale(at('1')), guard.isStale(at('2')), guard.isStale(at('3'))]).toEqual([true, false, false]);
  });

  it('does not wait for the event of a write that changed nothing', () => {
    const guard = new StaleGuard();
    guard.wrote(at('1'), at('1'));
    expect(guard.isStale(at('1'))).toBe(false);
  });
});

describe('forEachLimited', () => {
  it('runs so many at a time, and all', async () => {
    let running = 0;
    let most = 0;
    const seen: number[] = [];
    await forEachLimited([1, 2, 3, 4, 5], 2, async (item) => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => setImmediate(resolve));
      seen.push(item);
      running--;
    });
    expect([most, seen.length]).toEqual([2, 5]);
  });

  it('fails with the first error', async () => {
    await expect(forEachLimited([1, 2], 2, (item) => Promise.reject(new Error(`no ${item}`)))).rejects.toThrow('no 1');
  });
});

describe('runPeriodically', () => {
  it('goes on after a failure, and ends with the signal', async () => {
    const clock = new VirtualClock();
    const end = new AbortController();
    let runs = 0;
    const run = () => (++runs === 1 ? Promise.reject(new Error('once')) : Promise.resolve());
    const done = runPeriodically({ name: 'x', periodMs: 100, immediately: true, run, clock, logger: silentLogger, signal: end.signal });
    await clock.advance(250);
    expect(runs).toBe(3);
    end.abort();
    await done;
    expect(clock.pending).toBe(0);
  });
});

describe('slimPod', () => {
  it('keeps what controllers decide by', () => {
    const pod = aPod('a')
      .on('n1')
      .ready()
      .restarted(3)
      .ip('10.0.0.1')
      .annotated({ 'controller.kubernetes.io/pod-deletion-cost': '5', note: 'x' })
      .change(({ spec, metadata }) => {
        spec.containers = [{ name: 'app', image: 'web', env: [{ name: 'A', value: 'b' }], ports: [{ containerPort: 80 }], resources: {} }];
        spec.volumes = [
          { name: 'a', emptyDir: {} },
          { name: 'b', persistentVolumeClaim: { claimName: 'c' } },
          { name: 'e', ephemeral: { volumeClaimTemplate: { spec: {} } } },
        ];
        metadata.managedFields = [{ manager: 'x' }];
      })
      .build();
    const slim = slimPod(pod);
    expect(slim.metadata.annotations).toEqual({ 'controller.kubernetes.io/pod-deletion-cost': '5' });
    expect(slim.metadata).not.toHaveProperty('managedFields');
    expect(slim.spec).toMatchObject({ nodeName: 'n1', containers: [{ name: 'app', ports: [{ containerPort: 80 }] }] });
    expect(slim.spec.containers[0]).not.toHaveProperty('env');
    expect(slim.spec.volumes).toEqual([
      { name: 'b', persistentVolumeClaim: { claimName: 'c' } },
      { name: 'e', ephemeral: {} },
    ]);
    expect(slim.status).toMatchObject({ phase: 'Running', podIP: '10.0.0.1', containerStatuses: [{ restartCount: 3 }] });
  });
});

describe('a slim pod, as quotas count it,', () => {
  const evaluator = quotaEvaluatorOf(coreKinds.pods);
  const cpu = (amount: string) => ({ cpu: amount, memory: amount });
  const container = { name: 'app', image: 'web', resources: { requests: cpu('1'), limits: cpu('2') } };
  const status = { name: 'app', image: 'web', imageID: '', ready: true, restartCount: 0 };

  it.each<[string, (pod: Live<Pod>) => void]>([
    ['limits', () => undefined],
    ['limits of the whole pod', ({ spec }) => (spec.resources = { limits: cpu('3') })],
    ['overhead', ({ spec }) => (spec.overhead = cpu('1'))],
    [
      'what a container has, not what it is to have',
      ({ status: of }) =>
        (of.containerStatuses = [{ ...status, resources: { requests: cpu('3'), limits: cpu('5') }, allocatedResources: cpu('4') }]),
    ],
    ['a deadline', ({ spec }) => (spec.activeDeadlineSeconds = 5)],
    ['a class of priority', ({ spec }) => (spec.priorityClassName = 'high')],
    [
      'an affinity to pods elsewhere',
      ({ spec }) =>
        (spec.affinity = {
          podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', namespaces: ['elsewhere'] }] },
        }),
    ],
  ])('is what the whole pod is: %s', (_, change) => {
    const whole = aPod('a')
      .change((pod) => {
        pod.spec.containers = [container];
        change(pod);
      })
      .build();
    const slim = slimPod(whole);
    const countedOf = (pod: Live<Pod>) => ({
      usage: Object.fromEntries([...(evaluator?.usage(pod, 0) ?? [])].map(([name, amount]) => [name, String(amount)])),
      scopes: ['Terminating', 'NotTerminating', 'BestEffort', 'CrossNamespacePodAffinity'].map((scopeName) =>
        evaluator?.matchesScope?.({ scopeName, operator: 'Exists' }, pod),
      ),
      isHigh: evaluator?.matchesScope?.({ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }, pod),
    });
    expect(countedOf(slim)).toEqual(countedOf(whole));
  });
});

describe('AbsentOwners', () => {
  const at = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'x', name: 'a' };

  it('remembers by place and uid, not for ever', () => {
    const absent = new AbsentOwners();
    absent.add(at, 'one');
    expect([absent.has(at, 'one'), absent.has({ ...at, namespace: 'y' }, 'one'), absent.has(at, 'two')]).toEqual([true, false, false]);
    for (let i = 0; i < 500; i++) absent.add(at, `later-${i}`);
    expect(absent.has(at, 'one')).toBe(false);
  });
});
