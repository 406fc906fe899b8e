import { item, list, of, quantity, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const localObjectReference = message(
  'io.k8s.api.core.v1.LocalObjectReference',
  'Names an object in the same namespace; the field it sits in says of which kind.',
  () => ({
    name: string(1, 'Name of the object.', { default: '' }),
  }),
  { mapType: 'atomic' },
);
export interface LocalObjectReference extends Of<typeof localObjectReference> {}

export const objectFieldSelector = message(
  'io.k8s.api.core.v1.ObjectFieldSelector',
  'Chooses a field of the pod.',
  () => ({
    apiVersion: string(1, 'Version in which fieldPath is spelled; v1 unless given.'),
    fieldPath: string(2, "Path of the field, such as metadata.name or metadata.labels['app'].", { required: true }),
  }),
  { mapType: 'atomic' },
);
export interface ObjectFieldSelector extends Of<typeof objectFieldSelector> {}

export const objectReference = message(
  'io.k8s.api.core.v1.ObjectReference',
  'Names any object, down to one revision or one of its fields.',
  () => ({
    kind: string(1, 'Kind of the object.'),
    namespace: string(2, 'Namespace of the object.'),
    name: string(3, 'Name of the object.'),
    uid: string(4, 'UID of the object.'),
    apiVersion: string(5, 'Group and version of the object.'),
    resourceVersion: string(6, 'Revision of the object that is meant, if just one is.'),
    fieldPath: string(7, 'Part of the object that is meant, such as spec.containers{web}.'),
  }),
  { mapType: 'atomic' },
);
export interface ObjectReference extends Of<typeof objectReference> {}

export const resourceFieldSelector = message(
  'io.k8s.api.core.v1.ResourceFieldSelector',
  'Chooses a request or limit of a container.',
  () => ({
    containerName: string(1, "The container; may be left out in a container's own variables, is required in volumes."),
    resource: string(2, 'What to read, such as limits.cpu or requests.memory.', { required: true }),
    divisor: quantity(3, 'Unit of the result, such as 1Mi; 1 unless given. The quotient is rounded up.'),
  }),
  { mapType: 'atomic' },
);
export interface ResourceFieldSelector extends Of<typeof resourceFieldSelector> {}

export const secretReference = message(
  'io.k8s.api.core.v1.SecretReference',
  'Names a secret in any namespace.',
  () => ({
    name: string(1, 'Name of the secret.'),
    namespace: string(2, 'Namespace of the secret.'),
  }),
  { mapType: 'atomic' },
);
export interface SecretReference extends Of<typeof secretReference> {}

export const topologySelectorLabelRequirement = message(
  'io.k8s.api.core.v1.TopologySelectorLabelRequirement',
  'Values that one label may have.',
  () => ({
    key: string(1, 'Key of the label.', { required: true }),
    values: list(item.string(), 2, 'Values, one of which it must have.', { required: true, listType: 'atomic' }),
  }),
);
export interface TopologySelectorLabelRequirement extends Of<typeof topologySelectorLabelRequirement> {}

export const topologySelectorTerm = message(
  'io.k8s.api.core.v1.TopologySelectorTerm',
  'Labels that together describe an area; all must match.',
  () => ({
    matchLabelExpressions: list(of(topologySelectorLabelRequirement), 1, 'Tests on the labels; all must hold.', { listType: 'atomic' }),
  }),
  { mapType: 'atomic' },
);
export interface TopologySelectorTerm extends Of<typeof topologySelectorTerm> {}

export const typedLocalObjectReference = message(
  'io.k8s.api.core.v1.TypedLocalObjectReference',
  'Names an object of any kind in the same namespace.',
  () => ({
    apiGroup: string(1, 'API group of the kind; empty for the core group.', { nullable: true }),
    kind: string(2, 'Kind of the object.', { required: true }),
    name: string(3, 'Name of the object.', { required: true }),
  }),
  { mapType: 'atomic' },
);
export interface TypedLocalObjectReference extends Of<typeof typedLocalObjectReference> {}

export const typedObjectReference = message(
  'io.k8s.api.core.v1.TypedObjectReference',
  'Names an object of any kind, possibly in another namespace.',
  () => ({
    apiGroup: string(1, 'API group of the kind; empty for the core group.', { nullable: true }),
    kind: string(2, 'Kind of the object.', { required: true }),
    name: string(3, 'Name of the object.', { required: true }),
    namespace: string(4, 'Namespace of the object; elsewhere than here, a ReferenceGrant there must allow it.', { pointer: true }),
  }),
);
export interface TypedObjectReference extends Of<typeof typedObjectReference> {}
