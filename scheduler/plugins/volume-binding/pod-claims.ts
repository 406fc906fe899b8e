// What a pod's claims ask of its node. Upstream: `podHasPVCs`, `GetPodVolumeClaims` of `plugins/volumebinding`.
import {
  ephemeralClaimName,
  foreignClaimError,
  isBindCompleted,
  type Live,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
  storageClassOf,
} from '../../../api/index.ts';

export type Claim = Live<PersistentVolumeClaim>;

/** A claim that a pod names, and whether it was made for one of its ephemeral volumes. */
interface Named {
  readonly name: string;
  readonly isEphemeral: boolean;
}

export const claimsNamedBy = ({ metadata, spec }: Live<Pod>): Named[] =>
  (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }): Named[] => {
    if (persistentVolumeClaim) return [{ name: persistentVolumeClaim.claimName, isEphemeral: false }];
    return ephemeral ? [{ name: ephemeralClaimName({ metadata }, name), isEphemeral: true }] : [];
  });

/** Whether a claim is one that a pod names. */
export const isNamedBy = (pod: Live<Pod>, { metadata }: Claim): boolean =>
  metadata.namespace === pod.metadata.namespace && claimsNamedBy(pod).some(({ name }) => name === metadata.name);

/** A pod's claims, by what is left to do. */
export interface PodClaims {
  readonly bound: readonly Claim[];
  /** To be bound to a volume that the chosen node reaches, from the smallest. */
  readonly delayed: readonly Claim[];
  /** To be bound by the volume controller, whatever the node. */
  readonly immediate: readonly Claim[];
}

/** Where claims and classes are found. */
export interface ClaimLookup {
  claim(key: string): Claim | undefined;
  storageClass(name: string): Live<StorageClass> | undefined;
}

/** @returns why the pod cannot run with its claims as they are, if it cannot. */
export function readClaims(pod: Live<Pod>, lookup: ClaimLookup): PodClaims | string {
  const claims = { bound: [] as Claim[], delayed: [] as Claim[], immediate: [] as Claim[] };
  for (const { name, isEphemeral } of claimsNamedBy(pod)) {
    const claim = lookup.claim(`${pod.metadata.namespace}/${name}`);
    const wrong = claim ? unusable(pod, claim, isEphemeral) : absent(name, isEphemeral);
    if (wrong !== undefined || !claim) return wrong ?? absent(name, isEphemeral);
    claims[stateOf(claim, lookup)].push(claim);
  }
  return claims;
}

const absent = (name: string, isEphemeral: boolean): string =>
  isEphemeral
    ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
    : `persistentvolumeclaim "${name}" not found`;

function unusable(pod: Live<Pod>, claim: Claim, isEphemeral: boolean): string | undefined {
  const { metadata, spec, status } = claim;
  if (status.phase === 'Lost')
    return `persistentvolumeclaim "${metadata.name}" bound to non-existent persistentvolume "${spec.volumeName ?? ''}"`;
  if (metadata.deletionTimestamp) return `persistentvolumeclaim "${metadata.name}" is being deleted`;
  return isEphemeral ? foreignClaimError(pod, claim) : undefined;
}

/** Whether nothing is left to do for a claim. */
export const isFullyBound = (claim: Claim): boolean => !!claim.spec.volumeName && isBindCompleted(claim);

function stateOf(claim: Claim, lookup: ClaimLookup): keyof PodClaims {
  if (isFullyBound(claim)) return 'bound';
  const isDelayed = lookup.storageClass(storageClassOf(claim))?.volumeBindingMode === 'WaitForFirstConsumer';
  return isDelayed && !claim.spec.volumeName ? 'delayed' : 'immediate';
}
