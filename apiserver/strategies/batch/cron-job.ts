import { batchKinds, CronError, type CronJob, type CronJobSpec, type FieldError, fieldError, parseCron } from '../../../api/index.ts';
import { olderKinds } from '../../../api/schema.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { checkNonnegative, type Errors, isEmpty, listOf } from '../../validation/field-errors.ts';
import { checkJobTemplate } from '../../validation/job.ts';
import { checkTimeZone, isKnownZone } from '../../validation/time-zone.ts';
import { containerCells, selectorCell } from '../apps/cells.ts';
import { warnOfWorkloadName } from '../apps/templates.ts';
import { dropDisabledTemplateFields } from '../core/pod-dropped-fields.ts';
import { sameFields } from '../same-fields.ts';
import { ageOf, raiseGeneration, strategyOf, updateOf } from '../shared.ts';
import { setJobSpecDefaults, warnOfJob } from './job.ts';

/** Jobs add eleven characters to their cron job's name, and have 63 at most. */
const NAME_LENGTH_MAX = 52;
const CONCURRENCY_POLICIES: readonly string[] = ['Allow', 'Forbid', 'Replace'];
const JOB_PATH = 'spec.jobTemplate.spec';
const NONE = '<none>';

/** Upstream: `pkg/registry/batch/cronjob`, `pkg/apis/batch/validation`. */
export const cronJobStrategy: Strategy<CronJob> = strategyOf<CronJob>({
  views: { 'batch/v1beta1': sameFields(batchKinds.cronjobs, olderKinds.cronjobsV1beta1) },
  setDefaults: ({ spec }) => {
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    if (spec.jobTemplate.spec) setJobSpecDefaults(spec.jobTemplate.spec);
  },
  prepareForCreate: (_context, cronJob) => {
    cronJob.status = {};
    cronJob.metadata.generation = 1;
    dropDisabledTemplateFields(cronJob.spec.jobTemplate.spec?.template);
  },
  validateCreate: (context, { metadata, spec }) => {
    const errors: Errors = validate(spec, undefined);
    const { name = '' } = metadata;
    if (name.length > NAME_LENGTH_MAX) {
      errors.push(fieldError.invalid('metadata.name', name, `must be no more than ${NAME_LENGTH_MAX} characters`));
    }
    if (errors.length === 0 && warnOfWorkloadName(context, metadata)) warnOfJob(context, JOB_PATH, jobSpecOf(spec));
    return errors;
  },
  prepareForUpdate: (_context, cronJob, old) => {
    cronJob.status = old.status;
    dropDisabledTemplateFields(cronJob.spec.jobTemplate.spec?.template);
    raiseGeneration(cronJob, old);
  },
  validateUpdate: (context, { metadata, spec }, old) => {
    const errors = validate(spec, old.spec);
    if (errors.length > 0) return errors;
    if (metadata.generation !== old.metadata.generation) warnOfJob(context, JOB_PATH, jobSpecOf(spec));
    if (spec.schedule.includes('TZ')) {
      context.warn(
        'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
      );
    }
    return errors;
  },
  tableRow: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec.schedule,
    spec.timeZone ?? NONE,
    spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
    listOf(status.active).length,
    status.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : NONE,
    ageOf(metadata.creationTimestamp, now),
    ...containerCells(spec.jobTemplate.spec?.template.spec?.containers),
    selectorCell(spec.jobTemplate.spec?.selector),
  ],
  subresources: {
    status: updateOf<CronJob>({
      metadataLooks: [],
      prepareForUpdate: (_context, cronJob, old) => {
        cronJob.spec = old.spec;
      },
    }),
  },
});

const jobSpecOf = ({ jobTemplate }: CronJobSpec) => jobTemplate.spec ?? { template: {} };

/** Upstream: `validateCronJobSpec`. */
function validate(spec: CronJobSpec, old: CronJobSpec | undefined): FieldError[] {
  const errors: Errors = [];
  if (spec.schedule === '') errors.push(fieldError.required('spec.schedule'));
  else checkSchedule(errors, 'spec.schedule', spec, old?.schedule.includes('TZ') ?? false);
  checkNonnegative(errors, 'spec.startingDeadlineSeconds', spec.startingDeadlineSeconds);
  if (spec.timeZone !== undefined && spec.timeZone !== old?.timeZone) checkTimeZone(errors, 'spec.timeZone', spec.timeZone);
  const { concurrencyPolicy = '' } = spec;
  if (isEmpty(concurrencyPolicy)) errors.push(fieldError.required('spec.concurrencyPolicy'));
  else if (!CONCURRENCY_POLICIES.includes(concurrencyPolicy)) {
    errors.push(fieldError.notSupported('spec.concurrencyPolicy', concurrencyPolicy, CONCURRENCY_POLICIES));
  }
  checkJobTemplate(errors, JOB_PATH, jobSpecOf(spec));
  checkNonnegative(errors, 'spec.successfulJobsHistoryLimit', spec.successfulJobsHistoryLimit);
  checkNonnegative(errors, 'spec.failedJobsHistoryLimit', spec.failedJobsHistoryLimit);
  return errors;
}

/** @param mayHaveZone whether the schedule had a time zone already, from when that was allowed. */
function checkSchedule(errors: Errors, path: string, { schedule, timeZone }: CronJobSpec, mayHaveZone: boolean): void {
  try {
    checkScheduleZone(schedule);
    parseCron(schedule);
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    errors.push(fieldError.invalid(path, schedule, error.message));
  }
  if (!schedule.includes('TZ')) return;
  if (!mayHaveZone) {
    errors.push(fieldError.invalid(path, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  } else if (timeZone !== undefined) {
    errors.push(fieldError.invalid(path, schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'));
  }
}

/** A time zone before a schedule is read first, up to the first space; upstream's parser stumbles where there is none. @throws CronError */
function checkScheduleZone(schedule: string): void {
  const [, zone] = /^(?:CRON_)?TZ=([^ ]*)/.exec(schedule) ?? [];
  if (zone === undefined) return;
  if (!schedule.includes(' ')) throw new CronError('invalid schedule format: runtime error: slice bounds out of range [:-1]');
  if (zone !== '' && zone !== 'Local' && !isKnownZone(zone))
    throw new CronError(`provided bad location ${zone}: unknown time zone ${zone}`);
}
