import { objectMeta } from '../../meta/v1/object-meta.ts';
import { list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { objectReference } from './references.ts';

export const binding = message(
  'io.k8s.api.core.v1.Binding',
  "Puts a pod on a node; the scheduler posts it to the pod's binding subresource.",
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    target: ref(objectReference, 2, 'The node, by kind and name.', { required: true }),
  }),
);
export interface Binding extends Of<typeof binding> {}

export const componentCondition = message(
  'io.k8s.api.core.v1.ComponentCondition',
  'Whether one component of the control plane is healthy.',
  () => ({
    type: string(1, 'Healthy is the only one.', { required: true }),
    status: string(2, 'True when healthy, False when not, Unknown when it could not be asked.', { required: true }),
    message: string(3, 'What the component answered.'),
    error: string(4, 'Error met while asking it.'),
  }),
);
export interface ComponentCondition extends Of<typeof componentCondition> {}

export const componentStatus = message(
  'io.k8s.api.core.v1.ComponentStatus',
  'Health of a control-plane component as the API server sees it; deprecated.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    conditions: list(of(componentCondition), 2, 'The outcome of the health check.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
  }),
);
export interface ComponentStatus extends Of<typeof componentStatus> {}
