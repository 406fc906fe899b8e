import { isIP } from 'node:net';
import { unbracketed } from '../../../host-port.ts';
import { isWithin } from '../../network/policy.ts';
import type { Body } from './body.ts';
import { BadCommandLine, type CurlOptions } from './options.ts';

export const VERSION = '8.16.0';
/** Of a proxy whose port nobody names. */
const PROXY_PORT = '1080';

/** A header as it is sent. */
export type Header = readonly [name: string, value: string];

/** Why a URL is not asked for; the message and the exit code are upstream's. */
export class BadUrl extends Error {
  override readonly name = 'BadUrl';
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

/** A URL that was asked for. */
export interface AskedUrl {
  readonly url: URL;
  /** How it is shown: with the port that was given, be it the usual one. */
  readonly shown: string;
  /** Path and query as they were written: only what leads up is taken out of them. */
  readonly target: string;
}

/**
 * Reads a URL, of HTTP unless it says otherwise. Upstream: `lib/urlapi.c`.
 *
 * @param query what is added to it
 * @throws BadUrl
 */
export function readUrl(text: string, query: string): AskedUrl {
  const [, scheme = 'http', rest = text] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  if (!/^https?$/i.test(scheme)) throw new BadUrl(`Protocol "${scheme.toLowerCase()}" not supported`, 1);
  const [authority = '', path = ''] = rest.split(/(?=[/?#])(.*)/s);
  const host = authority.replace(/^.*@/s, '');
  if (/[\0-\x20\x7f]/.test(rest)) throw new BadUrl('URL rejected: Malformed input to a URL function', 3);
  if (host === '' || host.startsWith(':')) throw new BadUrl('URL rejected: No host part in the URL', 3);
  const port = /:([^:\]]*)$/.exec(host)?.[1];
  if (port !== undefined && !(/^\d*$/.test(port) && Number(port) <= 65_535))
    throw new BadUrl('URL rejected: Port number was not a decimal number between 0 and 65535', 3);
  const [before = '', fragment] = path.split(/#(.*)/s);
  const asked = query === '' ? before : `${before}${before.includes('?') ? '&' : '?'}${query}`;
  const written = `${asked.startsWith('/') ? '' : '/'}${asked}`;
  const whole = `${scheme.toLowerCase()}://${host}${written}`;
  try {
    const url = new URL(`${scheme}://${authority}${written}`);
    const target = /\/\.{1,2}(?=[/?]|$)/.test(written) ? `${url.pathname}${url.search}` : written;
    return { url, shown: fragment === undefined ? whole : `${whole}#${fragment}`, target };
  } catch {
    throw new BadUrl('URL rejected: Bad hostname', 3);
  }
}

/** What one request of possibly several is made of. */
export interface RequestParts {
  readonly url: URL;
  readonly method: string;
  readonly body: Body | undefined;
  readonly cookie: string | undefined;
  /** Whether who the user is may be told: not to another host than the first. */
  readonly isTrusted: boolean;
}

/** The headers of a request, in the order in which curl sends them. Upstream: `lib/http.c` (Curl_http). */
export function headersOf(options: CurlOptions, { url, body, cookie, isTrusted }: RequestParts): Header[] {
  const own = ownHeaders(options, isTrusted);
  const given = new Set([...own.set.map(([name]) => name.toLowerCase()), ...own.removed]);
  const host = own.set.find(([name]) => name.toLowerCase() === 'host')?.[1];
  const usual: (Header | undefined)[] = [
    ['Host', host ?? url.host],
    isTrusted ? authorizationOf(options, url) : undefined,
    optional('Range', options.value('range'), (range) => `bytes=${range}`),
    optional('User-Agent', options.value('user-agent') ?? `curl/${VERSION}`),
    options.all('json').length > 0 ? undefined : ['Accept', '*/*'],
    options.is('compressed') ? ['Accept-Encoding', 'deflate, gzip, br, zstd'] : undefined,
    optional('Referer', options.value('referer')?.replace(/;auto$/, '')),
    optional('Cookie', cookie),
  ];
  const ofBody: Header[] = body ? [['Content-Length', String(body.content.length)]] : [];
  if (body?.type && options.all('json').length === 0) ofBody.push(['Content-Type', body.type]);
  const isFree = (header: Header | undefined): header is Header =>
    header !== undefined && (header[0] === 'Host' ? !own.removed.has('host') : !given.has(header[0].toLowerCase()));
  const custom = own.set.filter(([name]) => name.toLowerCase() !== 'host');
  return [...usual.filter(isFree), ...custom, ...jsonHeaders(options, given), ...ofBody.filter(isFree)];
}

const optional = (name: string, value: string | undefined, written = (text: string) => text): Header | undefined =>
  value === undefined || value === '' ? undefined : [name, written(value)];

const jsonHeaders = (options: CurlOptions, given: ReadonlySet<string>): Header[] =>
  options.all('json').length === 0
    ? []
    : (['Content-Type', 'Accept'] as const).filter((name) => !given.has(name.toLowerCase())).map((name) => [name, 'application/json']);

/** Those of `-H`: `NAME: VALUE`; `NAME:` takes one away, and `NAME;` sends it without a value. */
function ownHeaders(options: CurlOptions, isTrusted: boolean): { readonly set: readonly Header[]; readonly removed: ReadonlySet<string> } {
  const set: Header[] = [];
  const removed = new Set<string>();
  for (const line of options.values('header')) {
    const [, name = '', mark = '', value = ''] = /^([^:;]*)([:;]?)(.*)$/s.exec(line) ?? [];
    const isSecret = /^(authorization|cookie)$/i.test(name);
    if (name === '' || mark === '' || (isSecret && !isTrusted)) continue;
    if (value.trim() !== '') set.push([name, value.trim()]);
    else if (mark === ';') set.push([name, '']);
    else removed.add(name.toLowerCase());
  }
  return { set, removed };
}

function authorizationOf(options: CurlOptions, url: URL): Header | undefined {
  const bearer = options.value('oauth2-bearer');
  if (bearer !== undefined) return ['Authorization', `Bearer ${bearer}`];
  const inUrl = url.username === '' ? undefined : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const user = options.value('user') ?? inUrl;
  if (user === undefined) return undefined;
  return ['Authorization', `Basic ${Buffer.from(user.includes(':') ? user : `${user}:`, 'latin1').toString('base64')}`];
}

/** A host and a port. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/**
 * Where `--resolve` and `--connect-to` lead a connection.
 *
 * @throws BadCommandLine about what cannot be read
 */
export function redirectedPlace(options: CurlOptions, place: Place): Place {
  const { host, port } = connectTo(options, place);
  for (const entry of options.values('resolve').toReversed()) {
    const [, name, ofPort, addresses = ''] = /^\+?-?(\[[^\]]*\]|[^:]*):(\d+)(?::(.*))?$/s.exec(entry) ?? [];
    const [address = ''] = addresses.split(',');
    if (name === undefined || (!entry.startsWith('-') && isIP(unbracketed(address)) === 0))
      throw new BadCommandLine(`curl: (49) Couldn't parse CURLOPT_RESOLVE entry '${entry}'`, 49);
    if (!entry.startsWith('-') && Number(ofPort) === port && (name === '*' || unbracketed(name).toLowerCase() === host))
      return { host: unbracketed(address), port };
  }
  return { host, port };
}

function connectTo(options: CurlOptions, place: Place): Place {
  for (const entry of options.values('connect-to')) {
    const [, host = '', port = '', toHost = '', toPort = ''] = /^(\[[^\]]*\]|[^:]*):(\d*):(\[[^\]]*\]|[^:]*):(\d*)$/.exec(entry) ?? [];
    if ((host === '' || unbracketed(host).toLowerCase() === place.host) && (port === '' || Number(port) === place.port))
      return { host: unbracketed(toHost) || place.host, port: Number(toPort || place.port) };
  }
  return place;
}

/**
 * The proxy that a request of HTTP goes through: of `-x`, or of the variables that curl heeds.
 *
 * @throws BadUrl for one that is not spoken to here
 */
export function proxyOf(options: CurlOptions, variables: ReadonlyMap<string, string>, url: URL): Place | undefined {
  const ofScheme = url.protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy'];
  const named = [...ofScheme, 'all_proxy', 'ALL_PROXY'].map((name) => variables.get(name)).find((value) => value);
  const text = options.value('proxy') ?? named;
  const exempt = options.value('noproxy') ?? variables.get('no_proxy') ?? variables.get('NO_PROXY') ?? '';
  if (!text || isExempt(url.hostname, exempt)) return undefined;
  const [, scheme = 'http', host = '', port = PROXY_PORT] =
    /^(?:(\w+):\/\/)?(?:[^@/]*@)?(\[[^\]]*\]|[^:/]*)(?::(\d+))?\/?$/.exec(text) ?? [];
  if (host === '') throw new BadUrl(`Unsupported proxy syntax in '${text}'`, 5);
  if (scheme !== 'http' || url.protocol === 'https:')
    throw new BadUrl(`Unsupported proxy '${text}' for ${url.protocol}//, libcurl is built without the HTTPS-proxy support.`, 7);
  return { host: unbracketed(host), port: Number(port) };
}

const isExempt = (host: string, list: string): boolean =>
  list.split(/[\s,]+/).some((entry) => {
    const name = entry.replace(/^\./, '').toLowerCase();
    return (
      entry === '*' ||
      (name !== '' && (host === name || host.endsWith(`.${name}`) || (name.includes('/') && isWithin(unbracketed(host), name))))
    );
  });
