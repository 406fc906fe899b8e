// The standard functions (cel-spec's standard definitions; cel-go, `common/stdlib/standard.go`).
import { ARITHMETIC } from './arithmetic.ts';
import { OPERATOR } from './ast.ts';
import { CONVERSIONS } from './conversions.ts';
import type { FunctionDeclaration, Implementation, Result } from './declarations.ts';
import { A, B, define, LIST_OF_A, MAP_OF_A_B, method, overload, signature, singleton } from './define.ts';
import { compare, equal } from './equality.ts';
import { matches } from './regex.ts';
import { TIMES } from './timestamps.ts';
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, INT, listOf, mapOf, NULL, param, STRING, TIMESTAMP, TYPE, UINT } from './types.ts';
import { CelError, CelList, CelMap, type CelValue, Duration, noSuchOverload, sizeOf, Timestamp, Uint } from './values.ts';

/** Types that `<` and the like compare; the short names are those of overloads. */
const ORDERED: readonly (readonly [id: string, left: CelType, right: CelType])[] = [
  ['bool', BOOL, BOOL],
  ['int64', INT, INT],
  ['int64_double', INT, DOUBLE],
  ['int64_uint64', INT, UINT],
  ['uint64', UINT, UINT],
  ['uint64_double', UINT, DOUBLE],
  ['uint64_int64', UINT, INT],
  ['double', DOUBLE, DOUBLE],
  ['double_int64', DOUBLE, INT],
  ['double_uint64', DOUBLE, UINT],
  ['string', STRING, STRING],
  ['bytes', BYTES, BYTES],
  ['timestamp', TIMESTAMP, TIMESTAMP],
  ['duration', DURATION, DURATION],
];

const isOrdered = (value: CelValue): boolean =>
  ['bigint', 'number', 'string', 'boolean'].includes(typeof value) ||
  [Uint, Uint8Array, Timestamp, Duration].some((type) => value instanceof type);

function relation(name: string, id: string, holds: (order: number) => boolean): FunctionDeclaration {
  const run: Implementation = (a = null, b = null) => {
    if (!isOrdered(a)) return new CelError(`no such overload: ${name}`);
    const order = compare(a, b);
    return order instanceof CelError ? order : holds(order);
  };
  return singleton(name, run, ...ORDERED.map(([types, left, right]) => overload(`${id}_${types}`, signature([left, right], BOOL))));
}

function contains(element: CelValue, container: CelValue): Result {
  if (container instanceof CelMap) return container.has(element);
  if (!(container instanceof CelList)) return noSuchOverload();
  let failed: CelError | undefined;
  for (let i = 0; i < container.size; i++) {
    const item = container.at(i);
    const same = item instanceof CelError ? item : equal(item, element);
    if (same === true) return true;
    if (same instanceof CelError) failed ??= same;
  }
  return failed ?? false;
}

const SIZED: readonly (readonly [id: string, type: CelType])[] = [
  ['bytes', BYTES],
  ['list', LIST_OF_A],
  ['map', MAP_OF_A_B],
  ['string', STRING],
];

function size(value: CelValue): Result {
  const count = sizeOf(value);
  return count === undefined ? new CelError('no such overload: size') : BigInt(count);
}

const onTexts =
  (run: (text: string, other: string) => Result): Implementation =>
  (text = null, other = null) =>
    typeof text === 'string' && typeof other === 'string' ? run(text, other) : noSuchOverload();

const TEXT_TEST = signature([STRING, STRING], BOOL);
const textTest = (name: string, id: string, run: (text: string, other: string) => boolean): FunctionDeclaration =>
  singleton(name, onTexts(run), method(id, TEXT_TEST));

const LOGIC = signature([BOOL, BOOL], BOOL);
const EQUALITY = signature([A, A], BOOL);

/** Calls that the planner runs itself: their declarations only give types. */
const PLANNED: readonly FunctionDeclaration[] = [
  define(OPERATOR.conditional, overload('conditional', signature([BOOL, A, A], A))),
  define(OPERATOR.and, overload('logical_and', LOGIC)),
  define(OPERATOR.or, overload('logical_or', LOGIC)),
  define(OPERATOR.equals, overload('equals', EQUALITY)),
  define(OPERATOR.notEquals, overload('not_equals', EQUALITY)),
  define(OPERATOR.index, overload('index_list', signature([LIST_OF_A, INT], A)), overload('index_map', signature([MAP_OF_A_B, A], B))),
];

export const STANDARD_FUNCTIONS: readonly FunctionDeclaration[] = [
  ...PLANNED,
  singleton(
    OPERATOR.not,
    (value = null) => (typeof value === 'boolean' ? !value : noSuchOverload()),
    overload('logical_not', signature([BOOL], BOOL)),
  ),
  singleton(
    OPERATOR.notStrictlyFalse,
    (value = null) => (typeof value === 'boolean' ? value : true),
    overload('not_strictly_false', signature([BOOL], BOOL)),
  ),
  ...ARITHMETIC,
  relation('_<_', 'less', (order) => order < 0),
  relation('_<=_', 'less_equals', (order) => order <= 0),
  relation('_>_', 'greater', (order) => order > 0),
  relation('_>=_', 'greater_equals', (order) => order >= 0),
  singleton(
    OPERATOR.in,
    (element = null, container = null) => contains(element, container),
    overload('in_list', signature([A, LIST_OF_A], BOOL)),
    overload('in_map', signature([A, MAP_OF_A_B], BOOL)),
  ),
  singleton(
    'size',
    (value = null) => size(value),
    ...SIZED.flatMap(([id, type]) => [overload(`size_${id}`, signature([type], INT)), method(`${id}_size`, signature([type], INT))]),
  ),
  ...CONVERSIONS,
  textTest('contains', 'contains_string', (text, part) => text.includes(part)),
  textTest('startsWith', 'starts_with_string', (text, start) => text.startsWith(start)),
  textTest('endsWith', 'ends_with_string', (text, end) => text.endsWith(end)),
  singleton('matches', onTexts(matches), overload('matches', TEXT_TEST), method('matches_string', TEXT_TEST)),
  ...TIMES,
];

/** The types that an expression can name. */
export const STANDARD_TYPES: ReadonlyMap<string, CelType> = new Map([
  ...[BOOL, BYTES, DOUBLE, DURATION, INT, NULL, STRING, TIMESTAMP, UINT].map((type) => [type.name, type] as const),
  ['list', listOf(A)],
  ['map', mapOf(A, B)],
  ['type', { ...TYPE, params: [param('type')] }],
]);
