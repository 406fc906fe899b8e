// Values at run time. Most are JavaScript's own: bool is boolean, int is bigint, double is number, string is string, bytes is Uint8Array,
// null is null. Lists and maps are interfaces, so that data need not be converted to be looked at.
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  TIMESTAMP,
  TYPE,
  UINT,
} from './types.ts';

/** A value of an expression. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Uint
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | CelList
  | CelMap
  | Opaque;

/** What an evaluation gives when it has no value. Not thrown: `||` and `&&` may do without it. */
export class CelError {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** A point in time, in nanoseconds since 1970; it prints with the offset from UTC that it was read with. */
export class Timestamp {
  readonly nanos: bigint;
  readonly offsetSeconds: number;
  constructor(nanos: bigint, offsetSeconds = 0) {
    this.nanos = nanos;
    this.offsetSeconds = offsetSeconds;
  }
}

export class Duration {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A type as a value: what `type(x)` gives and what `int` is. */
export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class Optional {
  static readonly none = new Optional(undefined);
  readonly value: CelValue | undefined;
  constructor(value: CelValue | undefined) {
    this.value = value;
  }
}

/** A value of a type that a library brings: a quantity, an IP address. */
export abstract class Opaque {
  abstract readonly type: CelType;
  abstract equals(other: CelValue): boolean;
  /** The size that costs count, 1 unless it says otherwise. */
  get size(): number {
    return 1;
  }
}

/** A list. */
export abstract class CelList {
  abstract readonly size: number;
  /** @param index within the list. */
  abstract at(index: number): CelValue | CelError;
  /** Both lists, one after the other. */
  abstract concat(other: CelList): CelValue | CelError;
  abstract equals(other: CelValue): boolean | CelError;
  /** The value as plain JavaScript, for lists made of data. */
  get native(): unknown {
    return undefined;
  }
}

/** A map, or an object with fields. */
export abstract class CelMap {
  abstract readonly size: number;
  /** What selecting a key gives. */
  abstract find(key: CelValue): CelValue | CelError | undefined;
  /** What `key in map` gives: of most maps, whether there is something to find. */
  has(key: CelValue): boolean | CelError {
    const found = this.find(key);
    return found instanceof CelError ? found : found !== undefined;
  }
  abstract keys(): readonly CelValue[];
  abstract equals(other: CelValue): boolean | CelError;
  get native(): unknown {
    return undefined;
  }
  /** The type whose fields these are, for objects of a type. */
  get type(): CelType {
    return MAP;
  }
}

const MAP = mapOf(DYN, DYN);
const LIST = listOf(DYN);
const UNKNOWN_OPTIONAL = optionalOf(DYN);

/** The type of a value, as far as a value knows it: the elements of lists and maps are dyn. */
export function runtimeType(value: CelValue): CelType {
  switch (typeof value) {
    case 'string':
      return STRING;
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    case 'boolean':
      return BOOL;
    default:
      return value === null ? NULL : objectType(value);
  }
}

function objectType(value: Exclude<CelValue, null | boolean | bigint | number | string>): CelType {
  if (value instanceof CelList) return LIST;
  if (value instanceof CelMap || value instanceof Opaque) return value.type;
  if (value instanceof Uint) return UINT;
  if (value instanceof Uint8Array) return BYTES;
  if (value instanceof Timestamp) return TIMESTAMP;
  if (value instanceof Duration) return DURATION;
  return value instanceof Optional ? UNKNOWN_OPTIONAL : TYPE;
}

/** The type of a literal. */
export const staticTypeOf = (value: CelValue): CelType => runtimeType(value);

/** The name that `type(value)` has. */
export const typeName = (value: CelValue): string => runtimeType(value).name;

export const noSuchOverload = (): CelError => new CelError('no such overload');

/** The number of characters, as people count them: code points. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit <= 0xdbff && isLowSurrogate(text.charCodeAt(i + 1))) count--;
  }
  return count;
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** The size of a value, for `size()` and for costs; nothing for values that have none. */
export function sizeOf(value: CelValue): number | undefined {
  if (typeof value === 'string') return codePoints(value);
  if (value instanceof CelList || value instanceof CelMap) return value.size;
  return value instanceof Uint8Array ? value.length : undefined;
}
