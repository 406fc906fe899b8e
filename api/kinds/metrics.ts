import type { KindInfo, TableColumn } from '../kind-info.ts';

const GROUP = { group: 'metrics.k8s.io', version: 'v1beta1', singular: '', verbs: ['get', 'list'], subresources: [] } as const;

const COLUMNS: readonly TableColumn[] = [
  { name: 'Name', type: 'string', format: 'name', priority: 0 },
  { name: 'cpu', type: 'string', format: 'quantity', priority: 0 },
  { name: 'memory', type: 'string', format: 'quantity', priority: 0 },
  { name: 'Window', type: 'string', format: 'duration', priority: 0 },
];

export const nodes: KindInfo = { ...GROUP, kind: 'NodeMetrics', resource: 'nodes', namespaced: false, columns: COLUMNS };

export const pods: KindInfo = { ...GROUP, kind: 'PodMetrics', resource: 'pods', namespaced: true, columns: COLUMNS };
