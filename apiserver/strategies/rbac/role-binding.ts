import {
  type ClusterRoleBinding,
  type FieldError,
  fieldError,
  nameIsDnsSubdomain,
  nameIsPathSegment,
  type RoleBinding,
  type Subject,
} from '../../../api/index.ts';
import { NEXT_LOOK } from '../../registry/metadata-validation.ts';
import type { Strategy } from '../../registry/strategy.ts';
import { ageOf, sameJson, strategyOf } from '../shared.ts';

const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** Upstream: `pkg/registry/rbac/rolebinding`, `ValidateRoleBinding`; a binding's role never changes. */
export const roleBindingStrategy: Strategy<RoleBinding> = bindingStrategy<RoleBinding>(['Role', 'ClusterRole'], false);

/** Upstream: `pkg/registry/rbac/clusterrolebinding`. */
export const clusterRoleBindingStrategy: Strategy<ClusterRoleBinding> = bindingStrategy<ClusterRoleBinding>(['ClusterRole'], true);

function bindingStrategy<T extends RoleBinding | ClusterRoleBinding>(roleKinds: readonly string[], clusterWide: boolean): Strategy<T> {
  return strategyOf<T>({
    formerNames: ['rbac.authorization.k8s.io/v1beta1'],
    metadataLooks: ['whole', 'whole', 'changes'],
    validateName: nameIsPathSegment,
    allowCreateOnUpdate: true,
    setDefaults: ({ roleRef, subjects = [] }) => {
      roleRef.apiGroup ||= RBAC_GROUP;
      for (const subject of subjects) if (subject.kind !== 'ServiceAccount') subject.apiGroup ||= RBAC_GROUP;
    },
    validateCreate: (_context, binding) => validate(binding, roleKinds, clusterWide),
    // As upstream: once as what is new, and once as a change.
    validateUpdate: (_context, binding, old) => {
      const errors = validate(binding, roleKinds, clusterWide);
      return [...errors, NEXT_LOOK, ...errors, NEXT_LOOK, ...changedRole(binding, old)];
    },
    tableRow: ({ metadata, roleRef, subjects = [] }, now) => [
      metadata.name,
      `${roleRef.kind}/${roleRef.name}`,
      ageOf(metadata.creationTimestamp, now),
      namesOf(subjects, 'User'),
      namesOf(subjects, 'Group'),
      subjects
        .filter(({ kind }) => kind === 'ServiceAccount')
        .map(({ namespace, name }) => `${namespace ?? ''}/${name}`)
        .join(', '),
    ],
  });
}

const namesOf = (subjects: readonly Subject[], wanted: string): string =>
  subjects
    .filter(({ kind }) => kind === wanted)
    .map(({ name }) => name)
    .join(', ');

function validate({ roleRef, subjects = [] }: RoleBinding, roleKinds: readonly string[], clusterWide: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (roleRef.apiGroup !== RBAC_GROUP) errors.push(fieldError.notSupported('roleRef.apiGroup', roleRef.apiGroup, [RBAC_GROUP]));
  if (!roleKinds.includes(roleRef.kind)) errors.push(fieldError.notSupported('roleRef.kind', roleRef.kind, roleKinds));
  if (roleRef.name === '') errors.push(fieldError.required('roleRef.name'));
  else errors.push(...nameIsPathSegment(roleRef.name, false).map((detail) => fieldError.invalid('roleRef.name', roleRef.name, detail)));
  return [...errors, ...subjects.flatMap((subject, i) => subjectErrors(subject, `subjects[${i}]`, clusterWide))];
}

function subjectErrors({ kind, name, namespace = '', apiGroup = '' }: Subject, path: string, clusterWide: boolean): FieldError[] {
  const errors = name === '' ? [fieldError.required(`${path}.name`)] : [];
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...nameIsDnsSubdomain(name, false).map((detail) => fieldError.invalid(`${path}.name`, name, detail)));
      if (apiGroup !== '') errors.push(fieldError.notSupported(`${path}.apiGroup`, apiGroup, ['']));
      if (namespace === '' && clusterWide) errors.push(fieldError.required(`${path}.namespace`));
      return errors;
    case 'User':
    case 'Group':
      if (apiGroup !== RBAC_GROUP) errors.push(fieldError.notSupported(`${path}.apiGroup`, apiGroup, [RBAC_GROUP]));
      return errors;
    default:
      return [...errors, fieldError.notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}

/** Go's internal names: the object is printed as upstream's struct. */
function changedRole({ roleRef }: RoleBinding, old: RoleBinding): FieldError[] {
  if (sameJson(roleRef, old.roleRef)) return [];
  return [fieldError.invalid('roleRef', { APIGroup: roleRef.apiGroup, Kind: roleRef.kind, Name: roleRef.name }, 'cannot change roleRef')];
}
