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
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, 'Name and namespace of the pod.', { present: true }),
    deleteOptions: ref(deleteOptions, 2, 'How to delete the pod.', { pointer: true }),
  }),
);
export interface Eviction extends Of<typeof eviction> {}

export const podDisruptionBudgetSpec = message(
  'io.k8s.api.policy.v1.PodDisruptionBudgetSpec',
  'How many pods an eviction must leave alone.',
  () => ({
    minAvailable: intOrString(1, 'Pods that must stay available, number or percentage; 100% forbids every eviction.', { pointer: true }),
    selector: ref(labelSelector, 2, 'Pods it protects; an empty selector is all of the namespace.', {
      pointer: true,
      patchStrategy: 'replace',
    }),
    maxUnavailable: intOrString(3, 'Pods that may be missing, number or percentage; not together with minAvailable.', { pointer: true }),
    unhealthyPodEvictionPolicy: string(4, 'When pods that are not ready may go: IfHealthyBudget (the default) or AlwaysAllow.', {
      pointer: true,
      enum: ['AlwaysAllow', 'IfHealthyBudget'],
    }),
  }),
);
export interface PodDisruptionBudgetSpec extends Of<typeof podDisruptionBudgetSpec> {}

export const podDisruptionBudgetStatus = message(
  'io.k8s.api.policy.v1.PodDisruptionBudgetStatus',
  'What a disruption budget allows right now.',
  () => ({
    observedGeneration: int64(1, 'The metadata.generation the controller last acted on.'),
    disruptedPods: map(item.time(), 2, 'Pods whose eviction was granted and not seen yet, by name, with the time.'),
    disruptionsAllowed: int32(3, 'How many pods may be evicted now.', { required: true }),
    currentHealthy: int32(4, 'Pods that are healthy.', { required: true }),
    desiredHealthy: int32(5, 'Pods that must stay healthy.', { required: true }),
    expectedPods: int32(6, 'Pods it protects in all.', { required: true }),
    conditions: list(of(condition), 7, 'Whether evictions are allowed: DisruptionAllowed.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
  }),
);
export interface PodDisruptionBudgetStatus extends Of<typeof podDisruptionBudgetStatus> {}

export const podDisruptionBudget = message(
  'io.k8s.api.policy.v1.PodDisruptionBudget',
  'Keeps evictions from taking down too many pods at once.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(podDisruptionBudgetSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(podDisruptionBudgetStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface PodDisruptionBudget extends Of<typeof podDisruptionBudget> {}
