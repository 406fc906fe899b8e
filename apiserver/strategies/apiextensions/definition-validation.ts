// What is wrong with a CRD: upstream's `pkg/apis/apiextensions/validation` (apiextensions-apiserver), its metadata aside, which the registry
// looks at.
import { type CustomResourceDefinition, type FieldError, fieldError } from '../../../api/index.ts';
import { validateApproval } from './approval.ts';
import { internalSpec } from './internal-spec.ts';
import { validateNames } from './names-validation.ts';
import { validateSpec } from './spec-validation.ts';
import { createOptions, type RuleChecks, updateOptions } from './validation-options.ts';

/** What is wrong with a new CRD. */
export function validateDefinition(crd: CustomResourceDefinition, checks: RuleChecks): FieldError[] {
  return [
    ...nameErrors(crd, 'generateName'),
    ...nameErrors(crd, 'name'),
    ...validateSpec(internalSpec(crd), createOptions(checks)),
    ...validateStatus(crd),
    ...validateStoredVersions(crd),
    ...validateApproval(crd, undefined),
    ...preserveErrors(crd, undefined),
  ];
}

/** What names are, and what they begin with: that there is none is said of any object. */
function nameErrors({ metadata, spec }: CustomResourceDefinition, field: 'name' | 'generateName'): FieldError[] {
  const name = metadata[field];
  if (!name || name === `${spec.names.plural}.${spec.group}`) return [];
  return [fieldError.invalid(`metadata.${field}`, name, 'must be spec.names.plural+"."+spec.group')];
}

/** What is wrong with a changed CRD. */
export function validateDefinitionUpdate(crd: CustomResourceDefinition, old: CustomResourceDefinition, checks: RuleChecks): FieldError[] {
  const spec = internalSpec(crd);
  const options = updateOptions(spec, old, checks);
  const { names, scope, group } = old.spec;
  return [
    ...validateSpec(spec, options),
    ...(options.requireImmutableNames
      ? [...immutable(crd.spec.scope, scope, 'spec.scope'), ...immutable(crd.spec.names.kind, names.kind, 'spec.names.kind')]
      : []),
    ...immutable(crd.spec.group, group, 'spec.group'),
    ...immutable(crd.spec.names.plural, names.plural, 'spec.names.plural'),
    ...validateStatus(crd),
    ...validateStoredVersions(crd),
    ...validateApproval(crd, old),
    ...preserveErrors(crd, old),
  ];
}

/** What is wrong with a CRD's status. */
export const validateStatus = ({ status }: CustomResourceDefinition): FieldError[] =>
  status?.acceptedNames ? validateNames(status.acceptedNames, 'status.acceptedNames') : [];

const immutable = (value: string, old: string, path: string): FieldError[] =>
  value === old ? [] : [fieldError.invalid(path, value, 'field is immutable')];

/** Upstream's `ValidateCustomResourceDefinitionStoredVersions`. */
function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const path = 'status.storedVersions';
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) return [fieldError.invalid(path, status?.storedVersions ?? null, 'must have at least one stored version')];
  const versions = spec.versions ?? [];
  // One that is there twice is found once.
  const isFound = (name: string, i: number): boolean => stored.includes(name) && versions.findIndex((other) => other.name === name) === i;
  const missing = versions.filter(({ name, storage }, i) => storage && !isFound(name, i));
  return [
    ...missing.map(({ name }) => fieldError.invalid(path, stored, `must have the storage version ${name}`)),
    ...stored.flatMap((name, i) => {
      if (versions.some((version) => version.name === name) || stored.lastIndexOf(name) !== i) return [];
      const detail =
        `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ` +
        `ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
      return [fieldError.invalid(`${path}[${i}]`, name, detail)];
    }),
  ];
}

/** Upstream's `validatePreserveUnknownFields`. */
function preserveErrors({ spec }: CustomResourceDefinition, old: CustomResourceDefinition | undefined): FieldError[] {
  if (!spec.preserveUnknownFields || old?.spec.preserveUnknownFields) return [];
  const detail = 'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  return [fieldError.invalid('spec.preserveUnknownFields', true, detail)];
}
