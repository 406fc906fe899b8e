// The JSONPath of columns and selectable fields: client-go's `util/jsonpath` (`parser.go`, `jsonpath.go`), as far as one path leads to values.
import { isObject } from '../../api/schema.ts';

/** Finds the values that a path leads to; nothing where it cannot be followed. */
export type JsonPath = (value: unknown) => readonly unknown[];

type Values = readonly unknown[];
type Step = (values: Values) => Values;

/** A path that cannot be read. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

/** A value that a path does not fit: no list where it wants one, or one that is too short. */
class Misfit extends Error {}

/**
 * Reads a path such as `.spec.containers[0].image`, `.status.conditions[?(@.type=="Ready")].status`, `.metadata.labels.a\.b` or
 * `..name`. What is missing on the way leads to nothing.
 *
 * @throws JsonPathError
 */
export function parseJsonPath(text: string): JsonPath {
  const steps = readSteps(text);
  return (value) => {
    try {
      return follow([value], steps);
    } catch (error) {
      if (error instanceof Misfit) return [];
      throw error;
    }
  };
}

function follow(values: Values, steps: readonly Step[]): Values {
  let found = values;
  for (const step of steps) found = step(found);
  return found;
}

/** A step, and how much of the text it takes. */
type Read = readonly [step: Step | undefined, length: number];

function readSteps(text: string): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < text.length && text[at] !== '}'; ) {
    const [step, length] = readStep(text, at);
    if (step) steps.push(step);
    at += length;
  }
  return steps;
}

const NUMBER = /^[+-]?[\d.]*/;
const WORD = /^[\w\p{L}][^\s.,[\]$@{}]*/u;

function readStep(text: string, at: number): Read {
  const rest = text.slice(at);
  if (rest.startsWith('[?(')) return readFilter(rest);
  if (rest.startsWith('..')) return readDescent(text, at);
  switch (rest[0]) {
    case ' ':
    case '@':
    case '$':
      return [undefined, 1];
    case '[':
      return readSubscript(rest);
    case '.':
      return readMember(rest, 1);
    case '"':
    case "'":
      return readText(rest);
  }
  if (/^[+\d-]/.test(rest)) return readNumber(rest);
  const word = WORD.exec(rest)?.[0];
  if (word === undefined) throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(rest[0])}`);
  if (word === 'true' || word === 'false') return [(values) => values.map(() => word === 'true'), word.length];
  return [() => misfit(`unrecognized identifier ${word}`), word.length];
}

function misfit(why: string): never {
  throw new Misfit(why);
}

const NAME = /^(?:\\.|[^\s.,[\]$@{}\\])*/s;

/** A name behind a dot; what is none is the member without a name. */
function readMember(rest: string, dots: number): Read {
  const name = NAME.exec(rest.slice(dots))?.[0] ?? '';
  return [name === '*' ? members : member(name.replaceAll('\\', '')), dots + name.length];
}

function readDescent(text: string, at: number): Read {
  if (text.slice(0, at).endsWith('..')) throw new JsonPathError('invalid multiple recursive descent');
  const named = /^[\w\p{L}]/u.test(text.slice(at + 2)) ? readMember(text.slice(at), 2) : undefined;
  const [step, length] = named ?? [undefined, 2];
  return [step ? (values) => step(descend(values)) : descend, length];
}

const TEXT = /^(?:'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)")/;

function readText(rest: string): Read {
  const quoted = TEXT.exec(rest);
  if (!quoted) throw new JsonPathError('unterminated quoted string');
  const [whole, single, double] = quoted;
  const text = (single ?? double ?? '').replaceAll(/\\(.)/gs, '$1');
  return [() => [text], whole.length];
}

function readNumber(rest: string): Read {
  const text = NUMBER.exec(rest)?.[0] ?? '';
  const number = Number(text);
  if (text === '' || Number.isNaN(number)) throw new JsonPathError(`cannot parse number ${text}`);
  return [(values) => values.map(() => number), text.length];
}

const member =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isObject(value) && Object.hasOwn(value, name) ? [value[name]] : []));

const membersOf = (value: unknown): Values => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []);

const members: Step = (values) => values.flatMap(membersOf);

/** All that has something in it, the outer before the inner. */
const descend: Step = (values) =>
  values.flatMap((value) => {
    const inner = membersOf(value);
    return inner.length > 0 ? [value, ...descend(inner)] : [];
  });

const KEY = /^'([^']*)'$/;
const RANGE = /^(-?\d*)(:-?\d*)?(:-?\d*)?$/;

/** What is between brackets, which end where the first one closes. */
function readSubscript(rest: string): Read {
  const end = rest.search(/[\]\n]/);
  if (rest[end] !== ']') throw new JsonPathError('unterminated array');
  const inside = rest.slice(1, end);
  const parts = inside.split(',');
  const steps = parts.length > 1 ? parts.map((part) => subscript(part.replace(/^ +| +$/g, ''))) : [subscript(inside)];
  return [(values) => steps.flatMap((step) => [...step(values)]), end + 1];
}

function subscript(text: string): Step {
  const key = KEY.exec(text)?.[1];
  if (key !== undefined) {
    // As if it stood behind a dot: dots in it count, unless they are escaped.
    const steps = readSteps(`.${key}`);
    return (values) => follow(values, steps);
  }
  const range = RANGE.exec(text === '*' ? ':' : text);
  if (!range) throw new JsonPathError(`invalid array index ${text}`);
  return slice(range);
}

function slice([, from = '', to, by]: RegExpExecArray): Step {
  const numberIn = (part: string | undefined): number | undefined =>
    part === undefined || part.length < 2 ? undefined : Number(part.slice(1));
  const begin = from === '' ? 0 : Number(from);
  const isOne = to === undefined;
  const [end, step] = [isOne ? begin + 1 : numberIn(to), numberIn(by)];
  return (values) => values.flatMap((value) => sliceOf(value, { begin, end, step, isOne }));
}

interface Slice {
  readonly begin: number;
  readonly end: number | undefined;
  readonly step: number | undefined;
  /** A single element, whose end follows from where it begins. */
  readonly isOne: boolean;
}

/** Upstream: `evalArray`. @throws Misfit where there is no list, or none that is long enough. */
function sliceOf(value: unknown, { begin, end, step = 1, isOne }: Slice): Values {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return misfit('is not array or slice');
  const { length } = value;
  const first = begin < 0 ? begin + length : begin;
  const last = end === undefined ? length : end < 0 || (end === 0 && isOne) ? end + length : end;
  if (first === last) return [];
  if (first >= length || first < 0 || last > length || last < 0) return misfit('array index out of bounds');
  if (first > last) return misfit('starting index is greater than ending index');
  if (step <= 0) return misfit('step must be > 0');
  return value.slice(first, last).filter((_, index) => index % step === 0);
}

/** A filter: quotes at most once on a side, and then paired. */
const FILTER = /^\[\?\((?:[^)"'\n]|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')*\)\]/;
const COMPARISON = /^([^!<>=]+)([!<>=]+)(.+?)$/;

/** `?(@.a=="b")`, or `?(@.a)` for what has an a. */
function readFilter(rest: string): Read {
  const whole = FILTER.exec(rest)?.[0];
  if (whole === undefined) throw new JsonPathError('unterminated filter');
  const text = whole.slice('[?('.length, -')]'.length);
  const comparison = COMPARISON.exec(text);
  const [, left = text, operator = '', right = ''] = comparison ?? [];
  const [wanted, other] = [readSteps(left), readSteps(right)];
  const passes = comparison
    ? (each: unknown) => compares(follow([each], wanted), operator, () => follow([each], other))
    : (each: unknown) => exists([each], wanted);
  return [(values) => values.flatMap((value) => listOf(value).filter(passes)), whole.length];
}

const listOf = (value: unknown): Values => (Array.isArray(value) ? value : misfit('is not array or slice and cannot be filtered'));

/** What the path does not fit counts as there. */
function exists(values: Values, steps: readonly Step[]): boolean {
  try {
    return follow(values, steps).length > 0;
  } catch (error) {
    if (error instanceof Misfit) return true;
    throw error;
  }
}

function compares(lefts: Values, operator: string, others: () => Values): boolean {
  if (lefts.length === 0) return false;
  const rights = others();
  if (rights.length === 0) return false;
  if (lefts.length > 1 || rights.length > 1) misfit('can only compare one element at a time');
  return compare(lefts[0], operator, rights[0]);
}

/** Go's kinds of what can be compared. */
function kindOf(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  if (typeof value === 'bigint') return 'int';
  return typeof value === 'string' || typeof value === 'boolean' ? typeof value : misfit('invalid type for comparison');
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  const kind = kindOf(left);
  if (kind !== kindOf(right)) misfit('incompatible types for comparison');
  const [a, b] = [left as string | number | bigint, right as string | number | bigint]; // or booleans, which can only be equal
  // biome-ignore lint/suspicious/noDoubleEquals: the same whole number may be a bigint on one side
  const isEqual = a == b;
  if (operator === '==') return isEqual;
  if (operator === '!=') return !isEqual;
  if (kind === 'boolean') misfit('invalid type for comparison');
  switch (operator) {
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      return misfit(`unrecognized filter operator ${operator}`);
  }
}
