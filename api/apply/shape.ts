// Which of a type's forms a value has, and how its list items are told apart.
import { isObject, type JsonObject, memberOf } from '../patch/json-value.ts';
import type { ApplyType, ListType } from './apply-type.ts';
import { ApplyTypeError, goJson, keyElement, valueElement } from './path-element.ts';

export type Shape = 'map' | 'scalar' | 'list';

/** The form a value has in a type; of a value that does not fit, the form that the type would have it in. */
export function shapeOf(type: ApplyType, value: unknown): Shape {
  if (value !== null && value !== undefined) {
    const shape = Array.isArray(value) ? 'list' : typeof value === 'object' ? 'map' : 'scalar';
    if (type[shape] !== undefined) return shape;
  }
  return type.map ? 'map' : type.scalar ? 'scalar' : 'list';
}

export const NO_MEMBERS: JsonObject = Object.freeze({});
export const NO_ITEMS: readonly unknown[] = Object.freeze([]);

/** A value as a map; what is none has no members. */
export const asMap = (value: unknown): JsonObject => (isObject(value) ? value : NO_MEMBERS);

/** A value as a list; what is none has no items. */
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : NO_ITEMS);

export function hasMembers(map: JsonObject): boolean {
  for (const key in map) if (map[key] !== undefined) return true;
  return false;
}

/** The names of two maps' members, in their order, each once. */
export function namesOf(a: JsonObject, b: JsonObject): string[] {
  const names = Object.keys(b);
  for (const name in a) if (!Object.hasOwn(b, name)) names.push(name);
  return inOrder(names);
}

/** Sorts names in place, if they are not sorted already, as they mostly are. */
export function inOrder(names: string[]): string[] {
  for (let i = 1; i < names.length; i++) if ((names[i - 1] ?? '') > (names[i] ?? '')) return names.sort();
  return names;
}

/** Lists that are longer are not looked at item against item. */
const IN_STEP_MAX = 16;

/** Whether two short lists have the same elements in the same places, each once. */
export function inStep(list: ListType, before: readonly unknown[], after: readonly unknown[]): boolean {
  if (before.length !== after.length || after.length > IN_STEP_MAX) return false;
  for (let i = 0; i < after.length; i++) {
    if (!sameElement(list, before[i], after[i])) return false;
    for (let j = 0; j < i; j++) if (sameElement(list, after[j], after[i])) return false;
  }
  return true;
}

function sameElement({ keys }: ListType, a: unknown, b: unknown): boolean {
  if (keys.length === 0) return a === b && typeof a !== 'object';
  if (!isObject(a) || !isObject(b)) return false;
  for (const key of keys) if (a[key] === undefined || a[key] !== b[key]) return false;
  return true;
}

/** The element of a list's item. @throws ApplyTypeError when the item has nothing that tells it apart. */
export function itemElement(list: ListType, item: unknown): string {
  if (list.keys.length === 0) return setElement(item);
  if (item === null || item === undefined) throw new ApplyTypeError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new ApplyTypeError('associative list with keys may not have non-map elements');
  const keys: [string, unknown][] = [];
  for (const name of list.keys) {
    const given = memberOf(item, name);
    const value = given === undefined ? list.items.map?.fields.get(name)?.fallback : given; // a null is no default
    if (value !== undefined) keys.push([name, value]);
  }
  if (keys.length > 0) return keyElement(keys);
  const names = list.keys.map(goJson).join(' ');
  throw new ApplyTypeError(
    `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  );
}

function setElement(item: unknown): string {
  if (Array.isArray(item)) throw new ApplyTypeError('not supported: associative list with lists as elements');
  if (isObject(item)) throw new ApplyTypeError("associative list without keys has an element that's a map type");
  if (item === null || item === undefined) {
    throw new ApplyTypeError("associative list without keys has an element that's an explicit null");
  }
  return valueElement(item);
}

/** A list's items by their elements; those that come more than once are kept apart. */
export interface ItemIndex {
  /** Each element once, in the order of the list. */
  readonly elements: readonly string[];
  readonly first: ReadonlyMap<string, unknown>;
  /** All items of the elements that come more than once. */
  readonly repeated: ReadonlyMap<string, readonly unknown[]>;
}

const NONE_REPEATED: ReadonlyMap<string, readonly unknown[]> = new Map();

export function indexItems(list: ListType, items: readonly unknown[]): ItemIndex {
  const elements: string[] = [];
  const first = new Map<string, unknown>();
  let repeated: Map<string, unknown[]> | undefined;
  for (const item of items) {
    const element = itemElement(list, item);
    if (!first.has(element)) {
      first.set(element, item);
      elements.push(element);
      continue;
    }
    repeated ??= new Map();
    const all = repeated.get(element);
    if (all) all.push(item);
    else repeated.set(element, [first.get(element), item]);
  }
  return { elements, first, repeated: repeated ?? NONE_REPEATED };
}
