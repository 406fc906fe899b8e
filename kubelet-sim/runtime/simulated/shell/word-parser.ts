import type { ArrayIndex, ParameterOperation, Script, Word, WordPart } from './ast.ts';
import { isMeta, isNameChar, isNameStart, Reader, ShellSyntaxError } from './reader.ts';

/** Parses the script of a command substitution. */
type ParseScript = (text: string) => Script;

/** Reads words: quotes, parameters, substitutions. */
export class WordParser {
  readonly #parseScript: ParseScript;

  constructor(parseScript: ParseScript) {
    this.#parseScript = parseScript;
  }

  /** The word at the reader's place; empty when there is none. */
  word(reader: Reader): Word {
    const parts: WordPart[] = [];
    while (!isMeta(reader.peek())) this.#part(reader, parts);
    return parts;
  }

  /** A whole text as one word; unquoted quotes mean what they do in a script. */
  parse(text: string): Word {
    const reader = new Reader(text);
    const parts: WordPart[] = [];
    while (!reader.done) this.#part(reader, parts);
    return parts;
  }

  /** A text in which only `$`, backquotes and backslashes mean something: a here-document, or what stands between double quotes. */
  quoted(text: string): Word {
    const reader = new Reader(text);
    const parts: WordPart[] = [];
    while (!reader.done) this.#quotedPart(reader, parts, '$`\\\n');
    return parts;
  }

  #part(reader: Reader, parts: WordPart[]): void {
    const c = reader.peek();
    if (c === "'") {
      reader.at++;
      const end = reader.text.indexOf("'", reader.at);
      if (end < 0) throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
      parts.push({ type: 'text', text: reader.text.slice(reader.at, end), quoted: true });
      reader.at = end + 1;
    } else if (c === '"') this.#doubleQuoted(reader, parts);
    else if (reader.starts("$'")) this.#ansiQuoted(reader, parts);
    else if (c === '\\') {
      reader.at++;
      const escaped = reader.next();
      if (escaped !== '\n') parts.push({ type: 'text', text: escaped, quoted: true });
    } else if (c === '$' || c === '`') this.#dollar(reader, parts, false);
    else addText(parts, reader.next(), false);
  }

  #doubleQuoted(reader: Reader, parts: WordPart[]): void {
    reader.at++;
    parts.push({ type: 'text', text: '', quoted: true });
    while (reader.peek() !== '"') {
      if (reader.done) throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
      this.#quotedPart(reader, parts, '$`"\\\n');
    }
    reader.at++;
  }

  #quotedPart(reader: Reader, parts: WordPart[], escapable: string): void {
    const c = reader.peek();
    if (c === '\\' && escapable.includes(reader.peek(1)) && reader.peek(1) !== '') {
      reader.at++;
      const escaped = reader.next();
      if (escaped !== '\n') addText(parts, escaped, true);
    } else if (c === '$' || c === '`') this.#dollar(reader, parts, true);
    else addText(parts, reader.next(), true);
  }

  #ansiQuoted(reader: Reader, parts: WordPart[]): void {
    reader.at += 2;
    let raw = '';
    while (reader.peek() !== "'") {
      if (reader.done) throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
      raw += reader.peek() === '\\' ? reader.next() + reader.next() : reader.next();
    }
    reader.at++;
    parts.push({ type: 'text', text: unescapeBackslashes(raw), quoted: true });
  }

  #dollar(reader: Reader, parts: WordPart[], quoted: boolean): void {
    if (reader.eat('`')) {
      const start = reader.at;
      while (!reader.done && reader.peek() !== '`') reader.at += reader.peek() === '\\' ? 2 : 1;
      const script = reader.text.slice(start, reader.at).replace(/\\([$`\\])/g, '$1');
      reader.expect('`');
      parts.push({ type: 'command', script: this.#parseScript(script), quoted });
      return;
    }
    reader.at++;
    if (reader.starts('((')) {
      const saved = reader.at;
      reader.at += 2;
      const text = reader.balanced('(', ')');
      if (reader.eat(')')) {
        parts.push({ type: 'arithmetic', expression: this.quoted(text), quoted });
        return;
      }
      reader.at = saved;
    }
    if (reader.eat('(')) parts.push({ type: 'command', script: this.#parseScript(reader.balanced('(', ')')), quoted });
    else if (reader.eat('{')) parts.push(this.#braced(reader.balanced('{', '}'), quoted));
    else this.#plainName(reader, parts, quoted);
  }

  #plainName(reader: Reader, parts: WordPart[], quoted: boolean): void {
    const c = reader.peek();
    if (isNameStart(c)) parts.push({ type: 'parameter', name: reader.name(), quoted });
    else if (/^[0-9@*#?$!-]$/.test(c)) parts.push({ type: 'parameter', name: reader.next(), quoted });
    else addText(parts, '$', quoted);
  }

  /** What stands between `${` and `}`. */
  #braced(text: string, quoted: boolean): WordPart {
    const length = /^#([A-Za-z_]\w*|[0-9@*]+)(?:\[(.*)\])?$/s.exec(text);
    if (length) return { type: 'length', name: length[1] ?? '', index: this.#index(length[2]), quoted };
    const keys = /^!([A-Za-z_]\w*)\[[@*]\]$/.exec(text);
    if (keys) return { type: 'keys', name: keys[1] ?? '', quoted };
    const indirect = /^!([A-Za-z_]\w*)$/.exec(text)?.[1];
    if (indirect !== undefined) return { type: 'parameter', name: indirect, isIndirect: true, quoted };
    const reader = new Reader(text);
    let name = /^[@*#?$!-]/.test(text) ? reader.next() : '';
    if (name === '') while (isNameChar(reader.peek())) name += reader.next();
    const index = /^[A-Za-z_]/.test(name) && reader.eat('[') ? this.#index(reader.balanced('[', ']')) : undefined;
    const rest = text.slice(reader.at);
    if (name === '') throw new ShellSyntaxError('syntax error: bad substitution');
    return { type: 'parameter', name, index, operation: rest === '' ? undefined : this.#operation(rest, quoted), quoted };
  }

  #index(text: string | undefined): ArrayIndex | undefined {
    return text === '@' || text === '*' || text === undefined ? text : this.parse(text);
  }

  #operation(text: string, quoted: boolean): ParameterOperation {
    const operator = /^(?:[:]?[-=?+]|##|%%|#|%|\/\/|\/#|\/%|\/|\^\^|,,|\^|,|:)/.exec(text)?.[0];
    if (operator === undefined) throw new ShellSyntaxError('syntax error: bad substitution');
    const rest = text.slice(operator.length);
    const wordOf = (part: string) => (quoted && /^:?[-=?+]$/.test(operator) ? this.#insideQuotes(part) : this.parse(part));
    if (operator.startsWith('/')) {
      const slash = unescapedIndex(rest, '/');
      return slash < 0
        ? { operator, word: wordOf(rest), second: [] }
        : { operator, word: wordOf(rest.slice(0, slash)), second: wordOf(rest.slice(slash + 1)) };
    }
    if (operator === ':') {
      const [offset = '', length] = rest.split(':');
      return { operator, word: this.quoted(offset), second: length === undefined ? undefined : this.quoted(length) };
    }
    return { operator, word: wordOf(rest) };
  }

  /** The word of `"${x:-word}"`: double quotes within it still quote, all else is quoted already. */
  #insideQuotes(text: string): Word {
    return this.parse(text).map((part) => ({ ...part, quoted: true }));
  }
}

function unescapedIndex(text: string, wanted: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === wanted) return i;
  }
  return -1;
}

function addText(parts: WordPart[], text: string, quoted: boolean): void {
  const last = parts.at(-1);
  if (last?.type === 'text' && last.quoted === quoted) parts[parts.length - 1] = { type: 'text', text: last.text + text, quoted };
  else parts.push({ type: 'text', text, quoted });
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  e: '\x1b',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** Backslash escapes as `$'…'`, `echo -e` and `printf` know them. */
export function unescapeBackslashes(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{1,2})|0?([0-7]{1,3})|(.))/gs, (whole, hex?: string, octal?: string, c?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
    return ESCAPES[c ?? ''] ?? whole;
  });
}
