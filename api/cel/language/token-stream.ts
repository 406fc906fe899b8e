// The parser's view of the tokens, with ANTLR's way to report and survive errors (DefaultErrorStrategy): one token too many or one
// too few is repaired on the spot; else the rule is left, and tokens are skipped up to one that some rule around it waits for.
// Kept close to ANTLR because its words are what kube-apiserver answers.
import { escapeWhitespace, TOKENS, type Token, type TokenType } from './lexer.ts';
import type { Issue } from './source.ts';

/** A rule cannot go on; its caller does, after {@link TokenStream.recover}. */
export class RuleFailure extends Error {
  override readonly name = 'RuleFailure';
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

/** Parsing is given up as a whole. */
export class ParseAbort extends Error {
  override readonly name = 'ParseAbort';
}

/** Recoveries after which cel-go gives up. */
const RECOVERIES_MAX = 30;

export class TokenStream {
  readonly #tokens: readonly Token[];
  readonly #issues: Issue[];
  #index = 0;
  /** While true, errors are not reported: they follow from one that was. Ends with the next token that fits. */
  #recovering = false;
  #lastFailure = -1;
  #recoveries = 0;
  /** What the rules being parsed wait for, outermost first. */
  readonly #follow: ReadonlySet<TokenType>[] = [];

  constructor(tokens: readonly Token[], issues: Issue[]) {
    this.#tokens = tokens;
    this.#issues = issues;
  }

  /** The token `ahead` tokens after the next one. */
  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#index + ahead, this.#tokens.length - 1)];
    if (!token) throw new ParseAbort('no tokens');
    return token;
  }

  is(type: TokenType, ahead = 0): boolean {
    return this.peek(ahead).type === type;
  }

  /** Takes the next token, which was looked at. */
  take(): Token {
    const token = this.peek();
    this.#recovering = false;
    this.#index++;
    return token;
  }

  /** Takes the next token if it is of the type. */
  takeIf(type: TokenType): Token | undefined {
    return this.is(type) ? this.take() : undefined;
  }

  /** Takes a token that must be here. @param after what may come after it, to tell that it is missing. */
  match(type: TokenType, after: (next: TokenType) => boolean): Token {
    if (this.is(type)) return this.take();
    this.#countRecovery();
    const expected = new Set([type]);
    if (this.is(type, 1)) {
      this.#reportUnwanted(expected);
      this.#index++;
      return this.take();
    }
    if (after(this.peek().type)) {
      if (!this.#recovering) this.#report(this.peek().at, `missing ${type} at ${this.#shown(this.peek())}`);
      this.#recovering = true;
      return { type, text: '', at: this.peek().at };
    }
    throw this.mismatch(expected);
  }

  /** Makes sure that one of the tokens is next, where the rule has no way around them. */
  sync(expected: ReadonlySet<TokenType>): void {
    if (this.#recovering || expected.has(this.peek().type)) return;
    if (!expected.has(this.peek(1).type) || this.is('<EOF>')) throw this.mismatch(expected);
    this.#reportUnwanted(expected);
    this.#index++;
    this.#recovering = false;
  }

  /** After one round of a loop that must go on with one of the tokens. */
  syncLoop(expected: ReadonlySet<TokenType>): void {
    if (this.#recovering || expected.has(this.peek().type)) return;
    this.#reportUnwanted(expected);
    this.#skipUntil((type) => expected.has(type) || this.#awaited(type));
  }

  mismatch(expected: ReadonlySet<TokenType>): RuleFailure {
    return new RuleFailure(this.peek().at, `mismatched input ${this.#shown(this.peek())} expecting ${formatExpected(expected)}`);
  }

  /** No alternative of a rule fits the tokens from the next one to the one `ahead` of it. */
  noAlternative(ahead: number): RuleFailure {
    const tokens = this.#tokens.slice(this.#index, this.#index + ahead + 1).filter(({ type }) => type !== '<EOF>');
    const text = tokens.length === 0 ? '<EOF>' : tokens.map((token) => token.text).join('');
    const message = `no viable alternative at input '${escapeWhitespace(text)}'`;
    return new RuleFailure(
      this.peek(ahead).at,
      message.replace(/no viable alternative at input '.(true|false|null)'/, "mismatched input '$1' expecting IDENTIFIER"),
    );
  }

  /** Runs a rule; if it fails, reports, skips to what the rules around it wait for, and gives `broken`. */
  rule<T>(follow: ReadonlySet<TokenType>, parse: () => T, broken: () => T): T {
    this.#follow.push(follow);
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof RuleFailure)) throw error;
      if (!this.#recovering) this.#report(error.offset, error.message);
      this.#recovering = true;
      this.#recover();
      return broken();
    } finally {
      this.#follow.pop();
    }
  }

  #recover(): void {
    this.#countRecovery();
    if (this.#lastFailure === this.#index) this.#index++;
    this.#lastFailure = this.#index;
    this.#skipUntil((type) => this.#awaited(type));
  }

  #countRecovery(): void {
    if (this.#recoveries++ < RECOVERIES_MAX) return;
    this.#report(this.peek().at, `error recovery attempt limit exceeded: ${RECOVERIES_MAX}`);
    throw new ParseAbort('too many errors');
  }

  #awaited(type: TokenType): boolean {
    return this.#follow.some((set) => set.has(type));
  }

  #skipUntil(stop: (type: TokenType) => boolean): void {
    while (!this.is('<EOF>') && !stop(this.peek().type)) this.#index++;
  }

  #reportUnwanted(expected: ReadonlySet<TokenType>): void {
    if (this.#recovering) return;
    this.#report(this.peek().at, `extraneous input ${this.#shown(this.peek())} expecting ${formatExpected(expected)}`);
    this.#recovering = true;
  }

  #report(offset: number, message: string): void {
    this.#issues.push({ offset, message: `Syntax error: ${message}` });
  }

  #shown(token: Token): string {
    return `'${escapeWhitespace(token.text)}'`;
  }
}

function formatExpected(expected: ReadonlySet<TokenType>): string {
  const names = TOKENS.filter((type) => expected.has(type));
  return names.length === 1 ? (names[0] ?? '') : `{${names.join(', ')}}`;
}
