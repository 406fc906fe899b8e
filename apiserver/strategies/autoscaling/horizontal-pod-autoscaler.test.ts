import { describe, expect, it, test } from 'vitest';
import { autoscalingKinds, type HorizontalPodAutoscaler } from '../../../api/index.ts';
import { StrategyHarness } from '../testing/harness.ts';
import { horizontalPodAutoscalerStrategy } from './horizontal-pod-autoscaler.ts';
import { horizontalPodAutoscalerV1 as view } from './v1-view.ts';

const autoscalers = new StrategyHarness(horizontalPodAutoscalerStrategy, autoscalingKinds.horizontalpodautoscalers);
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const stored = (spec: object = {}) => autoscalers.stored({ spec: { scaleTargetRef, maxReplicas: 5, ...spec } });
const errorsOf = (spec: object) => autoscalers.create({ spec: { scaleTargetRef, maxReplicas: 5, ...spec } }).errors;

const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } } };
const queue = {
  type: 'External',
  external: { metric: { name: 'q', selector: { matchLabels: { a: 'b' } } }, target: { type: 'Value', value: '30' } },
};
const hits = {
  type: 'Object',
  object: {
    describedObject: { kind: 'Service', name: 's' },
    metric: { name: 'hits' },
    target: { type: 'AverageValue', averageValue: '1k' },
  },
};

describe('HorizontalPodAutoscaler', () => {
  it('aims at 80% of CPU, and is complete in its behavior', () => {
    const { spec, status, metadata } = stored({ behavior: { scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } } });
    expect(metadata.generation).toBeUndefined();
    expect(status).toEqual({ currentMetrics: null, desiredReplicas: 0 });
    expect(spec).toMatchObject({
      minReplicas: 1,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
      behavior: {
        scaleDown: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }], selectPolicy: 'Max' },
        scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ value: 4 }, { value: 100 }] },
      },
    });
  });

  it('checks bounds, references and metrics', () => {
    expect(errorsOf({ minReplicas: 0, maxReplicas: 0, scaleTargetRef: { kind: 'a/b', name: '' } })).toEqual([
      'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
      'spec.maxReplicas: Invalid value: 0: must be greater than 0',
      'spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain \'/\'',
      'spec.scaleTargetRef.name: Required value',
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
      'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ]);
    expect(errorsOf({ scaleTargetRef: { apiVersion: 'v1', kind: 'ReplicationController', name: 'r' }, metrics: [hits] })).toEqual([]);
    const both = { ...queue.external.target, averageValue: '-1' };
    expect(
      errorsOf({
        metrics: [
          { type: 'External', external: { ...queue.external, target: both }, pods: { metric: { name: 'm' }, target: { type: 'Value' } } },
          { type: 'ContainerResource', containerResource: { name: 'bogus', container: '', target: { type: '' } } },
        ],
        behavior: { scaleUp: { policies: [] } },
      }),
    ).toEqual([
      'spec.metrics[0].external.target.averageValue: Invalid value: "-1": must be positive',
      'spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target',
      'spec.metrics[0].pods: Forbidden: must populate the given metric source only',
      'spec.metrics[1].containerResource.name: Invalid value: "bogus": must be a standard resource type or fully qualified',
      'spec.metrics[1].containerResource.name: Invalid value: "bogus": must be a standard resource for containers',
      'spec.metrics[1].containerResource.container: Required value: must specify a container',
      'spec.metrics[1].containerResource.target.type: Required value: must specify a metric target type',
      'spec.metrics[1].containerResource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
      'spec.metrics[1].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
      'spec.behavior.scaleUp.policies: Required value: must specify at least one Policy',
    ]);
  });

  it('shows what it sees beside what it wants', () => {
    const autoscaler = stored({ metrics: [queue, memory, hits] });
    const current = { type: 'External', external: { metric: { name: 'q' }, current: { value: '7' } } };
    autoscaler.status = { currentReplicas: 2, desiredReplicas: 3, currentMetrics: [current] };
    expect(autoscalers.row(autoscaler)).toEqual([
      'x',
      'Deployment/web',
      '7/30, memory: <unknown>/100Mi + 1 more...',
      '1',
      5,
      2,
      '<unknown>',
    ]);
  });
});

describe('its view in v1', () => {
  const annotationsOf = (object: HorizontalPodAutoscaler) => view.fromStored(object).metadata.annotations;

  it('has CPU in a field, and everything else in annotations, from which it comes back', () => {
    const autoscaler = stored({ metrics: [memory, queue, hits], behavior: { scaleDown: { selectPolicy: 'Min' } } });
    autoscaler.status = {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 42, averageValue: '50m' } } }],
      conditions: [{ type: 'AbleToScale', status: 'True', lastTransitionTime: '2024-01-01T00:00:00Z', reason: 'R' }],
    };
    expect(annotationsOf(autoscaler)).toEqual({
      'autoscaling.alpha.kubernetes.io/behavior':
        '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15},{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":null},"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Min","Policies":[{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":null}}',
      'autoscaling.alpha.kubernetes.io/conditions':
        '[{"type":"AbleToScale","status":"True","lastTransitionTime":"2024-01-01T00:00:00Z","reason":"R"}]',
      'autoscaling.alpha.kubernetes.io/current-metrics':
        '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":42,"currentAverageValue":"50m"}}]',
      'autoscaling.alpha.kubernetes.io/metrics':
        '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"100Mi"}},{"type":"External","external":{"metricName":"q","metricSelector":{"matchLabels":{"a":"b"}},"targetValue":"30"}},{"type":"Object","object":{"target":{"kind":"Service","name":"s"},"metricName":"hits","targetValue":"0","averageValue":"1k"}}]',
    });
    const v1 = view.fromStored(autoscaler);
    expect(v1).toMatchObject({ apiVersion: 'autoscaling/v1', status: { currentCPUUtilizationPercentage: 42, desiredReplicas: 3 } });
    const back = view.toStored(v1);
    const wanted = { ...structuredClone(autoscaler), apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' };
    const target = wanted.spec.metrics?.[2]?.object?.target;
    if (target) target.value = '0';
    expect(back).toEqual(wanted);
  });

  it('adds CPU to what its annotations say, and drops what they say amiss', () => {
    const metrics = '[{"type":"Pods","pods":{"metricName":"m","targetAverageValue":"5"}}]';
    const of = (annotations: object, spec: object) =>
      view.toStored({ metadata: { name: 'h', annotations }, spec: { scaleTargetRef, maxReplicas: 3, ...spec }, status: {} } as never);
    const both = of({ 'autoscaling.alpha.kubernetes.io/metrics': metrics, kept: 'yes' }, { targetCPUUtilizationPercentage: 70 });
    expect(both.metadata.annotations).toEqual({ kept: 'yes' });
    expect(both).toMatchObject({
      spec: {
        metrics: [
          { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '5' } } },
          { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 70 } } },
        ],
      },
    });
    const nothing =
      '[{"type":"Pods","pods":{"metricName":"m"}},{"type":"Object","object":{"target":{"kind":"K","name":"n"},"metricName":"m"}}]';
    const now =
      '[{"type":"Resource","resource":{"name":"memory"}},{"type":"External","external":{"metricName":"m"}},{"type":"Pods","pods":{"metricName":"m"}},{"type":"Object","object":{"target":{"kind":"K","name":"n"},"metricName":"m"}}]';
    expect(
      of({ 'autoscaling.alpha.kubernetes.io/metrics': nothing, 'autoscaling.alpha.kubernetes.io/current-metrics': now }, {}),
    ).toMatchObject({
      spec: {
        metrics: [{ pods: { target: { type: 'AverageValue', averageValue: '0' } } }, { object: { target: { type: 'Value', value: '0' } } }],
      },
      status: {
        currentMetrics: [
          { resource: { current: { averageValue: '0' } } },
          { external: { current: { value: '0' } } },
          { pods: { current: { averageValue: '0' } } },
          { object: { current: { value: '0' } } },
        ],
      },
    });
    for (const broken of ['{', '[{"type":1}]']) {
      expect(of({ 'autoscaling.alpha.kubernetes.io/metrics': broken }, {})).toMatchObject({
        spec: { metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }] },
      });
    }
  });
});

test('what older versions keep in annotations is not taken from writers of this one', () => {
  const spec = { maxReplicas: 1, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } };
  const views = { 'autoscaling.alpha.kubernetes.io/metrics': 'x', 'autoscaling.alpha.kubernetes.io/behavior': 'y' };
  const annotationsOf = (annotations: object) =>
    autoscalers.create({ metadata: { name: 'x', namespace: 'ns', annotations }, spec }).object.metadata.annotations;
  expect(annotationsOf({ ...views, a: 'b' })).toEqual({ a: 'b' });
  expect(annotationsOf(views)).toBeUndefined();
});
