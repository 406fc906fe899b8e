import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, item, list, map, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { nodeSelector } from './node-selector.ts';
import { objectReference, secretReference } from './references.ts';
import {
  awsElasticBlockStoreVolumeSource,
  azureDiskVolumeSource,
  fcVolumeSource,
  flockerVolumeSource,
  gcePersistentDiskVolumeSource,
  hostPathVolumeSource,
  nfsVolumeSource,
  photonPersistentDiskVolumeSource,
  portworxVolumeSource,
  quobyteVolumeSource,
  vsphereVirtualDiskVolumeSource,
} from './volume-source.ts';

export const azureFilePersistentVolumeSource = message(
  'io.k8s.api.core.v1.AzureFilePersistentVolumeSource',
  'A file share at Azure.',
  () => ({
    secretName: string(1, "Secret with the storage account's name and key.", { required: true }),
    shareName: string(2, 'Name of the share.', { required: true }),
    readOnly: bool(3, 'True forbids writing; false unless given.'),
    secretNamespace: string(4, "Namespace of the secret; the claim's unless given.", { nullable: true }),
  }),
);
export interface AzureFilePersistentVolumeSource extends Of<typeof azureFilePersistentVolumeSource> {}

export const csiPersistentVolumeSource = message('io.k8s.api.core.v1.CSIPersistentVolumeSource', 'A volume of a CSI driver.', () => ({
  driver: string(1, 'Name of the driver.', { required: true }),
  volumeHandle: string(2, "The driver's name for the volume, unique to it; cannot be changed.", { required: true }),
  readOnly: bool(3, 'True asks for a read-only volume; false unless given.'),
  fsType: string(4, 'File system to mount, such as ext4.'),
  volumeAttributes: map(item.string(), 5, 'Facts the driver returned when it made the volume, handed back to it.'),
  controllerPublishSecretRef: ref(secretReference, 6, 'Secret handed to the driver to attach and detach the volume.', { pointer: true }),
  nodeStageSecretRef: ref(secretReference, 7, 'Secret handed to the driver to prepare the volume on a node.', { pointer: true }),
  nodePublishSecretRef: ref(secretReference, 8, 'Secret handed to the driver to mount the volume into a pod.', { pointer: true }),
  controllerExpandSecretRef: ref(secretReference, 9, 'Secret handed to the driver to grow the volume.', { pointer: true }),
  nodeExpandSecretRef: ref(secretReference, 10, 'Secret handed to the driver to grow the file system on a node.', { pointer: true }),
}));
export interface CSIPersistentVolumeSource extends Of<typeof csiPersistentVolumeSource> {}

export const cephFSPersistentVolumeSource = message(
  'io.k8s.api.core.v1.CephFSPersistentVolumeSource',
  'A directory of a Ceph file system; no longer supported.',
  () => ({
    monitors: list(item.string(), 1, "Addresses of Ceph's monitors.", { required: true, listType: 'atomic' }),
    path: string(2, 'Directory to mount; / unless given.'),
    user: string(3, 'Ceph user; admin unless given.'),
    secretFile: string(4, "File with the user's key; /etc/ceph/user.secret unless given."),
    secretRef: ref(secretReference, 5, "Secret with the user's key; wins over secretFile.", { pointer: true }),
    readOnly: bool(6, 'True forbids writing; false unless given.'),
  }),
);
export interface CephFSPersistentVolumeSource extends Of<typeof cephFSPersistentVolumeSource> {}

export const cinderPersistentVolumeSource = message(
  'io.k8s.api.core.v1.CinderPersistentVolumeSource',
  "An OpenStack Cinder volume; must be in the node's region.",
  () => ({
    volumeID: string(1, 'ID of the volume at Cinder.', { required: true }),
    fsType: string(2, 'File system on it; ext4 unless given.'),
    readOnly: bool(3, 'True forbids writing; false unless given.'),
    secretRef: ref(secretReference, 4, 'Secret with what is needed to reach OpenStack.', { pointer: true }),
  }),
);
export interface CinderPersistentVolumeSource extends Of<typeof cinderPersistentVolumeSource> {}

export const flexPersistentVolumeSource = message(
  'io.k8s.api.core.v1.FlexPersistentVolumeSource',
  'A volume of a plugin program installed on the nodes.',
  () => ({
    driver: string(1, 'Name of the plugin.', { required: true }),
    fsType: string(2, 'File system on it; the plugin decides unless given.'),
    secretRef: ref(secretReference, 3, 'Secret handed to the plugin.', { pointer: true }),
    readOnly: bool(4, 'True forbids writing; false unless given.'),
    options: map(item.string(), 5, 'Settings that only the plugin understands.'),
  }),
);
export interface FlexPersistentVolumeSource extends Of<typeof flexPersistentVolumeSource> {}

export const glusterfsPersistentVolumeSource = message(
  'io.k8s.api.core.v1.GlusterfsPersistentVolumeSource',
  'A Glusterfs volume; no longer supported.',
  () => ({
    endpoints: string(1, 'Endpoints object that lists the servers.', { required: true }),
    path: string(2, 'Name of the Glusterfs volume.', { required: true }),
    readOnly: bool(3, 'True forbids writing; false unless given.'),
    endpointsNamespace: string(4, "Namespace of the endpoints object; the claim's unless given.", { pointer: true }),
  }),
);
export interface GlusterfsPersistentVolumeSource extends Of<typeof glusterfsPersistentVolumeSource> {}

export const iscsiPersistentVolumeSource = message(
  'io.k8s.api.core.v1.ISCSIPersistentVolumeSource',
  'A disk reached over iSCSI; one node at a time may write.',
  () => ({
    targetPortal: string(1, 'Address of the target, as host or host:port; the port is 3260 unless given.', { required: true }),
    iqn: string(2, 'Qualified name of the target.', { required: true }),
    lun: int32(3, 'Number of the disk at the target.', { required: true }),
    iscsiInterface: string(4, 'Interface to use; default, that is TCP, unless given.', { default: 'default' }),
    fsType: string(5, 'File system on it; ext4 unless given.'),
    readOnly: bool(6, 'True forbids writing; false unless given.'),
    portals: list(item.string(), 7, 'More addresses of the same target, for several paths to it.', { listType: 'atomic' }),
    chapAuthDiscovery: bool(8, 'True authenticates by CHAP to discover targets.'),
    chapAuthSession: bool(11, 'True authenticates by CHAP to log in.'),
    secretRef: ref(secretReference, 10, 'Secret with the CHAP names and passwords.', { pointer: true }),
    initiatorName: string(12, "Name to log in under; the node's own unless given.", { pointer: true }),
  }),
);
export interface ISCSIPersistentVolumeSource extends Of<typeof iscsiPersistentVolumeSource> {}

export const localVolumeSource = message('io.k8s.api.core.v1.LocalVolumeSource', 'A disk, partition or directory of one node.', () => ({
  path: string(1, 'Path on the node.', { required: true }),
  fsType: string(2, 'File system of a block device; found out, or ext4, unless given.', { pointer: true }),
}));
export interface LocalVolumeSource extends Of<typeof localVolumeSource> {}

export const rbdPersistentVolumeSource = message(
  'io.k8s.api.core.v1.RBDPersistentVolumeSource',
  'A Ceph block device; no longer supported.',
  () => ({
    monitors: list(item.string(), 1, "Addresses of Ceph's monitors.", { required: true, listType: 'atomic' }),
    image: string(2, 'Name of the image.', { required: true }),
    fsType: string(3, 'File system on it, such as ext4, the default.'),
    pool: string(4, 'Pool the image is in; rbd unless given.', { default: 'rbd' }),
    user: string(5, 'Ceph user; admin unless given.', { default: 'admin' }),
    keyring: string(6, "File with the user's key; /etc/ceph/keyring unless given.", { default: '/etc/ceph/keyring' }),
    secretRef: ref(secretReference, 7, "Secret with the user's key; wins over keyring.", { pointer: true }),
    readOnly: bool(8, 'True forbids writing; false unless given.'),
  }),
);
export interface RBDPersistentVolumeSource extends Of<typeof rbdPersistentVolumeSource> {}

export const scaleIOPersistentVolumeSource = message(
  'io.k8s.api.core.v1.ScaleIOPersistentVolumeSource',
  'A ScaleIO volume; no longer supported.',
  () => ({
    gateway: string(1, 'Address of the ScaleIO gateway.', { required: true }),
    system: string(2, 'Name of the storage system.', { required: true }),
    secretRef: ref(secretReference, 3, 'Secret with the login; without it nothing works.', { required: true, nullable: true }),
    sslEnabled: bool(4, 'True talks to the gateway over TLS; false unless given.'),
    protectionDomain: string(5, 'Protection domain of the storage.'),
    storagePool: string(6, 'Storage pool in that domain.'),
    storageMode: string(7, 'ThickProvisioned or ThinProvisioned, the default.', { default: 'ThinProvisioned' }),
    volumeName: string(8, 'Name of a volume that exists.'),
    fsType: string(9, 'File system on it; xfs unless given.', { default: 'xfs' }),
    readOnly: bool(10, 'True forbids writing; false unless given.'),
  }),
);
export interface ScaleIOPersistentVolumeSource extends Of<typeof scaleIOPersistentVolumeSource> {}

export const storageOSPersistentVolumeSource = message(
  'io.k8s.api.core.v1.StorageOSPersistentVolumeSource',
  'A StorageOS volume; no longer supported.',
  () => ({
    volumeName: string(1, 'Name of the volume, unique in its StorageOS namespace.'),
    volumeNamespace: string(2, "StorageOS namespace of the volume; the pod's namespace unless given."),
    fsType: string(3, 'File system on it; ext4 unless given.'),
    readOnly: bool(4, 'True forbids writing; false unless given.'),
    secretRef: ref(objectReference, 5, 'Secret with the login to StorageOS.', { pointer: true }),
  }),
);
export interface StorageOSPersistentVolumeSource extends Of<typeof storageOSPersistentVolumeSource> {}

export const volumeNodeAffinity = message('io.k8s.api.core.v1.VolumeNodeAffinity', 'Which nodes can reach a volume.', () => ({
  required: ref(nodeSelector, 1, 'Only these nodes can; pods that use the volume are placed there.', { pointer: true }),
}));
export interface VolumeNodeAffinity extends Of<typeof volumeNodeAffinity> {}

export const persistentVolumeSpec = message(
  'io.k8s.api.core.v1.PersistentVolumeSpec',
  'What a volume is and how it may be used; exactly one source.',
  () => ({
    capacity: map(item.quantity(), 1, 'Size of the volume, under the key storage.'),
    gcePersistentDisk: ref(gcePersistentDiskVolumeSource, [2, 1], 'A Google disk; deprecated, its CSI driver takes over.', {
      pointer: true,
    }),
    awsElasticBlockStore: ref(awsElasticBlockStoreVolumeSource, [2, 2], 'An Amazon EBS volume; deprecated, its CSI driver takes over.', {
      pointer: true,
    }),
    hostPath: ref(hostPathVolumeSource, [2, 3], 'A directory of the node; for trials on a single node only.', { pointer: true }),
    glusterfs: ref(glusterfsPersistentVolumeSource, [2, 4], 'A Glusterfs volume; deprecated, and without support today.', {
      pointer: true,
    }),
    nfs: ref(nfsVolumeSource, [2, 5], 'A directory of an NFS server.', { pointer: true }),
    rbd: ref(rbdPersistentVolumeSource, [2, 6], 'A Ceph block device; deprecated, and without support today.', { pointer: true }),
    iscsi: ref(iscsiPersistentVolumeSource, [2, 7], 'A disk reached over iSCSI.', { pointer: true }),
    cinder: ref(cinderPersistentVolumeSource, [2, 8], 'An OpenStack volume; deprecated, its CSI driver takes over.', { pointer: true }),
    cephfs: ref(cephFSPersistentVolumeSource, [2, 9], 'A Ceph file system; deprecated, and without support today.', { pointer: true }),
    fc: ref(fcVolumeSource, [2, 10], 'A disk reached over Fibre Channel.', { pointer: true }),
    flocker: ref(flockerVolumeSource, [2, 11], 'A Flocker volume; deprecated, and without support today.', { pointer: true }),
    flexVolume: ref(flexPersistentVolumeSource, [2, 12], 'A volume of an exec-based plugin on the node; deprecated in favour of CSI.', {
      pointer: true,
    }),
    azureFile: ref(azureFilePersistentVolumeSource, [2, 13], 'An Azure file share; deprecated, its CSI driver takes over.', {
      pointer: true,
    }),
    vsphereVolume: ref(vsphereVirtualDiskVolumeSource, [2, 14], 'A vSphere disk; deprecated, its CSI driver takes over.', {
      pointer: true,
    }),
    quobyte: ref(quobyteVolumeSource, [2, 15], 'A Quobyte volume; deprecated, and without support today.', { pointer: true }),
    azureDisk: ref(azureDiskVolumeSource, [2, 16], 'An Azure disk; deprecated, its CSI driver takes over.', { pointer: true }),
    photonPersistentDisk: ref(photonPersistentDiskVolumeSource, [2, 17], 'A Photon disk; deprecated, and without support today.', {
      pointer: true,
    }),
    portworxVolume: ref(portworxVolumeSource, [2, 18], 'A Portworx volume; deprecated, its CSI driver takes over.', { pointer: true }),
    scaleIO: ref(scaleIOPersistentVolumeSource, [2, 19], 'A ScaleIO volume; deprecated, and without support today.', { pointer: true }),
    local: ref(localVolumeSource, [2, 20], 'A disk or directory of one node; needs nodeAffinity.', { pointer: true }),
    storageos: ref(storageOSPersistentVolumeSource, [2, 21], 'A StorageOS volume; deprecated, and without support today.', {
      pointer: true,
    }),
    csi: ref(csiPersistentVolumeSource, [2, 22], 'A volume of a CSI driver.', { pointer: true }),
    accessModes: list(item.string(), 3, 'Ways it can be mounted: ReadWriteOnce, ReadOnlyMany, ReadWriteMany, ReadWriteOncePod.', {
      listType: 'atomic',
      itemEnum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'],
    }),
    claimRef: ref(objectReference, 4, 'The claim it is bound to, or kept for.', { pointer: true, mapType: 'granular' }),
    persistentVolumeReclaimPolicy: string(5, 'When the claim is gone: Retain (the default by hand), Delete, or the deprecated Recycle.', {
      enum: ['Delete', 'Recycle', 'Retain'],
    }),
    storageClassName: string(6, 'Class it belongs to; only claims of the same class can have it.'),
    mountOptions: list(item.string(), 7, 'Options for the mount, not checked beforehand; a wrong one makes mounts fail.', {
      listType: 'atomic',
    }),
    volumeMode: string(8, 'Filesystem (the default) to mount, or Block for a raw device.', {
      pointer: true,
      enum: ['Block', 'Filesystem'],
    }),
    nodeAffinity: ref(volumeNodeAffinity, 9, 'Which nodes can reach it; any unless given.', { pointer: true }),
    volumeAttributesClassName: string(10, "Class of attributes it has; must be the claim's.", { pointer: true }),
  }),
);
export interface PersistentVolumeSpec extends Of<typeof persistentVolumeSpec> {}

export const persistentVolumeStatus = message('io.k8s.api.core.v1.PersistentVolumeStatus', 'Where in its life a volume is.', () => ({
  phase: string(1, 'Pending, Available, Bound, Released once its claim is gone, or Failed.', {
    enum: ['Available', 'Bound', 'Failed', 'Pending', 'Released'],
  }),
  message: string(2, 'Explanation for people of why it is in this state.'),
  reason: string(3, 'One word for programs, set with Failed.'),
  lastPhaseTransitionTime: time(4, 'When it last went from one phase to another.', { pointer: true }),
}));
export interface PersistentVolumeStatus extends Of<typeof persistentVolumeStatus> {}

export const persistentVolume = message(
  'io.k8s.api.core.v1.PersistentVolume',
  'A piece of storage in the cluster, made by hand or on demand, that claims are bound to.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(persistentVolumeSpec, 2, 'What the volume is and how it may be used.', { present: true }),
    status: ref(persistentVolumeStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface PersistentVolume extends Of<typeof persistentVolume> {}
