import { gzipSync } from 'node:zlib';
import type { Exchange, Reply } from './exchange.ts';
import { errorPage, reasonOf } from './pages.ts';
import { applyRanges } from './ranges.ts';
import type { Scope } from './scope.ts';
import { templateOf } from './templates.ts';
import { parseSize, parseTime } from './units.ts';
import { valueFor } from './variables.ts';

type Header = readonly [string, string];

/** An answer as it goes out. */
export interface Sent {
  readonly status: number;
  /** The status line and the headers, each with its end of line. */
  readonly head: string;
  readonly headers: readonly Header[];
  readonly body: string;
  readonly keepAlive: boolean;
  readonly isSilent: boolean;
}

/** Statuses after which nginx closes the connection. */
const CLOSING: ReadonlySet<number> = new Set([400, 413, 414, 494, 497, 500, 501]);

/** What is around a chunk and behind the last, but for its length. */
const CHUNK_BYTES = '\r\n\r\n0\r\n\r\n'.length;

/** What a status of nginx's own is to a client. */
const SHOWN: Readonly<Record<number, number>> = { 494: 400, 495: 400, 496: 400, 497: 400 };

/** Makes of an answer what is sent: the page of a status that has none, what the client has already, parts, compression, headers. */
export function respond(exchange: Exchange, given: Reply): Sent {
  const keepAlive = keepsAlive(exchange) && !CLOSING.has(given.status);
  let reply = applyExpires(exchange, withPage(exchange, given));
  reply = withConditions(exchange, reply);
  reply = withPage(exchange, applyRanges(exchange, reply));
  reply = { ...reply, headers: [...reply.headers, ...addedHeaders(exchange, reply.status)] };
  reply = compress(exchange, reply);
  const headers = headersOf(exchange, reply, keepAlive);
  const status = SHOWN[reply.status] ?? reply.status;
  const reason = reply.reason ?? reasonOf(status);
  const head = `HTTP/1.1 ${String(status).padStart(3, '0')} ${reason}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
  const hasBody = exchange.request.method !== 'HEAD' && status !== 204 && status !== 304;
  exchange.status = reply.status === 494 ? 494 : status;
  exchange.sentHeaders = headers;
  const isSilent = reply.isSilent ?? false;
  const framing = headers.some(([name]) => name === 'Transfer-Encoding') ? CHUNK_BYTES + reply.body.length.toString(16).length : 0;
  exchange.bodyBytesSent = hasBody && !isSilent ? reply.body.length + framing : 0;
  exchange.bytesSent = isSilent ? 0 : head.length + 2 + exchange.bodyBytesSent;
  return { status, head, headers, body: hasBody ? reply.body : '', keepAlive, isSilent };
}

const signatureOf = ({ scope, config }: Exchange): string => (scope.text('server_tokens') === 'off' ? 'nginx' : `nginx/${config.version}`);

function withPage(exchange: Exchange, reply: Reply): Reply {
  if (reply.isProxied || reply.body !== '' || reply.type !== undefined || reply.status < 300) return reply;
  const page = errorPage(reply.status, signatureOf(exchange));
  return page === '' ? reply : { ...reply, body: page, type: 'text/html' };
}

function keepsAlive({ request, headers, scope, connection }: Exchange): boolean {
  const said = (headers.get('connection') ?? '').toLowerCase();
  const wants = request.protocol === 'HTTP/1.1' ? said !== 'close' : said === 'keep-alive';
  const timeout = parseTime(scope.text('keepalive_timeout') ?? '') ?? 75_000;
  return wants && timeout > 0 && connection.requests < Number(scope.text('keepalive_requests') ?? 1000);
}

/** Whether the client has what it asks for, or asks for something else than is there (`ngx_http_not_modified_filter_module`). */
function withConditions(exchange: Exchange, reply: Reply): Reply {
  const { headers, scope } = exchange;
  if (reply.status !== 200) return reply;
  const etag = headerOf(reply, 'etag');
  const modified = reply.lastModified === undefined ? undefined : Math.floor(reply.lastModified / 1000) * 1000;
  const unmodifiedSince = headers.get('if-unmodified-since');
  const match = headers.get('if-match');
  if (unmodifiedSince !== undefined && modified !== undefined && modified > Date.parse(unmodifiedSince)) return bare(412);
  if (match !== undefined && !fits(match, etag, true)) return bare(412);
  const since = headers.get('if-modified-since');
  const noneMatch = headers.get('if-none-match');
  if (since === undefined && noneMatch === undefined) return reply;
  const mode = scope.text('if_modified_since') ?? 'exact';
  const isModified =
    since !== undefined &&
    (modified === undefined || mode === 'off' || (mode === 'before' ? modified > Date.parse(since) : modified !== Date.parse(since)));
  if (isModified || (noneMatch !== undefined && !fits(noneMatch, etag, false))) return reply;
  return { ...reply, status: 304, body: '', type: undefined, hasRanges: false };

  function bare(status: number): Reply {
    return withPage(exchange, { status, headers: [], body: '' });
  }
}

const headerOf = ({ headers }: Reply, wanted: string): string | undefined => headers.find(([name]) => name.toLowerCase() === wanted)?.[1];

function fits(list: string, etag: string | undefined, isStrong: boolean): boolean {
  if (list.trim() === '*') return true;
  if (etag === undefined) return false;
  const plain = (text: string) => (isStrong ? text : text.replace(/^W\//, ''));
  return list.split(',').some((one) => plain(one.trim()) === plain(etag));
}

/** Statuses for which headers are added without `always`. */
const ADDED_FOR: ReadonlySet<number> = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

function addedHeaders(exchange: Exchange, status: number): Header[] {
  return exchange.scope.all('add_header').flatMap((directive): Header[] => {
    const [name = '', , always] = directive.args;
    if (always === undefined && !ADDED_FOR.has(status)) return [];
    const value = templateOf(directive, 1).fill((variable) => valueFor(exchange, variable));
    return value === '' ? [] : [[name, value]];
  });
}

const DAY_SECONDS = 86_400;

/** `expires`: until when an answer may be kept. */
function applyExpires(exchange: Exchange, reply: Reply): Reply {
  const directive = exchange.scope.find('expires');
  if (!directive || !ADDED_FOR.has(reply.status)) return reply;
  const words = directive.args.map((_, i) => templateOf(directive, i).fill((name) => valueFor(exchange, name)));
  const [first = ''] = words;
  const now = exchange.process.clock.now();
  const withTime = (expires: string, control: string): Reply => ({
    ...reply,
    headers: [
      ...reply.headers.filter(([name]) => !/^(?:expires|cache-control)$/i.test(name)),
      ['Expires', expires],
      ['Cache-Control', control],
    ],
  });
  if (first === 'off' || first === '') return reply;
  if (first === 'epoch') return withTime('Thu, 01 Jan 1970 00:00:01 GMT', 'no-cache');
  if (first === 'max') return withTime('Thu, 31 Dec 2037 23:55:55 GMT', 'max-age=315360000');
  const text = first === 'modified' ? (words[1] ?? '') : first;
  const isDaily = text.startsWith('@');
  const seconds = Math.floor((parseTime(text.replace(/^[-+@]/, '')) ?? 0) / 1000) * (text.startsWith('-') ? -1 : 1);
  const nowSeconds = Math.floor(now / 1000);
  const base = first === 'modified' && reply.lastModified !== undefined ? Math.floor(reply.lastModified / 1000) : nowSeconds;
  const ofDay = (seconds - (nowSeconds % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
  const until = isDaily ? nowSeconds + ofDay : base + seconds;
  const age = until - nowSeconds;
  return withTime(new Date(until * 1000).toUTCString(), age < 0 ? 'no-cache' : `max-age=${age}`);
}

const COMPRESSED: ReadonlySet<number> = new Set([200, 403, 404]);

/** `gzip`, where the client takes it and the answer is of a type for which that is worth it. */
function compress(exchange: Exchange, reply: Reply): Reply {
  const { scope, headers, request } = exchange;
  if (!scope.isOn('gzip') || !COMPRESSED.has(reply.status) || headerOf(reply, 'content-encoding') !== undefined) return reply;
  const minLength = parseSize(scope.text('gzip_min_length') ?? '') ?? 20;
  if (reply.body.length < minLength || !ofTypes(scope, reply.type ?? '')) return reply;
  const vary: Header[] = scope.isOn('gzip_vary') ? [['Vary', 'Accept-Encoding']] : [];
  const isTaken = /(?:^|,)\s*gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))/i.test(headers.get('accept-encoding') ?? '');
  const isForProxies = !headers.has('via') || (scope.find('gzip_proxied')?.args ?? ['off']).includes('any');
  if (!isTaken || request.protocol !== 'HTTP/1.1' || !isForProxies) return { ...reply, headers: [...vary, ...reply.headers] };
  const level = Number(scope.text('gzip_comp_level') ?? 1);
  const body = gzipSync(Buffer.from(reply.body, 'latin1'), { level }).toString('latin1');
  const kept = reply.headers
    .filter(([name]) => name.toLowerCase() !== 'accept-ranges')
    .map(([name, value]): Header => [name, name.toLowerCase() === 'etag' && !value.startsWith('W/') ? `W/${value}` : value]);
  return { ...reply, body, headers: [...vary, ...kept, ['Content-Encoding', 'gzip']], hasRanges: false };
}

function ofTypes(scope: Scope, type: string): boolean {
  const plain = type.replace(/;.*$/, '').trim();
  const types = scope.all('gzip_types').flatMap(({ args }) => args);
  return plain === 'text/html' || types.includes(plain) || types.includes('*');
}

/** Charsets are told for these. */
const CHARSET_TYPES: ReadonlySet<string> = new Set(
  'text/html text/xml text/plain text/vnd.wap.wml application/javascript application/rss+xml'.split(' '),
);

function contentType({ scope }: Exchange, { type = '', isProxied }: Reply): string {
  const charset = scope.text('charset');
  const types = new Set([...CHARSET_TYPES, ...scope.all('charset_types').flatMap(({ args }) => args)]);
  const isCharset = charset !== undefined && charset !== 'off' && types.has(type) && !isProxied;
  return isCharset ? `${type}; charset=${charset}` : type;
}

/** Statuses with which it is told when something was changed. */
const DATED: ReadonlySet<number> = new Set([200, 206, 304]);

/** All headers, in nginx's order (`ngx_http_header_filter`). */
function headersOf(exchange: Exchange, reply: Reply, keepAlive: boolean): readonly Header[] {
  const { location } = reply;
  const { scope, process } = exchange;
  const isAbsolute = location?.startsWith('/') && scope.isOn('absolute_redirect', true);
  const keep = scope.find('keepalive_timeout')?.args[1];
  return [
    ['Server', signatureOf(exchange)],
    ['Date', new Date(process.clock.now()).toUTCString()],
    ...aboutBody(exchange, reply),
    ...some(isAbsolute ? `${originOf(exchange)}${location}` : undefined, 'Location'),
    ...some(hasNoLength(reply) && exchange.request.protocol === 'HTTP/1.1' ? 'chunked' : undefined, 'Transfer-Encoding'),
    ['Connection', keepAlive ? 'keep-alive' : 'close'],
    ...some(keepAlive && keep !== undefined ? `timeout=${Math.floor((parseTime(keep) ?? 0) / 1000)}` : undefined, 'Keep-Alive'),
    ...reply.headers,
    ...some(isAbsolute ? undefined : location, 'Location'),
  ];
}

const some = (value: string | undefined, name: string): Header[] => (value === undefined ? [] : [[name, value]]);

/** It is made, or compressed, bit by bit. */
const hasNoLength = (reply: Reply): boolean =>
  (reply.isChunked ?? false) || (headerOf(reply, 'content-encoding') === 'gzip' && !reply.isProxied);

function aboutBody(exchange: Exchange, reply: Reply): Header[] {
  const { status, lastModified } = reply;
  const modified = lastModified !== undefined && DATED.has(status) ? new Date(lastModified).toUTCString() : undefined;
  if (status === 304 || status === 204) return some(modified, 'Last-Modified');
  const ofOther = exchange.request.method === 'HEAD' && reply.isProxied;
  const length = ofOther ? (exchange.upstreamHeaders.get('content-length') ?? '0') : String(reply.body.length);
  return [
    ...some(contentType(exchange, reply) || undefined, 'Content-Type'),
    ...some(hasNoLength(reply) ? undefined : length, 'Content-Length'),
    ...some(modified, 'Last-Modified'),
  ];
}

/** What a redirect to a path is told as. */
function originOf(exchange: Exchange): string {
  const { connection, scope, server, host } = exchange;
  const name = scope.isOn('server_name_in_redirect') ? (server.names[0] ?? '') : host || exchange.process.ip;
  const scheme = connection.isSecure ? 'https' : 'http';
  const { port } = connection.endpoint;
  const isUsual = port === (connection.isSecure ? 443 : 80) || !scope.isOn('port_in_redirect', true);
  return `${scheme}://${name}${isUsual ? '' : `:${port}`}`;
}
