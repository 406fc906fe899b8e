import type { CSIVolumeSource } from '../../../api/index.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import type { PodVolume, VolumeScope } from './volume.ts';

/** What a kubelet says of a driver that has not registered with it. */
export const csiMissing = (driver: string): string => `driver name ${driver} not found in the list of registered CSI drivers`;

/**
 * A volume that a CSI driver makes for one pod. Drivers are simulated: one that has a CSIDriver object is taken to be on every node, and
 * what it makes is an empty directory. Upstream: `pkg/volume/csi/csi_mounter.go`.
 */
export function csiVolume(name: string, { driver }: CSIVolumeSource, scope: VolumeScope): PodVolume {
  let mountable: MountableVolume | undefined;
  const setUp = async (): Promise<MountableVolume> => {
    if (mountable) return mountable;
    const found = await scope.node.claims.source.csiDriver(driver);
    if (!found) throw new Error(`kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: ${csiMissing(driver)}`);
    if (!(found.spec.volumeLifecycleModes ?? ['Persistent']).includes('Ephemeral')) {
      const mode = 'volume mode "Ephemeral" not supported by driver';
      throw new Error(
        `kubernetes.io/csi: mounter.SetUpAt failed to check volume lifecycle mode: ${mode} ${driver} (only supports ["Persistent"])`,
      );
    }
    mountable = { name };
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
