// Values of literals: numbers and quoted texts (cel-go, `parser/unescape.go`).
import { Uint } from './values.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const CODE_POINT_MAX = 0x10ffff;

/** An int literal with its sign, or nothing if it does not fit 64 bits. */
export function parseInt64(text: string, negative: boolean): bigint | undefined {
  const value = negative ? -BigInt(text) : BigInt(text);
  return value < INT64_MIN || value > INT64_MAX ? undefined : value;
}

/** A uint literal without its `u`. */
export function parseUint64(text: string): Uint | undefined {
  const value = BigInt(text);
  return value > UINT64_MAX ? undefined : new Uint(value);
}

/** A double literal; one too large for a double is refused. */
export function parseDouble(text: string): number | undefined {
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** A quoted text as the lexer cut it, or what is wrong with it. */
export function unquote(token: string): string | { readonly error: string } {
  const { body, raw } = bodyOf(token);
  if (raw || !body.includes('\\')) return body;
  let error: string | undefined;
  const text = body.replace(ESCAPES, (sequence) => {
    const code = codeOf(sequence);
    if (typeof code === 'string') return code;
    if (code > CODE_POINT_MAX || (code >= 0xd800 && code <= 0xdfff)) {
      error = 'invalid unicode code point';
      return '';
    }
    return String.fromCodePoint(code);
  });
  return error === undefined ? text : { error };
}

/** A bytes literal after its `b`: escapes of two hexadecimal or three octal digits are bytes, other text is UTF-8. */
export function unquoteBytes(token: string): Uint8Array | { readonly error: string } {
  const { body, raw } = bodyOf(token);
  if (raw) return Buffer.from(body);
  if (/(?:^|[^\\])(?:\\\\)*\\[uU]/.test(body)) return { error: 'unable to unescape string' };
  const parts: Uint8Array[] = [];
  let last = 0;
  for (const match of body.matchAll(ESCAPES)) {
    const code = codeOf(match[0]);
    parts.push(Buffer.from(body.slice(last, match.index)), typeof code === 'string' ? Buffer.from(code) : Uint8Array.of(code));
    last = match.index + match[0].length;
  }
  return Buffer.concat([...parts, Buffer.from(body.slice(last))]);
}

const ESCAPES = /\\(?:[xX][\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-3][0-7]{2}|.)/gs;
const SIMPLE: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** What an escape stands for: a text, or the number of a code point or byte. */
function codeOf(sequence: string): string | number {
  const digits = sequence.slice(2);
  const letter = sequence[1] ?? '';
  if (/[xXuU]/.test(letter)) return Number.parseInt(digits, 16);
  if (/[0-3]/.test(letter)) return Number.parseInt(sequence.slice(1), 8);
  return SIMPLE[letter] ?? letter;
}

function bodyOf(token: string): { readonly body: string; readonly raw: boolean } {
  const raw = /^[rR]/.test(token);
  const quoted = raw ? token.slice(1) : token;
  const width = quoted.length >= 6 && /^(?:"""|''')/.test(quoted) ? 3 : 1;
  return { body: quoted.slice(width, -width), raw };
}
