import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, quantity, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const metricTarget = message('io.k8s.api.autoscaling.v2.MetricTarget', 'The value a metric should have.', () => ({
  type: string(1, 'Which field below counts: Utilization, Value or AverageValue.', { required: true }),
  value: quantity(2, "The metric's value itself.", { pointer: true }),
  averageValue: quantity(3, 'The value per pod, that is the total divided by the pods.', { pointer: true }),
  averageUtilization: int32(4, 'Use per pod in percent of what it requests; for resource metrics only.', { pointer: true }),
}));
export interface MetricTarget extends Of<typeof metricTarget> {}

export const containerResourceMetricSource = message(
  'io.k8s.api.autoscaling.v2.ContainerResourceMetricSource',
  'Scales by the CPU or memory use of one container of each pod.',
  () => ({
    name: string(1, 'The resource: cpu or memory.', { required: true }),
    target: ref(metricTarget, 2, 'The use to aim at.', { required: true }),
    container: string(3, 'Name of the container.', { required: true }),
  }),
);
export interface ContainerResourceMetricSource extends Of<typeof containerResourceMetricSource> {}

export const metricValueStatus = message('io.k8s.api.autoscaling.v2.MetricValueStatus', 'The value a metric has.', () => ({
  value: quantity(1, "The metric's value itself.", { pointer: true }),
  averageValue: quantity(2, 'The value per pod, that is the total divided by the pods.', { pointer: true }),
  averageUtilization: int32(3, 'Use per pod in percent of what it requests; for resource metrics only.', { pointer: true }),
}));
export interface MetricValueStatus extends Of<typeof metricValueStatus> {}

export const containerResourceMetricStatus = message(
  'io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus',
  'CPU or memory use of one container of each pod.',
  () => ({
    name: string(1, 'The resource: cpu or memory.', { required: true }),
    current: ref(metricValueStatus, 2, 'The use measured.', { required: true }),
    container: string(3, 'Name of the container.', { required: true }),
  }),
);
export interface ContainerResourceMetricStatus extends Of<typeof containerResourceMetricStatus> {}

export const crossVersionObjectReference = message(
  'io.k8s.api.autoscaling.v2.CrossVersionObjectReference',
  'Names an object by kind and name.',
  () => ({
    kind: string(1, 'Kind of the object, such as Deployment.', { required: true }),
    name: string(2, 'Name of the object.', { required: true }),
    apiVersion: string(3, 'Group and version of the object.'),
  }),
);
export interface CrossVersionObjectReference extends Of<typeof crossVersionObjectReference> {}

export const metricIdentifier = message('io.k8s.api.autoscaling.v2.MetricIdentifier', 'Names a metric.', () => ({
  name: string(1, 'Name of the metric.', { required: true }),
  selector: ref(labelSelector, 2, 'Narrows the metric down by its labels; the name alone decides unless given.', { pointer: true }),
}));
export interface MetricIdentifier extends Of<typeof metricIdentifier> {}

export const externalMetricSource = message(
  'io.k8s.api.autoscaling.v2.ExternalMetricSource',
  "Scales by a metric of something outside the cluster, such as a queue's length.",
  () => ({
    metric: ref(metricIdentifier, 1, 'The metric.', { required: true }),
    target: ref(metricTarget, 2, 'The value to aim at.', { required: true }),
  }),
);
export interface ExternalMetricSource extends Of<typeof externalMetricSource> {}

export const externalMetricStatus = message(
  'io.k8s.api.autoscaling.v2.ExternalMetricStatus',
  'A metric of something outside the cluster.',
  () => ({
    metric: ref(metricIdentifier, 1, 'The metric.', { required: true }),
    current: ref(metricValueStatus, 2, 'The value measured.', { required: true }),
  }),
);
export interface ExternalMetricStatus extends Of<typeof externalMetricStatus> {}

export const objectMetricSource = message(
  'io.k8s.api.autoscaling.v2.ObjectMetricSource',
  "Scales by a metric of one object, such as an ingress's requests per second.",
  () => ({
    describedObject: ref(crossVersionObjectReference, 1, 'The object measured.', { required: true }),
    target: ref(metricTarget, 2, 'The value to aim at.', { required: true }),
    metric: ref(metricIdentifier, 3, 'The metric.', { required: true }),
  }),
);
export interface ObjectMetricSource extends Of<typeof objectMetricSource> {}

export const podsMetricSource = message('io.k8s.api.autoscaling.v2.PodsMetricSource', 'Scales by a metric of each pod, averaged.', () => ({
  metric: ref(metricIdentifier, 1, 'The metric.', { required: true }),
  target: ref(metricTarget, 2, 'The average to aim at, as AverageValue.', { required: true }),
}));
export interface PodsMetricSource extends Of<typeof podsMetricSource> {}

export const resourceMetricSource = message(
  'io.k8s.api.autoscaling.v2.ResourceMetricSource',
  'Scales by the CPU or memory use of pods.',
  () => ({
    name: string(1, 'The resource: cpu or memory.', { required: true }),
    target: ref(metricTarget, 2, 'The use to aim at.', { required: true }),
  }),
);
export interface ResourceMetricSource extends Of<typeof resourceMetricSource> {}

export const metricSpec = message('io.k8s.api.autoscaling.v2.MetricSpec', 'One thing to measure and aim at; type says which.', () => ({
  type: string(1, 'Object, Pods, Resource, ContainerResource or External: the field below that is set.', { required: true }),
  object: ref(objectMetricSource, 2, 'A metric of one object.', { pointer: true }),
  pods: ref(podsMetricSource, 3, 'A metric of each pod, averaged.', { pointer: true }),
  resource: ref(resourceMetricSource, 4, 'CPU or memory use of pods.', { pointer: true }),
  containerResource: ref(containerResourceMetricSource, 7, 'CPU or memory use of one container of each pod.', { pointer: true }),
  external: ref(externalMetricSource, 5, 'A metric of something outside the cluster.', { pointer: true }),
}));
export interface MetricSpec extends Of<typeof metricSpec> {}

export const objectMetricStatus = message('io.k8s.api.autoscaling.v2.ObjectMetricStatus', 'A metric of one object.', () => ({
  metric: ref(metricIdentifier, 1, 'The metric.', { required: true }),
  current: ref(metricValueStatus, 2, 'The value measured.', { required: true }),
  describedObject: ref(crossVersionObjectReference, 3, 'The object measured.', { required: true }),
}));
export interface ObjectMetricStatus extends Of<typeof objectMetricStatus> {}

export const podsMetricStatus = message('io.k8s.api.autoscaling.v2.PodsMetricStatus', 'A metric of each pod, averaged.', () => ({
  metric: ref(metricIdentifier, 1, 'The metric.', { required: true }),
  current: ref(metricValueStatus, 2, 'The average measured.', { required: true }),
}));
export interface PodsMetricStatus extends Of<typeof podsMetricStatus> {}

export const resourceMetricStatus = message('io.k8s.api.autoscaling.v2.ResourceMetricStatus', 'CPU or memory use of pods.', () => ({
  name: string(1, 'The resource: cpu or memory.', { required: true }),
  current: ref(metricValueStatus, 2, 'The use measured.', { required: true }),
}));
export interface ResourceMetricStatus extends Of<typeof resourceMetricStatus> {}

export const metricStatus = message(
  'io.k8s.api.autoscaling.v2.MetricStatus',
  'One thing as it was last measured; type says which.',
  () => ({
    type: string(1, 'Object, Pods, Resource, ContainerResource or External: the field below that is set.', { required: true }),
    object: ref(objectMetricStatus, 2, 'A metric of one object.', { pointer: true }),
    pods: ref(podsMetricStatus, 3, 'A metric of each pod, averaged.', { pointer: true }),
    resource: ref(resourceMetricStatus, 4, 'CPU or memory use of pods.', { pointer: true }),
    containerResource: ref(containerResourceMetricStatus, 7, 'CPU or memory use of one container of each pod.', { pointer: true }),
    external: ref(externalMetricStatus, 5, 'A metric of something outside the cluster.', { pointer: true }),
  }),
);
export interface MetricStatus extends Of<typeof metricStatus> {}
