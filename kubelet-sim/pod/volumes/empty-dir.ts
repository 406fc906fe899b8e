import { type EmptyDirVolumeSource, parseQuantity } from '../../../api/index.ts';
import { ownershipOf, type PodVolume, readyVolume, type VolumeScope } from './volume.ts';

/**
 * A directory that lives as long as its pod. In memory its limit is that of the file system; on disk the pod is evicted when it is
 * found to be beyond it ({@link storageVerdict}). Upstream: `pkg/volume/emptydir`.
 */
export function emptyDirVolume(name: string, { medium = '', sizeLimit }: EmptyDirVolumeSource, scope: VolumeScope): PodVolume {
  const limit = sizeLimit === undefined ? undefined : parseQuantity(sizeLimit).value();
  return readyVolume(name, {
    name,
    ...ownershipOf(scope.facts()),
    ...(medium === 'Memory' ? { medium: 'tmpfs', ...(limit ? { capacityBytes: limit } : {}) } : {}),
  });
}
