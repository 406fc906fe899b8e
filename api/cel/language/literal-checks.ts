// What is checked of constants in an expression beyond their types (cel-go, `cel/validator.go`): those of durations, times and patterns,
// and that the elements of a list or map have one type.
import { timestamp } from './arithmetic.ts';
import type { Expr } from './ast.ts';
import type { CheckedExpr } from './checker.ts';
import type { Validator } from './declarations.ts';
import { compilePattern } from './regex.ts';
import type { Issue } from './source.ts';
import { readDuration, readTimestamp } from './timestamps.ts';
import { type CelType, firstParam, formatType, isSameType } from './types.ts';
import { CelError, type CelValue } from './values.ts';

/** Lists that are arguments of this function may mix types. */
const MIXING_FUNCTION = 'format';

export const checkLiterals: Validator = (checked) => {
  const issues: Issue[] = [];
  const mixing = mixedLists(checked.root);
  for (const expr of descendants(checked.root)) {
    checkArgument(expr, issues);
    if (mixing.has(expr)) continue;
    if (expr.kind === 'list') checkElements(checked, expr, issues);
    if (expr.kind === 'map') checkEntries(checked, expr, issues);
  }
  return issues;
};

function mixedLists(root: Expr): ReadonlySet<Expr> {
  const calls = [...descendants(root)].filter((expr) => expr.kind === 'call' && expr.name === MIXING_FUNCTION);
  return new Set(calls.flatMap((call) => [...descendants(call)]));
}

/** Whether a constant is an argument that the function can take. */
const READERS: Readonly<Record<string, (value: CelValue) => unknown>> = {
  // A number is none here, though the function takes one.
  duration: (value) => (typeof value === 'string' ? readDuration(value) : undefined),
  timestamp: (value) =>
    typeof value === 'bigint' ? timestamp(value * 1_000_000_000n) : typeof value === 'string' ? readTimestamp(value) : true,
  matches: (value) => (typeof value === 'string' ? compilePattern(value) : true),
};

function checkArgument(expr: Expr, issues: Issue[]): void {
  if (expr.kind !== 'call' || !Object.hasOwn(READERS, expr.name)) return;
  const [arg] = expr.args;
  if (arg?.kind !== 'literal') return;
  const read = READERS[expr.name]?.(arg.value);
  if (read === undefined || read instanceof CelError) issues.push({ offset: arg.at, message: `invalid ${expr.name} argument` });
}

function checkElements(checked: CheckedExpr, expr: Extract<Expr, { kind: 'list' }>, issues: Issue[]): void {
  let first: CelType | undefined;
  for (const [i, element] of expr.elements.entries()) {
    const own = checked.typeOf(element);
    const type = expr.optional.has(i) ? firstParam(own) : own;
    first ??= type;
    if (isSameType(first, type)) continue;
    issues.push(mismatch(element, first, type));
    return;
  }
}

function checkEntries(checked: CheckedExpr, expr: Extract<Expr, { kind: 'map' }>, issues: Issue[]): void {
  let first: { readonly key: CelType; readonly value: CelType } | undefined;
  for (const entry of expr.entries) {
    const key = checked.typeOf(entry.key);
    const own = checked.typeOf(entry.value);
    const value = entry.optional ? firstParam(own) : own;
    first ??= { key, value };
    if (!isSameType(first.key, key)) issues.push(mismatch(entry.key, first.key, key));
    if (!isSameType(first.value, value)) issues.push(mismatch(entry.value, first.value, value));
  }
}

const mismatch = (expr: Expr, expected: CelType, actual: CelType): Issue => ({
  offset: expr.at,
  message: `expected type '${formatType(expected)}' but found '${formatType(actual)}'`,
});

/** All parts of an expression, itself first; what occurs in two places comes once. */
export function descendants(root: Expr): ReadonlySet<Expr> {
  const seen = new Set<Expr>();
  const visit = (expr: Expr): void => {
    if (seen.has(expr)) return;
    seen.add(expr);
    for (const part of partsOf(expr)) visit(part);
  };
  visit(root);
  return seen;
}

function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case 'list':
      return expr.elements;
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expr.fields.map(({ value }) => value);
    case 'comprehension':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result];
    default:
      return [];
  }
}
