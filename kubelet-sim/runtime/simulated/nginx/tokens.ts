import { type Place, wrongAt } from './config-error.ts';

/** How the words of a directive end. */
export type TokenEnd = ';' | '{' | '}' | 'end';

/** What is read at a time: the words of a directive, and what is behind them. */
export interface Tokens {
  readonly words: readonly string[];
  readonly end: TokenEnd;
}

const SPACE: ReadonlySet<string> = new Set([' ', '\t', '\r', '\n']);
const ESCAPED: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n', '"': '"', "'": "'", '\\': '\\' };
/** Bytes that a word may have (`NGX_CONF_BUFFER`). */
const WORD_BYTES_MAX = 4096;

/** Reads the words of a configuration, as `ngx_conf_read_token` does. */
export class TokenReader {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;
  #words: string[] = [];

  /** @param file how errors call it; `''` is the command line */
  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  /** Where it has come to. */
  get place(): Place {
    return { file: this.#file, line: this.#line };
  }

  /** @throws ConfigError */
  next(): Tokens {
    this.#words = [];
    for (;;) {
      const char = this.#skipSpace();
      const found = char === '' ? this.#finish() : (this.#readEnd(char) ?? this.#readWord(char));
      if (found) return found;
    }
  }

  /** What ends words, when this does. */
  #readEnd(char: string): Tokens | undefined {
    if (char !== ';' && char !== '{' && char !== '}') return undefined;
    const hasWords = this.#words.length > 0;
    if (hasWords === (char === '}')) throw wrongAt(this.place, `unexpected "${char}"`);
    return this.#end(char);
  }

  #readWord(char: string): Tokens | undefined {
    return char === '"' || char === "'" ? this.#readQuoted(char) : this.#readPlain();
  }

  #end(end: TokenEnd): Tokens {
    this.#at++;
    return { words: this.#words, end };
  }

  #finish(): Tokens {
    if (this.#words.length > 0) throw this.#unfinished();
    return { words: [], end: 'end' };
  }

  #unfinished(): Error {
    const isParameter = this.#file === '';
    return wrongAt(this.place, isParameter ? 'unexpected end of parameter, expecting ";"' : 'unexpected end of file, expecting ";" or "}"');
  }

  /** To the next character that is one of a word or an end; `''` at the end of the text. */
  #skipSpace(): string {
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at] ?? '';
      if (char === '\n') this.#line++;
      else if (char === '#') this.#at = this.#lineEnd() - 1;
      else if (!SPACE.has(char)) return char;
    }
    return '';
  }

  #lineEnd(): number {
    const end = this.#text.indexOf('\n', this.#at);
    return end < 0 ? this.#text.length : end;
  }

  /** A word in quotes, behind which a space or an end has to come. */
  #readQuoted(quote: string): Tokens | undefined {
    const began = this.place;
    const start = ++this.#at;
    for (; this.#text[this.#at] !== quote; this.#at++) {
      const char = this.#text[this.#at];
      if (this.#at - start >= WORD_BYTES_MAX) throw wrongAt(began, `too long parameter, probably missing terminating "${quote}" character`);
      if (char === undefined) throw this.#unfinished();
      if (char === '\\') this.#skipEscaped();
      else if (char === '\n') this.#line++;
    }
    this.#words.push(withoutEscapes(this.#text.slice(start, this.#at)));
    const after = this.#text[++this.#at];
    if (after === ';' || after === '{') return this.#end(after);
    if (after === ')') return undefined;
    if (after === undefined) throw this.#unfinished();
    if (!SPACE.has(after)) throw wrongAt(this.place, `unexpected "${after}"`);
    return undefined;
  }

  /** What is behind a backslash belongs to the word, whatever it is. */
  #skipEscaped(): void {
    this.#at++;
    if (this.#text[this.#at] === '\n') this.#line++;
  }

  #readPlain(): Tokens | undefined {
    const start = this.#at;
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at] ?? '';
      if (char === '\\') this.#skipEscaped();
      else if (char === '$' && this.#text[this.#at + 1] === '{') this.#at++;
      else if (SPACE.has(char) || char === ';' || char === '{') break;
      if (this.#at - start >= WORD_BYTES_MAX)
        throw wrongAt(this.place, `too long parameter "${this.#text.slice(start, start + 10)}..." started`);
    }
    this.#words.push(withoutEscapes(this.#text.slice(start, this.#at)));
    const end = this.#text[this.#at];
    return end === ';' || end === '{' ? this.#end(end) : undefined;
  }
}

const withoutEscapes = (word: string): string => word.replace(/\\(["'\\trn])/g, (_, char: string) => ESCAPED[char] ?? char);
