import type { KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const deviceclasses: KindInfo = {
  group: 'resource.k8s.io',
  version: 'v1',
  writtenAs: 'resource.k8s.io/v1beta2',
  kind: 'DeviceClass',
  resource: 'deviceclasses',
  singular: 'deviceclass',
  namespaced: false,
  verbs: ALL_VERBS,
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const resourceclaims: KindInfo = {
  group: 'resource.k8s.io',
  version: 'v1',
  writtenAs: 'resource.k8s.io/v1beta2',
  kind: 'ResourceClaim',
  resource: 'resourceclaims',
  singular: 'resourceclaim',
  namespaced: true,
  verbs: ALL_VERBS,
  subresources: [{ name: 'status', kind: 'ResourceClaim', verbs: ['get', 'patch', 'update'] }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'State', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const resourceclaimtemplates: KindInfo = {
  group: 'resource.k8s.io',
  version: 'v1',
  writtenAs: 'resource.k8s.io/v1beta2',
  kind: 'ResourceClaimTemplate',
  resource: 'resourceclaimtemplates',
  singular: 'resourceclaimtemplate',
  namespaced: true,
  verbs: ALL_VERBS,
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const resourceslices: KindInfo = {
  group: 'resource.k8s.io',
  version: 'v1',
  writtenAs: 'resource.k8s.io/v1beta2',
  kind: 'ResourceSlice',
  resource: 'resourceslices',
  singular: 'resourceslice',
  namespaced: false,
  verbs: ALL_VERBS,
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Node', type: 'string', priority: 0 },
    { name: 'Driver', type: 'string', priority: 0 },
    { name: 'Pool', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};
