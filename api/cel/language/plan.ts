// From a checked expression to functions that run it (cel-go, `interpreter/planner.go`), each of which adds its cost as it runs.
import { type Call, type Comprehension, type Expr, OPERATOR, type Select, type Struct } from './ast.ts';
import { type Qualifier, runChain } from './attribute.ts';
import type { CheckedExpr } from './checker.ts';
import { ArrayList, EntryMap, elementsOf, GrowingList, GrowingMap } from './collections.ts';
import type { Environment, FunctionDeclaration, Overload, Result } from './declarations.ts';
import { implementationOf } from './dispatch.ts';
import { equal } from './equality.ts';
import { Frame, type Step } from './frame.ts';
import { compilePattern } from './regex.ts';
import { COST, callCost } from './runtime-cost.ts';
import { CelError, CelList, CelMap, type CelValue, noSuchOverload, Optional, TypeValue, typeName, Uint } from './values.ts';

/** An expression that checks, but can never have a value: a constant part of it fails. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** Makes a checked expression runnable. @throws PlanError */
export function plan(checked: CheckedExpr, environment: Environment): Step {
  return new Planner(checked, environment).plan(checked.root);
}

/** Conversions of constants are made once, and cost nothing. */
const CONVERSIONS: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
]);
/** Functions whose second argument is a pattern; one that is constant is compiled at once. */
const MATCHERS: ReadonlySet<string> = new Set(['matches', 'find', 'findAll']);
/** Functions of two arguments that look at the second only if they must; they cost nothing themselves. */
const LAZY: ReadonlySet<string> = new Set(['optional_or_optional', 'optional_orValue_value']);

class Planner {
  readonly #checked: CheckedExpr;
  readonly #environment: Environment;
  /** Steps that always give the same, and what. */
  readonly #constants = new WeakMap<Step, CelValue>();
  #scope: ReadonlyMap<string, Step> = new Map();
  #slots = 0;

  constructor(checked: CheckedExpr, environment: Environment) {
    this.#checked = checked;
    this.#environment = environment;
  }

  plan(expr: Expr): Step {
    if (this.#isAttribute(expr)) return this.#readsForFree(expr) ? this.#attribute(expr) : charging(this.#attribute(expr));
    switch (expr.kind) {
      case 'literal':
        return this.#constant(expr.value);
      case 'ident':
      case 'select':
        return this.#reference(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr.elements, expr.optional);
      case 'map':
        return this.#map(expr.entries);
      case 'struct':
        return this.#struct(expr);
      case 'comprehension':
        return this.#comprehension(expr);
      case 'broken':
        throw new PlanError('unsupported expr');
    }
  }

  /** `has(…)` costs its qualifiers alone, and so does what is read of `(a ? b : c)`. */
  #readsForFree(expr: Expr): boolean {
    if (expr.kind === 'select' && expr.testOnly) return true;
    let root = expr;
    while (!this.#checked.references.has(root) && (root.kind === 'select' || (root.kind === 'call' && isIndex(root)))) {
      root = root.kind === 'select' ? root.operand : (root.args[0] ?? root);
    }
    return root.kind === 'call' && root.name === OPERATOR.conditional;
  }

  #constant(value: CelValue): Step {
    const step = () => value;
    this.#constants.set(step, value);
    return step;
  }

  /** A variable, a type's name, or an expression whose value is looked into. */
  #isAttribute(expr: Expr): boolean {
    const reference = this.#checked.references.get(expr);
    if (reference) return !reference.isType;
    return expr.kind === 'select' || (expr.kind === 'call' && isIndex(expr));
  }

  #reference(expr: Expr): Step {
    const reference = this.#checked.references.get(expr);
    if (!reference?.isType) throw new PlanError('unsupported expr');
    const type = this.#environment.types.get(reference.name);
    return this.#constant(new TypeValue(type?.name ?? reference.name));
  }

  /** The value of an attribute, without what reading it costs beyond its qualifiers. */
  #attribute(expr: Expr): Step {
    const qualifiers: Qualifier[] = [];
    let root = expr;
    while (!this.#checked.references.has(root) && (root.kind === 'select' || (root.kind === 'call' && isIndex(root)))) {
      qualifiers.unshift(root.kind === 'select' ? selected(root) : this.#indexed(root));
      root = root.kind === 'select' ? root.operand : (root.args[0] ?? root);
    }
    const reference = this.#checked.references.get(root);
    const from = reference && !reference.isType ? this.#variable(reference.name) : this.plan(root);
    return qualifiers.length === 0 ? from : (frame) => runChain(frame, from(frame), qualifiers);
  }

  #indexed(call: Call): Qualifier {
    const index = call.args[1] ?? call;
    const step = this.#withoutOwnCost(index);
    const optional = call.name !== OPERATOR.index;
    return { key: this.#constants.has(step) ? (this.#constants.get(step) ?? null) : step, optional, test: false };
  }

  /** Where cel-go reads an attribute in passing, it counts only the qualifiers. */
  #withoutOwnCost(expr: Expr): Step {
    return this.#isAttribute(expr) ? this.#attribute(expr) : this.plan(expr);
  }

  #variable(name: string): Step {
    return (
      this.#scope.get(name) ??
      ((frame) => {
        const value = frame.variable(name);
        return value === undefined ? new CelError(`no such attribute(s): ${name}`) : value;
      })
    );
  }

  #call(call: Call): Step {
    switch (call.name) {
      case OPERATOR.and:
        return logic(
          call.args.map((arg) => this.plan(arg)),
          false,
        );
      case OPERATOR.or:
        return logic(
          call.args.map((arg) => this.plan(arg)),
          true,
        );
      case OPERATOR.conditional:
        return this.#conditional(call.args);
      case OPERATOR.equals:
        return this.#equality(call.args, false);
      case OPERATOR.notEquals:
        return this.#equality(call.args, true);
      default:
        return this.#function(call);
    }
  }

  #conditional([condition, yes, no]: readonly Expr[]): Step {
    if (!condition || !yes || !no) throw new PlanError('unsupported expr');
    const test = this.plan(condition);
    const left = this.#withoutOwnCost(yes);
    const right = this.#withoutOwnCost(no);
    return (frame) => {
      const chosen = test(frame);
      if (chosen === true) return left(frame);
      if (chosen === false) return right(frame);
      return chosen instanceof CelError ? chosen : noSuchOverload();
    };
  }

  #equality([left, right]: readonly Expr[], negated: boolean): Step {
    if (!left || !right) throw new PlanError('unsupported expr');
    const a = this.plan(left);
    const b = this.plan(right);
    const cost = this.#environment.functions.get(OPERATOR.equals)?.cost;
    const overload = negated ? 'not_equals' : 'equals';
    return (frame) => {
      const x = a(frame);
      const y = b(frame);
      const args = [orNull(x), orNull(y)] as const;
      const failed = x instanceof CelError ? x : y instanceof CelError ? y : undefined;
      const same = failed ?? equal(...args);
      frame.charge((negated ? undefined : cost?.(args, same, overload)) ?? callCost(overload, args));
      return negated && !failed ? same !== true : same;
    };
  }

  #function(call: Call): Step {
    const overloads = this.#checked.overloadsOf(call);
    const target = call.target && !this.#checked.namespaced.has(call) ? [call.target] : [];
    const declared = this.#declared(call);
    const args = [...target, ...call.args].map((arg) => this.plan(arg));
    const special = this.#binary(declared.name, onlyId(overloads), args);
    if (special) return special;
    const constant = args.length === 1 && args[0] && CONVERSIONS.has(declared.name) ? this.#constants.get(args[0]) : undefined;
    return constant === undefined ? invocation(declared, overloads, args) : this.#constant(converted(declared, overloads, constant));
  }

  /** Functions of two arguments that run in their own way; checks a pattern that is constant. */
  #binary(name: string, overload: string, [first, second]: readonly Step[]): Step | undefined {
    if (!first || !second) return undefined;
    if (LAZY.has(overload)) return orElse(first, second, overload === 'optional_orValue_value');
    const constant = this.#constants.get(second);
    if (constant === undefined) return undefined;
    if (MATCHERS.has(name)) checkPattern(constant);
    return overload === 'in_list' ? this.#setMembership(first, constant) : undefined;
  }

  #declared(call: Call): FunctionDeclaration {
    const name = this.#checked.namespaced.has(call) && call.target ? `${nameOf(call.target)}.${call.name}` : call.name.replace(/^\./, '');
    const declared = this.#environment.functions.get(name);
    if (!declared) throw new PlanError(`unsupported expr: ${name}`);
    return declared;
  }

  /** `x in [constants]`: a look-up that costs nothing. */
  #setMembership(element: Step, list: CelValue): Step | undefined {
    if (!(list instanceof CelList)) return undefined;
    const items = elementsOf(list);
    if (items instanceof CelError || !items.every(isHashable)) return undefined;
    if (items.length === 0) return this.#constant(false);
    const members = EntryMap.of(items.map((item) => [item, true] as const));
    if (members instanceof CelError) return undefined;
    return (frame) => {
      const value = element(frame);
      return value instanceof CelError ? value : members.find(value) !== undefined;
    };
  }

  #list(elements: readonly Expr[], optional: ReadonlySet<number>): Step {
    const steps = elements.map((element) => this.plan(element));
    if (optional.size === 0 && steps.every((step) => this.#constants.has(step))) {
      return this.#constant(new ArrayList(steps.map((step) => this.#constants.get(step) ?? null)));
    }
    return (frame) => {
      const items: CelValue[] = [];
      for (let i = 0; i < steps.length; i++) {
        const value = steps[i]?.(frame) ?? null;
        if (value instanceof CelError) return value;
        if (!optional.has(i)) items.push(value);
        else if (!(value instanceof Optional))
          return new CelError(`cannot initialize optional list element from non-optional value ${value}`);
        else if (value.value !== undefined) items.push(value.value);
      }
      frame.charge(COST.listCreate);
      return new ArrayList(items);
    };
  }

  #map(entries: readonly { key: Expr; value: Expr; optional: boolean }[]): Step {
    const steps = entries.map(({ key, value, optional }) => ({ key: this.plan(key), value: this.plan(value), optional }));
    const build: Step = (frame) => {
      const map = new EntryMap();
      for (const entry of steps) {
        const error = addEntry(frame, map, entry);
        if (error) return error;
      }
      return map;
    };
    const constant = steps.every(({ key, value, optional }) => !optional && this.#constants.has(key) && this.#constants.has(value));
    if (constant) {
      const map = build(NO_FRAME);
      if (!(map instanceof CelError)) return this.#constant(map);
    }
    return (frame) => {
      const map = build(frame);
      if (!(map instanceof CelError)) frame.charge(COST.mapCreate);
      return map;
    };
  }

  #struct(expr: Struct): Step {
    const { construct } = this.#environment.structs;
    const fields = expr.fields.map(({ field, value, optional }) => ({ field, value: this.plan(value), optional }));
    const name = this.#checked.references.get(expr)?.name ?? expr.typeName;
    return (frame) => {
      const values = new Map<string, CelValue>();
      for (const { field, value, optional } of fields) {
        const result = value(frame);
        if (result instanceof CelError) return result;
        if (!optional) values.set(field, result);
        else if (result instanceof Optional && result.value !== undefined) values.set(field, result.value);
      }
      frame.charge(COST.structCreate);
      return construct?.(name, values) ?? new CelError(`unknown type '${name}'`);
    };
  }

  #comprehension(expr: Comprehension): Step {
    const range = this.plan(expr.range);
    const init = this.plan(expr.init);
    const outer = this.#scope;
    const accumulator = this.#slots++;
    const key = this.#slots++;
    const value = this.#slots++;
    const scope = new Map(outer).set(expr.accumulator, (frame) => {
      const known = frame.slots[accumulator];
      if (known !== undefined) return known;
      const initial = growing(init(frame));
      frame.slots[accumulator] = initial;
      return initial;
    });
    this.#scope = new Map(scope).set(expr.variable, fromSlot(key));
    if (expr.variable2 !== undefined) this.#scope = new Map(this.#scope).set(expr.variable2, fromSlot(value));
    const condition = this.plan(expr.condition);
    const step = this.plan(expr.step);
    this.#scope = scope;
    const result = this.plan(expr.result);
    this.#scope = outer;
    const round = (frame: Frame): boolean => {
      if (condition(frame) === false) return false;
      frame.slots[accumulator] = step(frame);
      return true;
    };
    const two = expr.variable2 !== undefined;
    return (frame) => {
      const over = range(frame);
      if (over instanceof CelError) return over;
      frame.slots[accumulator] = undefined;
      const failed = fold(over, two, (first, second) => {
        frame.slots[key] = first;
        frame.slots[value] = second;
        return round(frame);
      });
      return failed ?? settled(result(frame));
    };
  }
}

const isIndex = ({ name }: Call): boolean => name === OPERATOR.index || name === OPERATOR.optionalIndex || name === OPERATOR.optionalSelect;

const selected = ({ field, testOnly }: Select): Qualifier => ({ key: field, optional: false, test: testOnly });

/** Reading a variable, or a value through an attribute, costs 1 beyond its qualifiers. */
function charging(step: Step): Step {
  return (frame) => {
    const value = step(frame);
    frame.charge(COST.selectAndIdent);
    return value;
  };
}

const orNull = (result: Result): CelValue => (result instanceof CelError ? null : result);

/** The overload, if the types leave only one. */
const onlyId = (overloads: readonly Overload[]): string => (overloads.length === 1 ? (overloads[0]?.id ?? '') : '');

function invocation(declared: FunctionDeclaration, overloads: readonly Overload[], args: readonly Step[]): Step {
  const run = implementationOf(declared, overloads);
  const overload = onlyId(overloads);
  const { cost } = declared;
  const lenient = declared.name === OPERATOR.notStrictlyFalse;
  // Of one or two arguments cel-go evaluates all, and counts the call, even if one fails; of more, or where only the values can tell the
  // overload, it stops at the first that fails.
  const stops = args.length > 2 || (overload === '' && !declared.singleton);
  return (frame) => {
    const { values, failed } = evaluated(frame, args, stops);
    const result = failed ? (lenient ? true : failed) : run(...values);
    if (values.length === args.length) frame.charge(cost?.(values, result, overload) ?? callCost(overload, values));
    return result;
  };
}

/** Arguments, and the first error among them. */
function evaluated(frame: Frame, args: readonly Step[], stops: boolean): { values: CelValue[]; failed: CelError | undefined } {
  const values: CelValue[] = [];
  let failed: CelError | undefined;
  for (const arg of args) {
    const value = arg(frame);
    if (value instanceof CelError) failed ??= value;
    values.push(orNull(value));
    if (failed && stops) break;
  }
  return { values, failed };
}

function converted(declared: FunctionDeclaration, overloads: readonly Overload[], value: CelValue): CelValue {
  const result = implementationOf(declared, overloads)(value);
  if (result instanceof CelError) throw new PlanError(result.message);
  return result;
}

const fromSlot =
  (slot: number): Step =>
  (frame) =>
    frame.slots[slot] ?? null;

/** What constants are made in. */
const NO_FRAME = new Frame(() => undefined, Number.POSITIVE_INFINITY);

/** `&&` and `||`: a decisive term wins over errors in other terms. */
function logic(terms: readonly Step[], decisive: boolean): Step {
  return (frame) => {
    let failed: CelError | undefined;
    for (const term of terms) {
      const value = term(frame);
      if (value === decisive) return decisive;
      if (value !== !decisive) failed ??= value instanceof CelError ? value : noSuchOverload();
    }
    return failed ?? !decisive;
  };
}

/** `a.or(b)` and `a.orValue(b)`. */
function orElse(left: Step, right: Step, unwrap: boolean): Step {
  return (frame) => {
    const value = left(frame);
    if (!(value instanceof Optional)) return value;
    if (value.value === undefined) return right(frame);
    return unwrap ? value.value : value;
  };
}

/** The name that a chain of selections spells; the checker has seen that it is one. */
function nameOf(expr: Expr): string {
  if (expr.kind === 'select') return `${nameOf(expr.operand)}.${expr.field}`;
  return expr.kind === 'ident' ? expr.name.replace(/^\./, '') : '';
}

const isHashable = (value: CelValue): boolean => ['string', 'boolean', 'bigint', 'number'].includes(typeof value) || value instanceof Uint;

function addEntry(
  frame: Frame,
  map: EntryMap,
  { key, value, optional }: { key: Step; value: Step; optional: boolean },
): CelError | undefined {
  const k = key(frame);
  if (k instanceof CelError) return k;
  const v = value(frame);
  if (v instanceof CelError) return v;
  if (!optional) return map.set(k, v);
  if (!(v instanceof Optional)) return new CelError(`cannot initialize optional entry '${k}' from non-optional value ${v}`);
  return v.value === undefined ? undefined : map.set(k, v.value);
}

/** An accumulator that may be added to in place, if it begins empty. */
function growing(init: Result): Result {
  if (init instanceof CelList && init.size === 0) return new GrowingList();
  return init instanceof CelMap && init.size === 0 ? new GrowingMap() : init;
}

/** What a loop gives: no longer growing. */
function settled(result: Result): Result {
  if (result instanceof GrowingList) return new ArrayList(result.items);
  return result instanceof GrowingMap ? result.settled() : result;
}

/** Runs a loop's body for each element or entry, until it says false. */
function fold(over: CelValue, two: boolean, body: (first: Result, second: Result) => boolean): CelError | undefined {
  if (over instanceof CelList) {
    foldList(over, two, body);
    return undefined;
  }
  if (!(over instanceof CelMap)) return notIterable(over, two);
  for (const key of over.keys()) if (!body(key, two ? (over.find(key) ?? null) : null)) break;
  return undefined;
}

/** What cel-go calls the values that nothing can be looped over. */
const GO_TYPES: Readonly<Record<string, string>> = {
  bool: 'types.Bool',
  bytes: 'types.Bytes',
  double: 'types.Double',
  'google.protobuf.Duration': 'types.Duration',
  'google.protobuf.Timestamp': 'types.Timestamp',
  int: 'types.Int',
  null_type: 'types.Null',
  optional_type: '*types.Optional',
  string: 'types.String',
  type: '*types.Type',
  uint: 'types.Uint',
};

function notIterable(over: CelValue, two: boolean): CelError {
  const type = GO_TYPES[typeName(over)] ?? typeName(over);
  return new CelError(two ? `unsupported comprehension range type: ${type}` : `got '${type}', expected iterable type`);
}

function foldList(over: CelList, two: boolean, body: (first: Result, second: Result) => boolean): void {
  for (let i = 0; i < over.size; i++) {
    const element = over.at(i);
    if (!(two ? body(BigInt(i), element) : body(element, null))) return;
  }
}

function checkPattern(pattern: CelValue): void {
  const compiled = typeof pattern === 'string' ? compilePattern(pattern) : undefined;
  if (compiled instanceof CelError) throw new PlanError(compiled.message);
}
