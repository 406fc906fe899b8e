import { describe, expect, it } from 'vitest';
import { ago, aPod, aReplicaSet, NOW, type PodBuilder } from '../testing/builders.ts';
import { nextAvailabilityMs, planReplicas, podsToDelete, replicaSetStatus } from './plan.ts';

const build = (pods: readonly PodBuilder[]) => pods.map((pod) => pod.build());
const none = () => [];

describe('planReplicas', () => {
  it.each([
    { wanted: 3, present: 0, create: 3, remove: 0 },
    { wanted: 3, present: 3, create: 0, remove: 0 },
    { wanted: 0, present: 2, create: 0, remove: 2 },
    { wanted: 2000, present: 0, create: 500, remove: 0 },
    { wanted: 0, present: 600, create: 0, remove: 500 },
  ])('creates $create and deletes $remove when $present of $wanted are there', ({ wanted, present, create, remove }) => {
    const pods = build(Array.from({ length: present }, (_, i) => aPod(`p${i}`)));
    const plan = planReplicas(aReplicaSet(wanted), pods, none, NOW);
    expect([plan.create, plan.remove.length]).toEqual([create, remove]);
  });
});

describe('podsToDelete', () => {
  const cost = (value: string) => ({ 'controller.kubernetes.io/pod-deletion-cost': value });
  it.each([
    { why: 'unassigned before assigned', first: aPod('b'), second: aPod('a').on('n1') },
    { why: 'pending before running', first: aPod('b').on('n1'), second: aPod('a').on('n1').running() },
    { why: 'not ready before ready', first: aPod('b').on('n1').running(), second: aPod('a').on('n1').ready() },
    {
      why: 'cheap before dear',
      first: aPod('b').on('n1').ready(900).annotated(cost('-5')),
      second: aPod('a').on('n1').ready(1).annotated(cost('10')),
    },
    {
      why: 'the lowest cost there can be',
      first: aPod('b').on('n1').ready().annotated(cost('-2147483648')),
      second: aPod('a').on('n1').ready().annotated(cost('-2147483647')),
    },
    {
      why: 'a cost below it counts as 0',
      first: aPod('b').on('n1').ready().annotated(cost('-01')),
      second: aPod('a').on('n1').ready().annotated(cost('-2147483649')),
    },
    {
      why: 'a cost that is no number counts as 0',
      first: aPod('b').on('n1').ready().annotated(cost('+1')),
      second: aPod('a').on('n1').ready().annotated(cost('1')),
    },
    { why: 'briefly ready before long ready', first: aPod('b').on('n1').ready(2), second: aPod('a').on('n1').ready(3000) },
    {
      why: 'often restarted before seldom',
      first: aPod('b').on('n1').ready().restarted(7),
      second: aPod('a').on('n1').ready().restarted(1),
    },
    { why: 'young before old', first: aPod('b').on('n1').ready().created(10), second: aPod('a').on('n1').ready().created(9000) },
    { why: 'of about the same age by uid', first: aPod('a').on('n1').ready(1000), second: aPod('b').on('n1').ready(1010) },
  ])('takes $why', ({ first, second }) => {
    const pods = build([second, first]);
    expect(podsToDelete(pods, none, 1, NOW).map(({ metadata }) => metadata.name)).toEqual([first.build().metadata.name]);
  });

  it('relieves the node that holds most pods of the same owner', () => {
    const pods = build([aPod('a').on('n1').ready(5), aPod('b').on('n2').ready(5000)]);
    const related = build([aPod('x').on('n2').ready(), aPod('y').on('n2').ready(), aPod('z').on('n1').phase('Failed')]);
    expect(podsToDelete(pods, () => related, 1, NOW)[0]?.metadata.name).toBe('b');
  });

  it('does not ask for related pods when all go', () => {
    const pods = build([aPod('a'), aPod('b')]);
    const fail = () => {
      throw new Error('asked');
    };
    expect(podsToDelete(pods, fail, 2, NOW)).toHaveLength(2);
  });
});

describe('replicaSetStatus', () => {
  it('counts, and leaves zeros out as the API does', () => {
    const pods = build([aPod('a').ready(100), aPod('b').ready(5), aPod('c').labels({ other: 'x' }).running()]);
    expect(replicaSetStatus(aReplicaSet(3, { spec: { minReadySeconds: 30 } }), pods, undefined, NOW)).toEqual({
      replicas: 3,
      fullyLabeledReplicas: 2,
      readyReplicas: 2,
      availableReplicas: 1,
      observedGeneration: 1,
    });
    expect(replicaSetStatus(aReplicaSet(0), [], undefined, NOW)).toEqual({ replicas: 0, observedGeneration: 1 });
  });

  it('tells of a failure until it is over, and keeps the first one', () => {
    const set = aReplicaSet(1);
    const failed = replicaSetStatus(set, [], { message: 'exceeded quota' }, NOW);
    expect(failed.conditions).toEqual([
      { type: 'ReplicaFailure', status: 'True', lastTransitionTime: ago(0), reason: 'FailedCreate', message: 'exceeded quota' },
    ]);
    const again = replicaSetStatus(aReplicaSet(1, { status: failed }), [], { message: 'other' }, NOW + 5000);
    expect(again.conditions).toEqual(failed.conditions);
    expect(replicaSetStatus(aReplicaSet(1, { status: failed }), [], undefined, NOW).conditions).toBeUndefined();
  });

  it('says when the next pod becomes available', () => {
    const pods = build([aPod('a').ready(100), aPod('b').ready(5), aPod('c').ready(20)]);
    expect(nextAvailabilityMs(aReplicaSet(3, { spec: { minReadySeconds: 30 } }), pods, NOW)).toBe(10_000);
    expect(nextAvailabilityMs(aReplicaSet(3), pods, NOW)).toBeUndefined();
  });
});
