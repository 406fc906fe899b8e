import { goQuote, humanDuration, type Job, type JobSpec, parseTime } from '../../../api/index.ts';
import type { RequestContext, Strategy } from '../../registry/strategy.ts';
import { INT32_MAX, keysOf, listOf } from '../../validation/field-errors.ts';
import { JOB_LABELS, validateJob, validateJobUpdate } from '../../validation/job.ts';
import { validateJobStatusUpdate } from '../../validation/job-status.ts';
import { warnOfPod } from '../../validation/pod-warnings.ts';
import { containerCells, selectorCell } from '../apps/cells.ts';
import { warnOfWorkloadName } from '../apps/templates.ts';
import { dropDisabledTemplateFields } from '../core/pod-dropped-fields.ts';
import { setPodTemplateDefaults } from '../core/pod-template-defaults.ts';
import { ageOf, raiseGeneration, sortedMap, strategyOf, updateOf } from '../shared.ts';

const BACKOFF_LIMIT = 6;
/** Above these, the indexes that failed may become too many to be noted. */
const COMPLETIONS_WARNED_OF = 100_000;
const PARALLELISM_WARNED_OF = 10_000;

/** Upstream: `pkg/registry/batch/job`, `pkg/apis/batch/v1/defaults.go`. */
export const jobStrategy: Strategy<Job> = strategyOf<Job>({
  metadataLooks: ['whole', 'changes'],
  setDefaults,
  prepareForCreate: (_context, job) => {
    job.status = {};
    job.metadata.generation = 1;
    if (!job.spec.manualSelector) generateSelector(job);
    dropDisabledTemplateFields(job.spec.template);
  },
  setStoredDefaults: takeTemplateLabels,
  lacksStoredDefaults: ({ metadata }) => metadata.labels?.[JOB_LABELS.uid] !== undefined,
  validateCreate: (context, job) => {
    const errors = validateJob(job);
    if (errors.length === 0 && warnOfWorkloadName(context, job.metadata)) warnOfJob(context, 'spec', job.spec);
    return errors;
  },
  prepareForUpdate: (_context, job, old) => {
    job.status = old.status;
    dropDisabledTemplateFields(job.spec.template);
    raiseGeneration(job, old);
  },
  validateUpdate: (context, job, old) => {
    const errors = validateJobUpdate(job, old);
    if (errors.length === 0 && job.metadata.generation !== old.metadata.generation) warnOfJob(context, 'spec', job.spec);
    return errors;
  },
  fieldSelectors: { 'status.successful': ({ status }) => String(status.succeeded ?? 0) },
  unknownField: (field) => `field label ${goQuote(field)} not supported for Job`,
  defaultPropagation: 'orphan',
  // Upstream: `pkg/registry/batch/job/storage/storage.go`.
  defaultPropagationWarning:
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
  tableRow: (job, now) => [
    job.metadata.name,
    stateOf(job),
    completionsOf(job),
    durationOf(job, now),
    ageOf(job.metadata.creationTimestamp, now),
    ...containerCells(job.spec.template.spec?.containers),
    selectorCell(job.spec.selector),
  ],
  subresources: {
    status: updateOf<Job>({
      prepareForUpdate: (_context, job, old) => {
        job.spec = old.spec;
      },
      validateUpdate: (_context, job, old) => validateJobStatusUpdate(job, old),
    }),
  },
});

function setDefaults(job: Job): void {
  const { spec } = job;
  if (spec.parallelism === undefined) spec.completions ??= 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : INT32_MAX;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  spec.manualSelector ??= false;
  takeTemplateLabels(job);
  setJobSpecDefaults(spec);
}

/** What a job is given in a cron job as well. */
export function setJobSpecDefaults(spec: JobSpec): void {
  for (const { onPodConditions } of listOf(spec.podFailurePolicy?.rules)) {
    for (const condition of listOf(onPodConditions)) condition.status ||= 'True';
  }
  setPodTemplateDefaults(spec.template);
}

/** A job without labels has its template's: the same map, as upstream, so that it is given what the template is given later on. */
function takeTemplateLabels({ metadata, spec }: Job): void {
  const labels = spec.template.metadata?.labels;
  if (labels && keysOf(metadata.labels).length === 0) metadata.labels = labels;
}

/** Pods are found by labels that nobody else has, unless the job says otherwise. Labels that are there are left for validation to judge. */
function generateSelector({ metadata, spec }: Job): void {
  const { name = '', uid = '' } = metadata;
  const { legacyName, legacyUid } = JOB_LABELS;
  const own = { [legacyName]: name, [JOB_LABELS.name]: name, [legacyUid]: uid, [JOB_LABELS.uid]: uid };
  spec.template.metadata ??= {};
  const given = spec.template.metadata.labels;
  const labels = sortedMap({ ...own, ...given });
  if (given && metadata.labels === given) metadata.labels = labels;
  spec.template.metadata.labels = labels;
  const matchLabels = sortedMap({ [JOB_LABELS.uid]: uid, ...spec.selector?.matchLabels });
  spec.selector = { matchLabels, ...(spec.selector?.matchExpressions ? { matchExpressions: spec.selector.matchExpressions } : {}) };
}

/** What is doubtful in a job, or in a cron job's. Upstream: `pkg/api/job/warnings.go`. */
export function warnOfJob(context: RequestContext, path: string, spec: JobSpec): void {
  const { completionMode, completions = 0, parallelism = 0, template } = spec;
  if (completionMode === 'Indexed' && completions > COMPLETIONS_WARNED_OF && parallelism > PARALLELISM_WARNED_OF) {
    context.warn(
      `${path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail`,
    );
  }
  if (!template.spec) return;
  warnOfPod({ spec: template.spec, metadata: template.metadata, prefix: `${path}.template.` }, (text) => context.warn(text));
}

function stateOf({ metadata, status }: Job): string {
  const isTrue = (type: string) => listOf(status.conditions).some((condition) => condition.type === type && condition.status === 'True');
  if (isTrue('Complete')) return 'Complete';
  if (isTrue('Failed')) return 'Failed';
  if (metadata.deletionTimestamp) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(isTrue) ?? 'Running';
}

function completionsOf({ spec, status }: Job): string {
  const succeeded = status.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function durationOf({ status }: Job, now: number): string {
  if (!status.startTime) return '';
  return humanDuration((status.completionTime ? parseTime(status.completionTime) : now) - parseTime(status.startTime));
}
