import { expect, test } from 'vitest';
import { readFeatureGates } from './feature-gates.ts';
import { tellFeatures } from './feature-metrics.ts';
import { createMetrics } from './metrics.ts';

test('features are told of with their stage, as 1.34 has them', async () => {
  const metrics = createMetrics();
  tellFeatures(metrics, readFeatureGates([]));
  const lines = (await metrics.text()).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'kubernetes_feature_enabled{name="AllAlpha",stage="ALPHA"} 0',
      'kubernetes_feature_enabled{name="SchedulerQueueingHints",stage=""} 1',
      'kubernetes_feature_enabled{name="DRADeviceTaints",stage="ALPHA"} 0',
    ]),
  );
});
