// Why Go's net/netip does not take a text for an IP address.
import { goQuote } from '../../../api/index.ts';

const FIELDS = 8;
/** Fields before an IPv4 address at the end. */
const FIELDS_BEFORE_V4 = 6;
const OCTET_MAX = 255;

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
  let octets = 0;
  for (let i = 0; i < text.length; ) {
    const digits = /^\d*/.exec(text.slice(i))?.[0] ?? '';
    const wrong = octetError(digits);
    if (wrong !== undefined) return wrong;
    const next = text[i + digits.length];
    if (next !== undefined && next !== '.') return at('unexpected character', text.slice(i + digits.length));
    if (digits === '') return at('IPv4 field must have at least one digit', text.slice(i));
    if (next === undefined) return octets < 3 ? 'IPv4 address too short' : undefined;
    i += digits.length;
    if (i === text.length - 1) return at('IPv4 field must have at least one digit', text.slice(i));
    if (octets === 3) return 'IPv4 address too long';
    octets++;
    i++;
  }
  return 'IPv4 address too short';
}

function octetError(digits: string): string | undefined {
  for (let length = 2; length <= digits.length; length++) {
    if (digits.startsWith('0')) return 'IPv4 field has octet with leading zero';
    if (Number(digits.slice(0, length)) > OCTET_MAX) return 'IPv4 field has value >255';
  }
  return undefined;
}

function v6Error(text: string): string | undefined {
  const leading = text.startsWith('::');
  let rest = leading ? text.slice(2) : text;
  let ellipsis = leading;
  let fields = 0;
  while (fields < FIELDS && (rest !== '' || fields === 0)) {
    if (rest === '' && leading) return undefined;
    const digits = /^[\da-fA-F]*/.exec(rest)?.[0] ?? '';
    if (digits.length > 4) return at('each group must have 4 or less digits', rest);
    if (digits === '') return at('each colon-separated field must have at least one digit', rest);
    if (rest[digits.length] === '.') return embeddedError(rest, fields, ellipsis);
    fields++;
    const after = rest.slice(digits.length);
    if (after === '') {
      rest = '';
      break;
    }
    const wrong = separatorError(after, ellipsis);
    if (wrong !== undefined) return wrong;
    const doubled = after.startsWith('::');
    ellipsis ||= doubled;
    rest = after.slice(doubled ? 2 : 1);
    if (rest === '') break;
  }
  if (rest !== '') return at('trailing garbage after address', rest);
  if (fields === FIELDS) return ellipsis ? 'the :: must expand to at least one field of zeros' : undefined;
  return ellipsis ? undefined : 'address string too short';
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
