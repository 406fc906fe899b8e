import {
  batchKinds,
  type FieldError,
  fieldError,
  isDns1123Label,
  type Job,
  type JobSpec,
  type ObjectMeta,
  type PodTemplateSpec,
} from '../../api/index.ts';
import { checkDomainPrefixedPath } from './domain-path.ts';
import { bytesOf, checkChoiceOf, checkNonnegative, type Errors, IMMUTABLE_MESSAGE, isEmpty } from './field-errors.ts';
import { goPart, goPodTemplate } from './go-struct.ts';
import { checkFailurePolicy, checkSuccessPolicy } from './job-policies.ts';
import { checkLabelSelector } from './meta.ts';
import { checkPodTemplate } from './pod-template.ts';
import { semanticEqual } from './semantic-equal.ts';
import { queryOf } from './workload.ts';

const PARALLELISM_INDEXED_MAX = 100_000;
const FAILED_INDEXES_MAX = 100_000;
/** Above so many completions, a job with a back-off limit per index is held to the limits below. */
const COMPLETIONS_HIGH = 100_000;
const PARALLELISM_HIGH_MAX = 10_000;
const FAILED_INDEXES_HIGH_MAX = 10_000;
const MANAGED_BY_BYTES_MAX = 63;

const REPLACEMENT_POLICIES: readonly string[] = ['Failed', 'TerminatingOrFailed'];
const COMPLETION_MODES: readonly string[] = ['NonIndexed', 'Indexed'];

/** The labels by which a job finds its pods: those of old, and those with a domain. */
export const JOB_LABELS = {
  legacyUid: 'controller-uid',
  legacyName: 'job-name',
  uid: 'batch.kubernetes.io/controller-uid',
  name: 'batch.kubernetes.io/job-name',
} as const;

/** Upstream: `pkg/apis/batch/validation`, `ValidateJob`. @param prefixed whether the labels with a domain are asked for. */
export function validateJob(job: Job, prefixed = true): FieldError[] {
  const errors: Errors = [];
  checkGeneratedSelector(errors, job, prefixed);
  checkSpecAndSelector(errors, job.spec);
  checkHostNames(errors, job);
  return errors;
}

/** An update is looked at as a whole, and once more with what must not change: upstream says what is wrong twice. */
export function validateJobUpdate(job: Job, old: Job): FieldError[] {
  const labels = old.spec.template.metadata?.labels ?? {};
  const errors: Errors = validateJob(job, JOB_LABELS.name in labels && JOB_LABELS.uid in labels);
  checkSpecAndSelector(errors, job.spec);
  checkCompletionsChange(errors, job.spec, old.spec);
  checkSame(errors, 'spec.selector', job.spec.selector, old.spec.selector);
  checkTemplateChange(errors, job.spec.template, old);
  checkSame(errors, 'spec.completionMode', job.spec.completionMode, old.spec.completionMode);
  checkSamePart(errors, 'podFailurePolicy', job.spec.podFailurePolicy, old.spec.podFailurePolicy);
  checkSame(errors, 'spec.backoffLimitPerIndex', job.spec.backoffLimitPerIndex, old.spec.backoffLimitPerIndex);
  checkSame(errors, 'spec.managedBy', job.spec.managedBy, old.spec.managedBy);
  checkSamePart(errors, 'successPolicy', job.spec.successPolicy, old.spec.successPolicy);
  return errors;
}

/** The job of a cron job: what makes its selector comes later. */
export function checkJobTemplate(errors: Errors, path: string, spec: JobSpec): void {
  checkSpec(errors, path, spec);
  if (spec.selector) errors.push(fieldError.invalid(`${path}.selector`, spec.selector, '`selector` will be auto-generated'));
  if (spec.manualSelector) errors.push(fieldError.notSupported(`${path}.manualSelector`, true, ['nil', 'false']));
}

function checkGeneratedSelector(errors: Errors, { metadata, spec }: Job, prefixed: boolean): void {
  if (spec.manualSelector || !spec.selector) return;
  const { uid = '', name = '' } = metadata;
  if (uid === '') errors.push(fieldError.required('metadata.uid'));
  const expected: Record<string, string> = { [JOB_LABELS.legacyUid]: uid, [JOB_LABELS.legacyName]: name };
  if (prefixed) Object.assign(expected, { [JOB_LABELS.uid]: uid, [JOB_LABELS.name]: name });
  for (const [key, value] of Object.entries(expected)) checkLabel(errors, spec.template.metadata, key, value);
  const query = queryOf(spec.selector);
  if (query && !query.matches(expected)) errors.push(fieldError.invalid('spec.selector', spec.selector, '`selector` not auto-generated'));
}

/** Upstream: `ValidateHasLabel`. */
function checkLabel(errors: Errors, metadata: ObjectMeta | undefined, key: string, expected: string): void {
  const path = 'spec.template.metadata.labels';
  const actual = metadata?.labels?.[key];
  if (actual === undefined) errors.push(fieldError.required(`${path}[${key}]`, `must be '${expected}'`));
  else if (actual !== expected) errors.push(fieldError.invalid(`${path}[${key}]`, metadata?.labels, `must be '${expected}'`));
}

/** Pods of an indexed job are hosts under its name with their index. */
function checkHostNames(errors: Errors, { metadata, spec }: Job): void {
  if (spec.completionMode !== 'Indexed' || !spec.completions || spec.completions < 0) return;
  const { name = '' } = metadata;
  const last = `${name}-${spec.completions - 1}`;
  if (isDns1123Label(last).length === 0) return;
  errors.push(fieldError.invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`));
}

function checkSpecAndSelector(errors: Errors, spec: JobSpec): void {
  checkSpec(errors, 'spec', spec);
  if (spec.selector) checkLabelSelector(errors, 'spec.selector', spec.selector);
  else errors.push(fieldError.required('spec.selector'));
  const query = queryOf(spec.selector);
  const labels = spec.template.metadata?.labels;
  // No selector matches nothing.
  if (query && (!spec.selector || !query.matches(labels))) {
    errors.push(fieldError.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
}

function checkSpec(errors: Errors, path: string, spec: JobSpec): void {
  checkNonnegative(errors, `${path}.parallelism`, spec.parallelism);
  checkNonnegative(errors, `${path}.completions`, spec.completions);
  checkNonnegative(errors, `${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds);
  checkNonnegative(errors, `${path}.backoffLimit`, spec.backoffLimit);
  checkNonnegative(errors, `${path}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished);
  checkNonnegative(errors, `${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex);
  checkNonnegative(errors, `${path}.maxFailedIndexes`, spec.maxFailedIndexes);
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    errors.push(fieldError.required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  }
  if (spec.managedBy !== undefined) checkManagedBy(errors, `${path}.managedBy`, spec.managedBy);
  if (spec.completionMode !== undefined) checkChoiceOf(errors, `${path}.completionMode`, spec.completionMode, COMPLETION_MODES);
  if (spec.completionMode === 'Indexed') checkIndexed(errors, path, spec);
  if (spec.completionMode === undefined || spec.completionMode === 'NonIndexed') checkNotIndexed(errors, path, spec);
  if (spec.podFailurePolicy) checkFailurePolicy(errors, `${path}.podFailurePolicy`, spec, spec.podFailurePolicy);
  if (spec.successPolicy) checkSuccess(errors, `${path}.successPolicy`, spec, spec.successPolicy);
  checkReplacementPolicy(errors, `${path}.podReplacementPolicy`, spec);
  checkPodTemplate(errors, `${path}.template`, spec.template);
  checkRestartPolicy(errors, `${path}.template.spec.restartPolicy`, spec);
}

function checkManagedBy(errors: Errors, path: string, managedBy: string): void {
  checkDomainPrefixedPath(errors, path, managedBy);
  if (bytesOf(managedBy) > MANAGED_BY_BYTES_MAX) errors.push(fieldError.tooLong(path, MANAGED_BY_BYTES_MAX));
}

function checkIndexed(errors: Errors, path: string, spec: JobSpec): void {
  const { completions, parallelism = 0, maxFailedIndexes } = spec;
  if (completions === undefined) errors.push(fieldError.required(`${path}.completions`, 'when completion mode is Indexed'));
  if (parallelism > PARALLELISM_INDEXED_MAX) {
    const why = `must be less than or equal to ${PARALLELISM_INDEXED_MAX} when completion mode is Indexed`;
    errors.push(fieldError.invalid(`${path}.parallelism`, parallelism, why));
  }
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions) {
    errors.push(fieldError.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, 'must be less than or equal to completions'));
  }
  if ((maxFailedIndexes ?? 0) > FAILED_INDEXES_MAX) {
    errors.push(fieldError.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, `must be less than or equal to ${FAILED_INDEXES_MAX}`));
  }
  if ((completions ?? 0) > COMPLETIONS_HIGH && spec.backoffLimitPerIndex !== undefined) checkHighCompletions(errors, path, spec);
}

function checkHighCompletions(errors: Errors, path: string, { parallelism = 0, maxFailedIndexes }: JobSpec): void {
  if (maxFailedIndexes === undefined) {
    errors.push(fieldError.required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${COMPLETIONS_HIGH}`));
  }
  const above = (max: number) =>
    `must be less than or equal to ${max} when completions are above ${COMPLETIONS_HIGH} and used with backoff limit per index`;
  if (parallelism > PARALLELISM_HIGH_MAX) {
    errors.push(fieldError.invalid(`${path}.parallelism`, parallelism, above(PARALLELISM_HIGH_MAX)));
  }
  if ((maxFailedIndexes ?? 0) > FAILED_INDEXES_HIGH_MAX) {
    errors.push(fieldError.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, above(FAILED_INDEXES_HIGH_MAX)));
  }
}

function checkNotIndexed(errors: Errors, path: string, { backoffLimitPerIndex, maxFailedIndexes }: JobSpec): void {
  const why = 'requires indexed completion mode';
  if (backoffLimitPerIndex !== undefined) errors.push(fieldError.invalid(`${path}.backoffLimitPerIndex`, backoffLimitPerIndex, why));
  if (maxFailedIndexes !== undefined) errors.push(fieldError.invalid(`${path}.maxFailedIndexes`, maxFailedIndexes, why));
}

function checkSuccess(errors: Errors, path: string, spec: JobSpec, policy: NonNullable<JobSpec['successPolicy']>): void {
  if (spec.completionMode === 'Indexed') {
    checkSuccessPolicy(errors, path, policy, spec.completions ?? 0);
    return;
  }
  const value = goPart(batchKinds.jobs, ['spec', 'successPolicy'], policy);
  errors.push(fieldError.invalid(path, value, 'requires indexed completion mode'));
}

function checkReplacementPolicy(errors: Errors, path: string, { podReplacementPolicy, podFailurePolicy }: JobSpec): void {
  if (podReplacementPolicy === undefined) return;
  checkChoiceOf(errors, path, podReplacementPolicy, podFailurePolicy ? ['Failed'] : REPLACEMENT_POLICIES);
}

function checkRestartPolicy(errors: Errors, path: string, { template, podFailurePolicy }: JobSpec): void {
  const policy = template.spec?.restartPolicy;
  if (isEmpty(policy) || policy === 'Always') errors.push(fieldError.required(path, 'valid values: "OnFailure", "Never"'));
  else if (policy !== 'OnFailure' && policy !== 'Never') errors.push(fieldError.notSupported(path, policy, ['OnFailure', 'Never']));
  else if (podFailurePolicy && policy !== 'Never') {
    errors.push(fieldError.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified'));
  }
}

function checkSame(errors: Errors, path: string, value: unknown, old: unknown): void {
  if (!semanticEqual(value, old)) errors.push(fieldError.invalid(path, value, IMMUTABLE_MESSAGE));
}

function checkSamePart(errors: Errors, field: 'podFailurePolicy' | 'successPolicy', value: object | undefined, old: unknown): void {
  if (semanticEqual(value, old)) return;
  errors.push(fieldError.invalid(`spec.${field}`, value && goPart(batchKinds.jobs, ['spec', field], value), IMMUTABLE_MESSAGE));
}

/** An indexed job may grow and shrink, as a whole. */
function checkCompletionsChange(errors: Errors, spec: JobSpec, old: JobSpec): void {
  const { completions, parallelism, completionMode } = spec;
  if (completionMode !== 'Indexed') {
    checkSame(errors, 'spec.completions', completions, old.completions);
  } else if (completions !== undefined && completions !== old.completions && completions !== parallelism) {
    errors.push(fieldError.invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism'));
  }
}

/** While a job is suspended and has not begun, it may still be told where to run. */
function checkTemplateChange(errors: Errors, template: PodTemplateSpec, { spec, status }: Job): void {
  const before = spec.suspend && !status.startTime ? withPlacementOf(spec.template, template) : spec.template;
  if (!semanticEqual(template, before)) errors.push(fieldError.invalid('spec.template', goPodTemplate(template), IMMUTABLE_MESSAGE));
}

function withPlacementOf(old: PodTemplateSpec, { metadata, spec }: PodTemplateSpec): PodTemplateSpec {
  if (!old.spec || !spec) return old;
  const { nodeSelector, tolerations, schedulingGates } = spec;
  const affinity = { ...old.spec.affinity, nodeAffinity: spec.affinity?.nodeAffinity };
  const hasNone = !spec.affinity && Object.values(affinity).every((part) => part === undefined);
  return {
    metadata: { ...old.metadata, labels: metadata?.labels, annotations: metadata?.annotations },
    spec: { ...old.spec, nodeSelector, tolerations, schedulingGates, affinity: hasNone ? undefined : affinity },
  };
}
