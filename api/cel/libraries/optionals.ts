// Optional values, and maps made by macros (cel-go, `cel/library.go`, `ext/comprehensions.go`).
import { ZERO_TIME_SECONDS } from '../../time.ts';
import { OPERATOR } from '../language/ast.ts';
import { ArrayList, elementsOf, insert } from '../language/collections.ts';
import type { FunctionDeclaration, Result } from '../language/declarations.ts';
import { define, method, overload, signature } from '../language/define.ts';
import { BOOL, DYN, INT, listOf, mapOf, optionalOf, param, STRING } from '../language/types.ts';
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Duration,
  noSuchOverload,
  Opaque,
  Optional,
  sizeOf,
  Timestamp,
  TypeValue,
  Uint,
} from '../language/values.ts';

const K = param('K');
const V = param('V');
const OPTIONAL_V = optionalOf(V);
const LIST_V = listOf(V);
const MAP_K_V = mapOf(K, V);

/** The first second of year 1. */
const ZERO_TIME = BigInt(ZERO_TIME_SECONDS) * 1_000_000_000n;

/** The zero value of its type: 0, an empty text, an empty list … */
function isZero(value: CelValue): boolean {
  if (value === null) return true;
  const size = sizeOf(value);
  if (size !== undefined) return size === 0;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration) return value.nanos === 0n;
  if (value instanceof Optional) return value.value === undefined || isZero(value.value);
  if (value instanceof Opaque || value instanceof TypeValue) return false;
  if (value instanceof Timestamp) return value.nanos === ZERO_TIME;
  return !value;
}

const onOptional = (run: (optional: Optional) => Result) => (value?: CelValue) =>
  value instanceof Optional ? run(value) : noSuchOverload();

function edge(last: boolean) {
  return (list: CelValue = null): Result => {
    if (!(list instanceof CelList)) return noSuchOverload();
    if (list.size === 0) return Optional.none;
    const item = list.at(last ? list.size - 1 : 0);
    return item instanceof CelError ? item : new Optional(item);
  };
}

function unwrap(list: CelValue = null): Result {
  const items = list instanceof CelList ? elementsOf(list) : noSuchOverload();
  if (items instanceof CelError) return items;
  const values: CelValue[] = [];
  for (const item of items) {
    if (!(item instanceof Optional)) return new CelError(`value ${item} is not optional`);
    if (item.value !== undefined) values.push(item.value);
  }
  return new ArrayList(values);
}

const DEREFERENCE = 'optional.none() dereference';
/** Run by the planner. */
const PLANNED: readonly FunctionDeclaration[] = [
  define('or', method('optional_or_optional', signature([OPTIONAL_V, OPTIONAL_V], OPTIONAL_V))),
  define('orValue', method('optional_orValue_value', signature([OPTIONAL_V, V], V))),
  define(OPERATOR.optionalSelect, overload('select_optional_field', signature([DYN, STRING], OPTIONAL_V))),
  define(
    OPERATOR.optionalIndex,
    overload('list_optindex_optional_int', signature([LIST_V, INT], OPTIONAL_V)),
    overload('optional_list_optindex_optional_int', signature([optionalOf(LIST_V), INT], OPTIONAL_V)),
    overload('map_optindex_optional_value', signature([MAP_K_V, K], OPTIONAL_V)),
    overload('optional_map_optindex_optional_value', signature([optionalOf(MAP_K_V), K], OPTIONAL_V)),
  ),
  define(
    OPERATOR.index,
    overload('optional_list_index_int', signature([optionalOf(LIST_V), INT], OPTIONAL_V)),
    overload('optional_map_index_value', signature([optionalOf(MAP_K_V), K], OPTIONAL_V)),
  ),
];

export const OPTIONALS: readonly FunctionDeclaration[] = [
  ...PLANNED,
  define(
    'optional.of',
    overload('optional_of', signature([V], OPTIONAL_V), (value = null) => new Optional(value)),
  ),
  define(
    'optional.ofNonZeroValue',
    overload('optional_ofNonZeroValue', signature([V], OPTIONAL_V), (value = null) =>
      isZero(value) ? Optional.none : new Optional(value),
    ),
  ),
  define(
    'optional.none',
    overload('optional_none', signature([], OPTIONAL_V), () => Optional.none),
  ),
  define(
    'value',
    method(
      'optional_value',
      signature([OPTIONAL_V], V),
      onOptional(({ value }) => (value === undefined ? new CelError(DEREFERENCE) : value)),
    ),
  ),
  define(
    'hasValue',
    method(
      'optional_hasValue',
      signature([OPTIONAL_V], BOOL),
      onOptional(({ value }) => value !== undefined),
    ),
  ),
  define('first', method('list_first', signature([LIST_V], OPTIONAL_V), edge(false))),
  define('last', method('list_last', signature([LIST_V], OPTIONAL_V), edge(true))),
  define('optional.unwrap', overload('optional_unwrap', signature([listOf(OPTIONAL_V)], LIST_V), unwrap)),
  define('unwrapOpt', method('optional_unwrapOpt', signature([listOf(OPTIONAL_V)], LIST_V), unwrap)),
];

/** What transformMap and transformMapEntry add entries with. */
export const MAP_INSERTION: readonly FunctionDeclaration[] = [
  define(
    OPERATOR.mapInsert,
    overload('@mapInsert_map_key_value', signature([MAP_K_V, K, V], MAP_K_V), (map = null, key = null, value = null) =>
      map instanceof CelMap ? insert(map, key, value) : noSuchOverload(),
    ),
    overload('@mapInsert_map_map', signature([MAP_K_V, MAP_K_V], MAP_K_V), (map = null, more = null) => insertAll(map, more)),
  ),
];

function insertAll(map: CelValue, more: CelValue): Result {
  if (!(map instanceof CelMap) || !(more instanceof CelMap)) return noSuchOverload();
  let result: CelMap = map;
  for (const key of more.keys()) {
    const value = more.find(key) ?? null;
    const next = value instanceof CelError ? value : insert(result, key, value);
    if (next instanceof CelError) return next;
    result = next;
  }
  return result;
}
