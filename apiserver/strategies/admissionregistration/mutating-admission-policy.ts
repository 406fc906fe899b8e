import {
  admissionregistrationKinds,
  apiVersionOf,
  type MutatingAdmissionPolicy,
  type MutatingAdmissionPolicyBinding,
} from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { setMatchResourcesDefaults } from '../../validation/admission-rules.ts';
import { listOf } from '../../validation/field-errors.ts';
import { mutatingAdmissionPolicyBindingErrors, mutatingAdmissionPolicyErrors } from '../../validation/mutating-admission-policy.ts';
import { sameFields } from '../same-fields.ts';
import { ageOf, raiseGeneration, strategyOf } from '../shared.ts';
import { paramKindCell } from './cells.ts';
import { type BindingRefErrors, type ParamKindErrors, withAccess } from './policy-access.ts';
import { policyBindingStrategy } from './policy-binding.ts';

const {
  mutatingadmissionpolicies,
  mutatingadmissionpoliciesV1alpha1,
  mutatingadmissionpolicybindings,
  mutatingadmissionpolicybindingsV1alpha1,
} = admissionregistrationKinds;
const ALPHA = apiVersionOf(mutatingadmissionpoliciesV1alpha1);

/** Upstream: `pkg/registry/admissionregistration/mutatingadmissionpolicy`, `ValidateMutatingAdmissionPolicy`. */
export const mutatingAdmissionPolicyStrategy = (kindErrors: ParamKindErrors): Strategy<MutatingAdmissionPolicy> =>
  strategyOf<MutatingAdmissionPolicy>({
    allowsPlainFinalizers: true,
    metadataLooks: ['whole'],
    views: { [ALPHA]: sameFields(mutatingadmissionpolicies, mutatingadmissionpoliciesV1alpha1) },
    allowUnconditionalUpdate: false,
    takesEffectAtOnce: true,
    setDefaults: ({ spec }) => {
      spec.failurePolicy ??= 'Fail';
      setMatchResourcesDefaults(spec.matchConstraints);
    },
    prepareForCreate: (_context, { metadata }) => {
      metadata.generation = 1;
    },
    prepareForUpdate: (_context, policy, old) => {
      raiseGeneration(policy, old);
    },
    validateCreate: ({ user }, policy) => withAccess(mutatingAdmissionPolicyErrors(policy), () => kindErrors(user, policy.spec)),
    validateUpdate: ({ user }, policy, old) =>
      withAccess(mutatingAdmissionPolicyErrors(policy, old), () => kindErrors(user, policy.spec, old.spec)),
    tableRow: ({ metadata, spec }, now) => [
      metadata.name,
      listOf(spec.mutations).length,
      paramKindCell(spec.paramKind),
      ageOf(metadata.creationTimestamp, now),
    ],
  });

/** Upstream: `pkg/registry/admissionregistration/mutatingadmissionpolicybinding`, `ValidateMutatingAdmissionPolicyBinding`. */
export const mutatingAdmissionPolicyBindingStrategy = (refErrors: BindingRefErrors): Strategy<MutatingAdmissionPolicyBinding> => ({
  ...policyBindingStrategy<MutatingAdmissionPolicyBinding>(mutatingAdmissionPolicyBindingErrors, refErrors),
  views: { [ALPHA]: sameFields(mutatingadmissionpolicybindings, mutatingadmissionpolicybindingsV1alpha1) },
});
