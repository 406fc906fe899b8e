// What is wrong with a CRD's spec: upstream's `validateCustomResourceDefinitionSpec` (apiextensions-apiserver,
// `pkg/apis/apiextensions/validation/validation.go`).
import {
  type CustomResourceSubresources,
  type FieldError,
  fieldError,
  isDns1035Label,
  isDns1123Subdomain,
  type JSONSchemaProps,
} from '../../../api/index.ts';
import { structuralProblem } from '../../custom-resources/schema/index.ts';
import { validateConversion } from './conversion-validation.ts';
import { goVersions } from './go-forms.ts';
import { anySchemaOf, type InternalSpec, type InternalVersion, type PerVersion } from './internal-spec.ts';
import { validateNames, validateRequiredNames } from './names-validation.ts';
import { validateColumn, validateDeprecation, validateSelectableFields, validateSubresources } from './parts-validation.ts';
import type { ValidationOptions } from './validation-options.ts';
import { validateVersionSchema } from './version-schema-validation.ts';

const PATH = 'spec';

export function validateSpec(spec: InternalSpec, given: ValidationOptions): FieldError[] {
  const hasDefaults = anySchemaOf(spec, ({ default: value }) => value !== undefined && value !== null);
  const options = { ...given, requireStructural: given.requireStructural || mustBeStructural(spec, hasDefaults) };
  return [
    ...groupErrors(spec.group),
    ...scopeErrors(spec.scope),
    ...missingSchemaErrors(spec, options),
    ...(hasDefaults && spec.preserveUnknownFields
      ? [fieldError.invalid(`${PATH}.preserveUnknownFields`, true, 'must be false in order to use defaults in the schema')]
      : []),
    ...spec.versions.flatMap((version, i) => versionErrors(spec, version, `${PATH}.versions[${i}]`, options)),
    ...togetherErrors(spec),
    ...validateRequiredNames(spec.names, `${PATH}.names`),
    ...validateNames(spec.names, `${PATH}.names`),
    ...sharedErrors(spec, options),
    ...(spec.conversion && spec.conversion.strategy !== 'None' && spec.preserveUnknownFields
      ? [fieldError.invalid(`${PATH}.conversion.strategy`, spec.conversion.strategy, 'must be None if spec.preserveUnknownFields is true')]
      : []),
    ...validateConversion(spec.conversion, `${PATH}.conversion`, options),
  ];
}

/** What prunes, has defaults or uses Kubernetes' extensions must be structural, whatever it was before. */
const mustBeStructural = (spec: InternalSpec, hasDefaults: boolean): boolean =>
  !spec.preserveUnknownFields || hasDefaults || anySchemaOf(spec, hasExtensions);

const hasExtensions = (schema: JSONSchemaProps): boolean =>
  schema['x-kubernetes-embedded-resource'] === true ||
  schema['x-kubernetes-preserve-unknown-fields'] !== undefined ||
  schema['x-kubernetes-int-or-string'] === true ||
  (schema['x-kubernetes-list-map-keys']?.length ?? 0) > 0 ||
  schema['x-kubernetes-list-type'] !== undefined ||
  (schema['x-kubernetes-validations']?.length ?? 0) > 0;

function groupErrors(group: string): FieldError[] {
  const path = `${PATH}.group`;
  if (!group) return [fieldError.required(path)];
  const problems = isDns1123Subdomain(group);
  if (problems.length > 0) return [fieldError.invalid(path, group, problems.join(','))];
  return group.includes('.') ? [] : [fieldError.invalid(path, group, 'should be a domain with at least one dot')];
}

function scopeErrors(scope: string): FieldError[] {
  const path = `${PATH}.scope`;
  if (!scope) return [fieldError.required(path)];
  const scopes = ['Cluster', 'Namespaced'];
  return scopes.includes(scope) ? [] : [fieldError.notSupported(path, scope, scopes)];
}

function missingSchemaErrors({ shared, versions, preserveUnknownFields }: InternalSpec, options: ValidationOptions): FieldError[] {
  if (shared.schema?.openAPIV3Schema || (!options.requireSchema && preserveUnknownFields)) return [];
  const detail = options.requireSchema ? '' : 'because otherwise all fields are pruned';
  return versions.flatMap(({ schema, served }, i) =>
    schema?.openAPIV3Schema || !(options.requireSchema || served)
      ? []
      : [fieldError.required(`${PATH}.versions[${i}].schema.openAPIV3Schema`, detail)],
  );
}

function versionErrors(spec: InternalSpec, version: InternalVersion, path: string, options: ValidationOptions): FieldError[] {
  const problems = isDns1035Label(version.name);
  const hasOwnSubresources = spec.versions.some(({ subresources }) => subresources);
  const subresources = hasOwnSubresources
    ? spec.versions.find(({ name }) => name === version.name)?.subresources
    : spec.shared.subresources;
  const context = { hasStatus: hasStatus(subresources), isUnchanged: options.unchanged.has(version.name) };
  return [
    ...(problems.length > 0 ? [fieldError.invalid(`${path}.name`, version.name, problems.join(','))] : []),
    ...validateDeprecation(version.deprecated, version.deprecationWarning, `${path}.deprecationWarning`),
    ...validateVersionSchema(version.schema, `${path}.schema`, context, options),
    ...validateSubresources(version.subresources, `${path}.subresources`),
    ...version.columns.flatMap((column, i) => validateColumn(column, `${path}.additionalPrinterColumns[${i}]`)),
    ...selectableErrors(version, path, 'may only be set when `version.schema.openAPIV3Schema` is not included'),
  ];
}

const hasStatus = (subresources: CustomResourceSubresources | undefined): boolean => subresources?.status !== undefined;

function selectableErrors({ selectableFields, schema }: PerVersion, path: string, missing: string): FieldError[] {
  if (selectableFields.length === 0) return [];
  const props = schema?.openAPIV3Schema;
  if (!props) return [fieldError.invalid(`${path}.selectableFields`, '', missing)];
  const problem = structuralProblem(props);
  if (problem !== undefined) return [fieldError.invalid(`${path}.schema.openAPIV3Schema`, '', problem)];
  return validateSelectableFields(selectableFields, props, `${path}.selectableFields`);
}

/** Errors in what is said once for all versions. */
function sharedErrors(spec: InternalSpec, options: ValidationOptions): FieldError[] {
  const { shared, versions } = spec;
  const context = {
    hasStatus: [shared, ...versions].some(({ subresources }) => hasStatus(subresources)),
    isUnchanged: options.unchanged.has(spec.version),
  };
  return [
    ...validateVersionSchema(shared.schema, `${PATH}.validation`, context, options),
    ...validateSubresources(shared.subresources, `${PATH}.subresources`),
    ...shared.columns.flatMap((column, i) => validateColumn(column, `${PATH}.additionalPrinterColumns[${i}]`)),
    ...selectableErrors(shared, PATH, 'may only be set when validations.schema is included'),
  ];
}

/** Errors in the versions taken together. */
function togetherErrors(spec: InternalSpec): FieldError[] {
  const { version, versions } = spec;
  const path = `${PATH}.versions`;
  const invalid = (detail: string): FieldError => fieldError.invalid(path, goVersions(spec), detail);
  const problems = version === '' ? [] : isDns1035Label(version);
  return [
    ...(new Set(versions.map(({ name }) => name)).size < versions.length ? [invalid('must contain unique version names')] : []),
    ...(versions.filter(({ storage }) => storage).length === 1 ? [] : [invalid('must have exactly one version marked as storage version')]),
    ...(problems.length > 0 ? [fieldError.invalid(`${PATH}.version`, version, problems.join(','))] : []),
  ];
}
