import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { priorityLevelConfigurationReference } from './priority-level-configuration.ts';

export const flowDistinguisherMethod = message(
  'io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod',
  'How the requests of a schema are told apart into flows.',
  () => ({
    type: string(1, 'ByUser or ByNamespace.', { required: true }),
  }),
);
export interface FlowDistinguisherMethod extends Of<typeof flowDistinguisherMethod> {}

export const userSubject = message('io.k8s.api.flowcontrol.v1.UserSubject', 'A user.', () => ({
  name: string(1, 'Name of the user; * is everybody.', { required: true }),
}));
export interface UserSubject extends Of<typeof userSubject> {}

export const groupSubject = message('io.k8s.api.flowcontrol.v1.GroupSubject', 'A group of users.', () => ({
  name: string(1, 'Name of the group, such as system:masters.', { required: true }),
}));
export interface GroupSubject extends Of<typeof groupSubject> {}

export const serviceAccountSubject = message('io.k8s.api.flowcontrol.v1.ServiceAccountSubject', 'A service account.', () => ({
  namespace: string(1, 'Its namespace.', { required: true }),
  name: string(2, 'Its name; * is every one in the namespace.', { required: true }),
}));
export interface ServiceAccountSubject extends Of<typeof serviceAccountSubject> {}

export const subject = message(
  'io.k8s.api.flowcontrol.v1.Subject',
  'Who makes a request; kind says which field is set.',
  () => ({
    kind: string(1, 'User, Group or ServiceAccount.', { required: true }),
    user: ref(userSubject, 2, 'The user.', { pointer: true }),
    group: ref(groupSubject, 3, 'The group.', { pointer: true }),
    serviceAccount: ref(serviceAccountSubject, 4, 'The service account.', { pointer: true }),
  }),
  { discriminator: 'kind' },
);
export interface Subject extends Of<typeof subject> {}

export const resourcePolicyRule = message(
  'io.k8s.api.flowcontrol.v1.ResourcePolicyRule',
  'Requests for resources; all parts must match.',
  () => ({
    verbs: list(item.string(), 1, 'Verbs; * is all.', { required: true, listType: 'set' }),
    apiGroups: list(item.string(), 2, 'Groups of the resources; * is all.', { required: true, listType: 'set' }),
    resources: list(item.string(), 3, 'Resources, with subresources as pods/log; * is all.', { required: true, listType: 'set' }),
    clusterScope: bool(4, 'True also matches requests without a namespace; false unless given.'),
    namespaces: list(item.string(), 5, 'Namespaces; * is all.', { always: true, listType: 'set' }),
  }),
);
export interface ResourcePolicyRule extends Of<typeof resourcePolicyRule> {}

export const nonResourcePolicyRule = message(
  'io.k8s.api.flowcontrol.v1.NonResourcePolicyRule',
  'Requests for paths that are no resources.',
  () => ({
    verbs: list(item.string(), 1, 'Verbs, in lower case; * is all.', { required: true, listType: 'set' }),
    nonResourceURLs: list(item.string(), 6, 'Paths such as /healthz; * may end one after a slash, or stand for all.', {
      required: true,
      listType: 'set',
    }),
  }),
);
export interface NonResourcePolicyRule extends Of<typeof nonResourcePolicyRule> {}

export const policyRulesWithSubjects = message(
  'io.k8s.api.flowcontrol.v1.PolicyRulesWithSubjects',
  'Requests by who makes them and what they want.',
  () => ({
    subjects: list(of(subject), 1, 'Who makes them; one that fits is enough.', { required: true, listType: 'atomic' }),
    resourceRules: list(of(resourcePolicyRule), 2, 'Requests for resources; one rule that fits is enough.', { listType: 'atomic' }),
    nonResourceRules: list(of(nonResourcePolicyRule), 3, 'Requests for other paths; one rule that fits is enough.', { listType: 'atomic' }),
  }),
);
export interface PolicyRulesWithSubjects extends Of<typeof policyRulesWithSubjects> {}

export const flowSchemaSpec = message('io.k8s.api.flowcontrol.v1.FlowSchemaSpec', 'Which requests get which priority level.', () => ({
  priorityLevelConfiguration: ref(priorityLevelConfigurationReference, 1, 'The priority level they get.', { required: true }),
  matchingPrecedence: int32(2, 'Which schema is tried first, the lowest; 1000 unless given, 1 to 10000.', { always: true }),
  distinguisherMethod: ref(flowDistinguisherMethod, 3, 'How they are told apart into flows; all are one flow unless given.', {
    pointer: true,
  }),
  rules: list(of(policyRulesWithSubjects), 4, 'Which requests; one rule that fits is enough.', { listType: 'atomic' }),
}));
export interface FlowSchemaSpec extends Of<typeof flowSchemaSpec> {}

export const flowSchemaCondition = message(
  'io.k8s.api.flowcontrol.v1.FlowSchemaCondition',
  'One aspect of a flow schema: Dangling means its level is missing.',
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.'),
    status: string(2, 'True, False or Unknown.'),
    lastTransitionTime: time(3, 'When status last went from one value to another.'),
    reason: string(4, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(5, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface FlowSchemaCondition extends Of<typeof flowSchemaCondition> {}

export const flowSchemaStatus = message('io.k8s.api.flowcontrol.v1.FlowSchemaStatus', 'State of a flow schema.', () => ({
  conditions: list(of(flowSchemaCondition), 1, 'Whether its priority level exists.', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface FlowSchemaStatus extends Of<typeof flowSchemaStatus> {}

export const flowSchema = message(
  'io.k8s.api.flowcontrol.v1.FlowSchema',
  'Sorts requests to the API server into a priority level, and there into flows.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(flowSchemaSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(flowSchemaStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface FlowSchema extends Of<typeof flowSchema> {}
