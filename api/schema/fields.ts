import type { FieldInfo, FieldType, Presence, ScalarType } from './field.ts';
import type { AnyMessage, Field, Message } from './message.ts';

/** What a declaration may add to a field's number and description. */
export interface FieldOptions {
  /** In OpenAPI's `required`, and written always: a Go field without `omitempty`. */
  readonly required?: true;
  /** Written always and there in TypeScript, though OpenAPI does not require it (a struct value, a plain field). */
  readonly present?: true;
  /** A Go pointer: written when given, zero or not. */
  readonly pointer?: true;
  /** A Go pointer without `omitempty`: written as `null` when absent. */
  readonly nullable?: true;
  /** Go's `omitzero`: a struct or time that is left out when empty. */
  readonly omitzero?: true;
  /** Written always though optional everywhere: a Go value without `omitempty` that OpenAPI does not require. */
  readonly always?: true;
  /** Required in OpenAPI, yet left out when zero: a required Go value with `omitempty`. */
  readonly dropped?: true;
  readonly enum?: readonly string[];
  /** What a list's items, or a map's values, may be. */
  readonly itemEnum?: readonly string[];
  readonly default?: unknown;
  /** An empty list is told from none. */
  readonly keepsEmpty?: true;
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  readonly mapType?: 'atomic' | 'granular';
  readonly patchMergeKey?: string;
  readonly patchStrategy?: string;
}

/** Protobuf number of a field: none, one, or a path through inlined structs. */
export type FieldNumber = number | readonly number[] | undefined;

type Declared<T, O> = Field<T, O extends { required: true } | { present: true } ? true : false>;

/** An item type: what a list or a map holds, or what a reference points at; `T` is the type of its values. */
export interface Item<T> {
  readonly type: FieldType;
  readonly '~value'?: T;
}

const scalar = <T>(name: ScalarType, definition?: string): Item<T> => ({ type: { kind: 'scalar', scalar: name, definition } });

/** Item types, for {@link list}, {@link map} and {@link field}. */
export const item = {
  string: () => scalar<string>('string'),
  int32: () => scalar<number>('int32'),
  int64: () => scalar<number>('int64'),
  double: () => scalar<number>('double'),
  bool: () => scalar<boolean>('bool'),
  /** Base64 text. */
  bytes: () => scalar<string>('bytes'),
  quantity: () => scalar<string>('quantity'),
  intOrString: () => scalar<number | string>('intOrString'),
  /** RFC 3339, whole seconds, UTC. */
  time: () => scalar<string>('time'),
  /** RFC 3339 with six digits of fraction. */
  microTime: () => scalar<string>('microTime'),
  /** Go's duration text, e.g. `1h30m0s`. */
  duration: () => scalar<string>('duration'),
  rawExtension: () => scalar<unknown>('rawExtension'),
  fieldsV1: () => scalar<Record<string, unknown>>('fieldsV1'),
  /** Any JSON; `definition` names its OpenAPI definition when it has one of its own. */
  json: (definition?: string) => scalar<unknown>('json', definition),
  list: <T>(items: Item<T>): Item<T[]> => ({ type: { kind: 'list', items: items.type } }),
  map: <T>(values: Item<T>): Item<Record<string, T>> => ({ type: { kind: 'map', values: values.type } }),
};

/** The item type of a message. */
export const of = <T>(target: Message<T>): Item<T> => ({ type: { kind: 'message', message: target } });

/** The item type of a message that contains itself; its TypeScript type is given by hand. */
export const lazyOf = <T>(target: () => AnyMessage): Item<T> => ({
  type: {
    kind: 'message',
    get message() {
      return target();
    },
  },
});

/**
 * Declares a field of any item type; the builders below are shorthands for it.
 *
 * @param content the type of its values.
 * @param number its protobuf number, as upstream's `protobuf` tag has it.
 * @param description what it means, in our own words.
 * @param options what upstream's JSON tags and markers say of it.
 */
export function field<T, const O extends FieldOptions = Record<never, never>>(
  content: Item<T>,
  number: FieldNumber,
  description: string,
  options?: O,
): Declared<T, O> {
  const o: FieldOptions = options ?? {};
  const info: FieldInfo = {
    number,
    description,
    type: content.type,
    presence: presenceOf(content.type, o),
    nullable: o.nullable === true,
    required: o.required === true,
    enum: o.enum,
    itemEnum: o.itemEnum,
    default: o.default,
    keepsEmpty: o.keepsEmpty,
    listType: o.listType,
    listMapKeys: o.listMapKeys,
    mapType: o.mapType,
    patchMergeKey: o.patchMergeKey,
    patchStrategy: o.patchStrategy,
  };
  return { info };
}

/** Scalars that are structs in Go, so that `omitempty` has no effect on them. */
const GO_STRUCTS: ReadonlySet<ScalarType> = new Set<ScalarType>([
  'time',
  'microTime',
  'quantity',
  'intOrString',
  'duration',
  'rawExtension',
]);

function presenceOf(type: FieldType, o: FieldOptions): Presence {
  if (o.pointer) return 'set';
  if (o.omitzero || o.dropped) return 'nonzero';
  if (o.required || o.present || o.nullable || o.always) return 'always';
  return type.kind === 'message' || (type.kind === 'scalar' && GO_STRUCTS.has(type.scalar)) ? 'always' : 'nonzero';
}

type Builder<T> = <const O extends FieldOptions = Record<never, never>>(
  number: FieldNumber,
  description: string,
  options?: O,
) => Declared<T, O>;

const builder =
  <T>(content: Item<T>): Builder<T> =>
  (number, description, options) =>
    field(content, number, description, options);

/** Field builders: `name: string(1, 'what it is', options?)`. */
export const string = builder(item.string());
export const int32 = builder(item.int32());
export const int64 = builder(item.int64());
export const double = builder(item.double());
export const bool = builder(item.bool());
export const bytes = builder(item.bytes());
export const quantity = builder(item.quantity());
export const intOrString = builder(item.intOrString());
export const time = builder(item.time());
export const microTime = builder(item.microTime());
export const duration = builder(item.duration());
export const rawExtension = builder(item.rawExtension());
export const fieldsV1 = builder(item.fieldsV1());
export const json = builder(item.json());

/** A field that holds a message. */
export const ref = <T, const O extends FieldOptions = Record<never, never>>(
  target: Message<T>,
  number: FieldNumber,
  description: string,
  options?: O,
): Declared<T, O> => field(of(target), number, description, options);

/** A field that holds a list. */
export const list = <T, const O extends FieldOptions = Record<never, never>>(
  items: Item<T>,
  number: FieldNumber,
  description: string,
  options?: O,
): Declared<T[], O> => field(item.list(items), number, description, options);

/** A field that holds a map from strings. */
export const map = <T, const O extends FieldOptions = Record<never, never>>(
  values: Item<T>,
  number: FieldNumber,
  description: string,
  options?: O,
): Declared<Record<string, T>, O> => field(item.map(values), number, description, options);
