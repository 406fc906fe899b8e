import type { KindInfo } from '../kind-info.ts';
import { ALL_VERBS } from './verbs.ts';

export const csidrivers: KindInfo = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  resource: 'csidrivers',
  singular: 'csidriver',
  namespaced: false,
  verbs: ALL_VERBS,
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'AttachRequired', type: 'boolean', priority: 0 },
    { name: 'PodInfoOnMount', type: 'boolean', priority: 0 },
    { name: 'StorageCapacity', type: 'boolean', priority: 0 },
    { name: 'TokenRequests', type: 'string', priority: 0 },
    { name: 'RequiresRepublish', type: 'boolean', priority: 0 },
    { name: 'Modes', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const csinodes: KindInfo = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  resource: 'csinodes',
  singular: 'csinode',
  namespaced: false,
  verbs: ALL_VERBS,
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Drivers', type: 'integer', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const csistoragecapacities: KindInfo = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIStorageCapacity',
  resource: 'csistoragecapacities',
  singular: 'csistoragecapacity',
  namespaced: true,
  verbs: ALL_VERBS,
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Created At', type: 'date', priority: 0 },
  ],
};

export const storageclasses: KindInfo = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  resource: 'storageclasses',
  singular: 'storageclass',
  namespaced: false,
  verbs: ALL_VERBS,
  shortNames: ['sc'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Provisioner', type: 'string', priority: 0 },
    { name: 'ReclaimPolicy', type: 'string', priority: 0 },
    { name: 'VolumeBindingMode', type: 'string', priority: 0 },
    { name: 'AllowVolumeExpansion', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const volumeattachments: KindInfo = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  resource: 'volumeattachments',
  singular: 'volumeattachment',
  namespaced: false,
  verbs: ALL_VERBS,
  subresources: [{ name: 'status', kind: 'VolumeAttachment', verbs: ['get', 'patch', 'update'] }],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'Attacher', type: 'string', format: 'name', priority: 0 },
    { name: 'PV', type: 'string', priority: 0 },
    { name: 'Node', type: 'string', priority: 0 },
    { name: 'Attached', type: 'boolean', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};

export const volumeattributesclasses: KindInfo = {
  group: 'storage.k8s.io',
  version: 'v1',
  writtenAs: 'storage.k8s.io/v1beta1',
  kind: 'VolumeAttributesClass',
  resource: 'volumeattributesclasses',
  singular: 'volumeattributesclass',
  namespaced: false,
  verbs: ALL_VERBS,
  shortNames: ['vac'],
  subresources: [],
  columns: [
    { name: 'Name', type: 'string', format: 'name', priority: 0 },
    { name: 'DriverName', type: 'string', priority: 0 },
    { name: 'Age', type: 'string', priority: 0 },
  ],
};
