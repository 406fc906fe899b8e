import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { bool, int32, int64, item, list, of, quantity, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const tokenRequest = message('io.k8s.api.storage.v1.TokenRequest', '', () => ({
  audience: string(1, '', { required: true }),
  expirationSeconds: int64(2, '', { pointer: true }),
}));
export interface TokenRequest extends Of<typeof tokenRequest> {}

export const csiDriverSpec = message('io.k8s.api.storage.v1.CSIDriverSpec', '', () => ({
  attachRequired: bool(1, '', { pointer: true }),
  podInfoOnMount: bool(2, '', { pointer: true }),
  volumeLifecycleModes: list(item.string(), 3, '', { listType: 'set' }),
  storageCapacity: bool(4, '', { pointer: true }),
  fsGroupPolicy: string(5, '', { pointer: true }),
  tokenRequests: list(of(tokenRequest), 6, '', { listType: 'atomic' }),
  requiresRepublish: bool(7, '', { pointer: true }),
  seLinuxMount: bool(8, '', { pointer: true }),
  nodeAllocatableUpdatePeriodSeconds: int64(9, '', { pointer: true }),
}));
export interface CSIDriverSpec extends Of<typeof csiDriverSpec> {}

export const csiDriver = message('io.k8s.api.storage.v1.CSIDriver', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(csiDriverSpec, 2, '', { required: true }),
}));
export interface CSIDriver extends Of<typeof csiDriver> {}

export const volumeNodeResources = message('io.k8s.api.storage.v1.VolumeNodeResources', '', () => ({
  count: int32(1, '', { pointer: true }),
}));
export interface VolumeNodeResources extends Of<typeof volumeNodeResources> {}

export const csiNodeDriver = message('io.k8s.api.storage.v1.CSINodeDriver', '', () => ({
  name: string(1, '', { required: true }),
  nodeID: string(2, '', { required: true }),
  topologyKeys: list(item.string(), 3, '', { always: true, listType: 'atomic' }),
  allocatable: ref(volumeNodeResources, 4, '', { pointer: true }),
}));
export interface CSINodeDriver extends Of<typeof csiNodeDriver> {}

export const csiNodeSpec = message('io.k8s.api.storage.v1.CSINodeSpec', '', () => ({
  drivers: list(of(csiNodeDriver), 1, '', {
    required: true,
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
}));
export interface CSINodeSpec extends Of<typeof csiNodeSpec> {}

export const csiNode = message('io.k8s.api.storage.v1.CSINode', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(csiNodeSpec, 2, '', { required: true }),
}));
export interface CSINode extends Of<typeof csiNode> {}

export const csiStorageCapacity = message('io.k8s.api.storage.v1.CSIStorageCapacity', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  nodeTopology: ref(labelSelector, 2, '', { pointer: true }),
  storageClassName: string(3, '', { required: true }),
  capacity: quantity(4, '', { pointer: true }),
  maximumVolumeSize: quantity(5, '', { pointer: true }),
}));
export interface CSIStorageCapacity extends Of<typeof csiStorageCapacity> {}
