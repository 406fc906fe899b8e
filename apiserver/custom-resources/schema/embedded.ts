// Objects inside an object (`x-kubernetes-embedded-resource`): their apiVersion, kind and metadata are read and checked as an object's own.
import {
  type FieldError,
  fieldError,
  isDns1035Label,
  type JSONSchemaProps,
  nameIsPathSegment,
  type ObjectMeta,
} from '../../../api/index.ts';
import { DecodeError, decode, inGoOrder, isObject, type JsonObject, objectMeta } from '../../../api/schema.ts';
import { validateObjectMeta } from '../../registry/metadata-validation.ts';
import { SchemaCoercionError } from './custom-schema.ts';
import { additionalOf, anyStructural, isEmbedded, itemsOf, propertiesOf } from './structural.ts';

/** A walk through an object that brings metadata into form. */
export interface CoerceWalk {
  readonly path: string;
  /** Whether what is of a wrong type is dropped rather than refused. */
  readonly dropInvalid: boolean;
  /** The paths of metadata's unknown fields. */
  readonly unknown: string[];
}

export type Coerce = (value: unknown, walk: CoerceWalk) => void;
type Validate = (value: unknown, path: string) => FieldError[];

/** A field's path; at the root, just its name. */
export const childPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

/**
 * Compiles what brings the metadata of embedded objects into form: upstream's `objectmeta.Coerce`.
 *
 * @returns undefined where there are none. @throws SchemaCoercionError what it returns does.
 */
export function compileCoercer(schema: JSONSchemaProps): Coerce | undefined {
  if (!anyStructural(schema, isEmbedded)) return undefined;
  const embedded = isEmbedded(schema);
  const visit = compileVisitor<Coerce>(schema, compileCoercer);
  return (value, walk) => {
    if (embedded && isObject(value)) coerceObject(value, walk);
    visit(value, (inner, coerce, step) => coerce(inner, { ...walk, path: step(walk.path) }));
  };
}

function coerceObject(object: JsonObject, walk: CoerceWalk): void {
  for (const name of ['apiVersion', 'kind']) {
    const value = object[name];
    if (value === undefined || typeof value === 'string') continue;
    if (!walk.dropInvalid) throw new SchemaCoercionError(fieldError.invalid(childPath(walk.path, name), value, 'must be a string'));
    delete object[name];
  }
  if (object.metadata === undefined) return;
  const path = childPath(walk.path, 'metadata');
  const { metadata, unknown, problem } = readMetadata(object.metadata, walk.dropInvalid);
  walk.unknown.push(...unknown.map((name) => `${path}.${name}`));
  if (metadata) object.metadata = metadata;
  else if (!walk.dropInvalid) throw new SchemaCoercionError(fieldError.invalid(path, inGoOrder(object.metadata), problem ?? ''));
}

/** Metadata as it was understood. */
export interface ReadMetadata {
  /** Undefined when it is not metadata at all. */
  readonly metadata: ObjectMeta | undefined;
  /** Its unknown fields. */
  readonly unknown: readonly string[];
  /** Why it could not be read, in the words of Go's decoder. */
  readonly problem: string | undefined;
}

const UNKNOWN_FIELD = /^unknown field "(.*)"$/s;

/**
 * Reads metadata: upstream's `GetObjectMetaWithOptions`.
 *
 * @param dropInvalid takes what can be read, field by field, where the whole cannot.
 */
export function readMetadata(raw: unknown, dropInvalid: boolean): ReadMetadata {
  const first = tryRead(raw);
  // Go reads what it has written before, in the order of the keys.
  const whole = first.problem === undefined && first.unknown.length < 2 ? first : tryRead(inGoOrder(raw));
  if (whole.metadata || !dropInvalid || !isObject(raw)) return whole;
  const metadata: JsonObject = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(raw)) {
    const one = tryRead({ [name]: value });
    Object.assign(metadata, one.metadata);
    unknown.push(...one.unknown);
  }
  return { metadata, unknown, problem: undefined };
}

function tryRead(raw: unknown): ReadMetadata {
  try {
    const { object, unknown } = decode(objectMeta, raw);
    return { metadata: object, unknown: unknown.flatMap((problem) => UNKNOWN_FIELD.exec(problem)?.[1] ?? []), problem: undefined };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { metadata: undefined, unknown: [], problem: error.message };
  }
}

/**
 * Compiles the check of embedded objects: upstream's `objectmeta.Validate`.
 *
 * @returns undefined where there are none.
 */
export function compileEmbeddedValidator(schema: JSONSchemaProps): Validate | undefined {
  if (!anyStructural(schema, isEmbedded)) return undefined;
  const embedded = isEmbedded(schema);
  const visit = compileVisitor<Validate>(schema, compileEmbeddedValidator);
  return (value, path) => {
    const errors = embedded && isObject(value) ? validateEmbedded(value, path) : [];
    visit(value, (inner, validate, step) => errors.push(...validate(inner, step(path))));
    return errors;
  };
}

/** What is wrong with an embedded object's apiVersion, kind and metadata. */
export function validateEmbedded(object: JsonObject, path: string): FieldError[] {
  const { apiVersion, kind, metadata } = object;
  const errors: FieldError[] = [];
  if (apiVersion === undefined) errors.push(fieldError.required(childPath(path, 'apiVersion')));
  if (kind === undefined) errors.push(fieldError.required(childPath(path, 'kind')));
  if (apiVersion !== undefined) errors.push(...textErrors(apiVersion, childPath(path, 'apiVersion'), apiVersionProblem));
  if (kind !== undefined) errors.push(...textErrors(kind, childPath(path, 'kind'), kindProblem));
  if (metadata !== undefined) errors.push(...metadataErrors(metadata, path));
  return errors;
}

function textErrors(value: unknown, path: string, problemOf: (text: string) => string | undefined): FieldError[] {
  if (typeof value !== 'string') return [fieldError.invalid(path, value, 'must be a string')];
  const problem = value === '' ? 'must not be empty' : problemOf(value);
  return problem === undefined ? [] : [fieldError.invalid(path, value, problem)];
}

const apiVersionProblem = (text: string): string | undefined =>
  text.split('/').length > 2 ? `unexpected GroupVersion string: ${text}` : undefined;

function kindProblem(text: string): string | undefined {
  const problems = isDns1035Label(text.toLowerCase());
  return problems.length > 0 ? `may have mixed case, but should otherwise match: ${problems.join(',')}` : undefined;
}

function metadataErrors(raw: unknown, path: string): FieldError[] {
  const { metadata, problem } = readMetadata(raw, false);
  if (!metadata) return [fieldError.invalid(childPath(path, 'metadata'), raw, problem ?? '')];
  // A name is not asked for, but one that is given is checked.
  const named = { ...metadata, name: metadata.name || 'fakename' };
  return validateObjectMeta(named, !!metadata.namespace, nameIsPathSegment).map((error) => ({
    ...error,
    field: childPath(path, error.field),
  }));
}

/** Goes on with what is inside a value and has something to do: the function for it, and how its path is told. */
type Visitor<T> = (value: unknown, visit: Visit<T>) => void;
type Visit<T> = (inner: unknown, work: T, step: (path: string) => string) => void;

function compileVisitor<T>(schema: JSONSchemaProps, compile: (schema: JSONSchemaProps) => T | undefined): Visitor<T> {
  const fields = new Map(propertiesOf(schema).map(([name, child]) => [name, compile(child)]));
  const more = additionalOf(schema);
  const values = more && compile(more);
  const items = itemsOf(schema);
  const item = items && compile(items);
  const visitField = (object: JsonObject, name: string, visit: Visit<T>): void => {
    const declared = fields.has(name);
    const work = declared ? fields.get(name) : values;
    if (work) visit(object[name], work, (path) => (declared ? childPath(path, name) : `${path}[${name}]`));
  };
  return (value, visit) => {
    if (Array.isArray(value)) {
      if (item) value.forEach((inner, i) => void visit(inner, item, (path) => `${path}[${i}]`));
    } else if (isObject(value)) {
      for (const name of Object.keys(value)) visitField(value, name, visit);
    }
  };
}
