import { item, list, map, of, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const fieldSelectorRequirement = message('io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement', '', () => ({
  key: string(1, '', { required: true }),
  operator: string(2, '', { required: true }),
  values: list(item.string(), 3, '', { listType: 'atomic' }),
}));
export interface FieldSelectorRequirement extends Of<typeof fieldSelectorRequirement> {}

export const labelSelectorRequirement = message('io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement', '', () => ({
  key: string(1, '', { required: true }),
  operator: string(2, '', { required: true }),
  values: list(item.string(), 3, '', { listType: 'atomic' }),
}));
export interface LabelSelectorRequirement extends Of<typeof labelSelectorRequirement> {}

export const labelSelector = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  '',
  () => ({
    matchLabels: map(item.string(), 1, ''),
    matchExpressions: list(of(labelSelectorRequirement), 2, '', { listType: 'atomic' }),
  }),
  { mapType: 'atomic' },
);
export interface LabelSelector extends Of<typeof labelSelector> {}
