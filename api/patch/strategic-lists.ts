// Lists in strategic merge patch: what they hold, and the order of what came from the patch and what was there before.
import { goFormat, goTypeName, isObject, memberOf } from './json-value.ts';
import { PatchError } from './patch-error.ts';

export type ElementKind = 'object' | 'scalar';

/** What the items of lists are; all must be of one type. Throws PatchError. */
export function elementKind(lists: readonly (readonly unknown[])[]): ElementKind {
  const items = lists.flat(1);
  const first = items[0];
  if (items.length === 0) throw new PatchError(500, 'no elements in any of the given slices');
  if (Array.isArray(first)) throw new PatchError(422, 'the server rejected our request due to an error in our request');
  const type = goTypeName(first);
  if (items.some((item) => goTypeName(item) !== type))
    throw new PatchError(500, `list element types are not identical: ${goFormat(lists)}`);
  return isObject(first) ? 'object' : 'scalar';
}

export const mergeKeyMissing = (item: unknown, mergeKey: string): PatchError =>
  new PatchError(500, `map: ${goFormat(item)} does not contain declared merge key: ${mergeKey}`);

export const deleteFrom = (list: readonly unknown[], values: readonly unknown[]): unknown[] =>
  list.filter((item) => !values.includes(item));

/** Each value once. Like upstream, a repeated value gives its place to the last one. */
export function withoutDuplicates(list: unknown[]): unknown[] {
  for (let i = 0; i < list.length - 1; i++) {
    for (let j = i + 1; j < list.length; j++) {
      if (list[i] !== list[j]) continue;
      list[j] = list[list.length - 1];
      list.pop();
      j--;
    }
  }
  return list;
}

/** The value by which an item is told from others. */
const identity = (item: unknown, mergeKey: string): unknown => (isObject(item) ? memberOf(item, mergeKey) : item);

/** Splits a list into what an order names and what it does not. Throws PatchError. */
export function partition(
  list: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string,
): { patched: unknown[]; others: unknown[] } {
  const named = new Set(order.map((item) => identity(item, mergeKey)));
  const patched: unknown[] = [];
  const others: unknown[] = [];
  for (const item of list) {
    if (mergeKey !== '' && (!isObject(item) || !Object.hasOwn(item, mergeKey))) throw mergeKeyMissing(item, mergeKey);
    (named.has(identity(item, mergeKey)) ? patched : others).push(item);
  }
  return { patched, others };
}

/** Checks that a patch's items come in the order of its `$setElementOrder`, and that all are in it. Throws PatchError. */
export function checkOrder(list: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (list.length === 0 || order.length === 0) return;
  let at = 0;
  for (const item of list) {
    if (isObject(item) && Object.hasOwn(item, '$patch')) continue;
    const wanted = keyOf(item, mergeKey);
    while (at < order.length && keyOf(order[at], mergeKey) !== wanted) at++;
    if (at++ >= order.length) {
      throw new PatchError(500, `The order in patch list:\n${goFormat(list)}\n doesn't match $setElementOrder list:\n${goFormat(order)}\n`);
    }
  }
}

function keyOf(item: unknown, mergeKey: string): unknown {
  if (mergeKey === '') return item;
  if (!isObject(item)) throw new PatchError(500, `expected a map[string]interface {}, but received a ${goTypeName(item)}`);
  if (!Object.hasOwn(item, mergeKey)) throw mergeKeyMissing(item, mergeKey);
  return item[mergeKey];
}

export interface Order {
  readonly patchOrder: readonly unknown[];
  /** The order before the patch. */
  readonly presentOrder: readonly unknown[];
  readonly mergeKey: string;
  readonly elements: ElementKind;
}

/** Interleaves what the patch orders with the rest: each keeps its own order, and the old one decides between them. */
export function inOrder(patched: readonly unknown[], others: readonly unknown[], order: Order): unknown[] {
  const right = sortBy(patched, order.patchOrder, order);
  const left = sortBy(others, order.presentOrder, order);
  const places = placesOf(order.presentOrder, order.mergeKey);
  const merged: unknown[] = [];
  let i = 0;
  for (const item of right) {
    const place = places.get(identity(item, order.mergeKey));
    for (; i < left.length; i++) {
      const other = places.get(identity(left[i], order.mergeKey));
      if (other === undefined || place === undefined || other >= place) break;
      merged.push(left[i]);
    }
    merged.push(item);
  }
  return [...merged, ...left.slice(i)];
}

function placesOf(list: readonly unknown[], mergeKey: string): Map<unknown, number> {
  const places = new Map<unknown, number>();
  list.forEach((item, place) => {
    const key = identity(item, mergeKey);
    if (!places.has(key)) places.set(key, place);
  });
  return places;
}

/** Sorts by an order; items to be deleted come last. */
function sortBy(list: readonly unknown[], order: readonly unknown[], { mergeKey, elements }: Order): unknown[] {
  if (elements === 'object') for (const item of [...list, ...order]) keyOf(item, mergeKey);
  const deleted = list.filter((item) => isObject(item) && item.$patch === 'delete');
  const places = placesOf(order, mergeKey);
  const placeOf = (item: unknown): number => places.get(identity(item, mergeKey)) ?? -1;
  return [...list.filter((item) => !deleted.includes(item)).sort((a, b) => placeOf(a) - placeOf(b)), ...deleted];
}
