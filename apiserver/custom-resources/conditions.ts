// What the server says of a definition by itself: upstream's `pkg/controller/{nonstructuralschema,apiapproval,establish}`
// (apiextensions-apiserver).
import { type FieldError, fieldError } from '../../api/index.ts';
import { approvalOf, isProtectedGroup } from '../strategies/apiextensions/approval.ts';
import { validateCaBundle } from '../validation/webhook.ts';
import { type Crd, conditionOf, type Finding, isConditionTrue, isEquivalent } from './definition.ts';
import { structuralProblem, validateStructural } from './schema/index.ts';

const APPROVAL = {
  invalid: { status: 'False', reason: 'InvalidAnnotation' },
  missing: { status: 'False', reason: 'MissingAnnotation' },
  approved: { status: 'True', reason: 'ApprovedAnnotation' },
  bypassed: { status: 'False', reason: 'UnapprovedAnnotation' },
} as const;

/** Conditions that are to be said, or no longer. */
export interface ConditionChanges {
  readonly set: readonly Finding[];
  readonly remove: readonly string[];
}

/** What has to change in the conditions that follow from the definition alone. */
export function planConditions(crd: Crd): ConditionChanges {
  const findings = { NonStructuralSchema: nonStructural(crd), KubernetesAPIApprovalPolicyConformant: approval(crd) };
  const set = Object.values(findings).filter((finding) => finding !== undefined);
  return {
    set: set.filter((finding) => !isEquivalent(finding, conditionOf(crd, finding.type))),
    // A group's being protected never changes.
    remove: findings.NonStructuralSchema || !conditionOf(crd, 'NonStructuralSchema') ? [] : ['NonStructuralSchema'],
  };
}

function nonStructural({ spec }: Crd): Finding | undefined {
  const errors: FieldError[] = spec.preserveUnknownFields
    ? [fieldError.invalid('spec.preserveUnknownFields', spec.preserveUnknownFields, 'must be false')]
    : [];
  for (const [index, { name, schema }] of (spec.versions ?? []).entries()) {
    const root = schema?.openAPIV3Schema;
    if (!root) continue;
    const problem = structuralProblem(root);
    if (problem !== undefined) {
      const message = `failed to check validation schema for version ${name}: ${problem}`;
      return { type: 'NonStructuralSchema', status: 'Unknown', reason: 'StructuralError', message };
    }
    errors.push(...validateStructural(root, `spec.versions[${index}].schema.openAPIV3Schema`));
  }
  if (errors.length === 0) return undefined;
  const texts = [...new Set(errors.map(({ field, body }) => `${field}: ${body}`))];
  const message = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return { type: 'NonStructuralSchema', status: 'True', reason: 'Violations', message };
}

function approval(crd: Crd): Finding | undefined {
  if (!isProtectedGroup(crd.spec.group)) return undefined;
  const { state, reason } = approvalOf(crd);
  return { type: 'KubernetesAPIApprovalPolicyConformant', ...APPROVAL[state], message: reason };
}

/** What a definition whose objects can be asked for becomes; undefined when it is that already, or may not. */
export function planEstablished(crd: Crd): Finding | undefined {
  if (!isConditionTrue(crd, 'NamesAccepted') || isConditionTrue(crd, 'Established')) return undefined;
  const bundle = crd.spec.conversion?.webhook?.clientConfig?.caBundle;
  const finding = bundle && validateCaBundle(bundle, '').length > 0 ? INVALID_CA : ESTABLISHED;
  return isEquivalent(finding, conditionOf(crd, 'Established')) ? undefined : finding;
}

const ESTABLISHED: Finding = {
  type: 'Established',
  status: 'True',
  reason: 'InitialNamesAccepted',
  message: 'the initial names have been accepted',
};
const INVALID_CA: Finding = {
  type: 'Established',
  status: 'False',
  reason: 'InvalidCABundle',
  message: 'The conversion webhook CABundle is invalid',
};
