// JSON is YAML, and what comes as YAML mostly is JSON: kubectl, client-go and controller-runtime apply nothing else. It is read as such where both say
// the same, at a twentieth of what the YAML parser takes, which need not be loaded then.
import { type JsonObject, setMember } from '../../patch/json-value.ts';
import { hasDuplicates } from '../duplicates.ts';

/**
 * What Go's YAML parser reads otherwise than a JSON parser, or refuses: tabs, characters that break lines or are not to be printed, escapes (a half of a
 * surrogate pair is none there), the key of merges, and colons on lines of their own.
 */
const OTHERWISE = /[\t\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\\[u/]|"<<"|[\r\n][ \r\n]*:/;
/** Keys that are longer are none of YAML's without a question mark: half of 1,024 characters, as each may be written as two. */
const KEY_CHARS_MAX = 500;

/**
 * Reads an object in JSON, its members by name.
 *
 * @param depthMax levels, at most.
 * @returns undefined for a text that is none, has repeated keys, or would be read otherwise as YAML.
 */
export function readPlainJson(text: string, depthMax: number): JsonObject | undefined {
  if (!text.startsWith('{') || OTHERWISE.test(text)) return undefined;
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return undefined; // whoever reads YAML says what is wrong
  }
  const object = inOrder(raw, depthMax) as JsonObject | undefined;
  return object && !hasDuplicates(text, raw) ? object : undefined;
}

/** A value with the members of its objects by name; undefined for one with numbers, keys or a depth that are not for both. */
function inOrder(value: unknown, depthMax: number): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (depthMax < 0) return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => inOrder(item, depthMax - 1));
    return items.includes(undefined) ? undefined : items;
  }
  const object: JsonObject = {};
  for (const [key, given] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const member = inOrder(given, depthMax - 1);
    if (member === undefined || key.length > KEY_CHARS_MAX) return undefined;
    setMember(object, key, member);
  }
  return object;
}
