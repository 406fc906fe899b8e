import { condition } from '../../meta/v1/condition.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { deleteOptions } from '../../meta/v1/options.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, int64, intOrString, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const eviction = message(
  'io.k8s.api.policy.v1.Eviction',
  'Asks for a pod to be removed if its disruption budgets allow; posted to its eviction subresource.',
  () => ({
    apiVersion: string(undefined, 'Group and version of this object, such as apps/v1; the core group has no prefix.'),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, 'Name and namespace of the pod.', { present: true }),
    deleteOptions: ref(deleteOptions, 2, 'How to delete the pod.', { pointer: true }),
  }),
);
export interface Eviction extends Of<typeof eviction> {}

export const podDisruptionBudgetSpec = message('io.k8s.api.policy.v1.PodDisruptionBudgetSpec', '', () => ({
  minAvailable: intOrString(1, '', { pointer: true }),
  selector: ref(labelSelector, 2, '', { pointer: true, patchStrategy: 'replace' }),
  maxUnavailable: intOrString(3, '', { pointer: true }),
  unhealthyPodEvictionPolicy: string(4, '', { pointer: true, enum: ['AlwaysAllow', 'IfHealthyBudget'] }),
}));
export interface PodDisruptionBudgetSpec extends Of<typeof podDisruptionBudgetSpec> {}

export const podDisruptionBudgetStatus = message('io.k8s.api.policy.v1.PodDisruptionBudgetStatus', '', () => ({
  observedGeneration: int64(1, ''),
  disruptedPods: map(item.time(), 2, ''),
  disruptionsAllowed: int32(3, '', { required: true }),
  currentHealthy: int32(4, '', { required: true }),
  desiredHealthy: int32(5, '', { required: true }),
  expectedPods: int32(6, '', { required: true }),
  conditions: list(of(condition), 7, '', { listType: 'map', listMapKeys: ['type'], patchMergeKey: 'type', patchStrategy: 'merge' }),
}));
export interface PodDisruptionBudgetStatus extends Of<typeof podDisruptionBudgetStatus> {}

export const podDisruptionBudget = message('io.k8s.api.policy.v1.PodDisruptionBudget', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(podDisruptionBudgetSpec, 2, '', { present: true }),
  status: ref(podDisruptionBudgetStatus, 3, '', { present: true }),
}));
export interface PodDisruptionBudget extends Of<typeof podDisruptionBudget> {}
