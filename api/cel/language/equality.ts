// Equality and order of values (cel-go, `common/types`): numbers compare across their types, values of other types are just not equal.
import {
  CelError,
  CelList,
  CelMap,
  type CelValue,
  Duration,
  noSuchOverload,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
} from './values.ts';

/** Whether two values are equal; an error if lists within cannot be compared. */
export function equal(a: CelValue, b: CelValue): boolean | CelError {
  switch (typeof a) {
    case 'string':
    case 'boolean':
      return a === b;
    case 'bigint':
    case 'number':
      return isNumeric(b) && compareNumbers(a, b) === 0;
    default:
      return a === null || b === null ? a === b : equalObjects(a, b);
  }
}

function equalObjects(a: Exclude<CelValue, null | string | boolean | bigint | number>, b: CelValue): boolean | CelError {
  if (a instanceof CelList || a instanceof CelMap || a instanceof Opaque) return a.equals(b);
  if (a instanceof Uint) return isNumeric(b) && compareNumbers(a, b) === 0;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  return b instanceof Optional && equalOptionals(a, b);
}

function equalOptionals(a: Optional, b: Optional): boolean | CelError {
  if (a.value === undefined || b.value === undefined) return a.value === b.value;
  return equal(a.value, b.value);
}

type Numeric = bigint | number | Uint;

const isNumeric = (value: CelValue): value is Numeric => typeof value === 'bigint' || typeof value === 'number' || value instanceof Uint;

const plain = (value: Numeric): bigint | number => (value instanceof Uint ? value.value : value);

/** Less than 0, 0 or more than 0; NaN if one of them is. Beside a double, all are doubles: large integers lose digits, as in cel-go. */
function compareNumbers(a: Numeric, b: Numeric): number {
  const inexact = typeof a === 'number' || typeof b === 'number';
  const left = inexact ? Number(plain(a)) : plain(a);
  const right = inexact ? Number(plain(b)) : plain(b);
  if (left < right) return -1;
  if (left > right) return 1;
  return Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : 0;
}

/** Less than 0, 0 or more than 0; an error for values that have no order. */
export function compare(a: CelValue, b: CelValue): number | CelError {
  if (isNumeric(a)) {
    if (!isNumeric(b)) return noSuchOverload();
    const order = compareNumbers(a, b);
    return Number.isNaN(order) ? new CelError('NaN values cannot be ordered') : order;
  }
  if (typeof a === 'string') return typeof b === 'string' ? compareText(a, b) : noSuchOverload();
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : noSuchOverload();
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? Buffer.compare(a, b) : noSuchOverload();
  return compareTimes(a, b);
}

function compareTimes(a: CelValue, b: CelValue): number | CelError {
  const comparable = (a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration);
  return comparable ? compareNumbers(a.nanos, b.nanos) : noSuchOverload();
}

/** By code point, which is the order of UTF-8 too. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const left = a.charCodeAt(i);
    const right = b.charCodeAt(i);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for characters above all others. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
