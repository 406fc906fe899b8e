import { descendants, type Expr, OPERATOR, parseExpression } from '../../../api/cel.ts';

/** Whether an expression reads a field of a variable, as `variable.field` or `variable.?field`. Upstream: `hasSelectExp`. */
export const hasSelect = (text: string, variable: string, field: string): boolean =>
  [...descendants(parseExpression(text))].some((part) => reads(part, variable, field));

function reads(expr: Expr, variable: string, field: string): boolean {
  const isVariable = (operand: Expr | undefined) => operand?.kind === 'ident' && operand.name === variable;
  if (expr.kind === 'select') return isVariable(expr.operand) && expr.field === field;
  if (expr.kind !== 'call' || expr.name !== OPERATOR.optionalSelect) return false;
  const [operand, name] = expr.args;
  return isVariable(operand) && name?.kind === 'literal' && name.value === field;
}
