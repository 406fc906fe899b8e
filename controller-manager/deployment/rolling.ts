import type { Deployment } from '../../api/index.ts';
import { available, byAge, isActive, noteSize, type PlannedSet, planned, replicasBefore, sumOf } from './planned-set.ts';
import { maxUnavailable, newSetReplicas } from './rollout-math.ts';

/** The ReplicaSets of a rollout. */
export interface RollingSets {
  readonly newest: PlannedSet;
  readonly old: readonly PlannedSet[];
  readonly all: readonly PlannedSet[];
}

/**
 * Scales the newest ReplicaSet as far as surge allows.
 *
 * @returns whether it changed: then old ReplicaSets have to wait.
 */
export function rollOut(deployment: Deployment, { newest, all }: RollingSets): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  if (newest.replicas === wanted) return false;
  const replicas = newest.replicas > wanted ? wanted : newSetReplicas(deployment, newest.replicas, sumOf(all, planned));
  return scaleTo(deployment, newest, replicas) > 0;
}

/** Scales old ReplicaSets down: pods that do not work first, then as many as availability allows. */
export function rollOver(deployment: Deployment, { newest, old, all }: RollingSets): void {
  const active = old.filter(isActive).sort(byAge);
  if (active.length === 0) return;
  const minAvailable = (deployment.spec.replicas ?? 1) - maxUnavailable(deployment);
  const newUnavailable = newest.replicas - available(newest);
  const scaledDownMax = sumOf(all, planned) - minAvailable - newUnavailable;
  if (scaledDownMax <= 0) return;
  dropUnhealthy(deployment, active, scaledDownMax);
  const spare = sumOf([...active, newest], counted) - minAvailable;
  dropHealthy(deployment, active, spare);
}

/** Pods that count as available: not more than are wanted, since the status may lag behind pods that are on their way out. */
const counted = (set: PlannedSet): number => Math.min(available(set), replicasBefore(set));

function dropUnhealthy(deployment: Deployment, sets: readonly PlannedSet[], most: number): void {
  let left = most;
  for (const set of sets) {
    if (left <= 0) break;
    const unhealthy = set.replicas - available(set);
    if (set.replicas === 0 || unhealthy <= 0) continue;
    left -= scaleTo(deployment, set, set.replicas - Math.min(left, unhealthy));
  }
}

function dropHealthy(deployment: Deployment, sets: readonly PlannedSet[], most: number): void {
  let left = most;
  for (const set of sets) {
    if (left <= 0) break;
    if (set.replicas === 0) continue;
    left -= scaleTo(deployment, set, set.replicas - Math.min(left, set.replicas));
  }
}

/** @returns by how many replicas the set changed. */
function scaleTo(deployment: Deployment, set: PlannedSet, replicas: number): number {
  const change = Math.abs(set.replicas - replicas);
  if (change === 0) return 0;
  set.replicas = replicas;
  noteSize(set, deployment);
  return change;
}
