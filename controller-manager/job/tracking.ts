// How pods are counted exactly once, though the manager may be killed at any instant:
//
//   pod ends ──> its uid is noted in status.uncountedTerminatedPods ──> its finalizer is taken away ──> uid leaves, counter rises
//                (one write of the status)                              (a write of each pod)         (one write of the status)
//
// A uid that is noted while the pod has its finalizer is not counted yet; one that is noted while it has none is counted next. The
// indexes of indexed jobs that have succeeded need no uid: an index is there or not. Upstream: `trackJobStatusAndRemoveFinalizers`.
import { type Job, type JobCondition, type JobStatus, type Live, type Pod, toTime } from '../../api/index.ts';
import { newCondition, withCondition } from './conditions.ts';
import { countIndexes, formatIntervals } from './indexes.ts';
import { completionIndexOf, isTracked } from './marks.ts';
import { judgeFailure } from './pod-failure-policy.ts';
import { hasValidIndex, isPodFailed, type Observed, type View } from './view.ts';

/** Most uids noted at a time: they must not make the status huge, nor one job starve the others. */
const UNCOUNTED_MAX = 500;

/** What is written before finalizers are taken away, and which. */
export interface Tracking {
  readonly status: JobStatus;
  /** Pods that are noted and can be let go. */
  readonly release: readonly Live<Pod>[];
  /** Uids of pods that still have their finalizer. */
  readonly tracked: ReadonlySet<string>;
  /** How the job ends, once all is counted: Complete or Failed. */
  readonly finished: JobCondition | undefined;
  /** What the rules for failed pods said of those that were noted or let go uncounted. */
  readonly judged: readonly string[];
}

/**
 * Notes the pods that have ended.
 *
 * @param status the job's, with what this reconcile has changed so far.
 * @param verdict how the job is to end.
 */
export function planTracking(observed: Observed, view: View, status: JobStatus, verdict: JobCondition | undefined): Tracking {
  const { job, released, now } = observed;
  const pods = observed.pods.filter((pod) => isTracked(pod) && !released.has(pod.metadata.uid));
  const tracked = new Set(pods.map(({ metadata }) => metadata.uid));
  const counted = countReleased(status, tracked);
  const noted = {
    succeeded: [...(counted.uncountedTerminatedPods?.succeeded ?? [])],
    failed: [...(counted.uncountedTerminatedPods?.failed ?? [])],
  };
  const newIndexes = new Set<number>();
  const judged: string[] = [];
  const release: Live<Pod>[] = [];
  let isFull = false;
  for (const pod of view.indexes ? byIndex(pods) : pods) {
    if (!mayRelease(observed, view, pod, verdict)) continue;
    if (isFull) break;
    release.push(pod);
    note(observed, view, pod, { verdict, noted, newIndexes, judged });
    isFull = newIndexes.size + noted.succeeded.length + noted.failed.length >= UNCOUNTED_MAX;
  }
  const { interim, final } = endOf(job, verdict, now);
  const conditions = interim ? [...(counted.conditions ?? []), interim] : counted.conditions;
  return {
    status: { ...counted, ...indexStatus(view), conditions, uncountedTerminatedPods: withoutEmpty(noted) },
    release,
    tracked,
    finished: isFull ? undefined : final,
    judged,
  };
}

const byIndex = (pods: readonly Live<Pod>[]): Live<Pod>[] =>
  [...pods].sort((a, b) => (completionIndexOf(a) ?? -1) - (completionIndexOf(b) ?? -1));

/** Whether the pod has ended, as far as the job is concerned, and nothing has to wait for it. */
function mayRelease({ job }: Observed, { indexes }: View, pod: Live<Pod>, verdict: JobCondition | undefined): boolean {
  if (job.metadata.deletionTimestamp || verdict || pod.status.phase === 'Succeeded') return true;
  if (!isPodFailed(job, pod)) return false;
  const index = completionIndexOf(pod);
  return index === undefined || indexes?.awaitingReplacement.get(index)?.metadata.uid !== pod.metadata.uid;
}

interface Notes {
  readonly verdict: JobCondition | undefined;
  readonly noted: { succeeded: string[]; failed: string[] };
  readonly newIndexes: Set<number>;
  readonly judged: string[];
}

function note({ job }: Observed, { uncounted, indexes }: View, pod: Live<Pod>, { verdict, noted, newIndexes, judged }: Notes): void {
  const { uid } = pod.metadata;
  if (uncounted.failed.has(uid)) return;
  if (pod.status.phase === 'Succeeded') {
    const index = completionIndexOf(pod);
    if (!indexes && !uncounted.succeeded.has(uid)) noted.succeeded.push(uid);
    else if (indexes && index !== undefined) newIndexes.add(index);
    return;
  }
  // Of a job that has failed, all pods that have not ended count as failed.
  const hasFailed = isPodFailed(job, pod) || (verdict !== undefined && verdict.type !== 'SuccessCriteriaMet');
  if (!hasFailed || !hasValidIndex(job, pod)) return;
  const { action, counts } = judgeFailure(job.spec.podFailurePolicy, pod);
  if (action !== undefined) judged.push(action);
  if (counts) noted.failed.push(uid);
}

function indexStatus({ indexes }: View): Partial<JobStatus> {
  if (!indexes) return {};
  const succeeded = countIndexes(indexes.succeeded);
  return {
    succeeded: succeeded || undefined,
    completedIndexes: formatIntervals(indexes.succeeded) || undefined,
    failedIndexes: indexes.failed && formatIntervals(indexes.failed),
  };
}

/** The condition that is written before finalizers go, when it is not there yet, and the one the job ends with. */
function endOf({ status }: Job, verdict: JobCondition | undefined, now: number): { interim?: JobCondition; final?: JobCondition } {
  if (!verdict) return {};
  const { type, reason = '', message = '' } = verdict;
  if (type === 'Failed') return { final: verdict };
  const final = newCondition(type === 'FailureTarget' ? 'Failed' : 'Complete', reason, message, now);
  const isThere = status.conditions?.some((condition) => condition.type === type && condition.status === 'True');
  return isThere ? { final } : { interim: verdict, final };
}

/** Counts the pods that were noted and have lost their finalizer since. */
export function countReleased(status: JobStatus, tracked: ReadonlySet<string>): JobStatus {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const left = { succeeded: succeeded.filter((uid) => tracked.has(uid)), failed: failed.filter((uid) => tracked.has(uid)) };
  return {
    ...status,
    succeeded: (status.succeeded ?? 0) + succeeded.length - left.succeeded.length || undefined,
    failed: (status.failed ?? 0) + failed.length - left.failed.length || undefined,
    uncountedTerminatedPods: withoutEmpty(left),
  };
}

const withoutEmpty = ({ succeeded, failed }: { succeeded: string[]; failed: string[] }): JobStatus['uncountedTerminatedPods'] => ({
  ...(succeeded.length > 0 ? { succeeded } : {}),
  ...(failed.length > 0 ? { failed } : {}),
});

/** The status of a job that has ended; undefined while pods have to be counted or are going. */
export function finish(status: JobStatus, finished: JobCondition | undefined, now: number): JobStatus | undefined {
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  if (!finished || succeeded.length + failed.length > 0 || (status.terminating ?? 0) > 0) return undefined;
  const condition = newCondition(finished.type, finished.reason ?? '', finished.message ?? '', now);
  const conditions = withCondition(status.conditions ?? [], condition) ?? status.conditions;
  return { ...status, conditions, ...(finished.type === 'Complete' ? { completionTime: toTime(now) } : {}) };
}
