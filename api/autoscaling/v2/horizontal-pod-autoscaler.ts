import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, int64, list, of, quantity, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { crossVersionObjectReference, metricSpec, metricStatus } from './metric.ts';

export const hpaScalingPolicy = message('io.k8s.api.autoscaling.v2.HPAScalingPolicy', '', () => ({
  type: string(1, '', { required: true }),
  value: int32(2, '', { required: true }),
  periodSeconds: int32(3, '', { required: true }),
}));
export interface HPAScalingPolicy extends Of<typeof hpaScalingPolicy> {}

export const hpaScalingRules = message('io.k8s.api.autoscaling.v2.HPAScalingRules', '', () => ({
  stabilizationWindowSeconds: int32(3, '', { pointer: true }),
  selectPolicy: string(1, '', { pointer: true }),
  policies: list(of(hpaScalingPolicy), 2, '', { listType: 'atomic' }),
  tolerance: quantity(4, '', { pointer: true }),
}));
export interface HPAScalingRules extends Of<typeof hpaScalingRules> {}

export const horizontalPodAutoscalerBehavior = message('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior', '', () => ({
  scaleUp: ref(hpaScalingRules, 1, '', { pointer: true }),
  scaleDown: ref(hpaScalingRules, 2, '', { pointer: true }),
}));
export interface HorizontalPodAutoscalerBehavior extends Of<typeof horizontalPodAutoscalerBehavior> {}

export const horizontalPodAutoscalerSpec = message('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec', '', () => ({
  scaleTargetRef: ref(crossVersionObjectReference, 1, '', { required: true }),
  minReplicas: int32(2, '', { pointer: true }),
  maxReplicas: int32(3, '', { required: true }),
  metrics: list(of(metricSpec), 4, '', { listType: 'atomic' }),
  behavior: ref(horizontalPodAutoscalerBehavior, 5, '', { pointer: true }),
}));
export interface HorizontalPodAutoscalerSpec extends Of<typeof horizontalPodAutoscalerSpec> {}

export const horizontalPodAutoscalerCondition = message('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastTransitionTime: time(3, ''),
  reason: string(4, ''),
  message: string(5, ''),
}));
export interface HorizontalPodAutoscalerCondition extends Of<typeof horizontalPodAutoscalerCondition> {}

export const horizontalPodAutoscalerStatus = message('io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus', '', () => ({
  observedGeneration: int64(1, '', { pointer: true }),
  lastScaleTime: time(2, '', { pointer: true }),
  currentReplicas: int32(3, ''),
  desiredReplicas: int32(4, '', { required: true }),
  currentMetrics: list(of(metricStatus), 5, '', { always: true, listType: 'atomic' }),
  conditions: list(of(horizontalPodAutoscalerCondition), 6, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface HorizontalPodAutoscalerStatus extends Of<typeof horizontalPodAutoscalerStatus> {}

export const horizontalPodAutoscaler = message('io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(horizontalPodAutoscalerSpec, 2, '', { present: true }),
  status: ref(horizontalPodAutoscalerStatus, 3, '', { present: true }),
}));
export interface HorizontalPodAutoscaler extends Of<typeof horizontalPodAutoscaler> {}
