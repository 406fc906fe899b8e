import { describe, expect, it } from 'vitest';
import { apiError, type HorizontalPodAutoscaler, type Live, type MetricSpec } from '../../api/index.ts';
import type { ApiClient } from '../../client/index.ts';
import { Scales } from '../shared/scales.ts';
import { answeringClient } from '../testing/answering-client.ts';
import { ago, aPod, meta, NOW } from '../testing/builders.ts';
import { evaluateMetric, MetricError } from './evaluate.ts';
import { MetricsClient } from './metrics-client.ts';

type Answers = Readonly<Record<string, object>>;

/** A server that knows these paths alone. */
const clientOf = (answers: Answers, asked: string[] = []): ApiClient =>
  answeringClient((_method, path, request) => {
    asked.push(
      `${path}?${new URLSearchParams(Object.entries(request?.query ?? {}).map(([key, value]): [string, string] => [key, String(value)])).toString()}`,
    );
    const body = answers[path];
    if (body) return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(body)) });
    return Promise.reject(apiError.custom({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource' }));
  });
const PODS = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods';
const CUSTOM = '/apis/custom.metrics.k8s.io';
const discovered = { [CUSTOM]: { versions: [{ version: 'v1beta1' }] } };
const podMetrics = (...cpu: string[]) => ({
  items: cpu.map((usage, i) => ({
    metadata: { name: `p${i}`, namespace: 'default' },
    timestamp: ago(5),
    window: '30s',
    containers: [
      { name: 'app', usage: { cpu: usage } },
      { name: 'log', usage: { cpu: '100m' } },
    ],
  })),
});
const autoscaler = { metadata: meta('hpa'), spec: {}, status: {} } as unknown as Live<HorizontalPodAutoscaler>;
const resources = (cpu: string) => ({ resources: { requests: { cpu } } });
const pods = [0, 1].map((i) =>
  aPod(`p${i}`)
    .ready(900)
    .started(1000)
    .change(
      ({ spec }) =>
        (spec.containers = [
          { name: 'app', ...resources('900m') },
          { name: 'log', ...resources('100m') },
        ]),
    )
    .build(),
);
const evaluate = async (spec: MetricSpec, answers: Answers, asked: string[] = []) => {
  const client = clientOf(answers, asked);
  const observed = {
    pods,
    currentReplicas: 2,
    tolerances: { up: 0.1, down: 0.1 },
    cpuInitializationMs: 300_000,
    initialReadinessDelayMs: 30_000,
    now: NOW,
  };
  const metrics = new MetricsClient(client, new Scales(client));
  try {
    return await evaluateMetric(spec, { autoscaler, selector: 'app=web', statusReplicas: 2, observed, metrics });
  } catch (error) {
    if (!(error instanceof MetricError)) throw error;
    return `${error.reason} | ${error.detail} | ${error.message}`;
  }
};
const cpu = (target: object): MetricSpec => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'x', ...target } } });

describe('evaluateMetric', () => {
  it.each([
    {
      target: { averageUtilization: 50 },
      replicas: 4,
      metric: 'cpu resource utilization (percentage of request)',
      current: { averageUtilization: 100, averageValue: '1' },
    },
    { target: { averageValue: '500m' }, replicas: 4, metric: 'cpu resource', current: { averageValue: '1' } },
  ])('of a resource at $target', async ({ target, replicas, metric, current }) => {
    const asked: string[] = [];
    const found = await evaluate(cpu(target), { [PODS]: podMetrics('900m', '900m') }, asked);
    expect(found).toEqual({ replicas, metric, status: { type: 'Resource', resource: { name: 'cpu', current } } });
    expect(asked).toEqual([`${PODS}?labelSelector=app%3Dweb`]);
  });

  it('of a container', async () => {
    const containerResource = { name: 'cpu', container: 'log', target: { type: 'Utilization', averageUtilization: 50 } };
    expect(await evaluate({ type: 'ContainerResource', containerResource }, { [PODS]: podMetrics('5', '5') })).toMatchObject({
      replicas: 4,
      metric: 'cpu container resource utilization (percentage of request)',
      status: { containerResource: { container: 'log', current: { averageUtilization: 100, averageValue: '100m' } } },
    });
  });

  it('of memory, in powers of 1024', async () => {
    const memory: MetricSpec = { type: 'Resource', resource: { name: 'memory', target: { type: 'x', averageValue: '100Mi' } } };
    const items = podMetrics('1', '1').items.map((item) => ({ ...item, containers: [{ name: 'app', usage: { memory: '51200Ki' } }] }));
    expect(await evaluate(memory, { [PODS]: { items } })).toMatchObject({ status: { resource: { current: { averageValue: '50Mi' } } } });
  });

  it('of a container that one of the pods is not measured for', async () => {
    const containerResource = { name: 'cpu', container: 'log', target: { type: 'x', averageUtilization: 50 } };
    const { items } = podMetrics('5', '5');
    const one = items.map((item, i) => (i === 0 ? item : { ...item, containers: [] }));
    expect(await evaluate({ type: 'ContainerResource', containerResource }, { [PODS]: { items: one } })).toMatchObject({
      replicas: 2,
      status: { containerResource: { current: { averageUtilization: 100 } } },
    });
  });

  it('of pods, asking for what the metric is labelled with', async () => {
    const asked: string[] = [];
    const metric = { name: 'hits', selector: { matchLabels: { verb: 'GET' } } };
    const item = (name: string, value: string) => ({ describedObject: { name }, timestamp: ago(1), value });
    const answers = {
      ...discovered,
      [`${CUSTOM}/v1beta1/namespaces/default/pods/*/hits`]: { items: [item('p0', '10'), item('p1', '30')] },
    };
    const found = await evaluate({ type: 'Pods', pods: { metric, target: { type: 'AverageValue', averageValue: '10' } } }, answers, asked);
    expect(found).toEqual({
      replicas: 4,
      metric: 'pods metric hits',
      status: { type: 'Pods', pods: { metric, current: { averageValue: '20' } } },
    });
    expect(asked.at(-1)).toBe(`${CUSTOM}/v1beta1/namespaces/default/pods/*/hits?labelSelector=app%3Dweb&metricLabelSelector=verb%3DGET`);
  });

  it('of something outside that is less than nothing, which counts as too much', async () => {
    const external = { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '1' } };
    const answers = { '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue': { items: [{ value: '-5' }] } };
    expect(await evaluate({ type: 'External', external }, answers)).toMatchObject({
      replicas: 2 ** 31 - 1,
      status: { external: { current: { averageValue: '9223372036854775807m' } } },
    });
  });

  it('of its own namespace, whichever is named', async () => {
    const describedObject = { apiVersion: 'v1', kind: 'Namespace', name: 'another' };
    const answers = {
      ...discovered,
      [`${CUSTOM}/v1beta1/namespaces/default/metrics/hits`]: { items: [{ describedObject: {}, value: '40' }] },
    };
    const object = { metric: { name: 'hits' }, describedObject, target: { type: 'AverageValue', averageValue: '10' } };
    expect(await evaluate({ type: 'Object', object }, answers)).toMatchObject({ replicas: 4, metric: 'external metric hits(nil)' });
  });

  const external = {
    metric: { name: 'queue', selector: { matchLabels: { a: 'b' } } },
    target: { type: 'AverageValue', averageValue: '1' },
  };
  it.each<{ why: string; spec: MetricSpec; answers: Answers; is: string }>([
    {
      why: 'nobody serves resource metrics',
      spec: cpu({ averageUtilization: 50 }),
      answers: {},
      is: 'FailedGetResourceMetric | failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource',
    },
    {
      why: 'there are none',
      spec: cpu({ averageUtilization: 50 }),
      answers: { [PODS]: { items: [] } },
      is: 'FailedGetResourceMetric | failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
    },
    {
      why: 'the target is none',
      spec: cpu({}),
      answers: {},
      is: 'FailedGetResourceMetric | invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    },
    {
      why: 'a container that is not measured',
      spec: { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'none', target: { type: 'x', averageValue: '1' } } },
      answers: { [PODS]: podMetrics('1') },
      is: 'FailedGetContainerResourceMetric | failed to get cpu usage: did not receive metrics for targeted pods (pods might be unready)',
    },
    {
      why: 'nobody serves custom metrics',
      spec: { type: 'Pods', pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '1' } } },
      answers: {},
      is: 'FailedGetPodsMetric | unable to get metric hits: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered',
    },
    {
      why: 'nobody serves an object’s metrics',
      spec: {
        type: 'Object',
        object: {
          metric: { name: 'hits' },
          describedObject: { apiVersion: 'v1', kind: 'Service', name: 'web' },
          target: { type: 'Value', value: '1' },
        },
      },
      answers: {},
      is: 'FailedGetObjectMetric | unable to get metric hits: Service on default web/the server could not find the requested resource',
    },
    {
      why: 'an object with two values',
      spec: {
        type: 'Object',
        object: {
          metric: { name: 'hits' },
          describedObject: { kind: 'Namespace', name: 'default' },
          target: { type: 'Value', value: '1' },
        },
      },
      answers: {
        ...discovered,
        [`${CUSTOM}/v1beta1/namespaces/default/metrics/hits`]: { items: [{ value: '40' }, { value: '50' }] },
      },
      is: 'FailedGetObjectMetric | unable to get metric hits: Namespace on default default/unable to fetch metrics from custom metrics API: the custom metrics API server returned 2 results when we asked for exactly one',
    },
    {
      why: 'an object of no kind',
      spec: {
        type: 'Object',
        object: {
          metric: { name: 'hits' },
          describedObject: { apiVersion: 'no.example.com/v1', kind: 'Thing', name: 'x' },
          target: { type: 'Value', value: '1' },
        },
      },
      answers: { ...discovered, '/api': { items: [] }, '/apis': { items: [] } },
      is: 'FailedGetObjectMetric | unable to get metric hits: Thing on default x/unable to fetch metrics from custom metrics API: unable to map kind Thing.no.example.com to resource: no matches for kind "Thing" in group "no.example.com"',
    },
    {
      why: 'nobody serves external metrics',
      spec: { type: 'External', external },
      answers: {},
      is: 'FailedGetExternalMetric | unable to get external metric default/queue/&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the server could not find the requested resource',
    },
    {
      why: 'an unknown type',
      spec: { type: 'Other' },
      answers: {},
      is: 'InvalidMetricSourceType | unknown metric source type "Other"',
    },
  ])('says why it cannot: $why', async ({ spec, answers, is }) => {
    expect(String(await evaluate(spec, answers)).startsWith(`${is} | `)).toBe(true);
  });

  it('puts more words before what the whole reconcile fails with', async () => {
    expect(String(await evaluate({ type: 'External', external }, {})).split(' | ')[2]).toMatch(
      /^failed to get queue external metric value: failed to get queue external metric: unable to get external metric default\/queue/,
    );
  });
});
