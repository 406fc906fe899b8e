import type { Job, JobCondition, Live, Pod } from '../../api/index.ts';
import { compareActive } from '../replica-set/pod-ranking.ts';
import { msOf } from '../shared/pods.ts';
import { backoffLeftMs, finishedMs } from './backoff.ts';
import { newCondition, trueCondition, withCondition } from './conditions.ts';
import { countIndexes, firstPending, mergeIntervals, withIndexes } from './indexes.ts';
import { absoluteFailureCount, completionIndexOf } from './marks.ts';
import { judgeFailure } from './pod-failure-policy.ts';
import { matchSuccessPolicy } from './success-policy.ts';
import {
  type IndexView,
  indexesIn,
  isPodFailed,
  isSuspended,
  isTerminating,
  type Observed,
  onlyReplacesFailed,
  type View,
} from './view.ts';

/** Most pods created, or deleted, in one reconcile. */
const BURST_PODS = 500;

/** How the job is to end; undefined while it goes on. Upstream's order of criteria: `syncJob`. */
export function verdictOf(observed: Observed, view: View): JobCondition | undefined {
  const { job, now } = observed;
  const met = trueCondition(job, 'SuccessCriteriaMet');
  if (met) return met;
  const target = trueCondition(job, 'FailureTarget');
  if (target) return newCondition('Failed', target.reason ?? '', target.message ?? '', now);
  const failure = failureOf(observed, view) ?? failureOfIndexes(job, view.indexes);
  if (failure) return newCondition('FailureTarget', failure.reason, failure.message, now);
  const rule = view.indexes && matchSuccessPolicy(job.spec.successPolicy, view.indexes.completions, view.indexes.succeeded);
  return rule === undefined ? undefined : newCondition('SuccessCriteriaMet', 'SuccessPolicy', rule, now);
}

interface Failure {
  readonly reason: string;
  readonly message: string;
}

function failureOf(observed: Observed, view: View): Failure | undefined {
  const { job, pods } = observed;
  const { backoffLimit = 0, podFailurePolicy } = job.spec;
  for (const pod of podFailurePolicy ? pods : []) {
    const message = isPodFailed(job, pod) ? judgeFailure(podFailurePolicy, pod).failJob : undefined;
    if (message !== undefined) return { reason: 'PodFailurePolicy', message };
  }
  if (view.failed > backoffLimit || restartsExceed(job, pods)) {
    return { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  }
  const left = deadlineLeftMs(observed);
  return left !== undefined && left <= 0
    ? { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' }
    : undefined;
}

/** Whether containers that are started again in their pods have been so too often. */
function restartsExceed({ spec }: Live<Job>, pods: readonly Live<Pod>[]): boolean {
  if (spec.template.spec?.restartPolicy !== 'OnFailure') return false;
  const running = pods.filter(({ status }) => status.phase === 'Running' || status.phase === 'Pending');
  const statuses = running.flatMap(({ status }) => [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]);
  const restarts = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  return restarts >= Math.max(1, spec.backoffLimit ?? 0);
}

/** How long the job may still take; undefined when as long as it likes. */
export function deadlineLeftMs({ job, now }: Observed): number | undefined {
  const { activeDeadlineSeconds } = job.spec;
  if (activeDeadlineSeconds === undefined || isSuspended(job)) return undefined;
  return (job.status.startTime ? msOf(job.status.startTime) : now) + activeDeadlineSeconds * 1000 - now;
}

function failureOfIndexes({ spec }: Live<Job>, indexes: IndexView | undefined): Failure | undefined {
  if (!indexes?.failed) return undefined;
  const failed = countIndexes(indexes.failed);
  if (spec.maxFailedIndexes !== undefined && failed > spec.maxFailedIndexes) {
    return { reason: 'MaxFailedIndexesExceeded', message: 'Job has exceeded the specified maximal number of failed indexes' };
  }
  const isOver = failed > 0 && failed + countIndexes(indexes.succeeded) >= indexes.completions;
  return isOver ? { reason: 'FailedIndexes', message: 'Job has failed indexes' } : undefined;
}

/** What brings the pods to what is wanted: pods are deleted or created, never both. */
export interface PodsPlan {
  readonly remove: readonly Live<Pod>[];
  /** The index of each pod to create; undefined for one without. */
  readonly create: readonly (number | undefined)[];
  /** How long to wait until more may be created. */
  readonly waitMs: number | undefined;
}

const NOTHING: PodsPlan = { remove: [], create: [], waitMs: undefined };

/** Decides which pods to create or delete while the job goes on. Upstream: `manageJob`. */
export function planPods(observed: Observed, view: View): PodsPlan {
  const { job, now } = observed;
  const active = view.active.length;
  const wanted = isSuspended(job) ? 0 : wantedActive(job, view);
  const remove = podsToRemove(view, Math.max(0, active - wanted), isSuspended(job) ? active : BURST_PODS);
  if (remove.length > 0) return { ...NOTHING, remove };
  const missing = Math.min(wanted - active - (onlyReplacesFailed(job) ? view.terminating : 0), BURST_PODS);
  if (missing <= 0) return NOTHING;
  const isPerIndex = job.spec.backoffLimitPerIndex !== undefined;
  const left = isPerIndex ? 0 : backoffLeftMs(view.backoff, now);
  if (left > 0) return { ...NOTHING, waitMs: left };
  if (!view.indexes) return { ...NOTHING, create: Array.from({ length: missing }, () => undefined) };
  const pending = pendingIndexes(observed, view, view.indexes, missing);
  return isPerIndex ? afterTheirBackoff(pending, view.indexes, now) : { ...NOTHING, create: pending };
}

/** How many pods should run now. */
function wantedActive({ spec }: Live<Job>, view: View): number {
  const { completions, parallelism = 1 } = spec;
  if (completions === undefined) return view.succeeded > 0 ? view.active.length : parallelism;
  return Math.max(0, Math.min(parallelism, completions - view.succeeded));
}

/** Pods that share an index with another, or have none, go in any case; then those that will be missed least. */
function podsToRemove({ active, indexes }: View, atLeast: number, atMost: number): Live<Pod>[] {
  const { surplus, rest } = indexes ? splitByIndex(active, indexes.completions) : { surplus: [], rest: [...active] };
  rest.sort(compareActive);
  return [...surplus, ...rest.slice(0, Math.max(0, atLeast - surplus.length))].slice(0, atMost);
}

function splitByIndex(active: readonly Live<Pod>[], completions: number): { surplus: Live<Pod>[]; rest: Live<Pod>[] } {
  const groups = new Map<number | undefined, Live<Pod>[]>();
  for (const pod of active) {
    const index = completionIndexOf(pod);
    const group = index === undefined || index >= completions ? undefined : index;
    groups.set(group, [...(groups.get(group) ?? []), pod]);
  }
  const surplus = groups.get(undefined) ?? [];
  const rest: Live<Pod>[] = [];
  groups.delete(undefined);
  for (const [, group] of [...groups].sort(([a = 0], [b = 0]) => a - b)) {
    const ranked = group.sort(compareActive);
    surplus.push(...ranked.slice(0, -1));
    rest.push(...ranked.slice(-1));
  }
  return { surplus, rest };
}

function pendingIndexes({ job, pods }: Observed, { active }: View, indexes: IndexView, count: number): number[] {
  const busy = indexesIn(onlyReplacesFailed(job) ? [...active, ...pods.filter(isTerminating)] : active);
  return firstPending(withIndexes(mergeIntervals(indexes.succeeded, indexes.failed ?? []), busy), count, indexes.completions);
}

/** Those indexes whose own back-off is over; when there is none, how long until the first is. */
function afterTheirBackoff(pending: readonly number[], { awaitingReplacement }: IndexView, now: number): PodsPlan {
  const waits = pending.map((index) => {
    const last = awaitingReplacement.get(index);
    return last ? backoffLeftMs({ failures: absoluteFailureCount(last) + 1, lastFailureMs: finishedMs(last) }, now) : 0;
  });
  const create = pending.filter((_, i) => waits[i] === 0);
  return create.length > 0 || waits.length === 0 ? { ...NOTHING, create } : { ...NOTHING, waitMs: Math.min(...waits) };
}

/** Whether enough pods have succeeded, and no other runs any more. */
export function isComplete({ spec }: Job, succeeded: number, active: number): boolean {
  return active === 0 && (spec.completions === undefined ? succeeded > 0 : succeeded >= spec.completions);
}

export const completionsReached = (now: number): JobCondition =>
  newCondition('SuccessCriteriaMet', 'CompletionsReached', 'Reached expected number of succeeded pods', now);

/** A job that has just been suspended or resumed: its conditions, and what its event says. */
export interface SuspensionChange {
  readonly conditions: JobCondition[];
  readonly reason: 'Suspended' | 'Resumed';
}

/** Undefined when the job's conditions say already whether it is suspended. */
export function planSuspension(job: Live<Job>, now: number): SuspensionChange | undefined {
  const wanted = isSuspended(job)
    ? newCondition('Suspended', 'JobSuspended', 'Job suspended', now)
    : { ...newCondition('Suspended', 'JobResumed', 'Job resumed', now), status: 'False' };
  const conditions = withCondition(job.status.conditions ?? [], wanted);
  return conditions && { conditions, reason: isSuspended(job) ? 'Suspended' : 'Resumed' };
}
