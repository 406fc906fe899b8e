import { int32, list, of } from '../../schema/fields.ts';
import { otherVersion } from '../../schema/other-version.ts';
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalerCondition,
  horizontalPodAutoscaler as present,
} from '../v2/horizontal-pod-autoscaler.ts';

/** Nearly the same fields: no tolerances, and a status that always says what there is. */
export const horizontalPodAutoscaler = otherVersion<HorizontalPodAutoscaler>(present, {
  from: 'io.k8s.api.autoscaling.v2.',
  to: 'io.k8s.api.autoscaling.v2beta2.',
  fields: {
    HPAScalingRules: { tolerance: undefined },
    HorizontalPodAutoscalerStatus: {
      currentReplicas: int32(3, 'How many pods there are.', { required: true }),
      conditions: list(of(horizontalPodAutoscalerCondition), 6, 'Whether it can scale, does, and is held back by its bounds.', {
        always: true,
        listType: 'atomic',
      }),
    },
  },
});
