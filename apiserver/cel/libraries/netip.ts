// Why Go's net/netip does not take a text for an IP address.
import { goQuote, parseIp } from '../../../api/index.ts';

/** What `netip.ParseAddr` says is wrong, after its `ParseAddr("…"): `; nothing if the text is an address, with or without a zone. */
export function netipError(text: string): string | undefined {
  const first = /[.:%]/.exec(text)?.[0];
  if (first === undefined) return 'unable to parse IP';
  if (first === '%') return 'missing IPv6 address';
  return first === '.' ? v4Error(text) : v6Error(text);
}

function v4Error(text: string): string | undefined {
  let digits = '';
  let octets = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? '';
    if (/\d/.test(c)) {
      if (digits === '0') return 'IPv4 field has octet with leading zero';
      digits += c;
      if (Number(digits) > 255) return 'IPv4 field has value >255';
    } else if (c === '.') {
      if (i === 0 || i === text.length - 1 || text[i - 1] === '.') return `IPv4 field must have at least one digit${at(text.slice(i))}`;
      if (octets === 3) return 'IPv4 address too long';
      octets++;
      digits = '';
    } else return `unexpected character${at(text.slice(i))}`;
  }
  return octets < 3 ? 'IPv4 address too short' : undefined;
}

const at = (rest: string): string => ` (at ${goQuote(rest)})`;

function v6Error(whole: string): string | undefined {
  const percent = whole.indexOf('%');
  const text = percent < 0 ? whole : whole.slice(0, percent);
  if (percent >= 0 && percent === whole.length - 1) return 'zone must be a non-empty string';
  return parseIp(text) && !hasLeadingZeroTail(text) ? undefined : v6Reason(text);
}

const hasLeadingZeroTail = (text: string): boolean => /(?:^|[:.])0\d+(?:\.|$)/.test(text) && text.includes('.');

function v6Reason(text: string): string {
  if (/^:(?!:)/.test(text)) return `each colon-separated field must have at least one digit${at(text)}`;
  const long = /(?:^|:)([\da-fA-F]{5,}.*)$/.exec(text)?.[1];
  if (long !== undefined) return `each group must have 4 or less digits${at(long)}`;
  const wrong = /[^\da-fA-F:.].*$/.exec(text)?.[0];
  if (wrong !== undefined) return `unexpected character, want colon${at(wrong)}`;
  if ((text.match(/::/g)?.length ?? 0) > 1) return `multiple :: in address${at(text.slice(text.lastIndexOf('::') + 1))}`;
  if (/[^:]:$/.test(text)) return `colon must be followed by more characters${at(':')}`;
  const groups = text.split(':').length;
  if (groups > 8) return `trailing garbage after address${at(text.split(':').slice(8).join(':'))}`;
  return groups < 8 ? 'address string too short' : 'the :: must expand to at least one field of zeros';
}
