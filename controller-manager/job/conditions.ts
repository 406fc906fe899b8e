import { type Job, type JobCondition, toTime } from '../../api/index.ts';

/** A condition that has just become what it is. */
export function newCondition(type: string, reason: string, message: string, now: number): JobCondition {
  const time = toTime(now);
  return { type, status: 'True', lastProbeTime: time, lastTransitionTime: time, reason, message };
}

/** The condition of this type, when it holds. */
export const trueCondition = (job: Job, type: string): JobCondition | undefined =>
  job.status.conditions?.find((condition) => condition.type === type && condition.status === 'True');

/** Whether the job has come to its end, one way or the other. */
export const isJobFinished = (job: Job): boolean => finishedConditionOf(job) !== undefined;

/** The condition that says how the job ended. */
export const finishedConditionOf = (job: Job): JobCondition | undefined => trueCondition(job, 'Complete') ?? trueCondition(job, 'Failed');

/**
 * The conditions with this one, in the place of the one of its type; undefined when that says the same already. One that was never there
 * does not begin as False.
 */
export function withCondition(conditions: readonly JobCondition[], wanted: JobCondition): JobCondition[] | undefined {
  const index = conditions.findIndex(({ type }) => type === wanted.type);
  const before = conditions[index];
  if (!before) return wanted.status === 'False' ? undefined : [...conditions, wanted];
  if (before.status === wanted.status && before.reason === wanted.reason && before.message === wanted.message) return undefined;
  return conditions.with(index, wanted);
}
