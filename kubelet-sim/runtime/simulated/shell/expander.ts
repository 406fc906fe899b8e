import type { ContainerFiles } from '../files/container-files.ts';
import { normalizePath } from '../files/tree.ts';
import { evaluate } from './arithmetic.ts';
import { elementOf, keysOf, numberedKey, valuesOf } from './arrays.ts';
import type { ArrayIndex, ParameterOperation, Script, Word, WordPart } from './ast.ts';
import { expandBraces } from './braces.ts';
import { escapeGlob, globRegExp, globSource, isGlob, unescapeGlob } from './pattern.ts';
import { ShellError, type ShellState } from './state.ts';

/** What expansion needs of its shell. */
export interface ExpansionScope {
  readonly state: ShellState;
  /** Output of a command substitution. */
  readonly capture: (script: Script) => Promise<string>;
  readonly files: () => Promise<ContainerFiles>;
  readonly pid: number;
  /** Whether braces are expanded: `{1..3}`. */
  readonly isBash: boolean;
  /** A number below a bound, for `$RANDOM`. */
  readonly random: (bound: number) => number;
}

/** bash and busybox' shell give 15 bits. */
const RANDOM_BOUND = 32_768;

/** A piece of a word on its way: escaped where a pattern could be meant, and whether it may be split. */
interface Piece {
  readonly text: string;
  readonly quoted: boolean;
  /** `"$@"` begins a new field here. */
  readonly breaks?: boolean | undefined;
}

/** Puts pieces together to fields; what is not quoted is split. */
class FieldSplitter {
  readonly #fields: string[] = [];
  readonly #separator: RegExp | undefined;
  #current: string | undefined;

  constructor(ifs: string) {
    this.#separator = ifs === '' ? undefined : new RegExp(`[${ifs.replace(/[\\\]^-]/g, '\\$&')}]+`);
  }

  add({ text, quoted, breaks }: Piece): void {
    if (breaks) this.#close();
    if (quoted || !this.#separator) {
      this.#current = (this.#current ?? '') + text;
      return;
    }
    for (const [i, part] of text.split(this.#separator).entries()) {
      if (i > 0) this.#close();
      if (part !== '') this.#current = (this.#current ?? '') + part;
    }
  }

  end(): readonly string[] {
    this.#close();
    return this.#fields;
  }

  #close(): void {
    if (this.#current !== undefined) this.#fields.push(this.#current);
    this.#current = undefined;
  }
}

/** Expands words: parameters, substitutions, splitting, file names. */
export class Expander {
  readonly #scope: ExpansionScope;

  constructor(scope: ExpansionScope) {
    this.#scope = scope;
  }

  /** All fields of some words. */
  async fields(words: readonly Word[]): Promise<string[]> {
    const result: string[] = [];
    for (const word of words)
      for (const each of this.#scope.isBash ? expandBraces(word) : [word]) result.push(...(await this.#wordFields(each)));
    return result;
  }

  /** A word as one text: no splitting, no file names. */
  async text(word: Word): Promise<string> {
    return (await this.#pieces(word)).map(({ text, breaks }, i) => (breaks && i > 0 ? ' ' : '') + unescapeGlob(text)).join('');
  }

  /** A word as a pattern: quoted characters stand for themselves. */
  async pattern(word: Word): Promise<string> {
    return (await this.#pieces(word)).map(({ text }) => text).join('');
  }

  async #wordFields(word: Word): Promise<string[]> {
    const [only] = word;
    if (word.length === 1 && only?.type === 'text' && only.quoted) return [only.text];
    const pieces = await this.#pieces(word);
    // `"$@"` without anything to stand for is no field, not an empty one.
    if (pieces.length === 1 && word.length === 2 && isList(word[1]) && pieces[0]?.text === '') return [];
    const fields = new FieldSplitter(this.#scope.state.variables.get('IFS') ?? ' \t\n');
    for (const piece of pieces) fields.add(piece);
    return await this.#globbed(fields.end());
  }

  async #globbed(fields: readonly string[]): Promise<string[]> {
    if (this.#scope.state.options.has('noglob')) return fields.map(unescapeGlob);
    const result: string[] = [];
    for (const field of fields) {
      const matches = isGlob(field) ? await this.#matchFiles(field) : [];
      result.push(...(matches.length > 0 ? matches : [unescapeGlob(field)]));
    }
    return result;
  }

  async #matchFiles(pattern: string): Promise<string[]> {
    const files = await this.#scope.files();
    let found = [pattern.startsWith('/') ? '/' : ''];
    for (const part of pattern.split('/').filter(Boolean)) {
      const next: string[] = [];
      for (const base of found) next.push(...(await this.#matchIn(files, base, part)));
      found = next;
    }
    return found.sort();
  }

  async #matchIn(files: ContainerFiles, base: string, part: string): Promise<string[]> {
    const join = (name: string) => (base === '' || base === '/' ? `${base}${name}` : `${base}/${name}`);
    if (!isGlob(part)) {
      const path = join(unescapeGlob(part));
      return (await files.exists(normalizePath(path, this.#scope.state.cwd))) ? [path] : [];
    }
    const expression = globRegExp(part);
    const names = await files.readdir(normalizePath(base === '' ? '.' : base, this.#scope.state.cwd)).catch(() => []);
    return names.filter((name) => expression.test(name) && (part.startsWith('.') || !name.startsWith('.'))).map(join);
  }

  async #pieces(word: Word): Promise<Piece[]> {
    const pieces: Piece[] = [];
    for (const [index, part] of word.entries()) pieces.push(...(await this.#partPieces(part, index === 0)));
    return pieces;
  }

  async #partPieces(part: WordPart, isFirst: boolean): Promise<Piece[]> {
    const { quoted } = part;
    const as = (text: string): Piece[] => [{ text: quoted ? escapeGlob(text) : text, quoted }];
    switch (part.type) {
      case 'text':
        // What was written out is never split; without quotes it may be a pattern.
        return [{ text: quoted ? escapeGlob(part.text) : isFirst ? this.#tilde(part.text) : part.text, quoted: true }];
      case 'length':
        return as(String(await this.#lengthOf(part)));
      case 'keys':
        return this.#list(keysOf(this.#scope.state, part.name), quoted);
      case 'command':
        return as((await this.#scope.capture(part.script)).replace(/\n+$/, ''));
      case 'arithmetic':
        return as(String(this.arithmetic(await this.text(part.expression))));
      case 'parameter':
        return await this.#parameter(part);
    }
  }

  /** The value of an expression. */
  arithmetic(expression: string): bigint {
    const { state } = this.#scope;
    return evaluate(expression, { get: (name) => this.#lookup(name) ?? '', set: (name, value) => state.set(name, value) });
  }

  #tilde(text: string): string {
    return text === '~' || text.startsWith('~/') ? `${this.#scope.state.variables.get('HOME') ?? ''}${text.slice(1)}` : text;
  }

  async #parameter(part: WordPart & { type: 'parameter' }): Promise<Piece[]> {
    const { operation, index, quoted } = part;
    const name = part.isIndirect ? (this.#lookup(part.name) ?? '') : part.name;
    const pieceOf = (text: string): Piece => ({ text: quoted ? escapeGlob(text) : text, quoted });
    if (name === '@' && !operation) return this.#list(this.#scope.state.positional, quoted);
    if (index === '@' && !isDefault(operation)) return this.#list(await this.#elements(name, operation), quoted);
    const value = index === undefined ? this.#lookup(name) : await this.#element(name, index);
    if (isDefault(operation)) return await this.#withDefault(part, operation, value);
    this.#mustBeSet(name, value);
    return [pieceOf(operation ? await this.#transform(value ?? '', operation) : (value ?? ''))];
  }

  /** Some values, each a field of its own. */
  #list(values: readonly string[], quoted: boolean): Piece[] {
    return values.map((text, i) => ({ text: quoted ? escapeGlob(text) : text, quoted, breaks: i > 0 || !quoted }));
  }

  /** All elements of an array, a part of them (`:`), or each as it becomes. */
  async #elements(name: string, operation: ParameterOperation | undefined): Promise<readonly string[]> {
    const values = valuesOf(this.#scope.state, name);
    if (!operation) return values;
    if (operation.operator !== ':') return await Promise.all(values.map((value) => this.#transform(value, operation)));
    const start = Number(this.arithmetic(await this.text(operation.word)));
    const count = operation.second ? Number(this.arithmetic(await this.text(operation.second))) : values.length;
    return values.slice(start).slice(0, count);
  }

  /** One element of an array, or all of them in one text. */
  async #element(name: string, index: ArrayIndex): Promise<string | undefined> {
    const { state } = this.#scope;
    if (index === '@' || index === '*') return valuesOf(state, name).join((state.variables.get('IFS') ?? ' ').charAt(0)) || undefined;
    return elementOf(state, name, await this.arrayKey(name, index));
  }

  async #lengthOf({ name, index }: WordPart & { type: 'length' }): Promise<number> {
    if (index === '@' || index === '*') return valuesOf(this.#scope.state, name).length;
    if (/^[@*]$/.test(name)) return this.#scope.state.positional.length;
    return ((index === undefined ? this.#lookup(name) : await this.#element(name, index)) ?? '').length;
  }

  /** The key of an element: a text, or what an expression comes to. */
  async arrayKey(name: string, index: Word): Promise<string> {
    const text = await this.text(index);
    return this.#scope.state.associative.has(name) ? text : numberedKey(this.#scope.state, name, Number(this.arithmetic(text)));
  }

  /** `set -u`. */
  #mustBeSet(name: string, value: string | undefined): void {
    if (value === undefined && this.#scope.state.options.has('nounset')) throw new ShellError(`${name}: parameter not set`, 2);
  }

  async #withDefault(
    { name, quoted }: { name: string; quoted: boolean },
    { operator, word }: ParameterOperation,
    value: string | undefined,
  ): Promise<Piece[]> {
    const missing = value === undefined || (operator.startsWith(':') && value === '');
    const kept = (): Piece[] => [{ text: quoted ? escapeGlob(value ?? '') : (value ?? ''), quoted }];
    switch (operator.at(-1)) {
      case '+':
        return missing ? [{ text: '', quoted }] : await this.#pieces(word);
      case '=': {
        if (!missing) return kept();
        const text = await this.text(word);
        this.#scope.state.set(name, text);
        return [{ text: quoted ? escapeGlob(text) : text, quoted }];
      }
      case '?':
        if (missing) throw new ShellError(`${name}: ${(await this.text(word)) || 'parameter not set'}`, 2);
        return kept();
      default:
        return missing ? await this.#pieces(word) : kept();
    }
  }

  async #transform(value: string, { operator, word, second }: ParameterOperation): Promise<string> {
    if (operator === ':') return await this.#slice(value, word, second);
    const pattern = await this.pattern(word);
    if (operator.startsWith('/')) return replace(value, operator, pattern, second ? await this.text(second) : '');
    if (operator.startsWith('#') || operator.startsWith('%')) return trim(value, operator, pattern);
    const change = operator.startsWith('^') ? (c: string) => c.toUpperCase() : (c: string) => c.toLowerCase();
    return operator.length === 2 ? change(value) : change(value.charAt(0)) + value.slice(1);
  }

  async #slice(value: string, from: Word, count: Word | undefined): Promise<string> {
    const offset = Number(this.arithmetic(await this.text(from)));
    const start = offset < 0 ? Math.max(0, value.length + offset) : offset;
    if (!count) return value.slice(start);
    const length = Number(this.arithmetic(await this.text(count)));
    return value.slice(start, length < 0 ? length : start + length);
  }

  #lookup(name: string): string | undefined {
    const { state, pid, random } = this.#scope;
    if (/^[1-9]\d*$/.test(name)) return state.positional[Number(name) - 1];
    switch (name) {
      case '?':
        return String(state.status);
      case '#':
        return String(state.positional.length);
      case '$':
        return String(pid);
      case '!':
        return state.lastJob === 0 ? '' : String(state.lastJob);
      case '0':
        return state.name;
      case '@':
      case '*':
        return state.positional.join((state.variables.get('IFS') ?? ' ').charAt(0));
      case '-':
        return '';
      case 'RANDOM':
        return String(random(RANDOM_BOUND));
      default:
        return state.variables.get(name);
    }
  }
}

/** `$@`, or all elements of an array. */
const isList = (part: WordPart | undefined): boolean =>
  part?.type === 'keys' || (part?.type === 'parameter' && part.operation === undefined && (part.name === '@' || part.index === '@'));

/** Whether an operation is about what stands for a value that is missing. */
const isDefault = (operation: ParameterOperation | undefined): operation is ParameterOperation =>
  operation !== undefined && /^:?[-=?+]$/.test(operation.operator);

function replace(value: string, operator: string, pattern: string, replacement: string): string {
  const source = globSource(pattern);
  if (pattern === '') return value;
  const expression =
    operator === '//'
      ? new RegExp(source, 'g')
      : operator === '/#'
        ? new RegExp(`^(?:${source})`)
        : operator === '/%'
          ? new RegExp(`(?:${source})$`)
          : new RegExp(source);
  return value.replace(expression, () => replacement);
}

function trim(value: string, operator: string, pattern: string): string {
  const source = globSource(pattern, operator.length === 1 ? '[^]*?' : '[^]*');
  if (operator.startsWith('#')) return value.replace(new RegExp(`^(?:${source})`), '');
  const expression = new RegExp(`^(?:${globSource(pattern)})$`);
  const ends = Array.from({ length: value.length + 1 }, (_, i) => i);
  const start = (operator === '%' ? ends.reverse() : ends).find((i) => expression.test(value.slice(i)));
  return start === undefined ? value : value.slice(0, start);
}
