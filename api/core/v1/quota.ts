import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const limitRangeItem = message('io.k8s.api.core.v1.LimitRangeItem', '', () => ({
  type: string(1, '', { required: true }),
  max: map(item.quantity(), 2, ''),
  min: map(item.quantity(), 3, ''),
  default: map(item.quantity(), 4, ''),
  defaultRequest: map(item.quantity(), 5, ''),
  maxLimitRequestRatio: map(item.quantity(), 6, ''),
}));
export interface LimitRangeItem extends Of<typeof limitRangeItem> {}

export const limitRangeSpec = message('io.k8s.api.core.v1.LimitRangeSpec', '', () => ({
  limits: list(of(limitRangeItem), 1, '', { required: true, listType: 'atomic' }),
}));
export interface LimitRangeSpec extends Of<typeof limitRangeSpec> {}

export const limitRange = message('io.k8s.api.core.v1.LimitRange', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(limitRangeSpec, 2, '', { present: true }),
}));
export interface LimitRange extends Of<typeof limitRange> {}

export const scopedResourceSelectorRequirement = message('io.k8s.api.core.v1.ScopedResourceSelectorRequirement', '', () => ({
  scopeName: string(1, '', {
    required: true,
    enum: [
      'BestEffort',
      'CrossNamespacePodAffinity',
      'NotBestEffort',
      'NotTerminating',
      'PriorityClass',
      'Terminating',
      'VolumeAttributesClass',
    ],
  }),
  operator: string(2, '', { required: true, enum: ['DoesNotExist', 'Exists', 'In', 'NotIn'] }),
  values: list(item.string(), 3, '', { listType: 'atomic' }),
}));
export interface ScopedResourceSelectorRequirement extends Of<typeof scopedResourceSelectorRequirement> {}

export const scopeSelector = message(
  'io.k8s.api.core.v1.ScopeSelector',
  '',
  () => ({
    matchExpressions: list(of(scopedResourceSelectorRequirement), 1, '', { listType: 'atomic' }),
  }),
  { mapType: 'atomic' },
);
export interface ScopeSelector extends Of<typeof scopeSelector> {}

export const resourceQuotaSpec = message('io.k8s.api.core.v1.ResourceQuotaSpec', '', () => ({
  hard: map(item.quantity(), 1, ''),
  scopes: list(item.string(), 2, '', {
    listType: 'atomic',
    itemEnum: [
      'BestEffort',
      'CrossNamespacePodAffinity',
      'NotBestEffort',
      'NotTerminating',
      'PriorityClass',
      'Terminating',
      'VolumeAttributesClass',
    ],
  }),
  scopeSelector: ref(scopeSelector, 3, '', { pointer: true }),
}));
export interface ResourceQuotaSpec extends Of<typeof resourceQuotaSpec> {}

export const resourceQuotaStatus = message('io.k8s.api.core.v1.ResourceQuotaStatus', '', () => ({
  hard: map(item.quantity(), 1, ''),
  used: map(item.quantity(), 2, ''),
}));
export interface ResourceQuotaStatus extends Of<typeof resourceQuotaStatus> {}

export const resourceQuota = message('io.k8s.api.core.v1.ResourceQuota', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(resourceQuotaSpec, 2, '', { present: true }),
  status: ref(resourceQuotaStatus, 3, '', { present: true }),
}));
export interface ResourceQuota extends Of<typeof resourceQuota> {}
