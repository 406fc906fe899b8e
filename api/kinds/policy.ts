import type { KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const poddisruptionbudgets: KindInfo = {
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  resource: 'poddisruptionbudgets',
  singular: 'poddisruptionbudget',
  namespaced: true,
  verbs: ALL_VERBS,
  shortNames: ['pdb'],
  subresources: [{ name: 'status', kind: 'PodDisruptionBudget', verbs: ['get', 'patch', 'update'] }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Min Available', type: 'string', priority: 0 },
    { name: 'Max Unavailable', type: 'string', priority: 0 },
    { name: 'Allowed Disruptions', type: 'integer', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};
