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

/** How a node mounts files of a server, as nfs(5) tells of what was negotiated. */
function mountedFrom({ nfs }: Sources, mountOptions: readonly string[]): Pick<MountableVolume, 'medium' | 'source' | 'mountOptions'> {
  if (!nfs) return mountOptions.length > 0 ? { mountOptions } : {};
  const isVersion = /^(?:nfs)?vers=/;
  const version = mountOptions.find((option) => isVersion.test(option))?.replace(isVersion, '') ?? '4.2';
  const others = mountOptions.filter((option) => !isVersion.test(option));
  return {
    medium: version.startsWith('3') ? 'nfs' : 'nfs4',
    source: `${nfs.server}:${nfs.path}`,
    mountOptions: [`vers=${version}`, ...others, 'hard', 'proto=tcp', `addr=${nfs.server}`],
  };
}

/** A volume of the network that is still to be mounted. */
interface Unmounted {
  readonly made: MountableVolume;
  readonly mountOptions?: readonly string[] | undefined;
}

/** The files behind a source: those of a pod that serves them, else some that are kept for all who name the same. */
export async function networkTree(source: Sources, scope: VolumeScope, { made, mountOptions = [] }: Unmounted): Promise<MountableVolume> {
  const { nfs } = source;
  const mounted = { ...made, ...mountedFrom(source, mountOptions) };
  const served = nfs && (await scope.node.runtime.servedTree(nfs.server, nfs.path));
  if (served) return { ...mounted, capacityBytes: undefined, tree: served };
  return scope.node.claims.sharedTree(networkKey(source) ?? made.name, () => mounted);
}

/** A volume of the network that a pod names itself. */
export function networkVolume(volume: Volume, scope: VolumeScope): PodVolume {
  const { name } = volume;
  let mountable: MountableVolume | undefined;
  const setUp = async (): Promise<MountableVolume> => {
    if (mountable) return mountable;
    const tree = await networkTree(volume, scope, { made: { name } });
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
