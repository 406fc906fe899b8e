// Expressions as trees: cel-spec's syntax.proto, with macros already expanded.
import type { CelValue } from './values.ts';

interface Node {
  /** Where the expression is, for errors: an operator's own place, or where an operand begins. */
  readonly at: number;
}

export interface Literal extends Node {
  readonly kind: 'literal';
  readonly value: CelValue;
}
export interface Ident extends Node {
  readonly kind: 'ident';
  readonly name: string;
}
export interface Select extends Node {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** `has(operand.field)`. */
  readonly testOnly: boolean;
}
export interface Call extends Node {
  readonly kind: 'call';
  /** A function's name; operators are `_+_`, `!_`, `_?_:_` … as cel-go names them. */
  readonly name: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}
export interface List extends Node {
  readonly kind: 'list';
  readonly elements: readonly Expr[];
  /** Indices of elements written `?element`. */
  readonly optional: ReadonlySet<number>;
}
export interface MapEntry extends Node {
  readonly key: Expr;
  readonly value: Expr;
  readonly optional: boolean;
}
export interface MapLiteral extends Node {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}
export interface FieldEntry extends Node {
  readonly field: string;
  readonly value: Expr;
  readonly optional: boolean;
}
export interface Struct extends Node {
  readonly kind: 'struct';
  readonly typeName: string;
  readonly fields: readonly FieldEntry[];
}
/** What macros such as `all` and `map` become: a fold over a list's elements or a map's keys. */
export interface Comprehension extends Node {
  readonly kind: 'comprehension';
  readonly range: Expr;
  /** The element, or with {@link variable2} the index or key. */
  readonly variable: string;
  readonly variable2: string | undefined;
  readonly accumulator: string;
  readonly init: Expr;
  readonly condition: Expr;
  readonly step: Expr;
  readonly result: Expr;
}
/** What the parser leaves where it found an error. */
export interface Broken extends Node {
  readonly kind: 'broken';
}

export type Expr = Literal | Ident | Select | Call | List | MapLiteral | Struct | Comprehension | Broken;

/** The operators, as functions. */
export const OPERATOR = {
  conditional: '_?_:_',
  and: '_&&_',
  or: '_||_',
  not: '!_',
  negate: '-_',
  equals: '_==_',
  notEquals: '_!=_',
  add: '_+_',
  index: '_[_]',
  optionalIndex: '_[?_]',
  optionalSelect: '_?._',
  in: '@in',
  notStrictlyFalse: '@not_strictly_false',
  mapInsert: 'cel.@mapInsert',
} as const;

/** The accumulator of the macros; no identifier in a text can be this (cel-go's `HiddenAccumulatorName`). */
export const ACCUMULATOR = '@result';
/** What it was called once; still refused as a variable of a macro. */
export const OLD_ACCUMULATOR = '__result__';

/** The dotted name that an expression of identifiers and selections spells (`a.b.c`), if it is one. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.testOnly) return undefined;
  const prefix = qualifiedName(expr.operand);
  return prefix === undefined ? undefined : `${prefix}.${expr.field}`;
}
