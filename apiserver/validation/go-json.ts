import { parseJson } from '../../api/index.ts';

/** What Go's `encoding/json` calls a value. */
function goKind(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

/**
 * Reads JSON inside a field as Go does, into an object or a list; null is an empty one.
 *
 * @throws Error with the text of Go's `json.Unmarshal`.
 */
export function readGoJson(text: string, wanted: 'object' | 'array', goType: string): unknown {
  const value = parseJson(text) ?? (wanted === 'array' ? [] : {});
  const kind = goKind(value);
  if (kind !== wanted) throw new Error(`json: cannot unmarshal ${kind} into Go value of type ${goType}`);
  return value;
}

/** The text of what went wrong. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
