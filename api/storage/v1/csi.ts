import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { bool, int32, int64, item, list, of, quantity, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const tokenRequest = message(
  'io.k8s.api.storage.v1.TokenRequest',
  'A token that a CSI driver wants of the pod it mounts for.',
  () => ({
    audience: string(1, 'Who is to accept the token; the API server if empty.', { required: true }),
    expirationSeconds: int64(2, 'Seconds the token should last; 3600 unless given, at least 600.', { pointer: true }),
  }),
);
export interface TokenRequest extends Of<typeof tokenRequest> {}

export const csiDriverSpec = message(
  'io.k8s.api.storage.v1.CSIDriverSpec',
  'What a CSI driver can do, and what it wants to be told.',
  () => ({
    attachRequired: bool(1, 'True (the default) if volumes must be attached to a node before they are mounted.', { pointer: true }),
    podInfoOnMount: bool(2, "True tells the driver the pod's name, namespace, UID and service account on mount.", { pointer: true }),
    volumeLifecycleModes: list(item.string(), 3, "Persistent (the default) for claims, Ephemeral for volumes inside a pod's spec.", {
      listType: 'set',
    }),
    storageCapacity: bool(4, 'True makes the scheduler look at the capacity that the driver publishes; false unless given.', {
      pointer: true,
    }),
    fsGroupPolicy: string(5, 'Whether files are handed to fsGroup: ReadWriteOnceWithFSType (the default), File or None.', {
      pointer: true,
    }),
    tokenRequests: list(of(tokenRequest), 6, "Tokens of the pod's service account the driver gets on mount; one per audience.", {
      listType: 'atomic',
    }),
    requiresRepublish: bool(7, 'True calls the driver again from time to time, to refresh mounts; false unless given.', { pointer: true }),
    seLinuxMount: bool(8, 'True if the driver can mount with an SELinux label; false unless given.', { pointer: true }),
    nodeAllocatableUpdatePeriodSeconds: int64(
      9,
      'Seconds between updates of how many volumes a node can take; never unless given, at least 10.',
      { pointer: true },
    ),
  }),
);
export interface CSIDriverSpec extends Of<typeof csiDriverSpec> {}

export const csiDriver = message('io.k8s.api.storage.v1.CSIDriver', "A storage driver of the cluster; its name is the driver's.", () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(csiDriverSpec, 2, 'What the driver can do, and what it wants to be told.', { required: true }),
}));
export interface CSIDriver extends Of<typeof csiDriver> {}

export const volumeNodeResources = message('io.k8s.api.storage.v1.VolumeNodeResources', 'How many volumes fit on a node.', () => ({
  count: int32(1, 'Most volumes of the driver that the node can take; no limit if absent.', { pointer: true }),
}));
export interface VolumeNodeResources extends Of<typeof volumeNodeResources> {}

export const csiNodeDriver = message('io.k8s.api.storage.v1.CSINodeDriver', 'One CSI driver on a node.', () => ({
  name: string(1, 'Name of the driver.', { required: true }),
  nodeID: string(2, "The driver's name for the node.", { required: true }),
  topologyKeys: list(item.string(), 3, 'Node labels that say where the node is, as far as the driver cares.', {
    always: true,
    listType: 'atomic',
  }),
  allocatable: ref(volumeNodeResources, 4, 'How many volumes of the driver fit.', { pointer: true }),
}));
export interface CSINodeDriver extends Of<typeof csiNodeDriver> {}

export const csiNodeSpec = message('io.k8s.api.storage.v1.CSINodeSpec', 'The CSI drivers on a node.', () => ({
  drivers: list(of(csiNodeDriver), 1, 'The drivers; the kubelet adds and removes them.', {
    required: true,
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
}));
export interface CSINodeSpec extends Of<typeof csiNodeSpec> {}

export const csiNode = message('io.k8s.api.storage.v1.CSINode', 'The CSI drivers of the node that has the same name.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, 'Name and so on; the name is that of the node.', { present: true }),
  spec: ref(csiNodeSpec, 2, 'The CSI drivers on the node.', { required: true }),
}));
export interface CSINode extends Of<typeof csiNode> {}

export const csiStorageCapacity = message(
  'io.k8s.api.storage.v1.CSIStorageCapacity',
  'How much storage of a class is left in one area, for the scheduler to look at.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    nodeTopology: ref(labelSelector, 2, 'Nodes that can reach the storage; none if absent, all if empty.', { pointer: true }),
    storageClassName: string(3, 'The storage class.', { required: true }),
    capacity: quantity(4, 'How much is left in all; unknown if absent.', { pointer: true }),
    maximumVolumeSize: quantity(5, 'Largest volume that can be made; if absent, capacity is looked at instead.', { pointer: true }),
  }),
);
export interface CSIStorageCapacity extends Of<typeof csiStorageCapacity> {}
