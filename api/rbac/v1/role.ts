import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const aggregationRule = message('io.k8s.api.rbac.v1.AggregationRule', '', () => ({
  clusterRoleSelectors: list(of(labelSelector), 1, '', { listType: 'atomic' }),
}));
export interface AggregationRule extends Of<typeof aggregationRule> {}

export const policyRule = message('io.k8s.api.rbac.v1.PolicyRule', '', () => ({
  verbs: list(item.string(), 1, '', { required: true, listType: 'atomic' }),
  apiGroups: list(item.string(), 2, '', { listType: 'atomic' }),
  resources: list(item.string(), 3, '', { listType: 'atomic' }),
  resourceNames: list(item.string(), 4, '', { listType: 'atomic' }),
  nonResourceURLs: list(item.string(), 5, '', { listType: 'atomic' }),
}));
export interface PolicyRule extends Of<typeof policyRule> {}

export const clusterRole = message('io.k8s.api.rbac.v1.ClusterRole', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  rules: list(of(policyRule), 2, '', { always: true, listType: 'atomic' }),
  aggregationRule: ref(aggregationRule, 3, '', { pointer: true }),
}));
export interface ClusterRole extends Of<typeof clusterRole> {}

export const subject = message(
  'io.k8s.api.rbac.v1.Subject',
  '',
  () => ({
    kind: string(1, '', { required: true }),
    apiGroup: string(2, ''),
    name: string(3, '', { required: true }),
    namespace: string(4, ''),
  }),
  { mapType: 'atomic' },
);
export interface Subject extends Of<typeof subject> {}

export const roleRef = message(
  'io.k8s.api.rbac.v1.RoleRef',
  '',
  () => ({
    kind: string(2, '', { required: true }),
    apiGroup: string(1, '', { required: true }),
    name: string(3, '', { required: true }),
  }),
  { mapType: 'atomic' },
);
export interface RoleRef extends Of<typeof roleRef> {}

export const clusterRoleBinding = message('io.k8s.api.rbac.v1.ClusterRoleBinding', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  subjects: list(of(subject), 2, '', { listType: 'atomic' }),
  roleRef: ref(roleRef, 3, '', { required: true }),
}));
export interface ClusterRoleBinding extends Of<typeof clusterRoleBinding> {}

export const role = message('io.k8s.api.rbac.v1.Role', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  rules: list(of(policyRule), 2, '', { always: true, listType: 'atomic' }),
}));
export interface Role extends Of<typeof role> {}

export const roleBinding = message('io.k8s.api.rbac.v1.RoleBinding', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  subjects: list(of(subject), 2, '', { listType: 'atomic' }),
  roleRef: ref(roleRef, 3, '', { required: true }),
}));
export interface RoleBinding extends Of<typeof roleBinding> {}
