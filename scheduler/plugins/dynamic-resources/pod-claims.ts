// The claims of a pod, and whether they can be looked after. Upstream: `foreachPodResourceClaim`, `PreFilter` of `plugins/dynamicresources`.
import { type DeviceRequest, type Live, type Pod, podResourceClaimName } from '../../../api/index.ts';
import { isControlledBy } from '../../../client/index.ts';
import { type Rejection, unresolvable } from '../../framework/status.ts';
import { type Claim, claimText } from './allocation/requests.ts';
import type { ClaimTracker } from './claim-tracker.ts';

/** The claims that a pod names, in its order; or why it has to wait for them. */
export function claimsOf(pod: Live<Pod>, tracker: ClaimTracker): readonly Claim[] | Rejection {
  const { resourceClaims } = pod.spec;
  if (!resourceClaims?.length) return [];
  const claims: Claim[] = [];
  try {
    for (const podClaim of resourceClaims) {
      const name = podResourceClaimName(pod, podClaim);
      if (name !== null) claims.push(claimOf(pod, { name, mustBeOwn: podClaim.resourceClaimName === undefined }, tracker));
    }
  } catch (error) {
    return unresolvable(error instanceof Error ? error.message : String(error));
  }
  return claims;
}

function claimOf(pod: Live<Pod>, wanted: { readonly name: string; readonly mustBeOwn: boolean }, tracker: ClaimTracker): Claim {
  const { namespace, name } = pod.metadata;
  const claim = tracker.claim(namespace, wanted.name);
  if (!claim) throw new Error(`could not find ResourceClaim "${namespace}/${wanted.name}"`);
  if (claim.metadata.deletionTimestamp) throw new Error(`resourceclaim "${wanted.name}" is being deleted`);
  if (wanted.mustBeOwn && !isControlledBy(claim, pod)) {
    throw new Error(`ResourceClaim ${claimText(claim)} was not created for pod ${namespace}/${name} (pod is not owner)`);
  }
  return claim;
}

/** Why a claim that has no devices yet cannot get any, on whatever node. */
export function whyNotAllocatable(claim: Claim, podKey: string, tracker: ClaimTracker): Rejection | undefined {
  if (tracker.isPendingFor(podKey, claim)) return unresolvable(`resource claim ${claimText(claim)} is in the process of being allocated`);
  for (const request of claim.spec.devices?.requests ?? []) {
    const classes = classesOf(request);
    if (classes.length === 0) return unresolvable(`resource claim ${claimText(claim)}, request ${request.name}: unknown request type`);
    for (const { name, className } of classes) {
      if (!className) throw new Error(`request ${name}: unsupported request type`);
      if (!tracker.deviceClass(className)) return unresolvable(`request ${name}: device class ${className} does not exist`);
    }
  }
  return undefined;
}

/** The classes that a request, or its alternatives, name. */
function classesOf({ name, exactly, firstAvailable = [] }: DeviceRequest): { readonly name: string; readonly className: string }[] {
  if (exactly) return [{ name, className: exactly.deviceClassName }];
  return firstAvailable.map((asked) => ({ name: `${name}/${asked.name}`, className: asked.deviceClassName }));
}
