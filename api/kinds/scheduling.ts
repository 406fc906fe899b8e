import type { KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const priorityclasses: KindInfo = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  resource: 'priorityclasses',
  singular: 'priorityclass',
  namespaced: false,
  verbs: ALL_VERBS,
  shortNames: ['pc'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Value', type: 'integer', priority: 0 },
    { name: 'Global-Default', type: 'boolean', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
    { name: 'PreemptionPolicy', type: 'string', priority: 0 },
  ],
};
