import type { FieldError, MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBinding } from '../../../api/index.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { setMatchResourcesDefaults } from '../../validation/admission-rules.ts';
import { ageOf, raiseGeneration, strategyOf } from '../shared.ts';
import { paramRefCell } from './cells.ts';
import { type BindingRefErrors, withAccess } from './policy-access.ts';

/** What bindings of policies of either sort have in common: all but what may be in them. */
export function policyBindingStrategy<T extends MutatingAdmissionPolicyBinding | ValidatingAdmissionPolicyBinding>(
  specErrors: (spec: T['spec']) => FieldError[],
  refErrors: BindingRefErrors,
): Strategy<T> {
  return strategyOf<T>({
    allowsPlainFinalizers: true,
    metadataLooks: ['whole'],
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
    validateCreate: ({ user }, { spec }) => withAccess(specErrors(spec), () => refErrors(user, spec)),
    validateUpdate: ({ user }, { spec }) => withAccess(specErrors(spec), () => refErrors(user, spec)),
    tableRow: ({ metadata, spec }, now) => [
      metadata.name,
      spec.policyName ?? '',
      paramRefCell(spec.paramRef),
      ageOf(metadata.creationTimestamp, now),
    ],
  });
}
