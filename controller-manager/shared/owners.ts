import type { KindInfo, KubeObject, Live } from '../../api/index.ts';
import { controllerOf, newControllerRef } from '../../client/index.ts';

/** What a controller does with the objects that are its, or could be. */
export interface ClaimPlan<T> {
  /** Its already, and still matching. */
  readonly owned: T[];
  /** Matching orphans, to be adopted. */
  readonly adopt: T[];
  /** Its, but matching no longer: to be released. */
  readonly release: T[];
}

/**
 * Sorts candidates into owned, to be adopted and to be released, by upstream's rules: an object belongs to the controller its reference
 * names; orphans that match are adopted; what no longer matches is let go. Nothing changes hands when the owner or the object is being
 * deleted.
 *
 * @param isWanted whether the owner's selector (and what else it asks for) takes an object in.
 */
export function planClaim<T extends KubeObject>(
  owner: Live<KubeObject>,
  candidates: readonly T[],
  isWanted: (candidate: T) => boolean,
): ClaimPlan<T> {
  const plan: ClaimPlan<T> = { owned: [], adopt: [], release: [] };
  const ownerLives = !owner.metadata.deletionTimestamp;
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const matches = isWanted(candidate);
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches) plan.owned.push(candidate);
      else if (ownerLives) plan.release.push(candidate);
    } else if (ownerLives && matches && !candidate.metadata.deletionTimestamp) {
      plan.adopt.push(candidate);
    }
  }
  return plan;
}

/** The strategic merge patch that makes `owner` the controller of the object with this uid. */
export const adoptPatch = (kind: KindInfo, owner: Live<KubeObject>, uid: string, finalizer?: string): object => ({
  metadata: { ownerReferences: [newControllerRef(owner, kind)], uid, ...(finalizer === undefined ? {} : { finalizers: [finalizer] }) },
});

/** The strategic merge patch that takes `owner` out of the object's references. */
export const releasePatch = (owner: Live<KubeObject>, uid: string, finalizer?: string): object => ({
  metadata: {
    ownerReferences: [{ $patch: 'delete', uid: owner.metadata.uid }],
    uid,
    ...(finalizer === undefined ? {} : { '$deleteFromPrimitiveList/finalizers': [finalizer] }),
  },
});
