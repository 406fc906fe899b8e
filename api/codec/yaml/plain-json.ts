// JSON is YAML, and what comes as YAML mostly is JSON: kubectl, client-go and controller-runtime apply nothing else. It is read as such where both say
// the same, at a twentieth of what the YAML parser takes, which need not be loaded then.
import type { JsonObject } from '../../patch/json-value.ts';
import { hasDuplicates } from '../duplicates.ts';
import { inGoOrder } from '../go-json.ts';

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
  return isForBoth(raw, depthMax) && !hasDuplicates(text, raw) ? (inGoOrder(raw) as JsonObject) : undefined;
}

/** Whether numbers, keys and depth of a value are such that both parsers read them alike. */
function isForBoth(value: unknown, depthMax: number): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return true;
  if (depthMax < 0) return false;
  if (Array.isArray(value)) return value.every((item: unknown) => isForBoth(item, depthMax - 1));
  return Object.entries(value).every(([key, member]) => key.length <= KEY_CHARS_MAX && isForBoth(member, depthMax - 1));
}
