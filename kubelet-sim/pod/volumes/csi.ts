import { createHash } from 'node:crypto';
import type { CSIDriver, CSIVolumeSource, Live, PersistentVolume } from '../../../api/index.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import { CsiMount, CsiStepError } from './csi-mount.ts';
import { MapError, MountError, ownershipOf, type PodVolume, type VolumeScope } from './volume.ts';

/** What a kubelet says of a driver that has not registered with it. */
const csiMissing = (driver: string): string => `driver name ${driver} not found in the list of registered CSI drivers`;

/** How a volume is called that a pod names inline. Upstream: `makeVolumeHandle`, `pkg/volume/csi/csi_mounter.go`. */
const inlineHandle = (podUid: string, name: string): string => `csi-${createHash('sha256').update(`${podUid}${name}`).digest('hex')}`;

/**
 * A volume that a CSI driver makes for one pod: one that has registered with the node does; any other that has a CSIDriver object, and never
 * ran in a pod, is taken to be on every node, and what it makes is an empty directory. Upstream: `pkg/volume/csi/csi_mounter.go`.
 */
export function csiVolume(name: string, source: CSIVolumeSource, scope: VolumeScope): PodVolume {
  const { driver } = source;
  let mountable: MountableVolume | undefined;
  let mount: CsiMount | undefined;
  const setUp = async (): Promise<MountableVolume> => {
    if (mountable) return mountable;
    const found = await scope.node.claims.source.csiDriver(driver);
    const { drivers } = scope.node.runtime;
    const isThere = drivers.named(driver) !== undefined;
    if (!isThere && (!found || drivers.isOfPods(driver)))
      throw new Error(`kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: ${csiMissing(driver)}`);
    checkEphemeral(driver, found);
    if (!isThere) {
      mountable = { name };
      return mountable;
    }
    mount ??= inlineMount(name, source, scope);
    const mounted = await mount.setUp();
    if (!(await mount.ownsGroups())) giveInlineToGroup(source, mounted, found, scope);
    mountable = mounted;
    return mountable;
  };
  return {
    name,
    setUp,
    tearDown: () => mount?.tearDown(),
    get mountable() {
      return mountable;
    },
  };
}

function inlineMount(name: string, source: CSIVolumeSource, scope: VolumeScope): CsiMount {
  const { driver, volumeAttributes = {}, fsType = '', readOnly = false, nodePublishSecretRef } = source;
  const { uid = '', namespace } = scope.facts().pod.metadata;
  return new CsiMount(
    {
      driver,
      handle: inlineHandle(uid, name),
      name,
      isDevice: false,
      isEphemeral: true,
      isReadOnly: readOnly,
      fsType,
      accessMode: 'ReadWriteOnce',
      mountOptions: [],
      attributes: volumeAttributes,
      publishSecret: nodePublishSecretRef && { name: nodePublishSecretRef.name, namespace },
    },
    scope,
  );
}

/** @throws Error when a driver makes no volumes for single pods */
function checkEphemeral(driver: string, found: Live<CSIDriver> | undefined): void {
  const failed =
    'kubernetes.io/csi: mounter.SetupAt failed to check volume lifecycle mode: volume mode "Ephemeral" not supported by driver';
  if (!found) throw new Error(`${failed} ${driver} (no CSIDriver object)`);
  const { volumeLifecycleModes = ['Persistent'] } = found.spec;
  if (volumeLifecycleModes.includes('Ephemeral')) return;
  throw new Error(`${failed} ${driver} (only supports [${volumeLifecycleModes.map((mode) => `"${mode}"`).join(' ')}])`);
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

type CsiSource = NonNullable<PersistentVolume['spec']['csi']>;

/**
 * A volume of a driver that has registered with the node; undefined when none of that name ever ran in a pod, and the node pretends.
 *
 * @throws MountError
 */
export async function csiMountOf(
  { metadata, spec }: Live<PersistentVolume>,
  csi: CsiSource,
  scope: VolumeScope,
  isReadOnly: boolean,
): Promise<CsiMount | undefined> {
  const { driver, volumeHandle, volumeAttributes = {}, fsType = '' } = csi;
  const { drivers } = scope.node.runtime;
  const isPretended = !drivers.named(driver) && !drivers.isOfPods(driver);
  if (isPretended && (await scope.node.claims.source.csiDriver(driver))) return undefined;
  return new CsiMount(
    {
      driver,
      handle: volumeHandle,
      name: metadata.name,
      isDevice: spec.volumeMode === 'Block',
      isEphemeral: false,
      isReadOnly,
      fsType,
      accessMode: spec.accessModes?.[0] ?? 'ReadWriteOnce',
      mountOptions: spec.mountOptions ?? [],
      attributes: volumeAttributes,
      stageSecret: csi.nodeStageSecretRef,
      publishSecret: csi.nodePublishSecretRef,
      expandSecret: csi.nodeExpandSecretRef,
    },
    scope,
  );
}

/** Why a volume of a claim could not be mounted, as its event says it. */
export function csiFailure({ metadata: { name }, spec }: Live<PersistentVolume>, error: unknown): unknown {
  if (!(error instanceof CsiStepError)) return error;
  const isDevice = spec.volumeMode === 'Block';
  const ofNode = error.step === 'device';
  const step = isDevice
    ? ofNode
      ? 'MapVolume.SetUpDevice'
      : 'MapVolume.MapPodDevice'
    : ofNode
      ? 'MountVolume.MountDevice'
      : 'MountVolume.SetUp';
  const text = `${step} failed for volume "${name}" : ${error.message}`;
  return isDevice ? new MapError(text) : new MountError(text);
}
