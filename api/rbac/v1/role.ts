import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const aggregationRule = message('io.k8s.api.rbac.v1.AggregationRule', 'Builds a cluster role from others.', () => ({
  clusterRoleSelectors: list(
    of(labelSelector),
    1,
    'Selects the cluster roles whose rules are put together; matching one selector is enough.',
    { listType: 'atomic' },
  ),
}));
export interface AggregationRule extends Of<typeof aggregationRule> {}

export const policyRule = message(
  'io.k8s.api.rbac.v1.PolicyRule',
  'Allows some verbs on some resources or paths; rules only ever add rights.',
  () => ({
    verbs: list(item.string(), 1, 'Verbs allowed, such as get or create; * is all.', { required: true, listType: 'atomic' }),
    apiGroups: list(item.string(), 2, 'Groups of the resources; an empty string is the core group, * is all.', { listType: 'atomic' }),
    resources: list(item.string(), 3, 'Resources the rule covers, with subresources as pods/log; * is all.', { listType: 'atomic' }),
    resourceNames: list(item.string(), 4, 'Only the objects of these names; all unless given.', { listType: 'atomic' }),
    nonResourceURLs: list(
      item.string(),
      5,
      'Paths such as /healthz or /metrics/*; only in cluster roles bound by a cluster role binding.',
      { listType: 'atomic' },
    ),
  }),
);
export interface PolicyRule extends Of<typeof policyRule> {}

export const clusterRole = message(
  'io.k8s.api.rbac.v1.ClusterRole',
  'Rights that can be given in the whole cluster, or in one namespace by a role binding.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    rules: list(of(policyRule), 2, 'What it allows.', { always: true, listType: 'atomic' }),
    aggregationRule: ref(aggregationRule, 3, 'Which cluster roles to build the rules from; changes to rules are then overwritten.', {
      pointer: true,
    }),
  }),
);
export interface ClusterRole extends Of<typeof clusterRole> {}

export const subject = message(
  'io.k8s.api.rbac.v1.Subject',
  'Somebody a role is given to: a user, a group or a service account.',
  () => ({
    kind: string(1, 'User, Group or ServiceAccount.', { required: true }),
    apiGroup: string(2, 'Empty for service accounts, rbac.authorization.k8s.io for users and groups; filled in unless given.'),
    name: string(3, 'Name of the user, group or service account.', { required: true }),
    namespace: string(4, 'Namespace of the service account; not for users and groups.'),
  }),
  { mapType: 'atomic' },
);
export interface Subject extends Of<typeof subject> {}

export const roleRef = message(
  'io.k8s.api.rbac.v1.RoleRef',
  'The role a binding gives.',
  () => ({
    apiGroup: string(1, 'rbac.authorization.k8s.io, the group of roles.', { required: true }),
    kind: string(2, 'Role or ClusterRole.', { required: true }),
    name: string(3, 'Name of the role.', { required: true }),
  }),
  { mapType: 'atomic' },
);
export interface RoleRef extends Of<typeof roleRef> {}

export const clusterRoleBinding = message(
  'io.k8s.api.rbac.v1.ClusterRoleBinding',
  'Gives a cluster role to somebody in all namespaces.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    subjects: list(of(subject), 2, 'Who gets the role.', { listType: 'atomic' }),
    roleRef: ref(roleRef, 3, 'The cluster role given; cannot be changed.', { required: true }),
  }),
);
export interface ClusterRoleBinding extends Of<typeof clusterRoleBinding> {}

export const role = message('io.k8s.api.rbac.v1.Role', 'Rights within one namespace.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  rules: list(of(policyRule), 2, 'What it allows.', { always: true, listType: 'atomic' }),
}));
export interface Role extends Of<typeof role> {}

export const roleBinding = message(
  'io.k8s.api.rbac.v1.RoleBinding',
  'Gives a role, or a cluster role, to somebody within one namespace.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    subjects: list(of(subject), 2, 'Who gets the role.', { listType: 'atomic' }),
    roleRef: ref(roleRef, 3, 'The role of this namespace, or the cluster role, that is given; cannot be changed.', { required: true }),
  }),
);
export interface RoleBinding extends Of<typeof roleBinding> {}
