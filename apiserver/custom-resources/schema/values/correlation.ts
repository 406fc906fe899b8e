import { type JSONSchemaProps, stringifyJson } from '../../../../api/index.ts';
import { equalJson, isObject } from '../../../../api/schema.ts';
import { additionalOf, itemsOf, propertyOf } from '../structural.ts';

/**
 * A value of an updated object, and what it was before: upstream's `CorrelatedObject` (apiserver, `pkg/cel/common`). Fields are the same by
 * name, items of lists of type map by their keys, other items not at all.
 */
export class Correlation {
  readonly #value: unknown;
  readonly #old: unknown;
  readonly #schema: JSONSchemaProps;
  /** The old items of a map by their keys, once they are asked for. */
  #oldItems: ReadonlyMap<string, unknown> | undefined;

  constructor(value: unknown, old: unknown, schema: JSONSchemaProps) {
    this.#value = value;
    this.#old = old;
    this.#schema = schema;
  }

  /** A field, if it was there before and the schema knows it. */
  field(name: string): Correlation | undefined {
    const value = this.#value;
    const old = this.#old;
    if (!isObject(value) || !isObject(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name)) return undefined;
    const schema = propertyOf(this.#schema, name) ?? additionalOf(this.#schema);
    return schema && new Correlation(value[name], old[name], schema);
  }

  /** An item, if there was one with the same keys before. */
  item(index: number): Correlation | undefined {
    const schema = itemsOf(this.#schema);
    if (!schema || !Array.isArray(this.#value) || !Array.isArray(this.#old)) return undefined;
    const item: unknown = this.#value[index];
    const identity = this.#isMapList() ? identityOf(item, this.#schema) : undefined;
    if (identity === undefined) return undefined;
    this.#oldItems ??= byIdentity(this.#old, this.#schema);
    const old = this.#oldItems.get(identity);
    return old === undefined ? undefined : new Correlation(item, old, schema);
  }

  /** Whether nothing changed. What the schema does not know cannot be compared, and counts as changed. */
  isUnchanged(): boolean {
    const value = this.#value;
    const old = this.#old;
    if (Array.isArray(value)) return Array.isArray(old) && this.#hasSameItems(value, old);
    if (!isObject(value)) return equalJson(value, old);
    if (!isObject(old)) return false;
    const names = Object.keys(value);
    return names.length === Object.keys(old).length && names.every((name) => this.field(name)?.isUnchanged() ?? false);
  }

  #hasSameItems(value: readonly unknown[], old: readonly unknown[]): boolean {
    if (value.length !== old.length) return false;
    if (!this.#isMapList()) return equalJson(value, old);
    return value.every((_, i) => this.item(i)?.isUnchanged() ?? false);
  }

  #isMapList(): boolean {
    return this.#schema['x-kubernetes-list-type'] === 'map';
  }
}

/** What tells an item of a map from others; undefined unless it has all keys, and they are scalars. */
function identityOf(item: unknown, schema: JSONSchemaProps): string | undefined {
  if (!isObject(item)) return undefined;
  const keys = (schema['x-kubernetes-list-map-keys'] ?? []).map((name) => item[name]);
  if (keys.some((key) => key === undefined || key === null || typeof key === 'object')) return undefined;
  return stringifyJson(keys);
}

/** Of several items with the same keys, the first counts. */
function byIdentity(items: readonly unknown[], schema: JSONSchemaProps): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const item of items) {
    const identity = identityOf(item, schema);
    if (identity !== undefined && !found.has(identity)) found.set(identity, item);
  }
  return found;
}
