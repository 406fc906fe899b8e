// Protobuf bodies: `k8s\0`, then a runtime.Unknown that says what it holds.
//
//   Unknown { typeMeta = 1 { apiVersion = 1, kind = 2 }, raw = 2, contentEncoding = 3, contentType = 4 }
import { listMeta } from '../../meta/v1/object-meta.ts';
import type { AnyMessage, Message } from '../../schema/message.ts';
import { decode } from '../decode.ts';
import { DecodeError, type TypeMeta } from '../decode-error.ts';
import { readMessage } from './read.ts';
import { WIRE, WireReader, WireWriter } from './wire.ts';
import { writeMessage } from './write.ts';

export const PROTOBUF_MAGIC: Buffer = Buffer.from('k8s\0', 'latin1');

/** A protobuf body whose envelope was read. */
export interface ProtobufBody extends TypeMeta {
  /** Decodes what is inside, to the same normal form as JSON. Throws DecodeError. */
  decode<T>(message: Message<T>): T;
}

/** Reads the envelope of a body, with the errors of upstream's `Serializer.Decode` (apimachinery, `pkg/runtime/serializer/protobuf`). Throws DecodeError. */
export function decodeProtobuf(bytes: Buffer): ProtobufBody {
  if (bytes.length === 0) throw new DecodeError('empty data');
  if (!bytes.subarray(0, PROTOBUF_MAGIC.length).equals(PROTOBUF_MAGIC)) {
    throw new DecodeError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  if (bytes.length === PROTOBUF_MAGIC.length) throw new DecodeError('empty body');
  const { apiVersion, kind, raw } = readUnknown(new WireReader(bytes.subarray(PROTOBUF_MAGIC.length)));
  return {
    apiVersion,
    kind,
    decode: (message) => {
      const object = readMessage(new WireReader(raw), message);
      if (kind !== '' && message.fields.has('kind')) object.kind = kind;
      if (apiVersion !== '' && message.fields.has('apiVersion')) object.apiVersion = apiVersion;
      return decode(message, object).object;
    },
  };
}

function readUnknown(reader: WireReader): { apiVersion: string; kind: string; raw: Buffer } {
  const texts = new Map<number, string>();
  let raw: Buffer = Buffer.alloc(0);
  while (!reader.done) {
    const number = reader.tag();
    if (number === 1) readTypeMeta(reader.nested(), texts);
    else if (number === 2) raw = reader.bytes();
    else reader.skip();
  }
  return { apiVersion: texts.get(1) ?? '', kind: texts.get(2) ?? '', raw };
}

function readTypeMeta(reader: WireReader, texts: Map<number, string>): void {
  while (!reader.done) {
    const number = reader.tag();
    if (reader.wire === WIRE.bytes) texts.set(number, reader.string());
    else reader.skip();
  }
}

/** Writes an object in normal form with its envelope. */
export function encodeProtobuf(message: AnyMessage, object: unknown, meta: TypeMeta): Buffer {
  return envelope(meta, (writer) => writeMessage(writer, message, object));
}

/** Writes a list: every kind's list has its metadata in field 1 and its items in field 2. */
export function encodeProtobufList(
  message: AnyMessage,
  list: { readonly metadata: unknown; readonly items: readonly unknown[] },
  meta: TypeMeta,
): Buffer {
  return envelope(meta, (writer) => {
    for (let i = list.items.length - 1; i >= 0; i--) {
      const before = writer.length;
      writeMessage(writer, message, list.items[i]);
      writer.close(2, before);
    }
    const before = writer.length;
    writeMessage(writer, listMeta, list.metadata);
    writer.close(1, before);
  });
}

/** One frame of a watch: its length in four bytes, then WatchEvent { type = 1, object = 2 { raw = 1 } }. */
export function encodeProtobufWatchEvent(type: string, object: Buffer): Buffer {
  const writer = new WireWriter();
  writer.bytes(object);
  writer.close(1, 0);
  writer.close(2, 0);
  const before = writer.length;
  writer.string(type);
  writer.close(1, before);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(writer.length);
  writer.bytes(length);
  return writer.finish();
}

function envelope(meta: TypeMeta, writeRaw: (writer: WireWriter) => void): Buffer {
  const writer = new WireWriter();
  // Upstream writes the two empty texts as well.
  writer.close(4, writer.length);
  writer.close(3, writer.length);
  let before = writer.length;
  writeRaw(writer);
  writer.close(2, before);
  before = writer.length;
  for (const [number, text] of [
    [2, meta.kind],
    [1, meta.apiVersion],
  ] as const) {
    const start = writer.length;
    writer.string(text);
    writer.close(number, start);
  }
  writer.close(1, before);
  writer.bytes(PROTOBUF_MAGIC);
  return writer.finish();
}
