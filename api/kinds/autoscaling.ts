import type { KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const horizontalpodautoscalers: KindInfo = {
  group: 'autoscaling',
  version: 'v2',
  kind: 'HorizontalPodAutoscaler',
  resource: 'horizontalpodautoscalers',
  singular: 'horizontalpodautoscaler',
  namespaced: true,
  verbs: ALL_VERBS,
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [{ name: 'status', kind: 'HorizontalPodAutoscaler', verbs: ['get', 'patch', 'update'] }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Reference', type: 'string', priority: 0 },
    { name: 'Targets', type: 'string', priority: 0 },
    { name: 'MinPods', type: 'string', priority: 0 },
    { name: 'MaxPods', type: 'string', priority: 0 },
    { name: 'Replicas', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

/** The same in an older version. */
export const horizontalpodautoscalersV1: KindInfo = { ...horizontalpodautoscalers, version: 'v1', storedAs: 'autoscaling/v2' };
