import {
  admissionregistrationKinds,
  type FieldError,
  fieldError,
  type ObjectMeta,
  type ValidatingAdmissionPolicy,
  type ValidatingAdmissionPolicyBinding,
} from '../../../api/index.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { RequestContext, Strategy } from '../../registry/strategy.ts';
import { setMatchResourcesDefaults } from '../../validation/admission-rules.ts';
import { listOf } from '../../validation/field-errors.ts';
import { semanticEqual } from '../../validation/semantic-equal.ts';
import {
  validatingAdmissionPolicyBindingErrors,
  validatingAdmissionPolicyErrors,
  validatingAdmissionPolicyStatusErrors,
} from '../../validation/validating-admission-policy.ts';
import { ageOf, strategyOf, updateOf } from '../shared.ts';
import { paramKindCell, paramRefCell } from './cells.ts';
import { type PolicyAccess, paramKindRefusal, paramRefRefusal } from './policy-access.ts';

/** What of the metadata does not change through /status. Upstream: `ResetObjectMetaForStatus`. */
const KEPT_METADATA = ['labels', 'annotations', 'finalizers', 'ownerReferences', 'deletionTimestamp', 'generation'] as const;

/** Upstream: `pkg/registry/admissionregistration/validatingadmissionpolicy`, `ValidateValidatingAdmissionPolicy`. */
export const validatingAdmissionPolicyStrategy = (access: PolicyAccess): Strategy<ValidatingAdmissionPolicy> =>
  strategyOf<ValidatingAdmissionPolicy>({
    allowUnconditionalUpdate: false,
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
    validateCreate: (context, policy) => withAccess(validatingAdmissionPolicyErrors(policy), () => kindErrors(access, context, policy)),
    validateUpdate: (context, policy, old) => {
      const isKnown = semanticEqual(policy.spec.paramKind, old.spec.paramKind);
      return withAccess(validatingAdmissionPolicyErrors(policy, old), () => (isKnown ? [] : kindErrors(access, context, policy)));
    },
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
export const validatingAdmissionPolicyBindingStrategy = (
  access: PolicyAccess,
  objects: ObjectReader,
): Strategy<ValidatingAdmissionPolicyBinding> => {
  const refErrors = ({ user }: RequestContext, { spec }: ValidatingAdmissionPolicyBinding): FieldError[] => {
    if (!spec.paramRef) return [];
    const kind = admissionregistrationKinds.validatingadmissionpolicies;
    const policy = objects.get<ValidatingAdmissionPolicy>(kind, '', spec.policyName ?? '');
    return forbidden('spec.paramRef', paramRefRefusal(access, user, spec.paramRef, policy?.spec.paramKind));
  };
  const validate = (context: RequestContext, binding: ValidatingAdmissionPolicyBinding): FieldError[] =>
    withAccess(validatingAdmissionPolicyBindingErrors(binding.spec), () => refErrors(context, binding));
  return strategyOf<ValidatingAdmissionPolicyBinding>({
    allowUnconditionalUpdate: false,
    setDefaults: ({ spec }) => {
      setMatchResourcesDefaults(spec.matchResources);
    },
    prepareForCreate: (_context, { metadata }) => {
      metadata.generation = 1;
    },
    prepareForUpdate: (_context, binding, old) => {
      raiseGeneration(binding, old);
    },
    validateCreate: validate,
    validateUpdate: validate,
    tableRow: ({ metadata, spec }, now) => [
      metadata.name,
      spec.policyName ?? '',
      paramRefCell(spec.paramRef),
      ageOf(metadata.creationTimestamp, now),
    ],
  });
};

interface Specified {
  readonly metadata: ObjectMeta;
  readonly spec: unknown;
}

function raiseGeneration({ metadata, spec }: Specified, old: Specified): void {
  const generation = old.metadata.generation ?? 0;
  metadata.generation = semanticEqual(spec, old.spec) ? generation : generation + 1;
}

/** Access is asked for only when all else is well. */
const withAccess = (errors: FieldError[], more: () => FieldError[]): FieldError[] => (errors.length > 0 ? errors : more());

const forbidden = (path: string, refusal: string | undefined): FieldError[] =>
  refusal === undefined ? [] : [fieldError.forbidden(path, refusal)];

const kindErrors = (access: PolicyAccess, { user }: RequestContext, { spec }: ValidatingAdmissionPolicy): FieldError[] =>
  spec.paramKind ? forbidden('spec.paramKind', paramKindRefusal(access, user, spec.paramKind)) : [];

function keepMetadata(metadata: ObjectMeta, old: ObjectMeta): void {
  for (const field of KEPT_METADATA) Object.assign(metadata, { [field]: old[field] });
}
