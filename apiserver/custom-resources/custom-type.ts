// How custom resources are read: upstream's `unstructuredSchemaCoercer` (apiextensions-apiserver,
// `pkg/apiserver/customresource_handler.go`).
import type { KubeObject } from '../../api/index.ts';
import { cloneJson, DecodeError, duplicateFields, isObject, type JsonObject, type ObjectType } from '../../api/schema.ts';
import { type CustomSchema, readMetadata, SchemaCoercionError } from './schema/index.ts';

/** The type of the objects that a version's schema describes. @param hasChanged whether some may have been written under another one. */
export function customType(schema: CustomSchema, hasChanged = false): ObjectType {
  return {
    hasChanged,
    decode: (raw) => coerce(schema, raw, false),
    takeOver: (raw) => readObject(raw, false, () => []),
    strictProblems: (text, raw, unknown) => [...duplicateFields(text, raw), ...unknown],
    applyType: schema.applyType,
    message: undefined,
    typeMetaOptional: false,
  };
}

/**
 * Brings an object into form: metadata as such, without what the schema does not know.
 *
 * @param isStored what was stored is taken as far as it can be read, what a client sends is not.
 * @throws DecodeError
 */
export const coerce = (schema: CustomSchema, raw: unknown, isStored: boolean): Coerced =>
  readObject(raw, isStored, (rest) => prune(schema, rest, isStored));

interface Coerced {
  readonly object: KubeObject;
  /** What is said of fields that nobody knows. */
  readonly unknown: readonly string[];
}

/** @param pruned takes out of the object, its metadata aside, what is not to be, and answers the paths of what was unknown. */
function readObject(raw: unknown, isStored: boolean, pruned: (rest: JsonObject) => readonly string[]): Coerced {
  const { metadata: given, ...own }: JsonObject = isObject(raw) ? raw : {};
  // Pruned and defaulted in place, which the caller's object must not see.
  const rest = isStored ? own : (cloneJson(own) as JsonObject);
  const read = readMetadata(given ?? {}, isStored);
  if (!read.metadata && !isStored) throw new DecodeError(read.problem ?? '');
  const typeMeta = { kind: rest.kind, apiVersion: rest.apiVersion };
  // The root's metadata is not the schema's business.
  const unknown = pruned(rest);
  const metadata: KubeObject['metadata'] & JsonObject = { ...read.metadata };
  if (metadata.creationTimestamp === null) delete metadata.creationTimestamp;
  const object: KubeObject = {
    ...typeMetaOf(typeMeta),
    metadata,
    ...rest,
  };
  const ofMetadata = read.unknown.map((path) => `metadata.${path}`);
  return { object, unknown: [...ofMetadata, ...unknown].map((path) => `unknown field "${path}"`) };
}

/** Kind and apiVersion come first; pruning has nothing to say about them. */
function typeMetaOf(given: JsonObject): Pick<KubeObject, 'kind' | 'apiVersion'> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === 'string'));
}

function prune(schema: CustomSchema, object: JsonObject, isStored: boolean): readonly string[] {
  try {
    return schema.prune(object, { dropInvalid: isStored });
  } catch (error) {
    if (error instanceof SchemaCoercionError) throw new DecodeError(error.message, { cause: error });
    throw error;
  }
}
