import { isObject } from '../patch/json-value.ts';

/** A value with the fields of its objects by name: how Go writes what it has decoded without knowing its type. */
export function inGoOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inGoOrder);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, inGoOrder(value[name])]),
  );
}
