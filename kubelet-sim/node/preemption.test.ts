import { expect, test } from 'vitest';
import type { Pod } from '../../api/index.ts';
import { aContainer, aPod } from '../testing/builders.ts';
import { admitCritical, admitOrPreempt } from './preemption.ts';

const scope = { node: { metadata: { name: 'node-0', labels: {} } }, allocatable: { cpu: '4', memory: '8Gi', pods: '10' } };
const CRITICAL = 2_000_000_000;

function pod(name: string, requests: Record<string, string>, more: { limits?: Record<string, string>; priority?: number } = {}): Pod {
  const { limits, priority } = more;
  const resources = { requests, ...(limits ? { limits } : {}) };
  return aPod({ containers: [aContainer('main', { resources })], ...(priority === undefined ? {} : { priority }) }, { name });
}

const critical = (requests: Record<string, string>) => pod('critical', requests, { priority: CRITICAL });
const victims = (asking: Pod, others: readonly Pod[]) =>
  admitCritical(asking, { ...scope, others }).victims.map(({ metadata }) => metadata.name);

test('a critical pod that fits preempts nobody', () => {
  expect(admitCritical(critical({ cpu: '1' }), { ...scope, others: [pod('a', { cpu: '3' })] })).toEqual({ victims: [] });
});

test('for a critical pod as few others go as can be: the one that gives what is missing, of equals the smaller', () => {
  const others = [pod('small', { cpu: '500m' }), pod('big', { cpu: '2' }), pod('right', { cpu: '1' })];
  expect(victims(critical({ cpu: '1500m' }), others)).toEqual(['right']);
  expect(victims(critical({ cpu: '2500m' }), others)).toEqual(['big']);
  expect(victims(critical({ cpu: '3500m' }), others)).toEqual(['big', 'right']);
});

test('burstable pods go rather than guaranteed ones, best-effort ones for nothing but their place', () => {
  const guaranteed = pod('guaranteed', { cpu: '2', memory: '1Gi' }, { limits: { cpu: '2', memory: '1Gi' } });
  const others = [pod('best-effort', {}), guaranteed, pod('burstable', { cpu: '2' })];
  expect(victims(critical({ cpu: '1' }), others)).toEqual(['burstable']);
  expect(victims(critical({ cpu: '3' }), others)).toEqual(['burstable', 'guaranteed']);
  const full = Array.from({ length: 10 }, (_, i) => pod(`p${i}`, i === 4 ? {} : { cpu: '100m' }));
  expect(victims(critical({ cpu: '100m' }), full)).toEqual(['p4']);
});

test('critical pods are not preempted: when the others give too little, the pod is refused', () => {
  const others = [pod('vital', { cpu: '3' }, { priority: CRITICAL }), pod('a', { cpu: '500m' })];
  expect(admitCritical(critical({ cpu: '2' }), { ...scope, others })).toEqual({
    victims: [],
    verdict: {
      reason: 'UnexpectedAdmissionError',
      message:
        'Pod was rejected: Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 1000), ]',
    },
  });
});

test('room does not help a critical pod that the node does not suit', () => {
  const asking = { ...critical({ cpu: '4' }) };
  asking.spec = { ...asking.spec, nodeSelector: { disk: 'ssd' } };
  const { victims: none, verdict } = admitCritical(asking, { ...scope, others: [pod('a', { cpu: '3' })] });
  expect([none, verdict?.reason]).toEqual([[], 'NodeAffinity']);
});

test('who has to go is told with the first resource that is missing, under which preemptions are counted', () => {
  const told: string[] = [];
  const others = [pod('a', { cpu: '3', memory: '6Gi' })];
  expect(admitOrPreempt(critical({ cpu: '2', memory: '4Gi' }), { ...scope, others }, (...args) => told.push(...args))).toBeUndefined();
  expect(told).toEqual(['uid-of-a', 'cpu']);
});
