import { ephemeralClaimName, type Live, type Pod } from '../../api/index.ts';

/** A claim by name, and whether it was made for the pod. */
export interface Claimed {
  readonly name: string;
  readonly isOwn: boolean;
}

/** The claims that a pod names, or has of its own. */
export const claimsOf = ({ metadata, spec }: Live<Pod>): Claimed[] =>
  (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }): Claimed[] => {
    if (persistentVolumeClaim) return [{ name: persistentVolumeClaim.claimName, isOwn: false }];
    return ephemeral ? [{ name: ephemeralClaimName({ metadata }, name), isOwn: true }] : [];
  });

/** Keys of the claims that a pod names, or has of its own. */
export const claimKeysOf = (pod: Live<Pod>): string[] => claimsOf(pod).map(({ name }) => `${pod.metadata.namespace}/${name}`);
