/** The types of JSON schema. */
export type JsonType = 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object';

const INT64_END = 2 ** 63;

/** Whether a value is what Go decodes as an int64; larger integers are floats there. */
export const isInteger = (value: unknown): value is number | bigint =>
  typeof value === 'number'
    ? Number.isInteger(value) && value < INT64_END && value >= -INT64_END
    : typeof value === 'bigint' && value < INT64_END && value >= -INT64_END;

/** The type of a value that is not null. */
export function typeOf(value: unknown): JsonType {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'boolean';
    case 'bigint':
    case 'number':
      return isInteger(value) ? 'integer' : 'number';
    default:
      return Array.isArray(value) ? 'array' : 'object';
  }
}

const EPSILON = 1e-9;

/** Whether a float is as good as an integer: go-openapi's `swag.IsFloat64AJSONInteger`. */
export function isJsonInteger(value: number): boolean {
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  if (Number.isInteger(value)) return true;
  const whole = Math.trunc(value);
  if (whole === 0) return false;
  return Math.abs(value - whole) / (Math.abs(value) + Math.abs(whole)) < EPSILON;
}

/** Characters of a text as Go counts them. */
export function countRunes(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
