// What an expression may cost at most, before it ever runs (cel-go, `checker/cost.go`). It is part of the API: a rule that may cost too much is
// refused when its CustomResourceDefinition is written.
import { type Call, type Comprehension, type Expr, OPERATOR, type Select } from './ast.ts';
import { callEstimate } from './call-estimates.ts';
import type { CheckedExpr } from './checker.ts';
import { add, exactly, multiply, NONE, type Range, range, UNKNOWN, union } from './range.ts';
import { COST } from './runtime-cost.ts';
import { type CelType, firstParam, isOptional } from './types.ts';
import { type CelValue, sizeOf } from './values.ts';

/** Fields, `@items`, `@keys` and `@values` from a variable to a value. */
export type Path = readonly string[];

/** A value as estimates know it. */
export interface Estimated {
  /** Where it comes from, if from a variable. */
  readonly path: Path | undefined;
  readonly type: CelType;
  /** The constant that it is. */
  readonly literal: CelValue | undefined;
  readonly size: Range | undefined;
}

export interface CallEstimate {
  readonly cost: Range;
  /** Of a text, list or map that the call gives. */
  readonly size?: Range | undefined;
}

export interface EstimatedCall {
  readonly name: string;
  readonly overload: string;
  readonly target: Estimated | undefined;
  readonly args: readonly Estimated[];
}

/** What is known besides the expression. */
export interface Estimator {
  /** The size of what a path leads to. */
  size(path: Path): Range | undefined;
  /** The cost of a function that is not CEL's own. */
  call(call: EstimatedCall, sizeOf: (value: Estimated) => Range): CallEstimate | undefined;
}

export function estimateCost(checked: CheckedExpr, estimator: Estimator): Range {
  return new Coster(checked, estimator).cost(checked.root);
}

/** Sizes of what is in a list or map. */
interface Entries {
  readonly isList: boolean;
  readonly key: Range;
  readonly value: Range;
}

interface Local {
  readonly path: Path;
  readonly size: Range | undefined;
  readonly entries: Entries | undefined;
}

const SCALARS: ReadonlySet<string> = new Set(['bool', 'double', 'duration', 'int', 'timestamp', 'uint']);
const isScalar = (type: CelType): boolean => SCALARS.has(type.kind) || (isOptional(type) && isScalar(firstParam(type)));

class Coster {
  readonly #checked: CheckedExpr;
  readonly #estimator: Estimator;
  readonly #paths = new Map<Expr, Path>();
  readonly #sizes = new Map<Expr, Range>();
  readonly #entries = new Map<Expr, Entries>();
  #locals: ReadonlyMap<string, Local> = new Map();

  constructor(checked: CheckedExpr, estimator: Estimator) {
    this.#checked = checked;
    this.#estimator = estimator;
  }

  cost(expr: Expr): Range {
    const reference = this.#checked.references.get(expr);
    if (reference && expr.kind !== 'struct') {
      this.#paths.set(expr, this.#locals.get(reference.name)?.path ?? [reference.name]);
      return exactly(COST.selectAndIdent);
    }
    switch (expr.kind) {
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return add(exactly(COST.listCreate), this.#list(expr, expr.elements));
      case 'map':
        return this.#map(expr);
      case 'struct':
        return add(exactly(COST.structCreate), ...expr.fields.map(({ value }) => this.cost(value)));
      case 'comprehension':
        return isBinding(expr) ? this.#binding(expr) : this.#comprehension(expr);
      default:
        return NONE;
    }
  }

  #select(expr: Select): Range {
    const operand = this.cost(expr.operand);
    if (expr.testOnly) return operand;
    this.#paths.set(expr, [...this.#path(expr.operand), expr.field]);
    const { kind } = this.#checked.typeOf(expr.operand);
    return kind === 'map' || kind === 'struct' || kind === 'param' ? add(operand, exactly(COST.selectAndIdent)) : operand;
  }

  #call(expr: Call): Range {
    if (expr.name === 'dyn' && expr.args[0]) return this.#dyn(expr, expr.args[0]);
    const argCosts = expr.args.map((arg) => this.cost(arg));
    const args = expr.args.map((arg) => this.#estimated(arg));
    const overloads = this.#overloadIds(expr);
    if (overloads.length === 0) return NONE;
    const target = expr.target && !this.#checked.namespaced.has(expr) ? expr.target : undefined;
    const targetCost = target ? this.cost(target) : NONE;
    const call = { name: this.#nameOf(expr), target: target && this.#estimated(target), args };
    let cost = range(Number.MAX_VALUE, 0);
    let size: Range | undefined;
    for (const id of overloads) {
      const estimate = this.#overload(expr, { ...call, overload: id }, argCosts);
      cost = union(cost, estimate.cost);
      if (estimate.size) size = size ? union(size, estimate.size) : estimate.size;
      size = this.#indexed(expr, id, size) ?? this.#size(expr);
    }
    if (size) this.#sizes.set(expr, size);
    return add(targetCost, cost);
  }

  #overloadIds(expr: Call): readonly string[] {
    return expr.name === OPERATOR.optionalSelect ? ['select_optional_field'] : this.#checked.overloadsOf(expr).map(({ id }) => id);
  }

  #nameOf(expr: Call): string {
    if (!expr.target || !this.#checked.namespaced.has(expr)) return expr.name;
    return `${expr.target.kind === 'ident' ? expr.target.name : ''}.${expr.name}`;
  }

  /** Notes where an index leads; the size of what is there. */
  #indexed(expr: Call, overload: string, size: Range | undefined): Range | undefined {
    const [from] = expr.args;
    if (!from || (overload !== 'index_list' && overload !== 'index_map')) return size;
    this.#paths.set(expr, [...this.#path(from), overload === 'index_list' ? '@items' : '@values']);
    return this.#entriesOf(from)?.value;
  }

  #dyn(expr: Call, arg: Expr): Range {
    const cost = this.cost(arg);
    this.#copy(expr, arg);
    return add(exactly(1), cost);
  }

  #overload(expr: Call, call: EstimatedCall, argCosts: readonly Range[]): CallEstimate {
    const estimate = this.#estimator.call(call, (value) => this.#knownOrUnknown(value));
    if (estimate) return { ...estimate, cost: add(estimate.cost, ...argCosts) };
    switch (expr.name) {
      case OPERATOR.and:
      case OPERATOR.or:
        return { cost: range(argCosts[0]?.min ?? 0, add(...argCosts).max) };
      case OPERATOR.conditional:
        return this.#conditional(expr, call, argCosts);
      default:
        this.#gather(expr, call.overload);
        return callEstimate(call, argCosts);
    }
  }

  #conditional(expr: Call, { args }: EstimatedCall, [condition = NONE, yes = NONE, no = NONE]: readonly Range[]): CallEstimate {
    const entries = unionEntries(this.#entriesOf(expr.args[1]), this.#entriesOf(expr.args[2]));
    if (entries) this.#entries.set(expr, entries);
    const size = union(args[1]?.size ?? UNKNOWN, args[2]?.size ?? UNKNOWN);
    return { cost: add(condition, union(yes, no)), size };
  }

  /** What is in two lists that are added is in the sum. */
  #gather(expr: Call, overload: string): void {
    if (overload !== 'add_list') return;
    const entries = unionEntries(this.#entriesOf(expr.args[0]), this.#entriesOf(expr.args[1]));
    if (entries) this.#entries.set(expr, entries);
  }

  #list(expr: Expr, elements: readonly Expr[]): Range {
    const costs = elements.map((element) => this.cost(element));
    const value = this.#around(elements);
    this.#entries.set(expr, { isList: true, key: exactly(1), value });
    return add(...costs);
  }

  #map(expr: Extract<Expr, { kind: 'map' }>): Range {
    const costs = expr.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)]);
    const key = this.#around(expr.entries.map((entry) => entry.key));
    const value = this.#around(expr.entries.map((entry) => entry.value));
    this.#entries.set(expr, { isList: false, key, value });
    return add(exactly(COST.mapCreate), ...costs);
  }

  #around(exprs: readonly Expr[]): Range {
    return exprs.map((expr) => this.#size(expr) ?? UNKNOWN).reduce<Range | undefined>((a, b) => (a ? union(a, b) : b), undefined) ?? NONE;
  }

  #comprehension(expr: Comprehension): Range {
    const rangeCost = this.cost(expr.range);
    const initCost = this.cost(expr.init);
    const outer = this.#locals;
    const withAccumulator = new Map(outer).set(expr.accumulator, this.#local(expr.init));
    this.#locals = this.#iteration(withAccumulator, expr);
    const round = add(this.cost(expr.condition), this.cost(expr.step));
    const gathered = this.#entriesOf(expr.step);
    this.#locals = withAccumulator;
    const resultCost = this.cost(expr.result);
    this.#locals = outer;
    const count = this.#size(expr.range) ?? UNKNOWN;
    this.#gatheredInto(expr, count, gathered);
    return add(rangeCost, initCost, resultCost, multiply(count, round));
  }

  #gatheredInto(expr: Comprehension, count: Range, gathered: Entries | undefined): void {
    if (expr.init.kind === 'literal') {
      const size = this.#size(expr.init);
      if (size) this.#sizes.set(expr, size);
    } else if (expr.init.kind === 'list' || expr.init.kind === 'map') {
      this.#sizes.set(expr, count);
      if (gathered) this.#entries.set(expr, gathered);
    }
  }

  #iteration(locals: ReadonlyMap<string, Local>, expr: Comprehension): ReadonlyMap<string, Local> {
    const entries = this.#entriesOf(expr.range);
    const isList = entries ? entries.isList : this.#checked.typeOf(expr.range).kind === 'list';
    const path = this.#path(expr.range);
    const local = (part: string, size: Range | undefined): Local => ({ path: [...path, part], size, entries: undefined });
    const key = local(isList ? '@indices' : '@keys', entries?.key);
    const value = local(isList ? '@items' : '@values', entries?.value);
    const added = new Map(locals);
    if (expr.variable2 === undefined) return added.set(expr.variable, isList ? value : key);
    return added.set(expr.variable, key).set(expr.variable2, value);
  }

  #binding(expr: Comprehension): Range {
    const costs = [this.cost(expr.range), this.cost(expr.init)];
    const outer = this.#locals;
    this.#locals = new Map(outer).set(expr.accumulator, this.#local(expr.init));
    costs.push(this.cost(expr.result));
    this.#locals = outer;
    this.#copy(expr, expr.result);
    return add(...costs);
  }

  #local(expr: Expr): Local {
    return { path: this.#path(expr), size: this.#size(expr), entries: this.#entriesOf(expr) };
  }

  #copy(to: Expr, from: Expr): void {
    const size = this.#size(from);
    const entries = this.#entriesOf(from);
    if (size) this.#sizes.set(to, size);
    if (entries) this.#entries.set(to, entries);
  }

  #estimated(expr: Expr): Estimated {
    const path = this.#path(expr);
    const known = path.length > 0 && !path[0]?.startsWith('@') ? path : undefined;
    const literal = expr.kind === 'literal' ? expr.value : undefined;
    return { path: known, type: this.#checked.typeOf(expr), literal, size: this.#size(expr) };
  }

  #path(expr: Expr): Path {
    const local = expr.kind === 'ident' ? this.#locals.get(expr.name) : undefined;
    return local?.path ?? this.#paths.get(expr) ?? [];
  }

  #knownOrUnknown({ size, path }: Estimated): Range {
    return size ?? (path && this.#estimator.size(path)) ?? UNKNOWN;
  }

  #size(expr: Expr): Range | undefined {
    const known = this.#sizes.get(expr) ?? literalSize(expr);
    if (known) return known;
    const path = this.#path(expr);
    const estimated = path.length > 0 ? this.#estimator.size(path) : undefined;
    if (estimated) {
      this.#sizes.set(expr, estimated);
      return estimated;
    }
    if (isScalar(this.#checked.typeOf(expr))) return exactly(1);
    return expr.kind === 'ident' ? this.#locals.get(expr.name)?.size : undefined;
  }

  #entriesOf(expr: Expr | undefined): Entries | undefined {
    if (!expr) return undefined;
    return this.#entries.get(expr) ?? (expr.kind === 'ident' ? this.#locals.get(expr.name)?.entries : undefined);
  }
}

/** A loop that never runs: a name for a value. */
const isBinding = ({ range: over, condition }: Comprehension): boolean =>
  over.kind === 'list' && over.elements.length === 0 && condition.kind === 'literal' && condition.value === false;

function literalSize(expr: Expr): Range | undefined {
  if (expr.kind === 'list') return exactly(expr.elements.length);
  if (expr.kind === 'map') return exactly(expr.entries.length);
  return expr.kind === 'literal' ? exactly(sizeOf(expr.value) ?? 1) : undefined;
}

function unionEntries(a: Entries | undefined, b: Entries | undefined): Entries | undefined {
  return a && b ? { isList: a.isList, key: union(a.key, b.key), value: union(a.value, b.value) } : undefined;
}
