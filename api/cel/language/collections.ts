// Lists and maps that expressions make.
import { equal } from './equality.ts';
import { CelError, CelList, CelMap, type CelValue, typeName, Uint } from './values.ts';

/** The elements of a list; an error if one of them is none. */
export function elementsOf(list: CelList): CelValue[] | CelError {
  if (list instanceof ArrayList) return [...list.items];
  const items: CelValue[] = [];
  for (let i = 0; i < list.size; i++) {
    const item = list.at(i);
    if (item instanceof CelError) return item;
    items.push(item);
  }
  return items;
}

/** Two lists of equal elements in equal order. */
export function equalLists(a: CelList, b: CelValue): boolean | CelError {
  if (!(b instanceof CelList) || a.size !== b.size) return false;
  for (let i = 0; i < a.size; i++) {
    const left = a.at(i);
    const right = b.at(i);
    if (left instanceof CelError) return left;
    if (right instanceof CelError) return right;
    const same = equal(left, right);
    if (same !== true) return same;
  }
  return true;
}

export class ArrayList extends CelList {
  readonly items: readonly CelValue[];

  constructor(items: readonly CelValue[]) {
    super();
    this.items = items;
  }

  override get size(): number {
    return this.items.length;
  }

  override at(index: number): CelValue | CelError {
    return this.items[index] ?? null;
  }

  override concat(other: CelList): CelValue | CelError {
    const more = elementsOf(other);
    return more instanceof CelError ? more : new ArrayList([...this.items, ...more]);
  }

  override equals(other: CelValue): boolean | CelError {
    return equalLists(this, other);
  }
}

/** The accumulator of a macro: adding to it changes it, so that gathering n elements is no n² work. */
export class GrowingList extends ArrayList {
  readonly #growing: CelValue[];

  constructor() {
    const items: CelValue[] = [];
    super(items);
    this.#growing = items;
  }

  override concat(other: CelList): CelValue | CelError {
    for (let i = 0; i < other.size; i++) {
      const item = other.at(i);
      if (item instanceof CelError) return item;
      this.#growing.push(item);
    }
    return this;
  }
}

/** Keys that are equal have one text: `1`, `1u` and `1.0` are the same key. */
function keyText(key: CelValue): string | undefined {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'bigint') return `n${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (typeof key !== 'number') return undefined;
  return Number.isInteger(key) ? `n${BigInt(key)}` : `d${key}`;
}

interface Entry {
  readonly key: CelValue;
  readonly value: CelValue;
}

export class EntryMap extends CelMap {
  readonly #entries = new Map<string, Entry>();

  /** An error if a key is no key. */
  static of(entries: Iterable<readonly [CelValue, CelValue]>): EntryMap | CelError {
    const map = new EntryMap();
    for (const [key, value] of entries) {
      const error = map.set(key, value);
      if (error) return error;
    }
    return map;
  }

  /** Sets an entry; for maps that nobody has seen yet. */
  set(key: CelValue, value: CelValue): CelError | undefined {
    const text = keyText(key);
    if (text === undefined) return new CelError(`unsupported key type: ${typeName(key)}`);
    this.#entries.set(text, { key, value });
    return undefined;
  }

  override get size(): number {
    return this.#entries.size;
  }

  override find(key: CelValue): CelValue | undefined {
    const text = keyText(key);
    return text === undefined ? undefined : this.#entries.get(text)?.value;
  }

  override keys(): readonly CelValue[] {
    return [...this.#entries.values()].map(({ key }) => key);
  }

  override equals(other: CelValue): boolean | CelError {
    return equalMaps(this, other);
  }
}

/** The accumulator of a macro that makes a map: inserting changes it. */
export class GrowingMap extends EntryMap {
  settled(): EntryMap {
    const map = new EntryMap();
    for (const key of this.keys()) map.set(key, this.find(key) ?? null);
    return map;
  }
}

/** A map with one more entry; an error if the key is there already. */
export function insert(map: CelMap, key: CelValue, value: CelValue): CelMap | CelError {
  if (map.find(key) !== undefined) return new CelError(`insert failed: key ${key instanceof Uint ? key.value : key} already exists`);
  if (map instanceof GrowingMap) return map.set(key, value) ?? map;
  const copy = new EntryMap();
  for (const known of map.keys()) {
    const found = map.find(known) ?? null;
    if (found instanceof CelError) return found;
    copy.set(known, found);
  }
  return copy.set(key, value) ?? copy;
}

/** Two maps with equal values at equal keys. */
export function equalMaps(a: CelMap, b: CelValue): boolean | CelError {
  if (!(b instanceof CelMap) || a.size !== b.size) return false;
  for (const key of a.keys()) {
    const left = a.find(key);
    const right = b.find(key);
    if (left instanceof CelError) return left;
    if (right instanceof CelError) return right;
    if (left === undefined || right === undefined) return false;
    const same = equal(left, right);
    if (same !== true) return same;
  }
  return true;
}
