import { objectMeta } from '../../meta/v1/object-meta.ts';
import { int32, int64, list, of, quantity, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { crossVersionObjectReference, metricSpec, metricStatus } from './metric.ts';

export const hpaScalingPolicy = message(
  'io.k8s.api.autoscaling.v2.HPAScalingPolicy',
  'How much the number of pods may change in a span of time.',
  () => ({
    type: string(1, 'Whether value is in Pods or in Percent of them.', { required: true }),
    value: int32(2, 'Most the number may change; above 0.', { required: true }),
    periodSeconds: int32(3, 'Length of the span in seconds; 1 to 1800.', { required: true }),
  }),
);
export interface HPAScalingPolicy extends Of<typeof hpaScalingPolicy> {}

export const hpaScalingRules = message('io.k8s.api.autoscaling.v2.HPAScalingRules', 'How fast to scale in one direction.', () => ({
  stabilizationWindowSeconds: int32(3, 'Seconds of past advice to weigh, to stay calm; 0 upwards and 300 downwards unless given.', {
    pointer: true,
  }),
  selectPolicy: string(1, 'Which policy decides: Max (the default) the boldest, Min the most careful, Disabled none.', { pointer: true }),
  policies: list(of(hpaScalingPolicy), 2, "The limits on speed, at least one; the direction's defaults unless given.", {
    pointer: true,
    keepsEmpty: true,
    listType: 'atomic',
  }),
  tolerance: quantity(4, "How far metrics may be off the target, as a fraction; the cluster's 0.1 unless given.", { pointer: true }),
}));
export interface HPAScalingRules extends Of<typeof hpaScalingRules> {}

export const horizontalPodAutoscalerBehavior = message(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior',
  'How fast to scale up and down.',
  () => ({
    scaleUp: ref(hpaScalingRules, 1, 'Unless given, by 4 pods or 100% every 15 seconds, whichever is more, without a window.', {
      pointer: true,
    }),
    scaleDown: ref(hpaScalingRules, 2, 'Unless given, as far as minReplicas, by the highest advice of the last 300 seconds.', {
      pointer: true,
    }),
  }),
);
export interface HorizontalPodAutoscalerBehavior extends Of<typeof horizontalPodAutoscalerBehavior> {}

export const horizontalPodAutoscalerSpec = message(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec',
  'What to scale, within which bounds and by which metrics.',
  () => ({
    scaleTargetRef: ref(crossVersionObjectReference, 1, 'What to scale; it must have a scale subresource.', { required: true }),
    minReplicas: int32(2, 'Fewest pods; 1 unless given, 0 only as an alpha feature with object or external metrics.', { pointer: true }),
    maxReplicas: int32(3, 'Most pods; not below minReplicas.', { required: true }),
    metrics: list(of(metricSpec), 4, 'What to measure; the one that asks for most pods wins. 80% CPU use unless given.', {
      listType: 'atomic',
    }),
    behavior: ref(horizontalPodAutoscalerBehavior, 5, 'How fast to scale up and down.', { pointer: true }),
  }),
);
export interface HorizontalPodAutoscalerSpec extends Of<typeof horizontalPodAutoscalerSpec> {}

export const horizontalPodAutoscalerCondition = message(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerCondition',
  'One aspect: AbleToScale, ScalingActive or ScalingLimited.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastTransitionTime: time(3, 'When status last went from one value to another.'),
    reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(5, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface HorizontalPodAutoscalerCondition extends Of<typeof horizontalPodAutoscalerCondition> {}

export const horizontalPodAutoscalerStatus = message(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerStatus',
  'What the autoscaler sees and wants.',
  () => ({
    observedGeneration: int64(1, 'The metadata.generation the controller last acted on.', { pointer: true }),
    lastScaleTime: time(2, 'When it last changed the number of pods.', { pointer: true }),
    currentReplicas: int32(3, 'How many pods there are.'),
    desiredReplicas: int32(4, 'How many pods it wants.', { required: true }),
    currentMetrics: list(of(metricStatus), 5, 'What it measured last.', { always: true, listType: 'atomic' }),
    conditions: list(of(horizontalPodAutoscalerCondition), 6, 'Whether it can scale, does, and is held back by its bounds.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
  }),
);
export interface HorizontalPodAutoscalerStatus extends Of<typeof horizontalPodAutoscalerStatus> {}

export const horizontalPodAutoscaler = message(
  'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  'Sets the number of pods by what is measured of them, or elsewhere.',
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
