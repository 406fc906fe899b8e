import {
  apiVersionOf,
  appsKinds,
  coreKinds,
  type KindInfo,
  type KubeObject,
  type Live,
  type OwnerReference,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
} from '../../api/index.ts';
import { newControllerRef } from '../../client/index.ts';
import { isInRange, ordinalOf } from './identity.ts';

// Who owns the claims made from templates, and so when they go: KEP-1847; upstream: `stateful_set_utils.go`.

/** A pod as claims know it; one that is not made yet has no uid. */
export interface PodIdentity {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined; readonly uid?: string | undefined };
}

type Claim = Live<PersistentVolumeClaim>;
type References = readonly OwnerReference[];

const POD = coreKinds.pods;
const SET = appsKinds.statefulsets;

/** What the claims are kept by: the StatefulSet, the pod that is one too many, or nothing. */
interface Keeper {
  readonly set: boolean;
  readonly pod: boolean;
}

function keeperOf(set: Live<StatefulSet>, pod: PodIdentity): Keeper {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const isCondemned = whenScaled === 'Delete' && !isInRange(set, ordinalOf(pod));
  return { set: whenDeleted === 'Delete' && !isCondemned, pod: isCondemned };
}

const retains = ({ spec: { persistentVolumeClaimRetentionPolicy: policy } }: StatefulSet): boolean =>
  policy?.whenDeleted !== 'Delete' && policy?.whenScaled !== 'Delete';

/** Whether a reference means an object of this kind and name, be it this very one or an earlier one. */
const means = (reference: OwnerReference, kind: KindInfo, { metadata }: PodIdentity): boolean =>
  reference.apiVersion === apiVersionOf(kind) && reference.kind === kind.kind && reference.name === metadata.name;

const refersTo = ({ metadata }: Claim, { metadata: { uid } }: PodIdentity): boolean =>
  uid !== undefined && (metadata.ownerReferences ?? []).some((reference) => reference.uid === uid);

function isStale({ metadata }: Claim, kind: KindInfo, owner: PodIdentity): boolean {
  const reference = metadata.ownerReferences?.find((candidate) => means(candidate, kind, owner));
  return reference !== undefined && reference.uid !== owner.metadata.uid;
}

/** Whether a claim belongs to an earlier pod of this name, and is about to go with it. */
export const isOfEarlierPod = (claim: Claim, pod: PodIdentity): boolean => isStale(claim, POD, pod);

/** Whether somebody else manages the claim, so that we must not. Upstream: `hasUnexpectedController`. */
export function hasOtherController(claim: Claim, set: Live<StatefulSet>, pod: PodIdentity): boolean {
  if (retains(set)) return false;
  return (claim.metadata.ownerReferences ?? []).some((reference) => {
    if (means(reference, SET, set)) return reference.uid !== set.metadata.uid;
    if (means(reference, POD, pod)) return reference.uid !== pod.metadata.uid;
    return reference.controller === true;
  });
}

/** Whether the claim's owners are what the retention policy asks for, or none of our business. */
export function isOwnerRight(claim: Claim, set: Live<StatefulSet>, pod: PodIdentity): boolean {
  if (isStale(claim, SET, set) || isStale(claim, POD, pod)) return true;
  const ofSet = refersTo(claim, set);
  const ofPod = refersTo(claim, pod);
  if (hasOtherController(claim, set, pod)) return !ofSet && !ofPod;
  const ours = (claim.metadata.ownerReferences ?? []).filter(({ uid }) => uid === set.metadata.uid || uid === pod.metadata.uid);
  if (ours.some(({ controller }) => controller !== true)) return false;
  const keeper = keeperOf(set, pod);
  return ofSet === keeper.set && ofPod === keeper.pod;
}

/** The claim's owners as the retention policy asks for. */
export function ownersFor(claim: Claim, set: Live<StatefulSet>, pod: Live<Pod>): OwnerReference[] {
  const others = (claim.metadata.ownerReferences ?? []).filter((reference) => !means(reference, SET, set) && !means(reference, POD, pod));
  if (hasOtherController(claim, set, pod)) return others;
  const keeper = keeperOf(set, pod);
  if (keeper.pod) return withOwner(others, POD, pod);
  return keeper.set ? withOwner(others, SET, set) : others;
}

function withOwner(references: References, kind: KindInfo, owner: Live<KubeObject>): OwnerReference[] {
  if (references.some(({ uid }) => uid === owner.metadata.uid)) return [...references];
  return [...references, newControllerRef(owner, kind)];
}
