// Functions on texts (cel-go, `ext/strings.go`, version 2). Positions count code points.
import { ArrayList, elementsOf } from '../language/collections.ts';
import type { FunctionDeclaration, Implementation, Result } from '../language/declarations.ts';
import { define, method, overload, signature } from '../language/define.ts';
import { COST, costSize, traversal } from '../language/runtime-cost.ts';
import { DYN, INT, listOf, STRING } from '../language/types.ts';
import { CelError, CelList, type CelValue, noSuchOverload } from '../language/values.ts';
import { formatText } from './text-format.ts';

const outOfRange = (index: number): CelError => new CelError(`index out of range: ${index}`);

const isPlain = (text: string): boolean => !/[\ud800-\udfff]/.test(text);
/** The code points of a text. */
const pointsOf = (text: string): readonly string[] => (isPlain(text) ? text.split('') : [...text]);

function charAt(text: string, index: number): Result {
  const points = pointsOf(text);
  return index < 0 || index > points.length ? outOfRange(index) : (points[index] ?? '');
}

function indexOf(text: string, part: string, from = 0): Result {
  if (part === '') return BigInt(from);
  const points = pointsOf(text);
  const wanted = pointsOf(part);
  if (from < 0) return outOfRange(from);
  for (let i = from; i <= points.length - wanted.length; i++) if (isAt(points, wanted, i)) return BigInt(i);
  return -1n;
}

function lastIndexOf(text: string, part: string, from?: number): Result {
  const points = pointsOf(text);
  if (part === '') return BigInt(from ?? points.length);
  const wanted = pointsOf(part);
  if (from === undefined && wanted.length > points.length) return -1n;
  const start = from ?? points.length - 1;
  if (start < 0) return outOfRange(start);
  if (start >= points.length) return -1n;
  for (let i = Math.min(start, points.length - wanted.length); i >= 0; i--) if (isAt(points, wanted, i)) return BigInt(i);
  return -1n;
}

const isAt = (points: readonly string[], wanted: readonly string[], at: number): boolean => wanted.every((c, j) => points[at + j] === c);

function substring(text: string, start: number, end?: number): Result {
  const points = pointsOf(text);
  const stop = end ?? points.length;
  if (end !== undefined && start > end) return new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0 || start > points.length) return outOfRange(start);
  return stop < 0 || stop > points.length ? outOfRange(stop) : points.slice(start, stop).join('');
}

/** Replaces the first `limit` occurrences, all if it is below 0; an empty text occurs around every character (Go's strings.Replace). */
function replace(text: string, old: string, by: string, limit = -1): Result {
  if (old === by || limit === 0) return text;
  const parts = old === '' ? ['', ...pointsOf(text), ''] : text.split(old);
  const found = parts.length - 1;
  const count = limit < 0 ? found : Math.min(limit, found);
  if (old !== '') return [...parts.slice(0, count), parts.slice(count).join(old)].join(by);
  return `${parts.slice(0, count).join(by)}${by}${parts.slice(count).join('')}`;
}

/** Go's strings.SplitN: no parts for 0, all for less. */
function split(text: string, separator: string, limit = -1): Result {
  if (limit === 0) return new ArrayList([]);
  const parts = separator === '' ? [...pointsOf(text)] : text.split(separator);
  if (limit < 0 || parts.length <= limit) return new ArrayList(parts);
  return new ArrayList([...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)]);
}

function join(list: CelList, separator = ''): Result {
  const items = elementsOf(list);
  if (items instanceof CelError) return items;
  const wrong = items.find((item) => typeof item !== 'string');
  return wrong === undefined ? items.join(separator) : new CelError(`join: invalid input: ${wrong}`);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};
/** A text in quotes; half characters become U+FFFD. */
function quote(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped
  return `"${value.replace(/[\ud800-\udfff]/gu, '\ufffd').replace(/[\x07\b\f\n\r\t\v\\"]/g, (c) => ESCAPES[c] ?? c)}"`;
}

const lower = (text: string): string => text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
const upper = (text: string): string => text.replace(/[a-z]+/g, (part) => part.toUpperCase());

type Arg = string | number;

/** An implementation that takes texts and whole numbers. */
const on =
  (run: (text: string, ...rest: Arg[]) => Result): Implementation =>
  (text = null, ...rest) => {
    const plain: Arg[] = [];
    for (const value of rest) {
      if (typeof value === 'bigint') plain.push(Number(value));
      else if (typeof value === 'string') plain.push(value);
      else return noSuchOverload();
    }
    return typeof text === 'string' ? run(text, ...plain) : noSuchOverload();
  };

const TEXTS = listOf(STRING);
const text = (value: Arg | undefined): string => String(value ?? '');
const numberOf = (value: Arg | undefined): number | undefined => (value === undefined ? undefined : Number(value));

const cost = (value: CelValue, times = 1): number => traversal(costSize(value), times);
const costOfFirst = (args: readonly CelValue[]): number => cost(args[0] ?? null);
const costOfFirstTwice = (args: readonly CelValue[]): number => cost(args[0] ?? null, 2);
/** Going through a list as a whole, with the texts in it. */
const treeCost = (value: CelValue): number => {
  if (typeof value === 'string' || value instanceof Uint8Array) return Math.trunc(byteLength(value) * COST.stringTraversalFactor);
  if (!(value instanceof CelList)) return 1;
  const items = elementsOf(value);
  return items instanceof CelError ? 1 : items.reduce<number>((sum, item) => sum + treeCost(item), 0);
};
const byteLength = (value: string | Uint8Array): number => (typeof value === 'string' ? Buffer.byteLength(value) : value.length);
export const costOfTree = (args: readonly CelValue[]): number => (args[0] === undefined ? 0 : treeCost(args[0]));

export const TEXT_FUNCTIONS: readonly FunctionDeclaration[] = [
  define(
    'charAt',
    method(
      'string_char_at_int',
      signature([STRING, INT], STRING),
      on((s, i) => charAt(s, Number(i))),
    ),
  ),
  {
    ...define(
      'indexOf',
      method(
        'string_index_of_string',
        signature([STRING, STRING], INT),
        on((s, part) => indexOf(s, text(part))),
      ),
      method(
        'string_index_of_string_int',
        signature([STRING, STRING, INT], INT),
        on((s, part, from) => indexOf(s, text(part), numberOf(from))),
      ),
    ),
    cost: costOfTree,
  },
  {
    ...define(
      'lastIndexOf',
      method(
        'string_last_index_of_string',
        signature([STRING, STRING], INT),
        on((s, part) => lastIndexOf(s, text(part))),
      ),
      method(
        'string_last_index_of_string_int',
        signature([STRING, STRING, INT], INT),
        on((s, part, from) => lastIndexOf(s, text(part), numberOf(from))),
      ),
    ),
    cost: costOfTree,
  },
  { ...define('lowerAscii', method('string_lower_ascii', signature([STRING], STRING), on(lower))), cost: costOfFirst },
  { ...define('upperAscii', method('string_upper_ascii', signature([STRING], STRING), on(upper))), cost: costOfFirst },
  { ...define('trim', method('string_trim', signature([STRING], STRING), on(trim))), cost: costOfFirst },
  {
    ...define(
      'replace',
      method(
        'string_replace_string_string',
        signature([STRING, STRING, STRING], STRING),
        on((s, old, by) => replace(s, text(old), text(by))),
      ),
      method(
        'string_replace_string_string_int',
        signature([STRING, STRING, STRING, INT], STRING),
        on((s, old, by, limit) => replace(s, text(old), text(by), numberOf(limit))),
      ),
    ),
    cost: costOfFirstTwice,
  },
  {
    ...define(
      'split',
      method(
        'string_split_string',
        signature([STRING, STRING], TEXTS),
        on((s, separator) => split(s, text(separator))),
      ),
      method(
        'string_split_string_int',
        signature([STRING, STRING, INT], TEXTS),
        on((s, separator, limit) => split(s, text(separator), numberOf(limit))),
      ),
    ),
    cost: costOfFirstTwice,
  },
  {
    ...define(
      'substring',
      method(
        'string_substring_int',
        signature([STRING, INT], STRING),
        on((s, start) => substring(s, Number(start))),
      ),
      method(
        'string_substring_int_int',
        signature([STRING, INT, INT], STRING),
        on((s, start, end) => substring(s, Number(start), numberOf(end))),
      ),
    ),
    cost: costOfFirst,
  },
  {
    ...define(
      'join',
      method('list_join', signature([TEXTS], STRING), (list) => (list instanceof CelList ? join(list) : noSuchOverload())),
      method('list_join_string', signature([TEXTS, STRING], STRING), (list, separator) =>
        list instanceof CelList && typeof separator === 'string' ? join(list, separator) : noSuchOverload(),
      ),
    ),
    cost: (_args, result) => (result instanceof CelError ? 1 : cost(result, 2)),
  },
  define(
    'format',
    method('string_format', signature([STRING, listOf(DYN)], STRING), (format, args) =>
      typeof format === 'string' && args instanceof CelList ? formatText(format, args) : noSuchOverload(),
    ),
  ),
  define('strings.quote', overload('strings_quote', signature([STRING], STRING), on(quote))),
];

/** Go's strings.TrimSpace: Unicode's white space, which is not quite JavaScript's. */
function trim(value: string): string {
  return value
    .replace(/^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u, '')
    .replace(/[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/u, '');
}
