// What may help a pod that waits for devices. Upstream: `EventsToRegister`, `isSchedulableAfterClaimChange`, `isSchedulableAfterPodChange`.
import type { Live, Pod, ResourceV1ResourceClaim } from '../../../api/index.ts';
import { equalJson } from '../../../client/index.ts';
import { type Change, type EventRegistration, on } from '../../framework/events.ts';
import type { ClaimTracker } from './claim-tracker.ts';
import { claimsOf } from './pod-claims.ts';

export const eventsFor = (tracker: ClaimTracker): readonly EventRegistration[] => [
  on('Node', ['Add', 'UpdateNodeLabel', 'UpdateNodeAllocatable']),
  on('ResourceClaim', ['Add', 'Update'], ({ pod }, change) => claimHelps(pod, change, tracker)),
  on('Pod', ['UpdatePodGeneratedResourceClaim'], ({ uid }, { now }) => {
    if (now?.metadata.uid !== uid) return false;
    return Array.isArray(claimsOf(now, tracker));
  }),
  on('DeviceClass', ['Add', 'Update']),
  on('ResourceSlice', ['Add', 'Update']),
];

/** A claim that was freed may help anybody; of the pod's own, what happens to their status. */
function claimHelps(pod: Live<Pod>, { now, old }: Change<ResourceV1ResourceClaim>, tracker: ClaimTracker): boolean {
  const claims = claimsOf(pod, tracker);
  if ('code' in claims) return false;
  if (old?.status.allocation && !now?.status.allocation) return true;
  if (!claims.some(({ metadata }) => metadata.uid === now?.metadata.uid)) return false;
  return !old || !equalJson(old.status, now?.status);
}
