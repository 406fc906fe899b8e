import type { FeatureStage } from './kubernetes-features.ts';
import type { Metrics } from './metrics.ts';

/**
 * Tells of the features of Kubernetes, how far each is and whether it is on. Upstream: component-base, `metrics/prometheus/feature`.
 *
 * @param features by name.
 */
export function tellFeatures(
  metrics: Metrics,
  features: ReadonlyMap<string, { readonly stage: FeatureStage; readonly isOn: boolean }>,
): void {
  const enabled = metrics.gauge({
    name: 'kubernetes_feature_enabled',
    help: 'Features of Kubernetes, how far each is and whether it is on.',
    labels: ['name', 'stage'],
  });
  metrics.onRead(() => {
    for (const [name, { stage, isOn }] of features) enabled.set(isOn ? 1 : 0, { name, stage });
  });
}
