// Whether a schema is structural: upstream's `ValidateStructural` (apiextensions-apiserver, `pkg/apiserver/schema`). A schema has a structure
// (type, items, properties, additionalProperties), and checks of values beside it, whose joined parts may only speak of what the structure
// has, and never say what a type is.

import { compileGoPattern } from '../../../api/cel.ts';
import { type FieldError, fieldError, type JSONSchemaProps } from '../../../api/index.ts';
import {
  additionalOf,
  hasAdditional,
  hasDefault,
  isEmbedded,
  isIntOrString,
  isSchema,
  itemsOf,
  preservesUnknown,
  propertiesOf,
  propertyOf,
} from './structural.ts';

type Level = 'root' | 'item' | 'field';

/** What keeps a schema from being structural, by text. */
export function validateStructural(schema: JSONSchemaProps, path: string): FieldError[] {
  const errors = [...structureErrors(schema, 'root', path), ...completenessErrors(schema, schema, { structure: path, checks: path })];
  const keyed = errors.map((error) => ({ error, key: `${error.field}: ${error.body}` }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ error }) => error);
}

function structureErrors(schema: JSONSchemaProps, level: Level, path: string): FieldError[] {
  const items = itemsOf(schema);
  const values = additionalOf(schema);
  return [
    ...(schema.type === 'array' && !items ? [fieldError.required(`${path}.items`, 'must be specified')] : []),
    ...(items ? structureErrors(items, 'item', `${path}.items`) : []),
    ...propertiesOf(schema).flatMap(([name, child]) => structureErrors(child, 'field', `${path}.properties[${name}]`)),
    ...(hasAdditional(schema) && level === 'root'
      ? [fieldError.forbidden(`${path}.additionalProperties`, 'must not be used at the root')]
      : []),
    ...(values ? structureErrors(values, 'field', `${path}.additionalProperties`) : []),
    ...extensionErrors(schema, path),
    ...checkErrors(schema, path, { any: isIntOrStringAnyOf(schema), first: isIntOrStringAnyOf(schema.allOf?.[0]) }),
    ...typeErrors(schema, level, path),
    ...metaErrors(schema, level, path),
  ];
}

function extensionErrors(schema: JSONSchemaProps, path: string): FieldError[] {
  if (!isIntOrString(schema)) return [];
  const detail = 'must be false if x-kubernetes-int-or-string is true';
  return [
    ...(preservesUnknown(schema) ? [fieldError.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, true, detail)] : []),
    ...(isEmbedded(schema) ? [fieldError.invalid(`${path}.x-kubernetes-embedded-resource`, true, detail)] : []),
  ];
}

const NO_TYPE: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function typeErrors(schema: JSONSchemaProps, level: Level, path: string): FieldError[] {
  const { type } = schema;
  const errors: FieldError[] = [];
  if (isEmbedded(schema) && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    errors.push(type ? fieldError.invalid(`${path}.type`, type, detail) : fieldError.required(`${path}.type`, detail));
  } else if (!type && !isIntOrString(schema) && !preservesUnknown(schema)) {
    errors.push(fieldError.required(`${path}.type`, NO_TYPE[level]));
  }
  if (isEmbedded(schema) && hasAdditional(schema)) {
    errors.push(fieldError.forbidden(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'));
  }
  if (level === 'root' && type && type !== 'object') errors.push(fieldError.invalid(`${path}.type`, type, 'must be object at the root'));
  return errors;
}

/** Of apiVersion, kind and metadata, which every object has, little may be said. */
function metaErrors(schema: JSONSchemaProps, level: Level, path: string): FieldError[] {
  const isObjectOfItsOwn = level === 'root' || isEmbedded(schema);
  const errors = ['kind', 'apiVersion'].flatMap((name) => {
    const child = isObjectOfItsOwn ? propertyOf(schema, name) : undefined;
    if (!child || child.type === 'string') return [];
    return [fieldError.invalid(`${path}.properties[${name}].type`, child.type ?? '', 'must be string')];
  });
  const metadata = propertyOf(schema, 'metadata');
  const metadataPath = `${path}.properties[metadata]`;
  if (metadata && isObjectOfItsOwn && metadata.type !== 'object') {
    errors.push(fieldError.invalid(`${metadataPath}.type`, metadata.type ?? '', 'must be object'));
  }
  if (metadata && level === 'root' && saysMoreThanNames(metadata)) {
    const detail = 'must not specify anything other than name and generateName, but metadata is implicitly specified';
    errors.push(fieldError.forbidden(metadataPath, detail));
  }
  if (isEmbedded(schema) && !preservesUnknown(schema) && propertiesOf(schema).length === 0) {
    const detail = 'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields';
    errors.push(fieldError.required(`${path}.properties`, detail));
  }
  return errors;
}

function saysMoreThanNames({ type: _type, default: _default, properties = {}, ...rest }: JSONSchemaProps): boolean {
  const names = Object.keys(properties);
  return names.some((name) => name !== 'name' && name !== 'generateName') || !saysNothing(rest);
}

/** Documentation that is no part of a structure. */
const BESIDE: ReadonlySet<string> = new Set(['externalDocs', 'example']);

const saysNothing = (schema: JSONSchemaProps): boolean =>
  Object.entries(schema).every(([name, value]) => BESIDE.has(name) || isZero(value));

const isZero = (value: unknown): boolean =>
  value === undefined || value === null || value === false || value === '' || (Array.isArray(value) && value.length === 0);

/** Whether a schema says that a value is an integer or a string, in the one way that is allowed. */
export function isIntOrStringAnyOf(schema: JSONSchemaProps | undefined): boolean {
  const [first, second, ...more] = schema?.anyOf ?? [];
  return more.length === 0 && isJustType(first, 'integer') && isJustType(second, 'string');
}

const isJustType = (schema: JSONSchemaProps | undefined, type: string): boolean =>
  schema?.type === type && saysNothing({ ...schema, type: undefined });

/** Where a type may be said although it is only a check. */
interface Exempt {
  /** The anyOf of the schema itself. */
  readonly any: boolean;
  /** The anyOf of the first schema of its allOf. */
  readonly first: boolean;
}

const NOT_EXEMPT: Exempt = { any: false, first: false };

/** Errors in what is joined to a schema to check its values. */
function checkErrors({ anyOf = [], allOf = [], oneOf = [], not, pattern }: JSONSchemaProps, path: string, exempt: Exempt): FieldError[] {
  const problem = pattern ? compileGoPattern(pattern).error : undefined;
  return [
    ...(exempt.any ? [] : anyOf.flatMap((part, i) => partErrors(part, `${path}.anyOf[${i}]`, NOT_EXEMPT))),
    ...allOf.flatMap((part, i) => partErrors(part, `${path}.allOf[${i}]`, { any: exempt.first && i === 0, first: false })),
    ...oneOf.flatMap((part, i) => partErrors(part, `${path}.oneOf[${i}]`, NOT_EXEMPT)),
    ...(not ? partErrors(not, `${path}.not`, NOT_EXEMPT) : []),
    ...(problem === undefined
      ? []
      : [fieldError.invalid(`${path}.pattern`, pattern, `must be a valid regular expression, but isn't: ${problem}`)]),
  ];
}

const EMPTY = 'must be empty to be structural';
const UNDEFINED = 'must be undefined to be structural';
const FALSE = 'must be false to be structural';

/** What only a structure may say. */
const STRUCTURAL_ONLY: readonly (readonly [string, string, (schema: JSONSchemaProps) => boolean])[] = [
  ['type', EMPTY, ({ type }) => !!type],
  ['additionalProperties', UNDEFINED, ({ additionalProperties: more }) => more === true || isSchema(more)],
  ['default', UNDEFINED, hasDefault],
  ['title', EMPTY, ({ title }) => !!title],
  ['description', EMPTY, ({ description }) => !!description],
  ['nullable', FALSE, ({ nullable }) => nullable === true],
  ['x-kubernetes-preserve-unknown-fields', FALSE, preservesUnknown],
  ['x-kubernetes-embedded-resource', FALSE, isEmbedded],
  ['x-kubernetes-int-or-string', FALSE, isIntOrString],
  ['x-kubernetes-list-map-keys', EMPTY, (schema) => (schema['x-kubernetes-list-map-keys']?.length ?? 0) > 0],
  ['x-kubernetes-list-type', UNDEFINED, (schema) => schema['x-kubernetes-list-type'] !== undefined],
  ['x-kubernetes-map-type', UNDEFINED, (schema) => schema['x-kubernetes-map-type'] !== undefined],
  ['x-kubernetes-validations', EMPTY, (schema) => (schema['x-kubernetes-validations']?.length ?? 0) > 0],
];

/** Errors in a schema that is joined to another. */
function partErrors(part: JSONSchemaProps, path: string, exempt: Exempt): FieldError[] {
  const items = itemsOf(part);
  return [
    ...checkErrors(part, path, exempt),
    ...(items ? partErrors(items, `${path}.items`, NOT_EXEMPT) : []),
    ...propertiesOf(part).flatMap(([name, child]) => partErrors(child, `${path}.properties[${name}]`, NOT_EXEMPT)),
    ...STRUCTURAL_ONLY.flatMap(([name, detail, says]) => (says(part) ? [fieldError.forbidden(`${path}.${name}`, detail)] : [])),
    ...(propertyOf(part, 'metadata')
      ? [fieldError.forbidden(`${path}.properties[metadata]`, 'must not be specified in a nested context')]
      : []),
  ];
}

interface Paths {
  readonly structure: string;
  readonly checks: string;
}

/** Whatever is checked must be in the structure: upstream's `validateStructuralCompleteness`. */
function completenessErrors(checks: JSONSchemaProps, structure: JSONSchemaProps, paths: Paths): FieldError[] {
  const at = (step: string): Paths => ({ structure: paths.structure, checks: `${paths.checks}.${step}` });
  return [
    ...(checks.not ? partCompleteness(checks.not, structure, at('not')) : []),
    ...(checks.allOf ?? []).flatMap((part, i) => partCompleteness(part, structure, at(`allOf[${i}]`))),
    ...(checks.anyOf ?? []).flatMap((part, i) => partCompleteness(part, structure, at(`anyOf[${i}]`))),
    ...(checks.oneOf ?? []).flatMap((part, i) => partCompleteness(part, structure, at(`oneOf[${i}]`))),
  ];
}

function partCompleteness(part: JSONSchemaProps, structure: JSONSchemaProps | undefined, paths: Paths): FieldError[] {
  if (!structure) return [fieldError.required(paths.structure, `because it is defined in ${paths.checks}`)];
  const items = itemsOf(part);
  const inside = (step: string): Paths => ({ structure: `${paths.structure}.${step}`, checks: `${paths.checks}.${step}` });
  return [
    ...completenessErrors(part, structure, paths),
    ...(items ? partCompleteness(items, itemsOf(structure), inside('items')) : []),
    ...propertiesOf(part).flatMap(([name, child]) => partCompleteness(child, propertyOf(structure, name), inside(`properties[${name}]`))),
  ];
}
