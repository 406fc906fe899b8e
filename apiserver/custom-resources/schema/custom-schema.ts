import type { FieldError } from '../../../api/index.ts';
import type { JsonObject, ownership } from '../../../api/schema.ts';

/** How a schema is to be compiled. */
export interface CompileOptions {
  /** The CRD's legacy `spec.preserveUnknownFields`: nothing is pruned. */
  readonly preserveUnknownFields?: boolean | undefined;
}

/** How embedded objects are treated while a body is read. */
export interface PruneOptions {
  /**
   * Embedded metadata of a wrong type is dropped instead of refused: what is read from the store gets this, what a client sends does
   * not.
   */
  readonly dropInvalid?: boolean | undefined;
}

/**
 * The schema of one version of a custom resource, compiled once to functions: upstream's structural schema
 * (apiextensions-apiserver, `pkg/apiserver/schema`) and its value validator (kube-openapi, `pkg/validation/validate`).
 *
 * ```
 * body -> JSON -> prune ------> setDefaults -> validate ---------------------------> CEL rules, unless rulesBlocked
 *                 unknown       (again when    metadata (caller), validateValues,
 *                 fields out,   read from the  scale (caller), validateEmbedded,
 *                 nulls out     store)         validateListTypes
 * ```
 *
 * The metadata at the root is its caller's business throughout.
 */
export interface CustomSchema {
  /**
   * Takes out, in place, what the schema does not know, and nulls that may not be and have no default; brings embedded objects'
   * metadata into form. Upstream's `unstructuredSchemaCoercer`.
   *
   * @returns the paths of what was unknown, in upstream's order.
   * @throws SchemaCoercionError when an embedded object's metadata cannot be read.
   */
  prune(object: JsonObject, options?: PruneOptions): string[];
  /** What strict field validation says of an object that is not pruned yet, and stays as it is: `unknown field "spec.x"`. */
  unknownFields(object: JsonObject): string[];
  /** Fills in defaults, in place: after {@link prune}, on what is written and on what is read. */
  setDefaults(object: JsonObject): void;
  /** Whether an object without a status has one by default. */
  readonly defaultsStatus: boolean;

  /** All of the following for a create or, with the object as it was, for an update: values, embedded objects, list types. */
  validate(object: JsonObject, old?: JsonObject): FieldError[];
  /** Checks values; what an update leaves as it was is not complained of (ratcheting). */
  validateValues(object: JsonObject, old?: JsonObject): FieldError[];
  /** Checks the values under `status`, for an update of that subresource. */
  validateStatusValues(object: JsonObject, old: JsonObject): FieldError[];
  /** Checks apiVersion, kind and metadata of embedded objects. */
  validateEmbedded(object: JsonObject): FieldError[];
  /** Checks that sets and maps (`x-kubernetes-list-type`) have each item once; not if the old object had double ones already. */
  validateListTypes(object: JsonObject, old?: JsonObject): FieldError[];

  /** How server-side apply sees the object, its own apiVersion, kind and metadata included. */
  readonly applyType: ownership.ApplyType;
  /** The schema as `/openapi/v3` publishes it, without x-kubernetes-group-version-kind; a new object each time. */
  openApiV3(): JsonObject;
  /** The schema as `/openapi/v2` publishes it: without what v2, or kubectl, cannot cope with. */
  openApiV2(): JsonObject;
  /** Whether there are CEL rules anywhere in it. */
  readonly hasRules: boolean;
}

/** An embedded object whose apiVersion, kind or metadata is not of the type it must be; the message is upstream's text. */
export class SchemaCoercionError extends Error {
  override readonly name = 'SchemaCoercionError';
  readonly fieldError: FieldError;

  constructor(fieldError: FieldError) {
    super(`${fieldError.field}: ${fieldError.body}`);
    this.fieldError = fieldError;
  }
}
