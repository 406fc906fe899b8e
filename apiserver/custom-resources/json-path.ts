// The JSONPath of columns and selectable fields: client-go's `util/jsonpath`, as far as one path leads to values.
import { isObject } from '../../api/schema.ts';

/** Finds the values that a path leads to. */
export type JsonPath = (value: unknown) => readonly unknown[];

type Step = (value: unknown) => readonly unknown[];

/** A path that cannot be read. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

const NAME = /^(?:\\.|[^.[\]\\])+/;

/**
 * Reads a path such as `.spec.containers[0].image`, `.status.conditions[?(@.type=="Ready")].status`, `.metadata.labels.a\.b` or
 * `..name`. What is missing on the way leads to nothing.
 *
 * @throws JsonPathError
 */
export function parseJsonPath(text: string): JsonPath {
  const steps = readSteps(text.startsWith('$') ? text.slice(1) : text);
  return (value) => follow(value, steps);
}

function follow(value: unknown, steps: readonly Step[]): readonly unknown[] {
  let found: readonly unknown[] = [value];
  for (const step of steps) found = found.flatMap((each) => [...step(each)]);
  return found;
}

function readSteps(path: string): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at < path.length; ) {
    const [step, length] = path[at] === '[' ? readSubscript(path, at) : readMember(path, at);
    if (step) steps.push(step);
    at += length;
  }
  return steps;
}

/** A step, and how much of the text it takes. */
type Read = readonly [step: Step | undefined, length: number];

function readSubscript(path: string, at: number): Read {
  const end = closing(path, at);
  return [subscript(path.slice(at + 1, end)), end + 1 - at];
}

function readMember(path: string, at: number): Read {
  if (path[at] !== '.') throw new JsonPathError(`unexpected character ${JSON.stringify(path[at])} in ${path}`);
  // The second dot belongs to what follows, unless that is a subscript.
  if (path[at + 1] === '.') return [descend, path[at + 2] === '[' ? 2 : 1];
  const name = NAME.exec(path.slice(at + 1))?.[0] ?? '';
  if (name !== '') return [name === '*' ? members : member(name.replaceAll(/\\(.)/g, '$1')), 1 + name.length];
  if (at + 1 < path.length && path[at + 1] !== '[') throw new JsonPathError(`unexpected character in ${path}`);
  return [undefined, 1];
}

/** What counts between brackets: a quoted text as a whole, and brackets. */
const BETWEEN_BRACKETS = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[[\]]/gs;

/** Where the bracket that opens at a place is closed; quoted ones do not count. */
function closing(path: string, from: number): number {
  let depth = 0;
  for (const { 0: part, index } of path.slice(from).matchAll(BETWEEN_BRACKETS)) {
    if (part === '[') depth++;
    if (part === ']' && --depth === 0) return from + index;
  }
  throw new JsonPathError('unterminated array');
}

const member =
  (name: string): Step =>
  (value) =>
    isObject(value) && Object.hasOwn(value, name) ? [value[name]] : [];

const members: Step = (value) => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []);

const descend: Step = (value) => [value, ...members(value).flatMap((each) => (isBranch(each) ? [...descend(each)] : []))];

const isBranch = (value: unknown): boolean => typeof value === 'object' && value !== null;

const INDEX = /^-?\d+$/;
const SLICE = /^(-?\d*):(-?\d*)(?::(-?\d*))?$/;
const QUOTED = /^(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")$/s;
const FILTER = /^\?\((.*)\)$/s;

function subscript(text: string): Step {
  const trimmed = text.trim();
  if (trimmed === '*') return members;
  const quoted = QUOTED.exec(trimmed);
  if (quoted) return member(unquote(quoted));
  if (INDEX.test(trimmed)) return element(Number(trimmed));
  const slice = SLICE.exec(trimmed);
  if (slice) return range(slice);
  const filter = FILTER.exec(trimmed);
  if (filter) return filtered(filter[1] ?? '');
  if (trimmed.includes(',')) {
    const each = trimmed.split(',').map(subscript);
    return (value) => each.flatMap((step) => [...step(value)]);
  }
  throw new JsonPathError(`invalid array index ${text}`);
}

const unquote = ([, single, double]: RegExpExecArray): string => (single ?? double ?? '').replaceAll(/\\(.)/gs, '$1');

const element =
  (index: number): Step =>
  (value) => {
    const at = Array.isArray(value) && index < 0 ? value.length + index : index;
    return Array.isArray(value) && at >= 0 && at < value.length ? [value[at]] : [];
  };

function range([, from = '', to = '', step = '']: RegExpExecArray): Step {
  const every = step === '' ? 1 : Number(step);
  if (every < 1) throw new JsonPathError('step must be > 0');
  const bound = (text: string, otherwise: number): number | undefined => (text === '' ? otherwise : Number(text));
  return (value) => {
    if (!Array.isArray(value)) return [];
    return value.slice(bound(from, 0), bound(to, value.length)).filter((_, index) => index % every === 0);
  };
}

const COMPARISON = /^\s*(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*$/s;

/** `?(@.a=="b")`, or `?(@.a)` for what has an a. */
function filtered(text: string): Step {
  const comparison = COMPARISON.exec(text);
  const [, left = text, operator = '', right = ''] = comparison ?? [];
  const read = operand(left);
  if (!comparison) return (value) => elements(value).filter((each) => read(each).length > 0);
  const other = operand(right);
  return (value) => elements(value).filter((each) => compare(read(each)[0], operator, other(each)[0]));
}

const elements = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []);

function operand(text: string): JsonPath {
  const trimmed = text.trim();
  if (trimmed.startsWith('@')) return parseJsonPath(trimmed.slice(1));
  const quoted = QUOTED.exec(trimmed);
  if (quoted) return () => [unquote(quoted)];
  if (trimmed === 'true' || trimmed === 'false') return () => [trimmed === 'true'];
  if (trimmed !== '' && !Number.isNaN(Number(trimmed))) return () => [Number(trimmed)];
  throw new JsonPathError(`unrecognized identifier ${trimmed}`);
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  if (left === undefined || right === undefined || left === null || right === null) return false;
  switch (operator) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    default:
      return left >= right;
  }
}
