import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, item, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { priorityLevelConfigurationReference } from './priority-level-configuration.ts';

export const flowDistinguisherMethod = message('io.k8s.api.flowcontrol.v1.FlowDistinguisherMethod', '', () => ({
  type: string(1, '', { required: true }),
}));
export interface FlowDistinguisherMethod extends Of<typeof flowDistinguisherMethod> {}

export const userSubject = message('io.k8s.api.flowcontrol.v1.UserSubject', '', () => ({
  name: string(1, '', { required: true }),
}));
export interface UserSubject extends Of<typeof userSubject> {}

export const groupSubject = message('io.k8s.api.flowcontrol.v1.GroupSubject', '', () => ({
  name: string(1, '', { required: true }),
}));
export interface GroupSubject extends Of<typeof groupSubject> {}

export const serviceAccountSubject = message('io.k8s.api.flowcontrol.v1.ServiceAccountSubject', '', () => ({
  namespace: string(1, '', { required: true }),
  name: string(2, '', { required: true }),
}));
export interface ServiceAccountSubject extends Of<typeof serviceAccountSubject> {}

export const subject = message('io.k8s.api.flowcontrol.v1.Subject', '', () => ({
  kind: string(1, '', { required: true }),
  user: ref(userSubject, 2, '', { pointer: true }),
  group: ref(groupSubject, 3, '', { pointer: true }),
  serviceAccount: ref(serviceAccountSubject, 4, '', { pointer: true }),
}));
export interface Subject extends Of<typeof subject> {}

export const resourcePolicyRule = message('io.k8s.api.flowcontrol.v1.ResourcePolicyRule', '', () => ({
  verbs: list(item.string(), 1, '', { required: true, listType: 'set' }),
  apiGroups: list(item.string(), 2, '', { required: true, listType: 'set' }),
  resources: list(item.string(), 3, '', { required: true, listType: 'set' }),
  clusterScope: bool(4, ''),
  namespaces: list(item.string(), 5, '', { always: true, listType: 'set' }),
}));
export interface ResourcePolicyRule extends Of<typeof resourcePolicyRule> {}

export const nonResourcePolicyRule = message('io.k8s.api.flowcontrol.v1.NonResourcePolicyRule', '', () => ({
  verbs: list(item.string(), 1, '', { required: true, listType: 'set' }),
  nonResourceURLs: list(item.string(), 6, '', { required: true, listType: 'set' }),
}));
export interface NonResourcePolicyRule extends Of<typeof nonResourcePolicyRule> {}

export const policyRulesWithSubjects = message('io.k8s.api.flowcontrol.v1.PolicyRulesWithSubjects', '', () => ({
  subjects: list(of(subject), 1, '', { required: true, listType: 'atomic' }),
  resourceRules: list(of(resourcePolicyRule), 2, '', { listType: 'atomic' }),
  nonResourceRules: list(of(nonResourcePolicyRule), 3, '', { listType: 'atomic' }),
}));
export interface PolicyRulesWithSubjects extends Of<typeof policyRulesWithSubjects> {}

export const flowSchemaSpec = message('io.k8s.api.flowcontrol.v1.FlowSchemaSpec', '', () => ({
  priorityLevelConfiguration: ref(priorityLevelConfigurationReference, 1, '', { required: true }),
  matchingPrecedence: int32(2, '', { always: true }),
  distinguisherMethod: ref(flowDistinguisherMethod, 3, '', { pointer: true }),
  rules: list(of(policyRulesWithSubjects), 4, '', { listType: 'atomic' }),
}));
export interface FlowSchemaSpec extends Of<typeof flowSchemaSpec> {}

export const flowSchemaCondition = message('io.k8s.api.flowcontrol.v1.FlowSchemaCondition', '', () => ({
  type: string(1, ''),
  status: string(2, ''),
  lastTransitionTime: time(3, ''),
  reason: string(4, ''),
  message: string(5, ''),
}));
export interface FlowSchemaCondition extends Of<typeof flowSchemaCondition> {}

export const flowSchemaStatus = message('io.k8s.api.flowcontrol.v1.FlowSchemaStatus', '', () => ({
  conditions: list(of(flowSchemaCondition), 1, '', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
}));
export interface FlowSchemaStatus extends Of<typeof flowSchemaStatus> {}

export const flowSchema = message('io.k8s.api.flowcontrol.v1.FlowSchema', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(flowSchemaSpec, 2, '', { present: true }),
  status: ref(flowSchemaStatus, 3, '', { present: true }),
}));
export interface FlowSchema extends Of<typeof flowSchema> {}
