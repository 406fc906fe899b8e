import type { PersistentVolume, Volume } from '../../../api/index.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import { ownershipOf, type PodVolume, type VolumeScope } from './volume.ts';

/** Sources of volumes that a network or a cloud holds: the same files on every node. */
const SOURCES = [
  ...(['nfs', 'iscsi', 'glusterfs', 'cephfs', 'rbd', 'fc', 'azureFile', 'azureDisk', 'awsElasticBlockStore', 'gcePersistentDisk'] as const),
  ...(['cinder', 'vsphereVolume', 'portworxVolume', 'quobyte', 'scaleIO', 'storageos', 'flexVolume'] as const),
] as const;

/** What of a source says how it is used, not which it is. */
const USES: ReadonlySet<string> = new Set(['readOnly', 'fsType', 'secretRef', 'secretName', 'secretNamespace', 'user', 'keyring']);

/** Servers of files know nothing of `fsGroup`. */
const IS_SERVED: ReadonlySet<string> = new Set(['nfs', 'cephfs', 'glusterfs']);

type Sources = Pick<Volume & PersistentVolume['spec'], (typeof SOURCES)[number]>;

const nameOf = (source: Sources): (typeof SOURCES)[number] | undefined => SOURCES.find((name) => source[name]);

/** What is the same for all who mean the same files; undefined for a volume of another sort. */
export function networkKey(source: Sources): string | undefined {
  const name = nameOf(source);
  if (!name) return undefined;
  const facts = Object.entries(source[name] ?? {}).filter(([key]) => !USES.has(key));
  return `${name} ${JSON.stringify(facts.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}

/** Whether a node may give what is on a volume of the network to a group. */
export const takesGroup = (source: Sources): boolean => !IS_SERVED.has(nameOf(source) ?? '');

/** The files behind a source: those of a pod that serves them, else some that are kept for all who name the same. */
export async function networkTree(source: Sources, scope: VolumeScope, made: MountableVolume): Promise<MountableVolume> {
  const { nfs } = source;
  const served = nfs && (await scope.node.runtime.servedTree(nfs.server, nfs.path));
  if (served) return { name: made.name, tree: served };
  return scope.node.claims.sharedTree(networkKey(source) ?? made.name, () => made);
}

/** A volume of the network that a pod names itself. */
export function networkVolume(volume: Volume, scope: VolumeScope): PodVolume {
  const { name } = volume;
  let mountable: MountableVolume | undefined;
  const setUp = async (): Promise<MountableVolume> => {
    if (mountable) return mountable;
    const tree = await networkTree(volume, scope, { name });
    const { fsGroup } = ownershipOf(scope.facts());
    if (fsGroup !== undefined && takesGroup(volume)) scope.node.runtime.giveVolumeToGroup(tree, fsGroup, 'Always');
    mountable = tree;
    return mountable;
  };
  return {
    name,
    setUp,
    get mountable() {
      return mountable;
    },
  };
}
