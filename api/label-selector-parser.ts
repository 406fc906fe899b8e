// The grammar of label selectors, with upstream's errors and oddities (`x in ()` holds the empty value).
//
//   selector    = [ requirement { "," requirement } ]
//   requirement = [ "!" ] key | key ( "=" | "==" | "!=" | ">" | "<" ) [ value ] | key ( "in" | "notin" ) "(" { value | "," } ")"
import { goQuote } from './field-error.ts';
import { type LabelOperator, type LabelRequirement, requirement, SelectorError } from './label-requirement.ts';
import { isQualifiedName } from './names.ts';

type TokenKind = 'identifier' | 'end' | 'error' | ')' | '(' | ',' | '!' | '==' | '=' | '>' | '<' | '!=' | 'in' | 'notin';

interface Token {
  readonly is: TokenKind;
  readonly text: string;
}

const END: Token = { is: 'end', text: '' };
const SYMBOLS: ReadonlySet<string> = new Set<TokenKind>([')', ',', '!', '==', '=', '>', '<', '!=', '(']);

const BINARY: ReadonlyMap<TokenKind, LabelOperator> = new Map<TokenKind, LabelOperator>([
  ['in', 'in'],
  ['notin', 'notin'],
  ['=', '='],
  ['==', '=='],
  ['!=', '!='],
  ['>', 'gt'],
  ['<', 'lt'],
]);
const BINARY_WORDS = 'in, notin, =, ==, !=, gt, lt';

const isSymbol = (token: string): token is TokenKind => SYMBOLS.has(token);

/** Cuts the text into tokens; a run of symbols gives the longest one that has a meaning. */
function* tokensOf(text: string): Generator<Token> {
  for (const [run] of text.matchAll(/[=!(),><]+|[^=!(),>< \t\r\n\0]+/g)) {
    if (!/^[=!(),><]/.test(run)) yield run === 'in' || run === 'notin' ? { is: run, text: run } : { is: 'identifier', text: run };
    else yield* symbolsOf(run);
  }
}

function* symbolsOf(run: string): Generator<Token> {
  for (let at = 0; at < run.length; ) {
    const two = run.slice(at, at + 2);
    const symbol = isSymbol(two) ? two : run.slice(at, at + 1);
    if (isSymbol(symbol)) yield { is: symbol, text: symbol };
    at += symbol.length;
  }
}

export class LabelSelectorParser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = [...tokensOf(text), END];
  }

  /** Throws SelectorError. */
  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    const first = this.#peek();
    if (first.is === 'end') return requirements;
    if (!startsRequirement(first)) throw new SelectorError(`found '${first.text}', expected: !, identifier, or 'end of string'`);
    for (;;) {
      requirements.push(this.#requirement());
      const next = this.#take();
      if (next.is === 'end') return requirements;
      if (next.is !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (!startsRequirement(after)) throw new SelectorError(`found '${after.text}', expected: identifier after ','`);
    }
  }

  #requirement(): LabelRequirement {
    try {
      return this.#parts();
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      throw new SelectorError(`unable to parse requirement: ${error.message}`, { cause: error });
    }
  }

  #parts(): LabelRequirement {
    const negated = this.#peek().is === '!';
    if (negated) this.#take();
    const key = this.#key();
    if (negated) return requirement(key, '!', []);
    const next = this.#peek().is;
    if (next === 'end' || next === ',') return requirement(key, 'exists', []);
    const operator = this.#operator();
    const values = operator === 'in' || operator === 'notin' ? this.#values() : [this.#value()];
    return requirement(key, operator, [...new Set(values)].sort());
  }

  #key(): string {
    const token = this.#take();
    if (token.is !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`);
    const errors = isQualifiedName(token.text);
    if (errors.length > 0) throw new SelectorError(`<nil>: Invalid value: ${goQuote(token.text)}: ${errors.join('; ')}`);
    return token.text;
  }

  #operator(): LabelOperator {
    const token = this.#next();
    const operator = BINARY.get(token.is);
    if (operator === undefined) throw new SelectorError(`found '${token.text}', expected: ${BINARY_WORDS}`);
    return operator;
  }

  #value(): string {
    const next = this.#peek();
    if (next.is === 'end' || next.is === ',') return '';
    const token = this.#take();
    if (token.is !== 'identifier') throw new SelectorError(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  /** A list in parentheses; an empty place between commas is the empty value. */
  #values(): string[] {
    const open = this.#take();
    if (open.is !== '(') throw new SelectorError(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.is === ')') {
      this.#take();
      return [''];
    }
    if (first.is !== 'identifier' && first.is !== ',') {
      throw new SelectorError(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const values = this.#places();
    this.#take();
    return values;
  }

  #places(): string[] {
    const values: string[] = [];
    for (;;) {
      const token = this.#take();
      if (token.is === 'identifier') {
        values.push(token.text);
        const next = this.#peek();
        if (next.is === ')') return values;
        if (next.is !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.is === ',') {
        if (this.#comma(values)) return values;
      } else {
        throw new SelectorError(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }

  /** After a comma; true at the end of the list. */
  #comma(values: string[]): boolean {
    if (values.length === 0) values.push('');
    const next = this.#peek().is;
    if (next === ')') {
      values.push('');
      return true;
    }
    if (next === ',') {
      this.#take();
      values.push('');
    }
    return false;
  }

  #next(): Token {
    return this.#tokens[this.#at++] ?? END;
  }

  /** `in` and `notin` are plain words wherever an operator is not expected. */
  #take(): Token {
    return asWord(this.#next());
  }

  #peek(): Token {
    return asWord(this.#tokens[this.#at] ?? END);
  }
}

const asWord = (token: Token): Token => (token.is === 'in' || token.is === 'notin' ? { is: 'identifier', text: token.text } : token);

const startsRequirement = ({ is }: Token): boolean => is === 'identifier' || is === '!';
