import { type Deployment, scaledValue } from '../../api/index.ts';

export const isRolling = (deployment: Deployment): boolean => deployment.spec.strategy?.type === 'RollingUpdate';

const replicasOf = (deployment: Deployment): number => deployment.spec.replicas ?? 1;

/** Surge and unavailability as numbers. Both zero would stop every rollout: then one pod may be unavailable. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const { maxSurge: surge = 0, maxUnavailable: unavailable = 0 } = deployment.spec.strategy?.rollingUpdate ?? {};
  const resolved = {
    surge: scaledValue(surge, replicasOf(deployment), true),
    unavailable: scaledValue(unavailable, replicasOf(deployment), false),
  };
  return resolved.surge === 0 && resolved.unavailable === 0 ? { surge: 0, unavailable: 1 } : resolved;
}

/** How many pods above the number wanted there may be. */
export const maxSurge = (deployment: Deployment): number => (isRolling(deployment) ? fenceposts(deployment).surge : 0);

/** How many of the pods wanted may be unavailable. */
export function maxUnavailable(deployment: Deployment): number {
  if (!isRolling(deployment) || replicasOf(deployment) === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, replicasOf(deployment));
}

/**
 * How many replicas the newest ReplicaSet may have now.
 *
 * @param present its replicas now.
 * @param total replicas of all ReplicaSets now.
 */
export function newSetReplicas(deployment: Deployment, present: number, total: number): number {
  const wanted = replicasOf(deployment);
  if (!isRolling(deployment)) return wanted;
  const { maxSurge: surge = 0 } = deployment.spec.strategy?.rollingUpdate ?? {};
  const room = wanted + scaledValue(surge, wanted, true) - total;
  return room <= 0 ? present : present + Math.min(room, wanted - present);
}

/** Rounds halves away from zero, as upstream. */
const round = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

/** What a ReplicaSet knows for its share of a scaling. */
export interface Share {
  /** Its replicas now. */
  readonly replicas: number;
  /** Most replicas its Deployment could have when it was last scaled, as noted on the ReplicaSet. */
  readonly maxReplicasBefore: number | undefined;
}

/**
 * The replicas a ReplicaSet gains or loses when its Deployment is scaled in the middle of a rollout: in proportion to its size.
 *
 * @param toAdd replicas that are to be distributed; negative when scaling down.
 * @param added what other ReplicaSets took of it.
 */
export function proportion(deployment: Deployment, share: Share, toAdd: number, added: number): number {
  if (share.replicas === 0 || toAdd === 0 || toAdd === added) return 0;
  const fraction = fractionOf(deployment, share);
  const allowed = toAdd - added;
  return toAdd > 0 ? Math.min(fraction, allowed) : Math.max(fraction, allowed);
}

function fractionOf(deployment: Deployment, { replicas, maxReplicasBefore }: Share): number {
  if (replicasOf(deployment) === 0) return -replicas;
  const before = maxReplicasBefore || (deployment.status.replicas ?? 0);
  if (before === 0) return 0;
  return round((replicas * (replicasOf(deployment) + maxSurge(deployment))) / before) - replicas;
}
