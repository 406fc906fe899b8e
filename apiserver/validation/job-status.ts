import { batchKinds, type FieldError, fieldError, type Job, type JobStatus, parseTime } from '../../api/index.ts';
import { checkNonnegative, type Errors, listOf } from './field-errors.ts';
import { goPart } from './go-struct.ts';
import { IndexesError, parseIndexes, sharedIndex } from './job-indexes.ts';
import { semanticEqual } from './semantic-equal.ts';

/**
 * What a job's status may become. Most rules are asked only of what changes: a status may be behind a spec that has just changed.
 * Upstream: `pkg/registry/batch/job` (`getStatusValidationOptions`), `ValidateJobStatusUpdate`.
 */
export function validateJobStatusUpdate(job: Job, old: Job): FieldError[] {
  const errors: Errors = [];
  const change = new StatusChange(job, old);
  checkCounts(errors, job.status);
  checkPodLists(errors, job.status);
  checkEnd(errors, change);
  checkFinished(errors, change);
  checkIndexLists(errors, change);
  checkPodCounts(errors, change);
  checkCriteria(errors, job);
  checkHistory(errors, change);
  return errors;
}

const isOf = ({ conditions }: JobStatus, type: string, wanted: string): boolean =>
  listOf(conditions).some((condition) => condition.type === type && condition.status === wanted);

const isTrue = (status: JobStatus, type: string): boolean => isOf(status, type, 'True');

const isFinished = (status: JobStatus): boolean => isTrue(status, 'Complete') || isTrue(status, 'Failed');

/** Two states of a job's status. */
class StatusChange {
  readonly job: Job;
  readonly status: JobStatus;
  readonly old: JobStatus;
  readonly finished: boolean;
  readonly finishedChanged: boolean;

  constructor(job: Job, old: Job) {
    this.job = job;
    this.status = job.status;
    this.old = old.status;
    this.finished = isFinished(job.status);
    this.finishedChanged = this.finished !== isFinished(old.status);
  }

  is(type: string): boolean {
    return isTrue(this.status, type);
  }

  was(type: string): boolean {
    return isTrue(this.old, type);
  }

  /** Whether one of some conditions is not what it was. */
  turned(...types: readonly string[]): boolean {
    return types.some((type) => this.is(type) !== this.was(type));
  }

  changed(...fields: readonly (keyof JobStatus)[]): boolean {
    return fields.some((field) => !semanticEqual(this.status[field], this.old[field]));
  }
}

function checkCounts(errors: Errors, { active, succeeded, failed, ready, terminating }: JobStatus): void {
  checkNonnegative(errors, 'status.active', active);
  checkNonnegative(errors, 'status.succeeded', succeeded);
  checkNonnegative(errors, 'status.failed', failed);
  checkNonnegative(errors, 'status.ready', ready);
  checkNonnegative(errors, 'status.terminating', terminating);
}

function checkPodLists(errors: Errors, { uncountedTerminatedPods }: JobStatus): void {
  if (!uncountedTerminatedPods) return;
  const seen = new Set<string>();
  for (const field of ['succeeded', 'failed'] as const) {
    listOf(uncountedTerminatedPods[field]).forEach((uid, i) => {
      const path = `status.uncountedTerminatedPods.${field}[${i}]`;
      if (uid === '') errors.push(fieldError.invalid(path, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(fieldError.duplicate(path, uid));
      seen.add(uid);
    });
  }
}

/** How a job comes to its end: conditions and times. */
function checkEnd(errors: Errors, change: StatusChange): void {
  const { completionTime, startTime } = change.status;
  const conditions = (why: string) => errors.push(fieldError.invalidOmitted('status.conditions', why));
  const complete = change.is('Complete');
  const failed = change.is('Failed');
  if (change.turned('Complete', 'Failed') && complete && failed) conditions('cannot set Complete=True and Failed=true conditions');
  if (change.turned('Complete', 'FailureTarget') && complete && change.is('FailureTarget')) {
    conditions('cannot set Complete=True and FailureTarget=true conditions');
  }
  if (change.turned('Complete') || change.changed('completionTime')) checkCompletionTime(errors, complete, completionTime);
  if (change.changed('startTime', 'completionTime') && startTime && completionTime && parseTime(completionTime) < parseTime(startTime)) {
    errors.push(fieldError.invalid('status.completionTime', completionTime, 'must be equal to or after `startTime`'));
  }
  if (change.turned('Failed', 'FailureTarget') && failed && !change.is('FailureTarget')) {
    conditions('cannot set Failed=True condition without the FailureTarget=true condition');
  }
  if (change.turned('Complete', 'SuccessCriteriaMet') && complete && !change.is('SuccessCriteriaMet')) {
    conditions('cannot set Complete=True condition without the SuccessCriteriaMet=true condition');
  }
}

function checkCompletionTime(errors: Errors, complete: boolean, completionTime: string | null | undefined): void {
  if (completionTime && !complete) {
    const why = 'cannot set completionTime when there is no Complete=True condition';
    errors.push(fieldError.invalid('status.completionTime', completionTime, why));
  }
  if (!completionTime && complete) {
    errors.push(fieldError.required('status.completionTime', 'completionTime is required for Complete jobs'));
  }
}

function checkFinished(errors: Errors, change: StatusChange): void {
  if (!change.finished) return;
  const { job, status, finishedChanged } = change;
  const { active = 0, uncountedTerminatedPods: uncounted } = status;
  if ((finishedChanged || change.changed('active')) && active > 0) {
    errors.push(fieldError.invalid('status.active', active, 'active>0 is invalid for finished job'));
  }
  const neverRan = job.spec.suspend === true && job.spec.completions === 0;
  if ((finishedChanged || change.changed('startTime')) && !neverRan && !status.startTime) {
    errors.push(fieldError.required('status.startTime', 'startTime is required for finished job'));
  }
  if (!finishedChanged && !change.changed('uncountedTerminatedPods')) return;
  if (!uncounted || listOf(uncounted.failed).length + listOf(uncounted.succeeded).length === 0) return;
  const value = goPart(batchKinds.jobs, ['status', 'uncountedTerminatedPods'], uncounted);
  const why = 'must be empty for finished job';
  errors.push(fieldError.invalid('status.uncountedTerminatedPods', value, why));
}

function checkIndexLists(errors: Errors, change: StatusChange): void {
  const { spec } = change.job;
  const { completedIndexes = '', failedIndexes } = change.status;
  const { completions, backoffLimitPerIndex } = spec;
  const completedChanged = change.changed('completedIndexes');
  const failedChanged = change.changed('failedIndexes');
  if (completedChanged && completions !== undefined) checkIndexes(errors, 'completedIndexes', completedIndexes, completions);
  if (failedChanged && completions !== undefined && backoffLimitPerIndex !== undefined && failedIndexes !== undefined) {
    checkIndexes(errors, 'failedIndexes', failedIndexes, completions);
  }
  if (completedChanged && completedIndexes !== '' && spec.completionMode !== 'Indexed') {
    const why = 'cannot set non-empty completedIndexes when non-indexed completion mode';
    errors.push(fieldError.invalid('status.completedIndexes', completedIndexes, why));
  }
  if (failedIndexes === undefined) return;
  if (failedChanged && backoffLimitPerIndex === undefined) {
    const why = 'cannot set non-null failedIndexes when backoffLimitPerIndex is null';
    errors.push(fieldError.invalid('status.failedIndexes', failedIndexes, why));
  }
  if ((!failedChanged && !completedChanged) || completions === undefined) return;
  const shared = sharedIndex(completedIndexes, failedIndexes, completions);
  if (shared === undefined) return;
  errors.push(fieldError.invalid('status.failedIndexes', failedIndexes, `failedIndexes and completedIndexes overlap at index: ${shared}`));
}

function checkIndexes(errors: Errors, field: 'completedIndexes' | 'failedIndexes', indexes: string, completions: number): void {
  try {
    parseIndexes(indexes, completions);
  } catch (error) {
    if (!(error instanceof IndexesError)) throw error;
    errors.push(fieldError.invalid(`status.${field}`, indexes, `error parsing ${field}: ${error.message}`));
  }
}

function checkPodCounts(errors: Errors, change: StatusChange): void {
  const { active = 0, ready = 0, terminating = 0 } = change.status;
  if ((change.finishedChanged || change.changed('terminating')) && change.finished && terminating > 0) {
    errors.push(fieldError.invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'));
  }
  if (change.changed('ready', 'active') && ready > active) {
    errors.push(fieldError.invalid('status.ready', ready, 'cannot set more ready pods than active'));
  }
}

function checkCriteria(errors: Errors, { spec, status }: Job): void {
  const conditions = (why: string) => errors.push(fieldError.invalidOmitted('status.conditions', why));
  const met = isTrue(status, 'SuccessCriteriaMet');
  if (met && isTrue(status, 'Failed')) conditions('cannot set SuccessCriteriaMet=True and Failed=true conditions');
  if (met && isTrue(status, 'FailureTarget')) conditions('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions');
  if (spec.successPolicy && !met && isTrue(status, 'Complete')) {
    conditions('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True');
  }
}

/** What is never taken back. */
function checkHistory(errors: Errors, change: StatusChange): void {
  const { job, status, old } = change;
  const conditions = (why: string) => errors.push(fieldError.invalidOmitted('status.conditions', why));
  for (const type of ['Failed', 'Complete', 'FailureTarget']) {
    if (change.was(type) && !change.is(type)) conditions(`cannot disable the terminal ${type}=True condition`);
  }
  checkCounters(errors, change);
  const { completionTime } = status;
  if (completionTime && old.completionTime && completionTime !== old.completionTime) {
    errors.push(fieldError.invalid('status.completionTime', completionTime, 'field is immutable'));
  }
  const isResuming = change.was('Suspended') && isOf(status, 'Suspended', 'False');
  if (old.startTime && change.changed('startTime') && !isResuming && !job.spec.suspend) {
    errors.push(fieldError.required('status.startTime', 'startTime cannot be removed for unsuspended job'));
  }
  const met = change.is('SuccessCriteriaMet');
  if (change.was('SuccessCriteriaMet') && !met) conditions('cannot disable the SuccessCriteriaMet=True condition');
  if (change.was('Complete') && !change.was('SuccessCriteriaMet') && met) {
    conditions('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions');
  }
}

function checkCounters(errors: Errors, { job, status, old }: StatusChange): void {
  const { failed = 0, succeeded = 0 } = status;
  const { completions, completionMode, parallelism } = job.spec;
  if (failed < (old.failed ?? 0)) errors.push(fieldError.invalid('status.failed', failed, 'cannot decrease the failed counter'));
  // A job that may be scaled down loses what it counted.
  const shrinks = completionMode === 'Indexed' && completions === parallelism;
  if (!shrinks && succeeded < (old.succeeded ?? 0)) {
    errors.push(fieldError.invalid('status.succeeded', succeeded, 'cannot decrease the succeeded counter'));
  }
}
