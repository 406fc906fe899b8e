// HorizontalPodAutoscalers as autoscaling/v1 has them. What v1 has no fields for is in annotations: metrics, conditions, behavior.
// Upstream: `pkg/apis/autoscaling/v1/conversion.go`.
import {
  autoscalingKinds,
  goJson,
  type HorizontalPodAutoscaler,
  type HorizontalPodAutoscalerBehavior,
  type AutoscalingV1HorizontalPodAutoscaler as HorizontalPodAutoscalerV1,
  type KubeObject,
  type MetricSpec,
  parseJson,
} from '../../../api/index.ts';
import { DecodeError } from '../../../api/schema.ts';
import type { VersionView } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { goPart } from '../../validation/go-struct.ts';
import { normalForm } from '../normal-form.ts';
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './v1-metrics.ts';

const V2 = autoscalingKinds.horizontalpodautoscalers;
const V1 = autoscalingKinds.horizontalpodautoscalersV1;
/** Percent of requested CPU to aim at, unless there are metrics. */
const CPU_UTILIZATION = 80;

const DOMAIN = 'autoscaling.alpha.kubernetes.io';
const METRICS = `${DOMAIN}/metrics`;
const CURRENT_METRICS = `${DOMAIN}/current-metrics`;
const CONDITIONS = `${DOMAIN}/conditions`;
const BEHAVIOR = `${DOMAIN}/behavior`;
/** What v1 has no fields for. */
export const VIEW_ANNOTATIONS: readonly string[] = [METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR];

type Annotations = Readonly<Record<string, string>>;

export const horizontalPodAutoscalerV1: VersionView = {
  setDefaults: (object) => {
    const { metadata, spec } = asV1(object);
    spec.minReplicas ??= 1;
    if (metadata.annotations) metadata.annotations = canonicalAnnotations(object, metadata.annotations);
    // Upstream's conversion does it, before owners are told.
    if (metricsIn(metadata.annotations).length === 0) spec.targetCPUUtilizationPercentage ??= CPU_UTILIZATION;
  },
  toStored,
  fromStored,
  // What v1 has a field for comes last in what is stored, and mostly was the first before.
  toShown: (object) => {
    const stored = toStored(object);
    const metrics = listOf(stored.spec.metrics);
    stored.spec.metrics = [...metrics.filter(isCpuUtilization), ...metrics.filter((metric) => !isCpuUtilization(metric))];
    return stored;
  },
};

/** The registry hands a view objects of its version, and of the stored one where those are meant. */
const asV2 = (object: KubeObject): HorizontalPodAutoscaler => object as HorizontalPodAutoscaler;
const asV1 = (object: KubeObject): HorizontalPodAutoscalerV1 => object as HorizontalPodAutoscalerV1;

function fromStored(object: KubeObject): HorizontalPodAutoscalerV1 {
  const { metadata, spec, status } = asV2(object);
  const annotations = { ...withoutViews(metadata.annotations), ...annotationsOf(spec, status) };
  const utilization = listOf(spec.metrics).find(isCpu)?.resource?.target.averageUtilization;
  const current = listOf(status.currentMetrics).findLast(isCpu)?.resource?.current.averageUtilization;
  return normalForm<HorizontalPodAutoscalerV1>(V1, {
    metadata: { ...metadata, annotations },
    spec: {
      scaleTargetRef: spec.scaleTargetRef,
      minReplicas: spec.minReplicas,
      maxReplicas: spec.maxReplicas,
      targetCPUUtilizationPercentage: utilization,
    },
    status: {
      observedGeneration: status.observedGeneration,
      lastScaleTime: status.lastScaleTime,
      currentReplicas: status.currentReplicas ?? 0,
      desiredReplicas: status.desiredReplicas,
      currentCPUUtilizationPercentage: current,
    },
  });
}

const isCpu = ({ type, resource }: { readonly type: string; readonly resource?: { readonly name: string } | undefined }): boolean =>
  type === 'Resource' && resource?.name === 'cpu';

/** What v1 has a field for. */
const isCpuUtilization = (metric: MetricSpec): boolean => isCpu(metric) && metric.resource?.target.averageUtilization !== undefined;

function annotationsOf({ metrics, behavior }: HorizontalPodAutoscaler['spec'], status: HorizontalPodAutoscaler['status']): Annotations {
  const annotations: Record<string, string> = {};
  const others = listOf(metrics).filter((metric) => !isCpuUtilization(metric));
  if (others.length > 0) annotations[METRICS] = goJson(others.map(metricToV1));
  const current = listOf(status.currentMetrics);
  if (current.length > 0) annotations[CURRENT_METRICS] = goJson(current.map(metricStatusToV1));
  const conditions = listOf(status.conditions);
  if (conditions.length > 0) {
    annotations[CONDITIONS] = goJson(
      conditions.map(({ type, status: value, lastTransitionTime = null, reason, message }) => {
        return { type, status: value, lastTransitionTime, reason: reason || undefined, message: message || undefined };
      }),
    );
  }
  if (behavior) Object.assign(annotations, behaviorAnnotation(behavior));
  return annotations;
}

/** Annotations as they are after a turn through the stored version: what does not fit is gone. Upstream tells owners after that. */
function canonicalAnnotations(object: KubeObject, annotations: Annotations): Record<string, string> | undefined {
  if (!VIEW_ANNOTATIONS.some((name) => name in annotations)) return annotations;
  const { spec, status } = toStored(object);
  const canonical = { ...withoutViews(annotations), ...annotationsOf(spec, status) };
  return Object.keys(canonical).length > 0 ? canonical : undefined;
}

/** The annotation that a behavior is in where there is no field for it: Go's internal struct. */
export const behaviorAnnotation = (behavior: HorizontalPodAutoscalerBehavior): Annotations => ({
  [BEHAVIOR]: goJson(goPart(V2, ['spec', 'behavior'], behavior)),
});

/** And back; undefined when there is none, or nothing that fits. */
export const behaviorFrom = (annotations: Annotations | undefined): HorizontalPodAutoscalerBehavior | undefined =>
  read(annotations?.[BEHAVIOR], (behavior) => ({ spec: { behavior: fromGoNames(behavior) } }))?.spec.behavior;

function toStored(object: KubeObject): HorizontalPodAutoscaler {
  const { metadata, spec, status } = asV1(object);
  const { annotations = {} } = metadata;
  const { targetCPUUtilizationPercentage: utilization } = spec;
  const cpu = utilization === undefined ? [] : [cpuMetric(utilization)];
  const current = read(annotations[CURRENT_METRICS], (list) => ({ status: { currentMetrics: listFrom(metricStatusFromV1)(list) } }));
  const metrics = [...metricsIn(annotations), ...cpu];
  return normalForm<HorizontalPodAutoscaler>(V2, {
    metadata: { ...metadata, annotations: withoutViews(annotations) },
    spec: {
      scaleTargetRef: spec.scaleTargetRef,
      minReplicas: spec.minReplicas,
      maxReplicas: spec.maxReplicas,
      // The default that v1 had in the controller.
      metrics: metrics.length > 0 ? metrics : [cpuMetric(CPU_UTILIZATION)],
      behavior: behaviorFrom(annotations),
    },
    status: {
      observedGeneration: status.observedGeneration,
      lastScaleTime: status.lastScaleTime,
      currentReplicas: status.currentReplicas,
      desiredReplicas: status.desiredReplicas,
      currentMetrics: current?.status.currentMetrics ?? cpuStatus(status),
      conditions: read(annotations[CONDITIONS], (conditions) => ({ status: { conditions } }))?.status.conditions,
    },
  });
}

/** Metrics that are in annotations. */
const metricsIn = (annotations: Annotations | undefined): readonly MetricSpec[] =>
  listOf(read(annotations?.[METRICS], (metrics) => ({ spec: { metrics: listFrom(metricFromV1)(metrics) } }))?.spec.metrics);

const cpuMetric = (averageUtilization: number): MetricSpec => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});

const cpuStatus = ({ currentCPUUtilizationPercentage: averageUtilization }: HorizontalPodAutoscalerV1['status']): unknown =>
  averageUtilization === undefined ? undefined : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } }];

/** Annotations but those that stand for what a version has no fields for. */
export const withoutViews = (annotations: Annotations | undefined): Annotations =>
  Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => !VIEW_ANNOTATIONS.includes(key)));

/** The object that an annotation stands for a part of; undefined when it holds nothing, or nothing that fits. */
function read(text: string | undefined, place: (value: unknown) => object): HorizontalPodAutoscaler | undefined {
  if (text === undefined) return undefined;
  try {
    return normalForm<HorizontalPodAutoscaler>(V2, place(parseJson(text)));
  } catch (error) {
    if (error instanceof DecodeError || error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

const listFrom =
  (convert: (item: object) => unknown) =>
  (list: unknown): unknown =>
    Array.isArray(list) ? list.map((item: unknown) => (isObject(item) ? convert(item) : item)) : list;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names of Go's fields as those of JSON's. */
function fromGoNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fromGoNames);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.charAt(0).toLowerCase() + name.slice(1), fromGoNames(inner)]),
  );
}
