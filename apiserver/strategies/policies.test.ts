import { describe, expect, it } from 'vitest';
import { coreKinds, nodeKinds, policyKinds, schedulingKinds } from '../../api/index.ts';
import { limitRangeStrategy } from './core/limit-range.ts';
import { resourceQuotaStrategy } from './core/resource-quota.ts';
import { runtimeClassStrategy } from './node/runtime-class.ts';
import { podDisruptionBudgetStrategy } from './policy/pod-disruption-budget.ts';
import { priorityClassStrategy } from './scheduling/priority-class.ts';
import { StrategyHarness } from './testing/harness.ts';

describe('PodDisruptionBudget', () => {
  const budgets = new StrategyHarness(podDisruptionBudgetStrategy, policyKinds.poddisruptionbudgets);
  const selector = { matchLabels: { app: 'a' } };

  it('has one of two amounts, which are numbers or percentages', () => {
    expect(
      budgets.create({ spec: { selector, minAvailable: 1, maxUnavailable: '150%', unhealthyPodEvictionPolicy: 'Odd' } }).errors,
    ).toEqual([
      'spec: Invalid value: {"MinAvailable":1,"Selector":{"matchLabels":{"app":"a"}},"MaxUnavailable":"150%","UnhealthyPodEvictionPolicy":"Odd"}: minAvailable and maxUnavailable cannot be both set',
      'spec.maxUnavailable: Invalid value: "150%": must not be greater than 100%',
      'spec.unhealthyPodEvictionPolicy: Unsupported value: "Odd": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ]);
  });

  it('counts its changes, and keeps its status', () => {
    const old = budgets.stored({ spec: { selector, minAvailable: 1 } });
    expect(old.status).toEqual({ currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 });
    const { object } = budgets.patch(old, { spec: { minAvailable: 2 }, status: { disruptionsAllowed: 5 } });
    expect(object).toMatchObject({ metadata: { generation: 2 }, status: { disruptionsAllowed: 0 } });
    expect(budgets.row(object)).toEqual(['x', '2', 'N/A', 0, '<unknown>']);
    expect(
      budgets.patch(old, { status: { currentHealthy: -1, conditions: [{ type: 'A', status: 'Odd', reason: '1' }] } }, 'status').errors,
    ).toEqual([
      'status.conditions[0].status: Unsupported value: "Odd": supported values: "False", "True", "Unknown"',
      'status.conditions[0].lastTransitionTime: Required value',
      expect.stringMatching(/^status\.conditions\[0\]\.reason: Invalid value: "1": a condition reason must start with/),
      'status.currentHealthy: Invalid value: -1: must be greater than or equal to 0',
    ]);
  });
});

describe('LimitRange', () => {
  const ranges = new StrategyHarness(limitRangeStrategy, coreKinds.limitranges);

  it("derives containers' limits and requests", () => {
    const item = { type: 'Container', max: { cpu: '2', memory: '1Gi' }, min: { cpu: '100m' }, defaultRequest: { memory: '64Mi' } };
    expect(ranges.stored({ spec: { limits: [item] } }).spec.limits).toEqual([
      { ...item, default: { cpu: '2', memory: '1Gi' }, defaultRequest: { cpu: '2', memory: '64Mi' } },
    ]);
  });

  it('compares bounds with each other', () => {
    const limits = [
      { type: 'Container', max: { cpu: '1' }, min: { cpu: '2' } },
      { type: 'Pod', default: { cpu: '1' }, max: { cpu: '2' }, min: { cpu: '1' }, maxLimitRequestRatio: { cpu: '3' } },
      { type: 'PersistentVolumeClaim' },
      { type: 'Pod', maxLimitRequestRatio: { cpu: '500m' } },
      { type: 'Odd', max: { bogus: '1' } },
    ];
    expect(ranges.create({ spec: { limits } }).errors).toEqual([
      'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
      'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
      "spec.limits[1].default: Forbidden: may not be specified when `type` is 'Pod'",
      'spec.limits[1].maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000',
      'spec.limits[2].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
      'spec.limits[3].type: Duplicate value: "Pod"',
      'spec.limits[3].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
      'spec.limits[4].type: Invalid value: "Odd": must be a standard limit type or fully qualified',
      'spec.limits[4].max[bogus]: Invalid value: "bogus": must be a standard resource type or fully qualified',
    ]);
  });
});

describe('ResourceQuota', () => {
  const quotas = new StrategyHarness(resourceQuotaStrategy, coreKinds.resourcequotas);

  it('counts what can be counted', () => {
    const hard = { 'count/things.example.com': '1', 'limits.example.com/gpu': '1', bogus: '1', cpu: '-1', pods: '1500m' };
    expect(quotas.create({ spec: { hard } }).errors).toEqual([
      'spec.hard[bogus]: Invalid value: "bogus": must be a standard resource type or fully qualified',
      'spec.hard[bogus]: Invalid value: "bogus": must be a standard resource for quota',
      'spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.hard[pods]: Invalid value: "1500m": must be an integer',
    ]);
  });

  it('keeps its scopes, which fit what it counts', () => {
    expect(quotas.create({ spec: { hard: { configmaps: '1' }, scopes: ['BestEffort', 'NotBestEffort'] } }).errors).toEqual([
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: unsupported scope applied to resource',
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
    ]);
    const old = quotas.stored({ spec: { hard: { pods: '1' }, scopes: ['Terminating'] } });
    expect(quotas.patch(old, { spec: { scopes: ['NotTerminating'] } }).errors).toEqual([
      'spec.scopes: Invalid value: ["NotTerminating"]: field is immutable',
    ]);
  });

  it('shows requests and limits apart', () => {
    const old = quotas.stored({ spec: { hard: { pods: '1' } } });
    const status = { hard: { pods: '2', 'limits.cpu': '4', 'requests.cpu': '1' }, used: { pods: '1' } };
    const { object } = quotas.patch(old, { status }, 'status');
    expect(quotas.row(object)).toEqual(['x', 'pods: 1/2, requests.cpu: 0/1', 'limits.cpu: 0/4', '<unknown>']);
  });
});

describe('PriorityClass', () => {
  const classes = new StrategyHarness(priorityClassStrategy, schedulingKinds.priorityclasses);

  it("keeps users below the system's own", () => {
    expect(classes.create({ value: 1_000_000_001 }).errors).toEqual([
      'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
    ]);
    expect(classes.create({ metadata: { name: 'system-mine' }, value: 1 }).errors).toEqual([
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
    ]);
    expect(classes.create({ metadata: { name: 'system-node-critical' }, value: 2_000_001_000 }).errors).toEqual([]);
  });

  it('stays if it is one of the system, for who asks for it by its name', () => {
    expect(priorityClassStrategy.whyKept?.('system-node-critical')).toBe('this is a system priority class and cannot be deleted');
    expect(priorityClassStrategy.whyKept?.('mine')).toBeUndefined();
  });

  it('never changes what pods got of it', () => {
    const old = classes.stored({ value: 5 });
    expect(old).toMatchObject({ preemptionPolicy: 'PreemptLowerPriority', metadata: { generation: 1 } });
    expect(classes.patch(old, { value: 6, preemptionPolicy: 'Never' }).errors).toEqual([
      'value: Forbidden: may not be changed in an update.',
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    ]);
    expect(classes.row(old)).toEqual(['x', 5, false, '<unknown>', 'PreemptLowerPriority']);
  });
});

describe('RuntimeClass', () => {
  const classes = new StrategyHarness(runtimeClassStrategy, nodeKinds.runtimeclasses);

  it('keeps its handler, and says where it runs', () => {
    const toleration = { key: 'a', operator: 'Exists', effect: 'NoExecute' };
    const tolerations = [toleration, { ...toleration, tolerationSeconds: 5 }];
    const wrong = { handler: 'A b', overhead: { podFixed: { cpu: '-1' } }, scheduling: { nodeSelector: { 'a b': 'c' }, tolerations } };
    expect(classes.create(wrong).errors).toEqual([
      expect.stringMatching(/^handler: Invalid value: "A b": a lowercase RFC 1123 label/),
      'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      expect.stringMatching(/^scheduling\.nodeSelector: Invalid value: "a b": name part/),
      'scheduling.tolerations[1]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"","Effect":"NoExecute","TolerationSeconds":5}',
    ]);
    const old = classes.stored({ handler: 'gv' });
    expect(classes.patch(old, { handler: 'kata' }).errors).toEqual(['handler: Invalid value: "kata": field is immutable']);
    expect(classes.patch(old, { handler: 'K' }).errors).toEqual([
      expect.stringMatching(/^handler: Invalid value: "K": a lowercase RFC 1123 label/),
      'handler: Invalid value: "K": field is immutable',
    ]);
    expect(classes.row(old)).toEqual(['x', 'gv', '<unknown>']);
  });
});
