// Values at a path of names: apimachinery's `unstructured.NestedInt64` and the like, with their errors.
import { goFormat, isObject, type JsonObject } from '../../api/schema.ts';

/** `.spec.replicas` as names. */
export const namesOf = (path: string): string[] => path.replace(/^\./, '').split('.');

/** What is at a path is not what it must be; the message is upstream's. */
export class NestedError extends Error {
  override readonly name = 'NestedError';
}

/** The integer at a path, with all its digits; undefined when there is nothing. @throws NestedError */
export function nestedInteger(object: unknown, path: string): number | bigint | undefined {
  const value = nested(object, path);
  if (value === undefined) return undefined;
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))) return value;
  throw wrongType(path, value, 'int64');
}

/** The text at a path; undefined when there is nothing. @throws NestedError */
export function nestedString(object: unknown, path: string): string | undefined {
  const value = nested(object, path);
  if (value === undefined || typeof value === 'string') return value;
  throw wrongType(path, value, 'string');
}

function nested(object: unknown, path: string): unknown {
  const names = namesOf(path);
  let value = object;
  for (const [index, name] of names.entries()) {
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) throw wrongType(names.slice(0, index + 1).join('.'), value, 'map[string]interface{}');
    value = value[name];
  }
  return value;
}

/** Puts a value at a path, making what is missing on the way. @throws NestedError */
export function setNested(object: JsonObject, path: string, value: unknown): void {
  const names = namesOf(path);
  let at = object;
  for (const [index, name] of names.slice(0, -1).entries()) {
    const next = at[name];
    if (next !== undefined && !isObject(next)) {
      throw new NestedError(`value cannot be set because .${names.slice(0, index + 1).join('.')} is not a map[string]interface{}`);
    }
    const inner: JsonObject = next === undefined ? {} : { ...next };
    at[name] = inner;
    at = inner;
  }
  at[names.at(-1) ?? ''] = value;
}

function wrongType(path: string, value: unknown, wanted: string): NestedError {
  return new NestedError(
    `.${path.replace(/^\./, '')} accessor error: ${goFormat(value)} is of the type ${goType(value)}, expected ${wanted}`,
  );
}

function goType(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (isObject(value)) return 'map[string]interface {}';
  if (typeof value === 'bigint') return 'int64';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int64' : 'float64';
  return typeof value === 'boolean' ? 'bool' : 'string';
}
