// How volumes and claims find and name each other: facts that the controller which binds them and the scheduler share.
import type { PersistentVolume } from './core/v1/persistent-volume.ts';
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from './core/v1/persistent-volume-claim.ts';
import { matchesNodeSelector } from './node-affinity.ts';
import type { Live } from './object.ts';
import { parseQuantity, type Quantity, ZERO_QUANTITY } from './quantity.ts';
import { fromLabelSelector } from './selector.ts';
import type { StorageClass } from './storage/v1/storage-class.ts';
import { storageClassOf } from './storage-class-name.ts';

/** On a claim: its binding was completed once. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On a claim or volume: a controller, not a user, chose the other one. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a volume: the provisioner that made it. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On a claim: the provisioner that is to make its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
/** The same under its older name, which is still written. */
export const STORAGE_PROVISIONER_BETA = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a claim: the node that the scheduler chose, which the volume has to be made for. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** On a claim or volume of a provisioner that used to be part of Kubernetes: the CSI driver that took over. */
export const MIGRATED_TO = 'pv.kubernetes.io/migrated-to';
/** Provisioner of classes whose volumes are made by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';
/** Provisioner that comes with nanokube; makes directories of nodes. */
export const HOSTPATH_PROVISIONER = 'nanokube.dev/hostpath';

type Claim = Live<PersistentVolumeClaim>;
type Volume = Live<PersistentVolume>;

/** Size of a volume; none is zero. */
export const volumeSize = ({ spec }: Pick<PersistentVolume, 'spec'>): Quantity => quantityOf(spec.capacity?.storage);

/** Size that a claim asks for; none is zero. */
export const claimSize = ({ spec }: Pick<PersistentVolumeClaim, 'spec'>): Quantity => quantityOf(spec.resources?.requests?.storage);

const quantityOf = (text: string | undefined): Quantity => (text === undefined ? ZERO_QUANTITY : parseQuantity(text));

/** Whether binding a claim is known to be completed. */
export const isBindCompleted = ({ metadata }: Pick<Claim, 'metadata'>): boolean => metadata.annotations?.[BIND_COMPLETED] !== undefined;

/** Whether a volume is bound to, or kept for, a claim. Upstream: `IsVolumeBoundToClaim` of `component-helpers/storage/volume`. */
export function isVolumeBoundTo({ spec: { claimRef } }: Volume, { metadata }: Claim): boolean {
  if (!claimRef || claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return !claimRef.uid || claimRef.uid === metadata.uid;
}

/** Whether a volume has all access modes that a claim asks for. */
export const hasAccessModes = (volume: Volume, claim: Claim): boolean =>
  (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode));

/** Whether one is a file system and the other a raw device. */
export const isVolumeModeMismatch = (claim: Pick<PersistentVolumeClaimSpec, 'volumeMode'>, volume: PersistentVolume['spec']): boolean =>
  (claim.volumeMode ?? 'Filesystem') !== (volume.volumeMode ?? 'Filesystem');

/** Whether a node with these labels reaches a volume. Upstream: `CheckNodeAffinity`. */
export function reachesVolume(labels: Readonly<Record<string, string>> | undefined, { spec }: Pick<PersistentVolume, 'spec'>): boolean {
  const required = spec.nodeAffinity?.required;
  return required === undefined || matchesNodeSelector(required, { metadata: { labels: { ...labels } } });
}

/** The volumes that could be a claim's. */
export interface VolumeCandidates {
  /** The one that is kept for it: it or none. */
  readonly kept: Volume | undefined;
  /** Those that it may have if there is none, from the smallest. */
  readonly free: readonly Volume[];
}

/** The volumes that suit a claim, wherever they are. */
export function volumeCandidates(claim: Claim, volumes: readonly Volume[]): VolumeCandidates {
  const wanted = claimSize(claim);
  const className = storageClassOf(claim);
  const selector = claim.spec.selector && fromLabelSelector(claim.spec.selector);
  const suitable = volumes.filter(
    (volume) => (!volume.spec.claimRef || isVolumeBoundTo(volume, claim)) && isAlike(volume, claim) && volumeSize(volume).cmp(wanted) >= 0,
  );
  const kept = suitable.find((volume) => volume.spec.claimRef);
  if (kept) return { kept, free: [] };
  const free = suitable.filter(
    (volume) =>
      volume.status.phase === 'Available' &&
      storageClassOf(volume) === className &&
      (!selector || selector.matches(volume.metadata.labels)),
  );
  return { kept, free: free.sort((a, b) => volumeSize(a).cmp(volumeSize(b))) };
}

const isAlike = (volume: Volume, claim: Claim): boolean =>
  !isVolumeModeMismatch(claim.spec, volume.spec) &&
  (claim.spec.volumeAttributesClassName ?? '') === (volume.spec.volumeAttributesClassName ?? '') &&
  !volume.metadata.deletionTimestamp;

/**
 * The volume that suits a claim best, wherever it is: the one kept for it, else the smallest that is large enough. Upstream:
 * `FindMatchingVolume` of `component-helpers/storage/volume`, as the volume controller uses it.
 *
 * @param isDelayed the claim waits for a consumer: only a volume that is kept for it will do.
 */
export function findMatchingVolume(claim: Claim, volumes: readonly Volume[], isDelayed = false): Volume | undefined {
  const { kept, free } = volumeCandidates(claim, volumes);
  return kept ?? (isDelayed ? undefined : free[0]);
}

/** Whether a node with these labels is in one of the topologies; no topologies are all. Upstream: `MatchTopologySelectorTerms`. */
export const isInTopologies = (labels: Readonly<Record<string, string>> | undefined, terms: StorageClass['allowedTopologies']): boolean =>
  !terms?.length ||
  terms.some(
    ({ matchLabelExpressions = [] }) =>
      matchLabelExpressions.length > 0 && matchLabelExpressions.every(({ key, values }) => values.some((value) => value === labels?.[key])),
  );

/**
 * A volume bound to a claim; undefined when it is already. Upstream: `GetBindVolumeToClaim`, which external binders must do alike.
 */
export function boundVolume(volume: Volume, claim: Claim): Volume | undefined {
  const { claimRef } = volume.spec;
  const { annotations } = volume.metadata;
  const isMarked = isVolumeBoundTo(volume, claim) || annotations?.[BOUND_BY_CONTROLLER] !== undefined;
  const isNamed = claimRef?.uid === claim.metadata.uid && isVolumeBoundTo(volume, claim);
  if (isNamed && isMarked) return undefined;
  return {
    ...volume,
    metadata: isMarked ? volume.metadata : { ...volume.metadata, annotations: { ...annotations, [BOUND_BY_CONTROLLER]: 'yes' } },
    spec: isNamed ? volume.spec : { ...volume.spec, claimRef: referenceToClaim(claim) },
  };
}

/** The reference to a claim that volumes carry. */
export const referenceToClaim = ({ metadata }: Claim): NonNullable<PersistentVolume['spec']['claimRef']> => ({
  kind: 'PersistentVolumeClaim',
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  apiVersion: 'v1',
  resourceVersion: metadata.resourceVersion,
});
