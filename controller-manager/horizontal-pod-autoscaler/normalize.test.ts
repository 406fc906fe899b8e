import { describe, expect, it } from 'vitest';
import type { HPAScalingRules } from '../../api/index.ts';
import { NOW } from '../testing/builders.ts';
import { ScaleHistory } from './history.ts';
import { longestPeriodMs, normalize, type Wish } from './normalize.ts';

const history = (recommendations: readonly [number, number][] = [], changes: readonly [number, number][] = []): ScaleHistory => {
  const made = new ScaleHistory();
  for (const [replicas, secondsAgo] of recommendations) made.recommend(replicas, NOW - secondsAgo * 1000, 1e9);
  for (const [change, secondsAgo] of changes) made.scaled(change, NOW - secondsAgo * 1000, 1e9);
  return made;
};
const decide = (desired: number, current: number, more: Partial<Wish> = {}) =>
  normalize({
    desired,
    current,
    min: 1,
    max: 1000,
    behavior: undefined,
    history: history(),
    downscaleStabilizationMs: 300_000,
    now: NOW,
    ...more,
  });
const short = ({ replicas, able, limited }: ReturnType<typeof decide>) => [replicas, able.reason, limited.status ? limited.reason : 'free'];
const rule = (policies: readonly [string, number, number][], selectPolicy = 'Max', stabilizationWindowSeconds = 0): HPAScalingRules => ({
  policies: policies.map(([type, value, periodSeconds]) => ({ type, value, periodSeconds })),
  selectPolicy,
  stabilizationWindowSeconds,
});
const QUICK = rule([['Percent', 100_000, 15]]);

describe('without a behaviour', () => {
  it.each([
    { why: 'as asked', desired: 5, current: 4, is: [5, 'ReadyForNewScale', 'free'] },
    { why: 'no more than double', desired: 30, current: 10, is: [20, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'but four at least', desired: 30, current: 1, is: [4, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'not above the most', desired: 30, current: 10, more: { max: 15 }, is: [15, 'ReadyForNewScale', 'TooManyReplicas'] },
    { why: 'not below the least', desired: 1, current: 3, more: { min: 2 }, is: [2, 'ReadyForNewScale', 'TooFewReplicas'] },
    {
      why: 'held up by what was wanted lately',
      desired: 2,
      current: 8,
      more: { history: history([[6, 290]]) },
      is: [6, 'ScaleDownStabilized', 'free'],
    },
    {
      why: 'but not by what was wanted long ago',
      desired: 2,
      current: 8,
      more: { history: history([[6, 301]]) },
      is: [2, 'ReadyForNewScale', 'free'],
    },
  ])('$why', ({ desired, current, more, is }) => expect(short(decide(desired, current, more ?? {}))).toEqual(is));
});

describe('with a behaviour', () => {
  const up = (scaleUp: HPAScalingRules, desired: number, current: number, more: Partial<Wish> = {}) =>
    short(decide(desired, current, { behavior: { scaleUp, scaleDown: QUICK }, ...more }));
  const down = (scaleDown: HPAScalingRules, desired: number, current: number, more: Partial<Wish> = {}) =>
    short(decide(desired, current, { behavior: { scaleUp: QUICK, scaleDown }, ...more }));
  const pods4 = ['Pods', 4, 60] as [string, number, number];
  const half = ['Percent', 50, 60] as [string, number, number];

  it.each([
    { why: 'so many pods a period', rules: rule([pods4]), changes: [], is: [14, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'less those added in this period', rules: rule([pods4]), changes: [[3, 30]], is: [11, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'those of before do not matter', rules: rule([pods4]), changes: [[3, 61]], is: [14, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'none are left', rules: rule([pods4]), changes: [[6, 30]], is: [10, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'those taken away count back', rules: rule([pods4]), changes: [[-2, 30]], is: [16, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'a share', rules: rule([half]), changes: [], is: [15, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'whichever is more', rules: rule([pods4, half]), changes: [], is: [15, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'whichever is less', rules: rule([pods4, half], 'Min'), changes: [], is: [14, 'ReadyForNewScale', 'ScaleUpLimit'] },
    { why: 'not at all', rules: rule([pods4], 'Disabled'), changes: [], is: [10, 'ReadyForNewScale', 'ScaleUpLimit'] },
  ])('up: $why', ({ rules, changes, is }) => {
    expect(up(rules, 100, 10, { history: history([], changes as [number, number][]) })).toEqual(is);
  });

  it.each([
    { why: 'so many pods a period', rules: rule([pods4]), changes: [], is: [96, 'ReadyForNewScale', 'ScaleDownLimit'] },
    { why: 'less those taken in this period', rules: rule([pods4]), changes: [[-3, 30]], is: [99, 'ReadyForNewScale', 'ScaleDownLimit'] },
    { why: 'a share', rules: rule([half]), changes: [], is: [50, 'ReadyForNewScale', 'ScaleDownLimit'] },
    { why: 'a share of what there was', rules: rule([half]), changes: [[-60, 30]], is: [80, 'ReadyForNewScale', 'ScaleDownLimit'] },
    { why: 'whichever is more', rules: rule([pods4, half]), changes: [], is: [50, 'ReadyForNewScale', 'ScaleDownLimit'] },
    { why: 'whichever is less', rules: rule([pods4, half], 'Min'), changes: [], is: [96, 'ReadyForNewScale', 'ScaleDownLimit'] },
    { why: 'not at all', rules: rule([pods4], 'Disabled'), changes: [], is: [100, 'ReadyForNewScale', 'ScaleDownLimit'] },
    { why: 'all at once', rules: rule([['Percent', 100, 15]]), changes: [], is: [5, 'ReadyForNewScale', 'free'] },
  ])('down: $why', ({ rules, changes, is }) => {
    expect(down(rules, 5, 100, { history: history([], changes as [number, number][]) })).toEqual(is);
  });

  it('keeps within the bounds', () => {
    expect(up(QUICK, 100, 10, { max: 20 })).toEqual([20, 'ReadyForNewScale', 'TooManyReplicas']);
    expect(down(rule([['Percent', 100, 15]]), 1, 10, { min: 3 })).toEqual([3, 'ReadyForNewScale', 'TooFewReplicas']);
  });

  it('waits in either direction until advice has been steady', () => {
    const slowUp = rule([['Percent', 1000, 15]], 'Max', 100);
    expect(up(slowUp, 10, 5, { history: history([[7, 50]]) })).toEqual([7, 'ScaleUpStabilized', 'free']);
    expect(up(slowUp, 10, 5, { history: history([[3, 50]]) })).toEqual([5, 'ScaleUpStabilized', 'free']);
    expect(up(slowUp, 10, 5, { history: history([[7, 101]]) })).toEqual([10, 'ReadyForNewScale', 'free']);
    const slowDown = rule([['Percent', 100, 15]], 'Max', 100);
    expect(down(slowDown, 2, 9, { history: history([[6, 50]]) })).toEqual([6, 'ScaleDownStabilized', 'free']);
    expect(down(slowDown, 2, 9, { history: history([[6, 101]]) })).toEqual([2, 'ReadyForNewScale', 'free']);
  });

  it("takes the manager's window where it names none", () => {
    const scaleDown = { ...rule([['Percent', 100, 15]]), stabilizationWindowSeconds: undefined };
    expect(down(scaleDown, 2, 9, { history: history([[6, 290]]) })[0]).toBe(6);
    expect(down(scaleDown, 2, 9, { history: history([[6, 310]]) })[0]).toBe(2);
  });
});

describe('ScaleHistory', () => {
  it('forgets what no window reaches', () => {
    const made = history();
    made.begin(3, NOW - 400_000);
    made.begin(9, NOW - 300_000);
    made.recommend(4, NOW - 200_000, 300_000);
    made.recommend(5, NOW, 300_000);
    expect(made.recommendations.map(({ replicas }) => replicas)).toEqual([4, 5]);
    made.scaled(2, NOW - 100_000, 60_000);
    made.scaled(3, NOW, 60_000);
    made.scaled(-4, NOW, 60_000);
    expect([made.ups.map(({ change }) => change), made.downs.map(({ change }) => change)]).toEqual([[3], [4]]);
  });

  it('looks back as far as a policy does', () => {
    const behavior = {
      scaleUp: rule([
        ['Pods', 1, 30],
        ['Pods', 9, 600],
      ]),
      scaleDown: rule([]),
    };
    expect([longestPeriodMs(behavior, 1), longestPeriodMs(behavior, -1)]).toEqual([600_000, 0]);
  });
});
