import { readFeatureGates } from './feature-gates.ts';
import type { Metrics } from './metrics.ts';

/**
 * Tells of the features of 1.34, how far each is and whether it is on, of a process that has them with their defaults. Upstream: component-base,
 * `metrics/prometheus/feature`.
 */
export function tellFeatures(metrics: Metrics): void {
  const enabled = metrics.gauge({
    name: 'kubernetes_feature_enabled',
    help: 'Features of Kubernetes, how far each is and whether it is on.',
    labels: ['name', 'stage'],
  });
  metrics.onRead(() => {
    for (const [name, { stage, isOn }] of readFeatureGates([])) enabled.set(isOn ? 1 : 0, { name, stage });
  });
}
