import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, int64, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const crossVersionObjectReference = message(
  'io.k8s.api.autoscaling.v1.CrossVersionObjectReference',
  'Names the object to scale.',
  () => ({
    kind: string(1, 'Kind of the object, such as Deployment.', { required: true }),
    name: string(2, 'Name of the object.', { required: true }),
    apiVersion: string(3, 'Group and version of the object.'),
  }),
  { mapType: 'atomic' },
);
export interface CrossVersionObjectReference extends Of<typeof crossVersionObjectReference> {}

export const horizontalPodAutoscalerSpec = message(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec',
  'What to scale, within which bounds and by which CPU use.',
  () => ({
    scaleTargetRef: ref(crossVersionObjectReference, 1, 'What to scale; it must have a scale subresource.', { required: true }),
    minReplicas: int32(2, 'Fewest pods; 1 unless given.', { pointer: true }),
    maxReplicas: int32(3, 'Most pods; not below minReplicas.', { required: true }),
    targetCPUUtilizationPercentage: int32(4, "CPU use to aim at, in percent of what pods request; the controller's default unless given.", {
      pointer: true,
    }),
  }),
);
export interface HorizontalPodAutoscalerSpec extends Of<typeof horizontalPodAutoscalerSpec> {}

export const horizontalPodAutoscalerStatus = message(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerStatus',
  'What the autoscaler sees and wants.',
  () => ({
    observedGeneration: int64(1, 'The metadata.generation the controller last acted on.', { pointer: true }),
    lastScaleTime: time(2, 'When it last changed the number of pods.', { pointer: true }),
    currentReplicas: int32(3, 'How many pods there are.', { required: true }),
    desiredReplicas: int32(4, 'How many pods it wants.', { required: true }),
    currentCPUUtilizationPercentage: int32(5, 'CPU use on average, in percent of what pods request.', { pointer: true }),
  }),
);
export interface HorizontalPodAutoscalerStatus extends Of<typeof horizontalPodAutoscalerStatus> {}

export const horizontalPodAutoscaler = message(
  'io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler',
  'Sets the number of pods by their CPU use.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(horizontalPodAutoscalerSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(horizontalPodAutoscalerStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface HorizontalPodAutoscaler extends Of<typeof horizontalPodAutoscaler> {}
