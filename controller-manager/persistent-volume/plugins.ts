// What the volume plugins of the controller manager can do. None provisions here: who makes volumes watches claims itself, as the
// provisioner of nanokube does.
import type { Live, PersistentVolume } from '../../api/index.ts';
import { PROVISIONED_BY } from '../../api/index.ts';

/** Who makes the volumes of a class. */
export interface ExternalProvisioner {
  readonly name: string;
}

/** Plugins that were part of Kubernetes, and the CSI drivers that took over. Upstream: `k8s.io/csi-translation-lib`. */
const MIGRATED: ReadonlyMap<string, string> = new Map([
  ['kubernetes.io/aws-ebs', 'ebs.csi.aws.com'],
  ['kubernetes.io/gce-pd', 'pd.csi.storage.gke.io'],
  ['kubernetes.io/cinder', 'cinder.csi.openstack.org'],
  ['kubernetes.io/azure-disk', 'disk.csi.azure.com'],
  ['kubernetes.io/azure-file', 'file.csi.azure.com'],
  ['kubernetes.io/vsphere-volume', 'csi.vsphere.vmware.com'],
  ['kubernetes.io/portworx-volume', 'pxd.portworx.com'],
]);

/** Where volumes of those plugins say what they are. */
const MIGRATED_SOURCES: readonly (readonly [source: keyof PersistentVolume['spec'], plugin: string])[] = [
  ['awsElasticBlockStore', 'kubernetes.io/aws-ebs'],
  ['gcePersistentDisk', 'kubernetes.io/gce-pd'],
  ['cinder', 'kubernetes.io/cinder'],
  ['azureDisk', 'kubernetes.io/azure-disk'],
  ['azureFile', 'kubernetes.io/azure-file'],
  ['vsphereVolume', 'kubernetes.io/vsphere-volume'],
  ['portworxVolume', 'kubernetes.io/portworx-volume'],
];

const IN_TREE = 'kubernetes.io/';
const HOST_PATH_PLUGIN = 'kubernetes.io/host-path';
const DELETABLE_PATH = /^\/tmp\/.+/;

/** @returns who makes the volumes, or why nobody does. */
export function externalProvisioner(provisioner: string): ExternalProvisioner | string {
  if (!isInTree(provisioner)) return { name: provisioner };
  const driver = MIGRATED.get(provisioner);
  if (driver !== undefined) return { name: driver };
  if (provisioner === HOST_PATH_PLUGIN) {
    return `Failed to create provisioner: provisioning in volume plugin "${HOST_PATH_PLUGIN}" is disabled`;
  }
  return `no volume plugin matched name: ${provisioner}`;
}

/** Whether the name is one of a plugin that was, or is, part of Kubernetes. */
export const isInTree = (provisioner: string): boolean => provisioner.startsWith(IN_TREE);

/** The driver that took over from the plugin that made a volume, if one did. */
export const migratedDriver = (provisioner: string | undefined): string | undefined =>
  provisioner === undefined ? undefined : MIGRATED.get(provisioner);

/** The plugin of old that a volume is of, when a driver took over from it. Upstream: `GetInTreePluginNameFromSpec`. */
export const migratedPlugin = ({ spec }: Live<PersistentVolume>): string | undefined =>
  MIGRATED_SOURCES.find(([source]) => spec[source] !== undefined)?.[1];

/** How a volume is deleted: by its provisioner, by us, or not at all, and why. */
export type Deletion = { readonly by: 'provisioner' } | { readonly by: 'controller' } | { readonly by: 'nobody'; readonly why: string };

/** Upstream: `findDeletablePlugin`, and the deleter of `pkg/volume/hostpath`. */
export function deletionOf({ metadata, spec }: Live<PersistentVolume>): Deletion {
  const provisioner = metadata.annotations?.[PROVISIONED_BY];
  if (provisioner) {
    if (!isInTree(provisioner)) return { by: 'provisioner' };
    if (provisioner !== HOST_PATH_PLUGIN) return { by: 'nobody', why: `no volume plugin matched name: ${provisioner}` };
  }
  if (spec.csi) return { by: 'provisioner' };
  if (spec.hostPath) {
    if (DELETABLE_PATH.test(spec.hostPath.path)) return { by: 'controller' };
    return { by: 'nobody', why: `host_path deleter only supports /tmp/.+ but received provided ${spec.hostPath.path}` };
  }
  const cause = hasPlugin(spec) ? 'no deletable volume plugin matched' : 'no volume plugin matched';
  return { by: 'nobody', why: `error getting deleter volume plugin for volume "${metadata.name}": ${cause}` };
}

const hasPlugin = ({ nfs, local, iscsi, fc }: PersistentVolume['spec']): boolean =>
  [nfs, local, iscsi, fc].some((source) => source !== undefined);

/** Whether what is on a volume can be wiped, for the next claim. */
export const isRecyclable = ({ spec }: Live<PersistentVolume>): boolean => spec.hostPath !== undefined || spec.nfs !== undefined;
