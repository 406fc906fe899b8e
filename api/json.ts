// JSON as the API server reads and writes it: integers keep every digit, and a bad document is described in Go's words.
import { JsonReader } from './json-reader.ts';

/** Integers of 16 digits and more may not fit a double. */
const LONG_NUMBER = /\d{16}/;

/** Documents shorter than this cannot nest deeper than {@link JsonReader} allows. */
const DEEP_LENGTH_MIN = 2_000;

/** Escapes that may be halves of a character: a pair of them, or one alone; an escaped backslash is stepped over. */
const HALVES = /\\(?:\\|u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|u[dD][89a-fA-F][\da-fA-F]{2})/g;
const LONE_LENGTH = '\\ud800'.length;

/** A JSON text whose lone halves of characters are U+FFFD, as Go reads them (encoding/json, `unquoteBytes`). */
const withoutHalves = (text: string): string => text.replace(HALVES, (code) => (code.length === LONE_LENGTH ? '\\ufffd' : code));

/**
 * Parses JSON. Integers that a double cannot hold become bigints, and halves of characters U+FFFD.
 *
 * @throws SyntaxError with Go's text, e.g. `invalid character 'x' looking for beginning of value`.
 */
export function parseJson(given: string): unknown {
  const text = given.includes('\\ud') || given.includes('\\uD') ? withoutHalves(given) : given;
  return text.length >= DEEP_LENGTH_MIN && isDeep(text) ? new JsonReader(text).read() : parseOwnJson(text);
}

/**
 * Parses what lies in the store, or what was written by {@link stringifyJson}: as {@link parseJson}, however deep it is. The names of an object's
 * fields that its metadata holds are some levels deeper than the object was when its client sent it.
 */
export function parseOwnJson(text: string): unknown {
  if (LONG_NUMBER.test(text)) return new JsonReader(text, { anyDepth: true }).read();
  try {
    return JSON.parse(text);
  } catch {
    return new JsonReader(text, { anyDepth: true }).read();
  }
}

/** Whether a value nests deeper than what {@link parseJson} reads. */
export function isTooDeep(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (depth >= JsonReader.depthMax) return true;
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    if (isTooDeep(member, depth + 1)) return true;
  }
  return false;
}

/** Writes JSON; bigints as numbers, `undefined` left out as `JSON.stringify` does. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return write(value) ?? 'null';
  }
}

/** JSON as Go writes it: safe inside HTML. */
export const goJson = (value: unknown): string => goEscaped(stringifyJson(value));

/** Ends of lines to JavaScript, though not to JSON. */
const LINE_ENDS = /[\u2028\u2029]/;

/** A JSON text with what Go escapes in strings; elsewhere it has none of these characters. Mostly there is nothing to do, which is seen quickly. */
export function goEscaped(json: string): string {
  if (!json.includes('&') && !json.includes('<') && !json.includes('>') && !LINE_ENDS.test(json)) return json;
  return json.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function write(value: unknown): string | undefined {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => write(item) ?? 'null').join(',')}]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return JSON.stringify(value);
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    const written = write(member);
    if (written !== undefined) members.push(`${JSON.stringify(key)}:${written}`);
  }
  return `{${members.join(',')}}`;
}

/** Whether brackets could nest deeper than allowed; strings are not told apart, so it may say yes too often. */
function isDeep(text: string): boolean {
  let depth = 0;
  let deepest = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x7b || c === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return deepest > JsonReader.depthMax;
}
