import type { KubeObject, Live, PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttributesClass } from '../../api/index.ts';
import { controllerOf } from '../../client/index.ts';
import { claimsOf } from '../shared/pod-claims.ts';

/**
 * What an object's finalizers should be: with the protecting one as long as it stays, without it once it is to go and nobody uses it.
 * Undefined when they are right.
 */
export function planFinalizers({ metadata }: Live<KubeObject>, finalizer: string, isUsed: boolean): string[] | undefined {
  const { finalizers = [], deletionTimestamp } = metadata;
  const isProtected = finalizers.includes(finalizer);
  if (!deletionTimestamp) return isProtected ? undefined : [...finalizers, finalizer];
  return isProtected && !isUsed ? finalizers.filter((other) => other !== finalizer) : undefined;
}

/**
 * Whether a pod uses a claim. One that is on no node does not: no kubelet starts a pod whose claim is to go. Upstream: `podUsesPVC` of
 * `pkg/controller/volume/pvcprotection`.
 */
export function usesClaim(pod: Live<Pod>, claim: Live<PersistentVolumeClaim>): boolean {
  if (!pod.spec.nodeName || pod.metadata.namespace !== claim.metadata.namespace) return false;
  return claimsOf(pod).some(({ name, isOwn }) => name === claim.metadata.name && (!isOwn || isClaimOf(pod, claim)));
}

/** The claim that was made for a pod is free as soon as its containers are gone. */
const isClaimOf = ({ metadata }: Live<Pod>, claim: Live<PersistentVolumeClaim>): boolean =>
  controllerOf(claim)?.uid === metadata.uid && !(metadata.deletionTimestamp && metadata.deletionGracePeriodSeconds === 0);

/** Whether a claim has it. Upstream: `pkg/controller/volume/pvprotection`. */
export const isVolumeUsed = ({ status }: Live<PersistentVolume>): boolean => status.phase === 'Bound';

/** The classes of attributes that a claim wants, has or is changing to. */
export const attributesClassesOf = ({ spec, status }: Live<PersistentVolumeClaim>): string[] =>
  [
    spec.volumeAttributesClassName,
    status.currentVolumeAttributesClassName,
    status.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ].flatMap((name) => (name ? [name] : []));

interface Users {
  readonly claims: readonly Live<PersistentVolumeClaim>[];
  readonly volumes: readonly Live<PersistentVolume>[];
}

/** Upstream: `pkg/controller/volume/vacprotection`. */
export const isAttributesClassUsed = ({ metadata }: Live<VolumeAttributesClass>, { claims, volumes }: Users): boolean =>
  claims.some((claim) => attributesClassesOf(claim).includes(metadata.name)) ||
  volumes.some(({ spec }) => spec.volumeAttributesClassName === metadata.name);
