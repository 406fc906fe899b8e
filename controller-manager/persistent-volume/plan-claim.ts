// What is to be done about a claim. Upstream: `syncUnboundClaim` and `syncBoundClaim` of `pkg/controller/volume/persistentvolume`.
import {
  BOUND_BY_CONTROLLER,
  claimSize,
  DEFAULT_STORAGE_CLASS_MARKS,
  defaultClassOf,
  findMatchingVolume,
  hasAccessModes,
  hasStorageClass,
  isBindCompleted,
  isVolumeBoundTo,
  isVolumeModeMismatch,
  keyOf,
  type Live,
  type PersistentVolume,
  type PersistentVolumeClaim,
  SELECTED_NODE,
  type StorageClass,
  storageClassOf,
  volumeSize,
} from '../../api/index.ts';
import { type ExternalProvisioner, externalProvisioner } from './plugins.ts';

export type Claim = Live<PersistentVolumeClaim>;
export type Volume = Live<PersistentVolume>;

/** Something to tell the users of an object. */
export interface Notice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What a plan for a claim looks at. */
export interface ClaimWorld {
  readonly volumes: readonly Volume[];
  volume(name: string): Volume | undefined;
  storageClass(name: string): Live<StorageClass> | undefined;
  storageClasses(): readonly Live<StorageClass>[];
  /** Names of the pods that use the claim, have not ended and are on no node yet. */
  waitingPods(claim: Claim): readonly string[];
}

/** What is to be done about a claim. */
export type ClaimPlan =
  /** Give it the default class. */
  | { readonly action: 'classify'; readonly className: string }
  /** Tell its provisioner to make a volume. */
  | { readonly action: 'provision'; readonly provisioner: ExternalProvisioner }
  /** It cannot be bound now. */
  | { readonly action: 'wait'; readonly notice?: Notice | undefined }
  /** It cannot be provisioned, and its phase is left alone. */
  | { readonly action: 'refuse'; readonly notice: Notice }
  | { readonly action: 'bind'; readonly volume: Volume }
  /** Its volume is gone, or another's. */
  | { readonly action: 'lose'; readonly notice: Notice };

export const planClaim = (claim: Claim, world: ClaimWorld): ClaimPlan =>
  isBindCompleted(claim) ? planBound(claim, world) : planUnbound(claim, world);

const normal = (reason: string, message: string): Notice => ({ type: 'Normal', reason, message });
const warning = (reason: string, message: string): Notice => ({ type: 'Warning', reason, message });

function planUnbound(claim: Claim, world: ClaimWorld): ClaimPlan {
  if (claim.spec.volumeName) return planRequested(claim, world.volume(claim.spec.volumeName));
  const isDelayed = isBindingDelayed(claim, world);
  const volume = bestMatch(claim, world.volumes, isDelayed);
  if (volume) return { action: 'bind', volume };
  if (!hasStorageClass(claim)) {
    const chosen = defaultClassOf(world.storageClasses(), DEFAULT_STORAGE_CLASS_MARKS);
    if (chosen) return { action: 'classify', className: chosen.metadata.name };
  }
  if (isDelayed && claim.metadata.annotations?.[SELECTED_NODE] === undefined) {
    return { action: 'wait', notice: waitingNotice(world.waitingPods(claim)) };
  }
  // It is offered as soon as it is known to be free: there is nothing to complain of.
  if (!isDelayed && bestMatch(claim, world.volumes.flatMap(onceAvailable), false)) return { action: 'wait' };
  const className = storageClassOf(claim);
  if (className !== '') return planProvision(className, world);
  const message = 'no persistent volumes available for this claim and no storage class is set';
  return { action: 'wait', notice: normal('FailedBinding', message) };
}

/** A volume that has just come, as it will be once it was looked at; nothing for others. */
function onceAvailable(volume: Volume): Volume[] {
  const { spec, status } = volume;
  const isNew = !spec.claimRef?.uid && (status.phase === undefined || status.phase === 'Pending');
  return isNew ? [{ ...volume, status: { ...status, phase: 'Available' } }] : [];
}

/** The user asked for this very volume. */
function planRequested(claim: Claim, volume: Volume | undefined): ClaimPlan {
  if (!volume) return { action: 'wait' };
  if (!volume.spec.claimRef) {
    const mismatch = mismatchOf(volume, claim);
    if (!mismatch) return { action: 'bind', volume };
    const message = `Cannot bind to requested volume "${volume.metadata.name}": ${mismatch}`;
    return { action: 'wait', notice: warning('VolumeMismatch', message) };
  }
  if (isVolumeBoundTo(volume, claim)) return { action: 'bind', volume };
  const notice = warning('FailedBinding', `volume "${volume.metadata.name}" already bound to a different claim.`);
  // A binding of ours that somebody unfinished is left as it is: nobody knows what it was to be.
  return claim.metadata.annotations?.[BOUND_BY_CONTROLLER] === undefined ? { action: 'wait', notice } : { action: 'refuse', notice };
}

/** Why a volume does not do for a claim that names it. Upstream: `checkVolumeSatisfyClaim`. */
function mismatchOf(volume: Volume, claim: Claim): string | undefined {
  if (volume.metadata.deletionTimestamp) return `the volume is marked for deletion "${volume.metadata.name}"`;
  if (volumeSize(volume).cmp(claimSize(claim)) < 0) return 'requested PV is too small';
  if (storageClassOf(volume) !== storageClassOf(claim)) return 'storageClassName does not match';
  if ((volume.spec.volumeAttributesClassName ?? '') !== (claim.spec.volumeAttributesClassName ?? '')) {
    return 'volumeAttributesClassName does not match';
  }
  if (isVolumeModeMismatch(claim.spec, volume.spec)) return 'incompatible volumeMode';
  return hasAccessModes(volume, claim) ? undefined : 'incompatible accessMode';
}

function isBindingDelayed(claim: Claim, world: ClaimWorld): boolean {
  const className = storageClassOf(claim);
  return className !== '' && world.storageClass(className)?.volumeBindingMode === 'WaitForFirstConsumer';
}

/**
 * Of the volumes with all the access modes wanted, those with the fewest modes come first, and of those the smallest. Upstream: `index.go`.
 */
function bestMatch(claim: Claim, volumes: readonly Volume[], isDelayed: boolean): Volume | undefined {
  const groups = new Map<number, Volume[]>();
  for (const volume of volumes) {
    // Most volumes are somebody else's: that is the cheapest to see.
    if ((volume.spec.claimRef && !isVolumeBoundTo(volume, claim)) || !hasAccessModes(volume, claim)) continue;
    const modes = new Set(volume.spec.accessModes).size;
    const group = groups.get(modes);
    if (group) group.push(volume);
    else groups.set(modes, [volume]);
  }
  for (const modes of [...groups.keys()].sort((a, b) => a - b)) {
    const found = findMatchingVolume(claim, groups.get(modes) ?? [], isDelayed);
    if (found) return found;
  }
  return undefined;
}

function waitingNotice(pods: readonly string[]): Notice {
  if (pods.length === 0) return normal('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
  return normal('WaitForPodScheduled', `waiting for pod${pods.length > 1 ? 's' : ''} ${pods.join(',')} to be scheduled`);
}

function planProvision(className: string, world: ClaimWorld): ClaimPlan {
  const storageClass = world.storageClass(className);
  const refuse = (message: string): ClaimPlan => ({ action: 'refuse', notice: warning('ProvisioningFailed', message) });
  if (!storageClass) return refuse(`storageclass.storage.k8s.io "${className}" not found`);
  const provisioner = externalProvisioner(storageClass.provisioner);
  return typeof provisioner === 'string' ? refuse(provisioner) : { action: 'provision', provisioner };
}

function planBound(claim: Claim, world: ClaimWorld): ClaimPlan {
  const lose = (reason: string, message: string): ClaimPlan => ({ action: 'lose', notice: warning(reason, message) });
  const { volumeName } = claim.spec;
  if (!volumeName) return lose('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!');
  const volume = world.volume(volumeName);
  if (!volume) return lose('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  const { claimRef } = volume.spec;
  if (!claimRef || claimRef.uid === claim.metadata.uid) return { action: 'bind', volume };
  return lose('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

/** Whether a claim that waits could have this volume: it is worth to look at it again. */
export const couldHave = (claim: Claim, volume: Volume): boolean =>
  !isBindCompleted(claim) &&
  (claim.spec.volumeName
    ? claim.spec.volumeName === volume.metadata.name
    : hasAccessModes(volume, claim) && findMatchingVolume(claim, [volume]) !== undefined);

/** The claim that a volume names. */
export const claimKeyOf = ({ spec: { claimRef } }: Volume): string =>
  keyOf({ metadata: { name: claimRef?.name, namespace: claimRef?.namespace } });
