import type { KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const leases: KindInfo = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  resource: 'leases',
  singular: 'lease',
  namespaced: true,
  verbs: ALL_VERBS,
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Holder', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};
