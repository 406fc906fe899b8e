// The claims of ephemeral volumes, which are made for one pod and bear its name. Upstream: `component-helpers/storage/ephemeral`.
import type { PersistentVolumeClaim } from './core/v1/persistent-volume-claim.ts';
import type { Pod } from './core/v1/pod.ts';
import type { Live } from './object.ts';

/** Name of the claim of an ephemeral volume (`VolumeClaimName`). */
export const ephemeralClaimName = (pod: Pick<Pod, 'metadata'>, volumeName: string): string => `${pod.metadata.name}-${volumeName}`;

/** Why a claim is not the one that was made for a pod, should it not be (`VolumeIsForPod`). */
export function foreignClaimError(
  { metadata: pod }: Pick<Pod, 'metadata'>,
  { metadata: claim }: Live<PersistentVolumeClaim>,
): string | undefined {
  const owner = claim.ownerReferences?.find(({ controller }) => controller === true);
  if (claim.namespace === pod.namespace && owner?.uid === pod.uid) return undefined;
  return `PVC ${claim.namespace}/${claim.name} was not created for pod ${pod.namespace}/${pod.name} (pod is not owner)`;
}
