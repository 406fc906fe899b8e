// Why Go's net/netip does not take a text for an IP address.
import { goQuote } from '../../field-error.ts';

const FIELDS = 8;
/** Fields before an IPv4 address at the end. */
const FIELDS_BEFORE_V4 = 6;
const OCTET_MAX = 255;
const DOTS = 3;

const at = (message: string, rest: string): string => `${message} (at ${goQuote(rest)})`;

/** What `netip.ParseAddr` says is wrong, after its `ParseAddr("…"): `; nothing if the text is an address, with or without a zone. */
export function netipError(text: string): string | undefined {
  const first = /[.:%]/.exec(text)?.[0];
  if (first === undefined) return 'unable to parse IP';
  if (first === '%') return 'missing IPv6 address';
  if (first === '.') return v4Error(text);
  const percent = text.indexOf('%');
  if (percent < 0) return v6Error(text);
  return percent === text.length - 1 ? 'zone must be a non-empty string' : v6Error(text.slice(0, percent));
}

function v4Error(text: string): string | undefined {
  let dots = 0;
  for (const { 0: token, index } of text.matchAll(/\d+|\D/gs)) {
    const wrong = /^\d/.test(token) ? octetError(token) : dotError(text, index, dots++);
    if (wrong !== undefined) return wrong;
  }
  return dots < DOTS ? 'IPv4 address too short' : undefined;
}

function dotError(text: string, index: number, before: number): string | undefined {
  if (text[index] !== '.') return at('unexpected character', text.slice(index));
  if (index === 0 || index === text.length - 1 || text[index - 1] === '.') {
    return at('IPv4 field must have at least one digit', text.slice(index));
  }
  return before === DOTS ? 'IPv4 address too long' : undefined;
}

function octetError(digits: string): string | undefined {
  for (let length = 2; length <= digits.length; length++) {
    if (digits.startsWith('0')) return 'IPv4 field has octet with leading zero';
    if (Number(digits.slice(0, length)) > OCTET_MAX) return 'IPv4 field has value >255';
  }
  return undefined;
}

/** What is left of an IPv6 address, and what was read: its fields, and whether `::` was among them. */
interface Reading {
  readonly rest: string;
  readonly fields: number;
  readonly ellipsis: boolean;
}

function v6Error(text: string): string | undefined {
  if (text === '::') return undefined;
  const ellipsis = text.startsWith('::');
  let reading: Reading = { rest: ellipsis ? text.slice(2) : text, fields: 0, ellipsis };
  do {
    const next = readGroup(reading);
    if (typeof next === 'string') return next;
    reading = next;
  } while (reading.rest !== '' && reading.fields < FIELDS);
  if (reading.rest !== '') return at('trailing garbage after address', reading.rest);
  if (reading.fields === FIELDS) return reading.ellipsis ? 'the :: must expand to at least one field of zeros' : undefined;
  return reading.ellipsis ? undefined : 'address string too short';
}

/** Reads a group of digits and what separates it from the next; a text is what is wrong. */
function readGroup({ rest, fields, ellipsis }: Reading): Reading | string {
  const digits = /^[\da-fA-F]*/.exec(rest)?.[0] ?? '';
  if (digits.length > 4) return at('each group must have 4 or less digits', rest);
  if (digits === '') return at('each colon-separated field must have at least one digit', rest);
  const after = rest.slice(digits.length);
  if (after.startsWith('.')) return embeddedError(rest, fields, ellipsis) ?? { rest: '', fields: fields + 2, ellipsis };
  if (after === '') return { rest: '', fields: fields + 1, ellipsis };
  const doubled = after.startsWith('::');
  return separatorError(after, ellipsis) ?? { rest: after.slice(doubled ? 2 : 1), fields: fields + 1, ellipsis: ellipsis || doubled };
}

function separatorError(after: string, ellipsis: boolean): string | undefined {
  if (!after.startsWith(':')) return at('unexpected character, want colon', after);
  if (after === ':') return at('colon must be followed by more characters', after);
  return after.startsWith('::') && ellipsis ? at('multiple :: in address', after.slice(1)) : undefined;
}

/** An IPv4 address at the end takes the place of two fields. */
function embeddedError(rest: string, fields: number, ellipsis: boolean): string | undefined {
  if (!ellipsis && fields !== FIELDS_BEFORE_V4) return at('embedded IPv4 address must replace the final 2 fields of the address', rest);
  if (fields > FIELDS_BEFORE_V4) return at('too many hex fields to fit an embedded IPv4 at the end of the address', rest);
  return v4Error(rest);
}
