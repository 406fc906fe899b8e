import { createHash } from 'node:crypto';
import { type CSIDriver, type CSIVolumeSource, type Live, type PersistentVolume, parseQuantity } from '../../../api/index.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import { MapError, MountError, ownershipOf, type PodVolume, type VolumeScope } from './volume.ts';

/** What a kubelet says of a driver that has not registered with it. */
const csiMissing = (driver: string): string => `driver name ${driver} not found in the list of registered CSI drivers`;

/** How a volume is called that a pod names inline. Upstream: `makeVolumeHandle`, `pkg/volume/csi/csi_mounter.go`. */
const inlineHandle = (podUid: string, name: string): string => `csi-${createHash('sha256').update(`${podUid}${name}`).digest('hex')}`;

/**
 * A volume that a CSI driver makes for one pod: one that runs in a pod of the node does, as it does; any other that has a CSIDriver object is
 * taken to be on every node, and what it makes is an empty directory. Upstream: `pkg/volume/csi/csi_mounter.go`.
 */
export function csiVolume(name: string, source: CSIVolumeSource, scope: VolumeScope): PodVolume {
  const { driver } = source;
  let mountable: MountableVolume | undefined;
  let handle: string | undefined;
  const setUp = async (): Promise<MountableVolume> => {
    if (mountable) return mountable;
    const found = await scope.node.claims.source.csiDriver(driver);
    const { drivers } = scope.node.runtime;
    const own = drivers.named(driver);
    if (!own && (!found || drivers.isOfPods(driver)))
      throw new Error(`kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: ${csiMissing(driver)}`);
    if (!(found?.spec.volumeLifecycleModes ?? ['Persistent']).includes('Ephemeral')) {
      const mode = 'volume mode "Ephemeral" not supported by driver';
      throw new Error(
        `kubernetes.io/csi: mounter.SetUpAt failed to check volume lifecycle mode: ${mode} ${driver} (only supports ["Persistent"])`,
      );
    }
    if (own) {
      handle = inlineHandle(scope.facts().pod.metadata.uid ?? '', name);
      const asked = { handle, isDevice: false, isEphemeral: true, context: source.volumeAttributes };
      await own.stage(asked);
      mountable = { name, tree: await own.publish(asked) };
      giveInlineToGroup(source, mountable, found, scope);
    } else mountable = { name };
    return mountable;
  };
  return {
    name,
    setUp,
    tearDown: () => {
      if (handle !== undefined) void scope.node.runtime.drivers.named(driver)?.unpublish(handle);
      handle = undefined;
    },
    get mountable() {
      return mountable;
    },
  };
}

/** Inline volumes are mounted as ReadWriteOnce. Upstream: `supportsFSGroup`. */
function giveInlineToGroup(
  { readOnly, fsType }: CSIVolumeSource,
  mounted: MountableVolume,
  driver: Live<CSIDriver> | undefined,
  scope: VolumeScope,
) {
  const { fsGroup } = ownershipOf(scope.facts());
  const policy = driver?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType';
  if (fsGroup === undefined || readOnly || policy === 'None' || (policy !== 'File' && !fsType)) return;
  scope.node.runtime.giveVolumeToGroup(mounted, fsGroup, 'Always');
}

/**
 * What a driver that runs in a pod has for a volume; undefined when none of that name ever did, and the node pretends.
 *
 * @throws MountError
 */
export async function driverTree(
  volume: Live<PersistentVolume>,
  { driver, volumeHandle, volumeAttributes }: NonNullable<PersistentVolume['spec']['csi']>,
  scope: VolumeScope,
): Promise<MountableVolume | undefined> {
  const { drivers } = scope.node.runtime;
  const own = drivers.named(driver);
  if (!own) {
    if (drivers.isOfPods(driver) || !(await scope.node.claims.source.csiDriver(driver))) throw withoutDriver(volume, driver);
    return undefined;
  }
  const { name } = volume.metadata;
  const { volumeMode, capacity } = volume.spec;
  const isDevice = volumeMode === 'Block';
  const size = capacity?.storage;
  const capacityBytes = size === undefined ? undefined : parseQuantity(size).value();
  const asked = { handle: volumeHandle, isDevice, context: volumeAttributes, capacityBytes };
  await own.stage(asked).catch((error: unknown) => {
    throw isDevice
      ? new MapError(failed('MapVolume.SetUpDevice', name, error))
      : new MountError(failed('MountVolume.MountDevice', name, error));
  });
  const tree = await own.publish(asked).catch((error: unknown) => {
    throw isDevice ? new MapError(failed('MapVolume.MapPodDevice', name, error)) : new MountError(failed('MountVolume.SetUp', name, error));
  });
  return { name, tree };
}

const failed = (step: string, name: string, error: unknown): string =>
  `${step} failed for volume "${name}" : ${error instanceof Error ? error.message : String(error)}`;

/** Why a volume cannot be had whose driver is not on the node. */
function withoutDriver({ metadata: { name }, spec: { volumeMode } }: Live<PersistentVolume>, driver: string): MountError {
  if (volumeMode === 'Block') {
    const why = `kubernetes.io/csi: blockMapper.SetUpDevice failed to get CSI client: ${csiMissing(driver)}`;
    return new MapError(`MapVolume.SetUpDevice failed for volume "${name}" : ${why}`);
  }
  const why = `kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: ${csiMissing(driver)}`;
  return new MountError(`MountVolume.MountDevice failed for volume "${name}" : ${why}`);
}
