import { condition } from '../../meta/v1/condition.ts';
import { objectMeta } from '../../meta/v1/object-meta.ts';
import { labelSelector } from '../../meta/v1/selector.ts';
import { int64, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { matchCondition } from './match.ts';

export const auditAnnotation = message(
  'io.k8s.api.admissionregistration.v1.AuditAnnotation',
  'Something a policy adds to the audit log.',
  () => ({
    key: string(1, 'Name of the annotation, unique in the policy, which is put before it.', { required: true }),
    valueExpression: string(2, 'CEL expression for the text; null leaves the annotation out.', { required: true }),
  }),
);
export interface AuditAnnotation extends Of<typeof auditAnnotation> {}

export const expressionWarning = message(
  'io.k8s.api.admissionregistration.v1.ExpressionWarning',
  'A doubt about the types in an expression.',
  () => ({
    fieldRef: string(2, 'Path of the expression, such as spec.validations[0].expression.', { required: true }),
    warning: string(3, 'What the type checker says.', { required: true }),
  }),
);
export interface ExpressionWarning extends Of<typeof expressionWarning> {}

export const namedRuleWithOperations = message(
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations',
  'As a rule, and possibly for objects of certain names only.',
  () => ({
    resourceNames: list(item.string(), 1, 'Only the objects of these names; all unless given.', { listType: 'atomic' }),
    operations: list(item.string(), [2, 1], 'CREATE, UPDATE, DELETE, CONNECT, or * for all.', {
      listType: 'atomic',
      itemEnum: ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'],
    }),
    apiGroups: list(item.string(), [2, 2, 1], 'Groups of the resources; * is all.', { listType: 'atomic' }),
    apiVersions: list(item.string(), [2, 2, 2], 'Versions of the resources; * is all.', { listType: 'atomic' }),
    resources: list(item.string(), [2, 2, 3], 'Resources, with subresources as pods/log; * is all without subresources, */* with them.', {
      listType: 'atomic',
    }),
    scope: string([2, 2, 4], 'Cluster, Namespaced, or * (the default) for both.', { pointer: true }),
  }),
  { mapType: 'atomic' },
);
export interface NamedRuleWithOperations extends Of<typeof namedRuleWithOperations> {}

export const matchResources = message(
  'io.k8s.api.admissionregistration.v1.MatchResources',
  'Which requests a policy looks at.',
  () => ({
    namespaceSelector: ref(labelSelector, 1, 'Only objects in namespaces with these labels; all unless given.', { pointer: true }),
    objectSelector: ref(labelSelector, 2, 'Only objects with these labels, before or after the change; all unless given.', {
      pointer: true,
    }),
    resourceRules: list(of(namedRuleWithOperations), 3, 'Only requests that one of these rules matches.', { listType: 'atomic' }),
    excludeResourceRules: list(
      of(namedRuleWithOperations),
      4,
      'Not requests that one of these rules matches; stronger than resourceRules.',
      { listType: 'atomic' },
    ),
    matchPolicy: string(7, 'Equivalent (the default) also matches via other versions; Exact only as written.', {
      pointer: true,
      enum: ['Equivalent', 'Exact'],
    }),
  }),
  { mapType: 'atomic' },
);
export interface MatchResources extends Of<typeof matchResources> {}

export const paramKind = message(
  'io.k8s.api.admissionregistration.v1.ParamKind',
  'The kind of object a policy takes its parameters from.',
  () => ({
    apiVersion: string(1, 'Group and version of the kind.'),
    kind: string(2, 'The kind.'),
  }),
  { mapType: 'atomic' },
);
export interface ParamKind extends Of<typeof paramKind> {}

export const paramRef = message(
  'io.k8s.api.admissionregistration.v1.ParamRef',
  'Which objects give a policy its parameters, by name or by label.',
  () => ({
    name: string(1, 'Name of the object; not together with selector.'),
    namespace: string(2, 'Namespace to look in; unless given that of the object under review.'),
    selector: ref(labelSelector, 3, 'Labels of the objects, each of which is checked against; not together with name.', { pointer: true }),
    parameterNotFoundAction: string(4, 'If none is found: Allow the request, or Deny it as failurePolicy says. Required.', {
      pointer: true,
    }),
  }),
  { mapType: 'atomic' },
);
export interface ParamRef extends Of<typeof paramRef> {}

export const typeChecking = message('io.k8s.api.admissionregistration.v1.TypeChecking', 'What the type checker found in a policy.', () => ({
  expressionWarnings: list(of(expressionWarning), 1, 'Its doubts, by expression.', { listType: 'atomic' }),
}));
export interface TypeChecking extends Of<typeof typeChecking> {}

export const validation = message('io.k8s.api.admissionregistration.v1.Validation', 'A test that requests must pass.', () => ({
  expression: string(1, 'CEL expression over object, oldObject, request, params and variables; true lets it pass.', { required: true }),
  message: string(2, 'What to say when it fails; the expression itself unless given.'),
  reason: string(3, 'Reason of the refusal: Unauthorized, Forbidden, Invalid (the default) or RequestEntityTooLarge.', { pointer: true }),
  messageExpression: string(4, 'CEL expression for the message, which it takes the place of.'),
}));
export interface Validation extends Of<typeof validation> {}

export const variable = message(
  'io.k8s.api.admissionregistration.v1.Variable',
  'A value worked out once and used by several expressions.',
  () => ({
    name: string(1, 'Name, used as variables.NAME; a CEL identifier.', { required: true }),
    expression: string(2, 'CEL expression for the value; earlier variables may be used.', { required: true }),
  }),
  { mapType: 'atomic' },
);
export interface Variable extends Of<typeof variable> {}

export const validatingAdmissionPolicySpec = message(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicySpec',
  'Which requests to look at, and what to ask of them.',
  () => ({
    paramKind: ref(paramKind, 1, 'Kind of the parameters; none unless given.', { pointer: true }),
    matchConstraints: ref(matchResources, 2, 'Which requests to look at. Required.', { pointer: true }),
    validations: list(of(validation), 3, 'The tests; needed unless there are audit annotations.', { listType: 'atomic' }),
    failurePolicy: string(4, 'What an error means: Fail (the default) refuses the request, Ignore lets it pass.', {
      pointer: true,
      enum: ['Fail', 'Ignore'],
    }),
    auditAnnotations: list(of(auditAnnotation), 5, 'What to add to the audit log; needed unless there are validations.', {
      listType: 'atomic',
    }),
    matchConditions: list(of(matchCondition), 6, 'Further tests, all of which must hold for a request to be looked at; at most 64.', {
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: 'merge',
    }),
    variables: list(of(variable), 7, 'Values for use in the expressions.', {
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: 'merge',
    }),
  }),
);
export interface ValidatingAdmissionPolicySpec extends Of<typeof validatingAdmissionPolicySpec> {}

export const validatingAdmissionPolicyStatus = message(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyStatus',
  'What the system found out about a policy.',
  () => ({
    observedGeneration: int64(1, 'The metadata.generation the controller last acted on.'),
    typeChecking: ref(typeChecking, 2, 'What the type checker found; absent until it is done.', { pointer: true }),
    conditions: list(of(condition), 3, 'State of the policy, one entry per type.', { listType: 'map', listMapKeys: ['type'] }),
  }),
);
export interface ValidatingAdmissionPolicyStatus extends Of<typeof validatingAdmissionPolicyStatus> {}

export const validatingAdmissionPolicy = message(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  'Tests in CEL that requests must pass, in force once a binding names it.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(validatingAdmissionPolicySpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(validatingAdmissionPolicyStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface ValidatingAdmissionPolicy extends Of<typeof validatingAdmissionPolicy> {}

export const validatingAdmissionPolicyBindingSpec = message(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec',
  'Where a policy is in force, and with which parameters.',
  () => ({
    policyName: string(1, 'Name of the policy; if it is missing, the binding has no effect.'),
    paramRef: ref(paramRef, 2, 'The parameters; for policies with a paramKind.', { pointer: true }),
    matchResources: ref(matchResources, 3, 'Which requests, of those the policy looks at; all unless given.', { pointer: true }),
    validationActions: list(item.string(), 4, 'What a failed test leads to: Deny, Warn, Audit; Deny and Warn not together.', {
      listType: 'set',
      itemEnum: ['Audit', 'Deny', 'Warn'],
    }),
  }),
);
export interface ValidatingAdmissionPolicyBindingSpec extends Of<typeof validatingAdmissionPolicyBindingSpec> {}

export const validatingAdmissionPolicyBinding = message(
  'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  'Puts a policy in force, for some requests and with some parameters.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(validatingAdmissionPolicyBindingSpec, 2, 'Where the policy is in force, and with which parameters.', { present: true }),
  }),
);
export interface ValidatingAdmissionPolicyBinding extends Of<typeof validatingAdmissionPolicyBinding> {}
