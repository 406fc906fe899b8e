// Objects in normal form into protobuf. Everything is written backwards: see wire.ts.
import { jsonSchemaProps } from '../../apiextensions/v1/json-schema.ts';
import { goJson } from '../../json.ts';
import type { FieldType, ScalarType } from '../../schema/field.ts';
import type { AnyMessage } from '../../schema/message.ts';
import { MICRO_TIME_LAYOUT, parseDuration, parseGoTime, TIME_LAYOUT } from '../../time.ts';
import { isPlain } from '../reader.ts';
import { jsonShapeOf } from './json-shape.ts';
import { type Layout, layoutOf, type Slot } from './layout.ts';
import { WIRE, type WireWriter } from './wire.ts';

type Plain = Record<string, unknown>;

/** Writes the fields of a message, without tag and length of its own. */
export function writeMessage(writer: WireWriter, message: AnyMessage, object: unknown): void {
  if (isPlain(object)) writeLayout(writer, layoutOf(message), object);
}

function writeLayout(writer: WireWriter, layout: Layout, object: Plain): void {
  for (const slot of layout.descending) writeSlot(writer, slot, object);
}

function writeSlot(writer: WireWriter, slot: Slot, object: Plain): void {
  if (slot.inlined) {
    const before = writer.length;
    writeLayout(writer, slot.layout, object);
    writer.close(slot.number, before);
    return;
  }
  const value = object[slot.name];
  if (value !== undefined && value !== null) writeField(writer, slot.number, slot.type, value);
  else if (slot.isValue) writeZero(writer, slot.number, slot.type);
}

/** What a Go value is when nothing was given; lists, maps and bytes are none then. */
function writeZero(writer: WireWriter, number: number, type: FieldType): void {
  if (type.kind === 'message') writeValue(writer, number, type, NOTHING);
  else if (type.kind === 'scalar' && ZERO_TIMES.has(type.scalar)) writer.close(number, writer.length);
  else if (type.kind === 'scalar' && type.scalar in ZEROS) writeScalar(writer, number, type, ZEROS[type.scalar]);
}

const NOTHING: Plain = {};
/** They have no fields then. */
const ZERO_TIMES: ReadonlySet<ScalarType> = new Set<ScalarType>(['time', 'microTime', 'rawExtension']);
const ZEROS: Readonly<Partial<Record<ScalarType, unknown>>> = {
  string: '',
  int32: 0,
  int64: 0,
  bool: false,
  double: 0,
  quantity: '0',
  intOrString: 0,
  duration: '0s',
};

function writeField(writer: WireWriter, number: number, type: FieldType, value: unknown): void {
  if (type.kind === 'list') writeItems(writer, number, type.items, value);
  else if (type.kind === 'map') writeEntries(writer, number, type.values, value);
  else writeValue(writer, number, type, value);
}

function writeItems(writer: WireWriter, number: number, items: FieldType, value: unknown): void {
  if (!Array.isArray(value)) return;
  for (let i = value.length - 1; i >= 0; i--) writeValue(writer, number, items, value[i]);
}

function writeEntries(writer: WireWriter, number: number, values: FieldType, value: unknown): void {
  if (!isPlain(value)) return;
  const keys = Object.keys(value).sort();
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] ?? '';
    const before = writer.length;
    writeValue(writer, 2, values, value[key]);
    writeText(writer, 1, key);
    writer.close(number, before);
  }
}

function writeValue(writer: WireWriter, number: number, type: FieldType, value: unknown): void {
  if (type.kind === 'scalar') {
    writeScalar(writer, number, type, value);
    return;
  }
  const before = writer.length;
  if (type.kind === 'message') writeMessage(writer, type.message, value);
  else if (type.kind === 'list') writeItems(writer, 1, type.items, value);
  writer.close(number, before);
}

function writeText(writer: WireWriter, number: number, text: string): void {
  const before = writer.length;
  writer.string(text);
  writer.close(number, before);
}

function writeInt(writer: WireWriter, number: number, value: number | bigint): void {
  writer.int(value);
  writer.tag(number, WIRE.varint);
}

function writeScalar(writer: WireWriter, number: number, type: FieldType & { kind: 'scalar' }, value: unknown): void {
  switch (type.scalar) {
    case 'string':
      writeText(writer, number, String(value));
      return;
    case 'int32':
    case 'int64':
      writeInt(writer, number, typeof value === 'bigint' ? value : Number(value));
      return;
    case 'bool':
      writer.bool(value === true);
      writer.tag(number, WIRE.varint);
      return;
    case 'double':
      writer.double(Number(value));
      writer.tag(number, WIRE.fixed64);
      return;
    default:
      writeStruct(writer, number, type, value);
  }
}

/** Bytes, and scalars that are messages in protobuf. */
function writeStruct(writer: WireWriter, number: number, type: FieldType & { kind: 'scalar' }, value: unknown): void {
  const before = writer.length;
  if (type.scalar === 'json') writeJson(writer, type.definition, value);
  else if (value !== null && value !== undefined) SMALL_STRUCTS[type.scalar]?.(writer, value);
  writer.close(number, before);
}

/** A JSON value, in the form that protobuf has for it. */
function writeJson(writer: WireWriter, definition: string | undefined, value: unknown): void {
  const shape = jsonShapeOf(definition);
  const schema: FieldType = { kind: 'message', message: jsonSchemaProps };
  if (shape.raw !== undefined) writeRaw(writer, value);
  else if (Array.isArray(value)) {
    if (shape.schemas !== undefined) writeItems(writer, shape.schemas, schema, value);
    else if (shape.strings !== undefined) writeItems(writer, shape.strings, { kind: 'scalar', scalar: 'string' }, value);
  } else {
    if (shape.schema !== undefined && isPlain(value)) writeValue(writer, shape.schema, schema, value);
    if (shape.bool !== undefined) {
      writer.bool(value !== false);
      writer.tag(shape.bool, WIRE.varint);
    }
  }
}

const writeRaw = (writer: WireWriter, value: unknown): void => writeText(writer, 1, goJson(value));

const SMALL_STRUCTS: Readonly<Partial<Record<ScalarType, (writer: WireWriter, value: unknown) => void>>> = {
  bytes: (writer, value) => writer.bytes(Buffer.from(String(value), 'base64')),
  quantity: (writer, value) => writeText(writer, 1, String(value)),
  intOrString: (writer, value) => {
    writeText(writer, 3, typeof value === 'string' ? value : '');
    writeInt(writer, 2, typeof value === 'number' ? value : 0);
    writeInt(writer, 1, typeof value === 'string' ? 1 : 0);
  },
  time: (writer, value) => writeInstant(writer, String(value), TIME_LAYOUT),
  microTime: (writer, value) => writeInstant(writer, String(value), MICRO_TIME_LAYOUT),
  duration: (writer, value) => writeInt(writer, 1, parseDuration(String(value))),
  rawExtension: writeRaw,
  fieldsV1: writeRaw,
};

function writeInstant(writer: WireWriter, text: string, layout: typeof TIME_LAYOUT | typeof MICRO_TIME_LAYOUT): void {
  const { seconds, nanos } = parseGoTime(text, layout);
  writeInt(writer, 2, layout === TIME_LAYOUT ? 0 : nanos);
  writeInt(writer, 1, seconds);
}
