import { objectMeta } from '../../meta/v1/object-meta.ts';
import { list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { otherVersion } from '../../schema/other-version.ts';
import { type MatchCondition, matchCondition as matchConditionV1 } from '../v1/match.ts';
import {
  type MatchResources,
  matchResources as matchResourcesV1,
  type ParamKind,
  type ParamRef,
  paramKind as paramKindV1,
  paramRef as paramRefV1,
  type Variable,
  variable as variableV1,
} from '../v1/validating-admission-policy.ts';

/** What both sorts of policies have is the same here as in v1, under names of this version. */
const here = { from: 'io.k8s.api.admissionregistration.v1.', to: 'io.k8s.api.admissionregistration.v1beta1.' };
const matchCondition = otherVersion<MatchCondition>(matchConditionV1, here);
const matchResources = otherVersion<MatchResources>(matchResourcesV1, here);
const paramKind = otherVersion<ParamKind>(paramKindV1, here);
const paramRef = otherVersion<ParamRef>(paramRefV1, here);
const variable = otherVersion<Variable>(variableV1, here);

export const applyConfiguration = message(
  'io.k8s.api.admissionregistration.v1beta1.ApplyConfiguration',
  'A mutation that says how parts of the object are to be.',
  () => ({
    expression: string(1, 'CEL expression for an Object{}, which is laid over the object as server-side apply does it. Required.'),
  }),
);
export interface ApplyConfiguration extends Of<typeof applyConfiguration> {}

export const jsonPatch = message(
  'io.k8s.api.admissionregistration.v1beta1.JSONPatch',
  'A mutation that is a list of changes to the object.',
  () => ({
    expression: string(1, 'CEL expression for a list of JSONPatch{}, which are done in order. Required.'),
  }),
);
export interface JSONPatch extends Of<typeof jsonPatch> {}

export const mutation = message('io.k8s.api.admissionregistration.v1beta1.Mutation', 'A change to objects, in CEL.', () => ({
  patchType: string(2, 'Which of the two it is: ApplyConfiguration or JSONPatch.', { required: true }),
  applyConfiguration: ref(applyConfiguration, 3, 'How parts of the object are to be; with patchType ApplyConfiguration.', {
    pointer: true,
  }),
  jsonPatch: ref(jsonPatch, 4, 'Changes to the object; with patchType JSONPatch.', { pointer: true }),
}));
export interface Mutation extends Of<typeof mutation> {}

export const mutatingAdmissionPolicySpec = message(
  'io.k8s.api.admissionregistration.v1beta1.MutatingAdmissionPolicySpec',
  'Which requests to look at, and how to change their objects.',
  () => ({
    paramKind: ref(paramKind, 1, 'Kind of the parameters; none unless given.', { pointer: true }),
    matchConstraints: ref(matchResources, 2, 'Which requests to look at, deletes never. Required.', { pointer: true }),
    variables: list(of(variable), 3, 'Values for use in the expressions, in the order of their use.', { listType: 'atomic' }),
    mutations: list(of(mutation), 4, 'The changes, made in order; at least one.', { listType: 'atomic' }),
    failurePolicy: string(5, 'What an error means: Fail (the default) refuses the request, Ignore lets it pass.', { pointer: true }),
    matchConditions: list(of(matchCondition), 6, 'Further tests, all of which must hold for a request to be looked at; at most 64.', {
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: 'merge',
    }),
    reinvocationPolicy: string(
      7,
      'Whether to make the changes again when others changed the object after them: IfNeeded or Never. Required.',
    ),
  }),
);
export interface MutatingAdmissionPolicySpec extends Of<typeof mutatingAdmissionPolicySpec> {}

export const mutatingAdmissionPolicy = message(
  'io.k8s.api.admissionregistration.v1beta1.MutatingAdmissionPolicy',
  'Changes in CEL to the objects of requests, in force once a binding names it.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(mutatingAdmissionPolicySpec, 2, 'The state that is wanted.', { present: true }),
  }),
);
export interface MutatingAdmissionPolicy extends Of<typeof mutatingAdmissionPolicy> {}

export const mutatingAdmissionPolicyBindingSpec = message(
  'io.k8s.api.admissionregistration.v1beta1.MutatingAdmissionPolicyBindingSpec',
  'Where a policy is in force, and with which parameters.',
  () => ({
    policyName: string(1, 'Name of the policy; if it is missing, the binding has no effect.'),
    paramRef: ref(paramRef, 2, 'The parameters; for policies with a paramKind.', { pointer: true }),
    matchResources: ref(matchResources, 3, 'Which requests, of those the policy looks at; all unless given.', { pointer: true }),
  }),
);
export interface MutatingAdmissionPolicyBindingSpec extends Of<typeof mutatingAdmissionPolicyBindingSpec> {}

export const mutatingAdmissionPolicyBinding = message(
  'io.k8s.api.admissionregistration.v1beta1.MutatingAdmissionPolicyBinding',
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
    spec: ref(mutatingAdmissionPolicyBindingSpec, 2, 'Where the policy is in force, and with which parameters.', { present: true }),
  }),
);
export interface MutatingAdmissionPolicyBinding extends Of<typeof mutatingAdmissionPolicyBinding> {}
