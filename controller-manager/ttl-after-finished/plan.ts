import type { Job, Live } from '../../api/index.ts';
import { finishedConditionOf, isJobFinished } from '../job/conditions.ts';
import { msOf } from '../shared/pods.ts';

/** Whether the job is over, is to be deleted in time, and is not being so already. Upstream: `pkg/controller/ttlafterfinished`. */
export const needsCleanUp = (job: Live<Job>): boolean =>
  job.spec.ttlSecondsAfterFinished !== undefined && isJobFinished(job) && !job.metadata.deletionTimestamp;

/**
 * Milliseconds until a finished job may go; 0 or less when it may.
 *
 * @throws when the job does not say when it finished, so that it is looked at again.
 */
export function expiresInMs(job: Live<Job>, now: number): number {
  const finishedAt = msOf(finishedConditionOf(job)?.lastTransitionTime);
  if (Number.isNaN(finishedAt)) {
    const { namespace, name } = job.metadata;
    throw new Error(`unable to find the time when the Job ${namespace}/${name} finished`);
  }
  return finishedAt + (job.spec.ttlSecondsAfterFinished ?? 0) * 1000 - now;
}
