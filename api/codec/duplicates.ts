// Repeated keys. JSON.parse keeps the last one in silence, so that they must be looked for in the text.
import { JsonMembers, JsonReader } from '../json-reader.ts';
import type { AnyMessage } from '../schema/message.ts';
import { diagnose } from './diagnosis.ts';

/**
 * Everything upstream's strict decoding has to say about a body that decodes: unknown and repeated fields in document order.
 *
 * @param text the JSON text.
 * @param raw what it was parsed into.
 * @param unknown what `decode` found.
 */
export function strictProblems(message: AnyMessage, text: string, raw: unknown, unknown: readonly string[]): readonly string[] {
  if (!hasDuplicates(text, raw)) return unknown;
  return diagnose(message, new JsonReader(text, { keepMembers: true }).read()).problems;
}

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
