// How one step of a path into an object is written in FieldsV1, compared and shown:
//
//     f:spec                  a struct's field or a map's key
//     k:{"name":"a"}          the item of a list of maps that has these keys
//     v:"example.com/hold"    an item of a set
//     i:3                     an item by its place; nothing writes these, but they are understood
import { goQuote } from '../field-error.ts';
import { goFormat, isObject } from '../patch/json-value.ts';

/** What is wrong with an object or a field set that is to be tracked or applied. */
export class ApplyTypeError extends Error {
  override readonly name = 'ApplyTypeError';
}

const HTML = /[<>&\u2028\u2029]/g;

/** A JSON value as Go writes it: with the characters escaped that matter in HTML. */
export function goJson(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : JSON.stringify(value);
  return HTML.test(text) ? text.replace(HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) : text;
}

/** The element of an item of a set. */
export const valueElement = (value: unknown): string => `v:${goJson(value)}`;

/** The element of a list item with these keys, in the order of their names. */
export function keyElement(keys: readonly (readonly [name: string, value: unknown])[]): string {
  let text = 'k:{';
  for (const [name, value] of keys) text += `${text.length > 3 ? ',' : ''}${JSON.stringify(name)}:${goJson(value)}`;
  return `${text}}`;
}

/** Fields come before keys, keys before values, values before indexes. */
const KINDS = 'fkvi';

/** The order of elements in a field set. */
export function compareElements(a: string, b: string): number {
  if (a === b) return 0;
  const kind = a.charCodeAt(0);
  if (kind !== b.charCodeAt(0)) return KINDS.indexOf(a.charAt(0)) - KINDS.indexOf(b.charAt(0));
  if (a.startsWith('f:')) return a < b ? -1 : 1;
  return compareInsideString(a, b) ?? compareParsed(a, b);
}

const QUOTE = 0x22;

/** Most keys differ in one string, and need not be taken apart; nothing when it is not so simple. */
function compareInsideString(a: string, b: string): number | undefined {
  if (a.includes('\\') || b.includes('\\')) return undefined;
  let quotes = 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left === right) {
      if (left === QUOTE) quotes++;
      continue;
    }
    if (quotes % 2 === 0) return undefined;
    return left === QUOTE ? -1 : right === QUOTE ? 1 : left - right;
  }
  return undefined;
}

function compareParsed(a: string, b: string): number {
  if (a.startsWith('i:')) return Number(a.slice(2)) - Number(b.slice(2));
  const left: unknown = JSON.parse(a.slice(2));
  const right: unknown = JSON.parse(b.slice(2));
  if (!isObject(left) || !isObject(right)) return compareValues(left, right);
  const before = Object.entries(left);
  const after = Object.entries(right);
  for (let i = 0; i < Math.min(before.length, after.length); i++) {
    const [name = '', value] = before[i] ?? [];
    const [otherName = '', otherValue] = after[i] ?? [];
    if (name !== otherName) return name < otherName ? -1 : 1;
    const order = compareValues(value, otherValue);
    if (order !== 0) return order;
  }
  return before.length - after.length;
}

/** Numbers, strings, booleans, anything else: in this order. */
function compareValues(a: unknown, b: unknown): number {
  const order = rank(a) - rank(b);
  if (order !== 0) return order;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [String(a), String(b)];
  return left === right ? 0 : left < right ? -1 : 1;
}

const RANKS = ['number', 'string', 'boolean'];
const rank = (value: unknown): number => (RANKS.includes(typeof value) ? RANKS.indexOf(typeof value) : RANKS.length);

/** An element in upstream's spelling; undefined for a kind of element that is not known, which is dropped. @throws ApplyTypeError */
export function normalElement(element: string): string | undefined {
  if (element.length < 2) throw new ApplyTypeError('key must be 2 characters long:');
  if (element.charAt(1) !== ':') throw new ApplyTypeError(`missing colon: ${element}`);
  const content = element.slice(2);
  switch (element.charAt(0)) {
    case 'f':
      return element;
    case 'v':
      return valueElement(parse(content));
    case 'k': {
      const keys = parse(content);
      if (!isObject(keys)) throw new ApplyTypeError(`expected a map: ${content}`);
      return keyElement(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1)));
    }
    case 'i':
      if (!/^[+-]?\d+$/.test(content)) throw new ApplyTypeError(`strconv.Atoi: parsing ${goQuote(content)}: invalid syntax`);
      return `i:${Number(content)}`;
    default:
      return undefined;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApplyTypeError(`no JSON: ${text}`, { cause });
  }
}

/** An element as messages show it: `.spec`, `[name="a"]`, `[="x"]`, `[3]`. */
export function showElement(element: string): string {
  const content = element.slice(2);
  if (element.startsWith('f:')) return `.${content}`;
  if (element.startsWith('i:')) return `[${content}]`;
  const value: unknown = JSON.parse(content);
  if (element.startsWith('v:') || !isObject(value)) return `[=${showValue(value)}]`;
  return `[${Object.entries(value)
    .map(([name, key]) => `${name}=${showValue(key)}`)
    .join(',')}]`;
}

const showValue = (value: unknown): string => (value === null ? 'null' : typeof value === 'string' ? goQuote(value) : goFormat(value));
