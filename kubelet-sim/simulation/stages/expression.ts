// Pipelines of Go templates: `index $root.status.containerStatuses 0 | Quote`, `( or .a "b" ).c`.
import { TemplateError } from './template-error.ts';

export type Expression =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'field'; readonly of: Expression; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };

const TOKEN = /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(-?\d+(?:\.\d+)?)|(\$\w*)|(\.\w*)|(\w+)|([()|,]|:=|=))/y;

interface Token {
  readonly text: string;
  /** Whether it stands right behind the one before: `$x.y` is a field, `$x .y` two arguments. */
  readonly isClose: boolean;
}

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new TemplateError(`unexpected "${text.slice(start).trim()}" in {{ ${text.trim()} }}`);
    const token = match[0].trim();
    tokens.push({ text: token, isClose: start > 0 && match[0] === token });
  }
  return tokens;
}

/** Reads a pipeline; what is given before `|` is the last argument of what follows. */
export class ExpressionReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  pipeline(): Expression {
    let value = this.#command(undefined);
    while (this.#peek() === '|') {
      this.#at++;
      value = this.#command(value);
    }
    return value;
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]?.text;
  }

  #command(piped: Expression | undefined): Expression {
    const name = this.#peek() ?? '';
    if (!/^[A-Za-z_]/.test(name) || WORDS.has(name)) return this.#term();
    this.#at++;
    const args: Expression[] = [];
    while (!this.isAtEnd && this.#peek() !== ')' && this.#peek() !== '|') args.push(this.#term());
    return { kind: 'call', name, args: piped ? [...args, piped] : args };
  }

  #term(): Expression {
    let term = this.#simple();
    for (let next = this.#tokens[this.#at]; next?.isClose && /^\.\w/.test(next.text); next = this.#tokens[this.#at]) {
      term = { kind: 'field', of: term, name: next.text.slice(1) };
      this.#at++;
    }
    return term;
  }

  #simple(): Expression {
    const text = this.#tokens[this.#at++]?.text;
    if (text === undefined) throw new TemplateError('a value is missing');
    if (text === '(') {
      const inner = this.pipeline();
      if (this.#tokens[this.#at++]?.text !== ')') throw new TemplateError('a ) is missing');
      return inner;
    }
    if (text === '.') return { kind: 'dot' };
    if (text.startsWith('.')) return { kind: 'field', of: { kind: 'dot' }, name: text.slice(1) };
    if (text.startsWith('$')) return { kind: 'variable', name: text };
    if (text.startsWith('"')) return { kind: 'literal', value: JSON.parse(text) };
    if (text.startsWith('`')) return { kind: 'literal', value: text.slice(1, -1) };
    const word = WORDS.get(text);
    if (word) return { kind: 'literal', value: word.value };
    if (/^-?\d/.test(text)) return { kind: 'literal', value: Number(text) };
    return { kind: 'call', name: text, args: [] };
  }
}

const WORDS: ReadonlyMap<string, { readonly value: unknown }> = new Map([
  ['true', { value: true }],
  ['false', { value: false }],
  ['nil', { value: undefined }],
]);
