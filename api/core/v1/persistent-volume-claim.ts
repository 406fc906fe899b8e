import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { typedLocalObjectReference, typedObjectReference } from './references.ts';

export const modifyVolumeStatus = message(
  'io.k8s.api.core.v1.ModifyVolumeStatus',
  'How a change of volume attributes class is going.',
  () => ({
    targetVolumeAttributesClassName: string(1, 'The class the volume is changing to.'),
    status: string(2, 'Pending while the class is missing, InProgress, or Infeasible when the driver refused.', {
      required: true,
      enum: ['InProgress', 'Infeasible', 'Pending'],
    }),
  }),
);
export interface ModifyVolumeStatus extends Of<typeof modifyVolumeStatus> {}

export const volumeResourceRequirements = message(
  'io.k8s.api.core.v1.VolumeResourceRequirements',
  'How much storage a claim wants.',
  () => ({
    limits: map(item.quantity(), 1, 'Most it may get.'),
    requests: map(item.quantity(), 2, 'Least it must get, under the key storage; may be raised later to grow the volume.'),
  }),
);
export interface VolumeResourceRequirements extends Of<typeof volumeResourceRequirements> {}

export const persistentVolumeClaimSpec = message('io.k8s.api.core.v1.PersistentVolumeClaimSpec', 'The storage that is wanted.', () => ({
  accessModes: list(item.string(), 1, 'ReadWriteOnce (one node), ReadOnlyMany, ReadWriteMany or ReadWriteOncePod (one pod).', {
    listType: 'atomic',
    itemEnum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'],
  }),
  selector: ref(labelSelector, 4, 'Only volumes with these labels will do.', { pointer: true }),
  resources: ref(volumeResourceRequirements, 2, 'How much storage; it can grow if the class allows, and never shrinks.'),
  volumeName: string(3, 'The volume bound to it; set by the controller, or beforehand to pick one.'),
  storageClassName: string(5, 'Class the storage comes from; the default class if absent, no class at all if empty.', { pointer: true }),
  volumeMode: string(6, 'Filesystem (the default) to mount, or Block for a raw device.', { pointer: true, enum: ['Block', 'Filesystem'] }),
  dataSource: ref(typedLocalObjectReference, 7, 'What to fill the volume from: a snapshot, or a claim to copy.', { pointer: true }),
  dataSourceRef: ref(typedObjectReference, 8, 'As dataSource, but of any kind, and from other namespaces where allowed.', {
    pointer: true,
  }),
  volumeAttributesClassName: string(9, 'Class of attributes, such as speed, that the driver applies and can change later.', {
    pointer: true,
  }),
}));
export interface PersistentVolumeClaimSpec extends Of<typeof persistentVolumeClaimSpec> {}

export const persistentVolumeClaimCondition = message(
  'io.k8s.api.core.v1.PersistentVolumeClaimCondition',
  'One aspect of a claim, such as Resizing or FileSystemResizePending.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastProbeTime: time(3, 'When it was last checked.'),
    lastTransitionTime: time(4, 'When status last went from one value to another.'),
    reason: string(5, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(6, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface PersistentVolumeClaimCondition extends Of<typeof persistentVolumeClaimCondition> {}

export const persistentVolumeClaimStatus = message('io.k8s.api.core.v1.PersistentVolumeClaimStatus', 'What became of a claim.', () => ({
  phase: string(1, 'Pending until a volume is found, Bound, or Lost if that volume has vanished.', { enum: ['Bound', 'Lost', 'Pending'] }),
  accessModes: list(item.string(), 2, 'Access modes of the volume it is bound to.', {
    listType: 'atomic',
    itemEnum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'],
  }),
  capacity: map(item.quantity(), 3, 'Size of the volume it is bound to.'),
  conditions: list(of(persistentVolumeClaimCondition), 4, 'How a resize or modification is going, one entry per type.', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
  allocatedResources: map(item.quantity(), 5, 'Size reserved during a resize, which may exceed capacity until it is done.'),
  allocatedResourceStatuses: map(item.string(), 7, 'How far a resize is, by resource, such as ControllerResizeInProgress.', {
    mapType: 'granular',
    itemEnum: [
      'ControllerResizeInProgress',
      'ControllerResizeInfeasible',
      'NodeResizeInProgress',
      'NodeResizeInfeasible',
      'NodeResizePending',
    ],
  }),
  currentVolumeAttributesClassName: string(8, 'Class of attributes in force; absent if none is.', { pointer: true }),
  modifyVolumeStatus: ref(modifyVolumeStatus, 9, 'How a change of that class is going; absent if none is.', { pointer: true }),
}));
export interface PersistentVolumeClaimStatus extends Of<typeof persistentVolumeClaimStatus> {}

export const persistentVolumeClaim = message(
  'io.k8s.api.core.v1.PersistentVolumeClaim',
  'A request for storage, which a persistent volume is found or made for.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(persistentVolumeClaimSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(persistentVolumeClaimStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface PersistentVolumeClaim extends Of<typeof persistentVolumeClaim> {}

export const persistentVolumeClaimTemplate = message(
  'io.k8s.api.core.v1.PersistentVolumeClaimTemplate',
  'A claim to be made for one pod.',
  () => ({
    metadata: ref(objectMeta, 1, 'Labels and annotations for the claim; nothing else is allowed.'),
    spec: ref(persistentVolumeClaimSpec, 2, 'The storage that is wanted.', { required: true }),
  }),
);
export interface PersistentVolumeClaimTemplate extends Of<typeof persistentVolumeClaimTemplate> {}
