import { item, list, of, quantity, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const localObjectReference = message(
  'io.k8s.api.core.v1.LocalObjectReference',
  '',
  () => ({
    name: string(1, ''),
  }),
  { mapType: 'atomic' },
);
export interface LocalObjectReference extends Of<typeof localObjectReference> {}

export const objectFieldSelector = message(
  'io.k8s.api.core.v1.ObjectFieldSelector',
  '',
  () => ({
    apiVersion: string(1, ''),
    fieldPath: string(2, '', { required: true }),
  }),
  { mapType: 'atomic' },
);
export interface ObjectFieldSelector extends Of<typeof objectFieldSelector> {}

export const objectReference = message(
  'io.k8s.api.core.v1.ObjectReference',
  '',
  () => ({
    apiVersion: string(5, ''),
    kind: string(1, ''),
    namespace: string(2, ''),
    name: string(3, ''),
    uid: string(4, ''),
    resourceVersion: string(6, ''),
    fieldPath: string(7, ''),
  }),
  { mapType: 'atomic' },
);
export interface ObjectReference extends Of<typeof objectReference> {}

export const resourceFieldSelector = message(
  'io.k8s.api.core.v1.ResourceFieldSelector',
  '',
  () => ({
    containerName: string(1, ''),
    resource: string(2, '', { required: true }),
    divisor: quantity(3, ''),
  }),
  { mapType: 'atomic' },
);
export interface ResourceFieldSelector extends Of<typeof resourceFieldSelector> {}

export const secretReference = message(
  'io.k8s.api.core.v1.SecretReference',
  '',
  () => ({
    name: string(1, ''),
    namespace: string(2, ''),
  }),
  { mapType: 'atomic' },
);
export interface SecretReference extends Of<typeof secretReference> {}

export const topologySelectorLabelRequirement = message('io.k8s.api.core.v1.TopologySelectorLabelRequirement', '', () => ({
  key: string(1, '', { required: true }),
  values: list(item.string(), 2, '', { required: true, listType: 'atomic' }),
}));
export interface TopologySelectorLabelRequirement extends Of<typeof topologySelectorLabelRequirement> {}

export const topologySelectorTerm = message(
  'io.k8s.api.core.v1.TopologySelectorTerm',
  '',
  () => ({
    matchLabelExpressions: list(of(topologySelectorLabelRequirement), 1, '', { listType: 'atomic' }),
  }),
  { mapType: 'atomic' },
);
export interface TopologySelectorTerm extends Of<typeof topologySelectorTerm> {}

export const typedLocalObjectReference = message(
  'io.k8s.api.core.v1.TypedLocalObjectReference',
  '',
  () => ({
    kind: string(2, '', { required: true }),
    apiGroup: string(1, '', { nullable: true }),
    name: string(3, '', { required: true }),
  }),
  { mapType: 'atomic' },
);
export interface TypedLocalObjectReference extends Of<typeof typedLocalObjectReference> {}

export const typedObjectReference = message('io.k8s.api.core.v1.TypedObjectReference', '', () => ({
  kind: string(2, '', { required: true }),
  apiGroup: string(1, '', { nullable: true }),
  name: string(3, '', { required: true }),
  namespace: string(4, '', { pointer: true }),
}));
export interface TypedObjectReference extends Of<typeof typedObjectReference> {}
