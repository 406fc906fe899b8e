// What server-side apply has to know of a type: which values are one piece and which are made of parts with owners of their own.
import type { FieldInfo, FieldType, ScalarType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';

export type ScalarKind = 'string' | 'numeric' | 'boolean' | 'untyped';

/** What a value of the type may be; most types are one of the three, free-form JSON is all. */
export interface ApplyType {
  readonly map: MapType | undefined;
  readonly scalar: ScalarKind | undefined;
  readonly list: ListType | undefined;
}

export interface TypedField {
  readonly name: string;
  /** `f:` and the name. */
  readonly element: string;
  readonly type: ApplyType;
  /** What a missing one counts as where it is a key of a list. */
  readonly fallback: unknown;
}

/** A struct or a map. */
export interface MapType {
  /** Declared fields by name. */
  readonly fields: ReadonlyMap<string, TypedField>;
  /** Declared fields in the order of their names. */
  readonly ordered: readonly TypedField[];
  /** The type of what is not declared; undefined when there may be nothing else. */
  readonly values: ApplyType | undefined;
  /** Members that nobody owns. */
  readonly unowned?: ReadonlySet<string> | undefined;
  /** Owned as a whole. */
  readonly atomic: boolean;
}

export interface ListType {
  readonly items: ApplyType;
  /** Owned as a whole. */
  readonly atomic: boolean;
  /** Names of the members that tell items apart; none in a set. */
  readonly keys: readonly string[];
}

/** A map's members' types, found when they are first asked for: types may contain themselves. */
class LazyMap implements MapType {
  readonly values: ApplyType | undefined;
  readonly unowned: ReadonlySet<string> | undefined;
  readonly atomic: boolean;
  readonly #make: () => readonly TypedField[];
  #fields: ReadonlyMap<string, TypedField> | undefined;
  #ordered: readonly TypedField[] | undefined;

  constructor(make: () => readonly TypedField[], { values, unowned, atomic }: Pick<MapType, 'unowned' | 'atomic'> & Partial<MapType>) {
    this.#make = make;
    this.values = values;
    this.unowned = unowned;
    this.atomic = atomic;
  }

  get fields(): ReadonlyMap<string, TypedField> {
    this.#fields ??= new Map(this.ordered.map((field) => [field.name, field]));
    return this.#fields;
  }

  get ordered(): readonly TypedField[] {
    this.#ordered ??= [...this.#make()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#ordered;
  }
}

const mapType = (map: MapType): ApplyType => ({ map, scalar: undefined, list: undefined });
const listType = (list: ListType): ApplyType => ({ map: undefined, scalar: undefined, list });
const scalarType = (scalar: ScalarKind): ApplyType => ({ map: undefined, scalar, list: undefined });

const none = (): readonly TypedField[] => [];

/** A map whose members are of any type. */
class UntypedMap implements MapType {
  readonly fields: ReadonlyMap<string, TypedField> = new Map();
  readonly ordered: readonly TypedField[] = [];
  readonly atomic: boolean;

  constructor(atomic: boolean) {
    this.atomic = atomic;
  }

  get values(): ApplyType {
    return this.atomic ? UNTYPED_ATOMIC : UNTYPED;
  }
}

/** A list, owned as a whole, of anything. */
const UNTYPED_LIST: ListType = {
  atomic: true,
  keys: [],
  get items() {
    return UNTYPED_ATOMIC;
  },
};

/** Any JSON, as one piece. */
export const UNTYPED_ATOMIC: ApplyType = { map: new UntypedMap(true), scalar: 'untyped', list: UNTYPED_LIST };

/** Any JSON: maps have parts, lists have not. */
export const UNTYPED: ApplyType = { map: new UntypedMap(false), scalar: 'untyped', list: UNTYPED_LIST };

const SCALARS: Readonly<Record<ScalarType, ApplyType>> = {
  string: scalarType('string'),
  int32: scalarType('numeric'),
  int64: scalarType('numeric'),
  double: scalarType('numeric'),
  bool: scalarType('boolean'),
  bytes: scalarType('string'),
  quantity: scalarType('untyped'),
  intOrString: UNTYPED, // what upstream deduces from a schema that has no type
  time: scalarType('untyped'),
  microTime: scalarType('untyped'),
  duration: scalarType('string'),
  rawExtension: UNTYPED_ATOMIC,
  fieldsV1: mapType(new LazyMap(none, { values: UNTYPED, atomic: false })),
  json: UNTYPED,
};

const types = new WeakMap<AnyMessage, ApplyType>();
const atomicTypes = new WeakMap<AnyMessage, ApplyType>();

/** The type of a message. */
export function applyTypeOf(message: AnyMessage, mapKind = message.mapType): ApplyType {
  const known = mapKind === 'atomic' ? atomicTypes : types;
  let type = known.get(message);
  if (!type) {
    type = mapType(new LazyMap(() => [...message.fields].map(([name, info]) => fieldOf(name, info)), { atomic: mapKind === 'atomic' }));
    known.set(message, type);
  }
  return type;
}

const fieldOf = (name: string, info: FieldInfo): TypedField => ({
  name,
  element: `f:${name}`,
  type: typeOf(info.type, info),
  fallback: info.default ?? (info.required && info.presence === 'always' && !info.nullable ? zeroOf(info.type) : undefined),
});

const zeroOf = (type: FieldType): unknown =>
  type.kind !== 'scalar' ? undefined : type.scalar === 'string' ? '' : type.scalar.startsWith('int') ? 0 : undefined;

function typeOf(type: FieldType, info?: FieldInfo): ApplyType {
  switch (type.kind) {
    case 'scalar':
      return SCALARS[type.scalar];
    case 'message':
      return applyTypeOf(type.message, info?.mapType ?? type.message.mapType);
    case 'map':
      return mapType(new LazyMap(none, { values: typeOf(type.values), atomic: info?.mapType === 'atomic' }));
    case 'list':
      return listType({ items: typeOf(type.items), ...relationOf(info) });
  }
}

/** Lists say how they merge; those from before there was a way to say so tell it by their patch strategy. */
function relationOf(info: FieldInfo | undefined): Pick<ListType, 'atomic' | 'keys'> {
  if (info?.listType === 'map') return { atomic: false, keys: [...(info.listMapKeys ?? [])].sort() };
  if (info?.listType) return { atomic: info.listType === 'atomic', keys: [] };
  if (info?.patchStrategy === 'merge' || info?.patchStrategy === 'merge,retainKeys') {
    return { atomic: false, keys: info.patchMergeKey === undefined ? [] : [info.patchMergeKey] };
  }
  return { atomic: true, keys: [] };
}

/** Fields of metadata that nobody owns. */
const UNOWNED_METADATA: ReadonlySet<string> = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
]);

/** What every object says of itself, which nobody owns either. */
const UNOWNED: ReadonlySet<string> = new Set(['apiVersion', 'kind']);

const trackedTypes = new WeakMap<ApplyType, ApplyType>();

/** The type of an object as far as it has owners: without apiVersion, kind, and what the server says in the metadata. */
export function trackedTypeOf(type: ApplyType): ApplyType {
  let tracked = trackedTypes.get(type);
  if (!tracked) {
    tracked = without(type, UNOWNED, (name, field) => (name === 'metadata' ? without(field, UNOWNED_METADATA) : field));
    trackedTypes.set(type, tracked);
  }
  return tracked;
}

function without(
  { map, scalar, list }: ApplyType,
  unowned: ReadonlySet<string>,
  change: (name: string, type: ApplyType) => ApplyType = (_, type) => type,
): ApplyType {
  if (!map) return { map, scalar, list };
  const fields = () =>
    map.ordered.flatMap((field) => (unowned.has(field.name) ? [] : [{ ...field, type: change(field.name, field.type) }]));
  return { map: new LazyMap(fields, { atomic: map.atomic, values: map.values, unowned }), scalar, list };
}
