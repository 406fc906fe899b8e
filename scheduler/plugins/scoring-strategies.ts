import { MAX_NODE_SCORE } from '../framework/status.ts';
import type { NodeInfo } from '../state/node-info.ts';
import type { PodInfo } from '../state/pod-info.ts';
import type { ShapePoint } from './args.ts';
import type { Usage } from './resource-amounts.ts';

/** The score of a node by what of it is used. */
export type Strategy = (usages: readonly Usage[], pod: PodInfo, node: NodeInfo) => number;

/** The emptier the better. Upstream: `plugins/noderesources/least_allocated.go`. */
export const leastAllocated: Strategy = (usages, pod, node) => {
  let sum = 0;
  let weights = 0;
  for (const usage of usages) {
    const allocatable = usage.allocatable(pod, node);
    if (allocatable === 0) continue;
    const requested = usage.requested(pod, node);
    if (requested <= allocatable) sum += usage.weight * Math.trunc(((allocatable - requested) * MAX_NODE_SCORE) / allocatable);
    weights += usage.weight;
  }
  return weights === 0 ? 0 : Math.trunc(sum / weights);
};

/** The fuller the better. Upstream: `plugins/noderesources/most_allocated.go`. */
export const mostAllocated: Strategy = (usages, pod, node) => {
  let sum = 0;
  let weights = 0;
  for (const usage of usages) {
    const allocatable = usage.allocatable(pod, node);
    if (allocatable === 0) continue;
    sum += usage.weight * Math.trunc((Math.min(usage.requested(pod, node), allocatable) * MAX_NODE_SCORE) / allocatable);
    weights += usage.weight;
  }
  return weights === 0 ? 0 : Math.trunc(sum / weights);
};

/** The scores of the shape go up to this. */
const SHAPE_SCORE_MAX = 10;

/** As the curve says. Upstream: `plugins/noderesources/requested_to_capacity_ratio.go`. */
export function requestedToCapacityRatio(shape: readonly ShapePoint[]): Strategy {
  const points = shape.map(({ utilization, score }) => ({ utilization, score: score * (MAX_NODE_SCORE / SHAPE_SCORE_MAX) }));
  return (usages, pod, node) => {
    let sum = 0;
    let weights = 0;
    for (const usage of usages) {
      const allocatable = usage.allocatable(pod, node);
      if (allocatable === 0) continue;
      const requested = usage.requested(pod, node);
      const score = onCurve(points, requested > allocatable ? 100 : Math.trunc((requested * 100) / allocatable));
      if (score <= 0) continue;
      sum += score * usage.weight;
      weights += usage.weight;
    }
    return weights === 0 ? 0 : Math.round(sum / weights);
  };
}

function onCurve(points: readonly ShapePoint[], utilization: number): number {
  const at = points.findIndex((point) => utilization <= point.utilization);
  const [point, before] = at < 0 ? [points.at(-1), undefined] : [points[at], points[at - 1]];
  if (!point) return 0;
  if (!before || at < 0) return point.score;
  const rise = (point.score - before.score) * (utilization - before.utilization);
  return before.score + Math.trunc(rise / (point.utilization - before.utilization));
}
