import { objectReference } from '../../core/v1/references.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, int64, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { jobSpec } from './job.ts';

export const jobTemplateSpec = message('io.k8s.api.batch.v1.JobTemplateSpec', '', () => ({
  metadata: ref(objectMeta, 1, ''),
  spec: ref(jobSpec, 2, ''),
}));
export interface JobTemplateSpec extends Of<typeof jobTemplateSpec> {}

export const cronJobSpec = message('io.k8s.api.batch.v1.CronJobSpec', '', () => ({
  schedule: string(1, '', { required: true }),
  timeZone: string(8, '', { pointer: true }),
  startingDeadlineSeconds: int64(2, '', { pointer: true }),
  concurrencyPolicy: string(3, '', { enum: ['Allow', 'Forbid', 'Replace'] }),
  suspend: bool(4, '', { pointer: true }),
  jobTemplate: ref(jobTemplateSpec, 5, '', { required: true }),
  successfulJobsHistoryLimit: int32(6, '', { pointer: true }),
  failedJobsHistoryLimit: int32(7, '', { pointer: true }),
}));
export interface CronJobSpec extends Of<typeof cronJobSpec> {}

export const cronJobStatus = message('io.k8s.api.batch.v1.CronJobStatus', '', () => ({
  active: list(of(objectReference), 1, '', { listType: 'atomic' }),
  lastScheduleTime: time(4, '', { pointer: true }),
  lastSuccessfulTime: time(5, '', { pointer: true }),
}));
export interface CronJobStatus extends Of<typeof cronJobStatus> {}

export const cronJob = message('io.k8s.api.batch.v1.CronJob', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(cronJobSpec, 2, '', { present: true }),
  status: ref(cronJobStatus, 3, '', { present: true }),
}));
export interface CronJob extends Of<typeof cronJob> {}
