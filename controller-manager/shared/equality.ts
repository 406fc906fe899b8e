/**
 * Whether two JSON values are the same, whatever the order of their keys; a key with `undefined` counts as absent, as everywhere in the
 * API's types.
 */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => deepEqual(item, b[i]));
  return !Array.isArray(b) && sameEntries(new Map(Object.entries(a)), new Map(Object.entries(b)));
}

function sameEntries(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  for (const [key, value] of a) if (!deepEqual(value, b.get(key))) return false;
  for (const [key, value] of b) if (value !== undefined && a.get(key) === undefined) return false;
  return true;
}

/** JSON with sorted keys: the same text for equal values. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
