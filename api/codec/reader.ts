// The hot path of every write: plain JSON into a struct's normal form, by closures that are made once per message.
//
// 1. A reader only says that something is odd (an unknown field, a wrong type); what it was and where is found by a second,
//    careful pass (diagnosis.ts), so that the common case carries no paths.
// 2. Fields come out in declaration order and map keys sorted, as Go writes them.
// 3. Lists of scalars and maps that are in normal form already are taken over from the input, not copied.
import { setMember } from '../patch/json-value.ts';
import type { FieldInfo, FieldType } from '../schema/field.ts';
import type { AnyMessage } from '../schema/message.ts';
import { losesEmpty } from './given-empties.ts';
import { MISFIT, SCALAR_READERS, SCALAR_ZEROS, type ScalarReader } from './scalars.ts';

/** What readers note while they read one body. */
export interface ReadState {
  /** Something did not fit, or was not known: look closer. */
  odd: boolean;
  /** An empty list, map or text of bytes was given where the normal form has none. */
  emptied?: boolean | undefined;
}

type Reader = (raw: unknown, state: ReadState) => unknown;
type Plain = Record<string, unknown>;

interface FieldReader {
  readonly name: string;
  /** Reads what was given; nothing when the field is to be left out. */
  readonly read: Reader;
  /** What the field has when nothing was given; nothing when it is left out then. */
  readonly absent: () => unknown;
}

/** Reads one message. */
export interface StructReader {
  read(raw: unknown, state: ReadState): Plain;
  /** The struct when nothing was given. */
  zero(): Plain;
}

const readers = new WeakMap<AnyMessage, StructReader>();

/** The reader of a message; made on first use. */
export function structReader(message: AnyMessage): StructReader {
  let reader = readers.get(message);
  if (!reader) {
    reader = compile(message);
    readers.set(message, reader);
  }
  return reader;
}

function compile(message: AnyMessage): StructReader {
  let compiled: readonly FieldReader[] | undefined;
  const fields = (): readonly FieldReader[] => {
    compiled ??= goOrder(message).map(([name, info]) => compileField(name, info));
    return compiled;
  };
  const zero = (): Plain => readFields(fields(), {}, { odd: false });
  const read = (raw: unknown, state: ReadState): Plain => {
    if (!isPlain(raw)) {
      state.odd = true;
      return zero();
    }
    return readFields(fields(), raw, state);
  };
  return { read, zero };
}

/** Go writes `kind` before `apiVersion`; everything else stays in declaration order. */
export function goOrder(message: AnyMessage): [string, FieldInfo][] {
  const fields = [...message.fields];
  const typeMeta = fields.filter(([name, info]) => info.number === undefined && (name === 'kind' || name === 'apiVersion'));
  if (typeMeta.length < 2) return fields;
  const rest = fields.filter((field) => !typeMeta.includes(field));
  return [...typeMeta.sort(([a], [b]) => (a > b ? -1 : 1)), ...rest];
}

function readFields(fields: readonly FieldReader[], raw: Plain, state: ReadState): Plain {
  const object: Plain = {};
  let known = 0;
  for (const field of fields) {
    const given = raw[field.name];
    if (given !== undefined) known++;
    const value = given === undefined || given === null ? field.absent() : field.read(given, state);
    if (value !== undefined) object[field.name] = value;
  }
  // Every member that is not one of ours makes a difference here.
  for (const _ in raw) known--;
  if (known !== 0 && known + absentIn(raw) !== 0) state.odd = true;
  return object;
}

/** Members that are not there: JSON has none, but objects that were put together do. */
function absentIn(raw: Plain): number {
  let absent = 0;
  for (const key in raw) if (raw[key] === undefined) absent++;
  return absent;
}

function compileField(name: string, info: FieldInfo): FieldReader {
  const read = info.keepsEmpty ? elementReader(info.type) : typeReader(info.type);
  if (info.presence === 'always') {
    return { name, read: losesEmpty(info) ? noting(read) : read, absent: info.nullable ? () => null : zeroOf(info.type) };
  }
  const absent = (): undefined => undefined;
  if (info.presence === 'set') return { name, read: (raw, state) => read(raw, state) ?? undefined, absent };
  const empty = losesEmpty(info);
  return {
    name,
    absent,
    read: (raw, state) => {
      const value = read(raw, state);
      if (!isZero(value)) return value;
      if (empty) state.emptied = true;
      return undefined;
    },
  };
}

/** Notes that something was given that is nothing in the normal form. */
const noting =
  (read: Reader): Reader =>
  (raw, state) => {
    const value = read(raw, state);
    if (value === null) state.emptied = true;
    return value;
  };

/** Go's zero value of a type, as a maker of fresh ones. */
export function zeroOf(type: FieldType): () => unknown {
  if (type.kind === 'message') return () => structReader(type.message).zero();
  const zero = type.kind === 'scalar' ? SCALAR_ZEROS[type.scalar] : null;
  return () => zero;
}

function typeReader(type: FieldType): Reader {
  switch (type.kind) {
    case 'scalar':
      return scalarReader(SCALAR_READERS[type.scalar]);
    case 'message':
      return lazyStruct(type.message);
    case 'list':
      return type.items.kind === 'scalar' ? scalarListReader(type.items) : listReader(type.items);
    case 'map':
      return mapReader(type.values);
  }
}

function scalarReader(scalar: ScalarReader): Reader {
  return (raw, state) => {
    const value = scalar(raw);
    if (value !== MISFIT) return value;
    state.odd = true;
    return undefined;
  };
}

/** Messages may contain themselves, so that an inner reader is looked up when it is first needed. */
function lazyStruct(message: AnyMessage): Reader {
  let reader: StructReader | undefined;
  return (raw, state) => {
    reader ??= structReader(message);
    return reader.read(raw, state);
  };
}

/** Null for an empty list: that is what is read back from the store upstream. */
function listReader(items: FieldType): Reader {
  const read = elementReader(items);
  const zero = elementZero(items);
  return (raw, state) => {
    if (!Array.isArray(raw)) {
      state.odd = true;
      return null;
    }
    if (raw.length === 0) return null;
    const list: unknown[] = new Array(raw.length);
    for (let i = 0; i < raw.length; i++) {
      const given: unknown = raw[i];
      list[i] = given === null || given === undefined ? zero() : read(given, state);
    }
    return list;
  };
}

function scalarListReader(items: FieldType & { kind: 'scalar' }): Reader {
  const scalar = SCALAR_READERS[items.scalar];
  const zero = SCALAR_ZEROS[items.scalar];
  const normal = (given: unknown): unknown => (given === null || given === undefined ? zero : scalar(given));
  return (raw, state) => {
    if (!Array.isArray(raw)) {
      state.odd = true;
      return null;
    }
    if (raw.length === 0) return null;
    // Most lists are in normal form already.
    if (raw.every((given) => normal(given) === given)) return raw;
    const list = raw.map(normal);
    if (list.includes(MISFIT)) state.odd = true;
    return list;
  };
}

function mapReader(values: FieldType): Reader {
  const read = elementReader(values);
  const zero = elementZero(values);
  const normal = (given: unknown, state: ReadState): unknown => (given === null || given === undefined ? zero() : read(given, state));
  return (raw, state) => {
    if (!isPlain(raw)) {
      state.odd = true;
      return null;
    }
    const keys = Object.keys(raw);
    if (keys.length === 0) return null;
    const sorted = sortKeys(keys);
    // Most maps are in normal form already. Only scalars are read twice: messages hold maps in turn, which would double with each level.
    if (sorted && values.kind === 'scalar' && keys.every((key) => normal(raw[key], state) === raw[key])) return raw;
    const map: Plain = {};
    for (const key of keys) setMember(map, key, normal(raw[key], state));
    return map;
  };
}

/** As {@link typeReader}, but an empty list stays one, as it does inside a list or a map. */
function elementReader(type: FieldType): Reader {
  const read = typeReader(type);
  return type.kind === 'list' ? (raw, state) => read(raw, state) ?? [] : read;
}

/** What lists and maps have for a null. */
function elementZero(type: FieldType): () => unknown {
  if (type.kind === 'list') return () => [];
  return type.kind === 'scalar' && type.scalar === 'bytes' ? () => '' : zeroOf(type);
}

/** Sorts keys in place; true if they were sorted. */
function sortKeys(keys: string[]): boolean {
  for (let i = 1; i < keys.length; i++) {
    if ((keys[i - 1] ?? '') > (keys[i] ?? '')) {
      keys.sort();
      return false;
    }
  }
  return true;
}

/** Whether a value is a JSON object. */
export const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether `omitempty` or `omitzero` leaves a value out. */
function isZero(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value === 'object' && value !== null) {
    for (const _ in value) return false;
    return true;
  }
  return value === '' || value === 0 || value === false || value === null;
}
