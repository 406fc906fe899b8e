import type { Job, JobCondition, Live, Pod } from '../../api/index.ts';
import { type ControllerMetrics, countTimed } from '../shared/controller-metrics.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { countIndexes, parseIntervals } from './indexes.ts';
import { isTracked } from './marks.ts';
import { isIndexed, type View } from './view.ts';

/** What a look at a job came to. */
export type JobAction = 'reconciling' | 'tracking' | 'pods_created' | 'pods_deleted';

const modeOf = ({ spec }: Job): string => spec.completionMode ?? 'NonIndexed';

/** Counts what becomes of jobs and their pods. Upstream: `pkg/controller/job/metrics`, and where it is used. */
export class JobCounts {
  readonly #metrics: ControllerMetrics['job'];

  constructor({ job }: ControllerMetrics) {
    this.#metrics = job;
  }

  synced(job: Job, labels: { readonly result: 'success' | 'error'; readonly action: JobAction }, ms: number): void {
    const { syncs: total, syncSeconds: seconds } = this.#metrics;
    countTimed({ total, seconds }, { completion_mode: modeOf(job), ...labels }, ms);
  }

  finished(job: Job, { type, reason = '' }: Pick<JobCondition, 'type' | 'reason'>): void {
    const result = type === 'Failed' ? 'failed' : 'succeeded';
    this.#metrics.finished.inc({ completion_mode: modeOf(job), result, reason });
  }

  foreign({ spec }: Job): void {
    this.#metrics.foreign.inc({ controller_name: spec.managedBy ?? '' });
  }

  /** What the rules for failed pods said of them. */
  judged(actions: readonly string[]): void {
    for (const action of actions) this.#metrics.podFailuresJudged.inc({ action });
  }

  /** Pods by which the counts of a job have risen; of an indexed one, those that succeeded are its indexes. */
  podsCounted(job: Job, after: Job['status']): void {
    const before = job.status;
    const completion_mode = modeOf(job);
    let succeeded = (after.succeeded ?? 0) - (before.succeeded ?? 0);
    if (isIndexed(job)) {
      succeeded = moreIndexes(job, before.completedIndexes, after.completedIndexes);
      const backoffLimit = job.spec.backoffLimitPerIndex === undefined ? 'global' : 'perIndex';
      add(this.#metrics.finishedIndexes, { status: 'succeeded', backoffLimit }, succeeded);
      add(this.#metrics.finishedIndexes, { status: 'failed', backoffLimit }, moreIndexes(job, before.failedIndexes, after.failedIndexes));
    }
    add(this.#metrics.podsFinished, { completion_mode, result: 'succeeded' }, succeeded);
    add(this.#metrics.podsFinished, { completion_mode, result: 'failed' }, (after.failed ?? 0) - (before.failed ?? 0));
  }

  podsCreated({ spec }: Job, view: View, counts: { readonly succeeded: number; readonly failed: number }): void {
    const reason =
      spec.podReplacementPolicy === 'Failed' && view.failed > 0
        ? 'recreate_failed'
        : view.failed > 0 || view.terminating > 0
          ? 'recreate_terminating_or_failed'
          : 'new';
    for (const [status, count] of Object.entries(counts)) if (count > 0) this.#metrics.podsCreated.inc({ reason, status }, count);
  }

  /** Ended pods that have the finalizer, and those that had it. */
  podChanged(pod: Live<Pod> | undefined, old: Live<Pod> | undefined): void {
    const isHeld = (one: Live<Pod> | undefined): boolean => one !== undefined && isTracked(one) && isPodTerminal(one);
    if (isHeld(pod) && !isHeld(old)) this.#metrics.trackedPods.inc({ event: 'add' });
    if (isHeld(old) && !isHeld(pod)) this.#metrics.trackedPods.inc({ event: 'delete' });
  }
}

function add(counter: ControllerMetrics['job']['podsFinished'], labels: Readonly<Record<string, string>>, count: number): void {
  if (count > 0) counter.inc(labels, count);
}

/** How many of the indexes that the job still has were added. */
function moreIndexes({ spec: { completions = 0 } }: Job, before: string | undefined, after: string | undefined): number {
  if (before === after) return 0;
  return countIndexes(parseIntervals(after, completions)) - countIndexes(parseIntervals(before, completions));
}
