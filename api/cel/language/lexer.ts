// Tokens of CEL, as the lexer rules of cel-go's grammar (parser/gen/CEL.g4) give them: the longest match wins, and what matches
// nothing is reported in ANTLR's words and skipped.
import type { Issue } from './source.ts';

/** The kinds of tokens, in the grammar's order: messages list what was expected in it. */
export const TOKENS = [
  "'=='",
  "'!='",
  "'in'",
  "'<'",
  "'<='",
  "'>='",
  "'>'",
  "'&&'",
  "'||'",
  "'['",
  "']'",
  "'{'",
  "'}'",
  "'('",
  "')'",
  "'.'",
  "','",
  "'-'",
  "'!'",
  "'?'",
  "':'",
  "'+'",
  "'*'",
  "'/'",
  "'%'",
  "'true'",
  "'false'",
  "'null'",
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
  'ESC_IDENTIFIER',
  '<EOF>',
] as const;

export type TokenType = (typeof TOKENS)[number];

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  readonly at: number;
}

const SKIPPED = /(?:[\t \r\n\f]+|\/\/[^\n]*)/y;
const NUMBER =
  /(?:(?<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)|(?<uint>(?:0x[\da-fA-F]+|\d+)[uU])|(?<int>0x[\da-fA-F]+|\d+))/y;
const NAME = /[A-Za-z_][A-Za-z\d_]*/y;
const QUOTED_NAME = /`[A-Za-z\d_./ -]+`/y;
const OPERATOR = /(?:==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%])/y;

const ESCAPE = String.raw`\\(?:[abfnrtv"'\\?${'`'}]|[0-3][0-7][0-7]|[xX][\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8})`;
const STRING = new RegExp(
  [
    `"""(?:${ESCAPE}|[^\\\\])*?"""`,
    `'''(?:${ESCAPE}|[^\\\\])*?'''`,
    `"(?:${ESCAPE}|[^\\\\"\\n\\r])*"`,
    `'(?:${ESCAPE}|[^\\\\'\\n\\r])*'`,
    '[rR]"""[^]*?"""',
    "[rR]'''[^]*?'''",
    '[rR]"[^"\\n\\r]*"',
    "[rR]'[^'\\n\\r]*'",
  ].join('|'),
  'y',
);

const KEYWORDS: Readonly<Record<string, TokenType>> = { in: "'in'", true: "'true'", false: "'false'", null: "'null'" };
const TOKEN_TYPES: ReadonlySet<string> = new Set(TOKENS);

/** Splits a text into tokens, the last of which is `<EOF>`; what is no token goes to `issues`. */
export function tokenize(text: string, issues: Issue[]): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const skipped = matchAt(SKIPPED, text, at);
    if (skipped !== undefined) {
      at += skipped.length;
      continue;
    }
    const token = tokenAt(text, at);
    if (token) {
      tokens.push(token);
      at += token.text.length;
      continue;
    }
    const end = endOfGarbage(text, at);
    issues.push({ offset: at, message: `Syntax error: token recognition error at: '${escapeWhitespace(text.slice(at, end))}'` });
    at = end;
  }
  tokens.push({ type: '<EOF>', text: '<EOF>', at: text.length });
  return tokens;
}

/** ANTLR's way to show tokens in messages. */
export const escapeWhitespace = (text: string): string => text.replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function tokenAt(text: string, at: number): Token | undefined {
  return stringAt(text, at) ?? nameAt(text, at) ?? numberAt(text, at) ?? operatorAt(text, at);
}

function stringAt(text: string, at: number): Token | undefined {
  const string = matchAt(STRING, text, at);
  if (string !== undefined) return { type: 'STRING', text: string, at };
  if (text[at] !== 'b' && text[at] !== 'B') return undefined;
  const bytes = matchAt(STRING, text, at + 1);
  return bytes === undefined ? undefined : { type: 'BYTES', text: `${text[at]}${bytes}`, at };
}

function nameAt(text: string, at: number): Token | undefined {
  const name = matchAt(NAME, text, at);
  if (name !== undefined) return { type: Object.hasOwn(KEYWORDS, name) ? (KEYWORDS[name] ?? 'IDENTIFIER') : 'IDENTIFIER', text: name, at };
  const quoted = matchAt(QUOTED_NAME, text, at);
  return quoted === undefined ? undefined : { type: 'ESC_IDENTIFIER', text: quoted, at };
}

function numberAt(text: string, at: number): Token | undefined {
  NUMBER.lastIndex = at;
  const groups = NUMBER.exec(text)?.groups;
  if (!groups) return undefined;
  if (groups.float !== undefined) return { type: 'NUM_FLOAT', text: groups.float, at };
  if (groups.uint !== undefined) return { type: 'NUM_UINT', text: groups.uint, at };
  return { type: 'NUM_INT', text: groups.int ?? '', at };
}

function operatorAt(text: string, at: number): Token | undefined {
  const operator = matchAt(OPERATOR, text, at);
  const type = `'${operator}'`;
  return operator !== undefined && isTokenType(type) ? { type, text: operator, at } : undefined;
}

const isTokenType = (text: string): text is TokenType => TOKEN_TYPES.has(text);

/** Up to and including the character at which no rule could go on: what ANTLR reports and skips. */
function endOfGarbage(text: string, at: number): number {
  const character = text[at] ?? '';
  let stop = at;
  if (character === '"' || character === "'") stop = endOfBrokenString(text, at);
  else if ('=&|'.includes(character)) stop = at + 1;
  else if (character === '`') stop = at + 1 + (matchAt(/[A-Za-z\d_./ -]*/y, text, at + 1)?.length ?? 0);
  return Math.min(text.length, stop + ((text.codePointAt(stop) ?? 0) > 0xffff ? 2 : 1));
}

function endOfBrokenString(text: string, at: number): number {
  const quote = text[at] ?? '';
  const body = new RegExp(`(?:${ESCAPE}|[^\\\\${quote}\\n\\r])*`, 'y');
  const end = at + 1 + (matchAt(body, text, at + 1)?.length ?? 0);
  if (text[end] !== '\\') return end;
  const partial = matchAt(/\\(?:[0-3][0-7]?|[xX][\da-fA-F]?|u[\da-fA-F]{0,3}|U[\da-fA-F]{0,7})?/y, text, end);
  return end + (partial?.length ?? 1);
}
