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

export const azureFilePersistentVolumeSource = message('io.k8s.api.core.v1.AzureFilePersistentVolumeSource', '', () => ({
  secretName: string(1, '', { required: true }),
  shareName: string(2, '', { required: true }),
  readOnly: bool(3, ''),
  secretNamespace: string(4, '', { nullable: true }),
}));
export interface AzureFilePersistentVolumeSource extends Of<typeof azureFilePersistentVolumeSource> {}

export const csiPersistentVolumeSource = message('io.k8s.api.core.v1.CSIPersistentVolumeSource', '', () => ({
  driver: string(1, '', { required: true }),
  volumeHandle: string(2, '', { required: true }),
  readOnly: bool(3, ''),
  fsType: string(4, ''),
  volumeAttributes: map(item.string(), 5, ''),
  controllerPublishSecretRef: ref(secretReference, 6, '', { pointer: true }),
  nodeStageSecretRef: ref(secretReference, 7, '', { pointer: true }),
  nodePublishSecretRef: ref(secretReference, 8, '', { pointer: true }),
  controllerExpandSecretRef: ref(secretReference, 9, '', { pointer: true }),
  nodeExpandSecretRef: ref(secretReference, 10, '', { pointer: true }),
}));
export interface CSIPersistentVolumeSource extends Of<typeof csiPersistentVolumeSource> {}

export const cephFSPersistentVolumeSource = message('io.k8s.api.core.v1.CephFSPersistentVolumeSource', '', () => ({
  monitors: list(item.string(), 1, '', { required: true, listType: 'atomic' }),
  path: string(2, ''),
  user: string(3, ''),
  secretFile: string(4, ''),
  secretRef: ref(secretReference, 5, '', { pointer: true }),
  readOnly: bool(6, ''),
}));
export interface CephFSPersistentVolumeSource extends Of<typeof cephFSPersistentVolumeSource> {}

export const cinderPersistentVolumeSource = message('io.k8s.api.core.v1.CinderPersistentVolumeSource', '', () => ({
  volumeID: string(1, '', { required: true }),
  fsType: string(2, ''),
  readOnly: bool(3, ''),
  secretRef: ref(secretReference, 4, '', { pointer: true }),
}));
export interface CinderPersistentVolumeSource extends Of<typeof cinderPersistentVolumeSource> {}

export const flexPersistentVolumeSource = message('io.k8s.api.core.v1.FlexPersistentVolumeSource', '', () => ({
  driver: string(1, '', { required: true }),
  fsType: string(2, ''),
  secretRef: ref(secretReference, 3, '', { pointer: true }),
  readOnly: bool(4, ''),
  options: map(item.string(), 5, ''),
}));
export interface FlexPersistentVolumeSource extends Of<typeof flexPersistentVolumeSource> {}

export const glusterfsPersistentVolumeSource = message('io.k8s.api.core.v1.GlusterfsPersistentVolumeSource', '', () => ({
  endpoints: string(1, '', { required: true }),
  path: string(2, '', { required: true }),
  readOnly: bool(3, ''),
  endpointsNamespace: string(4, '', { pointer: true }),
}));
export interface GlusterfsPersistentVolumeSource extends Of<typeof glusterfsPersistentVolumeSource> {}

export const iscsiPersistentVolumeSource = message('io.k8s.api.core.v1.ISCSIPersistentVolumeSource', '', () => ({
  targetPortal: string(1, '', { required: true }),
  iqn: string(2, '', { required: true }),
  lun: int32(3, '', { required: true }),
  iscsiInterface: string(4, '', { default: 'default' }),
  fsType: string(5, ''),
  readOnly: bool(6, ''),
  portals: list(item.string(), 7, '', { listType: 'atomic' }),
  chapAuthDiscovery: bool(8, ''),
  chapAuthSession: bool(11, ''),
  secretRef: ref(secretReference, 10, '', { pointer: true }),
  initiatorName: string(12, '', { pointer: true }),
}));
export interface ISCSIPersistentVolumeSource extends Of<typeof iscsiPersistentVolumeSource> {}

export const localVolumeSource = message('io.k8s.api.core.v1.LocalVolumeSource', '', () => ({
  path: string(1, '', { required: true }),
  fsType: string(2, '', { pointer: true }),
}));
export interface LocalVolumeSource extends Of<typeof localVolumeSource> {}

export const rbdPersistentVolumeSource = message('io.k8s.api.core.v1.RBDPersistentVolumeSource', '', () => ({
  monitors: list(item.string(), 1, '', { required: true, listType: 'atomic' }),
  image: string(2, '', { required: true }),
  fsType: string(3, ''),
  pool: string(4, '', { default: 'rbd' }),
  user: string(5, '', { default: 'admin' }),
  keyring: string(6, '', { default: '/etc/ceph/keyring' }),
  secretRef: ref(secretReference, 7, '', { pointer: true }),
  readOnly: bool(8, ''),
}));
export interface RBDPersistentVolumeSource extends Of<typeof rbdPersistentVolumeSource> {}

export const scaleIOPersistentVolumeSource = message('io.k8s.api.core.v1.ScaleIOPersistentVolumeSource', '', () => ({
  gateway: string(1, '', { required: true }),
  system: string(2, '', { required: true }),
  secretRef: ref(secretReference, 3, '', { required: true, nullable: true }),
  sslEnabled: bool(4, ''),
  protectionDomain: string(5, ''),
  storagePool: string(6, ''),
  storageMode: string(7, '', { default: 'ThinProvisioned' }),
  volumeName: string(8, ''),
  fsType: string(9, '', { default: 'xfs' }),
  readOnly: bool(10, ''),
}));
export interface ScaleIOPersistentVolumeSource extends Of<typeof scaleIOPersistentVolumeSource> {}

export const storageOSPersistentVolumeSource = message('io.k8s.api.core.v1.StorageOSPersistentVolumeSource', '', () => ({
  volumeName: string(1, ''),
  volumeNamespace: string(2, ''),
  fsType: string(3, ''),
  readOnly: bool(4, ''),
  secretRef: ref(objectReference, 5, '', { pointer: true }),
}));
export interface StorageOSPersistentVolumeSource extends Of<typeof storageOSPersistentVolumeSource> {}

export const volumeNodeAffinity = message('io.k8s.api.core.v1.VolumeNodeAffinity', '', () => ({
  required: ref(nodeSelector, 1, '', { pointer: true }),
}));
export interface VolumeNodeAffinity extends Of<typeof volumeNodeAffinity> {}

export const persistentVolumeSpec = message('io.k8s.api.core.v1.PersistentVolumeSpec', '', () => ({
  capacity: map(item.quantity(), 1, ''),
  gcePersistentDisk: ref(gcePersistentDiskVolumeSource, [2, 1], '', { pointer: true }),
  awsElasticBlockStore: ref(awsElasticBlockStoreVolumeSource, [2, 2], '', { pointer: true }),
  hostPath: ref(hostPathVolumeSource, [2, 3], '', { pointer: true }),
  glusterfs: ref(glusterfsPersistentVolumeSource, [2, 4], '', { pointer: true }),
  nfs: ref(nfsVolumeSource, [2, 5], '', { pointer: true }),
  rbd: ref(rbdPersistentVolumeSource, [2, 6], '', { pointer: true }),
  iscsi: ref(iscsiPersistentVolumeSource, [2, 7], '', { pointer: true }),
  cinder: ref(cinderPersistentVolumeSource, [2, 8], '', { pointer: true }),
  cephfs: ref(cephFSPersistentVolumeSource, [2, 9], '', { pointer: true }),
  fc: ref(fcVolumeSource, [2, 10], '', { pointer: true }),
  flocker: ref(flockerVolumeSource, [2, 11], '', { pointer: true }),
  flexVolume: ref(flexPersistentVolumeSource, [2, 12], '', { pointer: true }),
  azureFile: ref(azureFilePersistentVolumeSource, [2, 13], '', { pointer: true }),
  vsphereVolume: ref(vsphereVirtualDiskVolumeSource, [2, 14], '', { pointer: true }),
  quobyte: ref(quobyteVolumeSource, [2, 15], '', { pointer: true }),
  azureDisk: ref(azureDiskVolumeSource, [2, 16], '', { pointer: true }),
  photonPersistentDisk: ref(photonPersistentDiskVolumeSource, [2, 17], '', { pointer: true }),
  portworxVolume: ref(portworxVolumeSource, [2, 18], '', { pointer: true }),
  scaleIO: ref(scaleIOPersistentVolumeSource, [2, 19], '', { pointer: true }),
  local: ref(localVolumeSource, [2, 20], '', { pointer: true }),
  storageos: ref(storageOSPersistentVolumeSource, [2, 21], '', { pointer: true }),
  csi: ref(csiPersistentVolumeSource, [2, 22], '', { pointer: true }),
  accessModes: list(item.string(), 3, '', {
    listType: 'atomic',
    itemEnum: ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'],
  }),
  claimRef: ref(objectReference, 4, '', { pointer: true, mapType: 'granular' }),
  persistentVolumeReclaimPolicy: string(5, '', { enum: ['Delete', 'Recycle', 'Retain'] }),
  storageClassName: string(6, ''),
  mountOptions: list(item.string(), 7, '', { listType: 'atomic' }),
  volumeMode: string(8, '', { pointer: true, enum: ['Block', 'Filesystem'] }),
  nodeAffinity: ref(volumeNodeAffinity, 9, '', { pointer: true }),
  volumeAttributesClassName: string(10, '', { pointer: true }),
}));
export interface PersistentVolumeSpec extends Of<typeof persistentVolumeSpec> {}

export const persistentVolumeStatus = message('io.k8s.api.core.v1.PersistentVolumeStatus', '', () => ({
  phase: string(1, '', { enum: ['Available', 'Bound', 'Failed', 'Pending', 'Released'] }),
  message: string(2, ''),
  reason: string(3, ''),
  lastPhaseTransitionTime: time(4, '', { pointer: true }),
}));
export interface PersistentVolumeStatus extends Of<typeof persistentVolumeStatus> {}

export const persistentVolume = message('io.k8s.api.core.v1.PersistentVolume', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(persistentVolumeSpec, 2, '', { present: true }),
  status: ref(persistentVolumeStatus, 3, '', { present: true }),
}));
export interface PersistentVolume extends Of<typeof persistentVolume> {}
