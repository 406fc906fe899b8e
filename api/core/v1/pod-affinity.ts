import { labelSelector } from '../../meta/v1/selector.ts';
import { int32, int64, item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { nodeAffinity } from './node-selector.ts';

export const podAffinityTerm = message('io.k8s.api.core.v1.PodAffinityTerm', '', () => ({
  labelSelector: ref(labelSelector, 1, '', { pointer: true }),
  namespaces: list(item.string(), 2, '', { listType: 'atomic' }),
  topologyKey: string(3, '', { required: true }),
  namespaceSelector: ref(labelSelector, 4, '', { pointer: true }),
  matchLabelKeys: list(item.string(), 5, '', { listType: 'atomic' }),
  mismatchLabelKeys: list(item.string(), 6, '', { listType: 'atomic' }),
}));
export interface PodAffinityTerm extends Of<typeof podAffinityTerm> {}

export const weightedPodAffinityTerm = message('io.k8s.api.core.v1.WeightedPodAffinityTerm', '', () => ({
  weight: int32(1, '', { required: true }),
  podAffinityTerm: ref(podAffinityTerm, 2, '', { required: true }),
}));
export interface WeightedPodAffinityTerm extends Of<typeof weightedPodAffinityTerm> {}

export const podAffinity = message('io.k8s.api.core.v1.PodAffinity', '', () => ({
  requiredDuringSchedulingIgnoredDuringExecution: list(of(podAffinityTerm), 1, '', { listType: 'atomic' }),
  preferredDuringSchedulingIgnoredDuringExecution: list(of(weightedPodAffinityTerm), 2, '', { listType: 'atomic' }),
}));
export interface PodAffinity extends Of<typeof podAffinity> {}

export const podAntiAffinity = message('io.k8s.api.core.v1.PodAntiAffinity', '', () => ({
  requiredDuringSchedulingIgnoredDuringExecution: list(of(podAffinityTerm), 1, '', { listType: 'atomic' }),
  preferredDuringSchedulingIgnoredDuringExecution: list(of(weightedPodAffinityTerm), 2, '', { listType: 'atomic' }),
}));
export interface PodAntiAffinity extends Of<typeof podAntiAffinity> {}

export const affinity = message('io.k8s.api.core.v1.Affinity', '', () => ({
  nodeAffinity: ref(nodeAffinity, 1, '', { pointer: true }),
  podAffinity: ref(podAffinity, 2, '', { pointer: true }),
  podAntiAffinity: ref(podAntiAffinity, 3, '', { pointer: true }),
}));
export interface Affinity extends Of<typeof affinity> {}

export const taint = message('io.k8s.api.core.v1.Taint', '', () => ({
  key: string(1, '', { required: true }),
  value: string(2, ''),
  effect: string(3, '', { required: true, enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] }),
  timeAdded: time(4, '', { pointer: true }),
}));
export interface Taint extends Of<typeof taint> {}

export const toleration = message('io.k8s.api.core.v1.Toleration', '', () => ({
  key: string(1, ''),
  operator: string(2, '', { enum: ['Equal', 'Exists'] }),
  value: string(3, ''),
  effect: string(4, '', { enum: ['NoExecute', 'NoSchedule', 'PreferNoSchedule'] }),
  tolerationSeconds: int64(5, '', { pointer: true }),
}));
export interface Toleration extends Of<typeof toleration> {}

export const topologySpreadConstraint = message('io.k8s.api.core.v1.TopologySpreadConstraint', '', () => ({
  maxSkew: int32(1, '', { required: true }),
  topologyKey: string(2, '', { required: true }),
  whenUnsatisfiable: string(3, '', { required: true, enum: ['DoNotSchedule', 'ScheduleAnyway'] }),
  labelSelector: ref(labelSelector, 4, '', { pointer: true }),
  minDomains: int32(5, '', { pointer: true }),
  nodeAffinityPolicy: string(6, '', { pointer: true, enum: ['Honor', 'Ignore'] }),
  nodeTaintsPolicy: string(7, '', { pointer: true, enum: ['Honor', 'Ignore'] }),
  matchLabelKeys: list(item.string(), 8, '', { listType: 'atomic' }),
}));
export interface TopologySpreadConstraint extends Of<typeof topologySpreadConstraint> {}
