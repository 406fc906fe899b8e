import { bool, int32, item, list, map, of, quantity, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { persistentVolumeClaimTemplate } from './persistent-volume-claim.ts';
import { localObjectReference } from './references.ts';
import { keyToPath } from './volume-projection.ts';

export const awsElasticBlockStoreVolumeSource = message('io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource', '', () => ({
  volumeID: string(1, '', { required: true }),
  fsType: string(2, ''),
  partition: int32(3, ''),
  readOnly: bool(4, ''),
}));
export interface AWSElasticBlockStoreVolumeSource extends Of<typeof awsElasticBlockStoreVolumeSource> {}

export const azureDiskVolumeSource = message('io.k8s.api.core.v1.AzureDiskVolumeSource', '', () => ({
  kind: string(6, '', { pointer: true, enum: ['Dedicated', 'Managed', 'Shared'], default: 'Shared' }),
  diskName: string(1, '', { required: true }),
  diskURI: string(2, '', { required: true }),
  cachingMode: string(3, '', { pointer: true, enum: ['None', 'ReadOnly', 'ReadWrite'], default: 'ReadWrite' }),
  fsType: string(4, '', { pointer: true, default: 'ext4' }),
  readOnly: bool(5, '', { pointer: true }),
}));
export interface AzureDiskVolumeSource extends Of<typeof azureDiskVolumeSource> {}

export const azureFileVolumeSource = message('io.k8s.api.core.v1.AzureFileVolumeSource', '', () => ({
  secretName: string(1, '', { required: true }),
  shareName: string(2, '', { required: true }),
  readOnly: bool(3, ''),
}));
export interface AzureFileVolumeSource extends Of<typeof azureFileVolumeSource> {}

export const csiVolumeSource = message('io.k8s.api.core.v1.CSIVolumeSource', '', () => ({
  driver: string(1, '', { required: true }),
  readOnly: bool(2, '', { pointer: true }),
  fsType: string(3, '', { pointer: true }),
  volumeAttributes: map(item.string(), 4, ''),
  nodePublishSecretRef: ref(localObjectReference, 5, '', { pointer: true }),
}));
export interface CSIVolumeSource extends Of<typeof csiVolumeSource> {}

export const cephFSVolumeSource = message('io.k8s.api.core.v1.CephFSVolumeSource', '', () => ({
  monitors: list(item.string(), 1, '', { required: true, listType: 'atomic' }),
  path: string(2, ''),
  user: string(3, ''),
  secretFile: string(4, ''),
  secretRef: ref(localObjectReference, 5, '', { pointer: true }),
  readOnly: bool(6, ''),
}));
export interface CephFSVolumeSource extends Of<typeof cephFSVolumeSource> {}

export const cinderVolumeSource = message('io.k8s.api.core.v1.CinderVolumeSource', '', () => ({
  volumeID: string(1, '', { required: true }),
  fsType: string(2, ''),
  readOnly: bool(3, ''),
  secretRef: ref(localObjectReference, 4, '', { pointer: true }),
}));
export interface CinderVolumeSource extends Of<typeof cinderVolumeSource> {}

export const configMapVolumeSource = message('io.k8s.api.core.v1.ConfigMapVolumeSource', '', () => ({
  name: string([1, 1], ''),
  items: list(of(keyToPath), 2, '', { listType: 'atomic' }),
  defaultMode: int32(3, '', { pointer: true }),
  optional: bool(4, '', { pointer: true }),
}));
export interface ConfigMapVolumeSource extends Of<typeof configMapVolumeSource> {}

export const emptyDirVolumeSource = message('io.k8s.api.core.v1.EmptyDirVolumeSource', '', () => ({
  medium: string(1, ''),
  sizeLimit: quantity(2, '', { pointer: true }),
}));
export interface EmptyDirVolumeSource extends Of<typeof emptyDirVolumeSource> {}

export const ephemeralVolumeSource = message('io.k8s.api.core.v1.EphemeralVolumeSource', '', () => ({
  volumeClaimTemplate: ref(persistentVolumeClaimTemplate, 1, '', { pointer: true }),
}));
export interface EphemeralVolumeSource extends Of<typeof ephemeralVolumeSource> {}

export const fcVolumeSource = message('io.k8s.api.core.v1.FCVolumeSource', '', () => ({
  targetWWNs: list(item.string(), 1, '', { listType: 'atomic' }),
  lun: int32(2, '', { pointer: true }),
  fsType: string(3, ''),
  readOnly: bool(4, ''),
  wwids: list(item.string(), 5, '', { listType: 'atomic' }),
}));
export interface FCVolumeSource extends Of<typeof fcVolumeSource> {}

export const flexVolumeSource = message('io.k8s.api.core.v1.FlexVolumeSource', '', () => ({
  driver: string(1, '', { required: true }),
  fsType: string(2, ''),
  secretRef: ref(localObjectReference, 3, '', { pointer: true }),
  readOnly: bool(4, ''),
  options: map(item.string(), 5, ''),
}));
export interface FlexVolumeSource extends Of<typeof flexVolumeSource> {}

export const flockerVolumeSource = message('io.k8s.api.core.v1.FlockerVolumeSource', '', () => ({
  datasetName: string(1, ''),
  datasetUUID: string(2, ''),
}));
export interface FlockerVolumeSource extends Of<typeof flockerVolumeSource> {}

export const gcePersistentDiskVolumeSource = message('io.k8s.api.core.v1.GCEPersistentDiskVolumeSource', '', () => ({
  pdName: string(1, '', { required: true }),
  fsType: string(2, ''),
  partition: int32(3, ''),
  readOnly: bool(4, ''),
}));
export interface GCEPersistentDiskVolumeSource extends Of<typeof gcePersistentDiskVolumeSource> {}

export const gitRepoVolumeSource = message('io.k8s.api.core.v1.GitRepoVolumeSource', '', () => ({
  repository: string(1, '', { required: true }),
  revision: string(2, ''),
  directory: string(3, ''),
}));
export interface GitRepoVolumeSource extends Of<typeof gitRepoVolumeSource> {}

export const glusterfsVolumeSource = message('io.k8s.api.core.v1.GlusterfsVolumeSource', '', () => ({
  endpoints: string(1, '', { required: true }),
  path: string(2, '', { required: true }),
  readOnly: bool(3, ''),
}));
export interface GlusterfsVolumeSource extends Of<typeof glusterfsVolumeSource> {}

export const hostPathVolumeSource = message('io.k8s.api.core.v1.HostPathVolumeSource', '', () => ({
  path: string(1, '', { required: true }),
  type: string(2, '', {
    pointer: true,
    enum: ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'],
  }),
}));
export interface HostPathVolumeSource extends Of<typeof hostPathVolumeSource> {}

export const iscsiVolumeSource = message('io.k8s.api.core.v1.ISCSIVolumeSource', '', () => ({
  targetPortal: string(1, '', { required: true }),
  iqn: string(2, '', { required: true }),
  lun: int32(3, '', { required: true }),
  iscsiInterface: string(4, '', { default: 'default' }),
  fsType: string(5, ''),
  readOnly: bool(6, ''),
  portals: list(item.string(), 7, '', { listType: 'atomic' }),
  chapAuthDiscovery: bool(8, ''),
  chapAuthSession: bool(11, ''),
  secretRef: ref(localObjectReference, 10, '', { pointer: true }),
  initiatorName: string(12, '', { pointer: true }),
}));
export interface ISCSIVolumeSource extends Of<typeof iscsiVolumeSource> {}

export const imageVolumeSource = message('io.k8s.api.core.v1.ImageVolumeSource', '', () => ({
  reference: string(1, ''),
  pullPolicy: string(2, '', { enum: ['Always', 'IfNotPresent', 'Never'] }),
}));
export interface ImageVolumeSource extends Of<typeof imageVolumeSource> {}

export const nfsVolumeSource = message('io.k8s.api.core.v1.NFSVolumeSource', '', () => ({
  server: string(1, '', { required: true }),
  path: string(2, '', { required: true }),
  readOnly: bool(3, ''),
}));
export interface NFSVolumeSource extends Of<typeof nfsVolumeSource> {}

export const persistentVolumeClaimVolumeSource = message('io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource', '', () => ({
  claimName: string(1, '', { required: true }),
  readOnly: bool(2, ''),
}));
export interface PersistentVolumeClaimVolumeSource extends Of<typeof persistentVolumeClaimVolumeSource> {}

export const photonPersistentDiskVolumeSource = message('io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource', '', () => ({
  pdID: string(1, '', { required: true }),
  fsType: string(2, ''),
}));
export interface PhotonPersistentDiskVolumeSource extends Of<typeof photonPersistentDiskVolumeSource> {}

export const portworxVolumeSource = message('io.k8s.api.core.v1.PortworxVolumeSource', '', () => ({
  volumeID: string(1, '', { required: true }),
  fsType: string(2, ''),
  readOnly: bool(3, ''),
}));
export interface PortworxVolumeSource extends Of<typeof portworxVolumeSource> {}

export const quobyteVolumeSource = message('io.k8s.api.core.v1.QuobyteVolumeSource', '', () => ({
  registry: string(1, '', { required: true }),
  volume: string(2, '', { required: true }),
  readOnly: bool(3, ''),
  user: string(4, ''),
  group: string(5, ''),
  tenant: string(6, ''),
}));
export interface QuobyteVolumeSource extends Of<typeof quobyteVolumeSource> {}

export const rbdVolumeSource = message('io.k8s.api.core.v1.RBDVolumeSource', '', () => ({
  monitors: list(item.string(), 1, '', { required: true, listType: 'atomic' }),
  image: string(2, '', { required: true }),
  fsType: string(3, ''),
  pool: string(4, '', { default: 'rbd' }),
  user: string(5, '', { default: 'admin' }),
  keyring: string(6, '', { default: '/etc/ceph/keyring' }),
  secretRef: ref(localObjectReference, 7, '', { pointer: true }),
  readOnly: bool(8, ''),
}));
export interface RBDVolumeSource extends Of<typeof rbdVolumeSource> {}

export const scaleIOVolumeSource = message('io.k8s.api.core.v1.ScaleIOVolumeSource', '', () => ({
  gateway: string(1, '', { required: true }),
  system: string(2, '', { required: true }),
  secretRef: ref(localObjectReference, 3, '', { required: true, nullable: true }),
  sslEnabled: bool(4, ''),
  protectionDomain: string(5, ''),
  storagePool: string(6, ''),
  storageMode: string(7, '', { default: 'ThinProvisioned' }),
  volumeName: string(8, ''),
  fsType: string(9, '', { default: 'xfs' }),
  readOnly: bool(10, ''),
}));
export interface ScaleIOVolumeSource extends Of<typeof scaleIOVolumeSource> {}

export const secretVolumeSource = message('io.k8s.api.core.v1.SecretVolumeSource', '', () => ({
  secretName: string(1, ''),
  items: list(of(keyToPath), 2, '', { listType: 'atomic' }),
  defaultMode: int32(3, '', { pointer: true }),
  optional: bool(4, '', { pointer: true }),
}));
export interface SecretVolumeSource extends Of<typeof secretVolumeSource> {}

export const storageOSVolumeSource = message('io.k8s.api.core.v1.StorageOSVolumeSource', '', () => ({
  volumeName: string(1, ''),
  volumeNamespace: string(2, ''),
  fsType: string(3, ''),
  readOnly: bool(4, ''),
  secretRef: ref(localObjectReference, 5, '', { pointer: true }),
}));
export interface StorageOSVolumeSource extends Of<typeof storageOSVolumeSource> {}

export const vsphereVirtualDiskVolumeSource = message('io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource', '', () => ({
  volumePath: string(1, '', { required: true }),
  fsType: string(2, ''),
  storagePolicyName: string(3, ''),
  storagePolicyID: string(4, ''),
}));
export interface VsphereVirtualDiskVolumeSource extends Of<typeof vsphereVirtualDiskVolumeSource> {}
