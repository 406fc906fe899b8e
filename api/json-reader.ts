// The careful JSON parser: used where JSON.parse is not enough (an error to describe, a number too long, repeated keys).

/** An object as written: every member in its order, repeated keys included. */
export class JsonMembers {
  readonly entries: [key: string, value: unknown][] = [];
}

/** A number that is not written as an integer, whatever its value is. */
export class JsonFloat {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get value(): number {
    return Number(this.text);
  }
}

export interface JsonReaderOptions {
  /** Objects become {@link JsonMembers} rather than plain objects. */
  readonly keepMembers?: boolean;
  /** Numbers that are not written as integers become {@link JsonFloat}s. */
  readonly keepFloats?: boolean;
  /** Whatever its depth is, the document is read. */
  readonly anyDepth?: boolean;
}

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
/** What a string may hold between its escapes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters end the run
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const HEX = /^[0-9a-fA-F]$/;
const LITERALS: Readonly<Record<string, { readonly word: string; readonly value: boolean | null }>> = {
  t: { word: 'true', value: true },
  f: { word: 'false', value: false },
  n: { word: 'null', value: null },
};

/** A recursive-descent parser whose errors are Go's. */
export class JsonReader {
  /**
   * How deep a document may nest: less than Go's 10,000, for what a JavaScript stack can walk afterwards. Code that was not compiled yet takes
   * most of it: a server that has just started compares what nests 1,200 deep, and not 1,500.
   */
  static readonly depthMax = 1_000;

  readonly #text: string;
  readonly #keepMembers: boolean;
  readonly #keepFloats: boolean;
  readonly #depthMax: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, options: JsonReaderOptions = {}) {
    this.#text = text;
    this.#keepMembers = options.keepMembers === true;
    this.#keepFloats = options.keepFloats === true;
    this.#depthMax = options.anyDepth === true ? Number.POSITIVE_INFINITY : JsonReader.depthMax;
  }

  /** The whole document. Throws SyntaxError. */
  read(): unknown {
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected('after top-level value');
    return value;
  }

  #value(): unknown {
    this.#space();
    const c = this.#text[this.#at];
    if (c === '{') return this.#nested(() => this.#object());
    if (c === '[') return this.#nested(() => this.#array());
    if (c === '"') return this.#string();
    if (c === '-' || (c !== undefined && c >= '0' && c <= '9')) return this.#number();
    const literal = c === undefined ? undefined : LITERALS[c];
    if (literal) return this.#literal(literal);
    throw this.#unexpected('looking for beginning of value');
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > this.#depthMax) throw new SyntaxError('exceeded max depth');
    this.#at++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): unknown {
    const members = new JsonMembers();
    this.#space();
    if (this.#take('}')) return this.#keepMembers ? members : {};
    for (;;) {
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#unexpected('looking for beginning of object key string');
      const key = this.#string();
      this.#space();
      if (!this.#take(':')) throw this.#unexpected('after object key');
      members.entries.push([key, this.#value()]);
      this.#space();
      if (this.#take('}')) break;
      if (!this.#take(',')) throw this.#unexpected('after object key:value pair');
    }
    return this.#keepMembers ? members : Object.fromEntries(members.entries);
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#space();
    if (this.#take(']')) return items;
    for (;;) {
      items.push(this.#value());
      this.#space();
      if (this.#take(']')) return items;
      if (!this.#take(',')) throw this.#unexpected('after array element');
    }
  }

  #string(): string {
    const start = this.#at++;
    for (;;) {
      this.#match(PLAIN);
      const c = this.#text[this.#at];
      if (c === '"') break;
      if (c !== '\\') throw this.#unexpected('in string literal');
      this.#at++;
      this.#escape();
    }
    this.#at++;
    return JSON.parse(this.#text.slice(start, this.#at));
  }

  #escape(): void {
    const c = this.#text[this.#at];
    if (c === undefined || !'"\\/bfnrtu'.includes(c)) throw this.#unexpected('in string escape code');
    this.#at++;
    if (c !== 'u') return;
    for (let i = 0; i < 4; i++, this.#at++) {
      if (!HEX.test(this.#text[this.#at] ?? '')) throw this.#unexpected('in \\u hexadecimal character escape');
    }
  }

  #number(): number | bigint | JsonFloat {
    const start = this.#at;
    const match = this.#match(NUMBER);
    if (!match) {
      this.#at++;
      throw this.#unexpected('in numeric literal');
    }
    const next = this.#text[this.#at];
    if (next === '.' && match[1] === undefined && match[2] === undefined) {
      this.#at++;
      throw this.#unexpected('after decimal point in numeric literal');
    }
    if ((next === 'e' || next === 'E') && match[2] === undefined) {
      this.#at++;
      if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at++;
      throw this.#unexpected('in exponent of numeric literal');
    }
    const text = this.#text.slice(start, this.#at);
    const value = Number(text);
    const whole = match[1] === undefined && match[2] === undefined;
    if (!whole && this.#keepFloats) return new JsonFloat(text);
    return whole && !Number.isSafeInteger(value) ? BigInt(text) : value;
  }

  #literal({ word, value }: { readonly word: string; readonly value: boolean | null }): boolean | null {
    for (const expected of word) {
      if (this.#text[this.#at] !== expected) throw this.#unexpected(`in literal ${word} (expecting '${expected}')`);
      this.#at++;
    }
    return value;
  }

  #space(): void {
    this.#match(SPACE);
  }

  #take(c: string): boolean {
    if (this.#text[this.#at] !== c) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match) this.#at = pattern.lastIndex;
    return match;
  }

  #unexpected(context: string): SyntaxError {
    const c = this.#text.codePointAt(this.#at);
    return new SyntaxError(c === undefined ? 'unexpected end of JSON input' : `invalid character ${quoteCharacter(c)} ${context}`);
  }
}

/** Go looks at bytes: of a character beyond ASCII, the first byte of its UTF-8 form is shown, as if it were Latin-1. */
const quoteCharacter = (codePoint: number): string =>
  quoteByte(codePoint < 0x80 ? codePoint : (Buffer.from(String.fromCodePoint(codePoint))[0] ?? 0));

/** A byte of a text as Go shows it in messages (`encoding/json`, `quoteChar`). */
export function quoteByte(byte: number): string {
  if (byte === 0x27) return "'\\''";
  if (byte === 0x22) return "'\"'";
  const escapes: Readonly<Record<number, string>> = {
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
    92: '\\\\',
  };
  const escaped = escapes[byte];
  if (escaped) return `'${escaped}'`;
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`;
  return byte >= 0x80 && byte < 0xa1 ? `'\\u${byte.toString(16).padStart(4, '0')}'` : `'${String.fromCharCode(byte)}'`;
}
