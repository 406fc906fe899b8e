import { int32, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const nodeSelectorRequirement = message(
  'io.k8s.api.core.v1.NodeSelectorRequirement',
  "One test on a node's label or field.",
  () => ({
    key: string(1, 'Key of the label, or name of the field.', { required: true }),
    operator: string(2, 'In, NotIn, Exists, DoesNotExist, and Gt and Lt, which compare whole numbers.', {
      required: true,
      enum: ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'],
    }),
    values: list(item.string(), 3, 'Values for In and NotIn, exactly one for Gt and Lt, none for Exists and DoesNotExist.', {
      listType: 'atomic',
    }),
  }),
);
export interface NodeSelectorRequirement extends Of<typeof nodeSelectorRequirement> {}

export const nodeSelectorTerm = message(
  'io.k8s.api.core.v1.NodeSelectorTerm',
  'Tests on a node that must all hold; an empty term matches no node.',
  () => ({
    matchExpressions: list(of(nodeSelectorRequirement), 1, "Tests on the node's labels.", { listType: 'atomic' }),
    matchFields: list(of(nodeSelectorRequirement), 2, "Tests on the node's fields; only metadata.name is known.", { listType: 'atomic' }),
  }),
  { mapType: 'atomic' },
);
export interface NodeSelectorTerm extends Of<typeof nodeSelectorTerm> {}

export const nodeSelector = message(
  'io.k8s.api.core.v1.NodeSelector',
  'Chooses nodes: any one of its terms is enough.',
  () => ({
    nodeSelectorTerms: list(of(nodeSelectorTerm), 1, 'The terms, of which one must match.', { required: true, listType: 'atomic' }),
  }),
  { mapType: 'atomic' },
);
export interface NodeSelector extends Of<typeof nodeSelector> {}

export const preferredSchedulingTerm = message(
  'io.k8s.api.core.v1.PreferredSchedulingTerm',
  'A wish about nodes, and how much it weighs.',
  () => ({
    weight: int32(1, '1 to 100; a node scores the sum of the wishes it meets.', { required: true }),
    preference: ref(nodeSelectorTerm, 2, 'The nodes that are liked.', { required: true }),
  }),
);
export interface PreferredSchedulingTerm extends Of<typeof preferredSchedulingTerm> {}

export const nodeAffinity = message('io.k8s.api.core.v1.NodeAffinity', 'Which nodes a pod needs or likes.', () => ({
  requiredDuringSchedulingIgnoredDuringExecution: ref(
    nodeSelector,
    1,
    'A node must match for the pod to be placed; later changes do not move the pod.',
    { pointer: true },
  ),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    of(preferredSchedulingTerm),
    2,
    'Wishes; nodes that meet the most weight are preferred.',
    { listType: 'atomic' },
  ),
}));
export interface NodeAffinity extends Of<typeof nodeAffinity> {}
