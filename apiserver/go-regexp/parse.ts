// Reads regular expressions as Go's regexp/syntax does with its Perl flags: the same language, and the same words for what is wrong.
import { ANY, type CharSet, folded, NOT_NEWLINE, not, PERL, POSIX, range, unicodeSet, union } from './char-set.ts';

/** Where a pattern holds without a character of its own. */
export type Place = 'beginText' | 'endText' | 'beginLine' | 'endLine' | 'wordBoundary' | 'noWordBoundary';

export type Node =
  | { readonly op: 'char'; readonly set: CharSet }
  | { readonly op: 'place'; readonly place: Place }
  | { readonly op: 'concat' | 'either'; readonly nodes: readonly Node[] }
  /** `counted` tells `x{2,3}` from `x*`; no `max` is no end. */
  | { readonly op: 'repeat'; readonly node: Node; readonly min: number; readonly max: number | undefined; readonly counted: boolean };

/** What is wrong with a pattern, in Go's words. */
export class GoRegExpError extends Error {
  override readonly name = 'GoRegExpError';

  constructor(what: string, where: string) {
    super(`error parsing regexp: ${what}: \`${where}\``);
  }
}

const REPEAT_MAX = 1000;
const DEPTH_MAX = 1000;
/** Numbers from here on are too big to be read. */
const INT_END = 1e8;

interface Flags {
  fold: boolean;
  multiline: boolean;
  dotAll: boolean;
}

/** @throws GoRegExpError */
export const parseGoPattern = (pattern: string): Node => new Parser(pattern).parse();

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #flags: Flags = { fold: false, multiline: false, dotAll: false };

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Node {
    const node = this.#either();
    if (this.#at < this.#text.length) throw new GoRegExpError('unexpected )', this.#text);
    return node;
  }

  /** Alternatives up to the end or a closing parenthesis. */
  #either(): Node {
    if (++this.#depth > DEPTH_MAX) throw new GoRegExpError('expression nests too deeply', this.#text);
    const flags = { ...this.#flags };
    const branches = [this.#concat()];
    while (this.#peek() === '|') {
      this.#at++;
      branches.push(this.#concat());
    }
    this.#flags = flags;
    this.#depth--;
    const [only] = branches;
    return only && branches.length === 1 ? only : { op: 'either', nodes: branches };
  }

  #concat(): Node {
    const nodes: Node[] = [];
    /** Where the repetition began that came just before. */
    let lastRepeat: number | undefined;
    for (let char = this.#peek(); char !== '' && char !== '|' && char !== ')'; char = this.#peek()) {
      const begin = this.#at;
      const count = '*+?{'.includes(char) ? this.#repetition() : undefined;
      if (count) {
        this.#repeat(nodes, count, { begin, lastRepeat });
        lastRepeat = begin;
      } else {
        nodes.push(...this.#atom());
        lastRepeat = undefined;
      }
    }
    return { op: 'concat', nodes };
  }

  /** Reads how often; undefined, with nothing read, where a brace is just a brace. */
  #repetition(): Count | undefined {
    const symbol = SYMBOLS[this.#peek()];
    if (symbol) {
      this.#at++;
      return symbol;
    }
    const braces = /\{(0|[1-9]\d*)(,(?:0|[1-9]\d*)?)?\}/y;
    braces.lastIndex = this.#at;
    const found = braces.exec(this.#text);
    if (!found) return undefined;
    this.#at = braces.lastIndex;
    const [, least = '', most] = found;
    const min = Number(least);
    const max = most === undefined ? min : most === ',' ? undefined : Number(most.slice(1));
    if (min > REPEAT_MAX || (max !== undefined && (max > REPEAT_MAX || min > max || max >= INT_END))) {
      throw new GoRegExpError('invalid repeat count', found[0]);
    }
    return { min, max, counted: true };
  }

  #repeat(nodes: Node[], count: Count, { begin, lastRepeat }: { begin: number; lastRepeat: number | undefined }): void {
    if (this.#peek() === '?') this.#at++;
    const shown = this.#text.slice(begin, this.#at);
    if (lastRepeat !== undefined) throw new GoRegExpError('invalid nested repetition operator', this.#text.slice(lastRepeat, this.#at));
    const node = nodes.pop();
    if (!node) throw new GoRegExpError('missing argument to repetition operator', shown);
    const repeated: Node = { op: 'repeat', node, ...count };
    if (count.counted && (count.min >= 2 || (count.max ?? 0) >= 2) && !isRepeatable(repeated, REPEAT_MAX)) {
      throw new GoRegExpError('invalid repeat count', shown);
    }
    nodes.push(repeated);
  }

  #atom(): Node[] {
    const char = this.#peek();
    switch (char) {
      case '(':
        return this.#group();
      case '[':
        return [{ op: 'char', set: this.#class() }];
      case '\\':
        return this.#escaped();
      default:
        this.#at += char.length;
        return [this.#single(char)];
    }
  }

  #single(char: string): Node {
    const { dotAll, multiline } = this.#flags;
    if (char === '.') return { op: 'char', set: dotAll ? ANY : NOT_NEWLINE };
    if (char === '^') return { op: 'place', place: multiline ? 'beginLine' : 'beginText' };
    if (char === '$') return { op: 'place', place: multiline ? 'endLine' : 'endText' };
    return this.#literal(char);
  }

  #group(): Node[] {
    const outer = { ...this.#flags };
    if (this.#text[this.#at + 1] !== '?') this.#at++;
    else if (!this.#groupHead()) return []; // flags for the rest of the group around
    const node = this.#either();
    if (this.#peek() !== ')') throw new GoRegExpError('missing closing )', this.#text);
    this.#at++;
    this.#flags = outer;
    return [node];
  }

  /** Reads `(?:`, `(?i:`, `(?P<name>` …, or `(?i)`. @returns whether a group was opened. */
  #groupHead(): boolean {
    const rest = this.#text.slice(this.#at);
    if (/^\(\?P<..?/s.test(rest) || /^\(\?<./s.test(rest)) {
      const end = rest.indexOf('>');
      if (end < 0) throw new GoRegExpError('invalid named capture', rest);
      if (!/^\(\?P?<\w+>$/.test(rest.slice(0, end + 1))) throw new GoRegExpError('invalid named capture', rest.slice(0, end + 1));
      this.#at += end + 1;
      return true;
    }
    const head = /^\(\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
    if (!head) throw new GoRegExpError('invalid or unsupported Perl syntax', wrongHead(rest));
    const [whole, on = '', off = '', end] = head;
    this.#setFlags(on, true);
    this.#setFlags(off, false);
    this.#at += whole.length;
    return end === ':';
  }

  /** Whether repetition is greedy makes no difference to whether a pattern matches. */
  #setFlags(letters: string, on: boolean): void {
    if (letters.includes('i')) this.#flags.fold = on;
    if (letters.includes('m')) this.#flags.multiline = on;
    if (letters.includes('s')) this.#flags.dotAll = on;
  }

  #escaped(): Node[] {
    const letter = this.#text[this.#at + 1] ?? '';
    const place = PLACES[letter];
    if (place) {
      this.#at += 2;
      return [{ op: 'place', place }];
    }
    if (letter === 'C') throw new GoRegExpError('invalid escape sequence', '\\C');
    if (letter === 'Q') return this.#quoted();
    const set = this.#escapedClass();
    return [set ? { op: 'char', set } : this.#literal(String.fromCodePoint(this.#escapedChar()))];
  }

  #quoted(): Node[] {
    const end = this.#text.indexOf('\\E', this.#at + 2);
    const quoted = this.#text.slice(this.#at + 2, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 2;
    return [...quoted].map((char) => this.#literal(char));
  }

  #literal(char: string): Node {
    const code = char.codePointAt(0) ?? 0;
    return { op: 'char', set: this.#fold(range(code, code)) };
  }

  #fold(set: CharSet): CharSet {
    return this.#flags.fold ? folded(set) : set;
  }

  /** Reads `\d`, `\pL`, `\p{Greek}` …; undefined, with nothing read, for any other escape. */
  #escapedClass(): CharSet | undefined {
    const letter = this.#text[this.#at + 1] ?? '';
    const perl = PERL[letter.toLowerCase()];
    if (perl) {
      this.#at += 2;
      return letter === letter.toLowerCase() ? this.#fold(perl) : not(this.#fold(perl));
    }
    return letter === 'p' || letter === 'P' ? this.#unicodeClass(letter === 'P') : undefined;
  }

  #unicodeClass(negated: boolean): CharSet {
    const rest = this.#text.slice(this.#at);
    const found = /^\\[pP](?:\{([^}]*)\}|([^{]))/su.exec(rest);
    if (!found) throw new GoRegExpError('invalid character class range', rest);
    const name = found[1] ?? found[2] ?? '';
    const set = unicodeSet(name.replace(/^\^/, ''));
    if (!set) throw new GoRegExpError('invalid character class range', found[0]);
    this.#at += found[0].length;
    return negated !== name.startsWith('^') ? not(this.#fold(set)) : this.#fold(set);
  }

  /** Reads an escaped character. */
  #escapedChar(): number {
    const rest = this.#text.slice(this.#at);
    if (rest === '\\') throw new GoRegExpError('trailing backslash at end of expression', '');
    const found = /^\\(?:([0-7]{2,3}|0)|x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|([afnrtv])|([^0-9A-Za-z\u0080-\uffff]))/.exec(rest);
    const [whole = '', octal, braced, hex, control, itself] = found ?? [];
    const code = octal ? Number.parseInt(octal, 8) : Number.parseInt(braced ?? hex ?? 'x', 16);
    if (!found || code > 0x10ffff) throw new GoRegExpError('invalid escape sequence', wrongEscape(rest));
    this.#at += whole.length;
    if (control) return CONTROLS[control] ?? 0;
    return itself === undefined ? code : itself.charCodeAt(0);
  }

  #class(): CharSet {
    const begin = this.#at++;
    const negated = this.#peek() === '^';
    if (negated) this.#at++;
    const sets: CharSet[] = [];
    // A bracket that comes first is one of the characters.
    for (let first = true; first || this.#peek() !== ']'; first = false) sets.push(this.#classPart(begin));
    this.#at++;
    return negated ? not(union(sets)) : union(sets);
  }

  #classPart(begin: number): CharSet {
    const named = /\[:(.*?):\]/sy;
    named.lastIndex = this.#at;
    const posix = named.exec(this.#text);
    if (posix) return this.#posixClass(posix);
    const escaped = this.#peek() === '\\' ? this.#escapedClass() : undefined;
    if (escaped) return escaped;
    const start = this.#at;
    const from = this.#classChar(begin);
    const isRange = this.#peek() === '-' && this.#at + 1 < this.#text.length && this.#text[this.#at + 1] !== ']';
    if (isRange) this.#at++;
    const to = isRange ? this.#classChar(begin) : from;
    if (to < from) throw new GoRegExpError('invalid character class range', this.#text.slice(start, this.#at));
    return this.#fold(range(from, to));
  }

  #posixClass([whole, name = '']: RegExpExecArray): CharSet {
    const set = POSIX[name.replace(/^\^/, '')];
    if (!set) throw new GoRegExpError('invalid character class range', whole);
    this.#at += whole.length;
    return name.startsWith('^') ? not(this.#fold(set)) : this.#fold(set);
  }

  #classChar(begin: number): number {
    const char = this.#peek();
    if (char === '') throw new GoRegExpError('missing closing ]', this.#text.slice(begin));
    if (char === '\\') return this.#escapedChar();
    this.#at += char.length;
    return char.codePointAt(0) ?? 0;
  }

  /** The next character; `''` at the end. */
  #peek(): string {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }
}

interface Count {
  readonly min: number;
  readonly max: number | undefined;
  readonly counted: boolean;
}

const SYMBOLS: Readonly<Record<string, Count>> = {
  '*': { min: 0, max: undefined, counted: false },
  '+': { min: 1, max: undefined, counted: false },
  '?': { min: 0, max: 1, counted: false },
};

const PLACES: Readonly<Record<string, Place>> = { A: 'beginText', z: 'endText', b: 'wordBoundary', B: 'noWordBoundary' };

const CONTROLS: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/** Repetitions inside each other may together not be more than a thousand. */
function isRepeatable(node: Node, left: number): boolean {
  if (node.op === 'char' || node.op === 'place') return true;
  if (node.op !== 'repeat') return node.nodes.every((inner) => isRepeatable(inner, left));
  if (!node.counted) return isRepeatable(node.node, left);
  const times = node.max ?? node.min;
  if (times === 0 && node.max === 0) return true;
  if (times > left) return false;
  return isRepeatable(node.node, times > 0 ? Math.floor(left / times) : left);
}

/** As far as Go reads before it knows that a group's head is none. */
function wrongHead(rest: string): string {
  const [read = rest] = /^\(\?[imsU]*(?:-[imsU]*)?/.exec(rest) ?? [];
  return rest.slice(0, read.length + charLength(rest, read.length));
}

/** As far as Go reads before it knows that an escape is none. */
function wrongEscape(rest: string): string {
  const [read] = /^\\x\{[0-9A-Fa-f]*/.exec(rest) ?? [];
  if (read !== undefined) return rest.slice(0, read.length + charLength(rest, read.length));
  if (rest.startsWith('\\x')) return rest.slice(0, 4);
  return rest.slice(0, 1 + charLength(rest, 1));
}

const charLength = (text: string, at: number): number => ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
