import { DOCUMENT_YAML, formatYaml } from '../../api/schema.ts';
import type { JsonNode, JsonObject } from './json-node.ts';
import type { Steps } from './steps.ts';

// What documents of OpenAPI in protobuf are made of, as gnostic writes them.

/** Bytes in pieces, put together once at the end: a message's length comes before it, and is known only after. */
export interface Pieces {
  readonly length: number;
  readonly parts: readonly (Buffer | Pieces)[];
}

const WIRE_VARINT = 0;
const WIRE_DOUBLE = 1;
const WIRE_BYTES = 2;

/** The bytes of a message. */
export function joined(pieces: Pieces): Buffer {
  const buffer = Buffer.alloc(pieces.length);
  writeInto(buffer, 0, pieces);
  return buffer;
}

function writeInto(buffer: Buffer, start: number, { parts }: Pieces): number {
  let at = start;
  for (const part of parts) {
    at = 'parts' in part ? writeInto(buffer, at, part) : at + part.copy(buffer, at);
  }
  return at;
}

export const extensions = (number: number, node: JsonNode | undefined): Pieces[] =>
  Object.entries(isObject(node) ? node : {})
    .filter(([name, value]) => name.startsWith('x-') && value !== undefined)
    .map(([name, value]) => field(number, message(text(1, name), field(2, free(value ?? null)))));

/** `Any`: its text, as YAML, is in field 2. */
export const free = (value: JsonNode): Pieces => message(text(2, formatYaml(value, DOCUMENT_YAML)));

type Encode = (value: JsonNode | undefined) => Pieces;

const entriesOf = (node: JsonNode | undefined): [string, JsonNode | undefined][] => Object.entries(isObject(node) ? node : {});

/** A map: a list of its names with their values. */
export const named = (number: number, node: JsonNode | undefined, encode: Encode): Pieces[] =>
  entriesOf(node).map(([name, value]) => field(number, message(text(1, name), field(2, encode(value)))));

/** The same as a message, each name a step. */
export function* namedInSteps(number: number, node: JsonNode | undefined, encode: Encode): Steps<Pieces> {
  const pieces: Pieces[] = [];
  for (const [name, value] of entriesOf(node)) {
    pieces.push(...named(number, { [name]: value }, encode));
    yield;
  }
  return message(...pieces);
}

const isObject = (node: JsonNode | undefined): node is JsonObject => typeof node === 'object' && node !== null && !isList(node);
const isList = (node: JsonNode | undefined): node is readonly JsonNode[] => Array.isArray(node);
export const at = (node: JsonNode | undefined, key: string): JsonNode | undefined => (isObject(node) ? node[key] : undefined);
export const list = (node: JsonNode | undefined): readonly JsonNode[] => (isList(node) ? node : []);
export const present = (node: JsonNode | undefined, encode: (node: JsonNode) => Pieces): Pieces[] =>
  node === undefined ? [] : [encode(node)];

const NOTHING: Pieces = { length: 0, parts: [] };

export const message = (...parts: readonly Pieces[]): Pieces => ({ length: parts.reduce((sum, part) => sum + part.length, 0), parts });

export function field(number: number, content: Pieces | Buffer): Pieces {
  const head = Buffer.from([...varint((number << 3) | WIRE_BYTES), ...varint(content.length)]);
  return { length: head.length + content.length, parts: [head, content] };
}

export const text = (number: number, node: JsonNode | undefined): Pieces =>
  typeof node === 'string' && node !== '' ? field(number, Buffer.from(node, 'utf8')) : NOTHING;

export const texts = (number: number, node: JsonNode | undefined): Pieces[] =>
  list(node).map((item) => field(number, Buffer.from(String(item), 'utf8')));

export const flag = (number: number, node: JsonNode | undefined): Pieces => (node === true ? givenFlag(number, true) : NOTHING);

/** Written whatever it is: one of several that a field may hold. */
export function givenFlag(number: number, value: boolean): Pieces {
  const bytes = Buffer.from([...varint((number << 3) | WIRE_VARINT), value ? 1 : 0]);
  return { length: bytes.length, parts: [bytes] };
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return [...bytes, rest];
}

export function integer(number: number, node: JsonNode | undefined): Pieces {
  if (typeof node !== 'number' || node <= 0) return NOTHING;
  const bytes = Buffer.from([...varint((number << 3) | WIRE_VARINT), ...varint(node)]);
  return { length: bytes.length, parts: [bytes] };
}

export const double = (number: number, node: JsonNode | undefined): Pieces =>
  typeof node === 'number' && node !== 0 ? givenDouble(number, node) : NOTHING;

/** Written whatever it is: one of several that a field may hold. */
export function givenDouble(number: number, value: number): Pieces {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  const head = Buffer.from(varint((number << 3) | WIRE_DOUBLE));
  return { length: head.length + bytes.length, parts: [head, bytes] };
}
