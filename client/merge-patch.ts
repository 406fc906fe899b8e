/** The fields of a JSON merge patch. */
export type MergePatch = Record<string, unknown>;

/**
 * The JSON merge patch that turns `before` into `after`: changed fields with their new values, lists as a whole, `null` for what is gone.
 *
 * @returns undefined when there is nothing to change, so that no request need be sent.
 */
export function mergePatchOf(before: object, after: object): MergePatch | undefined {
  const patch: MergePatch = {};
  const old = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(after)) {
    const was = old.get(key);
    if (value === undefined || equalJson(was, value)) continue;
    patch[key] = isMap(was) && isMap(value) ? mergePatchOf(was, value) : value;
  }
  const kept = new Map(Object.entries(after));
  for (const [key, was] of old) if (was !== undefined && was !== null && kept.get(key) === undefined) patch[key] = null;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Whether two JSON values say the same; an undefined field is as good as none. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((value, i) => equalJson(value, b[i]));
  if (!isMap(a) || !isMap(b)) return false;
  const given = (map: object) => Object.entries(map).filter(([, value]) => value !== undefined);
  const others = new Map(given(b));
  const own = given(a);
  return own.length === others.size && own.every(([key, value]) => others.has(key) && equalJson(value, others.get(key)));
}

const isMap = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value);
