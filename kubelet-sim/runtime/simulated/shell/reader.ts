/** A script that cannot be understood; the text is what the shell prints. */
export class ShellSyntaxError extends Error {
  override readonly name = 'ShellSyntaxError';
  /** Whether more text could put it right. */
  readonly isUnfinished: boolean;

  constructor(message: string, isUnfinished = false) {
    super(message);
    this.isUnfinished = isUnfinished;
  }
}

/** Characters that end a word when they are not quoted. */
export const isMeta = (c: string): boolean => c === '' || ' \t\n;&|<>()'.includes(c);
export const isBlank = (c: string): boolean => c === ' ' || c === '\t';
export const isNameStart = (c: string): boolean => /^[A-Za-z_]$/.test(c);
export const isNameChar = (c: string): boolean => /^[A-Za-z0-9_]$/.test(c);

/** A place in a script. */
export class Reader {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  /** The next character, `''` at the end. */
  peek(ahead = 0): string {
    return this.text.charAt(this.at + ahead);
  }

  next(): string {
    return this.text.charAt(this.at++);
  }

  starts(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  /** Steps over a text if it comes next. */
  eat(text: string): boolean {
    if (!this.starts(text)) return false;
    this.at += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.eat(text)) throw this.unexpected();
  }

  unexpected(): ShellSyntaxError {
    const what = this.done
      ? 'end of file'
      : this.peek() === '\n'
        ? 'newline'
        : `"${/^(?:&&|\|\||;;|[;&|<>()]|[^\s;&|<>()]+)/.exec(this.text.slice(this.at))?.[0] ?? this.peek()}"`;
    return new ShellSyntaxError(`syntax error: unexpected ${what}`, this.done);
  }

  name(): string {
    const start = this.at;
    if (isNameStart(this.peek())) while (isNameChar(this.peek())) this.at++;
    return this.text.slice(start, this.at);
  }

  /** Steps over blanks, comments and escaped newlines. */
  skipBlanks(): void {
    for (;;) {
      if (isBlank(this.peek())) this.at++;
      else if (this.starts('\\\n')) this.at += 2;
      else if (this.peek() === '#') while (!this.done && this.peek() !== '\n') this.at++;
      else return;
    }
  }

  /** The text up to the closing quote or bracket of the same kind, which is stepped over; nested ones are kept whole. */
  balanced(open: string, close: string): string {
    const start = this.at;
    for (let depth = 1; !this.done; ) {
      const c = this.next();
      if (c === '\\') this.at++;
      else if (c === "'") this.#skipTo("'");
      else if (c === '"') this.#skipDouble();
      else if (c === open) depth++;
      else if (c === close && --depth === 0) return this.text.slice(start, this.at - 1);
    }
    throw new ShellSyntaxError(`syntax error: unterminated ${open}`, true);
  }

  #skipTo(quote: string): void {
    const end = this.text.indexOf(quote, this.at);
    if (end < 0) throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
    this.at = end + 1;
  }

  #skipDouble(): void {
    while (!this.done) {
      const c = this.next();
      if (c === '"') return;
      if (c === '\\') this.at++;
      else if (c === '$' && this.eat('(')) this.balanced('(', ')');
    }
    throw new ShellSyntaxError('syntax error: unterminated quoted string', true);
  }
}
