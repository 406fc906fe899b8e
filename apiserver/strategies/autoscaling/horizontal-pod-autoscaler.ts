import type { HorizontalPodAutoscaler, HPAScalingRules, ObjectMeta } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { validateHorizontalPodAutoscaler, validateHorizontalPodAutoscalerStatus } from '../../validation/horizontal-pod-autoscaler.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';
import { horizontalPodAutoscalerV2beta1, horizontalPodAutoscalerV2beta2 } from './beta-views.ts';
import { metricsCell } from './metric-cells.ts';
import { horizontalPodAutoscalerV1, VIEW_ANNOTATIONS, withoutViews } from './v1-view.ts';

/** Percent of requested CPU to aim at, unless there are metrics. */
const CPU_UTILIZATION = 80;
const PERIOD_SECONDS = 15;

/** Upstream: `pkg/registry/autoscaling/horizontalpodautoscaler`, `pkg/apis/autoscaling/v2/defaults.go`. */
export const horizontalPodAutoscalerStrategy: Strategy<HorizontalPodAutoscaler> = strategyOf<HorizontalPodAutoscaler>({
  fieldAnnotations: VIEW_ANNOTATIONS,
  setDefaults,
  prepareForCreate: (_context, autoscaler) => {
    autoscaler.status = { ...NO_METRICS, desiredReplicas: 0 };
    dropTolerance(autoscaler);
  },
  validateCreate: (_context, autoscaler) => validateHorizontalPodAutoscaler(autoscaler, undefined),
  prepareForUpdate: (_context, autoscaler, old) => {
    autoscaler.status = old.status;
    dropTolerance(autoscaler);
  },
  validateUpdate: (_context, autoscaler, old) => validateHorizontalPodAutoscaler(autoscaler, old),
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name ?? '',
    `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`,
    metricsCell(listOf(spec.metrics), listOf(status.currentMetrics)),
    spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
    spec.maxReplicas,
    status.currentReplicas ?? 0,
    ageOf(metadata.creationTimestamp, now),
  ],
  views: {
    'autoscaling/v1': horizontalPodAutoscalerV1,
    'autoscaling/v2beta2': horizontalPodAutoscalerV2beta2,
    'autoscaling/v2beta1': horizontalPodAutoscalerV2beta1,
  },
  subresources: {
    status: updateOf<HorizontalPodAutoscaler>({
      prepareForUpdate: (_context, autoscaler, old) => {
        autoscaler.spec = old.spec;
      },
      validateUpdate: (_context, autoscaler) => validateHorizontalPodAutoscalerStatus(autoscaler),
    }),
  },
});

/** Go writes a missing list as null where it has no `omitempty`. */
const NO_METRICS: object = { currentMetrics: null };

function setDefaults({ metadata, spec }: HorizontalPodAutoscaler): void {
  if (metadata.annotations) dropViews(metadata);
  spec.minReplicas ??= 1;
  if (listOf(spec.metrics).length === 0) {
    const target = { type: 'Utilization', averageUtilization: CPU_UTILIZATION };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  if (!spec.behavior) return;
  const { scaleUp, scaleDown } = spec.behavior;
  spec.behavior.scaleUp = { ...scaleUpRules(), ...withoutNulls(scaleUp) };
  spec.behavior.scaleDown = { ...scaleDownRules(), ...withoutNulls(scaleDown) };
}

/** What older versions keep in annotations has no place in this one: upstream's `DropRoundTripHorizontalPodAutoscalerAnnotations`. */
function dropViews(metadata: ObjectMeta): void {
  const annotations = withoutViews(metadata.annotations);
  if (Object.keys(annotations).length > 0) metadata.annotations = { ...annotations };
  else delete metadata.annotations;
}

const scaleUpRules = (): HPAScalingRules => ({
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: PERIOD_SECONDS },
    { type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS },
  ],
});

/** How long to look back is for the controller's options to say. */
const scaleDownRules = (): HPAScalingRules => ({
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: PERIOD_SECONDS }],
});

const withoutNulls = (rules: HPAScalingRules | undefined): HPAScalingRules =>
  Object.fromEntries(Object.entries(rules ?? {}).filter(([, value]) => value !== undefined && value !== null));

/** HPAConfigurableTolerance is off in 1.34. */
function dropTolerance({ spec }: HorizontalPodAutoscaler): void {
  delete spec.behavior?.scaleUp?.tolerance;
  delete spec.behavior?.scaleDown?.tolerance;
}
