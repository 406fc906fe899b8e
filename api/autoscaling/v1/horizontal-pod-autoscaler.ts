import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, int64, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const crossVersionObjectReference = message(
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
  '',
  () => ({
    apiVersion: string(3, ''),
    kind: string(1, '', { required: true }),
    name: string(2, '', { required: true }),
  }),
  { mapType: 'atomic' },
);
export interface CrossVersionObjectReference extends Of<typeof crossVersionObjectReference> {}

export const horizontalPodAutoscalerSpec = message('io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec', '', () => ({
  scaleTargetRef: ref(crossVersionObjectReference, 1, '', { required: true }),
  minReplicas: int32(2, '', { pointer: true }),
  maxReplicas: int32(3, '', { required: true }),
  targetCPUUtilizationPercentage: int32(4, '', { pointer: true }),
}));
export interface HorizontalPodAutoscalerSpec extends Of<typeof horizontalPodAutoscalerSpec> {}

export const horizontalPodAutoscalerStatus = message('io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus', '', () => ({
  observedGeneration: int64(1, '', { pointer: true }),
  lastScaleTime: time(2, '', { pointer: true }),
  currentReplicas: int32(3, '', { required: true }),
  desiredReplicas: int32(4, '', { required: true }),
  currentCPUUtilizationPercentage: int32(5, '', { pointer: true }),
}));
export interface HorizontalPodAutoscalerStatus extends Of<typeof horizontalPodAutoscalerStatus> {}

export const horizontalPodAutoscaler = message('io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(horizontalPodAutoscalerSpec, 2, '', { present: true }),
  status: ref(horizontalPodAutoscalerStatus, 3, '', { present: true }),
}));
export interface HorizontalPodAutoscaler extends Of<typeof horizontalPodAutoscaler> {}
