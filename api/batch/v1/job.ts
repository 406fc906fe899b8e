import { podTemplateSpec } from '../../core/v1/pod.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { bool, int32, int64, item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const podFailurePolicyOnExitCodesRequirement = message('io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement', '', () => ({
  containerName: string(1, '', { pointer: true }),
  operator: string(2, '', { required: true, enum: ['In', 'NotIn'] }),
  values: list(item.int32(), 3, '', { required: true, listType: 'set' }),
}));
export interface PodFailurePolicyOnExitCodesRequirement extends Of<typeof podFailurePolicyOnExitCodesRequirement> {}

export const podFailurePolicyOnPodConditionsPattern = message('io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
}));
export interface PodFailurePolicyOnPodConditionsPattern extends Of<typeof podFailurePolicyOnPodConditionsPattern> {}

export const podFailurePolicyRule = message('io.k8s.api.batch.v1.PodFailurePolicyRule', '', () => ({
  action: string(1, '', { required: true, enum: ['Count', 'FailIndex', 'FailJob', 'Ignore'] }),
  onExitCodes: ref(podFailurePolicyOnExitCodesRequirement, 2, '', { pointer: true }),
  onPodConditions: list(of(podFailurePolicyOnPodConditionsPattern), 3, '', { listType: 'atomic' }),
}));
export interface PodFailurePolicyRule extends Of<typeof podFailurePolicyRule> {}

export const podFailurePolicy = message('io.k8s.api.batch.v1.PodFailurePolicy', '', () => ({
  rules: list(of(podFailurePolicyRule), 1, '', { required: true, listType: 'atomic' }),
}));
export interface PodFailurePolicy extends Of<typeof podFailurePolicy> {}

export const successPolicyRule = message('io.k8s.api.batch.v1.SuccessPolicyRule', '', () => ({
  succeededIndexes: string(1, '', { pointer: true }),
  succeededCount: int32(2, '', { pointer: true }),
}));
export interface SuccessPolicyRule extends Of<typeof successPolicyRule> {}

export const successPolicy = message('io.k8s.api.batch.v1.SuccessPolicy', '', () => ({
  rules: list(of(successPolicyRule), 1, '', { required: true, listType: 'atomic' }),
}));
export interface SuccessPolicy extends Of<typeof successPolicy> {}

export const jobSpec = message('io.k8s.api.batch.v1.JobSpec', '', () => ({
  parallelism: int32(1, '', { pointer: true }),
  completions: int32(2, '', { pointer: true }),
  activeDeadlineSeconds: int64(3, '', { pointer: true }),
  podFailurePolicy: ref(podFailurePolicy, 11, '', { pointer: true }),
  successPolicy: ref(successPolicy, 16, '', { pointer: true }),
  backoffLimit: int32(7, '', { pointer: true }),
  backoffLimitPerIndex: int32(12, '', { pointer: true }),
  maxFailedIndexes: int32(13, '', { pointer: true }),
  selector: ref(labelSelector, 4, '', { pointer: true }),
  manualSelector: bool(5, '', { pointer: true }),
  template: ref(podTemplateSpec, 6, '', { required: true }),
  ttlSecondsAfterFinished: int32(8, '', { pointer: true }),
  completionMode: string(9, '', { pointer: true, enum: ['Indexed', 'NonIndexed'] }),
  suspend: bool(10, '', { pointer: true }),
  podReplacementPolicy: string(14, '', { pointer: true, enum: ['Failed', 'TerminatingOrFailed'] }),
  managedBy: string(15, '', { pointer: true }),
}));
export interface JobSpec extends Of<typeof jobSpec> {}

export const jobCondition = message('io.k8s.api.batch.v1.JobCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastProbeTime: time(3, ''),
  lastTransitionTime: time(4, ''),
  reason: string(5, ''),
  message: string(6, ''),
}));
export interface JobCondition extends Of<typeof jobCondition> {}

export const uncountedTerminatedPods = message('io.k8s.api.batch.v1.UncountedTerminatedPods', '', () => ({
  succeeded: list(item.string(), 1, '', { listType: 'set' }),
  failed: list(item.string(), 2, '', { listType: 'set' }),
}));
export interface UncountedTerminatedPods extends Of<typeof uncountedTerminatedPods> {}

export const jobStatus = message('io.k8s.api.batch.v1.JobStatus', '', () => ({
  conditions: list(of(jobCondition), 1, '', { listType: 'atomic', patchMergeKey: 'type', patchStrategy: 'merge' }),
  startTime: time(2, '', { pointer: true }),
  completionTime: time(3, '', { pointer: true }),
  active: int32(4, ''),
  succeeded: int32(5, ''),
  failed: int32(6, ''),
  terminating: int32(11, '', { pointer: true }),
  completedIndexes: string(7, ''),
  failedIndexes: string(10, '', { pointer: true }),
  uncountedTerminatedPods: ref(uncountedTerminatedPods, 8, '', { pointer: true }),
  ready: int32(9, '', { pointer: true }),
}));
export interface JobStatus extends Of<typeof jobStatus> {}

export const job = message('io.k8s.api.batch.v1.Job', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(jobSpec, 2, '', { present: true }),
  status: ref(jobStatus, 3, '', { present: true }),
}));
export interface Job extends Of<typeof job> {}
