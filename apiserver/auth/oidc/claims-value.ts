import { ArrayList, CelError, CelList, type CelValue, dynamicValue, EntryMap, unescapeName } from '../../../api/cel.ts';

/**
 * Claims, and what is nested in them, as values of expressions: `claims.kubernetes__dot__io` is the claim `kubernetes.io`, at any depth. Upstream:
 * `unescapeWrapper` (apiserver, plugin/pkg/authenticator/token/oidc).
 */
export function claimsValue(data: unknown): CelValue {
  if (typeof data === 'number') return data; // Go's decoder of JSON makes all numbers doubles
  if (Array.isArray(data)) return new ArrayList(data.map(claimsValue));
  if (typeof data !== 'object' || data === null) return dynamicValue(data);
  const map = new ClaimsMap();
  for (const [key, value] of Object.entries(data)) map.set(key, claimsValue(value));
  return map;
}

class ClaimsMap extends EntryMap {
  override find(key: CelValue): CelValue | undefined {
    const plain = typeof key === 'string' ? unescapeName(key) : undefined;
    return super.find(plain ?? key);
  }
}

/** Why an expression's value cannot be what it is used for. */
const NOT_TEXTS = 'expression must return a string or a list of strings';

/** A string or strings, without empty ones; undefined when it is neither. Null is none. */
export function textsOf(value: CelValue): readonly string[] | Error {
  if (value === null) return [];
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (!(value instanceof CelList)) return new Error(NOT_TEXTS);
  const found: string[] = [];
  for (let i = 0; i < value.size; i++) {
    const item = value.at(i);
    if (item instanceof CelError || typeof item !== 'string') return new Error(NOT_TEXTS);
    if (item !== '') found.push(item);
  }
  return found;
}
