// The devices of a pod are made ready before its sandbox is. Upstream: `PrepareResources` of `pkg/kubelet/cm/dra/manager.go`; of drivers this node has
// every one.
import { isReservedFor, type Live, type Pod, podResourceClaimName } from '../../api/index.ts';
import type { ClaimSource } from './volumes/claim-source.ts';

/** @throws when the pod may not use one of its claims yet. */
export async function prepareDevices(pod: Live<Pod>, source: Pick<ClaimSource, 'resourceClaim'>): Promise<void> {
  for (const podClaim of pod.spec.resourceClaims ?? []) {
    const claimName = podResourceClaimName(pod, podClaim);
    if (claimName !== null) await checkClaim(pod, { claimName, mustBeOwn: podClaim.resourceClaimName === undefined }, source);
  }
}

async function checkClaim(
  pod: Live<Pod>,
  { claimName, mustBeOwn }: { readonly claimName: string; readonly mustBeOwn: boolean },
  source: Pick<ClaimSource, 'resourceClaim'>,
): Promise<void> {
  const { namespace = '', name, uid } = pod.metadata;
  const claim = await source.resourceClaim(namespace, claimName);
  if (!claim) throw new Error(`fetch ResourceClaim ${claimName}: resourceclaims.resource.k8s.io "${claimName}" not found`);
  const owner = claim.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (mustBeOwn && owner?.uid !== uid) {
    throw new Error(`ResourceClaim ${namespace}/${claimName} was not created for pod ${namespace}/${name} (pod is not owner)`);
  }
  if (!isReservedFor(pod, claim)) {
    throw new Error(`pod ${name} (${uid}) is not allowed to use ResourceClaim ${claimName} (${claim.metadata.uid})`);
  }
}
