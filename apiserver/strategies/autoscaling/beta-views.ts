// HorizontalPodAutoscalers as autoscaling/v2beta2 and v2beta1 have them. Upstream: `pkg/apis/autoscaling/v2beta2/conversion.go`,
// `pkg/apis/autoscaling/v2beta1/conversion.go` (the last are 1.25's and 1.24's).
import {
  type AutoscalingV2beta1HorizontalPodAutoscaler,
  autoscalingKinds,
  type HorizontalPodAutoscaler,
  type KubeObject,
} from '../../../api/index.ts';
import { olderKinds } from '../../../api/schema.ts';
import type { VersionView } from '../../registry/strategy.ts';
import { listOf } from '../../validation/field-errors.ts';
import { normalForm } from '../normal-form.ts';
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from './v1-metrics.ts';
import { behaviorAnnotation, behaviorFrom, withoutViews } from './v1-view.ts';

const V2 = autoscalingKinds.horizontalpodautoscalers;
/** Percent of requested CPU to aim at, unless there are metrics. */
const CPU_UTILIZATION = 80;

const asV2 = (object: KubeObject): HorizontalPodAutoscaler => object as HorizontalPodAutoscaler;
const asBeta = (object: KubeObject): AutoscalingV2beta1HorizontalPodAutoscaler => object as AutoscalingV2beta1HorizontalPodAutoscaler;

/** What other versions hide in annotations has fields here; such annotations are never shown. */
const plainMetadata = ({ metadata }: KubeObject): KubeObject['metadata'] => ({
  ...metadata,
  annotations: withoutViews(metadata.annotations),
});

export const horizontalPodAutoscalerV2beta2: VersionView = {
  toStored: (object) => normalForm(V2, { ...object, metadata: plainMetadata(object) }),
  fromStored: (object) => normalForm(olderKinds.horizontalpodautoscalersV2beta2, { ...object, metadata: plainMetadata(object) }),
};

/** It has no behavior, which is in an annotation, and the flat metrics that v1 has in one. */
export const horizontalPodAutoscalerV2beta1: VersionView = {
  setDefaults: (object) => {
    const { spec } = asBeta(object);
    spec.minReplicas ??= 1;
    if (listOf(spec.metrics).length === 0) {
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: CPU_UTILIZATION } }];
    }
  },
  toStored: (object) => {
    const { spec, status } = asBeta(object);
    return normalForm<HorizontalPodAutoscaler>(V2, {
      metadata: plainMetadata(object),
      spec: { ...spec, metrics: spec.metrics?.map(metricFromV1), behavior: behaviorFrom(object.metadata.annotations) },
      status: { ...status, currentMetrics: status.currentMetrics?.map(metricStatusFromV1) },
    });
  },
  fromStored: (object) => {
    const { spec, status } = asV2(object);
    const { behavior, ...others } = spec;
    const metadata = plainMetadata(object);
    return normalForm(olderKinds.horizontalpodautoscalersV2beta1, {
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...(behavior ? behaviorAnnotation(behavior) : {}) } },
      spec: { ...others, metrics: spec.metrics?.map(metricToV1) },
      status: { ...status, currentMetrics: status.currentMetrics?.map(metricStatusToV1) },
    });
  },
};
