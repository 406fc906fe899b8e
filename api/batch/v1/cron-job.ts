import { objectReference } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, int64, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { jobSpec } from './job.ts';

export const jobTemplateSpec = message('io.k8s.api.batch.v1.JobTemplateSpec', 'The job that a cron job is to make copies of.', () => ({
  metadata: ref(objectMeta, 1, 'Labels and annotations for the jobs.'),
  spec: ref(jobSpec, 2, 'What the jobs should be.'),
}));
export interface JobTemplateSpec extends Of<typeof jobTemplateSpec> {}

export const cronJobSpec = message('io.k8s.api.batch.v1.CronJobSpec', 'When to start which job.', () => ({
  schedule: string(1, 'Cron expression of five fields: minute, hour, day of month, month, day of week.', { required: true }),
  timeZone: string(8, "Time zone of the schedule, such as Europe/Berlin; the controller manager's unless given.", { pointer: true }),
  startingDeadlineSeconds: int64(2, 'Seconds a start may be late before it is skipped; no limit unless given.', { pointer: true }),
  concurrencyPolicy: string(3, 'While the last job runs: Allow (the default) another, Forbid it, or Replace the last.', {
    enum: ['Allow', 'Forbid', 'Replace'],
  }),
  suspend: bool(4, 'True starts no more jobs; false unless given.', { pointer: true }),
  jobTemplate: ref(jobTemplateSpec, 5, 'The job to start.', { required: true }),
  successfulJobsHistoryLimit: int32(6, 'How many jobs that succeeded to keep; 3 unless given.', { pointer: true }),
  failedJobsHistoryLimit: int32(7, 'How many jobs that failed to keep; 1 unless given.', { pointer: true }),
}));
export interface CronJobSpec extends Of<typeof cronJobSpec> {}

export const cronJobStatus = message('io.k8s.api.batch.v1.CronJobStatus', 'What a cron job did.', () => ({
  active: list(of(objectReference), 1, 'Jobs that run now.', { listType: 'atomic' }),
  lastScheduleTime: time(4, 'When it last started a job.', { pointer: true }),
  lastSuccessfulTime: time(5, 'When a job last succeeded.', { pointer: true }),
}));
export interface CronJobStatus extends Of<typeof cronJobStatus> {}

export const cronJob = message('io.k8s.api.batch.v1.CronJob', 'Starts a job at set times.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(cronJobSpec, 2, 'The state that is wanted.', { present: true }),
  status: ref(cronJobStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
}));
export interface CronJob extends Of<typeof cronJob> {}
