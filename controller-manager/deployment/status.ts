import { type Deployment, type DeploymentCondition, type DeploymentStatus, type Live, toTime } from '../../api/index.ts';
import { msOf } from '../shared/pods.ts';
import { NO_DEADLINE, reason } from './names.ts';
import { actual, available, type PlannedSet, planned, ready, sumOf } from './planned-set.ts';
import { maxUnavailable } from './rollout-math.ts';

type Conditions = readonly DeploymentCondition[];

/** What a condition says; the times are filled in. */
export interface Statement {
  readonly type: 'Available' | 'Progressing' | 'ReplicaFailure';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export const conditionOf = (conditions: Conditions, type: string): DeploymentCondition | undefined =>
  conditions.find((condition) => condition.type === type);

export const withoutCondition = (conditions: Conditions, type: string): Conditions =>
  conditions.filter((condition) => condition.type !== type);

/** Adds or replaces a condition; one that has the status and the reason already stays as it is. */
export function withCondition(conditions: Conditions, statement: Statement, now: number): Conditions {
  const current = conditionOf(conditions, statement.type);
  if (current?.status === statement.status && current.reason === statement.reason) return conditions;
  const time = toTime(now);
  const lastTransitionTime = current?.status === statement.status ? current.lastTransitionTime : time;
  const { type, status, reason: why, message } = statement;
  return [...withoutCondition(conditions, type), { type, status, lastUpdateTime: time, lastTransitionTime, reason: why, message }];
}

export function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== NO_DEADLINE;
}

/** All a status is computed from. */
export interface StatusInput {
  readonly deployment: Live<Deployment>;
  readonly sets: readonly PlannedSet[];
  readonly newest: PlannedSet | undefined;
  /** Conditions so far. */
  readonly conditions: Conditions;
  readonly collisionCount: number | undefined;
  readonly now: number;
}

/** The counts and the Available condition. */
export function countedStatus({ deployment, sets, newest, conditions, collisionCount, now }: StatusInput): DeploymentStatus {
  const wanted = deployment.spec.replicas ?? 1;
  const availableReplicas = sumOf(sets, available);
  const unavailableReplicas = Math.max(0, sumOf(sets, planned) - availableReplicas);
  const enough = availableReplicas >= wanted - maxUnavailable(deployment);
  const counts = {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: sumOf(sets, actual),
    updatedReplicas: newest ? actual(newest) : 0,
    readyReplicas: sumOf(sets, ready),
    availableReplicas,
    unavailableReplicas,
  };
  const statement: Statement = enough
    ? { type: 'Available', status: 'True', reason: reason.available, message: 'Deployment has minimum availability.' }
    : { type: 'Available', status: 'False', reason: reason.unavailable, message: 'Deployment does not have minimum availability.' };
  return {
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: [...withCondition(conditions, statement, now)],
  };
}

/** Whether all pods are new and available, as far as this status tells. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = deployment.spec.replicas ?? 1;
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** When the deadline of the rollout under way ends, in milliseconds; undefined when none is running. */
function deadlineMs(deployment: Deployment, conditions: Conditions): number | undefined {
  const condition = conditionOf(conditions, 'Progressing');
  if (!hasDeadline(deployment) || !condition || condition.reason === reason.complete) return undefined;
  return msOf(condition.lastUpdateTime) + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000;
}

function isTimedOut(deployment: Deployment, conditions: Conditions, now: number): boolean {
  if (conditionOf(conditions, 'Progressing')?.reason === reason.timedOut) return true;
  const deadline = deadlineMs(deployment, conditions);
  return deadline !== undefined && deadline < now;
}

/** The status of a Deployment that rolls out: counts, Available, Progressing and ReplicaFailure. */
export function rolloutStatus(input: StatusInput): DeploymentStatus {
  const status = countedStatus(input);
  const progressed = progressConditions(input, status);
  const failure = failureOf(input);
  const conditions = failure ? withCondition(progressed, failure, input.now) : withoutCondition(progressed, 'ReplicaFailure');
  return { ...status, conditions: [...conditions] };
}

function progressConditions(input: StatusInput, status: DeploymentStatus): Conditions {
  const { deployment, newest, now } = input;
  const conditions = status.conditions ?? [];
  if (!hasDeadline(deployment)) return withoutCondition(conditions, 'Progressing');
  const current = conditionOf(input.conditions, 'Progressing');
  if ((status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === reason.complete) return conditions;
  const subject = newest ? `ReplicaSet ${JSON.stringify(newest.name)}` : `Deployment ${JSON.stringify(deployment.metadata.name)}`;
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return withCondition(conditions, { type: 'Progressing', status: 'True', reason: reason.complete, message }, now);
  }
  if (hasProgressed(deployment.status, status)) {
    const message = `${subject} is progressing.`;
    const statement: Statement = { type: 'Progressing', status: 'True', reason: reason.updated, message };
    const fresh = withCondition(withoutCondition(conditions, 'Progressing'), statement, now);
    return current?.status === 'True' ? fresh.map((c) => keepTransition(c, current)) : fresh;
  }
  if (!isTimedOut(deployment, input.conditions, now)) return conditions;
  const message = `${subject} has timed out progressing.`;
  return withCondition(conditions, { type: 'Progressing', status: 'False', reason: reason.timedOut, message }, now);
}

const keepTransition = (condition: DeploymentCondition, from: DeploymentCondition): DeploymentCondition =>
  condition.type === 'Progressing' ? { ...condition, lastTransitionTime: from.lastTransitionTime } : condition;

/** The first failure that a ReplicaSet reports, the newest ReplicaSet asked first. */
function failureOf({ sets, newest }: StatusInput): Statement | undefined {
  for (const set of newest ? [newest, ...sets] : sets) {
    const found = set.stored?.status.conditions?.find(({ type }) => type === 'ReplicaFailure');
    if (found && (found.status === 'True' || found.status === 'False' || found.status === 'Unknown')) {
      return { type: 'ReplicaFailure', status: found.status, reason: found.reason ?? '', message: found.message ?? '' };
    }
  }
  return undefined;
}

/** In how many milliseconds the deadline of the rollout has to be looked at; undefined when no rollout runs. */
export function deadlineCheckMs(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const conditions = status.conditions ?? [];
  if (isComplete(deployment, status) || conditionOf(conditions, 'Progressing')?.reason === reason.timedOut) return undefined;
  const deadline = deadlineMs(deployment, conditions);
  return deadline === undefined ? undefined : Math.max(0, deadline - now) + 1000;
}
