import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { typedLocalObjectReference, typedObjectReference } from './references.ts';

export const modifyVolumeStatus = message('io.k8s.api.core.v1.ModifyVolumeStatus', '', () => ({
  targetVolumeAttributesClassName: string(1, ''),
  status: string(2, '', { required: true, enum: ['InProgress', 'Infeasible', 'Pending'] }),
}));
export interface ModifyVolumeStatus extends Of<typeof modifyVolumeStatus> {}

export const volumeResourceRequirements = message('io.k8s.api.core.v1.VolumeResourceRequirements', '', () => ({
  limits: map(item.quantity(), 1, ''),
  requests: map(item.quantity(), 2, ''),
}));
export interface VolumeResourceRequirements extends Of<typeof volumeResourceRequirements> {}

export const persistentVolumeClaimSpec = message('io.k8s.api.core.v1.PersistentVolumeClaimSpec', '', () => ({
  accessModes: list(item.string(), 1, '', {
    listType: 'atomic',
    itemEnum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'],
  }),
  selector: ref(labelSelector, 4, '', { pointer: true }),
  resources: ref(volumeResourceRequirements, 2, ''),
  volumeName: string(3, ''),
  storageClassName: string(5, '', { pointer: true }),
  volumeMode: string(6, '', { pointer: true, enum: ['Block', 'Filesystem'] }),
  dataSource: ref(typedLocalObjectReference, 7, '', { pointer: true }),
  dataSourceRef: ref(typedObjectReference, 8, '', { pointer: true }),
  volumeAttributesClassName: string(9, '', { pointer: true }),
}));
export interface PersistentVolumeClaimSpec extends Of<typeof persistentVolumeClaimSpec> {}

export const persistentVolumeClaimCondition = message('io.k8s.api.core.v1.PersistentVolumeClaimCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastProbeTime: time(3, ''),
  lastTransitionTime: time(4, ''),
  reason: string(5, ''),
  message: string(6, ''),
}));
export interface PersistentVolumeClaimCondition extends Of<typeof persistentVolumeClaimCondition> {}

export const persistentVolumeClaimStatus = message('io.k8s.api.core.v1.PersistentVolumeClaimStatus', '', () => ({
  phase: string(1, '', { enum: ['Bound', 'Lost', 'Pending'] }),
  accessModes: list(item.string(), 2, '', {
    listType: 'atomic',
    itemEnum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'],
  }),
  capacity: map(item.quantity(), 3, ''),
  conditions: list(of(persistentVolumeClaimCondition), 4, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
  allocatedResources: map(item.quantity(), 5, ''),
  allocatedResourceStatuses: map(item.string(), 7, '', { mapType: 'granular' }),
  currentVolumeAttributesClassName: string(8, '', { pointer: true }),
  modifyVolumeStatus: ref(modifyVolumeStatus, 9, '', { pointer: true }),
}));
export interface PersistentVolumeClaimStatus extends Of<typeof persistentVolumeClaimStatus> {}

export const persistentVolumeClaim = message('io.k8s.api.core.v1.PersistentVolumeClaim', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(persistentVolumeClaimSpec, 2, '', { present: true }),
  status: ref(persistentVolumeClaimStatus, 3, '', { present: true }),
}));
export interface PersistentVolumeClaim extends Of<typeof persistentVolumeClaim> {}

export const persistentVolumeClaimTemplate = message('io.k8s.api.core.v1.PersistentVolumeClaimTemplate', '', () => ({
  metadata: ref(objectMeta, 1, ''),
  spec: ref(persistentVolumeClaimSpec, 2, '', { required: true }),
}));
export interface PersistentVolumeClaimTemplate extends Of<typeof persistentVolumeClaimTemplate> {}
