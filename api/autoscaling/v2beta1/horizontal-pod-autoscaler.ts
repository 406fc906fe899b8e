import { int32, list, of, ref } from '../../schema/fields.ts';
import { otherVersion } from '../../schema/other-version.ts';
import {
  horizontalPodAutoscalerCondition,
  type HorizontalPodAutoscaler as Present,
  type HorizontalPodAutoscalerSpec as PresentSpec,
  type HorizontalPodAutoscalerStatus as PresentStatus,
  horizontalPodAutoscaler as present,
} from '../v2/horizontal-pod-autoscaler.ts';
import { crossVersionObjectReference, type MetricSpec, type MetricStatus, metricSpec, metricStatus } from './metric.ts';

/** Metrics before targets were structs of their own, and no behavior. */
export const horizontalPodAutoscaler = otherVersion<HorizontalPodAutoscaler>(present, {
  from: 'io.k8s.api.autoscaling.v2.',
  to: 'io.k8s.api.autoscaling.v2beta1.',
  fields: {
    HorizontalPodAutoscalerSpec: {
      scaleTargetRef: ref(crossVersionObjectReference, 1, 'What to scale; it must have a scale subresource.', { required: true }),
      metrics: list(of(metricSpec), 4, 'What to measure; the one that asks for most pods wins. 80% CPU use unless given.', {
        listType: 'atomic',
      }),
      behavior: undefined,
    },
    HorizontalPodAutoscalerStatus: {
      currentReplicas: int32(3, 'How many pods there are.', { required: true }),
      currentMetrics: list(of(metricStatus), 5, 'What it measured last.', { always: true, listType: 'atomic' }),
      conditions: list(of(horizontalPodAutoscalerCondition), 6, 'Whether it can scale, does, and is held back by its bounds.', {
        always: true,
        listType: 'atomic',
      }),
    },
  },
});

export type HorizontalPodAutoscalerSpec = Omit<PresentSpec, 'metrics' | 'behavior'> & { metrics?: MetricSpec[] | undefined };
export type HorizontalPodAutoscalerStatus = Omit<PresentStatus, 'currentMetrics'> & { currentMetrics?: MetricStatus[] | undefined };
export type HorizontalPodAutoscaler = Omit<Present, 'spec' | 'status'> & {
  spec: HorizontalPodAutoscalerSpec;
  status: HorizontalPodAutoscalerStatus;
};
