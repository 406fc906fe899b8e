// Repeated keys. JSON.parse keeps the last one in silence, so that they must be looked for in the text.
import { JsonMembers, JsonReader } from '../json-reader.ts';
import { setMember } from '../patch/json-value.ts';
import type { FieldInfo, FieldType } from '../schema/field.ts';
import type { AnyMessage, Message } from '../schema/message.ts';
import { type Decoded, decode } from './decode.ts';
import { DecodeError } from './decode-error.ts';
import { diagnose } from './diagnosis.ts';

/**
 * Decodes a JSON text, with unknown and repeated fields in document order.
 *
 * @param raw what it was parsed into.
 * @throws DecodeError
 */
export function decodeText<T>(message: Message<T>, raw: unknown, text: string): Decoded<T> {
  if (!hasDuplicates(text, raw)) return decode(message, raw, text);
  const { error, problems } = diagnose(message, new JsonReader(text, { keepMembers: true, keepFloats: true }).read());
  if (error !== undefined) throw new DecodeError(error);
  const members = new JsonReader(text, { keepMembers: true }).read();
  return { object: decode(message, folded({ kind: 'message', message }, members)).object, unknown: problems };
}

/** What Go makes of a field that is repeated: each value is read into what the ones before it have left. */
function folded(type: FieldType, value: unknown): unknown {
  if (type.kind === 'list' && Array.isArray(value)) return value.map((item: unknown) => folded(type.items, item));
  if (!(value instanceof JsonMembers)) return value;
  const object: Record<string, unknown> = {};
  if (type.kind === 'map') for (const [key, member] of value.entries) setMember(object, key, folded(type.values, member));
  else if (type.kind === 'message') foldInto(object, type.message, value);
  else for (const [key, member] of value.entries) setMember(object, key, folded(type, member));
  return object;
}

function foldInto(object: Record<string, unknown>, message: AnyMessage, { entries }: JsonMembers): void {
  for (const [name, member] of entries) {
    const info = message.fields.get(name);
    const present = object[name];
    if (!info || present === undefined || present === null) setMember(object, name, info ? folded(info.type, member) : plain(member));
    else if (member !== null) object[name] = merged(info.type, present, member);
    else if (!keepsAtNull(info)) object[name] = null;
  }
}

function merged(type: FieldType, present: unknown, member: unknown): unknown {
  const object = present as Record<string, unknown>; // what does not fit was refused before
  if (type.kind === 'message' && member instanceof JsonMembers) foldInto(object, type.message, member);
  else if (type.kind === 'map' && member instanceof JsonMembers) {
    for (const [key, value] of member.entries) setMember(object, key, folded(type.values, value));
  } else return folded(type, member);
  return object;
}

/** Only what can be nothing becomes nothing at a null. */
const keepsAtNull = ({ type, presence, nullable }: FieldInfo): boolean =>
  presence !== 'set' && !nullable && (type.kind === 'message' || (type.kind === 'scalar' && PLAIN_SCALARS.has(type.scalar)));

const PLAIN_SCALARS: ReadonlySet<string> = new Set(['string', 'int32', 'int64', 'double', 'bool']);

/** A value of which nothing is known, without its repeated keys. */
const plain = (value: unknown): unknown => folded({ kind: 'scalar', scalar: 'json' }, value);

/** Every repeated key of a JSON text, as upstream reports it for objects without a schema: `duplicate field "spec.x"`. */
export function duplicateFields(text: string, raw: unknown = JSON.parse(text)): string[] {
  if (!hasDuplicates(text, raw)) return [];
  const found = new Set<string>();
  collect(new JsonReader(text, { keepMembers: true }).read(), '', found);
  return [...found];
}

function collect(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      collect(item, `${path}[${index}]`, found);
    });
    return;
  }
  if (!(value instanceof JsonMembers)) return;
  const seen = new Set<string>();
  for (const [key, member] of value.entries) {
    const inner = path === '' ? key : `${path}.${key}`;
    if (seen.has(key)) found.add(`duplicate field ${JSON.stringify(inner)}`);
    seen.add(key);
    collect(member, inner, found);
  }
}

/** Whether the text has more keys than what was parsed from it: a fraction of the cost of looking at each. */
export function hasDuplicates(text: string, raw: unknown): boolean {
  return keysIn(text) !== keysOf(raw);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Counts the strings of a valid JSON text that a colon follows. */
function keysIn(text: string): number {
  let keys = 0;
  let at = text.indexOf('"');
  while (at >= 0) {
    let end = at + 1;
    for (let c = text.charCodeAt(end); c !== QUOTE; c = text.charCodeAt(end)) end += c === BACKSLASH ? 2 : 1;
    let next = end + 1;
    while (text.charCodeAt(next) <= 0x20) next++;
    if (text.charCodeAt(next) === COLON) keys++;
    at = text.indexOf('"', next);
  }
  return keys;
}

function keysOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) keys += keysOf(item);
    return keys;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) keys += 1 + keysOf(object[key]);
  return keys;
}
