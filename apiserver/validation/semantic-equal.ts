type Fields = Readonly<Record<string, unknown>>;

/**
 * Equality of two API values as upstream's `apiequality.Semantic` sees it: absent, null and the empty list are the same; the order of
 * keys does not matter. Quantities are compared as they are written, which decoding has made canonical.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isNothing(a)) return isNothing(b);
  if (Array.isArray(a)) return Array.isArray(b) && equalLists(a, b);
  return isFields(a) && isFields(b) && equalFields(a, b);
}

const isNothing = (value: unknown): boolean => value === undefined || value === null || (Array.isArray(value) && value.length === 0);

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

const equalLists = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, i) => semanticEqual(item, b[i]));

function equalFields(a: Fields, b: Fields): boolean {
  for (const key of Object.keys(a)) if (!semanticEqual(a[key], b[key])) return false;
  for (const key of Object.keys(b)) if (!(key in a) && !isNothing(b[key])) return false;
  return true;
}
