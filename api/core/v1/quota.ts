import { objectMeta } from '../../meta/v1/object-meta.ts';
import { item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const limitRangeItem = message('io.k8s.api.core.v1.LimitRangeItem', 'Bounds and defaults for one sort of thing.', () => ({
  type: string(1, 'Container, Pod or PersistentVolumeClaim.', { required: true }),
  max: map(item.quantity(), 2, 'Most that one may ask for, by resource.'),
  min: map(item.quantity(), 3, 'Least that one must ask for, by resource.'),
  default: map(item.quantity(), 4, 'Limit given to containers that set none, by resource.'),
  defaultRequest: map(item.quantity(), 5, 'Request given to containers that set none, by resource.'),
  maxLimitRequestRatio: map(item.quantity(), 6, 'How many times its request a limit may be at most, by resource.'),
}));
export interface LimitRangeItem extends Of<typeof limitRangeItem> {}

export const limitRangeSpec = message('io.k8s.api.core.v1.LimitRangeSpec', 'Bounds on what objects of a namespace may ask for.', () => ({
  limits: list(of(limitRangeItem), 1, 'The bounds, all of which are enforced.', { required: true, listType: 'atomic' }),
}));
export interface LimitRangeSpec extends Of<typeof limitRangeSpec> {}

export const limitRange = message(
  'io.k8s.api.core.v1.LimitRange',
  'Bounds and defaults for requests and limits in a namespace, applied when objects are created.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(limitRangeSpec, 2, 'The bounds.', { present: true }),
  }),
);
export interface LimitRange extends Of<typeof limitRange> {}

export const scopedResourceSelectorRequirement = message(
  'io.k8s.api.core.v1.ScopedResourceSelectorRequirement',
  'One test on what a quota counts.',
  () => ({
    scopeName: string(1, 'The scope tested: PriorityClass, Terminating, BestEffort or another.', {
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
    operator: string(2, 'In, NotIn, Exists or DoesNotExist.', { required: true, enum: ['DoesNotExist', 'Exists', 'In', 'NotIn'] }),
    values: list(item.string(), 3, 'Values for In and NotIn, at least one; empty for Exists and DoesNotExist.', { listType: 'atomic' }),
  }),
);
export interface ScopedResourceSelectorRequirement extends Of<typeof scopedResourceSelectorRequirement> {}

export const scopeSelector = message(
  'io.k8s.api.core.v1.ScopeSelector',
  'Chooses what a quota counts; all tests must hold.',
  () => ({
    matchExpressions: list(of(scopedResourceSelectorRequirement), 1, 'The tests.', { listType: 'atomic' }),
  }),
  { mapType: 'atomic' },
);
export interface ScopeSelector extends Of<typeof scopeSelector> {}

export const resourceQuotaSpec = message('io.k8s.api.core.v1.ResourceQuotaSpec', 'How much a namespace may use.', () => ({
  hard: map(item.quantity(), 1, 'Ceiling by resource, such as pods, requests.cpu or count/deployments.apps.'),
  scopes: list(item.string(), 2, 'Only objects in all of these scopes count, such as BestEffort or NotTerminating.', {
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
  scopeSelector: ref(scopeSelector, 3, 'As scopes, with tests that can name values.', { pointer: true }),
}));
export interface ResourceQuotaSpec extends Of<typeof resourceQuotaSpec> {}

export const resourceQuotaStatus = message('io.k8s.api.core.v1.ResourceQuotaStatus', 'How much a namespace uses.', () => ({
  hard: map(item.quantity(), 1, 'The ceilings in force.'),
  used: map(item.quantity(), 2, 'What is used of them.'),
}));
export interface ResourceQuotaStatus extends Of<typeof resourceQuotaStatus> {}

export const resourceQuota = message(
  'io.k8s.api.core.v1.ResourceQuota',
  'A ceiling on what a namespace may use in all; requests beyond it are refused.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(resourceQuotaSpec, 2, 'How much the namespace may use.', { present: true }),
    status: ref(resourceQuotaStatus, 3, 'How much it uses; written by the system.', { present: true }),
  }),
);
export interface ResourceQuota extends Of<typeof resourceQuota> {}
