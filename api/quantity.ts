// Amounts of resources, exact: `1500m`, `1.5Gi`, `12e6` (apimachinery, `pkg/api/resource`).

/** How an amount is written: `12M`, `12Mi` or `12e6`. It survives arithmetic. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** A text that is no quantity; the message is upstream's. */
export class QuantityError extends Error {
  override readonly name = 'QuantityError';
}

const WRONG_FORMAT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const WRONG_NUMBER = 'unable to parse numeric part of quantity';
const WRONG_SUFFIX = "unable to parse quantity's suffix";

const DECIMAL_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ['n', -9],
  ['u', -6],
  ['m', -3],
  ['', 0],
  ['k', 3],
  ['M', 6],
  ['G', 9],
  ['T', 12],
  ['P', 15],
  ['E', 18],
]);
const BINARY_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ['Ki', 10],
  ['Mi', 20],
  ['Gi', 30],
  ['Ti', 40],
  ['Pi', 50],
  ['Ei', 60],
]);
const invert = (map: ReadonlyMap<string, number>): ReadonlyMap<number, string> => new Map([...map].map(([suffix, e]) => [e, suffix]));
const DECIMAL_SUFFIXES = invert(DECIMAL_EXPONENTS);
const BINARY_SUFFIXES = invert(BINARY_EXPONENTS);

/** The smallest unit that is kept: 10⁻⁹. */
const NANO = -9;
/** Digits that fit an int64 whatever they are. */
const INT64_DIGITS = 18;
const INT64_MAX = 2n ** 63n - 1n;
/** Powers of ten beyond this are refused, so that a short text cannot ask for a huge computation. */
const EXPONENT_MAX = 10_000;
/** Longer texts are refused, for the same reason. */
const LENGTH_MAX = 1_000;

/** What upstream writes back letter for letter, by far the most common texts. */
const CANONICAL = /^(?:0|[1-9]\d{0,2}(?:m|k|M|G|Ki|Mi|Gi)?)$/;

/** An amount. Immutable; arithmetic gives new ones. */
export class Quantity {
  /** The amount is `#digits` × 10^`#exponent`. */
  readonly #digits: bigint;
  readonly #exponent: number;
  readonly format: QuantityFormat;
  #text: string | undefined;
  /** Whether upstream holds it as a decimal of any length, which it never takes for a whole number. */
  #isWide = false;

  constructor(digits: bigint, exponent: number, format: QuantityFormat, text?: string) {
    this.#digits = digits;
    this.#exponent = exponent;
    this.format = format;
    this.#text = text;
  }

  /** An amount of whole units. */
  static of(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(BigInt(value), 0, format);
  }

  /** An amount of thousandths. */
  static ofMilli(value: number | bigint, format: QuantityFormat = 'DecimalSI'): Quantity {
    return new Quantity(BigInt(value), -3, format);
  }

  /** An amount that upstream does not hold as an int64 with a scale. */
  static wide(digits: bigint, exponent: number, format: QuantityFormat): Quantity {
    const quantity = new Quantity(digits, exponent, format);
    quantity.#isWide = true;
    return quantity;
  }

  get isZero(): boolean {
    return this.#digits === 0n;
  }

  /** -1, 0 or 1. */
  get sign(): -1 | 0 | 1 {
    return this.#digits === 0n ? 0 : this.#digits < 0n ? -1 : 1;
  }

  /** The amount in whole units, rounded away from zero. */
  value(): number {
    return Number(this.#scaled(0));
  }

  /** The amount in thousandths, rounded away from zero. */
  milli(): number {
    return Number(this.#scaled(-3));
  }

  /** The amount if it was written in whole units, shortly, and fits 64 bits: `1` and `1k`, but not `1000m` or `1Pi` (upstream's `AsInt64`). */
  asInt64(): bigint | undefined {
    if (this.#exponent < 0 || this.#isWide) return undefined;
    const whole = this.#digitsAt(0);
    return isInt64(whole) ? whole : undefined;
  }

  /** The amount as near as a double comes (upstream's `AsApproximateFloat64`). */
  approximate(): number {
    // Not 10 ** n, which is inexact for some n.
    return Number(this.#digits) * Number(`1e${this.#exponent}`);
  }

  add(other: Quantity): Quantity {
    return this.#combine(other, (a, b) => a + b);
  }

  sub(other: Quantity): Quantity {
    return this.#combine(other, (a, b) => a - b);
  }

  /** Negative, zero or positive as this amount is below, equal to or above the other. */
  cmp(other: Quantity): -1 | 0 | 1 {
    const exponent = Math.min(this.#exponent, other.#exponent);
    const a = this.#digitsAt(exponent);
    const b = other.#digitsAt(exponent);
    return a < b ? -1 : a > b ? 1 : 0;
  }

  equals(other: Quantity): boolean {
    return this.cmp(other) === 0;
  }

  /** The one way upstream writes this amount. */
  canonical(): string {
    this.#text ??= this.#write();
    return this.#text;
  }

  toString(): string {
    return this.canonical();
  }

  toJSON(): string {
    return this.canonical();
  }

  /** What Go prints of the structure (go-spew's `%#v`), if the amount is just as it was read. */
  goPrint(): string {
    const value = this.#isWide ? 0n : this.#digits;
    const scale = this.#isWide ? 0 : this.#exponent;
    const decimal = this.#isWide ? goDecimal(this.#digits, this.#exponent) : '<nil>';
    return (
      `{i:(resource.int64Amount){value:(int64)${value} scale:(resource.Scale)${scale}} ` +
      `d:(resource.infDecAmount){Dec:(*inf.Dec)${decimal}} s:(string)${this.#text ?? ''} Format:(resource.Format)${this.format}}`
    );
  }

  #combine(other: Quantity, operate: (a: bigint, b: bigint) => bigint): Quantity {
    const exponent = Math.min(this.#exponent, other.#exponent);
    const format = this.isZero ? other.format : this.format;
    const digits = operate(this.#digitsAt(exponent), other.#digitsAt(exponent));
    const isWide = this.#isWide || other.#isWide || !isInt64(digits);
    return isWide ? Quantity.wide(digits, exponent, format) : new Quantity(digits, exponent, format);
  }

  /** The digits for an exponent not above this amount's own. */
  #digitsAt(exponent: number): bigint {
    return this.#exponent === exponent ? this.#digits : this.#digits * 10n ** BigInt(this.#exponent - exponent);
  }

  #scaled(exponent: number): bigint {
    if (this.#exponent >= exponent) return this.#digitsAt(exponent);
    return divideAwayFromZero(this.#digits, 10n ** BigInt(exponent - this.#exponent));
  }

  #write(): string {
    if (this.isZero) return '0';
    return (this.format === 'BinarySI' ? this.#writeBinary() : undefined) ?? this.#writeDecimal();
  }

  /** Nothing for fractions and for what is below 1Ki, which are written decimally. */
  #writeBinary(): string | undefined {
    let whole = this.#scaled(0);
    if (whole > -1024n && whole < 1024n) return undefined;
    if (this.#exponent < 0 && whole * 10n ** BigInt(-this.#exponent) !== this.#digits) return undefined;
    let exponent = 0;
    while (whole % 1024n === 0n) {
      whole /= 1024n;
      exponent += 10;
    }
    return `${whole}${BINARY_SUFFIXES.get(exponent) ?? ''}`;
  }

  #writeDecimal(): string {
    let digits = this.#digits;
    let exponent = this.#exponent;
    while (digits % 10n === 0n) {
      digits /= 10n;
      exponent++;
    }
    for (; exponent % 3 !== 0; exponent--) digits *= 10n;
    if (this.format !== 'DecimalExponent') return `${digits}${DECIMAL_SUFFIXES.get(exponent) ?? ''}`;
    return exponent === 0 ? String(digits) : `${digits}e${exponent}`;
  }
}

/** An `inf.Dec`: upstream rounds it to billionths when it reads it; its digits are the words of a machine of 64 bits. */
function goDecimal(digits: bigint, exponent: number): string {
  const words: bigint[] = [];
  for (let rest = magnitude(digits) * 10n ** BigInt(exponent - NANO); rest > 0n; rest >>= 64n) words.push(rest & (2n ** 64n - 1n));
  return `{unscaled:(big.Int){neg:(bool)${digits < 0n} abs:(big.nat)[${words.join(' ')}]} scale:(inf.Scale)${-NANO}}`;
}

const magnitude = (digits: bigint): bigint => (digits < 0n ? -digits : digits);

/** Nothing. */
export const ZERO_QUANTITY = new Quantity(0n, 0, 'DecimalSI');

/** Reads a quantity. Throws QuantityError with upstream's text. */
export function parseQuantity(text: string): Quantity {
  if (text === '') throw new QuantityError(WRONG_FORMAT);
  const parts = split(text);
  const { base, exponent, format } = interpret(parts.suffix);
  return base === 10 ? decimal(parts, exponent, format) : binary(parts, exponent);
}

function decimal(parts: Parts, exponent: number, format: QuantityFormat): Quantity {
  const digits = parts.whole + parts.fraction;
  const scale = exponent - parts.fraction.length;
  if (digits.length <= INT64_DIGITS && scale >= NANO) {
    // Upstream keeps a text that looks canonical as it is, even where it is not: `1.500`, `+5`.
    const isKept = scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
    const kept = isKept || parts.text === '0' ? parts.text : undefined;
    return new Quantity(signed(BigInt(digits), parts.negative), scale, format, kept);
  }
  if (!parts.hasDigits) throw new QuantityError(WRONG_NUMBER);
  const rounded = roundToNano(BigInt(digits), scale);
  return Quantity.wide(signed(rounded.digits, parts.negative), rounded.exponent, format);
}

function binary(parts: Parts, power: number): Quantity {
  const { whole, fraction, negative } = parts;
  const room = 14 - whole.length - Math.trunc((power * 3) / 10);
  if (!parts.hasDigits && room < 0) throw new QuantityError(WRONG_NUMBER);
  const quick = fraction === '' && room >= 0;
  const kept = quick && (BigInt(whole) & 7n) !== 0n ? parts.text : undefined;
  const rounded = roundToNano(BigInt(whole + fraction) * 2n ** BigInt(power), -fraction.length);
  const one = 10n ** BigInt(Math.max(0, -rounded.exponent));
  if (rounded.digits > INT64_MAX * one) return Quantity.wide(signed(INT64_MAX, negative), 0, 'BinarySI');
  const below = rounded.digits > 0n && rounded.digits < one;
  const format = below ? 'DecimalSI' : 'BinarySI';
  const digits = signed(rounded.digits, negative);
  return quick ? new Quantity(digits, rounded.exponent, format, kept) : Quantity.wide(digits, rounded.exponent, format);
}

/** The canonical form of a quantity's text. Throws QuantityError. */
export function canonicalQuantity(text: string): string {
  return CANONICAL.test(text) ? text : parseQuantity(text).canonical();
}

/** Rounds up to whole billionths. */
function roundToNano(digits: bigint, exponent: number): { digits: bigint; exponent: number } {
  if (exponent >= NANO || digits === 0n) return { digits, exponent: digits === 0n ? 0 : exponent };
  if (String(digits).length + exponent < NANO) return { digits: 1n, exponent: NANO };
  return { digits: divideAwayFromZero(digits, 10n ** BigInt(NANO - exponent)), exponent: NANO };
}

const isInt64 = (whole: bigint): boolean => whole <= INT64_MAX && whole >= -INT64_MAX - 1n;

const signed = (digits: bigint, negative: boolean): bigint => (negative ? -digits : digits);

function divideAwayFromZero(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  if (quotient * b === a) return quotient;
  return a < 0n ? quotient - 1n : quotient + 1n;
}

interface Parts {
  readonly text: string;
  readonly negative: boolean;
  /** Digits before the point, without leading zeros; at least `0`. */
  readonly whole: string;
  readonly fraction: string;
  readonly hasDigits: boolean;
  readonly suffix: string;
}

const PARTS = /^([+-]?)(\d*)(?:\.(\d*))?((?:[eEinumkKMGTP]+[+-]?|[+-])\d*)?$/;

function split(text: string): Parts {
  if (text.length > LENGTH_MAX) throw new QuantityError(WRONG_NUMBER);
  const match = PARTS.exec(text);
  if (!match) throw new QuantityError(WRONG_FORMAT);
  const [, sign = '', digits = '', fraction = '', suffix = ''] = match;
  const whole = digits.replace(/^0+/, '') || '0';
  return { text, negative: sign === '-', whole, fraction, hasDigits: digits !== '' || fraction !== '', suffix };
}

function interpret(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } {
  const decimal = DECIMAL_EXPONENTS.get(suffix);
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const power = BINARY_EXPONENTS.get(suffix);
  if (power !== undefined) return { base: 2, exponent: power, format: 'BinarySI' };
  const exponent = /^[eE]([+-]?\d+)$/.exec(suffix)?.[1];
  if (exponent === undefined || Math.abs(Number(exponent)) > EXPONENT_MAX) throw new QuantityError(WRONG_SUFFIX);
  return { base: 10, exponent: Number(exponent), format: 'DecimalExponent' };
}
