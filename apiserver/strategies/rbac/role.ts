import {
  type ClusterRole,
  type FieldError,
  fieldError,
  type LabelSelector,
  nameIsPathSegment,
  type PolicyRule,
  type Role,
} from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import { checkLabelSelector } from '../../validation/meta.ts';
import { strategyOf } from '../shared.ts';

/** Upstream: `pkg/registry/rbac/role`, `ValidateRole`. */
export const roleStrategy = strategyOf<Role>({
  formerNames: ['rbac.authorization.k8s.io/v1beta1'],
  metadataLooks: ['whole', 'whole', 'changes'],
  validateName: nameIsPathSegment,
  allowCreateOnUpdate: true,
  validateCreate: (_context, { rules }) => rulesErrors(rules ?? [], true),
  validateUpdate: (_context, { rules }) => twice(rulesErrors(rules ?? [], true)),
});

/** Upstream: `pkg/registry/rbac/clusterrole`, `ValidateClusterRole`. */
export const clusterRoleStrategy = strategyOf<ClusterRole>({
  formerNames: ['rbac.authorization.k8s.io/v1beta1'],
  metadataLooks: ['whole', 'whole', 'changes'],
  validateName: nameIsPathSegment,
  allowCreateOnUpdate: true,
  validateCreate: (_context, role) => clusterRoleErrors(role),
  validateUpdate: (_context, role) => twice(clusterRoleErrors(role)),
});

/** Upstream checks changed roles twice, and says so. */
const twice = (errors: readonly FieldError[]): FieldError[] => [...errors, NEXT_LOOK, ...errors, NEXT_LOOK];

function clusterRoleErrors({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const empty = aggregationRule && (aggregationRule.clusterRoleSelectors?.length ?? 0) === 0;
  return [
    ...rulesErrors(rules ?? [], false),
    ...(empty
      ? [
          fieldError.required(
            'aggregationRule.clusterRoleSelectors',
            'at least one clusterRoleSelector required if aggregationRule is non-nil',
          ),
        ]
      : []),
    ...(aggregationRule?.clusterRoleSelectors ?? []).flatMap((selector, i) => selectorErrors(selector, i)),
  ];
}

/** Upstream looks at a selector twice: the second time there is none to print. */
function selectorErrors(selector: LabelSelector, index: number): FieldError[] {
  const path = `aggregationRule.clusterRoleSelectors[${index}]`;
  const errors: FieldError[] = [];
  checkLabelSelector(errors, path, selector);
  return errors.length === 0 ? [] : [...errors, fieldError.invalid(path, null, 'invalid label selector.')];
}

const rulesErrors = (rules: readonly PolicyRule[], namespaced: boolean): FieldError[] =>
  rules.flatMap((rule, i) => ruleErrors(rule, `rules[${i}]`, namespaced));

function ruleErrors(
  { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule,
  path: string,
  namespaced: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  if ((verbs?.length ?? 0) === 0) errors.push(fieldError.required(`${path}.verbs`, 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    const where = `${path}.nonResourceURLs`;
    if (namespaced) errors.push(fieldError.invalid(where, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
    if (apiGroups.length + resources.length + resourceNames.length > 0) {
      errors.push(fieldError.invalid(where, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs'));
    }
    return errors;
  }
  if (apiGroups.length === 0) errors.push(fieldError.required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  if (resources.length === 0) errors.push(fieldError.required(`${path}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}
