import { otherVersion } from '../../schema/other-version.ts';
import { type CronJob, cronJob as present } from '../v1/cron-job.ts';

/** The same fields, around the job of batch/v1. */
export const cronJob = otherVersion<CronJob>(present, {
  from: 'io.k8s.api.batch.v1.',
  to: 'io.k8s.api.batch.v1beta1.',
  only: ['CronJob', 'CronJobSpec', 'CronJobStatus', 'JobTemplateSpec'],
});
