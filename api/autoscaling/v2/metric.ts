import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, quantity, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const metricTarget = message('io.k8s.api.autoscaling.v2.MetricTarget', '', () => ({
  type: string(1, '', { required: true }),
  value: quantity(2, '', { pointer: true }),
  averageValue: quantity(3, '', { pointer: true }),
  averageUtilization: int32(4, '', { pointer: true }),
}));
export interface MetricTarget extends Of<typeof metricTarget> {}

export const containerResourceMetricSource = message('io.k8s.api.autoscaling.v2.ContainerResourceMetricSource', '', () => ({
  name: string(1, '', { required: true }),
  target: ref(metricTarget, 2, '', { required: true }),
  container: string(3, '', { required: true }),
}));
export interface ContainerResourceMetricSource extends Of<typeof containerResourceMetricSource> {}

export const metricValueStatus = message('io.k8s.api.autoscaling.v2.MetricValueStatus', '', () => ({
  value: quantity(1, '', { pointer: true }),
  averageValue: quantity(2, '', { pointer: true }),
  averageUtilization: int32(3, '', { pointer: true }),
}));
export interface MetricValueStatus extends Of<typeof metricValueStatus> {}

export const containerResourceMetricStatus = message('io.k8s.api.autoscaling.v2.ContainerResourceMetricStatus', '', () => ({
  name: string(1, '', { required: true }),
  current: ref(metricValueStatus, 2, '', { required: true }),
  container: string(3, '', { required: true }),
}));
export interface ContainerResourceMetricStatus extends Of<typeof containerResourceMetricStatus> {}

export const crossVersionObjectReference = message('io.k8s.api.autoscaling.v2.CrossVersionObjectReference', '', () => ({
  apiVersion: string(3, ''),
  kind: string(1, '', { required: true }),
  name: string(2, '', { required: true }),
}));
export interface CrossVersionObjectReference extends Of<typeof crossVersionObjectReference> {}

export const metricIdentifier = message('io.k8s.api.autoscaling.v2.MetricIdentifier', '', () => ({
  name: string(1, '', { required: true }),
  selector: ref(labelSelector, 2, '', { pointer: true }),
}));
export interface MetricIdentifier extends Of<typeof metricIdentifier> {}

export const externalMetricSource = message('io.k8s.api.autoscaling.v2.ExternalMetricSource', '', () => ({
  metric: ref(metricIdentifier, 1, '', { required: true }),
  target: ref(metricTarget, 2, '', { required: true }),
}));
export interface ExternalMetricSource extends Of<typeof externalMetricSource> {}

export const externalMetricStatus = message('io.k8s.api.autoscaling.v2.ExternalMetricStatus', '', () => ({
  metric: ref(metricIdentifier, 1, '', { required: true }),
  current: ref(metricValueStatus, 2, '', { required: true }),
}));
export interface ExternalMetricStatus extends Of<typeof externalMetricStatus> {}

export const objectMetricSource = message('io.k8s.api.autoscaling.v2.ObjectMetricSource', '', () => ({
  describedObject: ref(crossVersionObjectReference, 1, '', { required: true }),
  target: ref(metricTarget, 2, '', { required: true }),
  metric: ref(metricIdentifier, 3, '', { required: true }),
}));
export interface ObjectMetricSource extends Of<typeof objectMetricSource> {}

export const podsMetricSource = message('io.k8s.api.autoscaling.v2.PodsMetricSource', '', () => ({
  metric: ref(metricIdentifier, 1, '', { required: true }),
  target: ref(metricTarget, 2, '', { required: true }),
}));
export interface PodsMetricSource extends Of<typeof podsMetricSource> {}

export const resourceMetricSource = message('io.k8s.api.autoscaling.v2.ResourceMetricSource', '', () => ({
  name: string(1, '', { required: true }),
  target: ref(metricTarget, 2, '', { required: true }),
}));
export interface ResourceMetricSource extends Of<typeof resourceMetricSource> {}

export const metricSpec = message('io.k8s.api.autoscaling.v2.MetricSpec', '', () => ({
  type: string(1, '', { required: true }),
  object: ref(objectMetricSource, 2, '', { pointer: true }),
  pods: ref(podsMetricSource, 3, '', { pointer: true }),
  resource: ref(resourceMetricSource, 4, '', { pointer: true }),
  containerResource: ref(containerResourceMetricSource, 7, '', { pointer: true }),
  external: ref(externalMetricSource, 5, '', { pointer: true }),
}));
export interface MetricSpec extends Of<typeof metricSpec> {}

export const objectMetricStatus = message('io.k8s.api.autoscaling.v2.ObjectMetricStatus', '', () => ({
  metric: ref(metricIdentifier, 1, '', { required: true }),
  current: ref(metricValueStatus, 2, '', { required: true }),
  describedObject: ref(crossVersionObjectReference, 3, '', { required: true }),
}));
export interface ObjectMetricStatus extends Of<typeof objectMetricStatus> {}

export const podsMetricStatus = message('io.k8s.api.autoscaling.v2.PodsMetricStatus', '', () => ({
  metric: ref(metricIdentifier, 1, '', { required: true }),
  current: ref(metricValueStatus, 2, '', { required: true }),
}));
export interface PodsMetricStatus extends Of<typeof podsMetricStatus> {}

export const resourceMetricStatus = message('io.k8s.api.autoscaling.v2.ResourceMetricStatus', '', () => ({
  name: string(1, '', { required: true }),
  current: ref(metricValueStatus, 2, '', { required: true }),
}));
export interface ResourceMetricStatus extends Of<typeof resourceMetricStatus> {}

export const metricStatus = message('io.k8s.api.autoscaling.v2.MetricStatus', '', () => ({
  type: string(1, '', { required: true }),
  object: ref(objectMetricStatus, 2, '', { pointer: true }),
  pods: ref(podsMetricStatus, 3, '', { pointer: true }),
  resource: ref(resourceMetricStatus, 4, '', { pointer: true }),
  containerResource: ref(containerResourceMetricStatus, 7, '', { pointer: true }),
  external: ref(externalMetricStatus, 5, '', { pointer: true }),
}));
export interface MetricStatus extends Of<typeof metricStatus> {}
