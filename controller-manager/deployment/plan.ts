import type { Deployment, DeploymentCondition, DeploymentStatus, Live, Pod, ReplicaSet } from '../../api/index.ts';
import { deepEqual } from '../shared/equality.ts';
import { templateHash } from '../shared/hash.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { DESIRED_REPLICAS, REVISION, reason } from './names.ts';
import {
  actual,
  byAge,
  byRevision,
  compareRevisions,
  isActive,
  isChanged,
  isSameTemplate,
  noteRevision,
  noteSize,
  numberIn,
  type PlannedSet,
  planned,
  plannedSet,
  replicasBefore,
  revisionOf,
  sumOf,
} from './planned-set.ts';
import { planRollback, type Rollback, rollbackRevision } from './rollback.ts';
import { rollOut, rollOver } from './rolling.ts';
import { isRolling, newSetReplicas } from './rollout-math.ts';
import { scaleAll } from './scaling.ts';
import { conditionOf, countedStatus, deadlineCheckMs, hasDeadline, isComplete, rolloutStatus, withCondition } from './status.ts';

/** What a Deployment's plan is made from. */
export interface Observed {
  readonly deployment: Live<Deployment>;
  /** The ReplicaSets it controls. */
  readonly replicaSets: readonly Live<ReplicaSet>[];
  /** The pods of a ReplicaSet. */
  podsOf(replicaSet: Live<ReplicaSet>): readonly Pod[];
  readonly now: number;
}

/** What is to be written. */
export interface DeploymentPlan {
  /** The ReplicaSet to create for the present template. */
  readonly create: PlannedSet | undefined;
  /** ReplicaSets whose size or annotations change, in the order in which to write them. */
  readonly update: readonly PlannedSet[];
  readonly remove: readonly Live<ReplicaSet>[];
  /** The Deployment's revision annotation. */
  readonly revision: string | undefined;
  /** Written first and for itself: that the Deployment is paused, or goes on. All but a ReplicaSet to create is for the next turn then. */
  readonly pausing: readonly DeploymentCondition[] | undefined;
  /** With the revision, written for itself before ReplicaSets are scaled: that there is a new ReplicaSet (upstream: `getNewReplicaSet`). */
  readonly announced: readonly DeploymentCondition[] | undefined;
  readonly status: DeploymentStatus;
  readonly requeueAfterMs: number | undefined;
  /** Written in place of the status: what comes of it is for the next turn. */
  readonly rollback?: Rollback | undefined;
}

/** The name of the ReplicaSet for the Deployment's present template, and the hash in it. */
export function newSetName(deployment: Live<Deployment>): { name: string; hash: string } {
  const hash = templateHash(deployment.spec.template, deployment.status.collisionCount);
  return { name: `${deployment.metadata.name}-${hash}`, hash };
}

/** The ReplicaSets sorted out, with the revision given to the newest. */
interface Sets {
  readonly newest: PlannedSet | undefined;
  readonly old: readonly PlannedSet[];
  readonly all: readonly PlannedSet[];
}

/** Decides on everything a Deployment needs now. */
export function planDeployment(observed: Observed): DeploymentPlan {
  const { deployment } = observed;
  const conditions = pausedConditions(deployment, observed.now);
  if (deployment.metadata.deletionTimestamp) return finish(observed, sortOut(observed), conditions, 'counts');
  const present = sortOut(observed);
  const rollback = rollbackRevision(deployment);
  if (!deployment.spec.paused && rollback !== undefined) {
    const plan = finish(observed, withNewest(observed, present), conditions, 'counts');
    return plan.create ? plan : { ...plan, remove: [], rollback: planRollback(deployment, present.all, rollback) };
  }
  if (deployment.spec.paused || isScaling(deployment, present)) {
    scaleAll(deployment, present);
    return finish(observed, present, conditions, 'counts');
  }
  return isRolling(deployment) ? planRolling(observed, present, conditions) : planRecreate(observed, present, conditions);
}

function planRolling(observed: Observed, present: Sets, conditions: readonly DeploymentCondition[]): DeploymentPlan {
  const sets = withNewest(observed, present);
  if (!rollOut(observed.deployment, sets)) rollOver(observed.deployment, sets);
  return finish(observed, sets, conditions, 'rollout');
}

/** Recreate: old pods all go before the first new one comes. */
function planRecreate(observed: Observed, present: Sets, conditions: readonly DeploymentCondition[]): DeploymentPlan {
  const { deployment } = observed;
  const activeOld = present.old.filter(isActive);
  if (activeOld.length) {
    for (const set of activeOld) resize(set, 0, deployment);
    return finish(observed, present, conditions, 'rollout');
  }
  if (hasOldPods(observed, present)) return finish(observed, present, conditions, 'rollout');
  const sets = withNewest(observed, present);
  if (sets.newest) resize(sets.newest, deployment.spec.replicas ?? 1, deployment);
  return finish(observed, sets, conditions, 'rollout');
}

function hasOldPods({ podsOf }: Observed, { old }: Sets): boolean {
  if (sumOf(old, actual) > 0) return true;
  return old.some(({ stored }) => stored && podsOf(stored).some((pod) => !isPodTerminal(pod)));
}

/** Gives a ReplicaSet its new size, and notes the Deployment's. */
export function resize(set: PlannedSet, replicas: number, deployment: Deployment): void {
  if (set.replicas === replicas) return;
  set.replicas = replicas;
  noteSize(set, deployment);
}

function sortOut({ deployment, replicaSets }: Observed): Sets {
  const all = replicaSets.map(plannedSet).sort(byAge);
  const newest = all.find(({ stored }) => stored && isSameTemplate(stored.spec.template ?? {}, deployment.spec.template));
  const old = all.filter((set) => set !== newest);
  if (newest) {
    noteRevision(newest, deployment, nextRevision(old));
    newest.minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  }
  return { newest, old, all };
}

/** One more than the highest of the old ones. */
const nextRevision = (old: readonly PlannedSet[]): bigint =>
  ([...old.map(({ annotations }) => revisionOf(annotations)), 0n].sort(compareRevisions).at(-1) ?? 0n) + 1n;

/** The same with the newest ReplicaSet there, be it to be created. */
function withNewest({ deployment }: Observed, sets: Sets): Sets & { readonly newest: PlannedSet } {
  const { newest, old, all } = sets;
  if (newest) return { newest, old, all };
  const created: PlannedSet = {
    name: newSetName(deployment).name,
    stored: undefined,
    replicas: 0,
    minReadySeconds: deployment.spec.minReadySeconds ?? 0,
    annotations: {},
  };
  created.replicas = newSetReplicas(deployment, 0, sumOf(old, planned));
  noteRevision(created, deployment, nextRevision(old));
  noteSize(created, deployment);
  return { newest: created, old, all: [...all, created] };
}

/** Whether the Deployment was scaled since its ReplicaSets were last. */
function isScaling(deployment: Deployment, { all }: Sets): boolean {
  return all.some((set) => {
    const desired = numberIn(set, DESIRED_REPLICAS);
    return isActive(set) && desired !== undefined && desired !== (deployment.spec.replicas ?? 1);
  });
}

/** Time spent paused is no lack of progress: Progressing tells of pausing and resuming. */
function pausedConditions(deployment: Live<Deployment>, now: number): readonly DeploymentCondition[] {
  const conditions = deployment.status.conditions ?? [];
  const current = conditionOf(conditions, 'Progressing');
  if (deployment.metadata.deletionTimestamp || !hasDeadline(deployment) || current?.reason === reason.timedOut) return conditions;
  const wasPaused = current?.reason === reason.paused;
  if (deployment.spec.paused && !wasPaused) {
    return withCondition(
      conditions,
      { type: 'Progressing', status: 'Unknown', reason: reason.paused, message: 'Deployment is paused' },
      now,
    );
  }
  if (deployment.spec.paused || !wasPaused) return conditions;
  return withCondition(
    conditions,
    { type: 'Progressing', status: 'Unknown', reason: reason.resumed, message: 'Deployment is resumed' },
    now,
  );
}

/** Progressing tells that there is a new ReplicaSet, where nothing else was said. */
function newSetConditions(
  { deployment, now }: Observed,
  { newest }: Sets,
  conditions: readonly DeploymentCondition[],
): readonly DeploymentCondition[] {
  if (!newest || !hasDeadline(deployment)) return conditions;
  const name = JSON.stringify(newest.name);
  if (!newest.stored) {
    const message = `Created new replica set ${name}`;
    return withCondition(conditions, { type: 'Progressing', status: 'True', reason: reason.created, message }, now);
  }
  if (conditionOf(conditions, 'Progressing')) return conditions;
  const message = `Found new replica set ${name}`;
  return withCondition(conditions, { type: 'Progressing', status: 'True', reason: reason.found, message }, now);
}

function finish(observed: Observed, sets: Sets, conditions: readonly DeploymentCondition[], kind: 'counts' | 'rollout'): DeploymentPlan {
  const { deployment, now } = observed;
  const withNewSet = newSetConditions(observed, sets, conditions);
  const revision = sets.newest?.annotations[REVISION];
  const isRevised = revision !== undefined && revision !== deployment.metadata.annotations?.[REVISION];
  const input = {
    deployment,
    sets: sets.all,
    newest: sets.newest,
    conditions: withNewSet,
    collisionCount: deployment.status.collisionCount,
    now,
  };
  const status = kind === 'rollout' ? rolloutStatus(input) : countedStatus(input);
  const clean = kind === 'rollout' ? isComplete(deployment, deployment.status) : deployment.spec.paused === true;
  return {
    create: sets.newest && !sets.newest.stored ? sets.newest : undefined,
    update: orderOfWriting(sets),
    remove: clean && !deployment.metadata.deletionTimestamp ? outdated(deployment, sets.old) : [],
    revision,
    pausing: deepEqual(conditions, deployment.status.conditions ?? []) ? undefined : conditions,
    announced: isRevised || withNewSet !== conditions ? withNewSet : undefined,
    status,
    requeueAfterMs: deadlineCheckMs(deployment, status, now),
  };
}

/** The newest first, so that scaling up goes before scaling down. */
const orderOfWriting = ({ newest, old }: Sets): PlannedSet[] => [...(newest ? [newest] : []), ...old].filter(isChanged);

/** Old ReplicaSets beyond the history limit that have no pods. */
function outdated(deployment: Deployment, old: readonly PlannedSet[]): Live<ReplicaSet>[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === NO_LIMIT) return [];
  const live = old.filter(({ stored }) => stored && !stored.metadata.deletionTimestamp);
  const surplus = live.length - limit;
  return live
    .sort(byRevision)
    .slice(0, Math.max(0, surplus))
    .flatMap(({ stored }) => (stored ? [stored] : []))
    .filter(
      ({ metadata, spec, status }) =>
        status.replicas === 0 && (spec.replicas ?? 1) === 0 && (metadata.generation ?? 0) <= (status.observedGeneration ?? 0),
    );
}

/** `revisionHistoryLimit` that keeps every revision. */
const NO_LIMIT = 2 ** 31 - 1;

/** What an event says of a ReplicaSet that changes its size: `up replica set x from 0 to 3`; undefined when it does not. */
export function scalingMessage(set: PlannedSet): string | undefined {
  const before = replicasBefore(set);
  if (before === set.replicas) return undefined;
  return `Scaled ${before < set.replicas ? 'up' : 'down'} replica set ${set.name} from ${before} to ${set.replicas}`;
}

/** Whether status and revision are stored already. */
export const isRecorded = (deployment: Live<Deployment>, { status, revision }: DeploymentPlan): boolean =>
  (revision === undefined || deployment.metadata.annotations?.[REVISION] === revision) && deepEqual(deployment.status, status);
