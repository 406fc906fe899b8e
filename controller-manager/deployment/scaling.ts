import type { Deployment } from '../../api/index.ts';
import { DESIRED_REPLICAS, MAX_REPLICAS } from './names.ts';
import { available, byAge, bySize, isActive, noteSize, numberIn, type PlannedSet, planned, sumOf } from './planned-set.ts';
import { isRolling, maxSurge, proportion } from './rollout-math.ts';

/** The ReplicaSets of a Deployment that is scaled. */
export interface ScalingSets {
  readonly newest: PlannedSet | undefined;
  readonly old: readonly PlannedSet[];
  readonly all: readonly PlannedSet[];
}

/**
 * Brings the ReplicaSets to the Deployment's size without going on with a rollout: the only active one takes all; in the middle of a
 * rollout each takes its share, so that a rollout that does not work cannot gain ground by scaling.
 */
export function scaleAll(deployment: Deployment, sets: ScalingSets): void {
  const wanted = deployment.spec.replicas ?? 1;
  const only = activeOrLatest(sets);
  if (only) {
    if (only.replicas !== wanted) setSize(deployment, only, wanted);
    return;
  }
  if (isSaturated(deployment, sets.newest)) {
    for (const old of sets.old.filter(isActive)) setSize(deployment, old, 0);
    return;
  }
  if (isRolling(deployment)) distribute(deployment, sets.all.filter(isActive));
}

function activeOrLatest({ newest, old, all }: ScalingSets): PlannedSet | undefined {
  const active = all.filter(isActive);
  if (active.length === 0) return newest ?? [...old].sort(byAge).at(-1);
  return active.length === 1 ? active[0] : undefined;
}

function isSaturated(deployment: Deployment, newest: PlannedSet | undefined): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return (
    newest !== undefined && newest.replicas === wanted && numberIn(newest, DESIRED_REPLICAS) === wanted && available(newest) === wanted
  );
}

function distribute(deployment: Deployment, active: readonly PlannedSet[]): void {
  const wanted = deployment.spec.replicas ?? 1;
  const toAdd = (wanted > 0 ? wanted + maxSurge(deployment) : 0) - sumOf(active, planned);
  const sorted = [...active].sort(bySize(toAdd > 0 ? 'newer' : 'older'));
  let added = 0;
  const sizes = sorted.map((member) => {
    const share = proportion(deployment, { replicas: member.replicas, maxReplicasBefore: numberIn(member, MAX_REPLICAS) }, toAdd, added);
    added += share;
    return member.replicas + share;
  });
  for (const [i, member] of sorted.entries()) {
    const leftover = i === 0 ? toAdd - added : 0;
    setSize(deployment, member, Math.max(0, (sizes[i] ?? 0) + leftover));
  }
}

/** Sets the size and notes the Deployment's, even where the size stays. */
function setSize(deployment: Deployment, member: PlannedSet, replicas: number): void {
  member.replicas = replicas;
  noteSize(member, deployment);
}
