// Functions on lists: Kubernetes' own (apiserver, `pkg/cel/library/lists.go`) and cel-go's sets (`ext/sets.go`).

import { ARITHMETIC } from '../language/arithmetic.ts';
import { elementsOf } from '../language/collections.ts';
import type { FunctionDeclaration, Implementation, Result } from '../language/declarations.ts';
import { A, define, LIST_OF_A, method, overload, signature } from '../language/define.ts';
import { compare, equal } from '../language/equality.ts';
import { costSize } from '../language/runtime-cost.ts';
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, INT, listOf, STRING, TIMESTAMP, UINT } from '../language/types.ts';
import { CelError, CelList, type CelValue, Duration, noSuchOverload, Timestamp, Uint } from '../language/values.ts';
import { costOfTree } from './texts.ts';

const COMPARABLE: readonly (readonly [name: string, type: CelType])[] = [
  ['int', INT],
  ['uint', UINT],
  ['double', DOUBLE],
  ['bool', BOOL],
  ['duration', DURATION],
  ['timestamp', TIMESTAMP],
  ['string', STRING],
  ['bytes', BYTES],
];
const SUMMABLE: readonly (readonly [name: string, type: CelType, zero: CelValue])[] = [
  ['int', INT, 0n],
  ['uint', UINT, new Uint(0n)],
  ['double', DOUBLE, 0],
  ['duration', DURATION, new Duration(0n)],
];

/** An implementation that is given a list's elements. */
const on =
  (run: (items: readonly CelValue[], item: CelValue) => Result): Implementation =>
  (list = null, item = null) => {
    const items = list instanceof CelList ? elementsOf(list) : noSuchOverload();
    return items instanceof CelError ? items : run(items, item);
  };

const ORDERED = [Uint, Uint8Array, Timestamp, Duration];
const hasOrder = (value: CelValue): boolean =>
  value !== null && (typeof value !== 'object' || ORDERED.some((type) => value instanceof type));

/** Values of different types are neither before nor after each other. */
const isAfter = (a: CelValue, b: CelValue): boolean => {
  const order = compare(a, b);
  return typeof order === 'number' && order > 0;
};

function isSorted(items: readonly CelValue[]): Result {
  for (const [i, item] of items.entries()) {
    if (!hasOrder(item)) return noSuchOverload();
    if (i > 0 && isAfter(items[i - 1] ?? null, item)) return false;
  }
  return true;
}

const add = ARITHMETIC.find(({ name }) => name === '_+_')?.singleton;

const sumFrom =
  (zero: CelValue) =>
  (items: readonly CelValue[]): Result => {
    let sum = zero;
    for (const item of items) {
      const next = add?.(sum, item) ?? noSuchOverload();
      if (next instanceof CelError) return next;
      sum = next;
    }
    return sum;
  };

/** The element that comes first in the order, or last. */
const extreme =
  (name: string, isBetter: (item: CelValue, best: CelValue) => boolean) =>
  (items: readonly CelValue[]): Result => {
    let best: CelValue | undefined;
    for (const item of items) {
      if (!hasOrder(item)) return noSuchOverload();
      if (best === undefined || isBetter(item, best)) best = item;
    }
    return best === undefined ? new CelError(`${name} called on empty list`) : best;
  };

const position =
  (last: boolean) =>
  (items: readonly CelValue[], item: CelValue): Result => {
    const isItem = (other: CelValue): boolean => equal(other, item) === true;
    return BigInt(last ? items.findLastIndex(isItem) : items.findIndex(isItem));
  };

const containsAll = (items: readonly CelValue[], wanted: readonly CelValue[]): boolean =>
  wanted.every((item) => items.some((other) => equal(other, item) === true));
const containsAny = (items: readonly CelValue[], wanted: readonly CelValue[]): boolean =>
  items.some((item) => wanted.some((other) => equal(other, item) === true));

const setFunction = (name: string, id: string, factor: number, run: (a: readonly CelValue[], b: readonly CelValue[]) => boolean) => ({
  ...define(
    name,
    overload(id, signature([LIST_OF_A, LIST_OF_A], BOOL), (left = null, right = null) => {
      const a = left instanceof CelList ? elementsOf(left) : noSuchOverload();
      const b = right instanceof CelList ? elementsOf(right) : noSuchOverload();
      if (a instanceof CelError) return a;
      return b instanceof CelError ? b : run(a, b);
    }),
  ),
  cost: (args: readonly CelValue[]) => 1 + costSize(args[0] ?? null) * costSize(args[1] ?? null) * factor,
});

export const LIST_FUNCTIONS: readonly FunctionDeclaration[] = [
  define(
    'isSorted',
    ...COMPARABLE.map(([name, type]) => method(`list_${name}_is_sorted_bool`, signature([listOf(type)], BOOL), on(isSorted))),
  ),
  define(
    'sum',
    ...SUMMABLE.map(([name, type, zero]) => method(`list_${name}_sum_${name}`, signature([listOf(type)], type), on(sumFrom(zero)))),
  ),
  define(
    'max',
    ...COMPARABLE.map(([name, type]) => method(`list_${name}_max_${name}`, signature([listOf(type)], type), on(extreme('max', isAfter)))),
  ),
  define(
    'min',
    ...COMPARABLE.map(([name, type]) =>
      method(`list_${name}_min_${name}`, signature([listOf(type)], type), on(extreme('min', (item, best) => isAfter(best, item)))),
    ),
  ),
  define('indexOf', method('list_a_index_of_int', signature([LIST_OF_A, A], INT), on(position(false)))),
  define('lastIndexOf', method('list_a_last_index_of_int', signature([LIST_OF_A, A], INT), on(position(true)))),
].map((declared) => ({ ...declared, cost: costOfTree }));

export const SET_FUNCTIONS: readonly FunctionDeclaration[] = [
  setFunction('sets.contains', 'list_sets_contains_list', 1, containsAll),
  setFunction('sets.intersects', 'list_sets_intersects_list', 1, containsAny),
  setFunction('sets.equivalent', 'list_sets_equivalent_list', 2, (a, b) => containsAll(a, b) && containsAll(b, a)),
];
