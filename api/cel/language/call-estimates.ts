// What calls of CEL's own functions may cost (cel-go, `checker/cost.go`, functionCost).
import type { CallEstimate, Estimated, EstimatedCall } from './estimate.ts';
import { add, exactly, multiply, type Range, range, scale, UNKNOWN } from './range.ts';
import { COST } from './runtime-cost.ts';

type Estimate = (call: EstimatedCall) => CallEstimate | undefined;

const sizeOf = (value: Estimated | undefined): Range => value?.size ?? UNKNOWN;
const traversal = (size: Range): Range => scale(size, COST.stringTraversalFactor);

/** One more than the size, so that a costly pattern costs something on an empty text. */
export const regexEstimate = (text: Range, pattern: Range): Range =>
  multiply(traversal(add(text, exactly(1))), scale(pattern, COST.regexStringLengthFactor));

const ofArg: Estimate = ({ args }) => ({ cost: traversal(sizeOf(args[0])) });
const ofTarget: Estimate = ({ target }) => target && { cost: traversal(sizeOf(target)) };

const comparison: Estimate = ({ args }) => {
  const max = Math.min(sizeOf(args[0]).max, sizeOf(args[1]).max);
  return { cost: traversal(range(max > 0 ? 1 : 0, max)) };
};

const concatenation: Estimate = ({ args }) => {
  const size = add(sizeOf(args[0]), sizeOf(args[1]));
  return { cost: traversal(size), size };
};

const BY_OVERLOAD: Readonly<Record<string, Estimate>> = {
  string_format: ofTarget,
  string_to_bytes: ({ args }) => {
    const size = sizeOf(args[0]);
    return { cost: traversal(size), size: range(size.min, size.max * 4) };
  },
  bytes_to_string: ({ args }) => {
    const size = sizeOf(args[0]);
    return { cost: traversal(size), size: range(Math.trunc(size.min / 4), size.max) };
  },
  strings_quote: ({ args }) => {
    const size = sizeOf(args[0]);
    return { cost: traversal(size), size: range(size.min + 2, size.max * 2 + 2) };
  },
  starts_with_string: ofArg,
  ends_with_string: ofArg,
  in_list: ({ args }) => ({ cost: sizeOf(args[1]) }),
  matches_string: ({ target, args }) => target && { cost: regexEstimate(sizeOf(target), sizeOf(args[0])) },
  contains_string: ({ target, args }) => target && { cost: multiply(traversal(sizeOf(target)), traversal(sizeOf(args[0]))) },
  add_string: concatenation,
  add_bytes: concatenation,
  add_list: ({ args }) => ({ cost: exactly(1), size: add(sizeOf(args[0]), sizeOf(args[1])) }),
  equals: comparison,
  not_equals: comparison,
  ...Object.fromEntries(
    ['less', 'greater', 'less_equals', 'greater_equals'].flatMap((name) =>
      [`${name}_string`, `${name}_bytes`].map((id) => [id, comparison]),
    ),
  ),
};

/** The cost of a call with its arguments'. */
export function callEstimate(call: EstimatedCall, argCosts: readonly Range[]): CallEstimate {
  const estimate = BY_OVERLOAD[call.overload]?.(call) ?? { cost: exactly(1) };
  return { ...estimate, cost: add(estimate.cost, ...argCosts) };
}
