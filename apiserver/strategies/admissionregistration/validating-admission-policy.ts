import type { ObjectMeta, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { setMatchResourcesDefaults } from '../../validation/admission-rules.ts';
import { listOf } from '../../validation/field-errors.ts';
import {
  validatingAdmissionPolicyBindingErrors,
  validatingAdmissionPolicyErrors,
  validatingAdmissionPolicyStatusErrors,
} from '../../validation/validating-admission-policy.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';
import { paramKindCell, paramRefCell } from './cells.ts';
import { type BindingRefErrors, type ParamKindErrors, raiseGeneration, withAccess } from './policy-access.ts';

/** What of the metadata does not change through /status. Upstream: `ResetObjectMetaForStatus`. */
const KEPT_METADATA = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'deletionTimestamp', 'generation'] as const;

/** Upstream: `pkg/registry/admissionregistration/validatingadmissionpolicy`, `ValidateValidatingAdmissionPolicy`. */
export const validatingAdmissionPolicyStrategy = (kindErrors: ParamKindErrors): Strategy<ValidatingAdmissionPolicy> =>
  strategyOf<ValidatingAdmissionPolicy>({
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
        resetFields: ['spec', 'metadata'],
        prepareForUpdate: (_context, policy, old) => {
          policy.spec = old.spec;
          keepMetadata(policy.metadata, old.metadata);
        },
        validateUpdate: (_context, { status }) => validatingAdmissionPolicyStatusErrors(status),
      }),
    },
  });

/** Upstream: `pkg/registry/admissionregistration/validatingadmissionpolicybinding`, `ValidateValidatingAdmissionPolicyBinding`. */
export const validatingAdmissionPolicyBindingStrategy = (refErrors: BindingRefErrors): Strategy<ValidatingAdmissionPolicyBinding> =>
  strategyOf<ValidatingAdmissionPolicyBinding>({
    allowUnconditionalUpdate: false,
    takesEffectAtOnce: true,
    setDefaults: ({ spec }) => {
      setMatchResourcesDefaults(spec.matchResources);
    },
    prepareForCreate: (_context, { metadata }) => {
      metadata.generation = 1;
    },
    prepareForUpdate: (_context, binding, old) => {
      raiseGeneration(binding, old);
    },
    validateCreate: ({ user }, { spec }) => withAccess(validatingAdmissionPolicyBindingErrors(spec), () => refErrors(user, spec)),
    validateUpdate: ({ user }, { spec }) => withAccess(validatingAdmissionPolicyBindingErrors(spec), () => refErrors(user, spec)),
    tableRow: ({ metadata, spec }, now) => [
      metadata.name,
      spec.policyName ?? '',
      paramRefCell(spec.paramRef),
      ageOf(metadata.creationTimestamp, now),
    ],
  });

function keepMetadata(metadata: ObjectMeta, old: ObjectMeta): void {
  for (const field of KEPT_METADATA) Object.assign(metadata, { [field]: old[field] });
}
