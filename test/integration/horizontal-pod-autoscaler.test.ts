import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  appsKinds,
  autoscalingKinds,
  coreKinds,
  type Deployment,
  type Event,
  type HorizontalPodAutoscaler,
  type Live,
  toTime,
} from '../../api/index.ts';
import { systemClock, VirtualClock } from '../../runtime/index.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';

const { deployments } = appsKinds;
const { horizontalpodautoscalers: autoscalers } = autoscalingKinds;
const HOUR = 3_600_000;
const inDefault = { namespace: 'default' };

let clock: VirtualClock;
let plane: ControlPlane;
/** Mebibytes that the pods of a label use together; undefined when there are no metrics. */
const load = new Map<string, number>();
/** A value of the custom and external metrics, in thousandths. */
const custom = new Map<string, string>();

beforeAll(async () => {
  clock = new VirtualClock(systemClock.now());
  // The node does not live on the virtual clock, so nobody is to watch it.
  const controllers = ['*', '-node-lifecycle-controller', '-taint-eviction-controller'];
  plane = await startControlPlane({ clock, stepMs: 3000, nodes: ['n1'], answer: metricsOf, controllers });
});
afterAll(() => plane[Symbol.asyncDispose]());

/** The metrics APIs: what is used is shared out evenly among the pods that the controllers have made so far. */
function metricsOf(path: string, query: Readonly<Record<string, unknown>>): object | undefined {
  const timestamp = toTime(clock.now());
  if (path === '/apis/custom.metrics.k8s.io') return { versions: [{ version: 'v1beta3' }, { version: 'v1beta2' }, { version: 'v1beta1' }] };
  if (path.startsWith('/apis/custom.metrics.k8s.io/v1beta2') || path.startsWith('/apis/external.metrics.k8s.io/v1beta1')) {
    const value = custom.get(path);
    return value === undefined ? undefined : { items: [{ describedObject: { name: 'x' }, value, timestamp }] };
  }
  if (path !== '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods') return undefined;
  const app = String(query.labelSelector).replace('app=', '');
  const total = load.get(app);
  const pods = podsOf.get(app) ?? [];
  if (total === undefined) return undefined;
  const usage = { memory: `${Math.round((total / pods.length) * 1024)}Ki` };
  return {
    items: pods.map((name) => ({ metadata: { name, ...inDefault }, timestamp, window: '30s', containers: [{ name: 'app', usage }] })),
  };
}
const podsOf = new Map<string, string[]>();

const deploy = async (app: string, replicas: number) => {
  const containers = [{ name: 'app', image: 'web:1', resources: { requests: { memory: '100Mi', cpu: '1' } } }];
  const spec = { replicas, selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec: { containers } } };
  await plane.create<Deployment>(deployments, { metadata: { name: app, ...inDefault }, spec });
  await settled(app, replicas);
};
const settled = async (app: string, replicas: number) => {
  await plane.eventually<Deployment>(
    deployments,
    app,
    ({ status }) => (status.readyReplicas ?? 0) === replicas && (status.replicas ?? 0) === replicas,
  );
  const pods = await plane.client.resource(coreKinds.pods).list({ ...inDefault, labelSelector: `app=${app}` });
  podsOf.set(
    app,
    pods.items.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ metadata }) => metadata.name),
  );
};
const autoscale = (name: string, spec: object, kind = 'Deployment') =>
  plane.create<HorizontalPodAutoscaler>(autoscalers, {
    metadata: { name, ...inDefault },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind, name }, minReplicas: 1, maxReplicas: 10, ...spec },
  });
const memory = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'memory', target: { type: 'Utilization', averageUtilization } },
});
const conditionsOf = ({ status }: Live<HorizontalPodAutoscaler>) =>
  Object.fromEntries((status.conditions ?? []).map(({ type, status: is, reason, message }) => [type, `${is} ${reason}: ${message}`]));
const eventsOf = async (name: string) =>
  (await plane.list<Event>(coreKinds.events, 'default'))
    .filter(({ involvedObject }) => involvedObject.name === name && involvedObject.kind === 'HorizontalPodAutoscaler')
    .map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
const wants = (replicas: number) => (live: Live<HorizontalPodAutoscaler>) => live.status.desiredReplicas === replicas;

describe('a HorizontalPodAutoscaler', () => {
  it('follows a day of load up and down', { timeout: 900_000 }, async () => {
    await deploy('day', 2);
    load.set('day', 100);
    await autoscale('day', { minReplicas: 2, maxReplicas: 8, metrics: [memory(50)] });
    const begin = clock.now();
    const seen = new Set<number>();
    for (let at = begin; at < begin + 24 * HOUR; at += HOUR) {
      // From 40 MiB at night to 480 MiB at noon, of which each pod is to use 50.
      const total = 260 - 220 * Math.cos(((at - begin) / (24 * HOUR)) * 2 * Math.PI);
      load.set('day', total);
      await clock.jump(at - clock.now());
      let before = -1;
      for (let now = await replicasOf('day'); now !== before; now = await replicasOf('day')) {
        before = now;
        seen.add(now);
        await settled('day', now);
        // Longer than the window that holds a scale-down up.
        await clock.jump(301_000);
        const age = clock.now();
        await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'day', () => clock.now() > age + 60_000);
      }
      // Use is counted in whole percents, and pods in whole pods.
      const ratio = Math.floor(total / before) / 50;
      const isEnough = ratio <= 1.1 || before === 8;
      const isNeeded = ratio >= 0.9 || Math.ceil(total / 50) >= before || before === 2;
      expect([isEnough, isNeeded], `${before} pods for ${total} MiB`).toEqual([true, true]);
    }
    expect([...seen].sort()).toEqual([2, 3, 4, 5, 6, 7, 8]);
    const live = await plane.get<HorizontalPodAutoscaler>(autoscalers, 'day');
    expect(live.status.currentMetrics?.[0]).toMatchObject({ type: 'Resource', resource: { name: 'memory' } });
    const rescales = (await eventsOf('day')).filter((text) => text.includes('SuccessfulRescale'));
    expect(rescales.some((text) => text.endsWith('reason: memory resource utilization (percentage of request) above target'))).toBe(true);
    expect(rescales.some((text) => text.endsWith('reason: All metrics below target'))).toBe(true);
  });

  const replicasOf = async (name: string) => (await plane.get<Deployment>(deployments, name)).spec.replicas ?? 0;

  it('doubles at most, and holds a scale-down back for five minutes', async () => {
    await deploy('burst', 2);
    load.set('burst', 900);
    await autoscale('burst', { metrics: [memory(50)] });
    const up = await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'burst', wants(4));
    expect(conditionsOf(up)).toEqual({
      AbleToScale: 'True SucceededRescale: the HPA controller was able to update the target scale to 4',
      ScalingActive:
        'True ValidMetricFound: the HPA was able to successfully calculate a replica count from memory resource utilization (percentage of request)',
      ScalingLimited: 'True ScaleUpLimit: the desired replica count is increasing faster than the maximum scale rate',
    });
    await settled('burst', 4);
    await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'burst', wants(8));
    await settled('burst', 8);
    const top = await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'burst', wants(10));
    expect(conditionsOf(top).ScalingLimited).toBe('True TooManyReplicas: the desired replica count is more than the maximum replica count');
    await settled('burst', 10);
    load.set('burst', 50);
    const held = await plane.eventually<HorizontalPodAutoscaler>(
      autoscalers,
      'burst',
      (live) => conditionsOf(live).AbleToScale?.includes('ScaleDownStabilized') === true,
    );
    expect(held.status).toMatchObject({ currentReplicas: 10, desiredReplicas: 10 });
    await clock.jump(301_000);
    await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'burst', wants(1));
  });

  it('says what it lacks, and writes no more once it has', async () => {
    await deploy('blind', 1);
    await autoscale('blind', {
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '1' } } }],
    });
    const why =
      'failed to get cpu usage: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)';
    const blind = await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'blind', ({ status }) => status.conditions?.length === 2);
    expect(conditionsOf(blind).ScalingActive).toBe(
      `False FailedGetResourceMetric: the HPA was unable to compute the replica count: ${why}`,
    );
    const first = `invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${why}`;
    await expect
      .poll(() => eventsOf('blind'))
      .toEqual([`Warning FailedGetResourceMetric: ${why}`, `Warning FailedComputeMetricsReplicas: ${first}`]);
    const end = clock.now() + 60_000;
    const later = await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'blind', () => clock.now() > end);
    expect(later.metadata.resourceVersion).toBe(blind.metadata.resourceVersion);
  });

  it('has no target, a target at rest, or one of two masters', async () => {
    await autoscale('nobody', { metrics: [memory(50)] });
    const nobody = await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'nobody', ({ status }) => status.conditions?.length === 1);
    expect(conditionsOf(nobody).AbleToScale).toBe(
      `False FailedGetScale: the HPA controller was unable to get the target's current scale: deployments.apps "nobody" not found`,
    );
    const tries = (count: number) =>
      plane.eventuallyAll<Event>(coreKinds.events, (all) =>
        all.some((event) => event.involvedObject.name === 'nobody' && (event.count ?? 0) >= count),
      );
    await tries(1);
    for (const count of [2, 3]) {
      await clock.jump(15_000);
      await tries(count);
    }
    const still = await plane.get<HorizontalPodAutoscaler>(autoscalers, 'nobody');
    expect(still.metadata.resourceVersion).toBe(nobody.metadata.resourceVersion);
    await deploy('rest', 0);
    await autoscale('rest', { metrics: [memory(50)] });
    const rest = await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'rest', ({ status }) => status.conditions?.length === 2);
    expect(conditionsOf(rest).ScalingActive).toBe(
      'False ScalingDisabled: scaling is disabled since the replica count of the target is zero',
    );
    await deploy('twice', 2);
    load.set('twice', 100);
    const spec = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'twice' }, metrics: [memory(50)] };
    await autoscale('twice-a', spec);
    await autoscale('twice-b', spec);
    const isAmbiguous = (live: Live<HorizontalPodAutoscaler>) => conditionsOf(live).ScalingActive?.includes('AmbiguousSelector') === true;
    const twice = await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'twice-b', isAmbiguous);
    expect(conditionsOf(twice).ScalingActive).toBe(
      'False AmbiguousSelector: pods by selector app=twice are controlled by multiple HPAs: [default/twice-a default/twice-b]',
    );
  });

  it('takes the metric that asks for most, of objects and from outside too', async () => {
    await deploy('many', 2);
    load.set('many', 100);
    custom.set('/apis/custom.metrics.k8s.io/v1beta2/namespaces/default/services/front/hits', '90');
    custom.set('/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue', '12');
    const object = {
      metric: { name: 'hits' },
      describedObject: { apiVersion: 'v1', kind: 'Service', name: 'front' },
      target: { type: 'Value', value: '60' },
    };
    const external = { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '3' } };
    await autoscale('many', { metrics: [memory(50), { type: 'Object', object }, { type: 'External', external }] });
    const live = await plane.eventually<HorizontalPodAutoscaler>(autoscalers, 'many', wants(4));
    expect(live.status.currentMetrics).toEqual([
      { type: 'Resource', resource: { name: 'memory', current: { averageUtilization: 50, averageValue: '50Mi' } } },
      { type: 'Object', object: { metric: { name: 'hits' }, describedObject: object.describedObject, current: { value: '90' } } },
      { type: 'External', external: { metric: { name: 'queue' }, current: { averageValue: '6' } } },
    ]);
    await expect
      .poll(() => eventsOf('many'))
      .toEqual(['Normal SuccessfulRescale: New size: 4; reason: external metric queue(nil) above target']);
  });
});
