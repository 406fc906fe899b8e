/**
 * Protobuf messages as tables. A field is declared once, by number and type; the TypeScript types, the encoder and the decoder follow. The wire
 * itself is protobufjs' business.
 */
import { Buffer } from 'node:buffer';
import protobuf from 'protobufjs/minimal.js';

const WIRE_VARINT = 0;
const WIRE_BYTES = 2;
const TAG_TYPE_BITS = 3;
const TAG_TYPE_MASK = 7;

/** A field: `T` is what a decoded message has, `D` what one to be encoded may have. */
export interface Field<T, D = T> {
  readonly number: number;
  readonly wireType: number;
  /** What a message has that does not say. */
  initial(): T;
  /** Writes nothing for what {@link initial} gives anyway. */
  write(writer: protobuf.Writer, tag: number, value: D): void;
  read(reader: protobuf.Reader, before: T, wireType: number): T;
}

type Fields = Readonly<Record<string, Field<unknown, never>>>;
type Decoded<F> = { [K in keyof F]: F[K] extends Field<infer T, never> ? T : never };
type Drafted<F> = {
  readonly [K in keyof F]?: (F[K] extends { write(w: protobuf.Writer, t: number, value: infer D): void } ? D : never) | undefined;
};

/** A message type. Unknown fields are passed over, as protobuf wants. */
export interface Message<T, D> {
  encode(draft: D): Buffer;
  /** @throws Error when the bytes are no such message. */
  decode(bytes: Uint8Array): T;
  writeTo(writer: protobuf.Writer, draft: D): void;
  readFrom(reader: protobuf.Reader, end: number): T;
}

/** What a message is decoded to. */
export type MessageOf<M> = M extends Message<infer T, never> ? T : never;
/** What a message is encoded from: every field may be left out. */
export type DraftOf<M> = M extends { encode(draft: infer D): Buffer } ? D : never;

/** Declares a message. */
export function message<const F extends Fields>(fields: F): Message<Decoded<F>, Drafted<F>> {
  return new TableMessage(fields) as unknown as Message<Decoded<F>, Drafted<F>>;
}

type AnyField = Field<unknown, unknown>;
type AnyMessage = Record<string, unknown>;

class TableMessage implements Message<AnyMessage, AnyMessage> {
  readonly #fields: readonly { readonly name: string; readonly tag: number; readonly field: AnyField }[];
  /** By their numbers, which are small. */
  readonly #byNumber: ({ readonly name: string; readonly field: AnyField } | undefined)[] = [];
  /** A message that says nothing: to copy it is the fastest way to begin one. */
  readonly #blank: AnyMessage = {};
  /** Fields of which each message needs a list of its own. */
  readonly #lists: { readonly name: string; readonly field: AnyField }[] = [];

  constructor(fields: Fields) {
    this.#fields = Object.entries(fields as unknown as Record<string, AnyField>)
      .sort(([, a], [, b]) => a.number - b.number)
      .map(([name, field]) => ({ name, tag: (field.number << TAG_TYPE_BITS) | field.wireType, field }));
    for (const { name, field } of this.#fields) {
      this.#byNumber[field.number] = { name, field };
      this.#blank[name] = field.initial();
      if (Array.isArray(this.#blank[name])) this.#lists.push({ name, field });
    }
  }

  encode(draft: AnyMessage): Buffer {
    const writer = protobuf.Writer.create();
    this.writeTo(writer, draft);
    const bytes = writer.finish();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  decode(bytes: Uint8Array): AnyMessage {
    return this.readFrom(protobuf.Reader.create(bytes), bytes.length);
  }

  writeTo(writer: protobuf.Writer, draft: AnyMessage): void {
    for (const { name, tag, field } of this.#fields) {
      const value = draft[name];
      if (value !== undefined) field.write(writer, tag, value);
    }
  }

  readFrom(reader: protobuf.Reader, end: number): AnyMessage {
    const read = { ...this.#blank };
    for (const { name, field } of this.#lists) read[name] = field.initial();
    while (reader.pos < end) {
      const tag = reader.uint32();
      const wireType = tag & TAG_TYPE_MASK;
      const known = this.#byNumber[tag >>> TAG_TYPE_BITS];
      if (known && (wireType === known.field.wireType || wireType === WIRE_BYTES)) {
        read[known.name] = known.field.read(reader, read[known.name], wireType);
      } else {
        reader.skipType(wireType);
      }
    }
    return read;
  }
}

function scalar<T>(
  number: number,
  zero: T,
  access: { readonly write: (writer: protobuf.Writer, value: T) => unknown; readonly read: (reader: protobuf.Reader) => T },
): Field<T> {
  return {
    number,
    wireType: WIRE_VARINT,
    initial: () => zero,
    write: (writer, tag, value) => {
      if (value !== zero) access.write(writer.uint32(tag), value);
    },
    read: (reader) => access.read(reader),
  };
}

const EMPTY = Buffer.alloc(0);

/** A count, a revision or a size: a whole number within 2^53. */
export const int64 = (number: number): Field<number> =>
  scalar(number, 0, { write: (writer, value) => writer.int64(value), read: readNumber });
/** An id of 64 bits, signed as lease ids are. */
export const id64 = (number: number): Field<bigint> =>
  scalar(number, 0n, {
    write: (writer, value) => writer.int64(fromBigInt(value)),
    read: (reader) => BigInt.asIntN(64, toBigInt(reader.int64())),
  });
/** An id of 64 bits, unsigned as those of members and clusters are. */
export const uid64 = (number: number): Field<bigint> =>
  scalar(number, 0n, {
    write: (writer, value) => writer.uint64(fromBigInt(value)),
    read: (reader) => BigInt.asUintN(64, toBigInt(reader.uint64())),
  });
export const uint32 = (number: number): Field<number> =>
  scalar(number, 0, { write: (writer, value) => writer.uint32(value), read: (reader) => reader.uint32() });
export const bool = (number: number): Field<boolean> =>
  scalar(number, false, { write: (writer, value) => writer.bool(value), read: (reader) => reader.bool() });
/** One of a list of numbers. */
export const choice = uint32;

export const bytes = (number: number): Field<Buffer> => ({
  number,
  wireType: WIRE_BYTES,
  initial: () => EMPTY,
  write: (writer, tag, value) => {
    if (value.length > 0) writer.uint32(tag).bytes(value);
  },
  read: (reader) => asBuffer(reader.bytes()),
});

export const string = (number: number): Field<string> => ({
  number,
  wireType: WIRE_BYTES,
  initial: () => '',
  write: (writer, tag, value) => {
    if (value !== '') writer.uint32(tag).string(value);
  },
  read: (reader) => reader.string(),
});

/** A message within a message; absent unless it was sent. */
export const nested = <T, D>(number: number, type: () => Message<T, D>): Field<T | undefined, D> => ({
  number,
  wireType: WIRE_BYTES,
  initial: () => undefined,
  write: (writer, tag, value) => {
    type().writeTo(writer.uint32(tag).fork(), value);
    writer.ldelim();
  },
  read: (reader) => readNested(reader, type()),
});

/** Any number of messages. */
export const many = <T, D>(number: number, type: () => Message<T, D>): Field<T[], readonly D[]> => ({
  number,
  wireType: WIRE_BYTES,
  initial: () => [],
  write: (writer, tag, values) => {
    for (const value of values) {
      type().writeTo(writer.uint32(tag).fork(), value);
      writer.ldelim();
    }
  },
  read: (reader, before) => {
    before.push(readNested(reader, type()));
    return before;
  },
});

function list<T>(
  number: number,
  access: { readonly write: (writer: protobuf.Writer, value: T) => unknown; readonly read: (reader: protobuf.Reader) => T },
): Field<T[], readonly T[]> {
  return {
    number,
    wireType: WIRE_BYTES,
    initial: () => [],
    write: (writer, tag, values) => {
      for (const value of values) access.write(writer.uint32(tag), value);
    },
    read: (reader, before) => {
      before.push(access.read(reader));
      return before;
    },
  };
}

/** Any number of texts. */
export const strings = (number: number): Field<string[], readonly string[]> =>
  list(number, { write: (writer, value) => writer.string(value), read: (reader) => reader.string() });
export const bytesList = (number: number): Field<Buffer[], readonly Buffer[]> =>
  list(number, { write: (writer, value) => writer.bytes(value), read: (reader) => asBuffer(reader.bytes()) });

/** Texts by text: `map<string, string>`. */
export const stringMap = (number: number): Field<Readonly<Record<string, string>>> => ({
  number,
  wireType: WIRE_BYTES,
  initial: () => NO_TEXTS,
  write: (writer, tag, texts) => {
    for (const [key, value] of Object.entries(texts)) {
      MAP_ENTRY.writeTo(writer.uint32(tag).fork(), { key, value });
      writer.ldelim();
    }
  },
  read: (reader, before) => {
    const { key, value } = readNested(reader, MAP_ENTRY);
    return { ...before, [key]: value };
  },
});

const NO_TEXTS: Readonly<Record<string, string>> = {};
const MAP_ENTRY = message({ key: string(1), value: string(2) });

/** Any number of small numbers: written packed, read either way. */
export const uint32s = (number: number): Field<number[], readonly number[]> => ({
  number,
  wireType: WIRE_VARINT,
  initial: () => [],
  write: (writer, _tag, values) => {
    if (values.length === 0) return;
    writer.uint32((number << TAG_TYPE_BITS) | WIRE_BYTES).fork();
    for (const value of values) writer.uint32(value);
    writer.ldelim();
  },
  read: (reader, before, wireType) => {
    if (wireType !== WIRE_BYTES) {
      before.push(reader.uint32());
      return before;
    }
    for (const end = reader.uint32() + reader.pos; reader.pos < end; ) before.push(reader.uint32());
    return before;
  },
});

function readNested<T, D>(reader: protobuf.Reader, type: Message<T, D>): T {
  const length = reader.uint32();
  return type.readFrom(reader, reader.pos + length);
}

const asBuffer = (value: Uint8Array): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);

type Wide = ReturnType<protobuf.Reader['int64']>;
type WideInput = Parameters<protobuf.Writer['int64']>[0];

const WORD_BITS = 32n;
const WORD_MASK = 0xffff_ffffn;
const WORD = 2 ** 32;

const VARINT_MORE = 0x80;
const VARINT_BITS = 0x7f;
/** Bytes of the longest varint that is within 2^53 for sure. */
const SHORT_VARINT_BYTES = 7;

/** A number within 2^53, mostly without the two halves that protobufjs would make of it. */
function readNumber(reader: protobuf.Reader): number {
  const { buf, pos } = reader;
  let value = 0;
  let scale = 1;
  for (let at = pos; at < pos + SHORT_VARINT_BYTES && at < reader.len; at++) {
    const byte = buf[at] ?? 0;
    value += (byte & VARINT_BITS) * scale;
    if (byte < VARINT_MORE) {
      reader.pos = at + 1;
      return value;
    }
    scale *= VARINT_MORE;
  }
  return toNumber(reader.int64());
}

/** protobufjs gives 64-bit values as two halves. */
const toNumber = (value: Wide | number): number => (typeof value === 'number' ? value : value.high * WORD + (value.low >>> 0));
const toBigInt = (value: Wide | number): bigint =>
  typeof value === 'number' ? BigInt(value) : (BigInt(value.high) << WORD_BITS) | BigInt(value.low >>> 0);
const fromBigInt = (value: bigint): WideInput => ({
  low: Number(value & WORD_MASK) | 0,
  high: Number((value >> WORD_BITS) & WORD_MASK) | 0,
  unsigned: false,
});
