import { expect, test } from 'vitest';
import { aContainer, aPod } from '../testing/builders.ts';
import { grows, growsBefore, resizeInTurn } from './resize-admission.ts';

const pod = (since: number | undefined, priority = 0, isGuaranteed = false) => {
  const requests = { cpu: '1', memory: '1Gi' };
  const lastTransitionTime = `2026-01-01T00:00:0${since}Z`;
  const conditions = since === undefined ? [] : [{ type: 'PodResizePending', status: 'True', reason: 'Deferred', lastTransitionTime }];
  const resources = isGuaranteed ? { requests, limits: requests } : { requests };
  return aPod({ priority, containers: [aContainer('main', { resources })] }, { status: { phase: 'Running', conditions } });
};

// Upstream's TestSortPendingResizes, as pairs.
test.each([
  ['the higher priority', pod(2, 1), pod(1, 0), true],
  ['the lower one does not', pod(1, 0), pod(2, 1), false],
  ['a guaranteed pod', pod(2, 0, true), pod(1), true],
  ['who waits longer', pod(1), pod(2), true],
  ['not who waits less long', pod(2), pod(1), false],
  ['who waits, before one that asks now', pod(2), pod(undefined), true],
  ['nobody before who has not waited', pod(undefined, 1), pod(1), false],
])('of pods that are to grow goes first: %s', (_name, one, other, isFirst) => {
  expect(growsBefore(one, other)).toBe(isFirst);
});

test('a pod grows when it asks for more of anything', () => {
  const of = (cpu: string, memory: string) => aPod({ containers: [aContainer('main', { resources: { requests: { cpu, memory } } })] });
  expect([grows(of('2', '1Gi'), of('1', '2Gi')), grows(of('1', '1Gi'), of('1', '2Gi')), grows(of('1', '1Gi'), of('1', '1Gi'))]).toEqual([
    true,
    false,
    false,
  ]);
});

test('room that is not enough for all is for who goes first, though another asks', () => {
  const asking = (name: string, cpu: string, priority: number) => {
    const containers = [aContainer('main', { resources: { requests: { cpu } } })];
    const { status } = pod(1);
    return aPod({ priority, containers }, { name, status });
  };
  const poked: string[] = [];
  const workerOf = (name: string, priority: number) => ({
    pod: asking(name, '3', priority),
    allocated: asking(name, '1', priority),
    isActive: true,
    poke: () => void poked.push(name),
  });
  const [high, low] = [workerOf('high', 1), workerOf('low', 0)];
  const scopeBeside = ({ metadata }: { metadata: { name?: string | undefined } }) => ({
    node: { metadata: { name: 'n' } },
    allocatable: { cpu: '4', memory: '8Gi', pods: '10' },
    others: [high, low].filter((each) => each.pod.metadata.name !== metadata.name).map(({ allocated }) => allocated),
  });
  const refusal = (own: typeof high) => resizeInTurn(own.pod, own, [high, low], scopeBeside)?.message;
  expect(refusal(low)).toBe("Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000");
  expect(poked).toEqual(['high']);
  expect(refusal(high)).toBeUndefined();
});
