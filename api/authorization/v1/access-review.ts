import { objectMeta } from '../../meta/v1/object-meta.ts';
import { fieldSelectorRequirement, labelSelectorRequirement } from '../../meta/v1/selector.ts';
import { bool, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const fieldSelectorAttributes = message(
  'io.k8s.api.authorization.v1.FieldSelectorAttributes',
  'The field selector of the request asked about.',
  () => ({
    rawSelector: string(1, 'The selector as it stands in a URL; for webhooks, not to be sent to the API server.'),
    requirements: list(
      of(fieldSelectorRequirement),
      2,
      'Its tests, all of which the objects seen must pass; unknown ones may be left out.',
      { listType: 'atomic' },
    ),
  }),
);
export interface FieldSelectorAttributes extends Of<typeof fieldSelectorAttributes> {}

export const labelSelectorAttributes = message(
  'io.k8s.api.authorization.v1.LabelSelectorAttributes',
  'The label selector of the request asked about.',
  () => ({
    rawSelector: string(1, 'The selector as it stands in a URL; for webhooks, not to be sent to the API server.'),
    requirements: list(
      of(labelSelectorRequirement),
      2,
      'Its tests, all of which the objects seen must pass; unknown ones may be left out.',
      { listType: 'atomic' },
    ),
  }),
);
export interface LabelSelectorAttributes extends Of<typeof labelSelectorAttributes> {}

export const resourceAttributes = message(
  'io.k8s.api.authorization.v1.ResourceAttributes',
  'A request for a resource, of which one asks whether it is allowed.',
  () => ({
    namespace: string(1, 'Namespace of the request; empty for resources of the whole cluster, or for all namespaces.'),
    verb: string(2, 'Verb, such as get, list or create; * is all.'),
    group: string(3, 'Group of the resource; * is all.'),
    version: string(4, 'Version of the resource; * is all.'),
    resource: string(5, 'The resource, in the plural; * is all.'),
    subresource: string(6, 'The subresource, such as status; empty for none.'),
    name: string(7, 'Name of the object; empty for all, and for create.'),
    fieldSelector: ref(fieldSelectorAttributes, 8, 'Field selector that narrows the request.', { pointer: true }),
    labelSelector: ref(labelSelectorAttributes, 9, 'Label selector that narrows the request.', { pointer: true }),
  }),
);
export interface ResourceAttributes extends Of<typeof resourceAttributes> {}

export const nonResourceAttributes = message(
  'io.k8s.api.authorization.v1.NonResourceAttributes',
  'A request for a path that is no resource, such as /healthz.',
  () => ({
    path: string(1, 'Path of the URL.'),
    verb: string(2, 'HTTP method in lower case, such as get.'),
  }),
);
export interface NonResourceAttributes extends Of<typeof nonResourceAttributes> {}

export const subjectAccessReviewSpec = message(
  'io.k8s.api.authorization.v1.SubjectAccessReviewSpec',
  'Who wants to do what; exactly one of the two kinds of request.',
  () => ({
    resourceAttributes: ref(resourceAttributes, 1, 'The request, if it is for a resource.', { pointer: true }),
    nonResourceAttributes: ref(nonResourceAttributes, 2, 'The request, if it is for another path.', { pointer: true }),
    user: string(3, 'User name to ask about; user, groups or both must be given.'),
    groups: list(item.string(), 4, 'Groups to ask about.', { listType: 'atomic' }),
    extra: map(item.list(item.string()), 5, 'What else the authenticator knows of the user.'),
    uid: string(6, 'UID of the user.'),
  }),
);
export interface SubjectAccessReviewSpec extends Of<typeof subjectAccessReviewSpec> {}

export const subjectAccessReviewStatus = message(
  'io.k8s.api.authorization.v1.SubjectAccessReviewStatus',
  'Whether the request would be allowed.',
  () => ({
    allowed: bool(1, 'True if it would be allowed.', { required: true }),
    denied: bool(4, 'True if an authorizer forbids it outright; with allowed false too, none has an opinion.'),
    reason: string(2, 'Why, in words for people.'),
    evaluationError: string(3, 'What went wrong while deciding; an answer may have been found all the same.'),
  }),
);
export interface SubjectAccessReviewStatus extends Of<typeof subjectAccessReviewStatus> {}

export const localSubjectAccessReview = message(
  'io.k8s.api.authorization.v1.LocalSubjectAccessReview',
  'Asks whether somebody may do something within one namespace.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(subjectAccessReviewSpec, 2, 'Who wants to do what; its namespace must be the one it is posted to.', { required: true }),
    status: ref(subjectAccessReviewStatus, 3, 'The answer, filled in by the server.', { present: true }),
  }),
);
export interface LocalSubjectAccessReview extends Of<typeof localSubjectAccessReview> {}

export const nonResourceRule = message(
  'io.k8s.api.authorization.v1.NonResourceRule',
  'Verbs allowed on paths that are no resources.',
  () => ({
    verbs: list(item.string(), 1, 'Verbs allowed, in lower case; * is all.', { required: true, listType: 'atomic' }),
    nonResourceURLs: list(item.string(), 2, 'Paths; * may end one, or stand for all.', { listType: 'atomic' }),
  }),
);
export interface NonResourceRule extends Of<typeof nonResourceRule> {}

export const resourceRule = message('io.k8s.api.authorization.v1.ResourceRule', 'Verbs allowed on resources.', () => ({
  verbs: list(item.string(), 1, 'Verbs allowed; * is all.', { required: true, listType: 'atomic' }),
  apiGroups: list(item.string(), 2, 'Groups of the resources; * is all.', { listType: 'atomic' }),
  resources: list(item.string(), 3, 'Resources, with subresources as pods/log; * is all, */scale that subresource of all.', {
    listType: 'atomic',
  }),
  resourceNames: list(item.string(), 4, 'Only the objects of these names; all unless given.', { listType: 'atomic' }),
}));
export interface ResourceRule extends Of<typeof resourceRule> {}

export const selfSubjectAccessReviewSpec = message(
  'io.k8s.api.authorization.v1.SelfSubjectAccessReviewSpec',
  'What the caller wants to do; exactly one of the two.',
  () => ({
    resourceAttributes: ref(resourceAttributes, 1, 'The request, if it is for a resource.', { pointer: true }),
    nonResourceAttributes: ref(nonResourceAttributes, 2, 'The request, if it is for another path.', { pointer: true }),
  }),
);
export interface SelfSubjectAccessReviewSpec extends Of<typeof selfSubjectAccessReviewSpec> {}

export const selfSubjectAccessReview = message(
  'io.k8s.api.authorization.v1.SelfSubjectAccessReview',
  'Asks whether the caller may do something; kubectl auth can-i uses it.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(selfSubjectAccessReviewSpec, 2, 'What the caller wants to do.', { required: true }),
    status: ref(subjectAccessReviewStatus, 3, 'The answer, filled in by the server.', { present: true }),
  }),
);
export interface SelfSubjectAccessReview extends Of<typeof selfSubjectAccessReview> {}

export const selfSubjectRulesReviewSpec = message(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReviewSpec',
  'Where the caller wants to know its rights.',
  () => ({
    namespace: string(1, 'The namespace; required.'),
  }),
);
export interface SelfSubjectRulesReviewSpec extends Of<typeof selfSubjectRulesReviewSpec> {}

export const subjectRulesReviewStatus = message(
  'io.k8s.api.authorization.v1.SubjectRulesReviewStatus',
  'What somebody may do; a help for showing, not a base for decisions.',
  () => ({
    resourceRules: list(of(resourceRule), 1, 'What may be done to resources, in no particular order.', {
      required: true,
      listType: 'atomic',
    }),
    nonResourceRules: list(of(nonResourceRule), 2, 'What may be done to other paths, in no particular order.', {
      required: true,
      listType: 'atomic',
    }),
    incomplete: bool(3, 'True when there may be more, as an authorizer could not list its rules.', { required: true }),
    evaluationError: string(4, 'Why the list may be incomplete.'),
  }),
);
export interface SubjectRulesReviewStatus extends Of<typeof subjectRulesReviewStatus> {}

export const selfSubjectRulesReview = message(
  'io.k8s.api.authorization.v1.SelfSubjectRulesReview',
  'Lists what the caller may do in a namespace; kubectl auth can-i --list uses it.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(selfSubjectRulesReviewSpec, 2, 'The namespace asked about.', { required: true }),
    status: ref(subjectRulesReviewStatus, 3, 'The answer, filled in by the server.', { present: true }),
  }),
);
export interface SelfSubjectRulesReview extends Of<typeof selfSubjectRulesReview> {}

export const subjectAccessReview = message(
  'io.k8s.api.authorization.v1.SubjectAccessReview',
  'Asks whether somebody may do something, anywhere in the cluster.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(subjectAccessReviewSpec, 2, 'Who wants to do what.', { required: true }),
    status: ref(subjectAccessReviewStatus, 3, 'The answer, filled in by the server.', { present: true }),
  }),
);
export interface SubjectAccessReview extends Of<typeof subjectAccessReview> {}
