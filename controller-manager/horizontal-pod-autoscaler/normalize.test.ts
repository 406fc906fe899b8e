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

describe("by the figures of upstream's TestScalingWithRules", () => {
  type Policies = [string, number, number][];
  const DEFAULT: Policies = [
    ['Pods', 4, 15],
    ['Percent', 100, 15],
  ];
  const ALL: Policies = [['Percent', 100, 15]];
  /** Fifteen pods within two minutes, nine of them in the last 40 seconds. */
  const changesBy = (sign: 1 | -1): [number, number][] => [
    [sign * 1, 100],
    [sign * 5, 60],
    [sign * 9, 20],
  ];
  const UPS = changesBy(1);
  const DOWNS = changesBy(-1);

  it.each([
    { current: 5, desired: 7, bounds: [3, 8], is: [7, 'free'] },
    { current: 3, desired: 1, bounds: [2, 8], is: [2, 'TooFewReplicas'] },
    { current: 1, desired: 0, bounds: [0, 10], is: [0, 'free'] },
    { current: 20, desired: 1000, bounds: [1, 10], is: [10, 'TooManyReplicas'] },
    { current: 100, desired: 1000, bounds: [100, 150], is: [150, 'TooManyReplicas'] },
    { current: 3, desired: 1000, bounds: [1, 2000], up: [['Percent', 1, 60]], is: [4, 'ScaleUpLimit'] },
    { current: 3, desired: 24, bounds: [1, 20], up: [['Percent', 700, 60]], is: [20, 'TooManyReplicas'] },
    { current: 3, desired: 60, bounds: [1, 100], up: [['Percent', 700, 60]], is: [24, 'ScaleUpLimit'] },
    { current: 1000, desired: 3, bounds: [3, 2000], down: [['Pods', 20, 60]], is: [980, 'ScaleDownLimit'] },
    { current: 10, desired: 50, bounds: [1, 1000], is: [20, 'ScaleUpLimit'] },
    { current: 10, desired: 50, bounds: [1, 1000], up: [['Pods', 100, 60]], is: [50, 'free'] },
    {
      current: 100,
      desired: 2,
      bounds: [1, 1000],
      down: [
        ['Pods', 20, 60],
        ['Percent', 1, 60],
      ],
      is: [80, 'ScaleDownLimit'],
    },
    { current: 10, desired: 0, bounds: [1, 1000], down: [['Pods', 100, 60]], is: [1, 'TooFewReplicas'] },
    { current: 10, desired: 2, bounds: [5, 1000], down: [['Percent', 100, 60]], is: [5, 'TooFewReplicas'] },
    { current: 10, desired: 5, bounds: [1, 1000], down: [['Percent', 50, 60]], is: [5, 'free'] },
    { current: 100, desired: 500, bounds: [1, 200], up: [['Pods', 300, 60]], changes: UPS, is: [200, 'TooManyReplicas'] },
    { current: 100, desired: 500, bounds: [1, 200], up: [['Percent', 10_000, 60]], changes: UPS, is: [200, 'TooManyReplicas'] },
    { current: 100, desired: 500, bounds: [1, 1000], up: [['Pods', 5, 120]], changes: UPS, is: [100, 'ScaleUpLimit'] },
    { current: 100, desired: 500, bounds: [1, 1000], up: [['Pods', 150, 120]], changes: UPS, is: [235, 'ScaleUpLimit'] },
    { current: 100, desired: 500, bounds: [1, 1000], up: [['Percent', 200, 120]], changes: UPS, is: [255, 'ScaleUpLimit'] },
    { current: 10, desired: 5, bounds: [1, 1000], changes: DOWNS, is: [5, 'free'] },
    { current: 100, desired: 0, bounds: [1, 1000], down: [['Pods', 115, 120]], changes: DOWNS, is: [1, 'TooFewReplicas'] },
    { current: 100, desired: 0, bounds: [5, 1000], down: [['Pods', 130, 120]], changes: DOWNS, is: [5, 'TooFewReplicas'] },
    { current: 100, desired: 2, bounds: [5, 1000], down: [['Percent', 100, 120]], changes: DOWNS, is: [5, 'TooFewReplicas'] },
    { current: 100, desired: 0, bounds: [1, 1000], down: [['Percent', 50, 120]], changes: [[-12, 60]], is: [56, 'ScaleDownLimit'] },
    { current: 100, desired: 0, bounds: [1, 1000], down: [['Percent', 10, 120]], changes: [[-30, 60]], is: [100, 'ScaleDownLimit'] },
    { current: 10, desired: 5, bounds: [1, 1000], down: [['Percent', 1000, 120]], changes: [[-30, 60]], is: [5, 'free'] },
    { current: 100, desired: 2, bounds: [1, 1000], down: [['Pods', 5, 120]], changes: DOWNS, is: [100, 'ScaleDownLimit'] },
  ] satisfies {
    current: number;
    desired: number;
    bounds: [number, number];
    up?: Policies;
    down?: Policies;
    changes?: [number, number][];
    is: [number, string];
  }[])('from $current to $desired within $bounds: $is', ({ current, desired, bounds: [min, max], is, ...rest }) => {
    const { up = DEFAULT, down = ALL, changes = [] }: { up?: Policies; down?: Policies; changes?: [number, number][] } = rest;
    const behavior = { scaleUp: rule(up), scaleDown: rule(down) };
    const { replicas, limited } = decide(desired, current, { behavior, min, max, history: history([], changes) });
    expect([replicas, limited.status ? limited.reason : 'free']).toEqual(is);
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
