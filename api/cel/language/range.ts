// Sizes and costs that are known only to lie between two bounds (cel-go, `checker/cost.go`). They stop at 2⁶⁴.

export interface Range {
  readonly min: number;
  readonly max: number;
}

const LIMIT = 2 ** 64;
const capped = (value: number): number => Math.min(value, LIMIT);

export const range = (min: number, max: number): Range => ({ min, max });
export const exactly = (value: number): Range => ({ min: value, max: value });
export const UNKNOWN: Range = range(0, LIMIT);
export const NONE: Range = exactly(0);

export const add = (...ranges: readonly Range[]): Range =>
  ranges.reduce((a, b) => range(capped(a.min + b.min), capped(a.max + b.max)), NONE);

export const multiply = (a: Range, b: Range): Range => range(capped(a.min * b.min), capped(a.max * b.max));

/** Times a factor, rounded up. */
export const scale = (a: Range, factor: number): Range => range(capped(Math.ceil(a.min * factor)), capped(Math.ceil(a.max * factor)));

/** The smallest range around both. */
export const union = (a: Range, b: Range): Range => range(Math.min(a.min, b.min), Math.max(a.max, b.max));
