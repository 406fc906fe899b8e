// URLs as Go's net/url reads them, with its errors.
import { goQuote } from '../../field-error.ts';

export interface GoUrl {
  readonly scheme: string;
  /** With the port. */
  readonly host: string;
  /** As it was written. */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly text: string;
}

/** What Go refuses; the message begins `parse "…": `. */
export class UrlError extends Error {
  override readonly name = 'UrlError';
}

/** A URL as a request has it: absolute, or a path; no fragment. Go's `url.ParseRequestURI`. Throws UrlError. */
export const parseRequestUri = (text: string): GoUrl => parse(text, text, true);

/** Any URL; Go's `url.Parse`. Throws UrlError. */
export function parseUrl(text: string): GoUrl {
  const hash = text.indexOf('#');
  if (hash >= 0) checkEscapes(text, text.slice(hash + 1));
  return parse(text, hash < 0 ? text : text.slice(0, hash), false);
}

const fail = (text: string, message: string): UrlError => new UrlError(`parse ${goQuote(text)}: ${message}`);

function parse(text: string, whole: string, request: boolean): GoUrl {
  checkWhole(text, whole, request);
  if (whole === '*') return { scheme: '', host: '', path: '*', query: '', text };
  const scheme = schemeOf(text, whole);
  const afterScheme = scheme === undefined ? whole : whole.slice(scheme.length + 1);
  const [rest, query] = cut(afterScheme, '?');
  const common = { scheme: (scheme ?? '').toLowerCase(), query, text };
  if (!rest.startsWith('/') && scheme !== undefined) return { ...common, host: '', path: '' };
  checkRelative(text, rest, request);
  const hasAuthority = rest.startsWith('//') && (scheme !== undefined || (!request && !rest.startsWith('///')));
  const slash = hasAuthority ? rest.indexOf('/', 2) : 0;
  const end = slash < 0 ? rest.length : slash;
  const host = hostOf(text, hasAuthority ? rest.slice(2, end) : '');
  const path = rest.slice(end);
  checkEscapes(text, path);
  return { ...common, host, path };
}

function checkWhole(text: string, whole: string, request: boolean): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\x00-\x1f\x7f]/.test(whole)) throw fail(text, 'net/url: invalid control character in URL');
  if (whole === '' && request) throw fail(text, 'empty url');
}

/** What comes after the scheme, if there is none. */
function checkRelative(text: string, rest: string, request: boolean): void {
  if (rest.startsWith('/')) return;
  if (request) throw fail(text, 'invalid URI for request');
  if (/^[^/]*:/.test(rest)) throw fail(text, 'first path segment in URL cannot contain colon');
}

/** What is before a separator, and what after. */
function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Nothing if there is none. */
function schemeOf(text: string, whole: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z\d+.-]*)?:/.exec(whole);
  if (!scheme) return undefined;
  if (scheme[1] === undefined) throw fail(text, 'missing protocol scheme');
  return scheme[1];
}

function hostOf(text: string, authority: string): string {
  const at = authority.lastIndexOf('@');
  const user = authority.slice(0, Math.max(0, at));
  if (!/^[A-Za-z\d\-._:~!$&'()*+,;=%@]*$/.test(user)) throw fail(text, 'net/url: invalid userinfo');
  const host = authority.slice(at + 1);
  const close = host.lastIndexOf(']');
  if (host.startsWith('[') && close < 0) throw fail(text, "missing ']' in host");
  const colon = host.startsWith('[') ? close + 1 : host.lastIndexOf(':');
  const port = colon < 0 ? '' : host.slice(colon);
  if (port !== '' && !/^:\d*$/.test(port)) throw fail(text, `invalid port ${goQuote(port)} after host`);
  checkEscapes(text, host);
  const wrong = /[\s"<>\\^`{|}]/.exec(host.replace(/%[\da-fA-F]{2}/g, ''));
  if (wrong) throw fail(text, `invalid character ${goQuote(wrong[0])} in host name`);
  return decodeHost(text, host, close);
}

/** What is escaped in a host is not ASCII, but for the percent sign; a zone (`[fe80::1%25en0]`) may escape anything. */
function decodeHost(text: string, host: string, close: number): string {
  const zone = host.startsWith('[') ? host.slice(0, close).indexOf('%25') : -1;
  const plain = zone < 0 ? host : host.slice(0, zone) + host.slice(close);
  const wrong = /%(?!25)[0-7][\da-fA-F]/.exec(plain);
  if (wrong) throw fail(text, `invalid URL escape ${goQuote(wrong[0])}`);
  return host.includes('%') ? decodeBytes(host).toString() : host;
}

function checkEscapes(text: string, part: string): void {
  const wrong = /%(?![\da-fA-F]{2}).{0,2}/s.exec(part);
  if (wrong) throw fail(text, `invalid URL escape ${goQuote(wrong[0])}`);
}

/** The host without its port and brackets. */
export function hostName({ host }: GoUrl): string {
  if (host.startsWith('[')) return host.slice(1, host.lastIndexOf(']'));
  const colon = host.lastIndexOf(':');
  return colon < 0 ? host : host.slice(0, colon);
}

export function port({ host }: GoUrl): string {
  return /:(\d*)$/.exec(host.startsWith('[') ? host.slice(host.lastIndexOf(']')) : host)?.[1] ?? '';
}

/** The path, escaped where it was not. */
export function escapedPath({ path }: GoUrl): string {
  if (/^[A-Za-z\d\-._~!$&'()*+,;=:@[\]/%]*$/.test(path)) return path;
  const plain = decodeBytes(path);
  return [...plain]
    .map((byte) => (/[A-Za-z\d\-._~$&+,/:;=@]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : escapeByte(byte)))
    .join('');
}

const escapeByte = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;

function decodeBytes(text: string): Buffer {
  const parts = text.split(/(%[\da-fA-F]{2})/);
  return Buffer.concat(parts.map((part) => (/^%[\da-fA-F]{2}$/.test(part) ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part))));
}

/** The values of each parameter, in the order they came; those that cannot be read are left out. */
export function queryValues({ query }: GoUrl): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';') || /%(?![\da-fA-F]{2})/.test(pair)) continue;
    const [key, value] = cut(pair, '=').map(decodeQuery);
    if (key !== undefined && value !== undefined) values.set(key, [...(values.get(key) ?? []), value]);
  }
  return values;
}

const decodeQuery = (text: string): string => decodeBytes(text.replaceAll('+', ' ')).toString();
