import type { HostPathVolumeSource } from '../../../api/index.ts';
import type { HostPathType, MountableVolume } from '../../runtime/cri.ts';
import type { PodVolume, VolumeScope } from './volume.ts';

const TYPES: ReadonlySet<string> = new Set<HostPathType>([
  '',
  'DirectoryOrCreate',
  'Directory',
  'FileOrCreate',
  'File',
  'Socket',
  'CharDevice',
  'BlockDevice',
]);

const isType = (type: string): type is HostPathType => TYPES.has(type);

/** What a source says that its path is; anything where it does not say. */
export const hostPathType = (type = ''): HostPathType => (isType(type) ? type : '');

/** A file or directory of the node, which must be what the type says. Upstream: `pkg/volume/hostpath`. */
export function hostPathVolume(name: string, { path, type }: HostPathVolumeSource, scope: VolumeScope): PodVolume {
  let mountable: MountableVolume | undefined;
  const setUp = async (): Promise<MountableVolume> => {
    mountable ??= { name, tree: await scope.node.runtime.hostPath(path, hostPathType(type)) };
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
