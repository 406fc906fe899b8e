import { ephemeralClaimName, type Pod, type Volume } from '../../api/index.ts';
import { type MountedVolume, mountableNamed } from '../pod/volumes/volume.ts';
import type { RuntimeService } from '../runtime/cri.ts';
import type { FilesystemUsage } from '../runtime/usage.ts';

/** Bytes of a file system for each of its inodes, as ext4 is made. */
const BYTES_PER_INODE = 16_384;

/** What a volume of a pod holds. */
export interface VolumeStats {
  readonly name: string;
  /** The claim that it is. */
  readonly claim: { readonly name: string; readonly namespace: string } | undefined;
  /** Of a raw device only the size is known. */
  readonly isDevice: boolean;
  readonly usage: FilesystemUsage;
}

/** Who has volumes mounted. */
export interface VolumeUser {
  readonly pod: Pod;
  readonly volumes: readonly MountedVolume[];
}

/**
 * What the volumes of a pod hold; one without a size of its own is a part of the node's disk. Of host paths nothing is told. Upstream:
 * `calcAndStoreStats`, `pkg/kubelet/server/stats/volume_stat_calculator.go`.
 */
export function volumeStatsOf(
  { pod, volumes }: VolumeUser,
  runtime: Pick<RuntimeService, 'volumeUsage'>,
  disk: FilesystemUsage,
): readonly VolumeStats[] {
  return (pod.spec.volumes ?? []).flatMap((volume) => {
    const mountable = volume.hostPath ? undefined : mountableNamed(volumes, volume.name);
    if (!mountable) return [];
    const { capacityBytes = disk.capacityBytes } = mountable;
    const inodes = mountable.capacityBytes === undefined ? disk.inodes : Math.ceil(capacityBytes / BYTES_PER_INODE);
    const usage = { ...disk, capacityBytes, inodes, ...runtime.volumeUsage(mountable) };
    return [{ name: volume.name, claim: claimOf(pod, volume), isDevice: mountable.device ?? false, usage }];
  });
}

function claimOf(pod: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): VolumeStats['claim'] {
  const { namespace = '' } = pod.metadata;
  if (persistentVolumeClaim) return { name: persistentVolumeClaim.claimName, namespace };
  return ephemeral ? { name: ephemeralClaimName(pod, name), namespace } : undefined;
}
