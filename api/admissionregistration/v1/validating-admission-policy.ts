import { condition } from '../../meta/v1/condition.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int64, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { matchCondition } from './match.ts';

export const auditAnnotation = message('io.k8s.api.admissionregistration.v1.AuditAnnotation', '', () => ({
  key: string(1, '', { required: true }),
  valueExpression: string(2, '', { required: true }),
}));
export interface AuditAnnotation extends Of<typeof auditAnnotation> {}

export const expressionWarning = message('io.k8s.api.admissionregistration.v1.ExpressionWarning', '', () => ({
  fieldRef: string(2, '', { required: true }),
  warning: string(3, '', { required: true }),
}));
export interface ExpressionWarning extends Of<typeof expressionWarning> {}

export const namedRuleWithOperations = message(
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations',
  '',
  () => ({
    resourceNames: list(item.string(), 1, '', { listType: 'atomic' }),
    operations: list(item.string(), [2, 1], '', { listType: 'atomic', itemEnum: ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'] }),
    apiGroups: list(item.string(), [2, 2, 1], '', { listType: 'atomic' }),
    apiVersions: list(item.string(), [2, 2, 2], '', { listType: 'atomic' }),
    resources: list(item.string(), [2, 2, 3], '', { listType: 'atomic' }),
    scope: string([2, 2, 4], '', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface NamedRuleWithOperations extends Of<typeof namedRuleWithOperations> {}

export const matchResources = message(
  'io.k8s.api.admissionregistration.v1.MatchResources',
  '',
  () => ({
    namespaceSelector: ref(labelSelector, 1, '', { pointer: true }),
    objectSelector: ref(labelSelector, 2, '', { pointer: true }),
    resourceRules: list(of(namedRuleWithOperations), 3, '', { listType: 'atomic' }),
    excludeResourceRules: list(of(namedRuleWithOperations), 4, '', { listType: 'atomic' }),
    matchPolicy: string(7, '', { pointer: true, enum: ['Equivalent', 'Exact'] }),
  }),
  { mapType: 'atomic' },
);
export interface MatchResources extends Of<typeof matchResources> {}

export const paramKind = message(
  'io.k8s.api.admissionregistration.v1.ParamKind',
  '',
  () => ({
    apiVersion: string(1, ''),
    kind: string(2, ''),
  }),
  { mapType: 'atomic' },
);
export interface ParamKind extends Of<typeof paramKind> {}

export const paramRef = message(
  'io.k8s.api.admissionregistration.v1.ParamRef',
  '',
  () => ({
    name: string(1, ''),
    namespace: string(2, ''),
    selector: ref(labelSelector, 3, '', { pointer: true }),
    parameterNotFoundAction: string(4, '', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface ParamRef extends Of<typeof paramRef> {}

export const typeChecking = message('io.k8s.api.admissionregistration.v1.TypeChecking', '', () => ({
  expressionWarnings: list(of(expressionWarning), 1, '', { listType: 'atomic' }),
}));
export interface TypeChecking extends Of<typeof typeChecking> {}

export const validation = message('io.k8s.api.admissionregistration.v1.Validation', '', () => ({
  expression: string(1, '', { required: true }),
  message: string(2, ''),
  reason: string(3, '', { pointer: true }),
  messageExpression: string(4, ''),
}));
export interface Validation extends Of<typeof validation> {}

export const variable = message(
  'io.k8s.api.admissionregistration.v1.Variable',
  '',
  () => ({
    name: string(1, '', { required: true }),
    expression: string(2, '', { required: true }),
  }),
  { mapType: 'atomic' },
);
export interface Variable extends Of<typeof variable> {}

export const validatingAdmissionPolicySpec = message('io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec', '', () => ({
  paramKind: ref(paramKind, 1, '', { pointer: true }),
  matchConstraints: ref(matchResources, 2, '', { pointer: true }),
  validations: list(of(validation), 3, '', { listType: 'atomic' }),
  failurePolicy: string(4, '', { pointer: true, enum: ['Fail', 'Ignore'] }),
  auditAnnotations: list(of(auditAnnotation), 5, '', { listType: 'atomic' }),
  matchConditions: list(of(matchCondition), 6, '', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  variables: list(of(variable), 7, '', { listType: 'map', listMapKeys: ['name'], patchMergeKey: 'name', patchStrategy: 'merge' }),
}));
export interface ValidatingAdmissionPolicySpec extends Of<typeof validatingAdmissionPolicySpec> {}

export const validatingAdmissionPolicyStatus = message('io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus', '', () => ({
  observedGeneration: int64(1, ''),
  typeChecking: ref(typeChecking, 2, '', { pointer: true }),
  conditions: list(of(condition), 3, '', { listType: 'map', listMapKeys: ['type'] }),
}));
export interface ValidatingAdmissionPolicyStatus extends Of<typeof validatingAdmissionPolicyStatus> {}

export const validatingAdmissionPolicy = message('io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(validatingAdmissionPolicySpec, 2, '', { present: true }),
  status: ref(validatingAdmissionPolicyStatus, 3, '', { present: true }),
}));
export interface ValidatingAdmissionPolicy extends Of<typeof validatingAdmissionPolicy> {}

export const validatingAdmissionPolicyBindingSpec = message(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec',
  '',
  () => ({
    policyName: string(1, ''),
    paramRef: ref(paramRef, 2, '', { pointer: true }),
    matchResources: ref(matchResources, 3, '', { pointer: true }),
    validationActions: list(item.string(), 4, '', { listType: 'set', itemEnum: ['Audit', 'Deny', 'Warn'] }),
  }),
);
export interface ValidatingAdmissionPolicyBindingSpec extends Of<typeof validatingAdmissionPolicyBindingSpec> {}

export const validatingAdmissionPolicyBinding = message('io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(validatingAdmissionPolicyBindingSpec, 2, '', { present: true }),
}));
export interface ValidatingAdmissionPolicyBinding extends Of<typeof validatingAdmissionPolicyBinding> {}
