// `'%s is %d'.format([…])` (cel-go, `ext/formatting.go`), with numbers as an English reader writes them.

import { goQuote } from '../../field-error.ts';
import { elementsOf } from '../language/collections.ts';
import type { Result } from '../language/declarations.ts';
import { compareText } from '../language/equality.ts';
import { formatGoDouble } from '../language/go-number.ts';
import { formatDuration, formatTimestamp } from '../language/timestamps.ts';
import { CelError, CelList, CelMap, type CelValue, Duration, Timestamp, TypeValue, typeName, Uint } from '../language/values.ts';
import { fixedDouble, scientificDouble } from './go-decimals.ts';

/** Digits after the point, unless the clause says otherwise. */
const PRECISION = 6;
/** More decimals than anybody reads are refused: they would be made for each value. */
const MAX_PRECISION = 100_000;

/** One `%…` of a format. */
export interface Clause {
  readonly letter: string;
  /** Nothing if the clause gives none. */
  readonly precision: number | undefined;
}

/** A format as texts and clauses; the text of the error that cel-go gives for what is none. @param args how many there are. */
export function parseFormat(format: string, args: number): readonly (string | Clause)[] | CelError {
  const parts: (string | Clause)[] = [];
  let used = 0;
  for (let i = 0; i < format.length; ) {
    const next = format.indexOf('%', i);
    if (next < 0) return [...parts, format.slice(i)];
    parts.push(format.slice(i, next));
    if (format[next + 1] === '%') {
      parts.push('%');
      i = next + 2;
      continue;
    }
    if (used >= args) return new CelError(`index ${used} out of range`);
    if (next + 1 >= format.length) return new CelError('unexpected end of string');
    used++;
    const [all = '', precision] = /^%(?:\.(\d*))?/.exec(format.slice(next)) ?? [];
    const letter = format[next + all.length];
    const wrong = clauseError(letter, precision);
    if (wrong !== undefined) return new CelError(`could not parse formatting clause: ${wrong}`);
    parts.push({ letter: letter ?? '', precision: precision === undefined ? undefined : Number(precision) });
    i = next + all.length + 1;
  }
  return parts;
}

function clauseError(letter: string | undefined, precision: string | undefined): string | undefined {
  if (letter === undefined) return 'error while parsing precision: could not find end of precision specifier';
  if (precision === '') {
    return 'error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax';
  }
  if (Number(precision ?? 0) > MAX_PRECISION) return `error while parsing precision: ${precision} is more than ${MAX_PRECISION}`;
  return 'sdfebxXo'.includes(letter) ? undefined : `unrecognized formatting clause "${letter}"`;
}

/** What a clause is said to need of a value. */
export const CLAUSE_ERRORS: Readonly<Record<string, string>> = {
  s: 'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  d: 'decimal clause can only be used on integers',
  f: 'fixed-point clause can only be used on doubles',
  e: 'scientific clause can only be used on doubles',
  b: 'only integers and bools can be formatted as binary',
  x: 'only integers, byte buffers, and strings can be formatted as hex',
  X: 'only integers, byte buffers, and strings can be formatted as hex',
  o: 'octal clause can only be used on integers',
};

export function formatText(format: string, args: CelList): Result {
  const parts = parseFormat(format, args.size);
  if (parts instanceof CelError) return parts;
  const values = elementsOf(args);
  if (values instanceof CelError) return values;
  let text = '';
  let used = 0;
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part;
      continue;
    }
    const value = values[used++] ?? null;
    const formatted = formatClause(part, value);
    if (formatted instanceof CelError) return formatted;
    if (formatted === undefined) {
      return new CelError(`error during formatting: ${CLAUSE_ERRORS[part.letter]}, was given ${typeName(value)}`);
    }
    text += formatted;
  }
  return text;
}

/** Nothing if the clause is for other types. */
function formatClause({ letter, precision }: Clause, value: CelValue): string | CelError | undefined {
  switch (letter) {
    case 's':
      return formatAny(value);
    case 'd':
      return integer(value)?.toString();
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : integer(value)?.toString(2);
    case 'o':
      return integer(value)?.toString(8);
    case 'x':
      return hexadecimal(value);
    case 'X':
      return hexadecimal(value)?.toUpperCase();
    case 'f':
      return real(value, (n) => withGroups(fixedDouble(n, precision ?? PRECISION)));
    default:
      return real(value, (n) => scientific(n, precision));
  }
}

function integer(value: CelValue): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof Uint ? value.value : undefined;
}

function hexadecimal(value: CelValue): string | undefined {
  if (typeof value === 'string' || value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  return integer(value)?.toString(16);
}

const NAMED: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

function real(value: CelValue, format: (n: number) => string): string | undefined {
  const n = typeof value === 'string' && Object.hasOwn(NAMED, value) ? NAMED[value] : value;
  if (typeof n !== 'number') return undefined;
  if (Number.isNaN(n)) return 'NaN';
  return Number.isFinite(n) ? format(n) : `${n < 0 ? '-' : ''}∞`;
}

function withGroups(fixed: string): string {
  const [whole = '', fraction] = fixed.split('.');
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Always with six decimals: what is written as the precision is the width, as upstream forgets the point. */
function scientific(n: number, width = 0): string {
  const { mantissa, exponent } = scientificDouble(n, PRECISION);
  const digits = String(Math.abs(exponent)).padStart(2, '0');
  const raised = [...digits].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return `${mantissa}×10${exponent < 0 ? '⁻' : ''}${raised}`.padStart(width);
}

/** A value as `%s` has it. */
function formatAny(value: CelValue): string | CelError | undefined {
  if (value === null) return 'null';
  if (value instanceof CelList) return formatList(value);
  if (value instanceof CelMap) return formatMap(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return value.name;
  if (typeof value === 'number') return formatGoDouble(value);
  if (typeof value === 'object') return integer(value)?.toString();
  return String(value);
}

function formatList(list: CelList): string | CelError {
  const items = elementsOf(list);
  if (items instanceof CelError) return items;
  const texts = formatMembers(items);
  return texts instanceof CelError ? texts : `[${texts.join(', ')}]`;
}

function formatMembers(values: readonly CelValue[]): string[] | CelError {
  const texts: string[] = [];
  for (const value of values) {
    const text = formatMember(value);
    if (text instanceof CelError) return text;
    texts.push(text);
  }
  return texts;
}

function formatMap(map: CelMap): string | CelError {
  const entries: { readonly key: string; readonly value: string }[] = [];
  for (const key of map.keys()) {
    const value = map.find(key) ?? null;
    if (value instanceof CelError) return value;
    if (!(typeof key === 'string' || typeof key === 'boolean' || integer(key) !== undefined)) {
      return new CelError(`error during formatting: no formatting function for map key of type ${typeName(key)}`);
    }
    const texts = formatMembers([key, value]);
    if (texts instanceof CelError) return texts;
    entries.push({ key: texts[0] ?? '', value: texts[1] ?? '' });
  }
  const sorted = entries.sort((a, b) => compareText(a.key, b.key));
  return `{${sorted.map(({ key, value }) => `${key}:${value}`).join(', ')}}`;
}

/** A value within a list or map: as it would be written in an expression. */
function formatMember(value: CelValue): string | CelError {
  if (value instanceof Timestamp) return `timestamp(${goQuote(formatTimestamp(value))})`;
  if (value instanceof Duration) return `duration(${goQuote(formatDuration(value))})`;
  if (typeof value === 'string') return goQuote(value);
  if (value instanceof Uint8Array) return `b${goQuote(Buffer.from(value).toString())}`;
  if (typeof value === 'number') return Number.isFinite(value) ? fixedDouble(value, PRECISION) : goQuote(formatGoDouble(value));
  const text = formatAny(value);
  return text ?? new CelError(`error during formatting: no formatting function for ${typeName(value)}`);
}
