// Macros: calls that the parser replaces (cel-go, `parser/macro.go`, `ext/comprehensions.go`, and optMap of `cel/library.go`).
import { ACCUMULATOR, type Call, type Comprehension, type Expr, OLD_ACCUMULATOR, OPERATOR } from './ast.ts';
import type { CelValue } from './values.ts';

type Fail = (at: number, message: string) => Expr;
/** Makes the replacement. Nothing: the call stays as it is. */
type Expander = (call: Call, fail: Fail) => Expr | undefined;

/** What the macro of this name and shape makes of a call; nothing if there is none. @param bindings whether there is `cel.bind`. */
export function expandMacro(call: Call, fail: Fail, bindings: boolean): Expr | undefined {
  const key = `${call.target ? '.' : ''}${call.name}/${call.args.length}`;
  if (bindings && key === '.bind/3') return bind(call, fail);
  return MACROS.get(key)?.(call, fail);
}

/** A variable that never has a value: the loop around it never runs. */
const UNUSED = '#unused';

const ident = (at: number, name: string): Expr => ({ kind: 'ident', name, at });
const literal = (at: number, value: CelValue): Expr => ({ kind: 'literal', value, at });
const list = (at: number, ...elements: readonly Expr[]): Expr => ({ kind: 'list', elements, optional: new Set(), at });
const globalCall = (at: number, name: string, ...args: readonly Expr[]): Expr => ({ kind: 'call', name, target: undefined, args, at });
const memberCall = (at: number, name: string, target: Expr): Expr => ({ kind: 'call', name, target, args: [], at });

/** The parts of a fold that tell the macros apart. */
type Fold = Pick<Comprehension, 'init' | 'condition' | 'step' | 'result'>;

function all(at: number, predicate: Expr): Fold {
  const accumulator = ident(at, ACCUMULATOR);
  return {
    init: literal(at, true),
    condition: globalCall(at, OPERATOR.notStrictlyFalse, accumulator),
    step: globalCall(at, OPERATOR.and, accumulator, predicate),
    result: ident(at, ACCUMULATOR),
  };
}

function exists(at: number, predicate: Expr): Fold {
  return {
    init: literal(at, false),
    condition: globalCall(at, OPERATOR.notStrictlyFalse, globalCall(at, OPERATOR.not, ident(at, ACCUMULATOR))),
    step: globalCall(at, OPERATOR.or, ident(at, ACCUMULATOR), predicate),
    result: ident(at, ACCUMULATOR),
  };
}

function existsOne(at: number, predicate: Expr): Fold {
  const next = globalCall(at, OPERATOR.add, ident(at, ACCUMULATOR), literal(at, 1n));
  return {
    init: literal(at, 0n),
    condition: literal(at, true),
    step: globalCall(at, OPERATOR.conditional, predicate, next, ident(at, ACCUMULATOR)),
    result: globalCall(at, OPERATOR.equals, ident(at, ACCUMULATOR), literal(at, 1n)),
  };
}

/** A fold that gathers; elements for which the filter is false are left out. */
function gather(at: number, { init, step, filter }: { init: Expr; step: Expr; filter: Expr | undefined }): Fold {
  return {
    init,
    condition: literal(at, true),
    step: filter ? globalCall(at, OPERATOR.conditional, filter, step, ident(at, ACCUMULATOR)) : step,
    result: ident(at, ACCUMULATOR),
  };
}

const gatherList = (at: number, element: Expr, filter: Expr | undefined): Fold =>
  gather(at, { init: list(at), step: globalCall(at, OPERATOR.add, ident(at, ACCUMULATOR), list(at, element)), filter });

const gatherMap = (at: number, inserted: readonly Expr[], filter: Expr | undefined): Fold =>
  gather(at, {
    init: { kind: 'map', entries: [], at },
    step: globalCall(at, OPERATOR.mapInsert, ident(at, ACCUMULATOR), ...inserted),
    filter,
  });

/** A macro over elements or keys: `range.name(variable, …)`. @param wrong what is said of an argument that is no name. */
const overOne =
  (wrong: string, fold: (call: Call, rest: readonly Expr[]) => Fold): Expander =>
  (call, fail) => {
    const [first, ...rest] = call.args;
    if (!call.target || !first) return undefined;
    if (first.kind !== 'ident') return fail(first.at, wrong);
    if (isAccumulator(first.name)) return fail(first.at, OVERWRITES);
    return { kind: 'comprehension', ...common(call, call.target), variable: first.name, variable2: undefined, ...fold(call, rest) };
  };

/** A macro over indices and elements, or keys and values: `range.name(key, value, …)`. */
const overTwo =
  (fold: (call: Call, rest: readonly Expr[]) => Fold): Expander =>
  (call, fail) => {
    const [first, second, ...rest] = call.args;
    if (!call.target || !first || !second) return undefined;
    if (first.kind !== 'ident') return fail(first.at, SIMPLE_NAME);
    if (second.kind !== 'ident') return fail(second.at, SIMPLE_NAME);
    if (first.name === second.name) return fail(second.at, `duplicate variable name: ${first.name}`);
    if (isAccumulator(first.name)) return fail(first.at, OVERWRITES);
    if (isAccumulator(second.name)) return fail(second.at, OVERWRITES);
    return { kind: 'comprehension', ...common(call, call.target), variable: first.name, variable2: second.name, ...fold(call, rest) };
  };

const SIMPLE_NAME = 'argument must be a simple name';
const NO_IDENTIFIER = 'argument is not an identifier';
const OVERWRITES = 'iteration variable overwrites accumulator variable';

const isAccumulator = (name: string): boolean => name === ACCUMULATOR || name === OLD_ACCUMULATOR;
const common = ({ at }: Call, range: Expr) => ({ at, range, accumulator: ACCUMULATOR });
const nth = (call: Call, args: readonly Expr[], index: number): Expr => args[index] ?? { kind: 'broken', at: call.at };

const has: Expander = (call, fail) => {
  const [arg] = call.args;
  if (arg?.kind !== 'select') return fail(arg?.at ?? call.at, 'invalid argument to has() macro');
  return { ...arg, testOnly: true, at: call.at };
};

/** A name for a value in an expression: a loop that never runs. */
const binding = (at: number, { name, init, result }: { name: string; init: Expr; result: Expr }): Expr => ({
  kind: 'comprehension',
  at,
  range: list(at),
  variable: UNUSED,
  variable2: undefined,
  accumulator: name,
  init,
  condition: literal(at, false),
  step: ident(at, name),
  result,
});

/** `cel.bind(name, value, expr)` (cel-go, `ext/bindings.go`). */
const bind: Expander = ({ at, target, args: [variable, init, result] }, fail) => {
  if (target?.kind !== 'ident' || target.name !== 'cel' || !variable || !init || !result) return undefined;
  if (variable.kind !== 'ident') return fail(variable.at, 'cel.bind() variable names must be simple identifiers');
  return binding(at, { name: variable.name, init, result });
};

/** `optional.optMap(name, expr)`: the expression on the value, if there is one. */
const optMap =
  (name: string, wrap: (at: number, mapped: Expr) => Expr): Expander =>
  (call, fail) => {
    const [variable, body] = call.args;
    if (!call.target || !variable || !body) return undefined;
    if (variable.kind !== 'ident') return fail(variable.at, `${name}() variable name must be a simple identifier`);
    const { at, target } = call;
    const bound = binding(at, { name: variable.name, init: memberCall(at, 'value', target), result: body });
    return globalCall(at, OPERATOR.conditional, memberCall(at, 'hasValue', target), wrap(at, bound), globalCall(at, 'optional.none'));
  };

const quantifier = (fold: (at: number, predicate: Expr) => Fold): Expander =>
  overOne(SIMPLE_NAME, (call, rest) => fold(call.at, nth(call, rest, 0)));
const quantifier2 = (fold: (at: number, predicate: Expr) => Fold): Expander => overTwo((call, rest) => fold(call.at, nth(call, rest, 0)));
const transform = (call: Call, rest: readonly Expr[]) => ({
  filter: rest.length > 1 ? rest[0] : undefined,
  value: nth(call, rest, rest.length - 1),
});

const map = overOne(NO_IDENTIFIER, (call, rest) => {
  const { filter, value } = transform(call, rest);
  return gatherList(call.at, value, filter);
});
const transformList = overTwo((call, rest) => {
  const { filter, value } = transform(call, rest);
  return gatherList(call.at, value, filter);
});
const transformMap = overTwo((call, rest) => {
  const { filter, value } = transform(call, rest);
  const key = call.args[0]?.kind === 'ident' ? ident(call.at, call.args[0].name) : value;
  return gatherMap(call.at, [key, value], filter);
});
const transformMapEntry = overTwo((call, rest) => {
  const { filter, value } = transform(call, rest);
  return gatherMap(call.at, [value], filter);
});

const MACROS: ReadonlyMap<string, Expander> = new Map<string, Expander>([
  ['has/1', has],
  ['.all/2', quantifier(all)],
  ['.exists/2', quantifier(exists)],
  ['.exists_one/2', quantifier(existsOne)],
  ['.existsOne/2', quantifier(existsOne)],
  ['.map/2', map],
  ['.map/3', map],
  ['.filter/2', overOne(NO_IDENTIFIER, (call, rest) => gatherList(call.at, nth(call, call.args, 0), nth(call, rest, 0)))],
  ['.all/3', quantifier2(all)],
  ['.exists/3', quantifier2(exists)],
  ['.exists_one/3', quantifier2(existsOne)],
  ['.existsOne/3', quantifier2(existsOne)],
  ['.transformList/3', transformList],
  ['.transformList/4', transformList],
  ['.transformMap/3', transformMap],
  ['.transformMap/4', transformMap],
  ['.transformMapEntry/3', transformMapEntry],
  ['.transformMapEntry/4', transformMapEntry],
  ['.optMap/2', optMap('optMap', (at, mapped) => globalCall(at, 'optional.of', mapped))],
  ['.optFlatMap/2', optMap('optFlatMap', (_at, mapped) => mapped)],
]);
