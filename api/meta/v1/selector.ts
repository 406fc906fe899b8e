import { item, list, map, of, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const fieldSelectorRequirement = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement',
  'One test on a field of an object.',
  () => ({
    key: string(1, 'Name of the field, as field selectors spell it, such as metadata.name.', { required: true }),
    operator: string(2, 'In, NotIn, Exists or DoesNotExist; others may come.', { required: true }),
    values: list(item.string(), 3, 'Values for In and NotIn, at least one; empty for Exists and DoesNotExist.', { listType: 'atomic' }),
  }),
);
export interface FieldSelectorRequirement extends Of<typeof fieldSelectorRequirement> {}

export const labelSelectorRequirement = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement',
  'One test on a label.',
  () => ({
    key: string(1, 'Key of the label.', { required: true }),
    operator: string(2, 'In, NotIn, Exists or DoesNotExist.', { required: true }),
    values: list(item.string(), 3, 'Values for In and NotIn, at least one; empty for Exists and DoesNotExist.', { listType: 'atomic' }),
  }),
);
export interface LabelSelectorRequirement extends Of<typeof labelSelectorRequirement> {}

export const labelSelector = message(
  'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector',
  'Chooses objects by their labels; all tests must hold, and an empty selector matches everything.',
  () => ({
    matchLabels: map(item.string(), 1, 'Labels that must be there with exactly these values.'),
    matchExpressions: list(of(labelSelectorRequirement), 2, 'Tests that must all hold, for what equality cannot say.', {
      listType: 'atomic',
    }),
  }),
  { mapType: 'atomic' },
);
export interface LabelSelector extends Of<typeof labelSelector> {}
