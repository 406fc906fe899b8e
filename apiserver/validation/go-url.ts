// URLs as Go's net/url reads them, with its words for what is wrong.
import { goQuote } from '../../api/index.ts';

/** The parts of a URL that rules ask about. */
export interface GoUrl {
  readonly scheme: string;
  /** User and password; undefined when there is no `@`. */
  readonly user: string | undefined;
  readonly host: string;
  readonly query: string;
  readonly fragment: string;
}

/** What is wrong with a URL; the message is Go's. */
export class GoUrlError extends Error {
  override readonly name = 'GoUrlError';

  constructor(url: string, why: string) {
    super(`parse ${goQuote(url)}: ${why}`);
  }
}

/** @throws GoUrlError */
export function parseGoUrl(text: string): GoUrl {
  const hash = text.indexOf('#');
  const fragment = hash < 0 ? '' : text.slice(hash + 1);
  const url = parse(hash < 0 ? text : text.slice(0, hash), false);
  checkEscapes(text, fragment);
  return { ...url, fragment };
}

/**
 * Reads a URL as it stands in a request: an absolute one, or an absolute path.
 *
 * @throws GoUrlError
 */
export const parseGoRequestUri = (text: string): GoUrl => ({ ...parse(text, true), fragment: '' });

type Parsed = Omit<GoUrl, 'fragment'>;

const NOTHING: Parsed = { scheme: '', user: undefined, host: '', query: '' };

function parse(text: string, viaRequest: boolean): Parsed {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new GoUrlError(text, 'net/url: invalid control character in URL');
  if (text === '' && viaRequest) throw new GoUrlError(text, 'empty url');
  if (text.startsWith(':')) throw new GoUrlError(text, 'missing protocol scheme');
  if (text === '*') return NOTHING;
  const [, scheme = '', rest = text] = /^([A-Za-z][-A-Za-z0-9+.]*):(.*)$/s.exec(text) ?? [];
  const mark = rest.indexOf('?');
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const url = { ...NOTHING, scheme: scheme.toLowerCase(), query: mark < 0 ? '' : rest.slice(mark + 1) };
  if (path.startsWith('/')) return { ...url, ...parsePath(text, path, scheme !== '' || (!viaRequest && !path.startsWith('///'))) };
  if (scheme === '') checkRelative(text, path, viaRequest);
  return url;
}

/** Reads a path that begins with a slash; after two there may be a host. */
function parsePath(url: string, path: string, mayHaveHost: boolean): Pick<GoUrl, 'user' | 'host'> | undefined {
  const hasHost = mayHaveHost && path.startsWith('//');
  const slash = hasHost ? path.indexOf('/', 2) : 0;
  checkEscapes(url, slash < 0 ? '' : path.slice(slash));
  return hasHost ? parseAuthority(url, path.slice(2, slash < 0 ? undefined : slash)) : undefined;
}

function checkRelative(url: string, path: string, viaRequest: boolean): void {
  if (viaRequest) throw new GoUrlError(url, 'invalid URI for request');
  if (path.split('/', 1)[0]?.includes(':')) throw new GoUrlError(url, 'first path segment in URL cannot contain colon');
  checkEscapes(url, path);
}

function parseAuthority(url: string, authority: string): Pick<GoUrl, 'user' | 'host'> {
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  checkHost(url, host);
  if (at < 0) return { user: undefined, host };
  const user = authority.slice(0, at);
  if (!/^[-A-Za-z0-9._:~!$&'()*+,;=%@]*$/.test(user)) throw new GoUrlError(url, 'net/url: invalid userinfo');
  checkEscapes(url, user);
  return { user, host };
}

function checkHost(url: string, host: string): void {
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']');
    if (end < 0) throw new GoUrlError(url, "missing ']' in host");
    checkPort(url, host.slice(end + 1));
  } else if (host.includes(':')) checkPort(url, host.slice(host.lastIndexOf(':')));
  const [odd] = /[^-A-Za-z0-9._~!$&'()*+,;=:[\]<>"%\u0080-\uffff]/.exec(host) ?? [];
  if (odd !== undefined) throw new GoUrlError(url, `invalid character ${goQuote(odd)} in host name`);
  // In hosts only what is not ASCII may be escaped, and a percent sign.
  const [wrong] = /%(?![89A-Fa-f][0-9A-Fa-f]|25).{0,2}/.exec(host) ?? [];
  if (wrong !== undefined) throw new GoUrlError(url, `invalid URL escape ${goQuote(wrong)}`);
}

function checkPort(url: string, port: string): void {
  if (!/^(?::\d*)?$/.test(port)) throw new GoUrlError(url, `invalid port ${goQuote(port)} after host`);
}

function checkEscapes(url: string, text: string): void {
  const [wrong] = /%(?![0-9A-Fa-f]{2}).{0,2}/s.exec(text) ?? [];
  if (wrong !== undefined) throw new GoUrlError(url, `invalid URL escape ${goQuote(wrong)}`);
}
