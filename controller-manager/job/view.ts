import type { Job, Live, Pod } from '../../api/index.ts';
import { isPodActive, isPodReady, isPodTerminal } from '../shared/pods.ts';
import { type BackoffRecord, finishedMs, nextBackoff } from './backoff.ts';
import { countIndexes, hasIndex, type Intervals, parseIntervals, withIndexes } from './indexes.ts';
import { absoluteFailureCount, completionIndexOf, indexFailureCount, isTracked } from './marks.ts';
import { judgeFailure } from './pod-failure-policy.ts';

/** What a job's plan is made from. */
export interface Observed {
  readonly job: Live<Job>;
  /** The pods it controls, those that have ended among them. */
  readonly pods: readonly Live<Pod>[];
  /** Pods whose finalizer was taken away, though the cache does not show it yet. */
  readonly released: ReadonlySet<string>;
  readonly backoff: BackoffRecord;
  /** How long what was created and deleted, and is not in the cache yet, is waited for at most; undefined once all is seen. */
  readonly waitMs: number | undefined;
  readonly now: number;
}

/** The indexes of an indexed job. */
export interface IndexView {
  readonly completions: number;
  /** Those that the status says have succeeded. */
  readonly counted: Intervals;
  readonly succeeded: Intervals;
  /** Undefined without a back-off limit per index. */
  readonly failed: Intervals | undefined;
  /** Failed pods that wait for the ones that replace them, which take over how often their index has failed. */
  readonly awaitingReplacement: ReadonlyMap<number, Live<Pod>>;
}

/** A job's pods, counted. */
export interface View {
  readonly active: readonly Live<Pod>[];
  readonly ready: number;
  readonly terminating: number;
  /** Uids of pods that the status has noted, but not counted. */
  readonly uncounted: { readonly succeeded: ReadonlySet<string>; readonly failed: ReadonlySet<string> };
  readonly succeeded: number;
  readonly failed: number;
  readonly backoff: BackoffRecord;
  readonly indexes: IndexView | undefined;
}

export const isIndexed = ({ spec }: Job): boolean => spec.completionMode === 'Indexed';

export const isSuspended = ({ spec }: Job): boolean => spec.suspend === true;

/** Whether pods that are being deleted are replaced only once they have ended. */
export const onlyReplacesFailed = ({ spec }: Job): boolean => spec.podReplacementPolicy === 'Failed' || spec.podFailurePolicy !== undefined;

export const isTerminating = (pod: Pod): boolean => !isPodTerminal(pod) && Boolean(pod.metadata.deletionTimestamp);

/** Pods being deleted count as failed, since an orphan never comes to a phase that says so; unless only failed ones are replaced. */
export function isPodFailed(job: Job, pod: Pod): boolean {
  if (pod.status.phase === 'Failed') return true;
  return !onlyReplacesFailed(job) && Boolean(pod.metadata.deletionTimestamp) && pod.status.phase !== 'Succeeded';
}

/** Whether the pod has an index the job still has; always, when it has none. */
export function hasValidIndex(job: Job, pod: Pod): boolean {
  if (!isIndexed(job)) return true;
  const index = completionIndexOf(pod);
  return index !== undefined && index < (job.spec.completions ?? 0);
}

/** Counts a job's pods. Upstream: the first part of `syncJob`. */
export function viewOf(observed: Observed): View {
  const { job, pods } = observed;
  const noted = job.status.uncountedTerminatedPods;
  const uncounted = { succeeded: new Set(noted?.succeeded), failed: new Set(noted?.failed) };
  const fresh = pods.filter((pod) => isUncounted(observed, pod));
  const newSucceeded = fresh.filter(({ metadata, status }) => status.phase === 'Succeeded' && !uncounted.succeeded.has(metadata.uid));
  const newFailed = fresh.filter((pod) => isPodFailed(job, pod) && !uncounted.failed.has(pod.metadata.uid));
  const counting = newFailed.filter((pod) => judgeFailure(job.spec.podFailurePolicy, pod).counts);
  const active = pods.filter(isPodActive);
  const indexes = isIndexed(job) ? indexesOf(observed, active) : undefined;
  return {
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter(isTerminating).length,
    uncounted,
    succeeded: indexes ? countIndexes(indexes.succeeded) : (job.status.succeeded ?? 0) + newSucceeded.length + uncounted.succeeded.size,
    failed: (job.status.failed ?? 0) + counting.length + uncounted.failed.size,
    backoff: nextBackoff(observed.backoff, newSucceeded, newFailed),
    indexes,
  };
}

/** Whether the pod was not counted yet, and will be. */
const isUncounted = ({ job, released }: Observed, pod: Live<Pod>): boolean =>
  isTracked(pod) && !released.has(pod.metadata.uid) && hasValidIndex(job, pod);

function indexesOf(observed: Observed, active: readonly Live<Pod>[]): IndexView {
  const { job, pods } = observed;
  const completions = job.spec.completions ?? 0;
  const counted = parseIntervals(job.status.completedIndexes, completions);
  const tracked = pods.filter((pod) => isTracked(pod) && hasValidIndex(job, pod));
  const succeeded = withIndexes(counted, indexesIn(tracked.filter(({ status }) => status.phase === 'Succeeded')));
  if (job.spec.backoffLimitPerIndex === undefined) {
    return { completions, counted, succeeded, failed: undefined, awaitingReplacement: new Map() };
  }
  const before = parseIntervals(job.status.failedIndexes, completions);
  const failed = withIndexes(before, indexesIn(tracked.filter((pod) => hasFailedItsIndex(job, pod))));
  const running = indexesIn(active);
  const isOver = (index: number) => hasIndex(succeeded, index) || hasIndex(failed, index) || running.has(index);
  return { completions, counted, succeeded, failed, awaitingReplacement: lastFailures(observed, isOver) };
}

/** The indexes that pods say they have. */
export const indexesIn = (pods: readonly Pod[]): Set<number> =>
  new Set(pods.map(completionIndexOf).filter((index): index is number => index !== undefined));

/** Whether this failure is one too many for its index. */
function hasFailedItsIndex(job: Live<Job>, pod: Live<Pod>): boolean {
  if (!isPodFailed(job, pod)) return false;
  const { action, counts } = judgeFailure(job.spec.podFailurePolicy, pod);
  return action === 'FailIndex' || (counts && indexFailureCount(pod) >= (job.spec.backoffLimitPerIndex ?? 0));
}

/** The last failed pod of each index that is to be tried again. */
function lastFailures(observed: Observed, isOver: (index: number) => boolean): Map<number, Live<Pod>> {
  const last = new Map<number, Live<Pod>>();
  for (const pod of observed.pods) {
    const index = completionIndexOf(pod);
    if (index === undefined || !isUncounted(observed, pod) || !isPodFailed(observed.job, pod) || isOver(index)) continue;
    const other = last.get(index);
    if (!other || (absoluteFailureCount(other) <= absoluteFailureCount(pod) && finishedMs(pod) >= finishedMs(other))) last.set(index, pod);
  }
  return last;
}
