import { unescapeBackslashes } from './word-parser.ts';

const DIRECTIVE = /%(?:%|([-+ #0]*)(\*|\d*)(?:\.(\*|\d*))?([diouxXcsbqfeEgG]))/g;

/** `printf`: the format is used again until all values are. */
export function formatPrintf(format: string, values: readonly string[]): string {
  const text = unescapeBackslashes(format);
  const rest = [...values];
  let output = '';
  do {
    const before = rest.length;
    output += text.replace(DIRECTIVE, (...directive: (string | undefined)[]) => directiveText(directive, rest));
    if (rest.length === before) break; // a format without directives is printed once
  } while (rest.length > 0);
  return output;
}

function directiveText([whole, flags = '', width = '', precision, kind]: readonly (string | undefined)[], values: string[]): string {
  if (kind === undefined) return whole === '%%' ? '%' : (whole ?? '');
  const figure = (text: string) => Number(text === '*' ? (values.shift() ?? 0) : text || 0);
  const columns = figure(width);
  const digits = precision === undefined ? undefined : figure(precision);
  return pad(convert(kind, values.shift(), digits, flags), columns, flags, /[diouxXfeEgG]/.test(kind));
}

function convert(kind: string, value: string | undefined, digits: number | undefined, flags: string): string {
  const number = () => (value?.startsWith("'") ? value.charCodeAt(1) : Number(value ?? 0) || 0);
  const sign = (text: string) => (flags.includes('+') && !text.startsWith('-') ? `+${text}` : text);
  switch (kind) {
    case 'd':
    case 'i':
    case 'u':
      return sign(String(Math.trunc(number())).padStart(digits ?? 0, '0'));
    case 'o':
      return Math.trunc(number()).toString(8);
    case 'x':
      return Math.trunc(number()).toString(16);
    case 'X':
      return Math.trunc(number()).toString(16).toUpperCase();
    case 'f':
      return sign(number().toFixed(digits ?? 6));
    case 'e':
    case 'E':
      return number().toExponential(digits ?? 6);
    case 'g':
    case 'G':
      return String(number());
    case 'c':
      return (value ?? '').charAt(0);
    case 'b':
      return unescapeBackslashes(value ?? '');
    case 'q':
      return /^[\w./-]+$/.test(value ?? '') ? (value ?? '') : `'${(value ?? '').replaceAll("'", "'\\''")}'`;
    default:
      return digits === undefined ? (value ?? '') : (value ?? '').slice(0, digits);
  }
}

function pad(text: string, width: number, flags: string, isNumber: boolean): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0') || !isNumber) return text.padStart(width);
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}
