import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, quantity, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const crossVersionObjectReference = message(
  'io.k8s.api.autoscaling.v2beta1.CrossVersionObjectReference',
  'Names an object by kind and name.',
  () => ({
    kind: string(1, 'Kind of the object, such as Deployment.', { required: true }),
    name: string(2, 'Name of the object.', { required: true }),
    apiVersion: string(3, 'Group and version of the object.'),
  }),
);

const use = (resource: string) => `The ${resource} to aim at, per pod.`;
const narrowed = 'Narrows the metric down by its labels; the name alone decides unless given.';

export const containerResourceMetricSource = message(
  'io.k8s.api.autoscaling.v2beta1.ContainerResourceMetricSource',
  'Scales by the CPU or memory use of one container of each pod.',
  () => ({
    name: string(1, 'The resource: cpu or memory.', { required: true }),
    targetAverageUtilization: int32(2, use('use in percent of what is requested'), { pointer: true }),
    targetAverageValue: quantity(3, use('use as an amount'), { pointer: true }),
    container: string(4, 'Name of the container.', { required: true }),
  }),
);

export const containerResourceMetricStatus = message(
  'io.k8s.api.autoscaling.v2beta1.ContainerResourceMetricStatus',
  'CPU or memory use of one container of each pod.',
  () => ({
    name: string(1, 'The resource: cpu or memory.', { required: true }),
    currentAverageUtilization: int32(2, 'Use in percent of what is requested, per pod.', { pointer: true }),
    currentAverageValue: quantity(3, 'Use as an amount, per pod.', { required: true }),
    container: string(4, 'Name of the container.', { required: true }),
  }),
);

export const externalMetricSource = message(
  'io.k8s.api.autoscaling.v2beta1.ExternalMetricSource',
  'Scales by a metric of something outside of the cluster.',
  () => ({
    metricName: string(1, 'Name of the metric.', { required: true }),
    metricSelector: ref(labelSelector, 2, narrowed, { pointer: true }),
    targetValue: quantity(3, 'The value to aim at; not together with targetAverageValue.', { pointer: true }),
    targetAverageValue: quantity(4, 'The value per pod to aim at.', { pointer: true }),
  }),
);

export const externalMetricStatus = message(
  'io.k8s.api.autoscaling.v2beta1.ExternalMetricStatus',
  'The value of a metric of something outside of the cluster.',
  () => ({
    metricName: string(1, 'Name of the metric.', { required: true }),
    metricSelector: ref(labelSelector, 2, narrowed, { pointer: true }),
    currentValue: quantity(3, 'The value measured.', { required: true }),
    currentAverageValue: quantity(4, 'The value measured, per pod.', { pointer: true }),
  }),
);

export const objectMetricSource = message(
  'io.k8s.api.autoscaling.v2beta1.ObjectMetricSource',
  'Scales by a metric of one object of the cluster.',
  () => ({
    target: ref(crossVersionObjectReference, 1, 'The object.', { required: true }),
    metricName: string(2, 'Name of the metric.', { required: true }),
    targetValue: quantity(3, 'The value to aim at.', { required: true }),
    selector: ref(labelSelector, 4, narrowed, { pointer: true }),
    averageValue: quantity(5, 'The value per pod to aim at.', { pointer: true }),
  }),
);

export const objectMetricStatus = message(
  'io.k8s.api.autoscaling.v2beta1.ObjectMetricStatus',
  'The value of a metric of one object of the cluster.',
  () => ({
    target: ref(crossVersionObjectReference, 1, 'The object.', { required: true }),
    metricName: string(2, 'Name of the metric.', { required: true }),
    currentValue: quantity(3, 'The value measured.', { required: true }),
    selector: ref(labelSelector, 4, narrowed, { pointer: true }),
    averageValue: quantity(5, 'The value measured, per pod.', { pointer: true }),
  }),
);

export const podsMetricSource = message('io.k8s.api.autoscaling.v2beta1.PodsMetricSource', 'Scales by a metric of the pods.', () => ({
  metricName: string(1, 'Name of the metric.', { required: true }),
  targetAverageValue: quantity(2, 'The value per pod to aim at.', { required: true }),
  selector: ref(labelSelector, 3, narrowed, { pointer: true }),
}));

export const podsMetricStatus = message('io.k8s.api.autoscaling.v2beta1.PodsMetricStatus', 'The value of a metric of the pods.', () => ({
  metricName: string(1, 'Name of the metric.', { required: true }),
  currentAverageValue: quantity(2, 'The value measured, per pod.', { required: true }),
  selector: ref(labelSelector, 3, narrowed, { pointer: true }),
}));

export const resourceMetricSource = message(
  'io.k8s.api.autoscaling.v2beta1.ResourceMetricSource',
  'Scales by the CPU or memory use of the pods.',
  () => ({
    name: string(1, 'The resource: cpu or memory.', { required: true }),
    targetAverageUtilization: int32(2, use('use in percent of what is requested'), { pointer: true }),
    targetAverageValue: quantity(3, use('use as an amount'), { pointer: true }),
  }),
);

export const resourceMetricStatus = message(
  'io.k8s.api.autoscaling.v2beta1.ResourceMetricStatus',
  'CPU or memory use of the pods.',
  () => ({
    name: string(1, 'The resource: cpu or memory.', { required: true }),
    currentAverageUtilization: int32(2, 'Use in percent of what is requested, per pod.', { pointer: true }),
    currentAverageValue: quantity(3, 'Use as an amount, per pod.', { required: true }),
  }),
);

const SOURCE = 'What to measure: Object, Pods, Resource, ContainerResource or External.';

export const metricSpec = message('io.k8s.api.autoscaling.v2beta1.MetricSpec', 'Something to scale by.', () => ({
  type: string(1, SOURCE, { required: true }),
  object: ref(objectMetricSource, 2, 'With type Object.', { pointer: true }),
  pods: ref(podsMetricSource, 3, 'With type Pods.', { pointer: true }),
  resource: ref(resourceMetricSource, 4, 'With type Resource.', { pointer: true }),
  containerResource: ref(containerResourceMetricSource, 7, 'With type ContainerResource.', { pointer: true }),
  external: ref(externalMetricSource, 5, 'With type External.', { pointer: true }),
}));
export interface MetricSpec extends Of<typeof metricSpec> {}

export const metricStatus = message('io.k8s.api.autoscaling.v2beta1.MetricStatus', 'What was measured.', () => ({
  type: string(1, SOURCE, { required: true }),
  object: ref(objectMetricStatus, 2, 'With type Object.', { pointer: true }),
  pods: ref(podsMetricStatus, 3, 'With type Pods.', { pointer: true }),
  resource: ref(resourceMetricStatus, 4, 'With type Resource.', { pointer: true }),
  containerResource: ref(containerResourceMetricStatus, 7, 'With type ContainerResource.', { pointer: true }),
  external: ref(externalMetricStatus, 5, 'With type External.', { pointer: true }),
}));
export interface MetricStatus extends Of<typeof metricStatus> {}
