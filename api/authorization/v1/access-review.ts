import { objectMeta } from '../../meta/v1/object-meta.ts';
import { fieldSelectorRequirement, labelSelectorRequirement } from '../../meta/v1/selector.ts';
import { bool, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const fieldSelectorAttributes = message('io.k8s.api.authorization.v1.FieldSelectorAttributes', '', () => ({
  rawSelector: string(1, ''),
  requirements: list(of(fieldSelectorRequirement), 2, '', { listType: 'atomic' }),
}));
export interface FieldSelectorAttributes extends Of<typeof fieldSelectorAttributes> {}

export const labelSelectorAttributes = message('io.k8s.api.authorization.v1.LabelSelectorAttributes', '', () => ({
  rawSelector: string(1, ''),
  requirements: list(of(labelSelectorRequirement), 2, '', { listType: 'atomic' }),
}));
export interface LabelSelectorAttributes extends Of<typeof labelSelectorAttributes> {}

export const resourceAttributes = message('io.k8s.api.authorization.v1.ResourceAttributes', '', () => ({
  namespace: string(1, ''),
  verb: string(2, ''),
  group: string(3, ''),
  version: string(4, ''),
  resource: string(5, ''),
  subresource: string(6, ''),
  name: string(7, ''),
  fieldSelector: ref(fieldSelectorAttributes, 8, '', { pointer: true }),
  labelSelector: ref(labelSelectorAttributes, 9, '', { pointer: true }),
}));
export interface ResourceAttributes extends Of<typeof resourceAttributes> {}

export const nonResourceAttributes = message('io.k8s.api.authorization.v1.NonResourceAttributes', '', () => ({
  path: string(1, ''),
  verb: string(2, ''),
}));
export interface NonResourceAttributes extends Of<typeof nonResourceAttributes> {}

export const subjectAccessReviewSpec = message('io.k8s.api.authorization.v1.SubjectAccessReviewSpec', '', () => ({
  resourceAttributes: ref(resourceAttributes, 1, '', { pointer: true }),
  nonResourceAttributes: ref(nonResourceAttributes, 2, '', { pointer: true }),
  user: string(3, ''),
  groups: list(item.string(), 4, '', { listType: 'atomic' }),
  extra: map(item.list(item.string()), 5, ''),
  uid: string(6, ''),
}));
export interface SubjectAccessReviewSpec extends Of<typeof subjectAccessReviewSpec> {}

export const subjectAccessReviewStatus = message('io.k8s.api.authorization.v1.SubjectAccessReviewStatus', '', () => ({
  allowed: bool(1, '', { required: true }),
  denied: bool(4, ''),
  reason: string(2, ''),
  evaluationError: string(3, ''),
}));
export interface SubjectAccessReviewStatus extends Of<typeof subjectAccessReviewStatus> {}

export const localSubjectAccessReview = message('io.k8s.api.authorization.v1.LocalSubjectAccessReview', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(subjectAccessReviewSpec, 2, '', { required: true }),
  status: ref(subjectAccessReviewStatus, 3, '', { present: true }),
}));
export interface LocalSubjectAccessReview extends Of<typeof localSubjectAccessReview> {}

export const nonResourceRule = message('io.k8s.api.authorization.v1.NonResourceRule', '', () => ({
  verbs: list(item.string(), 1, '', { required: true, listType: 'atomic' }),
  nonResourceURLs: list(item.string(), 2, '', { listType: 'atomic' }),
}));
export interface NonResourceRule extends Of<typeof nonResourceRule> {}

export const resourceRule = message('io.k8s.api.authorization.v1.ResourceRule', '', () => ({
  verbs: list(item.string(), 1, '', { required: true, listType: 'atomic' }),
  apiGroups: list(item.string(), 2, '', { listType: 'atomic' }),
  resources: list(item.string(), 3, '', { listType: 'atomic' }),
  resourceNames: list(item.string(), 4, '', { listType: 'atomic' }),
}));
export interface ResourceRule extends Of<typeof resourceRule> {}

export const selfSubjectAccessReviewSpec = message('io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec', '', () => ({
  resourceAttributes: ref(resourceAttributes, 1, '', { pointer: true }),
  nonResourceAttributes: ref(nonResourceAttributes, 2, '', { pointer: true }),
}));
export interface SelfSubjectAccessReviewSpec extends Of<typeof selfSubjectAccessReviewSpec> {}

export const selfSubjectAccessReview = message('io.k8s.api.authorization.v1.SelfSubjectAccessReview', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(selfSubjectAccessReviewSpec, 2, '', { required: true }),
  status: ref(subjectAccessReviewStatus, 3, '', { present: true }),
}));
export interface SelfSubjectAccessReview extends Of<typeof selfSubjectAccessReview> {}

export const selfSubjectRulesReviewSpec = message('io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec', '', () => ({
  namespace: string(1, ''),
}));
export interface SelfSubjectRulesReviewSpec extends Of<typeof selfSubjectRulesReviewSpec> {}

export const subjectRulesReviewStatus = message('io.k8s.api.authorization.v1.SubjectRulesReviewStatus', '', () => ({
  resourceRules: list(of(resourceRule), 1, '', { required: true, listType: 'atomic' }),
  nonResourceRules: list(of(nonResourceRule), 2, '', { required: true, listType: 'atomic' }),
  incomplete: bool(3, '', { required: true }),
  evaluationError: string(4, ''),
}));
export interface SubjectRulesReviewStatus extends Of<typeof subjectRulesReviewStatus> {}

export const selfSubjectRulesReview = message('io.k8s.api.authorization.v1.SelfSubjectRulesReview', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(selfSubjectRulesReviewSpec, 2, '', { required: true }),
  status: ref(subjectRulesReviewStatus, 3, '', { present: true }),
}));
export interface SelfSubjectRulesReview extends Of<typeof selfSubjectRulesReview> {}

export const subjectAccessReview = message('io.k8s.api.authorization.v1.SubjectAccessReview', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(subjectAccessReviewSpec, 2, '', { required: true }),
  status: ref(subjectAccessReviewStatus, 3, '', { present: true }),
}));
export interface SubjectAccessReview extends Of<typeof subjectAccessReview> {}
