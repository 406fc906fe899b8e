// The operators on numbers, texts, times and lists (cel-go, `common/types`): 64 bits, and an error where they overflow.
import type { FunctionDeclaration, Result } from './declarations.ts';
import { LIST_OF_A, overload, signature, singleton } from './define.ts';
import { BYTES, type CelType, DOUBLE, DURATION, INT, STRING, TIMESTAMP, UINT } from './types.ts';
import { CelError, CelList, type CelValue, Duration, noSuchOverload, Timestamp, Uint } from './values.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const SECOND = 1_000_000_000n;
/** 0001-01-01 to 9999-12-31. */
const TIMESTAMP_MIN = -62_135_596_800n * SECOND;
const TIMESTAMP_MAX = 253_402_300_800n * SECOND - 1n;

export const int = (value: bigint): Result => (value < INT64_MIN || value > INT64_MAX ? new CelError('integer overflow') : value);
export const uint = (value: bigint): Result =>
  value < 0n || value > UINT64_MAX ? new CelError('unsigned integer overflow') : new Uint(value);
export const duration = (nanos: bigint): Result =>
  nanos < INT64_MIN || nanos > INT64_MAX ? new CelError('duration overflow') : new Duration(nanos);
export const timestamp = (nanos: bigint, offsetSeconds = 0): Result =>
  nanos < TIMESTAMP_MIN || nanos > TIMESTAMP_MAX ? new CelError('timestamp overflow') : new Timestamp(nanos, offsetSeconds);

/** The left operand has no such operator. */
const unsupported = (operator: string): CelError => new CelError(`no such overload: ${operator}`);

interface NumericOperator {
  readonly name: string;
  readonly int: (a: bigint, b: bigint) => Result;
  readonly uint: (a: bigint, b: bigint) => Result;
  readonly double?: (a: number, b: number) => number;
}

/** The operator on numbers, or nothing if the left one is no number. */
function numeric(operator: NumericOperator, a: CelValue, b: CelValue): Result | undefined {
  if (typeof a === 'bigint') return typeof b === 'bigint' ? operator.int(a, b) : noSuchOverload();
  if (a instanceof Uint) return b instanceof Uint ? operator.uint(a.value, b.value) : noSuchOverload();
  if (typeof a !== 'number' || !operator.double) return undefined;
  return typeof b === 'number' ? operator.double(a, b) : noSuchOverload();
}

const ADD: NumericOperator = { name: '_+_', int: (a, b) => int(a + b), uint: (a, b) => uint(a + b), double: (a, b) => a + b };
const SUBTRACT: NumericOperator = { name: '_-_', int: (a, b) => int(a - b), uint: (a, b) => uint(a - b), double: (a, b) => a - b };
const MULTIPLY: NumericOperator = { name: '_*_', int: (a, b) => int(a * b), uint: (a, b) => uint(a * b), double: (a, b) => a * b };
const BY_ZERO = 'division by zero';
const MODULO_ZERO = 'modulus by zero';
const DIVIDE: NumericOperator = {
  name: '_/_',
  int: (a, b) => (b === 0n ? new CelError(BY_ZERO) : int(a / b)),
  uint: (a, b) => (b === 0n ? new CelError(BY_ZERO) : uint(a / b)),
  double: (a, b) => a / b,
};
const MODULO: NumericOperator = {
  name: '_%_',
  int: (a, b) => (b === 0n ? new CelError(MODULO_ZERO) : a === INT64_MIN && b === -1n ? new CelError('integer overflow') : a % b),
  uint: (a, b) => (b === 0n ? new CelError(MODULO_ZERO) : uint(a % b)),
};

function add(a: CelValue, b: CelValue): Result {
  if (typeof a === 'string') return typeof b === 'string' ? a + b : noSuchOverload();
  const sum = numeric(ADD, a, b);
  if (sum !== undefined) return sum;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? Buffer.concat([a, b]) : noSuchOverload();
  if (a instanceof CelList) return b instanceof CelList ? a.concat(b) : noSuchOverload();
  return addTime(a, b);
}

function addTime(a: CelValue, b: CelValue): Result {
  if (a instanceof Timestamp) return b instanceof Duration ? timestamp(a.nanos + b.nanos, a.offsetSeconds) : noSuchOverload();
  if (!(a instanceof Duration)) return unsupported(ADD.name);
  if (b instanceof Timestamp) return timestamp(a.nanos + b.nanos, b.offsetSeconds);
  return b instanceof Duration ? duration(a.nanos + b.nanos) : noSuchOverload();
}

function subtract(a: CelValue, b: CelValue): Result {
  const difference = numeric(SUBTRACT, a, b);
  if (difference !== undefined) return difference;
  if (a instanceof Duration) return b instanceof Duration ? duration(a.nanos - b.nanos) : noSuchOverload();
  if (!(a instanceof Timestamp)) return unsupported(SUBTRACT.name);
  if (b instanceof Timestamp) return duration(a.nanos - b.nanos);
  return b instanceof Duration ? timestamp(a.nanos - b.nanos, a.offsetSeconds) : noSuchOverload();
}

const plain =
  (operator: NumericOperator) =>
  (a: CelValue, b: CelValue): Result =>
    numeric(operator, a, b) ?? unsupported(operator.name);

function negate(value: CelValue): Result {
  if (typeof value === 'bigint') return int(-value);
  if (typeof value === 'number') return -value;
  if (value instanceof Duration) return duration(-value.nanos);
  return typeof value === 'boolean' ? noSuchOverload() : unsupported('-_');
}

const same = (type: CelType) => signature([type, type], type);
const binary =
  (run: (a: CelValue, b: CelValue) => Result) =>
  (a: CelValue = null, b: CelValue = null) =>
    run(a, b);

export const ARITHMETIC: readonly FunctionDeclaration[] = [
  singleton(
    '_+_',
    binary(add),
    overload('add_bytes', same(BYTES)),
    overload('add_double', same(DOUBLE)),
    overload('add_duration_duration', same(DURATION)),
    overload('add_duration_timestamp', signature([DURATION, TIMESTAMP], TIMESTAMP)),
    overload('add_timestamp_duration', signature([TIMESTAMP, DURATION], TIMESTAMP)),
    overload('add_int64', same(INT)),
    overload('add_list', same(LIST_OF_A)),
    overload('add_string', same(STRING)),
    overload('add_uint64', same(UINT)),
  ),
  singleton(
    '_-_',
    binary(subtract),
    overload('subtract_double', same(DOUBLE)),
    overload('subtract_duration_duration', same(DURATION)),
    overload('subtract_int64', same(INT)),
    overload('subtract_timestamp_duration', signature([TIMESTAMP, DURATION], TIMESTAMP)),
    overload('subtract_timestamp_timestamp', signature([TIMESTAMP, TIMESTAMP], DURATION)),
    overload('subtract_uint64', same(UINT)),
  ),
  singleton(
    '_*_',
    binary(plain(MULTIPLY)),
    overload('multiply_double', same(DOUBLE)),
    overload('multiply_int64', same(INT)),
    overload('multiply_uint64', same(UINT)),
  ),
  singleton(
    '_/_',
    binary(plain(DIVIDE)),
    overload('divide_double', same(DOUBLE)),
    overload('divide_int64', same(INT)),
    overload('divide_uint64', same(UINT)),
  ),
  singleton('_%_', binary(plain(MODULO)), overload('modulo_int64', same(INT)), overload('modulo_uint64', same(UINT))),
  singleton(
    '-_',
    (value = null) => negate(value),
    overload('negate_double', signature([DOUBLE], DOUBLE)),
    overload('negate_int64', signature([INT], INT)),
  ),
];
