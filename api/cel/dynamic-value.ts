// JSON of which no schema is known as values of expressions; converted when looked at.
import { isObject } from '../patch/json-value.ts';
import { ArrayList, elementsOf, equalLists, equalMaps } from './language/collections.ts';
import { CelError, CelList, CelMap, type CelValue } from './language/values.ts';

const INT64_END = 2 ** 63;

/** A value of type dyn: whole numbers are ints, others doubles, as Go's decoder of unstructured objects has it. A member that is undefined is none. */
export function dynamicValue(data: unknown): CelValue {
  if (typeof data === 'string' || typeof data === 'boolean' || typeof data === 'bigint') return data;
  if (typeof data === 'number') return Number.isInteger(data) && Math.abs(data) < INT64_END ? BigInt(data) : data;
  if (Array.isArray(data)) return new DynamicList(data);
  return isObject(data) ? new DynamicMap(data) : null;
}

class DynamicList extends CelList {
  readonly #data: readonly unknown[];

  constructor(data: readonly unknown[]) {
    super();
    this.#data = data;
  }

  override get size(): number {
    return this.#data.length;
  }

  override at(index: number): CelValue {
    return dynamicValue(this.#data[index]);
  }

  override concat(other: CelList): CelValue | CelError {
    const more = elementsOf(other);
    return more instanceof CelError ? more : new ArrayList([...this.#data.map(dynamicValue), ...more]);
  }

  override equals(other: CelValue): boolean | CelError {
    return equalLists(this, other);
  }
}

class DynamicMap extends CelMap {
  readonly #data: Readonly<Record<string, unknown>>;

  constructor(data: Readonly<Record<string, unknown>>) {
    super();
    this.#data = data;
  }

  override get size(): number {
    return this.keys().length;
  }

  override find(key: CelValue): CelValue | undefined {
    const data = typeof key === 'string' && Object.hasOwn(this.#data, key) ? this.#data[key] : undefined;
    return data === undefined ? undefined : dynamicValue(data);
  }

  override keys(): readonly string[] {
    return Object.keys(this.#data).filter((key) => this.#data[key] !== undefined);
  }

  override equals(other: CelValue): boolean | CelError {
    return equalMaps(this, other);
  }
}
