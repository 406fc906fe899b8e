import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { setMatchResourcesDefaults } from '../../validation/admission-rules.ts';
import { listOf } from '../../validation/field-errors.ts';
import {
  validatingAdmissionPolicyBindingErrors,
  validatingAdmissionPolicyErrors,
  validatingAdmissionPolicyStatusErrors,
} from '../../validation/validating-admission-policy.ts';
import { ageOf, keepMetadata, raiseGeneration, strategyOf, updateOf } from '../shared.ts';
import { paramKindCell } from './cells.ts';
import { type BindingRefErrors, type ParamKindErrors, withAccess } from './policy-access.ts';
import { policyBindingStrategy } from './policy-binding.ts';

/** Upstream: `pkg/registry/admissionregistration/validatingadmissionpolicy`, `ValidateValidatingAdmissionPolicy`. */
export const validatingAdmissionPolicyStrategy = (kindErrors: ParamKindErrors): Strategy<ValidatingAdmissionPolicy> =>
  strategyOf<ValidatingAdmissionPolicy>({
    allowsPlainFinalizers: true,
    metadataLooks: ['whole'],
    allowUnconditionalUpdate: false,
    takesEffectAtOnce: true,
    setDefaults: ({ spec }) => {
      spec.failurePolicy ??= 'Fail';
      setMatchResourcesDefaults(spec.matchConstraints);
    },
    prepareForCreate: (_context, policy) => {
      policy.status = {};
      policy.metadata.generation = 1;
    },
    prepareForUpdate: (_context, policy, old) => {
      policy.status = old.status;
      raiseGeneration(policy, old);
    },
    validateCreate: ({ user }, policy) => withAccess(validatingAdmissionPolicyErrors(policy), () => kindErrors(user, policy.spec)),
    validateUpdate: ({ user }, policy, old) =>
      withAccess(validatingAdmissionPolicyErrors(policy, old), () => kindErrors(user, policy.spec, old.spec)),
    tableRow: ({ metadata, spec }, now) => [
      metadata.name,
      listOf(spec.validations).length,
      paramKindCell(spec.paramKind),
      ageOf(metadata.creationTimestamp, now),
    ],
    subresources: {
      status: updateOf<ValidatingAdmissionPolicy>({
        metadataLooks: [],
        allowCreateOnApply: true,
        resetFields: ['spec', 'metadata'],
        prepareForUpdate: (_context, policy, old) => {
          policy.spec = old.spec;
          keepMetadata(policy, old);
        },
        validateUpdate: (_context, { status }) => validatingAdmissionPolicyStatusErrors(status),
      }),
    },
  });

/** Upstream: `pkg/registry/admissionregistration/validatingadmissionpolicybinding`, `ValidateValidatingAdmissionPolicyBinding`. */
export const validatingAdmissionPolicyBindingStrategy = (refErrors: BindingRefErrors): Strategy<ValidatingAdmissionPolicyBinding> =>
  policyBindingStrategy<ValidatingAdmissionPolicyBinding>(validatingAdmissionPolicyBindingErrors, refErrors);
