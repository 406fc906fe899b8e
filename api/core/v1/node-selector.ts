import { int32, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const nodeSelectorRequirement = message('io.k8s.api.core.v1.NodeSelectorRequirement', '', () => ({
  key: string(1, '', { required: true }),
  operator: string(2, '', { required: true, enum: ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'] }),
  values: list(item.string(), 3, '', { listType: 'atomic' }),
}));
export interface NodeSelectorRequirement extends Of<typeof nodeSelectorRequirement> {}

export const nodeSelectorTerm = message(
  'io.k8s.api.core.v1.NodeSelectorTerm',
  '',
  () => ({
    matchExpressions: list(of(nodeSelectorRequirement), 1, '', { listType: 'atomic' }),
    matchFields: list(of(nodeSelectorRequirement), 2, '', { listType: 'atomic' }),
  }),
  { mapType: 'atomic' },
);
export interface NodeSelectorTerm extends Of<typeof nodeSelectorTerm> {}

export const nodeSelector = message(
  'io.k8s.api.core.v1.NodeSelector',
  '',
  () => ({
    nodeSelectorTerms: list(of(nodeSelectorTerm), 1, '', { required: true, listType: 'atomic' }),
  }),
  { mapType: 'atomic' },
);
export interface NodeSelector extends Of<typeof nodeSelector> {}

export const preferredSchedulingTerm = message('io.k8s.api.core.v1.PreferredSchedulingTerm', '', () => ({
  weight: int32(1, '', { required: true }),
  preference: ref(nodeSelectorTerm, 2, '', { required: true }),
}));
export interface PreferredSchedulingTerm extends Of<typeof preferredSchedulingTerm> {}

export const nodeAffinity = message('io.k8s.api.core.v1.NodeAffinity', '', () => ({
  requiredDuringSchedulingIgnoredDuringExecution: ref(nodeSelector, 1, '', { pointer: true }),
  preferredDuringSchedulingIgnoredDuringExecution: list(of(preferredSchedulingTerm), 2, '', { listType: 'atomic' }),
}));
export interface NodeAffinity extends Of<typeof nodeAffinity> {}
