// Checks of `'…'.format([…])` where both are written out (cel-go, `ext/formatting.go`, stringFormatValidator).
import type { Call, Expr } from '../language/ast.ts';
import type { CheckedExpr } from '../language/checker.ts';
import type { Validator } from '../language/declarations.ts';
import { descendants } from '../language/literal-checks.ts';
import type { Issue } from '../language/source.ts';
import type { TypeKind } from '../language/types.ts';
import { CelError } from '../language/values.ts';
import { CLAUSE_ERRORS, parseFormat } from './text-format.ts';

const PRINTABLE: readonly TypeKind[] = [
  ...(['list', 'map', 'int', 'uint', 'double', 'bool', 'string', 'timestamp', 'bytes', 'duration', 'type', 'null'] as const),
];
const FITTING: Readonly<Record<string, readonly TypeKind[]>> = {
  s: PRINTABLE,
  d: ['int', 'uint'],
  f: ['double', 'string'],
  e: ['double', 'string'],
  b: ['int', 'uint', 'bool'],
  x: ['int', 'uint', 'string', 'bytes'],
  X: ['int', 'uint', 'string', 'bytes'],
  o: ['int', 'uint'],
};

export const checkFormats: Validator = (checked) => [...descendants(checked.root)].flatMap((expr) => checkFormat(checked, expr));

function checkFormat(checked: CheckedExpr, expr: Expr): readonly Issue[] {
  if (expr.kind !== 'call' || expr.name !== 'format' || expr.target?.kind !== 'literal') return [];
  const [list] = expr.args;
  if (typeof expr.target.value !== 'string' || list?.kind !== 'list') return [];
  const parts = parseFormat(expr.target.value, list.elements.length);
  if (parts instanceof CelError) return [{ offset: expr.at, message: parts.message }];
  const clauses = parts.filter((part) => typeof part !== 'string');
  for (const [i, { letter }] of clauses.entries()) {
    const wrong = unfitting(checked, list.elements[i] ?? expr, letter);
    if (!wrong) continue;
    const message = `error during formatting: ${CLAUSE_ERRORS[letter]}, was given ${checked.typeOf(wrong).name}`;
    return [{ offset: wrong.at, message }];
  }
  return tooMany(expr, clauses.length, list.elements.length);
}

function tooMany(call: Call, expected: number, given: number): readonly Issue[] {
  if (given <= expected) return [];
  return [{ offset: call.at, message: `too many arguments supplied to string.format (expected ${expected}, got ${given})` }];
}

/** The argument, or part of it, that the clause cannot print. */
function unfitting(checked: CheckedExpr, expr: Expr, letter: string): Expr | undefined {
  const { kind } = checked.typeOf(expr);
  if (kind !== 'dyn' && !FITTING[letter]?.includes(kind)) return expr;
  if (letter !== 's') return undefined;
  const parts = expr.kind === 'list' ? expr.elements : expr.kind === 'map' ? expr.entries.flatMap(({ key, value }) => [key, value]) : [];
  for (const part of parts) {
    const wrong = unfitting(checked, part, letter);
    if (wrong) return wrong;
  }
  return undefined;
}
