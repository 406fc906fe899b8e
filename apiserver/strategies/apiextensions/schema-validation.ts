// What is wrong with one schema, whatever its place: upstream's `ValidateCustomResourceDefinitionOpenAPISchema` without the compilation of
// CEL rules (apiextensions-apiserver, `pkg/apis/apiextensions/validation/validation.go`).
import { type FieldError, fieldError, type JSONSchemaProps, type ValidationRule } from '../../../api/index.ts';
import {
  FieldPathError,
  followFieldPath,
  isSchema,
  itemsOf,
  propertiesOf,
  structuralProblem,
} from '../../custom-resources/schema/index.ts';
import { goItems } from './go-forms.ts';

export interface SchemaOptions {
  readonly requireValidType: boolean;
  readonly requireAtomicSet: boolean;
  readonly requireMapKeys: boolean;
}

interface Place {
  readonly options: SchemaOptions;
  readonly isRoot: boolean;
  /** Whether it is about the apiVersion, kind or metadata of an object. */
  readonly insideMeta: boolean;
  /** Why there may be no defaults; undefined where there may. */
  readonly noDefaults: string | undefined;
}

const META_FIELDS: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);
const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** What is wrong with a custom resource's schema and with all inside it. */
export const validateSchema = (schema: JSONSchemaProps, path: string, options: SchemaOptions): FieldError[] =>
  schemaErrors(schema, path, { options, isRoot: true, insideMeta: false, noDefaults: undefined });

function schemaErrors(schema: JSONSchemaProps, path: string, place: Place): FieldError[] {
  return [
    ...standardErrors(schema, path, place),
    ...(schema.uniqueItems
      ? [fieldError.forbidden(`${path}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic')]
      : []),
    ...innerErrors(schema, path, place),
    ...(schema['x-kubernetes-preserve-unknown-fields'] === false
      ? [fieldError.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined')]
      : []),
    ...mapTypeErrors(schema, path),
    ...listTypeErrors(schema, path, place.options),
    ...listMapKeysErrors(schema, path),
    ...(place.options.requireMapKeys ? mapItemErrors(schema, path) : []),
    ...(schema['x-kubernetes-validations'] ?? []).flatMap((rule, i) => ruleErrors(schema, rule, `${path}.x-kubernetes-validations[${i}]`)),
  ];
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;
const isFilled = (value: object | undefined | null): boolean => Object.keys(value ?? {}).length > 0;

/** What Kubernetes leaves of OpenAPI: upstream's `specStandardValidatorV3`. */
function standardErrors(schema: JSONSchemaProps, path: string, { options, insideMeta, noDefaults }: Place): FieldError[] {
  const { type, items } = schema;
  const forbidden = (name: string, detail = `${name} is not supported`): FieldError => fieldError.forbidden(`${path}.${name}`, detail);
  return [
    ...(options.requireValidType && type && !TYPES.includes(type) ? [fieldError.notSupported(`${path}.type`, type, TYPES)] : []),
    ...(isSet(schema.default) && noDefaults !== undefined ? [forbidden('default', `must not be set ${noDefaults}`)] : []),
    ...(schema.id ? [forbidden('id')] : []),
    ...(isSet(schema.additionalItems) ? [forbidden('additionalItems')] : []),
    ...(isFilled(schema.patternProperties) ? [forbidden('patternProperties')] : []),
    ...(isFilled(schema.definitions) ? [forbidden('definitions')] : []),
    ...(isSet(schema.dependencies) ? [forbidden('dependencies')] : []),
    ...(isSet(schema.$ref) ? [forbidden('$ref')] : []),
    ...(type === 'null' ? [forbidden('type', 'type cannot be set to null, use nullable as an alternative')] : []),
    ...(Array.isArray(items) && items.length > 0 ? [forbidden('items', 'items must be a schema object and not an array')] : []),
    ...(insideMeta && schema['x-kubernetes-embedded-resource']
      ? [forbidden('x-kubernetes-embedded-resource', 'must not be used inside of resource meta')]
      : []),
  ];
}

/** Errors of the schemas inside a schema. */
function innerErrors(schema: JSONSchemaProps, path: string, outer: Place): FieldError[] {
  const place = { ...outer, isRoot: false };
  const joined = (['allOf', 'oneOf', 'anyOf'] as const).flatMap((name) =>
    (schema[name] ?? []).flatMap((part, i) => schemaErrors(part, `${path}.${name}[${i}]`, place)),
  );
  const { items } = schema;
  return [
    ...additionalErrors(schema, path, place),
    ...propertiesOf(schema).flatMap(([name, child]) =>
      schemaErrors(child, `${path}.properties[${name}]`, propertyPlace(schema, name, outer)),
    ),
    ...(schema.not ? schemaErrors(schema.not, `${path}.not`, place) : []),
    ...joined,
    ...namedErrors(schema.definitions, `${path}.definitions`, place),
    ...(isSchema(items) ? schemaErrors(items, `${path}.items`, place) : []),
    ...(Array.isArray(items) ? items.flatMap((item, i) => schemaErrors(item, `${path}.items[${i}]`, place)) : []),
    ...namedErrors(schema.dependencies, `${path}.dependencies`, place),
  ];
}

const namedErrors = (schemas: Readonly<Record<string, unknown>> | undefined, path: string, place: Place): FieldError[] =>
  Object.entries(schemas ?? {}).flatMap(([name, schema]) => (isSchema(schema) ? schemaErrors(schema, `${path}[${name}]`, place) : []));

function additionalErrors(schema: JSONSchemaProps, path: string, place: Place): FieldError[] {
  const { additionalProperties: more } = schema;
  if (more === undefined || more === null) return [];
  const at = `${path}.additionalProperties`;
  const inner = place.insideMeta ? { ...place, noDefaults: 'inside additionalProperties applying to object metadata' } : place;
  return [
    ...(isFilled(schema.properties) && more !== true
      ? [fieldError.forbidden(at, 'additionalProperties and properties are mutual exclusive')]
      : []),
    ...(isSchema(more) ? schemaErrors(more, at, inner) : []),
  ];
}

function propertyPlace(schema: JSONSchemaProps, name: string, outer: Place): Place {
  const isMeta = (outer.isRoot || schema['x-kubernetes-embedded-resource'] === true) && META_FIELDS.has(name);
  return {
    ...outer,
    isRoot: false,
    insideMeta: outer.insideMeta || isMeta,
    noDefaults: isMeta && outer.isRoot ? `in top-level ${name}` : outer.noDefaults,
  };
}

/** A type that has to be another one, or is missing. */
const typeError = (path: string, type: string | undefined, detail: string): FieldError =>
  type ? fieldError.invalid(`${path}.type`, type, detail) : fieldError.required(`${path}.type`, detail);

function mapTypeErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return [];
  const values = ['atomic', 'granular'];
  return [
    ...(schema.type === 'object' ? [] : [typeError(path, schema.type, 'must be object if x-kubernetes-map-type is specified')]),
    ...(values.includes(mapType) ? [] : [fieldError.notSupported(`${path}.x-kubernetes-map-type`, mapType, values)]),
  ];
}

function listTypeErrors(schema: JSONSchemaProps, path: string, { requireAtomicSet }: SchemaOptions): FieldError[] {
  const listType = schema['x-kubernetes-list-type'];
  if (listType === undefined) return [];
  const values = ['atomic', 'set', 'map'];
  return [
    ...(schema.type === 'array'
      ? requireAtomicSet
        ? setItemErrors(schema, path)
        : []
      : [typeError(path, schema.type, 'must be array if x-kubernetes-list-type is specified')]),
    ...(values.includes(listType) ? [] : [fieldError.notSupported(`${path}.x-kubernetes-list-type`, listType, values)]),
  ];
}

/** The items of a set have no parts of their own. */
function setItemErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  if (!hasCompoundSetItems(schema)) return [];
  const items = itemsOf(schema);
  const name = items?.type === 'array' ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type';
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  return [fieldError.invalid(`${path}.items.${name}`, items?.['x-kubernetes-list-type'], detail)];
}

/** Whether a schema is that of a set whose items have parts. */
export function hasCompoundSetItems(schema: JSONSchemaProps): boolean {
  const items = schema['x-kubernetes-list-type'] === 'set' ? itemsOf(schema) : undefined;
  if (items?.type === 'array') return (items['x-kubernetes-list-type'] ?? 'atomic') !== 'atomic';
  return items?.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic';
}

function listMapKeysErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const listType = schema['x-kubernetes-list-type'];
  const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
  if (listType === 'map') return mapListErrors(schema, keys, path);
  if (keys.length === 0) return [];
  const at = `${path}.x-kubernetes-list-type`;
  return [listType === undefined ? fieldError.required(at, detail) : fieldError.invalid(at, listType, detail)];
}

function mapListErrors(schema: JSONSchemaProps, keys: readonly string[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (keys.length === 0) {
    errors.push(fieldError.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  }
  const items = itemsOf(schema);
  if (!isSet(schema.items)) {
    errors.push(fieldError.required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
  } else if (!items) {
    const detail = 'must only have a single schema if x-kubernetes-list-type is map';
    errors.push(fieldError.invalid(`${path}.items`, goItems(schema.items), detail));
  } else if (items.type !== 'object') {
    const detail = "must be object if parent array's x-kubernetes-list-type is map";
    errors.push(fieldError.invalid(`${path}.items.type`, items.type ?? '', detail));
  } else errors.push(...keys.flatMap((key, i) => keyErrors(items, { key, isDouble: keys.indexOf(key) < i, keys }, path)));
  return errors;
}

interface Key {
  readonly key: string;
  readonly isDouble: boolean;
  readonly keys: readonly string[];
}

function keyErrors(items: JSONSchemaProps, { key, isDouble, keys }: Key, path: string): FieldError[] {
  const property = items.properties?.[key];
  const at = `${path}.x-kubernetes-list-map-keys`;
  const errors: FieldError[] = [];
  if (!property) errors.push(fieldError.invalid(at, keys, 'entries must all be names of item properties'));
  else if (property.type === 'array' || property.type === 'object') {
    const detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    errors.push(fieldError.invalid(`${path}.items.properties[${key}].type`, items.type, detail));
  }
  if (isDouble) errors.push(fieldError.invalid(at, keys, 'must not contain duplicate entries'));
  return errors;
}

/** Items of sets and maps, and the keys of the latter, are always there: upstream's `validateMapListKeysMapSet`. */
export function mapItemErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  const items = itemsOf(schema);
  const listType = schema['x-kubernetes-list-type'];
  if (!items || (listType !== 'set' && listType !== 'map')) return [];
  const errors = items.nullable
    ? [fieldError.forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`)]
    : [];
  if (listType === 'set') return errors;
  const about = 'this property is in x-kubernetes-list-map-keys, so it';
  for (const key of schema['x-kubernetes-list-map-keys'] ?? []) {
    const property = items.properties?.[key];
    const at = `${path}.items.properties[${key}]`;
    if (property && !items.required?.includes(key) && !isSet(property.default)) {
      errors.push(fieldError.required(`${at}.default`, `${about} must have a default or be a required property`));
    }
    if (property?.nullable) errors.push(fieldError.forbidden(`${at}.nullable`, `${about} cannot be nullable`));
  }
  return errors;
}

const hasNewlines = (text: string): boolean => /[\n\r]/.test(text);

/** What is wrong with what surrounds a rule's expression. */
function ruleErrors(schema: JSONSchemaProps, rule: ValidationRule, path: string): FieldError[] {
  const { messageExpression = '', reason } = rule;
  return [
    ...messageErrors(rule, path),
    ...(messageExpression !== '' && messageExpression.trim() === ''
      ? [fieldError.required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified')]
      : []),
    ...(reason !== undefined && !REASONS.includes(reason) ? [fieldError.notSupported(`${path}.reason`, reason, REASONS)] : []),
    ...fieldPathErrors(schema, rule.fieldPath ?? '', `${path}.fieldPath`),
  ];
}

function messageErrors({ rule, message = '' }: ValidationRule, path: string): FieldError[] {
  const at = `${path}.message`;
  const trimmed = message.trim();
  if (rule.trim() === '') return [fieldError.required(`${path}.rule`, 'rule is not specified')];
  if (message !== '' && trimmed === '') return [fieldError.invalid(at, message, 'must be non-empty if specified')];
  if (hasNewlines(trimmed)) return [fieldError.invalid(at, message, 'must not contain line breaks')];
  if (hasNewlines(rule.trim()) && trimmed === '') {
    return [fieldError.required(at, 'message must be specified if rule contains line breaks')];
  }
  return [];
}

function fieldPathErrors(schema: JSONSchemaProps, fieldPath: string, path: string): FieldError[] {
  if (fieldPath === '') return [];
  return [
    ...(fieldPath.trim() === '' ? [fieldError.invalid(path, fieldPath, 'must be non-empty if specified')] : []),
    ...(hasNewlines(fieldPath) ? [fieldError.invalid(path, fieldPath, 'must not contain line breaks')] : []),
    ...(leadsSomewhere(schema, fieldPath) ? [] : [fieldError.invalid(path, fieldPath, 'must be a valid path')]),
  ];
}

function leadsSomewhere(schema: JSONSchemaProps, fieldPath: string): boolean {
  if (structuralProblem(schema) !== undefined) return true;
  try {
    followFieldPath(fieldPath, schema);
    return true;
  } catch (error) {
    if (error instanceof FieldPathError) return false;
    throw error;
  }
}
