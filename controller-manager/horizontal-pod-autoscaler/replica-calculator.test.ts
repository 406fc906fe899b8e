import { describe, expect, it } from 'vitest';
import { aPod, NOW, type PodBuilder } from '../testing/builders.ts';
import type { PodMetric } from './metrics-client.ts';
import { byAverage, byShare, byUtilization, byValue, type PodsObserved } from './replica-calculator.ts';

const aReady = (name: string) => aPod(name).ready(600).started(700).requests({ cpu: '1', memory: '1Gi' });
const readyPods = (count: number) => Array.from({ length: count }, (_, i) => aReady(`p${i}`));
const metric = (value: number): PodMetric => ({ value, timestamp: NOW - 1000, windowMs: 60_000 });
/** What each pod uses; undefined where it is not known. */
const used = (...values: (number | undefined)[]) =>
  new Map(values.flatMap((value, i) => (value === undefined ? [] : [[`p${i}`, metric(value)] as const])));
const observe = (pods: readonly PodBuilder[], currentReplicas = pods.length, more: Partial<PodsObserved> = {}): PodsObserved => ({
  pods: pods.map((pod) => pod.build()),
  currentReplicas,
  tolerances: { up: 0.1, down: 0.1 },
  cpuInitializationMs: 120_000,
  initialReadinessDelayMs: 10_000,
  now: NOW,
  ...more,
});
const cpu = (pods: readonly PodBuilder[], target: number, ...values: (number | undefined)[]) =>
  byUtilization(observe(pods), used(...values), { resource: 'cpu', container: undefined, target });
const pending = (name: string) => aPod(name).requests({ cpu: '1' });
const unready = (name: string) =>
  aReady(name)
    .started(60)
    .change(
      ({ status }) => (status.conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: new Date(NOW - 59_000).toISOString() }]),
    );

describe('byUtilization', () => {
  it.each([
    { why: 'up', pods: readyPods(3), target: 30, values: [300, 500, 700], is: [5, 50, 500] },
    { why: 'down', pods: readyPods(5), target: 50, values: [100, 300, 500, 250, 250], is: [3, 28, 280] },
    { why: 'within the tolerance above', pods: readyPods(3), target: 100, values: [1060, 1070, 1080], is: [3, 107, 1070] },
    { why: 'within the tolerance below', pods: readyPods(3), target: 100, values: [950, 930, 940], is: [3, 94, 940] },
    { why: 'at the edge of the tolerance', pods: readyPods(3), target: 100, values: [1100, 1100, 1100], is: [3, 110, 1100] },
    { why: 'up: unknown ones use nothing', pods: readyPods(4), target: 100, values: [undefined, 1200, 1200, 1200], is: [4, 120, 1200] },
    { why: 'up by much in spite of unknown ones', pods: readyPods(4), target: 50, values: [undefined, 900, 900, 900], is: [6, 90, 900] },
    {
      why: 'down: unknown ones use all they request',
      pods: readyPods(4),
      target: 50,
      values: [undefined, 100, 100, 100],
      is: [3, 10, 100],
    },
    {
      why: 'down: unknown ones at a target above 100',
      pods: readyPods(4),
      target: 300,
      values: [undefined, 400, 500, 700],
      is: [2, 53, 533],
    },
    { why: 'unknown ones turn it round', pods: readyPods(3), target: 30, values: [undefined, 200, 250], is: [3, 22, 225] },
    {
      why: 'up: pending ones use nothing',
      pods: [aReady('p0'), aReady('p1'), pending('p2')],
      target: 30,
      values: [600, 600],
      is: [4, 60, 600],
    },
    {
      why: 'down: pending ones do not count',
      pods: [aReady('p0'), aReady('p1'), pending('p2')],
      target: 60,
      values: [300, 300],
      is: [1, 30, 300],
    },
    {
      why: 'failed ones do not count',
      pods: [aReady('p0'), aReady('p1'), aReady('p2').phase('Failed')],
      target: 30,
      values: [500, 700],
      is: [4, 60, 600],
    },
    {
      why: 'nor those that are going',
      pods: [aReady('p0'), aReady('p1'), aReady('p2').deleting()],
      target: 30,
      values: [500, 700, 9000],
      is: [4, 60, 600],
    },
    {
      why: 'up: those that succeeded are known nothing of, and use nothing',
      pods: [aReady('p0'), aReady('p1'), aReady('p2').phase('Succeeded')],
      target: 30,
      values: [900, 900],
      is: [6, 90, 900],
    },
    { why: 'nor what starting ones use', pods: [aReady('p0'), unready('p1')], target: 30, values: [300, 9000], is: [2, 30, 300] },
    { why: 'up: starting ones use nothing', pods: [aReady('p0'), unready('p1')], target: 30, values: [900, 9000], is: [3, 90, 900] },
  ])('$why', ({ pods, target, values, is }) => {
    const { replicas, utilization, usage } = cpu(pods, target, ...values);
    expect([replicas, utilization, usage]).toEqual(is);
  });

  it('knows starting pods by when they became ready, and for CPU only', () => {
    const justReady = aReady('p0').ready(30).started(60);
    const over = { resource: 'cpu', container: undefined, target: 50 };
    expect(() => byUtilization(observe([justReady]), used(900), over)).toThrow(
      'did not receive metrics for targeted pods (pods might be unready)',
    );
    const longReady = aReady('p0').ready(61).started(100);
    expect(byUtilization(observe([longReady]), used(900), over).replicas).toBe(2);
    const neverReady = unready('p0')
      .started(200)
      .change(
        ({ status }) =>
          (status.conditions = [{ type: 'Ready', status: 'False', lastTransitionTime: new Date(NOW - 195_000).toISOString() }]),
      );
    expect(() => byUtilization(observe([neverReady]), used(900), over)).toThrow('did not receive metrics');
    const unreadyLater = unready('p0').started(200);
    expect(byUtilization(observe([unreadyLater]), used(900), over).replicas).toBe(2);
    expect(byUtilization(observe([justReady]), used(2 ** 30 * 1000), { ...over, resource: 'memory' }).replicas).toBe(2);
  });

  it('counts one container, sidecars, or what the pod requests as a whole', () => {
    const pod = aReady('p0').change(({ spec }) => {
      spec.containers = [
        { name: 'a', resources: { requests: { cpu: '1' } } },
        { name: 'b', resources: { requests: { cpu: '3' } } },
      ];
      spec.initContainers = [
        { name: 'side', restartPolicy: 'Always', resources: { requests: { cpu: '1' } } },
        { name: 'init', resources: { requests: { cpu: '9' } } },
      ];
    });
    const of = (container: string | undefined, one = pod) =>
      byUtilization(observe([one]), used(1000), { resource: 'cpu', container, target: 10 }).utilization;
    expect([of(undefined), of('a'), of('b'), of('side')]).toEqual([20, 100, 33, 100]);
    expect(() => of('none')).toThrow('no metrics returned matched known pods');
    const whole = aReady('p0').change(({ spec }) => (spec.resources = { requests: { cpu: '10' } }));
    expect([of(undefined, whole), of('app', whole)]).toEqual([10, 100]);
  });

  it.each([
    { why: 'no pods', pods: [], values: [], error: 'no pods returned by selector while calculating replica count' },
    {
      why: 'no metrics of them',
      pods: readyPods(1),
      values: [],
      error: 'did not receive metrics for targeted pods (pods might be unready)',
    },
    {
      why: 'no metrics of those that request nothing',
      pods: [aReady('p0').requests({ memory: '1' })],
      values: [],
      error: 'did not receive metrics for targeted pods (pods might be unready)',
    },
    {
      why: 'no request',
      pods: [aReady('p0').requests({ memory: '1' })],
      values: [5],
      error: 'missing request for cpu in container app of Pod p0',
    },
  ])('fails: $why', ({ pods, values, error }) => expect(() => cpu(pods, 50, ...values)).toThrow(error));

  it('passes over metrics of pods that are not there', () => {
    const metrics = new Map([...used(500), ['stranger', metric(9000)] as const]);
    expect(byUtilization(observe(readyPods(1)), metrics, { resource: 'cpu', container: undefined, target: 50 }).utilization).toBe(50);
    const onlyStrangers = new Map([['stranger', metric(9000)] as const]);
    expect(() => byUtilization(observe(readyPods(1)), onlyStrangers, { resource: 'cpu', container: undefined, target: 50 })).toThrow(
      'no metrics returned matched known pods',
    );
  });

  it('has a tolerance for each direction', () => {
    const tolerances = { up: 0, down: 0.5 };
    const at = (value: number) =>
      byUtilization(observe(readyPods(10), 10, { tolerances }), used(...Array(10).fill(value)), {
        resource: 'cpu',
        container: undefined,
        target: 100,
      }).replicas;
    expect([at(1010), at(1000), at(500), at(490)]).toEqual([11, 10, 10, 5]);
  });
});

describe('byAverage', () => {
  it.each([
    { why: 'up', pods: readyPods(3), target: 15_000, values: [20_000, 10_000, 30_000], is: [4, 20_000] },
    { why: 'down', pods: readyPods(5), target: 20_000, values: [12_000, 12_000, 12_000, 12_000, 12_000], is: [3, 12_000] },
    { why: 'unknown ones use nothing on the way up', pods: readyPods(3), target: 15_000, values: [50_000, 10_000], is: [4, 30_000] },
    { why: 'unknown ones are at the target on the way down', pods: readyPods(4), target: 10_000, values: [1000, 1000], is: [3, 1000] },
    {
      why: 'pending ones',
      pods: [aReady('p0'), aReady('p1'), pending('p2')],
      target: 15_000,
      values: [50_000, 10_000, 30_000],
      is: [4, 30_000],
    },
    {
      why: 'starting ones count: it is not CPU',
      pods: [aReady('p0'), unready('p1')],
      target: 10_000,
      values: [20_000, 20_000],
      is: [4, 20_000],
    },
  ])('$why', ({ pods, target, values, is }) => {
    const { replicas, usage } = byAverage(observe(pods), used(...values), target, undefined);
    expect([replicas, usage]).toEqual(is);
  });
});

describe('byValue and byShare', () => {
  it.each([
    { pods: readyPods(3), current: 3, usage: 20_000, target: 15_000, is: 4 },
    { pods: readyPods(5), current: 5, usage: 12_000, target: 20_000, is: 3 },
    { pods: readyPods(3), current: 3, usage: 26_000, target: 25_000, is: 3 },
    { pods: [...readyPods(2), pending('x')], current: 3, usage: 50_000, target: 15_000, is: 7 },
    { pods: [], current: 0, usage: 100_000, target: 10_000, is: 10 },
    { pods: [], current: 0, usage: 0, target: 10_000, is: 0 },
    { pods: readyPods(1), current: 1, usage: 1e18, target: 1, is: 2 ** 31 - 1 },
  ])('$usage of $target with $current pods: $is', ({ pods, current, usage, target, is }) => {
    expect(byValue(observe(pods, current), usage, target).replicas).toBe(is);
  });

  it('needs pods to multiply', () => {
    expect(() => byValue(observe([], 2), 50, 10)).toThrow('unable to calculate ready pods: no pods returned by selector');
  });

  it.each([
    { usage: 8600, target: 2000, status: 3, is: [5, 2867] },
    { usage: 8600, target: 2150, status: 4, is: [4, 2150] },
    { usage: 8600, target: 9000, status: 5, is: [1, 1720] },
    { usage: 8600, target: 1000, status: 0, is: [9, 0] },
  ])('$usage at $target for each of $status: $is', ({ usage, target, status, is }) => {
    const proposal = byShare(usage, target, status, { up: 0.1, down: 0.1 });
    expect([proposal.replicas, proposal.usage]).toEqual(is);
  });
});
