import type { AndOr, ArrayElement, Assignment, CaseArm, Command, Pipeline, Redirect, Script, Word } from './ast.ts';
import { isMeta, Reader, ShellSyntaxError } from './reader.ts';
import { WordParser } from './word-parser.ts';

/** Words that end a list when they stand where a command may. */
const CLOSERS: ReadonlySet<string> = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}']);
const SUBSTITUTIONS_MAX = 50;

/** Parses a script. @throws ShellSyntaxError */
export function parseScript(text: string): Script {
  return new Parser(text, 0).script();
}

/** Parses what has been read of a script; undefined when its last command goes on. @throws ShellSyntaxError */
export function parseSoFar(text: string): Script | undefined {
  const parser = new Parser(text, 0);
  try {
    const script = parser.script();
    return parser.awaitsDocument || /(?<!\\)(?:\\{2})*\\\n$/.test(text) ? undefined : script;
  } catch (error) {
    if (error instanceof ShellSyntaxError && error.isUnfinished) return undefined;
    throw error;
  }
}

/** Parses what stands in a substitution: no more comes of it. */
function parseWhole(text: string, depth: number): Script {
  try {
    return new Parser(text, depth).script();
  } catch (error) {
    if (error instanceof ShellSyntaxError) throw new ShellSyntaxError(error.message);
    throw error;
  }
}

interface HereDocument {
  readonly delimiter: string;
  readonly literal: boolean;
  readonly stripTabs: boolean;
  readonly fill: (target: Word) => void;
}

class Parser {
  readonly #reader: Reader;
  readonly #words: WordParser;
  #hereDocuments: HereDocument[] = [];
  /** Whether the text ends inside of a here-document. */
  awaitsDocument = false;

  constructor(text: string, depth: number) {
    if (depth > SUBSTITUTIONS_MAX) throw new ShellSyntaxError('syntax error: substitutions nested too deeply');
    this.#reader = new Reader(text);
    this.#words = new WordParser((inner) => parseWhole(inner, depth + 1));
  }

  script(): Script {
    const list = this.#list();
    if (!this.#reader.done) throw this.#reader.unexpected();
    return list;
  }

  #list(): Script {
    const list: AndOr[] = [];
    for (;;) {
      this.#skipLines();
      if (this.#atEnd()) return list;
      list.push(this.#andOr());
      this.#reader.skipBlanks();
    }
  }

  #atEnd(): boolean {
    const r = this.#reader;
    return r.done || r.peek() === ')' || r.starts(';;') || CLOSERS.has(this.#reserved());
  }

  /** The reserved word that comes next, if it stands alone. */
  #reserved(): string {
    const match = /^(?:[a-z]+|[{}!]|\[\[)/.exec(this.#reader.text.slice(this.#reader.at, this.#reader.at + 12))?.[0] ?? '';
    return isMeta(this.#reader.peek(match.length)) ? match : '';
  }

  #eatReserved(word: string): boolean {
    this.#skipLines();
    if (this.#reserved() !== word) return false;
    this.#reader.at += word.length;
    return true;
  }

  #expectReserved(word: string): void {
    if (!this.#eatReserved(word)) throw this.#reader.unexpected();
  }

  /** Steps over blanks and newlines; here-documents begin after a newline. */
  #skipLines(): void {
    for (;;) {
      this.#reader.skipBlanks();
      if (this.#reader.peek() !== '\n') return;
      this.#newline();
    }
  }

  #newline(): void {
    this.#reader.at++;
    for (const document of this.#hereDocuments.splice(0)) this.#readHereDocument(document);
  }

  #readHereDocument({ delimiter, literal, stripTabs, fill }: HereDocument): void {
    let body = '';
    this.awaitsDocument = true;
    while (!this.#reader.done) {
      const end = this.#reader.text.indexOf('\n', this.#reader.at);
      const stop = end < 0 ? this.#reader.text.length : end;
      const raw = this.#reader.text.slice(this.#reader.at, stop);
      const line = stripTabs ? raw.replace(/^\t+/, '') : raw;
      this.#reader.at = stop + 1;
      this.awaitsDocument = line !== delimiter;
      if (!this.awaitsDocument) break;
      body += `${line}\n`;
    }
    this.#reader.at = Math.min(this.#reader.at, this.#reader.text.length);
    fill(literal ? [{ type: 'text', text: body, quoted: true }] : this.#words.quoted(body));
  }

  #andOr(): AndOr {
    const r = this.#reader;
    const first = this.#pipeline();
    const rest: { operator: '&&' | '||'; pipeline: Pipeline }[] = [];
    for (;;) {
      r.skipBlanks();
      const operator = r.eat('&&') ? '&&' : r.eat('||') ? '||' : undefined;
      if (!operator) break;
      this.#skipLines();
      rest.push({ operator, pipeline: this.#pipeline() });
    }
    if (r.peek() === '&' && r.peek(1) !== '&') {
      r.at++;
      return { first, rest, background: true };
    }
    if (r.peek() === ';' && r.peek(1) !== ';') r.at++;
    else if (!(r.done || r.peek() === '\n' || r.peek() === ')' || r.starts(';;') || CLOSERS.has(this.#reserved()))) throw r.unexpected();
    return { first, rest, background: false };
  }

  #pipeline(): Pipeline {
    this.#reader.skipBlanks();
    let negated = false;
    while (this.#eatReserved('!')) negated = !negated;
    const commands = [this.#command()];
    for (this.#reader.skipBlanks(); this.#reader.peek() === '|' && this.#reader.peek(1) !== '|'; this.#reader.skipBlanks()) {
      this.#reader.at++;
      this.#skipLines();
      commands.push(this.#command());
    }
    return { negated, commands };
  }

  #command(): Command {
    this.#reader.skipBlanks();
    const expression = this.#doubleParentheses();
    if (expression !== undefined)
      return { type: 'simple', assignments: [], words: this.#letWords(expression), redirects: this.#redirects() };
    if (this.#reader.eat('(')) {
      const body = this.#list();
      this.#reader.expect(')');
      return { type: 'subshell', body, redirects: this.#redirects() };
    }
    const word = this.#reserved();
    const compound = word === '' ? undefined : this.#compound(word);
    return compound ?? this.#functionOrSimple();
  }

  /** What stands in `((…))`; undefined when that does not come next. */
  #doubleParentheses(): string | undefined {
    const start = this.#reader.at;
    if (this.#reader.eat('((')) {
      const text = this.#reader.balanced('(', ')');
      if (this.#reader.eat(')')) return text;
    }
    this.#reader.at = start;
    return undefined;
  }

  /** An expression as a command: `let` says whether it is zero. */
  #letWords(expression: string): Word[] {
    return [[{ type: 'text', text: 'let', quoted: false }], this.#words.quoted(expression)];
  }

  #compound(word: string): Command | undefined {
    switch (word) {
      case '{':
        this.#eatReserved('{');
        return { type: 'group', body: this.#until('}'), redirects: this.#redirects() };
      case 'if':
        return this.#if();
      case 'while':
      case 'until': {
        this.#eatReserved(word);
        const test = this.#until('do');
        return { type: 'loop', test, until: word === 'until', body: this.#until('done'), redirects: this.#redirects() };
      }
      case 'for':
        return this.#for();
      case 'case':
        return this.#case();
      case 'function': {
        this.#eatReserved('function');
        this.#reader.skipBlanks();
        return this.#functionBody(this.#reader.name());
      }
      default:
        return undefined;
    }
  }

  /** A list, and the reserved word that ends it. */
  #until(closer: string): Script {
    const body = this.#list();
    this.#expectReserved(closer);
    return body;
  }

  #if(): Command {
    const branches: { test: Script; body: Script }[] = [];
    this.#eatReserved('if');
    do {
      const test = this.#until('then');
      branches.push({ test, body: this.#list() });
    } while (this.#eatReserved('elif'));
    const otherwise = this.#eatReserved('else') ? this.#list() : undefined;
    this.#expectReserved('fi');
    return { type: 'if', branches, otherwise, redirects: this.#redirects() };
  }

  #for(): Command {
    this.#eatReserved('for');
    this.#reader.skipBlanks();
    const counted = this.#doubleParentheses();
    if (counted !== undefined) return this.#countingFor(counted);
    const name = this.#reader.name();
    if (name === '') throw this.#reader.unexpected();
    const words = this.#eatReserved('in') ? this.#wordList() : undefined;
    this.#reader.skipBlanks();
    this.#reader.eat(';');
    this.#expectReserved('do');
    return { type: 'for', name, words, body: this.#until('done'), redirects: this.#redirects() };
  }

  /** `for ((i = 0; i < 3; i++))`: the first part, and a loop. */
  #countingFor(text: string): Command {
    const [start = '', test = '', update = ''] = text.split(';').map((part) => part.trim());
    this.#reader.skipBlanks();
    this.#reader.eat(';');
    this.#expectReserved('do');
    const body = this.#until('done');
    const loop: Command = {
      type: 'loop',
      test: this.#let(test || '1'),
      until: false,
      body,
      update: this.#let(update || '1'),
      redirects: [],
    };
    return { type: 'group', body: [...this.#let(start || '1'), inList(loop)], redirects: this.#redirects() };
  }

  #let(expression: string): Script {
    return [inList({ type: 'simple', assignments: [], words: this.#letWords(expression), redirects: [] })];
  }

  #wordList(): Word[] {
    const words: Word[] = [];
    for (this.#reader.skipBlanks(); !isMeta(this.#reader.peek()); this.#reader.skipBlanks()) words.push(this.#words.word(this.#reader));
    return words;
  }

  #case(): Command {
    this.#eatReserved('case');
    this.#reader.skipBlanks();
    const subject = this.#words.word(this.#reader);
    this.#expectReserved('in');
    const arms: CaseArm[] = [];
    while (!this.#eatReserved('esac')) {
      this.#reader.eat('(');
      const patterns: Word[] = [];
      do {
        this.#reader.skipBlanks();
        patterns.push(this.#words.word(this.#reader));
        this.#reader.skipBlanks();
      } while (this.#reader.eat('|'));
      this.#reader.expect(')');
      arms.push({ patterns, body: this.#list() });
      this.#skipLines();
      if (!this.#reader.eat(';;') && this.#reserved() !== 'esac') throw this.#reader.unexpected();
    }
    return { type: 'case', subject, arms, redirects: this.#redirects() };
  }

  #functionOrSimple(): Command {
    const r = this.#reader;
    const match = /^([A-Za-z_][\w-]*)[ \t]*\([ \t]*\)/.exec(r.text.slice(r.at, r.at + 200));
    if (!match) return this.#simple();
    r.at += match[0].length;
    return this.#functionBody(match[1] ?? '');
  }

  #functionBody(name: string): Command {
    this.#reader.skipBlanks();
    if (this.#reader.eat('(')) this.#reader.expect(')');
    this.#skipLines();
    return { type: 'function', name, body: this.#command(), redirects: [] };
  }

  #simple(): Command {
    const r = this.#reader;
    const assignments: Assignment[] = [];
    const arrays: Assignment[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      r.skipBlanks();
      const redirect = this.#redirect();
      if (redirect) redirects.push(redirect);
      else if (words.length === 0 && this.#assignment(assignments)) continue;
      else if (this.#specialOperand(arrays, words)) continue;
      else if (isMeta(r.peek())) break;
      else words.push(this.#words.word(r));
    }
    if (assignments.length + words.length + redirects.length === 0) throw r.unexpected();
    return { type: 'simple', assignments, words, redirects, ...(arrays.length > 0 ? { arrays } : {}) };
  }

  /** An array of `declare`, or a part of `[[ … ]]`. */
  #specialOperand(arrays: Assignment[], words: Word[]): boolean {
    if (isDeclaration(words[0])) return this.#declaredArray(arrays, words);
    if (words.length === 0 || !isDoubleBracket(words[0]) || isClosing(words.at(-1))) return false;
    this.#conditionWord(words);
    return true;
  }

  /** Inside `[[ … ]]`, `&&`, `||`, `<`, `>` and parentheses are words. */
  #conditionWord(words: Word[]): void {
    const operator = /^(?:&&|\|\||[<>()])/.exec(this.#reader.text.slice(this.#reader.at))?.[0];
    if (operator !== undefined) {
      this.#reader.at += operator.length;
      words.push([{ type: 'text', text: operator, quoted: false }]);
    } else if (isMeta(this.#reader.peek())) throw this.#reader.unexpected();
    else words.push(this.#words.word(this.#reader));
  }

  #assignment(assignments: Assignment[]): boolean {
    const match = /^([A-Za-z_]\w*)(\[[^\]\n]*\])?(\+?)=/.exec(this.#reader.text.slice(this.#reader.at, this.#reader.at + 256));
    if (!match) return false;
    this.#reader.at += match[0].length;
    const [, name = '', index, plus] = match;
    const target = { name, append: plus === '+', ...(index === undefined ? {} : { index: this.#words.quoted(index.slice(1, -1)) }) };
    if (this.#reader.peek() === '(') assignments.push({ ...target, value: [], elements: this.#elements() });
    else assignments.push({ ...target, value: this.#words.word(this.#reader) });
    return true;
  }

  /** `declare -A name=(…)`: the name stays a word, for the command. */
  #declaredArray(arrays: Assignment[], words: Word[]): boolean {
    const name = /^([A-Za-z_]\w*)\+?=\(/.exec(this.#reader.text.slice(this.#reader.at, this.#reader.at + 256))?.[1];
    if (name === undefined) return false;
    words.push([{ type: 'text', text: name, quoted: false }]);
    return this.#assignment(arrays);
  }

  /** `(one [2]=two …)` */
  #elements(): ArrayElement[] {
    const r = this.#reader;
    r.expect('(');
    const elements: ArrayElement[] = [];
    for (;;) {
      r.skipBlanks();
      if (r.eat('\n')) continue;
      if (r.eat(')')) return elements;
      if (isMeta(r.peek())) throw r.unexpected();
      const index = /^\[([^\]\n]*)\]=/.exec(r.text.slice(r.at, r.at + 256));
      if (index) r.at += index[0].length;
      elements.push({ index: index ? this.#words.parse(index[1] ?? '') : undefined, value: this.#words.word(r) });
    }
  }

  #redirects(): Redirect[] {
    const redirects: Redirect[] = [];
    for (;;) {
      this.#reader.skipBlanks();
      const redirect = this.#redirect();
      if (!redirect) return redirects;
      redirects.push(redirect);
    }
  }

  #redirect(): Redirect | undefined {
    const r = this.#reader;
    const match = /^(\d*)(<<-|<<<|<<|<&|<>|<|>>|>&|>\||>)|^(&>)>?/.exec(r.text.slice(r.at, r.at + 8));
    if (!match) return undefined;
    r.at += match[0].length;
    const operator = match[3] ?? match[2] ?? '';
    const fd = match[1] ? Number(match[1]) : operator.startsWith('<') ? 0 : 1;
    r.skipBlanks();
    if (operator === '<<' || operator === '<<-') return this.#hereDocument(fd, operator === '<<-');
    const target = this.#words.word(r);
    if (target.length === 0) throw r.unexpected();
    return { fd, operator: asOperator(operator), target };
  }

  #hereDocument(fd: number, stripTabs: boolean): Redirect {
    const word = this.#words.word(this.#reader);
    const delimiter = word.map((part) => (part.type === 'text' ? part.text : '')).join('');
    const literal = word.some((part) => part.quoted);
    const redirect: { fd: number; operator: '<<'; target: Word } = { fd, operator: '<<', target: [] };
    this.#hereDocuments.push({
      delimiter,
      literal,
      stripTabs,
      fill: (target) => {
        redirect.target = target;
      },
    });
    return redirect;
  }
}

const OPERATORS: readonly Redirect['operator'][] = ['<', '>', '>>', '>|', '<&', '>&', '&>', '<<<', '<>'];

function asOperator(text: string): Redirect['operator'] {
  const operator = OPERATORS.find((candidate) => candidate === text);
  if (!operator) throw new ShellSyntaxError(`syntax error: unexpected "${text}"`);
  return operator;
}

const isText = (word: Word | undefined, text: string): boolean =>
  word?.length === 1 && word[0]?.type === 'text' && word[0].text === text && !word[0].quoted;
/** Commands whose operands are assignments. */
const DECLARATIONS: ReadonlySet<string> = new Set(['declare', 'export', 'local', 'readonly', 'typeset']);

const isDeclaration = (word: Word | undefined): boolean =>
  word?.length === 1 && word[0]?.type === 'text' && !word[0].quoted && DECLARATIONS.has(word[0].text);

const isDoubleBracket = (word: Word | undefined): boolean => isText(word, '[[');
const isClosing = (word: Word | undefined): boolean => isText(word, ']]');

/** A command as a list of its own. */
const inList = (command: Command): AndOr => ({ first: { negated: false, commands: [command] }, rest: [], background: false });
