import { bool, int32, item, list, map, of, quantity, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { persistentVolumeClaimTemplate } from './persistent-volume-claim.ts';
import { localObjectReference } from './references.ts';
import { keyToPath } from './volume-projection.ts';

export const awsElasticBlockStoreVolumeSource = message(
  'io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource',
  "An Amazon EBS volume; must be in the node's zone.",
  () => ({
    volumeID: string(1, 'ID of the volume at Amazon.', { required: true }),
    fsType: string(2, 'File system on it, such as ext4, the default.'),
    partition: int32(3, 'Partition to mount; 0 or absent takes the whole disk.'),
    readOnly: bool(4, 'True forbids writing; false unless given.'),
  }),
);
export interface AWSElasticBlockStoreVolumeSource extends Of<typeof awsElasticBlockStoreVolumeSource> {}

export const azureDiskVolumeSource = message('io.k8s.api.core.v1.AzureDiskVolumeSource', 'A disk at Azure.', () => ({
  diskName: string(1, 'Name of the disk.', { required: true }),
  diskURI: string(2, 'URI of the disk.', { required: true }),
  cachingMode: string(3, 'Host caching: None, ReadOnly or ReadWrite.', {
    pointer: true,
    enum: ['None', 'ReadOnly', 'ReadWrite'],
    default: 'ReadWrite',
  }),
  fsType: string(4, 'File system on it; ext4 unless given.', { pointer: true, default: 'ext4' }),
  readOnly: bool(5, 'True forbids writing; false unless given.', { pointer: true, default: false }),
  kind: string(6, 'Shared or Dedicated for blobs in a storage account, Managed for a managed disk.', {
    pointer: true,
    enum: ['Dedicated', 'Managed', 'Shared'],
    default: 'Shared',
  }),
}));
export interface AzureDiskVolumeSource extends Of<typeof azureDiskVolumeSource> {}

export const azureFileVolumeSource = message('io.k8s.api.core.v1.AzureFileVolumeSource', 'A file share at Azure.', () => ({
  secretName: string(1, "Secret with the storage account's name and key.", { required: true }),
  shareName: string(2, 'Name of the share.', { required: true }),
  readOnly: bool(3, 'True forbids writing; false unless given.'),
}));
export interface AzureFileVolumeSource extends Of<typeof azureFileVolumeSource> {}

export const csiVolumeSource = message(
  'io.k8s.api.core.v1.CSIVolumeSource',
  'A volume a CSI driver makes for one pod, without a claim.',
  () => ({
    driver: string(1, 'Name of the driver, as registered in the cluster.', { required: true }),
    readOnly: bool(2, 'True forbids writing; false unless given.', { pointer: true }),
    fsType: string(3, 'File system wanted; the driver decides unless given.', { pointer: true }),
    volumeAttributes: map(item.string(), 4, 'Settings that only the driver understands.'),
    nodePublishSecretRef: ref(localObjectReference, 5, 'Secret handed to the driver when the volume is mounted.', { pointer: true }),
  }),
);
export interface CSIVolumeSource extends Of<typeof csiVolumeSource> {}

export const cephFSVolumeSource = message(
  'io.k8s.api.core.v1.CephFSVolumeSource',
  'A directory of a Ceph file system; no longer supported.',
  () => ({
    monitors: list(item.string(), 1, "Addresses of Ceph's monitors.", { required: true, listType: 'atomic' }),
    path: string(2, 'Directory to mount; / unless given.'),
    user: string(3, 'Ceph user; admin unless given.'),
    secretFile: string(4, "File with the user's key; /etc/ceph/user.secret unless given."),
    secretRef: ref(localObjectReference, 5, "Secret with the user's key; wins over secretFile.", { pointer: true }),
    readOnly: bool(6, 'True forbids writing; false unless given.'),
  }),
);
export interface CephFSVolumeSource extends Of<typeof cephFSVolumeSource> {}

export const cinderVolumeSource = message(
  'io.k8s.api.core.v1.CinderVolumeSource',
  "An OpenStack Cinder volume; must be in the node's region.",
  () => ({
    volumeID: string(1, 'ID of the volume at Cinder.', { required: true }),
    fsType: string(2, 'File system on it; ext4 unless given.'),
    readOnly: bool(3, 'True forbids writing; false unless given.'),
    secretRef: ref(localObjectReference, 4, 'Secret with what is needed to reach OpenStack.', { pointer: true }),
  }),
);
export interface CinderVolumeSource extends Of<typeof cinderVolumeSource> {}

export const configMapVolumeSource = message(
  'io.k8s.api.core.v1.ConfigMapVolumeSource',
  'A volume with a file for each key of a config map.',
  () => ({
    name: string([1, 1], "Name of the config map, in the pod's namespace.", { default: '' }),
    items: list(of(keyToPath), 2, 'Which keys to take, and where to; all, under their own names, unless given.', { listType: 'atomic' }),
    defaultMode: int32(3, 'Permission bits of files that give none; 0644 in octal unless given.', { pointer: true }),
    optional: bool(4, 'True goes on even if the config map or a key is missing.', { pointer: true }),
  }),
);
export interface ConfigMapVolumeSource extends Of<typeof configMapVolumeSource> {}

export const emptyDirVolumeSource = message(
  'io.k8s.api.core.v1.EmptyDirVolumeSource',
  'A scratch directory that lives as long as the pod.',
  () => ({
    medium: string(1, "Empty for the node's disk, Memory for RAM, HugePages or HugePages-SIZE for huge pages."),
    sizeLimit: quantity(2, 'Most it may hold, beyond which the pod is evicted; no limit unless given.', { pointer: true }),
  }),
);
export interface EmptyDirVolumeSource extends Of<typeof emptyDirVolumeSource> {}

export const ephemeralVolumeSource = message('io.k8s.api.core.v1.EphemeralVolumeSource', 'A claim made for one pod.', () => ({
  volumeClaimTemplate: ref(
    persistentVolumeClaimTemplate,
    1,
    'The claim to make, under the name POD-VOLUME; it belongs to the pod and goes with it.',
    { pointer: true },
  ),
}));
export interface EphemeralVolumeSource extends Of<typeof ephemeralVolumeSource> {}

export const fcVolumeSource = message(
  'io.k8s.api.core.v1.FCVolumeSource',
  'A disk reached over Fibre Channel, by target and LUN or by WWID.',
  () => ({
    targetWWNs: list(item.string(), 1, 'World-wide names of the targets.', { listType: 'atomic' }),
    lun: int32(2, 'Number of the disk at the target.', { pointer: true }),
    fsType: string(3, 'File system on it; ext4 unless given.'),
    readOnly: bool(4, 'True forbids writing; false unless given.'),
    wwids: list(item.string(), 5, 'World-wide identifiers of the disk, instead of targets and lun.', { listType: 'atomic' }),
  }),
);
export interface FCVolumeSource extends Of<typeof fcVolumeSource> {}

export const flexVolumeSource = message(
  'io.k8s.api.core.v1.FlexVolumeSource',
  'A volume of a plugin program installed on the nodes.',
  () => ({
    driver: string(1, 'Name of the plugin.', { required: true }),
    fsType: string(2, 'File system on it; the plugin decides unless given.'),
    secretRef: ref(localObjectReference, 3, 'Secret handed to the plugin.', { pointer: true }),
    readOnly: bool(4, 'True forbids writing; false unless given.'),
    options: map(item.string(), 5, 'Settings that only the plugin understands.'),
  }),
);
export interface FlexVolumeSource extends Of<typeof flexVolumeSource> {}

export const flockerVolumeSource = message('io.k8s.api.core.v1.FlockerVolumeSource', 'A Flocker volume; no longer supported.', () => ({
  datasetName: string(1, 'Name of the dataset; datasetUUID is the better choice.'),
  datasetUUID: string(2, 'UUID of the dataset.'),
}));
export interface FlockerVolumeSource extends Of<typeof flockerVolumeSource> {}

export const gcePersistentDiskVolumeSource = message(
  'io.k8s.api.core.v1.GCEPersistentDiskVolumeSource',
  "A Google disk; must be in the node's zone.",
  () => ({
    pdName: string(1, 'Name of the disk.', { required: true }),
    fsType: string(2, 'File system on it, such as ext4, the default.'),
    partition: int32(3, 'Partition to mount; 0 or absent takes the whole disk.'),
    readOnly: bool(4, 'True forbids writing; false unless given. Needed to share it among nodes.'),
  }),
);
export interface GCEPersistentDiskVolumeSource extends Of<typeof gcePersistentDiskVolumeSource> {}

export const gitRepoVolumeSource = message(
  'io.k8s.api.core.v1.GitRepoVolumeSource',
  'A checkout of a Git repository, made once when the pod starts; deprecated.',
  () => ({
    repository: string(1, 'URL of the repository.', { required: true }),
    revision: string(2, 'Commit to check out.'),
    directory: string(3, "Directory to clone into; . means the volume itself, otherwise the repository's name."),
  }),
);
export interface GitRepoVolumeSource extends Of<typeof gitRepoVolumeSource> {}

export const glusterfsVolumeSource = message(
  'io.k8s.api.core.v1.GlusterfsVolumeSource',
  'A Glusterfs volume; no longer supported.',
  () => ({
    endpoints: string(1, 'Endpoints object that lists the servers.', { required: true }),
    path: string(2, 'Name of the Glusterfs volume.', { required: true }),
    readOnly: bool(3, 'True forbids writing; false unless given.'),
  }),
);
export interface GlusterfsVolumeSource extends Of<typeof glusterfsVolumeSource> {}

export const hostPathVolumeSource = message(
  'io.k8s.api.core.v1.HostPathVolumeSource',
  'A file or directory of the node; other nodes have another one.',
  () => ({
    path: string(1, 'Path on the node; links are followed.', { required: true }),
    type: string(2, 'What must be there: empty checks nothing, DirectoryOrCreate and FileOrCreate make it if missing.', {
      pointer: true,
      enum: ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'],
    }),
  }),
);
export interface HostPathVolumeSource extends Of<typeof hostPathVolumeSource> {}

export const iscsiVolumeSource = message('io.k8s.api.core.v1.ISCSIVolumeSource', 'A disk reached over iSCSI.', () => ({
  targetPortal: string(1, 'Address of the target, as host or host:port; the port is 3260 unless given.', { required: true }),
  iqn: string(2, 'Qualified name of the target.', { required: true }),
  lun: int32(3, 'Number of the disk at the target.', { required: true }),
  iscsiInterface: string(4, 'Interface to use; default, that is TCP, unless given.', { default: 'default' }),
  fsType: string(5, 'File system on it; ext4 unless given.'),
  readOnly: bool(6, 'True forbids writing; false unless given.'),
  portals: list(item.string(), 7, 'More addresses of the same target, for several paths to it.', { listType: 'atomic' }),
  chapAuthDiscovery: bool(8, 'True authenticates by CHAP to discover targets.'),
  chapAuthSession: bool(11, 'True authenticates by CHAP to log in.'),
  secretRef: ref(localObjectReference, 10, 'Secret with the CHAP names and passwords.', { pointer: true }),
  initiatorName: string(12, "Name to log in under; the node's own unless given.", { pointer: true }),
}));
export interface ISCSIVolumeSource extends Of<typeof iscsiVolumeSource> {}

export const imageVolumeSource = message(
  'io.k8s.api.core.v1.ImageVolumeSource',
  'The files of an OCI image, mounted read-only without running it.',
  () => ({
    reference: string(1, "Image or artifact to use, named as in a container's image."),
    pullPolicy: string(2, 'When to pull; Always for the tag latest, otherwise IfNotPresent unless given.', {
      enum: ['Always', 'IfNotPresent', 'Never'],
    }),
  }),
);
export interface ImageVolumeSource extends Of<typeof imageVolumeSource> {}

export const nfsVolumeSource = message(
  'io.k8s.api.core.v1.NFSVolumeSource',
  'A directory of an NFS server; its files outlive the pod.',
  () => ({
    server: string(1, 'Host name or address of the server.', { required: true }),
    path: string(2, 'Directory the server exports.', { required: true }),
    readOnly: bool(3, 'True forbids writing; false unless given.'),
  }),
);
export interface NFSVolumeSource extends Of<typeof nfsVolumeSource> {}

export const persistentVolumeClaimVolumeSource = message(
  'io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource',
  'A claim, and the persistent volume bound to it.',
  () => ({
    claimName: string(1, "Name of the claim, in the pod's namespace.", { required: true }),
    readOnly: bool(2, 'True mounts it read-only everywhere in the pod; false unless given.'),
  }),
);
export interface PersistentVolumeClaimVolumeSource extends Of<typeof persistentVolumeClaimVolumeSource> {}

export const photonPersistentDiskVolumeSource = message(
  'io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource',
  'A Photon disk; no longer supported.',
  () => ({
    pdID: string(1, 'ID of the disk.', { required: true }),
    fsType: string(2, 'File system on it; ext4 unless given.'),
  }),
);
export interface PhotonPersistentDiskVolumeSource extends Of<typeof photonPersistentDiskVolumeSource> {}

export const portworxVolumeSource = message('io.k8s.api.core.v1.PortworxVolumeSource', 'A Portworx volume.', () => ({
  volumeID: string(1, 'ID of the volume.', { required: true }),
  fsType: string(2, 'File system on it; ext4 unless given.'),
  readOnly: bool(3, 'True forbids writing; false unless given.'),
}));
export interface PortworxVolumeSource extends Of<typeof portworxVolumeSource> {}

export const quobyteVolumeSource = message('io.k8s.api.core.v1.QuobyteVolumeSource', 'A Quobyte volume; no longer supported.', () => ({
  registry: string(1, 'Addresses of the registry, host:port, separated by commas.', { required: true }),
  volume: string(2, 'Name of the volume.', { required: true }),
  readOnly: bool(3, 'True forbids writing; false unless given.'),
  user: string(4, "User to mount as; the service account's user unless given."),
  group: string(5, 'Group to mount as; none unless given.'),
  tenant: string(6, 'Tenant that owns the volume, for dynamically made ones.'),
}));
export interface QuobyteVolumeSource extends Of<typeof quobyteVolumeSource> {}

export const rbdVolumeSource = message('io.k8s.api.core.v1.RBDVolumeSource', 'A Ceph block device; no longer supported.', () => ({
  monitors: list(item.string(), 1, "Addresses of Ceph's monitors.", { required: true, listType: 'atomic' }),
  image: string(2, 'Name of the image.', { required: true }),
  fsType: string(3, 'File system on it, such as ext4, the default.'),
  pool: string(4, 'Pool the image is in; rbd unless given.', { default: 'rbd' }),
  user: string(5, 'Ceph user; admin unless given.', { default: 'admin' }),
  keyring: string(6, "File with the user's key; /etc/ceph/keyring unless given.", { default: '/etc/ceph/keyring' }),
  secretRef: ref(localObjectReference, 7, "Secret with the user's key; wins over keyring.", { pointer: true }),
  readOnly: bool(8, 'True forbids writing; false unless given.'),
}));
export interface RBDVolumeSource extends Of<typeof rbdVolumeSource> {}

export const scaleIOVolumeSource = message('io.k8s.api.core.v1.ScaleIOVolumeSource', 'A ScaleIO volume; no longer supported.', () => ({
  gateway: string(1, 'Address of the ScaleIO gateway.', { required: true }),
  system: string(2, 'Name of the storage system.', { required: true }),
  secretRef: ref(localObjectReference, 3, 'Secret with the login; without it nothing works.', { required: true, nullable: true }),
  sslEnabled: bool(4, 'True talks to the gateway over TLS; false unless given.'),
  protectionDomain: string(5, 'Protection domain of the storage.'),
  storagePool: string(6, 'Storage pool in that domain.'),
  storageMode: string(7, 'ThickProvisioned or ThinProvisioned, the default.', { default: 'ThinProvisioned' }),
  volumeName: string(8, 'Name of a volume that exists.'),
  fsType: string(9, 'File system on it; xfs unless given.', { default: 'xfs' }),
  readOnly: bool(10, 'True forbids writing; false unless given.'),
}));
export interface ScaleIOVolumeSource extends Of<typeof scaleIOVolumeSource> {}

export const secretVolumeSource = message(
  'io.k8s.api.core.v1.SecretVolumeSource',
  'A volume with a file for each key of a secret.',
  () => ({
    secretName: string(1, "Name of the secret, in the pod's namespace."),
    items: list(of(keyToPath), 2, 'Which keys to take, and where to; all, under their own names, unless given.', { listType: 'atomic' }),
    defaultMode: int32(3, 'Permission bits of files that give none; 0644 in octal unless given.', { pointer: true }),
    optional: bool(4, 'True goes on even if the secret or a key is missing.', { pointer: true }),
  }),
);
export interface SecretVolumeSource extends Of<typeof secretVolumeSource> {}

export const storageOSVolumeSource = message(
  'io.k8s.api.core.v1.StorageOSVolumeSource',
  'A StorageOS volume; no longer supported.',
  () => ({
    volumeName: string(1, 'Name of the volume, unique in its StorageOS namespace.'),
    volumeNamespace: string(2, "StorageOS namespace of the volume; the pod's namespace unless given."),
    fsType: string(3, 'File system on it; ext4 unless given.'),
    readOnly: bool(4, 'True forbids writing; false unless given.'),
    secretRef: ref(localObjectReference, 5, 'Secret with the login to StorageOS.', { pointer: true }),
  }),
);
export interface StorageOSVolumeSource extends Of<typeof storageOSVolumeSource> {}

export const vsphereVirtualDiskVolumeSource = message('io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource', 'A vSphere disk.', () => ({
  volumePath: string(1, 'Path of the disk in its datastore.', { required: true }),
  fsType: string(2, 'File system on it; ext4 unless given.'),
  storagePolicyName: string(3, 'Name of the storage policy.'),
  storagePolicyID: string(4, 'ID of the storage policy of that name.'),
}));
export interface VsphereVirtualDiskVolumeSource extends Of<typeof vsphereVirtualDiskVolumeSource> {}
