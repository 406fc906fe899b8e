// What is wrong with the smaller parts of a CRD's version: its columns, its subresources, its selectable fields, its deprecation.
import {
  type CustomResourceColumnDefinition,
  type CustomResourceSubresources,
  type FieldError,
  fieldError,
  type JSONSchemaProps,
  type SelectableField,
} from '../../../api/index.ts';
import { FieldPathError, type FoundField, followFieldPath } from '../../custom-resources/schema/index.ts';

/** Fields that objects may be selected by. */
const SELECTABLE_FIELDS_MAX = 8;
const DEPRECATION_WARNING_BYTES_MAX = 256;

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

const oneOf = (values: readonly string[]): string => `must be one of ${values.join(',')}`;

/** Upstream's `ValidateCustomResourceColumnDefinition`. */
export function validateColumn({ name, type, format, jsonPath }: CustomResourceColumnDefinition, path: string): FieldError[] {
  const errors = name ? [] : [fieldError.required(`${path}.name`)];
  if (!type) errors.push(fieldError.required(`${path}.type`, oneOf(COLUMN_TYPES)));
  else if (!COLUMN_TYPES.includes(type)) errors.push(fieldError.invalid(`${path}.type`, type, oneOf(COLUMN_TYPES)));
  if (format && !COLUMN_FORMATS.includes(format)) errors.push(fieldError.invalid(`${path}.format`, format, oneOf(COLUMN_FORMATS)));
  if (!jsonPath) errors.push(fieldError.required(`${path}.JSONPath`));
  else errors.push(...validatePath(jsonPath, `${path}.JSONPath`));
  return errors;
}

const validatePath = (value: string, path: string): FieldError[] =>
  value.startsWith('.') ? [] : [fieldError.invalid(path, value, 'must be a simple json path starting with .')];

/** Upstream's `ValidateCustomResourceDefinitionSubresources`. */
export function validateSubresources(subresources: CustomResourceSubresources | undefined, path: string): FieldError[] {
  const scale = subresources?.scale;
  if (!scale) return [];
  return [
    ...validateScalePath(scale.specReplicasPath, `${path}.scale.specReplicasPath`, SPEC),
    ...validateScalePath(scale.statusReplicasPath, `${path}.scale.statusReplicasPath`, STATUS),
    ...(scale.labelSelectorPath ? validateScalePath(scale.labelSelectorPath, `${path}.scale.labelSelectorPath`, EITHER) : []),
  ];
}

interface Root {
  readonly prefixes: readonly string[];
  readonly detail: string;
}

const SPEC: Root = { prefixes: ['.spec.'], detail: 'should be a json path under .spec' };
const STATUS: Root = { prefixes: ['.status.'], detail: 'should be a json path under .status' };
const EITHER: Root = { prefixes: ['.spec.', '.status.'], detail: 'should be a json path under either .spec or .status' };

function validateScalePath(value: string, path: string, { prefixes, detail }: Root): FieldError[] {
  if (!value) return [fieldError.required(path)];
  const errors = validatePath(value, path);
  if (errors.length > 0 || prefixes.some((prefix) => value.startsWith(prefix))) return errors;
  return [fieldError.invalid(path, value, detail)];
}

/** Upstream's `ValidateCustomResourceSelectableFields`. */
export function validateSelectableFields(fields: readonly SelectableField[], schema: JSONSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const unique = new Set<string>();
  fields.forEach(({ jsonPath }, i) => {
    const at = `${path}[${i}].jsonPath`;
    if (!jsonPath) {
      errors.push(fieldError.required(at));
      return;
    }
    const found = follow(jsonPath, schema);
    if (found instanceof FieldPathError) errors.push(fieldError.invalid(at, jsonPath, `is an invalid path: ${found.message}`));
    else {
      errors.push(...validateSelectable(found, jsonPath, at));
      if (unique.has(found.path)) errors.push(fieldError.duplicate(at, jsonPath));
      unique.add(found.path);
    }
  });
  if (unique.size > SELECTABLE_FIELDS_MAX) errors.push(fieldError.tooMany(path, unique.size, SELECTABLE_FIELDS_MAX));
  return errors;
}

function follow(jsonPath: string, schema: JSONSchemaProps): FoundField | FieldPathError {
  try {
    return followFieldPath(jsonPath, schema, false);
  } catch (error) {
    if (error instanceof FieldPathError) return error;
    throw error;
  }
}

function validateSelectable({ root, schema }: FoundField, jsonPath: string, path: string): FieldError[] {
  const isScalar = ['string', 'boolean', 'integer'].includes(schema?.type ?? '');
  const detail = 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.';
  return [
    ...(root === 'metadata' ? [fieldError.invalid(path, jsonPath, 'must not point to fields in metadata')] : []),
    ...(isScalar ? [] : [fieldError.invalid(path, jsonPath, detail)]),
  ];
}

/** Upstream's `validateDeprecationWarning`. */
export function validateDeprecation(deprecated: boolean, warning: string | undefined, path: string): FieldError[] {
  if (warning === undefined) return [];
  return deprecationProblems(deprecated, warning).map((detail) => fieldError.invalid(path, warning, detail));
}

function deprecationProblems(deprecated: boolean, warning: string): string[] {
  if (!deprecated) return ['can only be set for deprecated versions'];
  const odd = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(warning);
  return [
    ...(Buffer.byteLength(warning) > DEPRECATION_WARNING_BYTES_MAX ? ['must be <= 256 characters long'] : []),
    ...(warning === '' ? ['must not be an empty string'] : []),
    ...(odd
      ? [
          'must only contain printable UTF-8 characters; non-printable character found at index ' +
            String(Buffer.byteLength(warning.slice(0, odd.index))),
        ]
      : []),
  ];
}
