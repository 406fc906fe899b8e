import { type Expr, OPERATOR } from '../../cel/language/ast.ts';
import { descendants } from '../../cel/language/literal-checks.ts';
import { parse } from '../../cel/language/parser.ts';

/** Whether an expression reads a field of a variable, as `variable.field` or `variable.?field`. Upstream: `hasSelectExp`. */
export const hasSelect = (text: string, variable: string, field: string): boolean =>
  [...descendants(parse(text))].some((part) => reads(part, variable, field));

function reads(expr: Expr, variable: string, field: string): boolean {
  const isVariable = (operand: Expr | undefined) => operand?.kind === 'ident' && operand.name === variable;
  if (expr.kind === 'select') return isVariable(expr.operand) && expr.field === field;
  if (expr.kind !== 'call' || expr.name !== OPERATOR.optionalSelect) return false;
  const [operand, name] = expr.args;
  return isVariable(operand) && name?.kind === 'literal' && name.value === field;
}
