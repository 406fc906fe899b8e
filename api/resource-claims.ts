// Claims for devices as pods use them. Upstream: `dynamic-resource-allocation/resourceclaim`.
import type { Pod } from './core/v1/pod.ts';
import type { Live } from './object.ts';
import type { ResourceClaim } from './resource/v1/resource-claim.ts';

/** Keeps a claim from going while devices are allocated for it. */
export const CLAIM_PROTECTION = 'resource.kubernetes.io/delete-protection';

type PodResourceClaim = NonNullable<Pod['spec']['resourceClaims']>[number];

/**
 * Name of the claim that a pod uses (`Name`); null when there is to be none.
 *
 * @throws when the claim is still to be made, or none is named.
 */
export function podResourceClaimName(
  pod: Live<Pod>,
  { name, resourceClaimName, resourceClaimTemplateName }: PodResourceClaim,
): string | null {
  if (resourceClaimName !== undefined) return resourceClaimName;
  const { metadata, status } = pod;
  const who = `pod "${metadata.namespace}/${metadata.name}"`;
  if (resourceClaimTemplateName === undefined)
    throw new Error(`${who}, spec.resourceClaim "${name}": none of the supported fields are set`);
  const made = status.resourceClaimStatuses?.find((one) => one.name === name);
  if (!made) throw new Error(`${who}: ResourceClaim not created yet`);
  return made.resourceClaimName ?? null;
}

/** Whether a pod may use a claim already (`IsReservedForPod`). */
export const isReservedFor = ({ metadata }: Pick<Pod, 'metadata'>, { status }: Pick<ResourceClaim, 'status'>): boolean =>
  status.reservedFor?.some(({ uid }) => uid === metadata.uid) === true;
