import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, int64, item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { nodeAffinity } from './node-selector.ts';

export const podAffinityTerm = message(
  'io.k8s.api.core.v1.PodAffinityTerm',
  'A set of pods, and the area around them that counts as near.',
  () => ({
    labelSelector: ref(labelSelector, 1, 'Which pods are meant; absent matches none.', { pointer: true }),
    namespaces: list(item.string(), 2, "Namespaces to look in, besides those namespaceSelector matches; both absent is the pod's own.", {
      listType: 'atomic',
    }),
    topologyKey: string(3, 'Node label whose value marks an area: nodes with equal values are the same place. Required.', {
      required: true,
    }),
    namespaceSelector: ref(labelSelector, 4, 'Namespaces to look in, by label; an empty selector means all of them.', { pointer: true }),
    matchLabelKeys: list(item.string(), 5, 'Pod labels whose values, taken from the new pod, must be equal in the pods meant.', {
      listType: 'atomic',
    }),
    mismatchLabelKeys: list(item.string(), 6, 'Pod labels whose values, taken from the new pod, must differ in the pods meant.', {
      listType: 'atomic',
    }),
  }),
);
export interface PodAffinityTerm extends Of<typeof podAffinityTerm> {}

export const weightedPodAffinityTerm = message(
  'io.k8s.api.core.v1.WeightedPodAffinityTerm',
  'A wish about nearness to pods, and how much it weighs.',
  () => ({
    weight: int32(1, '1 to 100; a node scores the sum of the wishes it meets.', { required: true }),
    podAffinityTerm: ref(podAffinityTerm, 2, 'The pods and the area.', { required: true }),
  }),
);
export interface WeightedPodAffinityTerm extends Of<typeof weightedPodAffinityTerm> {}

export const podAffinity = message('io.k8s.api.core.v1.PodAffinity', 'Places a pod near certain others.', () => ({
  requiredDuringSchedulingIgnoredDuringExecution: list(
    of(podAffinityTerm),
    1,
    'All must hold for a node to be chosen; later changes do not move the pod.',
    { listType: 'atomic' },
  ),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    of(weightedPodAffinityTerm),
    2,
    'Wishes; nodes that meet the most weight are preferred.',
    { listType: 'atomic' },
  ),
}));
export interface PodAffinity extends Of<typeof podAffinity> {}

export const podAntiAffinity = message('io.k8s.api.core.v1.PodAntiAffinity', 'Keeps a pod away from certain others.', () => ({
  requiredDuringSchedulingIgnoredDuringExecution: list(
    of(podAffinityTerm),
    1,
    'None of these pods may be near; later changes do not move the pod.',
    { listType: 'atomic' },
  ),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    of(weightedPodAffinityTerm),
    2,
    'Wishes; nodes that break the least weight are preferred.',
    { listType: 'atomic' },
  ),
}));
export interface PodAntiAffinity extends Of<typeof podAntiAffinity> {}

export const affinity = message('io.k8s.api.core.v1.Affinity', 'Rules on where a pod is placed.', () => ({
  nodeAffinity: ref(nodeAffinity, 1, 'Which nodes it needs or likes, by their labels.', { pointer: true }),
  podAffinity: ref(podAffinity, 2, 'Which pods it should be near.', { pointer: true }),
  podAntiAffinity: ref(podAntiAffinity, 3, 'Which pods it should keep away from.', { pointer: true }),
}));
export interface Affinity extends Of<typeof affinity> {}

export const taint = message('io.k8s.api.core.v1.Taint', 'A mark on a node that keeps away pods that do not tolerate it.', () => ({
  key: string(1, 'Key of the taint, spelled like a label key.', { required: true }),
  value: string(2, 'Value of the taint.'),
  effect: string(3, 'NoSchedule keeps new pods away, PreferNoSchedule tries to, NoExecute also evicts those that run.', {
    required: true,
    enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'],
  }),
  timeAdded: time(4, 'When the taint was put on.', { pointer: true }),
}));
export interface Taint extends Of<typeof taint> {}

export const toleration = message('io.k8s.api.core.v1.Toleration', 'Lets a pod run on nodes with a matching taint.', () => ({
  key: string(1, 'Taint key to match; empty with operator Exists matches every taint.'),
  operator: string(2, 'Equal (the default) compares the value, Exists accepts any.', { enum: ['Equal', 'Exists'] }),
  value: string(3, 'Value the taint must have, with operator Equal.'),
  effect: string(4, 'Effect to match; empty matches all of them.', { enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] }),
  tolerationSeconds: int64(5, 'Seconds a NoExecute taint is put up with before eviction; absent is for ever, 0 not at all.', {
    pointer: true,
  }),
}));
export interface Toleration extends Of<typeof toleration> {}

export const topologySpreadConstraint = message(
  'io.k8s.api.core.v1.TopologySpreadConstraint',
  'Spreads matching pods evenly over areas such as zones or nodes.',
  () => ({
    maxSkew: int32(1, 'Most by which an area may exceed the emptiest one, in pods; at least 1.', { required: true }),
    topologyKey: string(2, 'Node label whose values mark the areas; nodes without it are left out.', { required: true }),
    whenUnsatisfiable: string(3, 'DoNotSchedule leaves the pod waiting; ScheduleAnyway only prefers the emptier areas.', {
      required: true,
      enum: ['DoNotSchedule', 'ScheduleAnyway'],
    }),
    labelSelector: ref(labelSelector, 4, 'Which pods are counted.', { pointer: true }),
    minDomains: int32(5, 'While fewer areas than this qualify, the emptiest counts as 0; 1 unless given, DoNotSchedule only.', {
      pointer: true,
    }),
    nodeAffinityPolicy: string(6, "Honor (the default) counts only nodes that suit the pod's node affinity; Ignore counts all.", {
      pointer: true,
      enum: ['Honor', 'Ignore'],
    }),
    nodeTaintsPolicy: string(7, 'Honor leaves out nodes whose taints the pod does not tolerate; Ignore (the default) keeps them.', {
      pointer: true,
      enum: ['Honor', 'Ignore'],
    }),
    matchLabelKeys: list(item.string(), 8, 'Pod labels whose values, taken from the new pod, narrow down which pods are counted.', {
      listType: 'atomic',
    }),
  }),
);
export interface TopologySpreadConstraint extends Of<typeof topologySpreadConstraint> {}
