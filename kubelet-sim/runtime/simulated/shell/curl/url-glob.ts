/** A URL that a pattern stands for, and what its patterns are in it, which `#1` in a file's name means. */
export interface GlobbedUrl {
  readonly url: string;
  readonly parts: readonly string[];
}

/** URLs that one pattern may stand for. */
const URLS_MAX = 100_000;

/** A pattern that cannot be read; the message is upstream's. */
export class BadGlob extends Error {
  override readonly name = 'BadGlob';

  constructor(why: string, column: number, pattern: string) {
    super(`${why} in URL position ${column}:\n${pattern}\n${' '.repeat(column - 1)}^`);
  }
}

/**
 * The URLs of `http://web/{a,b}/[1-9]`, the last pattern changing first; or what is wrong with the pattern. Brackets around an address of IPv6 are
 * none. Upstream: `src/tool_urlglob.c`.
 */
export function globbed(pattern: string): GlobbedUrl[] | BadGlob {
  try {
    return expanded(pattern);
  } catch (error) {
    if (error instanceof BadGlob) return error;
    throw error;
  }
}

/** @throws BadGlob */
function expanded(pattern: string): GlobbedUrl[] {
  let urls: GlobbedUrl[] = [{ url: '', parts: [] }];
  for (let at = 0; at < pattern.length; ) {
    const { length, values, isPart } = tokenAt(pattern, at);
    if (urls.length * values.length > URLS_MAX) throw new BadGlob('range overflow', at + 1, pattern);
    urls = urls.flatMap(({ url, parts }) => values.map((value) => ({ url: `${url}${value}`, parts: isPart ? [...parts, value] : parts })));
    at += length;
  }
  return urls;
}

interface Token {
  readonly length: number;
  readonly values: readonly string[];
  readonly isPart: boolean;
}

function tokenAt(pattern: string, at: number): Token {
  const rest = pattern.slice(at);
  const plain = /^(?:\\[[\]{}]|\[[0-9a-fA-F:.]*:[0-9a-fA-F:.%]*\]|[^[\]{}\\]|\\)+/.exec(rest)?.[0];
  if (plain !== undefined) return { length: plain.length, values: [plain.replace(/\\([[\]{}])/g, '$1')], isPart: false };
  if (rest.startsWith('{')) return setAt(rest, at, pattern);
  if (rest.startsWith('[')) return rangeAt(rest, at, pattern);
  throw new BadGlob('unmatched close brace/bracket', at + 1, pattern);
}

function setAt(rest: string, at: number, pattern: string): Token {
  const end = rest.indexOf('}');
  if (end < 0) throw new BadGlob('unmatched brace', at + 1, pattern);
  if (end === 1) throw new BadGlob('empty string within braces', at + 2, pattern);
  return { length: end + 1, values: rest.slice(1, end).split(','), isPart: true };
}

function rangeAt(rest: string, at: number, pattern: string): Token {
  const letters = /^\[([a-zA-Z])-([a-zA-Z])(?::(\d+))?\]/.exec(rest);
  if (letters) {
    const [whole, from = '', to = '', step] = letters;
    const codes = steps(from.charCodeAt(0), to.charCodeAt(0), Number(step ?? 1));
    if (codes.length > 0) return { length: whole.length, values: codes.map((code) => String.fromCharCode(code)), isPart: true };
  }
  const numbers = /^\[(\d+)-(\d+)(?::(\d+))?\]/.exec(rest);
  if (!numbers) throw new BadGlob('bad range', at + 2, pattern);
  const [whole, from = '', to = '', step] = numbers;
  const width = from.startsWith('0') ? from.length : 0;
  const values = steps(Number(from), Number(to), Number(step ?? 1)).map((value) => String(value).padStart(width, '0'));
  if (values.length === 0) throw new BadGlob('bad range', at + 2, pattern);
  return { length: whole.length, values, isPart: true };
}

/** Empty when it leads nowhere. */
const steps = (from: number, to: number, step: number): number[] =>
  step < 1 || to < from || (to - from) / step > URLS_MAX
    ? []
    : Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
