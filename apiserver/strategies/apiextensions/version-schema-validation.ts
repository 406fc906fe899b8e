import { type CustomResourceValidation, type FieldError, fieldError, type JSONSchemaProps } from '../../../api/index.ts';
import { structuralProblem, validateDefaults, validateStructural } from '../../custom-resources/schema/index.ts';
import { goFieldsOf, goSchema } from './go-forms.ts';
import { validateSchema } from './schema-validation.ts';
import type { ValidationOptions } from './validation-options.ts';

export interface SchemaContext {
  /** Whether objects have a status subresource, whose schema must stand on its own. */
  readonly hasStatus: boolean;
  /** Whether the schema is as it was before an update. */
  readonly isUnchanged: boolean;
}

/**
 * What is wrong with the schema of one version, or of all: upstream's `validateCustomResourceDefinitionValidation`. First the root, then the
 * structure or, if that is sound, the defaults, then each schema for itself, then, if structure and defaults were sound, the CEL rules.
 */
export function validateVersionSchema(
  validation: CustomResourceValidation | undefined,
  path: string,
  context: SchemaContext,
  options: ValidationOptions,
): FieldError[] {
  const schema = validation?.openAPIV3Schema;
  if (!schema) return [];
  const at = `${path}.openAPIV3Schema`;
  const root = rootErrors(schema, at, context);
  const problem = options.requireStructural ? structuralProblem(schema) : undefined;
  const structure = options.requireStructural && problem === undefined ? structureErrors(schema, at, options) : [];
  const own = validateSchema(schema, at, options);
  const errors = [...root, ...structure, ...own];
  if (problem !== undefined) return errors.length > 0 ? errors : [fieldError.invalid(at, '', problem)];
  if (!options.requireStructural || structure.length > 0) return errors;
  const rules = options.validateRules?.(schema, {
    path: at,
    hasSchemaErrors: (below) => own.some(({ field }) => isAtOrBelow(field, below)),
    existing: options.existing,
    ignoresExpressionCost: context.isUnchanged,
  });
  return [...errors, ...(rules ?? [])];
}

function structureErrors(schema: JSONSchemaProps, path: string, options: ValidationOptions): FieldError[] {
  const errors = validateStructural(schema, path);
  if (errors.length > 0) return errors;
  return validateDefaults(schema, path, {
    requirePruned: options.requirePrunedDefaults,
    evaluateRules: (node, value, at) => options.evaluateDefault?.(node, value, at) ?? [],
  });
}

const isAtOrBelow = (field: string, path: string): boolean =>
  field.startsWith(path) && (field.length === path.length || field[path.length] === '.' || field[path.length] === '[');

/** What a root may say without losing it when the status is looked at by itself. */
const ALLOWED_AT_ROOT = [
  'Description',
  'Type',
  'Format',
  'Title',
  'Maximum',
  'ExclusiveMaximum',
  'Minimum',
  'ExclusiveMinimum',
  'MaxLength',
  'MinLength',
  'Pattern',
  'MaxItems',
  'MinItems',
  'UniqueItems',
  'MultipleOf',
  'Required',
  'Items',
  'Properties',
  'ExternalDocs',
  'Example',
  'XPreserveUnknownFields',
  'XValidations',
];

function rootErrors(schema: JSONSchemaProps, path: string, { hasStatus }: SchemaContext): FieldError[] {
  return [
    ...(hasStatus ? statusRootErrors(schema, path) : []),
    ...(schema.nullable ? [fieldError.forbidden(`${path}.nullable`, 'nullable cannot be true at the root')] : []),
  ];
}

/** The first thing that is wrong with the root. */
function statusRootErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  for (const name of goFieldsOf(schema)) {
    if (name === 'Type' && schema.type !== 'object') {
      const detail = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
      return [fieldError.invalid(`${path}.type`, schema.type, detail)];
    }
    if (!ALLOWED_AT_ROOT.includes(name)) {
      const allowed = `[${ALLOWED_AT_ROOT.join(' ')}]`;
      const detail = `only ${allowed} fields are allowed at the root of the schema if the status subresource is enabled`;
      return [fieldError.invalid(path, goSchema(schema), detail)];
    }
  }
  return [];
}
