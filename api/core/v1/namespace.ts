import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const namespaceSpec = message('io.k8s.api.core.v1.NamespaceSpec', 'What must be done before a namespace may vanish.', () => ({
  finalizers: list(item.string(), 1, 'Tasks still open; kubernetes stands for deleting everything inside.', { listType: 'atomic' }),
}));
export interface NamespaceSpec extends Of<typeof namespaceSpec> {}

export const namespaceCondition = message(
  'io.k8s.api.core.v1.NamespaceCondition',
  'One aspect of a namespace being deleted, such as NamespaceContentRemaining.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastTransitionTime: time(4, 'When status last went from one value to another.'),
    reason: string(5, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(6, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface NamespaceCondition extends Of<typeof namespaceCondition> {}

export const namespaceStatus = message('io.k8s.api.core.v1.NamespaceStatus', 'How far along a namespace is.', () => ({
  phase: string(1, 'Active in normal use, Terminating once deleted; then nothing can be created in it.', {
    enum: ['Active', 'Terminating'],
  }),
  conditions: list(of(namespaceCondition), 2, 'What still stands in the way of its deletion.', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface NamespaceStatus extends Of<typeof namespaceStatus> {}

export const namespace = message('io.k8s.api.core.v1.Namespace', 'A scope for names, and a unit for access rights and quotas.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(namespaceSpec, 2, 'The state that is wanted.', { present: true }),
  status: ref(namespaceStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
}));
export interface Namespace extends Of<typeof namespace> {}
