import type { Binding, Pod } from '../../../api/index.ts';
import { listOf } from '../../validation/field-errors.ts';
import { setPodCondition } from './pod-conditions.ts';
import { dropInitContainerAnnotations } from './pod-template-defaults.ts';

/**
 * Binds a pod to the node that a (valid) Binding names: the node, the Binding's annotations, and the PodScheduled condition.
 *
 * @returns why the pod cannot be bound, for a conflict on `pods/binding`; undefined when `pod` was changed.
 */
export function bindPod(pod: Pod, { target, metadata }: Binding, now: number): string | undefined {
  const name = pod.metadata.name ?? '';
  if (pod.metadata.deletionTimestamp) return `pod ${name} is being deleted, cannot be assigned to a host`;
  if (pod.spec.nodeName) return `pod ${name} is already assigned to node "${pod.spec.nodeName}"`;
  if (listOf(pod.spec.schedulingGates).length > 0) return `pod ${name} has non-empty .spec.schedulingGates`;
  pod.spec.nodeName = target.name;
  if (metadata.annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...metadata.annotations };
  dropInitContainerAnnotations(pod.metadata);
  setPodCondition(pod.status, { type: 'PodScheduled', status: 'True' }, now);
  return undefined;
}
