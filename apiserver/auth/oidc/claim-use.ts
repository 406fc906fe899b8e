import { type Expr, OPERATOR } from '../../cel/language/ast.ts';
import { parse } from '../../cel/language/parser.ts';

/** Whether an expression reads a field of a variable, as `variable.field` or `variable.?field`. Upstream: `hasSelectExp`. */
export const hasSelect = (text: string, variable: string, field: string): boolean => reads(parse(text), variable, field);

function reads(expr: Expr, variable: string, field: string): boolean {
  const isVariable = (operand: Expr | undefined) => operand?.kind === 'ident' && operand.name === variable;
  if (expr.kind === 'select' && isVariable(expr.operand) && expr.field === field) return true;
  if (expr.kind === 'call' && expr.name === OPERATOR.optionalSelect) {
    const [operand, name] = expr.args;
    if (isVariable(operand) && name?.kind === 'literal' && name.value === field) return true;
  }
  return partsOf(expr).some((part) => reads(part, variable, field));
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
