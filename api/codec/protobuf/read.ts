// Protobuf into plain JSON values, which the JSON reader then brings into normal form.
import { jsonSchemaProps } from '../../apiextensions/v1/json-schema.ts';
import { parseJson } from '../../json.ts';
import { setMember } from '../../patch/json-value.ts';
import type { FieldType, ScalarType } from '../../schema/field.ts';
import type { AnyMessage } from '../../schema/message.ts';
import { formatDuration } from '../../time.ts';
import { decode } from '../decode.ts';
import { DecodeError } from '../decode-error.ts';
import { isPlain } from '../reader.ts';
import { jsonShapeOf } from './json-shape.ts';
import { type Layout, layoutOf } from './layout.ts';
import { WIRE, type WireReader } from './wire.ts';

type Plain = Record<string, unknown>;

/** Reads a message; fields that are not known are skipped. */
export function readMessage(reader: WireReader, message: AnyMessage): Plain {
  const object: Plain = {};
  readInto(object, reader, layoutOf(message));
  return object;
}

function readInto(object: Plain, reader: WireReader, layout: Layout): void {
  while (!reader.done) {
    const slot = layout.byNumber.get(reader.tag());
    if (!slot) reader.skip();
    else if (slot.inlined) readInto(object, reader.nested(), slot.layout);
    else readField(object, slot, reader);
  }
}

function readField(object: Plain, { name, type }: { readonly name: string; readonly type: FieldType }, reader: WireReader): void {
  const packed = type.kind === 'list' && reader.wire === WIRE.bytes;
  if (!packed && reader.wire !== wireOf(type.kind === 'list' ? type.items : type)) {
    throw new DecodeError(`proto: wrong wireType = ${reader.wire} for field ${name.charAt(0).toUpperCase()}${name.slice(1)}`);
  }
  if (type.kind === 'list') {
    const present = object[name];
    const list: unknown[] = Array.isArray(present) ? present : [];
    object[name] = list;
    readItems(list, reader, type.items);
  } else if (type.kind === 'map') {
    const present = object[name];
    const map: Plain = isPlain(present) ? present : {};
    object[name] = map;
    readEntry(map, reader.nested(), type.values);
  } else {
    object[name] = readValue(reader, type);
  }
}

/** One item, or many numbers packed into one field. */
function readItems(list: unknown[], reader: WireReader, items: FieldType): void {
  if (items.kind === 'scalar' && PACKABLE.has(items.scalar) && reader.wire === WIRE.bytes) {
    const packed = reader.nested();
    while (!packed.done) list.push(readScalar(packed, items.scalar));
  } else {
    list.push(readValue(reader, items));
  }
}

function wireOf(type: FieldType): number {
  if (type.kind !== 'scalar' || !PACKABLE.has(type.scalar)) return WIRE.bytes;
  return type.scalar === 'double' ? WIRE.fixed64 : WIRE.varint;
}

const PACKABLE: ReadonlySet<ScalarType> = new Set<ScalarType>(['int32', 'int64', 'bool', 'double']);

function readEntry(map: Plain, entry: WireReader, values: FieldType): void {
  let key = '';
  let value: unknown = null;
  while (!entry.done) {
    const number = entry.tag();
    if (number === 1) key = entry.string();
    else if (number === 2) value = readValue(entry, values);
    else entry.skip();
  }
  setMember(map, key, value);
}

function readValue(reader: WireReader, type: FieldType): unknown {
  switch (type.kind) {
    case 'scalar':
      return type.scalar === 'json' ? readJson(reader.nested(), type.definition) : readScalar(reader, type.scalar);
    case 'message':
      return readMessage(reader.nested(), type.message);
    case 'list':
      return readWrappedList(reader.nested(), type.items);
    case 'map':
      return null;
  }
}

/** A JSON value that protobuf may give in one of several forms. */
function readJson(reader: WireReader, definition: string | undefined): unknown {
  const shape = jsonShapeOf(definition);
  const list: unknown[] = [];
  let value: unknown;
  while (!reader.done) {
    const number = reader.tag();
    if (number === shape.raw) value = parseJson(reader.string());
    else if (number === shape.bool) value ??= reader.bool();
    else if (number === shape.schema) value = readSchema(reader);
    else if (number === shape.schemas) list.push(readSchema(reader));
    else if (number === shape.strings) list.push(reader.string());
    else reader.skip();
  }
  return value ?? (shape.raw === undefined && shape.bool === undefined ? list : null);
}

/** A schema within JSON is not looked at again: what Go writes of it though it is zero is left out here. */
const readSchema = (reader: WireReader): unknown => decode(jsonSchemaProps, readMessage(reader.nested(), jsonSchemaProps)).object;

/** Lists as map values travel in a message of their own. */
function readWrappedList(reader: WireReader, items: FieldType): unknown[] {
  const list: unknown[] = [];
  while (!reader.done) {
    if (reader.tag() === 1) readItems(list, reader, items);
    else reader.skip();
  }
  return list;
}

function readScalar(reader: WireReader, scalar: ScalarType): unknown {
  switch (scalar) {
    case 'string':
      return reader.string();
    case 'int32':
      return reader.int32();
    case 'int64':
      return reader.int64();
    case 'bool':
      return reader.bool();
    case 'double':
      return reader.double();
    case 'bytes':
      return reader.bytes().toString('base64');
    default:
      return readStruct(scalar, fieldsOf(reader.nested()));
  }
}

/** The fields of one of the small structs behind a scalar, by number. */
interface SmallStruct {
  readonly numbers: ReadonlyMap<number, number | bigint>;
  readonly texts: ReadonlyMap<number, Buffer>;
}

function fieldsOf(reader: WireReader): SmallStruct {
  const numbers = new Map<number, number | bigint>();
  const texts = new Map<number, Buffer>();
  while (!reader.done) {
    const number = reader.tag();
    if (reader.wire === WIRE.varint) numbers.set(number, reader.int64());
    else if (reader.wire === WIRE.bytes) texts.set(number, reader.bytes());
    else reader.skip();
  }
  return { numbers, texts };
}

function readStruct(scalar: ScalarType, { numbers, texts }: SmallStruct): unknown {
  const text = (number: number): string => texts.get(number)?.toString('utf8') ?? '';
  switch (scalar) {
    case 'quantity':
      return text(1) || '0';
    case 'intOrString':
      return Number(numbers.get(1) ?? 0) === 1 ? text(3) : Number(numbers.get(2) ?? 0);
    case 'duration':
      return formatDuration(BigInt(numbers.get(1) ?? 0));
    case 'time':
      return numbers.size === 0 ? null : `${isoSeconds(numbers.get(1))}Z`;
    case 'microTime':
      return numbers.size === 0 ? null : `${isoSeconds(numbers.get(1))}.${micros(numbers.get(2))}Z`;
    default:
      return text(1) === '' ? null : parseJson(text(1));
  }
}

const isoSeconds = (seconds: number | bigint | undefined): string => new Date(Number(seconds ?? 0) * 1_000).toISOString().slice(0, -5);
const micros = (nanos: number | bigint | undefined): string => String(Math.trunc(Number(nanos ?? 0) / 1_000)).padStart(6, '0');
