// The types that a structural schema gives to an expression, with the sizes that its values can have (apiserver, `pkg/cel/common/schemas.go`,
// `pkg/cel/types.go`).
import { celTypes, escapeName, isReservedName, type StructTypes } from '../../api/cel.ts';
import type { JSONSchemaProps } from '../../api/index.ts';
import { additionalOf, itemsOf, propertiesOf } from '../custom-resources/schema/index.ts';

/** A type and what is known of the size of its values. */
export interface DeclaredType {
  readonly type: celTypes.CelType;
  /** By the names that expressions use; of objects only. */
  readonly fields?: ReadonlyMap<string, DeclaredType> | undefined;
  /** Of lists and maps. */
  readonly element?: DeclaredType | undefined;
  /** Most characters, bytes, items or entries. */
  readonly maxElements: number;
  /** Fewest bytes as JSON. */
  readonly minSize: number;
}

/** The largest body that upstream reckons with. */
export const REQUEST_SIZE_MAX = 3 * 1024 * 1024;
const MIN_STRING_SIZE = 2;
const MIN_OBJECT_SIZE = 2;
const TIME_LENGTH_MAX = 32;
const DATE_LENGTH = 12;
const DURATION_SIZE_MIN = 3;
const DATE_TIME_SIZE_MIN = 21;
/** A character is at most four bytes long. */
const BYTES_PER_CHARACTER = 4;

const simple = (type: celTypes.CelType, minSize: number, maxElements = 0): DeclaredType => ({ type, minSize, maxElements });
const atLeastZero = (value: number): number => Math.max(0, value);

const KEY = simple(celTypes.STRING, MIN_STRING_SIZE);
const NAME = { type: 'string' } as const;
const METADATA: JSONSchemaProps = { type: 'object', properties: { name: NAME, generateName: NAME } };

/** The type of values of a schema; nothing if expressions cannot see them. The root type is called `object` until {@link nameTypes}. */
export function declaredType(given: JSONSchemaProps, isResourceRoot: boolean): DeclaredType | undefined {
  if (given['x-kubernetes-int-or-string']) return simple(celTypes.DYN, 1, textLength(given));
  const schema = isResourceRoot ? withTypeAndMetadata(given) : given;
  switch (schema.type) {
    case 'array':
      return listType(schema);
    case 'object':
      return additionalOf(schema) ? mapType(schema) : objectType(schema);
    case 'string':
      return textType(schema);
    case 'boolean':
      return simple(celTypes.BOOL, 4);
    case 'number':
      return simple(celTypes.DOUBLE, 1);
    case 'integer':
      return simple(celTypes.INT, 1);
    default:
      return undefined;
  }
}

/** Every object has a kind, an apiVersion, and a name in its metadata, whatever the schema says. */
export function withTypeAndMetadata(schema: JSONSchemaProps): JSONSchemaProps {
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const names = metadata?.type === 'object' ? metadata.properties : undefined;
  const isComplete = [kind, apiVersion, names?.name, names?.generateName].every((field) => field?.type === 'string');
  if (isComplete) return schema;
  return { ...schema, properties: { ...schema.properties, kind: NAME, apiVersion: NAME, metadata: METADATA } };
}

const declaredPart = (schema: JSONSchemaProps): DeclaredType | undefined =>
  declaredType(schema, schema['x-kubernetes-embedded-resource'] === true);

function listType(schema: JSONSchemaProps): DeclaredType | undefined {
  const items = itemsOf(schema);
  const element = items && declaredPart(items);
  if (!element) return undefined;
  const most = Math.trunc((REQUEST_SIZE_MAX - 2) / (element.minSize + 1));
  const maxElements = schema.maxItems === undefined ? most : atLeastZero(schema.maxItems);
  return { type: celTypes.listOf(element.type), element, maxElements, minSize: 2 };
}

function mapType(schema: JSONSchemaProps): DeclaredType | undefined {
  const values = additionalOf(schema);
  const element = values && declaredPart(values);
  if (!element) return undefined;
  const most = Math.trunc((REQUEST_SIZE_MAX - 2) / (element.minSize + 6));
  const maxElements = schema.maxProperties === undefined ? most : atLeastZero(schema.maxProperties);
  return { type: celTypes.mapOf(celTypes.STRING, element.type), element, maxElements, minSize: 2 };
}

function objectType(schema: JSONSchemaProps): DeclaredType {
  const fields = new Map<string, DeclaredType>();
  const required = new Set(schema.required);
  let minSize = MIN_OBJECT_SIZE;
  for (const [name, property] of propertiesOf(schema)) {
    const type = declaredPart(property);
    if (!type) continue;
    const escaped = escapeName(name);
    if (escaped !== undefined) fields.set(escaped, type);
    if (required.has(name) && property.default === undefined) minSize += Buffer.byteLength(name) + type.minSize + 4;
  }
  return { type: celTypes.struct('object'), fields, maxElements: 0, minSize };
}

function textType(schema: JSONSchemaProps): DeclaredType {
  switch (schema.format) {
    case 'byte':
      return simple(celTypes.BYTES, MIN_STRING_SIZE, schema.maxLength === undefined ? REQUEST_SIZE_MAX - 2 : atLeastZero(schema.maxLength));
    case 'duration':
      return simple(celTypes.DURATION, DURATION_SIZE_MIN, TIME_LENGTH_MAX);
    case 'date':
      return simple(celTypes.TIMESTAMP, DATE_LENGTH, DATE_LENGTH);
    case 'date-time':
      return simple(celTypes.TIMESTAMP, DATE_TIME_SIZE_MIN, TIME_LENGTH_MAX);
    default:
      return simple(celTypes.STRING, MIN_STRING_SIZE, textLength(schema));
  }
}

function textLength(schema: JSONSchemaProps): number {
  if (schema.maxLength !== undefined) return atLeastZero(schema.maxLength) * BYTES_PER_CHARACTER;
  const { enum: values } = schema;
  if (!values?.length || schema['x-kubernetes-int-or-string']) return REQUEST_SIZE_MAX - 2;
  return Math.max(0, ...values.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0)));
}

/** The type with a name of its own for each object in it. */
export function nameTypes(declared: DeclaredType, name: string): DeclaredType {
  if (declared.fields) {
    const fields = new Map([...declared.fields].map(([field, type]) => [field, nameTypes(type, `${name}.${field}`)]));
    return { ...declared, type: celTypes.struct(name), fields };
  }
  if (!declared.element) return declared;
  const isMap = declared.type.kind === 'map';
  const element = nameTypes(declared.element, `${name}.${isMap ? '@elem' : '@idx'}`);
  return { ...declared, element, type: isMap ? celTypes.mapOf(celTypes.STRING, element.type) : celTypes.listOf(element.type) };
}

/** The named objects within a type. */
export function structTypes(root: DeclaredType): StructTypes {
  const byName = new Map<string, DeclaredType>();
  const visit = (declared: DeclaredType): void => {
    if (declared.fields) byName.set(declared.type.name, declared);
    for (const field of declared.fields?.values() ?? []) visit(field);
    if (declared.element) visit(declared.element);
  };
  visit(root);
  return {
    has: (name) => byName.has(name),
    fieldType: (name, field) => {
      const fields = byName.get(name)?.fields;
      return (fields?.get(field) ?? (isReservedName(field) ? fields?.get(`__${field}__`) : undefined))?.type;
    },
  };
}

/** What a path from a variable of the type leads to. */
export function typeAt(root: DeclaredType, path: readonly string[]): DeclaredType | undefined {
  let at: DeclaredType | undefined = root;
  for (const step of path) {
    if (step === '@items' || step === '@values') at = at?.element;
    else if (step === '@keys') at = at?.type.kind === 'map' ? KEY : undefined;
    else at = at?.fields?.get(step);
  }
  return at;
}
