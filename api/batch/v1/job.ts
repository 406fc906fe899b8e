import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { bool, int32, int64, item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const podFailurePolicyOnExitCodesRequirement = message(
  'io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement',
  'Exit codes a failure rule matches.',
  () => ({
    containerName: string(1, 'Container whose exit code counts; any unless given.', { pointer: true }),
    operator: string(2, 'In matches the codes listed, NotIn all others except 0.', { required: true, enum: ['In', 'NotIn'] }),
    values: list(item.int32(), 3, 'Exit codes, in ascending order, 1 to 255 of them; 0 may not stand with In.', {
      required: true,
      listType: 'set',
    }),
  }),
);
export interface PodFailurePolicyOnExitCodesRequirement extends Of<typeof podFailurePolicyOnExitCodesRequirement> {}

export const podFailurePolicyOnPodConditionsPattern = message(
  'io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern',
  'A condition a failure rule matches.',
  () => ({
    type: string(1, "Type of the pod's condition, such as DisruptionTarget.", { required: true }),
    status: string(2, 'Status it must have; True unless given.', { required: true }),
  }),
);
export interface PodFailurePolicyOnPodConditionsPattern extends Of<typeof podFailurePolicyOnPodConditionsPattern> {}

export const podFailurePolicyRule = message(
  'io.k8s.api.batch.v1.PodFailurePolicyRule',
  'What a failed pod means for its job; onExitCodes or onPodConditions.',
  () => ({
    action: string(1, 'FailJob ends the job, FailIndex its index, Ignore does not count the failure, Count does.', {
      required: true,
      enum: ['Count', 'FailIndex', 'FailJob', 'Ignore'],
    }),
    onExitCodes: ref(podFailurePolicyOnExitCodesRequirement, 2, 'Exit codes for which the rule holds.', { pointer: true }),
    onPodConditions: list(
      of(podFailurePolicyOnPodConditionsPattern),
      3,
      'Conditions, of which one is enough for the rule to hold; at most 20.',
      { listType: 'atomic' },
    ),
  }),
);
export interface PodFailurePolicyRule extends Of<typeof podFailurePolicyRule> {}

export const podFailurePolicy = message(
  'io.k8s.api.batch.v1.PodFailurePolicy',
  'How failed pods are judged; without a match they count against backoffLimit.',
  () => ({
    rules: list(of(podFailurePolicyRule), 1, 'The rules, of which the first that matches decides; at most 20.', {
      required: true,
      listType: 'atomic',
    }),
  }),
);
export interface PodFailurePolicy extends Of<typeof podFailurePolicy> {}

export const successPolicyRule = message('io.k8s.api.batch.v1.SuccessPolicyRule', 'What is enough for a job to have succeeded.', () => ({
  succeededIndexes: string(1, 'Indexes that must have succeeded, such as 0-2,5.', { pointer: true }),
  succeededCount: int32(2, 'How many indexes must have succeeded, of all or of succeededIndexes.', { pointer: true }),
}));
export interface SuccessPolicyRule extends Of<typeof successPolicyRule> {}

export const successPolicy = message(
  'io.k8s.api.batch.v1.SuccessPolicy',
  'When an indexed job has succeeded early, though not every index has.',
  () => ({
    rules: list(of(successPolicyRule), 1, 'The rules, of which one must hold; at most 20. Pods that still run are then stopped.', {
      required: true,
      listType: 'atomic',
    }),
  }),
);
export interface SuccessPolicy extends Of<typeof successPolicy> {}

export const jobSpec = message('io.k8s.api.batch.v1.JobSpec', 'Which pod to run to its end, and how often.', () => ({
  parallelism: int32(1, 'Most pods at a time; 1 unless given, 0 pauses the job.', { pointer: true }),
  completions: int32(2, 'How many pods must succeed; if absent, one is enough and parallelism may be anything.', { pointer: true }),
  activeDeadlineSeconds: int64(3, 'Seconds the job may take, retries included, before it is failed; no limit unless given.', {
    pointer: true,
  }),
  podFailurePolicy: ref(podFailurePolicy, 11, 'What failed pods mean for the job; needs restartPolicy Never.', { pointer: true }),
  successPolicy: ref(successPolicy, 16, 'When an indexed job has succeeded early; only once all indexes have unless given.', {
    pointer: true,
  }),
  backoffLimit: int32(7, 'Retries before the job is failed; 6 unless given, unlimited with backoffLimitPerIndex.', { pointer: true }),
  backoffLimitPerIndex: int32(12, 'The same for each index by itself; for Indexed jobs with restartPolicy Never.', { pointer: true }),
  maxFailedIndexes: int32(13, 'How many indexes may fail before the job is failed; needs backoffLimitPerIndex.', { pointer: true }),
  selector: ref(labelSelector, 4, 'Which pods belong to it; made by the system, leave it alone.', { pointer: true }),
  manualSelector: bool(5, 'True uses a selector of your own, which you must keep unique; false unless given.', { pointer: true }),
  template: ref(podTemplateSpec, 6, 'The pod to run; restartPolicy must be Never or OnFailure.', { required: true }),
  ttlSecondsAfterFinished: int32(8, 'Seconds after its end until the job is deleted; kept unless given, 0 deletes at once.', {
    pointer: true,
  }),
  completionMode: string(9, 'NonIndexed (the default) has equal pods; Indexed numbers them from 0 to completions - 1.', {
    pointer: true,
    enum: ['Indexed', 'NonIndexed'],
  }),
  suspend: bool(10, 'True stops all its pods and starts no more until false; false unless given.', { pointer: true }),
  podReplacementPolicy: string(
    14,
    'When to replace a pod: TerminatingOrFailed at once, or Failed when it has ended (with podFailurePolicy).',
    {
      pointer: true,
      enum: ['Failed', 'TerminatingOrFailed'],
    },
  ),
  managedBy: string(15, 'Controller in charge, such as example.com/queue; the built-in one unless given. Cannot be changed.', {
    pointer: true,
  }),
}));
export interface JobSpec extends Of<typeof jobSpec> {}

export const jobCondition = message(
  'io.k8s.api.batch.v1.JobCondition',
  'One aspect of a job: Complete, Failed, Suspended and others.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastProbeTime: time(3, 'When it was last checked.'),
    lastTransitionTime: time(4, 'When status last went from one value to another.'),
    reason: string(5, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(6, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface JobCondition extends Of<typeof jobCondition> {}

export const uncountedTerminatedPods = message(
  'io.k8s.api.batch.v1.UncountedTerminatedPods',
  'Pods that have ended and are not in the counts yet.',
  () => ({
    succeeded: list(item.string(), 1, 'UIDs of those that succeeded.', { listType: 'set' }),
    failed: list(item.string(), 2, 'UIDs of those that failed.', { listType: 'set' }),
  }),
);
export interface UncountedTerminatedPods extends Of<typeof uncountedTerminatedPods> {}

export const jobStatus = message('io.k8s.api.batch.v1.JobStatus', 'How far along a job is.', () => ({
  conditions: list(of(jobCondition), 1, 'Complete or Failed once it has ended, and others on the way.', {
    listType: 'atomic',
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
  startTime: time(2, 'When the controller began with it; set anew after a suspension.', { pointer: true }),
  completionTime: time(3, 'When it succeeded; absent while it runs, and if it failed.', { pointer: true }),
  active: int32(4, 'Pods that are pending or running and not being deleted.'),
  succeeded: int32(5, 'Pods that succeeded.'),
  failed: int32(6, 'Pods that failed.'),
  terminating: int32(11, 'Pods that are being deleted and have not ended yet.', { pointer: true }),
  completedIndexes: string(7, 'Indexes that succeeded, such as 1,3-5,7.'),
  failedIndexes: string(10, 'Indexes that failed for good, such as 2,8-9.', { pointer: true }),
  uncountedTerminatedPods: ref(uncountedTerminatedPods, 8, 'Pods that have ended and are not in the counts yet.', { pointer: true }),
  ready: int32(9, 'Active pods that are ready.', { pointer: true }),
}));
export interface JobStatus extends Of<typeof jobStatus> {}

export const job = message('io.k8s.api.batch.v1.Job', 'Runs pods until enough of them have succeeded.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(jobSpec, 2, 'The state that is wanted.', { present: true }),
  status: ref(jobStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
}));
export interface Job extends Of<typeof job> {}
