import { describe, expect, it } from 'vitest';
import { goSelector } from '../shared/go-text.ts';
import { aBudget, ago, aPod, NOW, type PodBuilder } from '../testing/builders.ts';
import { expectedOf, failSafe, needsScale, planBudget, staleInMs } from './plan.ts';

const ready = (count: number) => Array.from({ length: count }, (_, i) => aPod(`p${i}`).ready().build());

describe('expectedOf', () => {
  it.each([
    { spec: { minAvailable: 2 }, pods: 5, scale: 0, is: { pods: 5, healthy: 2 } },
    { spec: { minAvailable: '50%' }, pods: 1, scale: 5, is: { pods: 5, healthy: 3 } },
    { spec: { minAvailable: '0%' }, pods: 1, scale: 5, is: { pods: 5, healthy: 0 } },
    { spec: { minAvailable: '100%' }, pods: 1, scale: 5, is: { pods: 5, healthy: 5 } },
    { spec: { maxUnavailable: 1 }, pods: 1, scale: 5, is: { pods: 5, healthy: 4 } },
    { spec: { maxUnavailable: 9 }, pods: 1, scale: 5, is: { pods: 5, healthy: 0 } },
    { spec: { maxUnavailable: '30%' }, pods: 1, scale: 5, is: { pods: 5, healthy: 3 } },
    { spec: {}, pods: 3, scale: 0, is: { pods: 0, healthy: 0 } },
  ])('$spec of $pods pods at scale $scale', ({ spec, pods, scale, is }) => {
    expect(expectedOf(aBudget(spec), pods, scale)).toEqual(is);
  });

  it('asks for the scale only where it matters', () => {
    expect([{ minAvailable: 1 }, { minAvailable: '1%' }, { maxUnavailable: 1 }].map((spec) => needsScale(aBudget(spec)))).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('cannot read nonsense', () => {
    expect(() => expectedOf(aBudget({ minAvailable: '1/2' }), 1, 1)).toThrow(
      'invalid value for IntOrString: invalid type: string is not a percentage',
    );
  });
});

describe('planBudget', () => {
  const plan = (pods: readonly PodBuilder[], expected = { pods: 3, healthy: 2 }, disruptedPods?: Record<string, string>) =>
    planBudget(
      aBudget({ minAvailable: 2 }, { disruptedPods }),
      pods.map((pod) => pod.build()),
      expected,
      NOW,
    );

  it('says what may go, and why', () => {
    const { status } = planBudget(aBudget({ minAvailable: 2 }), ready(3), { pods: 3, healthy: 2 }, NOW);
    expect(status).toEqual({
      observedGeneration: 1,
      disruptionsAllowed: 1,
      currentHealthy: 3,
      desiredHealthy: 2,
      expectedPods: 3,
      conditions: [
        {
          type: 'DisruptionAllowed',
          status: 'True',
          reason: 'SufficientPods',
          message: '',
          observedGeneration: 1,
          lastTransitionTime: ago(0),
        },
      ],
    });
  });

  it.each([
    { why: 'unready ones do not count', pods: [aPod('a').ready(), aPod('b').running()], healthy: 1, allowed: 0 },
    { why: 'nor those that are going', pods: [aPod('a').ready(), aPod('b').ready().deleting()], healthy: 1, allowed: 0 },
    { why: 'more than enough', pods: [aPod('a').ready(), aPod('b').ready(), aPod('c').ready(), aPod('d').ready()], healthy: 4, allowed: 2 },
    {
      why: 'none expected',
      pods: [aPod('a').ready(), aPod('b').ready(), aPod('c').ready()],
      expected: { pods: 0, healthy: 0 },
      healthy: 3,
      allowed: 0,
    },
  ])('$why', ({ pods, expected, healthy, allowed }) => {
    const { status } = plan(pods, expected);
    expect([status.currentHealthy, status.disruptionsAllowed]).toEqual([healthy, allowed]);
    expect(status.conditions?.[0]?.reason).toBe(allowed > 0 ? 'SufficientPods' : 'InsufficientPods');
  });

  it('keeps the time of a condition that stays as it is', () => {
    const before = { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '', lastTransitionTime: ago(900) };
    const budget = aBudget({ minAvailable: 2 }, { conditions: [before] });
    expect(planBudget(budget, ready(4), { pods: 4, healthy: 2 }, NOW).status.conditions?.[0]?.lastTransitionTime).toBe(ago(900));
    expect(planBudget(budget, ready(1), { pods: 4, healthy: 2 }, NOW).status.conditions?.[0]?.lastTransitionTime).toBe(ago(0));
  });

  it('waits two minutes for evicted pods to go', () => {
    const disrupted = { a: ago(10), b: ago(121), gone: ago(5), going: ago(5) };
    const { status, notDeleted, recheckAfterMs } = plan(
      [aPod('a').ready(), aPod('b').ready(), aPod('c').ready(), aPod('going').ready().deleting()],
      { pods: 4, healthy: 1 },
      disrupted,
    );
    expect(status).toMatchObject({ currentHealthy: 2, disruptionsAllowed: 1, disruptedPods: { a: ago(10) } });
    expect(notDeleted.map(({ metadata }) => metadata.name)).toEqual(['b']);
    expect(recheckAfterMs).toBe(110_001);
  });
});

it('allows nothing when something is wrong', () => {
  const status = failSafe(aBudget({}, { disruptionsAllowed: 3, currentHealthy: 5, observedGeneration: 4 }), 'no such thing', NOW);
  expect(status).toMatchObject({
    disruptionsAllowed: 0,
    currentHealthy: 5,
    conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: 'no such thing', observedGeneration: 4 }],
  });
});

describe('staleInMs', () => {
  const target = (status: string, reason: string, secondsAgo: number) =>
    aPod('a')
      .ready()
      .change((pod) => (pod.status.conditions = [{ type: 'DisruptionTarget', status, reason, lastTransitionTime: ago(secondsAgo) }]));
  it.each([
    { why: 'fresh', pod: target('True', 'EvictionByEvictionAPI', 20), is: 100_000 },
    { why: 'stale', pod: target('True', 'EvictionByEvictionAPI', 130), is: 0 },
    { why: 'by the kubelet', pod: target('True', 'TerminationByKubelet', 130), is: undefined },
    { why: 'taken back', pod: target('False', '', 130), is: undefined },
    { why: 'going', pod: target('True', 'EvictionByEvictionAPI', 130).deleting(), is: undefined },
    { why: 'over', pod: target('True', 'EvictionByEvictionAPI', 130).phase('Failed'), is: undefined },
    { why: 'none', pod: aPod('a').ready(), is: undefined },
  ])('$why: $is', ({ pod, is }) => expect(staleInMs(pod.build(), NOW)).toBe(is));
});

it('prints selectors as upstream', () => {
  const selector = { matchLabels: { b: '2', a: '1' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['x', 'y'] }] };
  expect(goSelector(selector)).toBe(
    '&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}',
  );
  expect(goSelector(undefined)).toBe('nil');
});
