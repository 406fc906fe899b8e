import type { KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const flowschemas: KindInfo = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  resource: 'flowschemas',
  singular: 'flowschema',
  namespaced: false,
  verbs: ALL_VERBS,
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'], kind: 'FlowSchema' }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'PriorityLevel', type: 'string', priority: 0 },
    { name: 'MatchingPrecedence', type: 'string', priority: 0 },
    { name: 'DistinguisherMethod', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
    { name: 'MissingPL', type: 'string', priority: 0 },
  ],
};

export const prioritylevelconfigurations: KindInfo = {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  resource: 'prioritylevelconfigurations',
  singular: 'prioritylevelconfiguration',
  namespaced: false,
  verbs: ALL_VERBS,
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'], kind: 'PriorityLevelConfiguration' }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Type', type: 'string', priority: 0 },
    { name: 'NominalConcurrencyShares', type: 'string', priority: 0 },
    { name: 'Queues', type: 'string', priority: 0 },
    { name: 'HandSize', type: 'string', priority: 0 },
    { name: 'QueueLengthLimit', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};
