// Conversions between types: `int(x)`, `string(x)` … (cel-go, `common/stdlib/standard.go`, `ConvertToType` of `common/types`).
import { int, timestamp, uint } from './arithmetic.ts';
import type { FunctionDeclaration, Overload, Result } from './declarations.ts';
import { A, define, overload, signature, singleton } from './define.ts';
import { formatGoDouble } from './go-number.ts';
import { formatDuration, formatTimestamp, readDuration, readTimestamp, unixSeconds } from './timestamps.ts';
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, typeOfType, UINT } from './types.ts';
import { CelError, type CelValue, Duration, Timestamp, TypeValue, typeName, Uint } from './values.ts';

const TWO_63 = 2 ** 63;
const TWO_64 = 2 ** 64;

/** Go's `strconv.ParseInt` takes no more than this. */
const INTEGER = /^[+-]?\d+$/;
const UNSIGNED = /^\d+$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const SEPARATORS = /(?<=\d)_(?=\d)/g;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;
const BOOLS: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false])),
};

const failed = (value: CelValue, to: CelType): CelError => new CelError(`type conversion error from '${typeName(value)}' to '${to.name}'`);

function toInt(value: CelValue): Result {
  if (value instanceof Uint) return int(value.value);
  if (value instanceof Duration) return value.nanos;
  if (value instanceof Timestamp) return unixSeconds(value);
  if (typeof value === 'number') {
    const fits = value > -TWO_63 && value < TWO_63;
    return fits ? BigInt(Math.trunc(value)) : new CelError('integer overflow');
  }
  if (typeof value !== 'string' || !INTEGER.test(value)) return failed(value, INT);
  const read = int(BigInt(value.replace(/^\+/, '')));
  return read instanceof CelError ? failed(value, INT) : read;
}

function toUint(value: CelValue): Result {
  if (typeof value === 'bigint') return uint(value);
  if (typeof value === 'number') {
    return value >= 0 && value < TWO_64 ? uint(BigInt(Math.trunc(value))) : new CelError('unsigned integer overflow');
  }
  if (typeof value !== 'string' || !UNSIGNED.test(value)) return failed(value, UINT);
  const read = uint(BigInt(value));
  return read instanceof CelError ? failed(value, UINT) : read;
}

function toDouble(value: CelValue): Result {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value !== 'string') return failed(value, DOUBLE);
  const infinite = INFINITE.exec(value);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(value)) return Number.NaN;
  const plain = value.replace(SEPARATORS, '');
  const read = NUMBER.test(plain) ? Number(plain) : Number.NaN;
  return Number.isFinite(read) ? read : failed(value, DOUBLE);
}

function toText(value: CelValue): Result {
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof Uint) return String(value.value);
  if (typeof value === 'number') return formatGoDouble(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (!(value instanceof Uint8Array)) return failed(value, STRING);
  const text = Buffer.from(value).toString();
  return Buffer.compare(Buffer.from(text), value) === 0 ? text : new CelError('invalid UTF-8 in bytes, cannot convert to string');
}

const fromText =
  (to: CelType, read: (text: string) => Result | undefined) =>
  (value: CelValue): Result =>
    (typeof value === 'string' ? read(value) : undefined) ?? failed(value, to);

const toBool = fromText(BOOL, (text) => (Object.hasOwn(BOOLS, text) ? BOOLS[text] : undefined));
const toBytes = fromText(BYTES, (text) => Buffer.from(text));
const toDuration = (value: CelValue): Result => (typeof value === 'bigint' ? new Duration(value) : fromText(DURATION, readDuration)(value));
const toTimestamp = (value: CelValue): Result =>
  typeof value === 'bigint' ? timestamp(value * 1_000_000_000n) : fromText(TIMESTAMP, readTimestamp)(value);

/** A conversion; a value of the type itself stays what it is. */
function conversion(
  to: CelType,
  name: string,
  from: readonly (readonly [id: string, type: CelType])[],
  convert: (value: CelValue) => Result,
) {
  const identity: Overload = overload(`${idOf(to)}_to_${idOf(to)}`, signature([to], to), (value = null) => value);
  const others = from.map(([id, type]) => overload(id, signature([type], to), (value = null) => convert(value)));
  return define(name, identity, ...others);
}

const idOf = ({ kind }: CelType): string => (kind === 'int' || kind === 'uint' ? `${kind}64` : kind);

export const CONVERSIONS: readonly FunctionDeclaration[] = [
  singleton('type', (value = null) => new TypeValue(typeName(value)), overload('type', signature([A], typeOfType(A)))),
  singleton('dyn', (value = null) => value, overload('to_dyn', signature([A], DYN))),
  conversion(BOOL, 'bool', [['string_to_bool', STRING]], toBool),
  conversion(BYTES, 'bytes', [['string_to_bytes', STRING]], toBytes),
  conversion(
    DOUBLE,
    'double',
    [
      ['int64_to_double', INT],
      ['string_to_double', STRING],
      ['uint64_to_double', UINT],
    ],
    toDouble,
  ),
  conversion(
    DURATION,
    'duration',
    [
      ['int64_to_duration', INT],
      ['string_to_duration', STRING],
    ],
    toDuration,
  ),
  conversion(
    INT,
    'int',
    [
      ['double_to_int64', DOUBLE],
      ['duration_to_int64', DURATION],
      ['string_to_int64', STRING],
      ['timestamp_to_int64', TIMESTAMP],
      ['uint64_to_int64', UINT],
    ],
    toInt,
  ),
  conversion(
    STRING,
    'string',
    [
      ['bool_to_string', BOOL],
      ['bytes_to_string', BYTES],
      ['double_to_string', DOUBLE],
      ['duration_to_string', DURATION],
      ['int64_to_string', INT],
      ['timestamp_to_string', TIMESTAMP],
      ['uint64_to_string', UINT],
    ],
    toText,
  ),
  conversion(
    TIMESTAMP,
    'timestamp',
    [
      ['int64_to_timestamp', INT],
      ['string_to_timestamp', STRING],
    ],
    toTimestamp,
  ),
  conversion(
    UINT,
    'uint',
    [
      ['double_to_uint64', DOUBLE],
      ['int64_to_uint64', INT],
      ['string_to_uint64', STRING],
    ],
    toUint,
  ),
];
