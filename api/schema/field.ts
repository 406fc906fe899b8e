import type { AnyMessage } from './message.ts';

/**
 * When a field is written, which in Go follows from its type and its JSON tag:
 * - `always`: even when absent, as Go's zero value (`""`, `0`, `{}`, `null` for a time, a list or a map);
 * - `nonzero`: unless it has Go's zero value (`omitempty` on a value, `omitzero`);
 * - `set`: whenever it was given, zero or not (a pointer with `omitempty`).
 */
export type Presence = 'always' | 'nonzero' | 'set';

/** The scalars of the Kubernetes API: what they look like in JSON, and how protobuf carries them. */
export type ScalarType =
  | 'string'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bool'
  | 'bytes'
  | 'quantity'
  | 'intOrString'
  | 'time'
  | 'microTime'
  | 'duration'
  | 'rawExtension'
  | 'fieldsV1'
  | 'json';

/** The type of a field, of a list's items or of a map's values. */
export type FieldType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType; readonly definition?: string | undefined }
  | { readonly kind: 'message'; readonly message: AnyMessage }
  | { readonly kind: 'list'; readonly items: FieldType }
  | { readonly kind: 'map'; readonly values: FieldType };

/** Everything that is said about a field besides its TypeScript type. */
export interface FieldInfo {
  /**
   * Protobuf field number. A path where Go inlines a struct that protobuf nests: `[2, 19]` is field 19 of the message in field 2.
   * Absent for what protobuf does not carry (apiVersion and kind travel in the envelope).
   */
  readonly number?: number | readonly number[] | undefined;
  readonly type: FieldType;
  readonly presence: Presence;
  /** True for a Go pointer that is written as `null` when absent (with presence `always`). */
  readonly nullable: boolean;
  /** Listed under `required` in OpenAPI. */
  readonly required: boolean;
  readonly description: string;
  readonly enum?: readonly string[] | undefined;
  /** What a list's items, or a map's values, may be. */
  readonly itemEnum?: readonly string[] | undefined;
  /** OpenAPI `default`, as upstream publishes it where it is not the zero value of a required field. */
  readonly default?: unknown;
  /** An empty list stays one where it would else become null: messages tell the one from the other. */
  readonly keepsEmpty?: boolean | undefined;
  readonly listType?: 'atomic' | 'set' | 'map' | undefined;
  readonly listMapKeys?: readonly string[] | undefined;
  readonly mapType?: 'atomic' | 'granular' | undefined;
  readonly patchMergeKey?: string | undefined;
  /** Strategic merge patch strategy: `merge`, `retainKeys`, `replace`, or two of them joined by a comma. */
  readonly patchStrategy?: string | undefined;
}
