// The volumes of claims. Upstream: `pkg/kubelet/volumemanager/populator`, `pkg/volume/util/operationexecutor`.
import {
  foreignClaimError,
  HOSTPATH_PROVISIONER,
  keyOf,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  PROVISIONED_BY,
  parseQuantity,
  reachesVolume,
} from '../../../api/index.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import { attachmentName, type ClaimSource } from './claim-source.ts';
import { csiFailure, csiMountOf } from './csi.ts';
import { type CsiMount, KUBELET } from './csi-mount.ts';
import { hostPathType } from './host-path.ts';
import { networkKey, networkTree, takesGroup } from './network.ts';
import { pluginOf } from './plugin-name.ts';
import { MapError, MountError, NotYet, ownershipOf, type PodVolume, UnprocessedError, usesOf, type VolumeScope } from './volume.ts';

/** Says which group may use a volume: pods are put into it. Upstream: `VolumeGidAnnotationKey`, `pkg/volume/util/util.go`. */
const GID_ANNOTATION = 'pv.beta.kubernetes.io/gid';

/** Anybody may write to a directory that was made for a claim, as kind's and minikube's provisioners have it. */
const MODE_PROVISIONED = 0o777;

/** How long a volume may take to be attached before the pod is told. Upstream: `podAttachAndMountTimeout`. */
const ATTACH_MS_MAX = 123_000;

/**
 * How long a claim may be unbound before the pod is told: it says so a moment after its volume was chosen, when the pod may already be here.
 * Upstream's populator looks every 100 ms and forgets what it found before the pod is told, at the earliest every 300 ms
 * (`podAttachAndMountRetryInterval`).
 */
const UNBOUND_MS_MAX = 300;
const UNBOUND = 'PVC is not bound';

type Claim = Live<PersistentVolumeClaim>;
type Volume = Live<PersistentVolume>;

/** Which claim a volume of a pod is. */
export interface ClaimVolume {
  readonly name: string;
  readonly claimName: string;
  readonly isEphemeral: boolean;
}

/** The volume of a claim: what is on it stays when the pod goes, for the next pod that names the claim. */
export function claimVolume(own: ClaimVolume, scope: VolumeScope): PodVolume {
  const { pod } = scope.facts();
  const { namespace = '', uid = '' } = pod.metadata;
  let mountable: MountableVolume | undefined;
  let gid: number | undefined;
  let plugin: string | undefined;
  let waitsSince: number | undefined;
  let unboundSince: number | undefined;
  let csiMount: CsiMount | undefined;
  const mounted = async (volume: Volume): Promise<MountableVolume> => {
    const { csi } = volume.spec;
    checkNode(volume, scope);
    if (csi) csiMount ??= await csiMountOf(volume, csi, scope, isReadOnly(own, scope));
    if (!csiMount) return await mount(volume, scope);
    return await csiMount.setUp().catch((error: unknown) => {
      throw csiFailure(volume, error);
    });
  };
  const claimed = async () => {
    const found = await processed(own, scope);
    if (typeof found !== 'string') return found;
    const now = scope.node.clock.monotonic();
    unboundSince ??= now;
    throw now - unboundSince < UNBOUND_MS_MAX ? new NotYet(found) : new UnprocessedError(found);
  };
  /** The pod is told from time to time that it waits for a volume. @throws NotYet, MountError */
  const notThere = (why: string, unattached: string): never => {
    const now = scope.node.clock.monotonic();
    waitsSince ??= now;
    if (now - waitsSince < ATTACH_MS_MAX) throw new NotYet(why);
    waitsSince = now;
    const what = `unmounted volumes=[${own.name}], unattached volumes=[${unattached}], failed to process volumes=[]`;
    throw new MountError(`Unable to attach or mount volumes: ${what}: timed out waiting for the condition`);
  };
  /**
   * @returns how the node calls the volume; undefined when it need not be attached.
   * @throws NotYet, and from time to time an error that the pod is told of.
   */
  const waitForAttach = async (volume: Volume): Promise<string | undefined> => {
    const { csi } = volume.spec;
    const driver = csi && (await scope.node.claims.source.csiDriver(csi.driver));
    if (!csi || driver?.spec.attachRequired === false) return undefined;
    const { claims, nodeName, runtime } = scope.node;
    if (!driver && !runtime.drivers.isOfPods(csi.driver)) return undefined; // mounting says that it is not there
    const attachment = await claims.source.attachment(attachmentName({ driver: csi.driver, handle: csi.volumeHandle }, nodeName));
    const isAsked = attachment && !attachment.metadata.deletionTimestamp;
    const isPretended = !runtime.drivers.isOfPods(csi.driver);
    if (isAsked && !attachment.status?.attached && isPretended) await claims.source.attach(attachment);
    if (isAsked && (attachment.status?.attached || isPretended)) return `kubernetes.io/csi/${csi.driver}^${csi.volumeHandle}`;
    return notThere(`volume "${volume.metadata.name}" is not attached`, own.name);
  };
  const setUp = async (): Promise<MountableVolume> => {
    if (mountable) return mountable;
    const { claim, volume } = await claimed();
    plugin = pluginOf(volume.spec);
    const user = { pod: scope.facts().pod, nodeName: scope.node.nodeName };
    if (volume.spec.accessModes?.includes('ReadWriteOncePod') && scope.node.claims.isHeldByOther(claim, user)) {
      throw setUpFailed(volume, 'volume uses the ReadWriteOncePod access mode and is already in use by another pod');
    }
    const attached = await waitForAttach(volume);
    if (isNoDevice(volume)) notThere('MapVolume.FindMapperPluginBySpec failed to find BlockVolumeMapper plugin. Volume plugin is nil.', '');
    const made = await mounted(volume);
    if (volume.spec.volumeMode === 'Block') tellDevice(volume, scope);
    const isFirst = !scope.node.claims.isHeldByOther(claim, user);
    if (!(await csiMount?.ownsGroups())) await giveToGroup({ volume, mounted: made, isFirst }, own, scope);
    mountable = made;
    gid = gidOf(volume);
    scope.node.claims.hold(claim, { ...user, attached, mount: csiMount });
    return mountable;
  };
  return {
    name: own.name,
    setUp,
    tearDown: () => {
      scope.node.claims.release(`${namespace}/${own.claimName}`, uid);
      return csiMount?.tearDown();
    },
    get mountable() {
      return mountable;
    },
    get gid() {
      return gid;
    },
    get plugin() {
      return plugin;
    },
  };
}

/** Kinds of volumes whose plugins map no devices. Upstream: those under `pkg/volume` without `NewBlockVolumeMapper`. */
const FILES_ONLY = ['hostPath', 'nfs', 'flexVolume', 'glusterfs', 'cephfs'] as const;

/** Whether a volume is to be a device, which its kind cannot be. */
const isNoDevice = ({ spec }: Volume): boolean => spec.volumeMode === 'Block' && FILES_ONLY.some((kind) => spec[kind]);

function gidOf({ metadata }: Volume): number | undefined {
  const text = metadata.annotations?.[GID_ANNOTATION] ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

const setUpFailed = ({ metadata }: Volume, why: string): MountError =>
  new MountError(`MountVolume.SetUp failed for volume "${metadata.name}" : ${why}`);

/**
 * The claim and its volume, once both are as a pod can use them; a text while the claim is not bound. Upstream: `getPVCExtractPV`, `getPVSpec`.
 *
 * @throws MountError
 */
async function processed(own: ClaimVolume, scope: VolumeScope): Promise<{ claim: Claim; volume: Volume } | string> {
  const { pod } = scope.facts();
  const { namespace = '' } = pod.metadata;
  const { source } = scope.node.claims;
  const fail = (why: string) => unprocessed(own, `error processing PVC ${namespace}/${own.claimName}: ${why}`);
  const claim = await source.claim(namespace, own.claimName);
  if (!claim) throw fail(`failed to fetch PVC from API server: persistentvolumeclaims "${own.claimName}" not found`);
  const foreign = own.isEphemeral ? foreignClaimError(pod, claim) : undefined;
  const wrong = foreign ?? unusable(claim);
  if (wrong === UNBOUND) return fail(wrong).message;
  if (wrong) throw fail(wrong);
  const volume = await boundVolume(claim, source);
  if (typeof volume === 'string') throw fail(volume);
  const use = usesOf(pod);
  const mode = volume.spec.volumeMode ?? 'Filesystem';
  const misused = mode === 'Block' ? use.mounts.has(own.name) && 'volumeMounts' : use.devices.has(own.name) && 'volumeDevices';
  if (misused) throw unprocessed(own, `volume ${own.name} has volumeMode ${mode}, but is specified in ${misused}`);
  return { claim, volume };
}

const unprocessed = ({ name }: ClaimVolume, why: string): MountError =>
  new UnprocessedError(
    `Unable to attach or mount volumes: unmounted volumes=[${name}], unattached volumes=[], failed to process volumes=[${name}]: ${why}`,
  );

function unusable({ metadata, spec, status }: Claim): string | undefined {
  if (metadata.deletionTimestamp) return 'PVC is being deleted';
  if (status.phase !== 'Bound') return UNBOUND;
  return spec.volumeName ? undefined : 'PVC has empty pvc.Spec.VolumeName';
}

async function boundVolume(claim: Claim, source: ClaimSource): Promise<Volume | string> {
  const name = claim.spec.volumeName ?? '';
  const volume = await source.volume(name);
  if (!volume) return `failed to fetch PV ${name} from API server: persistentvolumes "${name}" not found`;
  const { claimRef } = volume.spec;
  if (!claimRef) return `found PV object ${name} but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim`;
  if (claimRef.uid === claim.metadata.uid) return volume;
  return `found PV object ${name} but its pv.Spec.ClaimRef.UID ${claimRef.uid ?? ''} does not point to claim.UID ${claim.metadata.uid}`;
}

/** @throws MountError when the node is none that the volume can be on */
function checkNode(volume: Volume, scope: VolumeScope): void {
  if (reachesVolume(scope.node.nodeLabels(), volume)) return;
  const what = volume.spec.volumeMode === 'Block' ? 'MapVolume' : 'MountVolume';
  throw new MountError(`${what}.NodeAffinity check failed for volume "${volume.metadata.name}" : no matching NodeSelectorTerms`);
}

/** Whether the pod wants it to read only. */
const isReadOnly = (own: ClaimVolume, scope: VolumeScope): boolean =>
  scope.facts().pod.spec.volumes?.find(({ name }) => name === own.name)?.persistentVolumeClaim?.readOnly === true;

/** What is mounted: a part of the node for a directory of it, and for what a network holds the same on every node. */
async function mount(volume: Volume, scope: VolumeScope): Promise<MountableVolume> {
  const { name } = volume.metadata;
  const { hostPath, local, volumeMode } = volume.spec;
  if (volumeMode === 'Block' && local) return { name, tree: await localDevice(volume, local.path, scope) };
  if (hostPath) {
    const { path, type } = hostPath;
    const mode = volume.metadata.annotations?.[PROVISIONED_BY] === HOSTPATH_PROVISIONER ? MODE_PROVISIONED : undefined;
    const tree = await scope.node.runtime.hostPath(path, hostPathType(type), mode).catch((error: unknown) => {
      throw setUpFailed(volume, error instanceof Error ? error.message : String(error));
    });
    return { name, tree };
  }
  if (local) {
    const tree = await scope.node.runtime.localVolume(local.path).catch(() => {
      const why = `path "${local.path}" does not exist`;
      throw new MountError(`MountVolume.NewMounter initialization failed for volume "${name}" : ${why}`);
    });
    return { name, tree };
  }
  const capacity = volume.spec.capacity?.storage;
  const made = {
    name: keyOf(volume),
    ...(volumeMode === 'Block' ? { device: true } : {}),
    ...(capacity === undefined ? {} : { capacityBytes: parseQuantity(capacity).value() }),
  };
  if (networkKey(volume.spec) !== undefined) {
    return await networkTree(volume.spec, scope, { made, mountOptions: volume.spec.mountOptions });
  }
  return scope.node.claims.sharedTree(volume.metadata.uid, () => made);
}

async function localDevice(volume: Volume, path: string, scope: VolumeScope): Promise<MountableVolume['tree']> {
  try {
    return await scope.node.runtime.hostPath(path, 'BlockDevice');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new MapError(`MapVolume.MapBlockVolume failed for volume "${volume.metadata.name}" : ${why}`);
  }
}

/** The pod is told where its node has the device. Upstream: `GenerateMapVolumeFunc`, `pkg/volume/util/operationexecutor`. */
function tellDevice({ metadata: { name }, spec: { local, csi } }: Volume, scope: VolumeScope): void {
  if (!local && !csi) return;
  const { pod } = scope.facts();
  const plugin = local ? 'kubernetes.io~local-volume' : 'kubernetes.io~csi';
  const ofNode = local ? `${plugin}/volumeDevices/${name}` : `kubernetes.io/csi/volumeDevices/${name}/dev`;
  const paths = [
    `globalMapPath "${KUBELET}/plugins/${ofNode}"`,
    `volumeMapPath "${KUBELET}/pods/${pod.metadata.uid}/volumeDevices/${plugin}"`,
  ];
  for (const path of paths) {
    scope.node.events.normal(pod, 'SuccessfulMountVolume', `MapVolume.MapPodDevice succeeded for volume "${name}" ${path}`);
  }
}

/** A volume that a pod is about to use. */
interface Mounted {
  readonly volume: Volume;
  readonly mounted: MountableVolume;
  /** No other pod of the node has it mounted. */
  readonly isFirst: boolean;
}

/**
 * Gives what is on the volume to the pod's `fsGroup`, where its kind has owners that a node may change. Upstream: `SetUpAt` of the plugins
 * under `pkg/volume`; `supportsFSGroup`, `pkg/volume/csi/csi_mounter.go`.
 */
async function giveToGroup({ volume, mounted, isFirst }: Mounted, own: ClaimVolume, scope: VolumeScope): Promise<void> {
  const { pod } = scope.facts();
  const { fsGroup } = ownershipOf(scope.facts());
  if (fsGroup === undefined || isReadOnly(own, scope) || !(await mayBeGiven(volume, isFirst, scope))) return;
  const policy = pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch' ? 'OnRootMismatch' : 'Always';
  scope.node.runtime.giveVolumeToGroup(mounted, fsGroup, policy);
}

async function mayBeGiven({ spec }: Volume, isFirst: boolean, scope: VolumeScope): Promise<boolean> {
  const { volumeMode, hostPath, local, csi, accessModes = [] } = spec;
  if (volumeMode === 'Block' || hostPath) return false;
  if (local) return isFirst;
  if (!csi) return takesGroup(spec);
  const policy = (await scope.node.claims.source.csiDriver(csi.driver))?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType';
  if (policy !== 'ReadWriteOnceWithFSType') return policy === 'File';
  return Boolean(csi.fsType) && accessModes.some((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
}
