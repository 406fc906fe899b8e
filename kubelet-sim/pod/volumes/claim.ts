// The volumes of claims. Upstream: `pkg/kubelet/volumemanager/populator`, `pkg/volume/util/operationexecutor`.
import {
  foreignClaimError,
  keyOf,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  parseQuantity,
  reachesVolume,
} from '../../../api/index.ts';
import type { MountableVolume } from '../../runtime/cri.ts';
import type { ClaimSource } from './claim-source.ts';
import { csiMissing } from './csi.ts';
import { hostPathType } from './host-path.ts';
import { MountError, NotYet, ownershipOf, type PodVolume, type VolumeScope } from './volume.ts';

/** How long a volume may take to be attached before the pod is told. Upstream: `podAttachAndMountTimeout`. */
const ATTACH_MS_MAX = 123_000;

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
  let waitsSince: number | undefined;
  /**
   * @returns how the node calls the volume; undefined when it need not be attached.
   * @throws NotYet, and from time to time an error that the pod is told of.
   */
  const waitForAttach = async (volume: Volume): Promise<string | undefined> => {
    const { csi } = volume.spec;
    const driver = csi && (await scope.node.claims.source.csiDriver(csi.driver));
    if (!csi || !driver || driver.spec.attachRequired === false) return undefined;
    if (await scope.node.claims.source.attach(volume, scope.node.nodeName)) return `kubernetes.io/csi/${csi.driver}^${csi.volumeHandle}`;
    const now = scope.node.clock.monotonic();
    waitsSince ??= now;
    if (now - waitsSince < ATTACH_MS_MAX) throw new NotYet(`volume "${volume.metadata.name}" is not attached`);
    waitsSince = now;
    const what = `unmounted volumes=[${own.name}], unattached volumes=[${own.name}], failed to process volumes=[]`;
    throw new MountError(`Unable to attach or mount volumes: ${what}: timed out waiting for the condition`);
  };
  const setUp = async (): Promise<MountableVolume> => {
    if (mountable) return mountable;
    const { claim, volume } = await processed(own, scope);
    const user = { pod: scope.facts().pod, nodeName: scope.node.nodeName };
    if (volume.spec.accessModes?.includes('ReadWriteOncePod') && scope.node.claims.isHeldByOther(claim, user)) {
      throw setUpFailed(volume, 'volume uses the ReadWriteOncePod access mode and is already in use by another pod');
    }
    const attached = await waitForAttach(volume);
    mountable = await mount(volume, scope);
    scope.node.claims.hold(claim, { ...user, attached });
    return mountable;
  };
  return {
    name: own.name,
    setUp,
    tearDown: () => scope.node.claims.release(`${namespace}/${own.claimName}`, uid),
    get mountable() {
      return mountable;
    },
  };
}

const setUpFailed = ({ metadata }: Volume, why: string): MountError =>
  new MountError(`MountVolume.SetUp failed for volume "${metadata.name}" : ${why}`);

/** The claim and its volume, once both are as a pod can use them. Upstream: `getPVCExtractPV`, `getPVSpec`. */
async function processed(own: ClaimVolume, scope: VolumeScope): Promise<{ claim: Claim; volume: Volume }> {
  const { pod } = scope.facts();
  const { namespace = '' } = pod.metadata;
  const { source } = scope.node.claims;
  const fail = (why: string) => {
    const what = `unmounted volumes=[${own.name}], unattached volumes=[], failed to process volumes=[${own.name}]`;
    return new MountError(`Unable to attach or mount volumes: ${what}: error processing PVC ${namespace}/${own.claimName}: ${why}`);
  };
  const claim = await source.claim(namespace, own.claimName);
  if (!claim) throw fail(`failed to fetch PVC from API server: persistentvolumeclaims "${own.claimName}" not found`);
  const foreign = own.isEphemeral ? foreignClaimError(pod, claim) : undefined;
  const wrong = foreign ?? unusable(claim);
  if (wrong) throw fail(wrong);
  const volume = await boundVolume(claim, source);
  if (typeof volume === 'string') throw fail(volume);
  return { claim, volume };
}

function unusable({ metadata, spec, status }: Claim): string | undefined {
  if (metadata.deletionTimestamp) return 'PVC is being deleted';
  if (status.phase !== 'Bound') return 'PVC is not bound';
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

/** What is mounted: a part of the node for a directory of it, and for what a network holds the same on every node. */
async function mount(volume: Volume, scope: VolumeScope): Promise<MountableVolume> {
  const { name } = volume.metadata;
  if (!reachesVolume(scope.node.nodeLabels(), volume)) {
    throw new MountError(`MountVolume.NodeAffinity check failed for volume "${name}" : no matching NodeSelectorTerms`);
  }
  const { hostPath, local, csi } = volume.spec;
  if (hostPath) {
    const { path, type } = hostPath;
    const tree = await scope.node.runtime.hostPath(path, hostPathType(type)).catch((error: unknown) => {
      throw setUpFailed(volume, error instanceof Error ? error.message : String(error));
    });
    return { name, tree };
  }
  if (local) {
    const tree = await scope.node.runtime.hostPath(local.path, 'Directory').catch(() => {
      const why = `path "${local.path}" does not exist`;
      throw new MountError(`MountVolume.NewMounter initialization failed for volume "${name}" : ${why}`);
    });
    return { name, tree, ...ownershipOf(scope.facts()) };
  }
  if (csi && !(await scope.node.claims.source.csiDriver(csi.driver))) {
    const why = `kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: ${csiMissing(csi.driver)}`;
    throw new MountError(`MountVolume.MountDevice failed for volume "${name}" : ${why}`);
  }
  const capacity = volume.spec.capacity?.storage;
  return scope.node.claims.sharedTree(volume, () => ({
    name: keyOf(volume),
    ...ownershipOf(scope.facts()),
    ...(capacity === undefined ? {} : { capacityBytes: parseQuantity(capacity).value() }),
  }));
}
