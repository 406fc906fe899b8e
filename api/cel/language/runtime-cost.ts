// What evaluating costs, counted while it goes on (cel-go, `interpreter/runtimecost.go`).
import { type CelError, type CelValue, Optional, sizeOf } from './values.ts';

/** The cost of one call; nothing: what cel-go itself takes. @param overload empty if several overloads may be meant. */
export type CallCost = (args: readonly CelValue[], result: CelValue | CelError, overload: string) => number | undefined;

/** cel-go's unit costs (`common/cost.go`). */
export const COST = {
  selectAndIdent: 1,
  listCreate: 10,
  mapCreate: 30,
  structCreate: 40,
  stringTraversalFactor: 0.1,
  regexStringLengthFactor: 0.25,
} as const;

/** The size that costs count: characters, bytes, elements or entries; 1 for everything else. */
export function costSize(value: CelValue): number {
  const size = sizeOf(value);
  if (size !== undefined) return size;
  return value instanceof Optional && value.value !== undefined ? costSize(value.value) : 1;
}

/** The cost of going through a text, or whatever has a size, so many times. */
export const traversal = (size: number, times = 1): number => Math.ceil(size * times * COST.stringTraversalFactor);

/** The cost of matching: each expression of a pattern is taken to be four characters long. */
export const regexCost = (textSize: number, patternSize: number): number =>
  Math.ceil((1 + textSize) * COST.stringTraversalFactor) * Math.ceil(patternSize * COST.regexStringLengthFactor);

const size = (args: readonly CelValue[], index: number): number => costSize(args[index] ?? null);

const ofFirst = (args: readonly CelValue[]): number => traversal(size(args, 0));
const ofShorter = (args: readonly CelValue[]): number => traversal(Math.min(size(args, 0), size(args, 1)));
const ofBoth = (args: readonly CelValue[]): number => traversal(size(args, 0) + size(args, 1));

/** Calls that cost more than 1, by overload. */
const BY_OVERLOAD: Readonly<Record<string, (args: readonly CelValue[]) => number>> = {
  starts_with_string: ofFirst,
  ends_with_string: ofFirst,
  string_to_bytes: ofFirst,
  bytes_to_string: ofFirst,
  strings_quote: ofFirst,
  string_format: ofFirst,
  in_list: (args) => size(args, 1),
  less_string: ofShorter,
  greater_string: ofShorter,
  less_equals_string: ofShorter,
  greater_equals_string: ofShorter,
  less_bytes: ofShorter,
  greater_bytes: ofShorter,
  less_equals_bytes: ofShorter,
  greater_equals_bytes: ofShorter,
  equals: ofShorter,
  not_equals: ofShorter,
  add_string: ofBoth,
  add_bytes: ofBoth,
  matches_string: (args) => regexCost(size(args, 0), size(args, 1)),
  contains_string: (args) => ofFirst(args) * traversal(size(args, 1)),
};

/** The cost of a call that has a value. */
export function callCost(overload: string, args: readonly CelValue[]): number {
  return BY_OVERLOAD[overload]?.(args) ?? 1;
}
