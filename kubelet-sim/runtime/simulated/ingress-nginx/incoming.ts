import { createHash } from 'node:crypto';
import type { Random } from '../../../../runtime/index.ts';
import type { ServedRequest } from '../network/listener.ts';
import { cookiesOf } from './balancer.ts';
import { normalizedPath } from './locations.ts';
import type { Settings } from './settings.ts';

/** A request with what nginx's variables say of it. */
export interface Incoming {
  readonly method: string;
  /** As it was asked for, with the query: `$request_uri`. */
  readonly uri: string;
  /** `$uri`: decoded; undefined when it leaves the root. */
  readonly path: string | undefined;
  /** `$args`. */
  readonly query: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: ReadonlyMap<string, string>;
  readonly body: string;
  readonly signal: AbortSignal | undefined;
  /** `$remote_addr`: the client's, or what a trusted proxy says of it. */
  readonly remote: string;
  /** `$host`: without a port, in lower case. */
  readonly host: string;
  /** `$http_host`: as it was sent. */
  readonly httpHost: string;
  /** What backends are told of the host. */
  readonly bestHost: string;
  readonly isSecure: boolean;
  /** How the client came: what a trusted proxy says counts. */
  readonly accessScheme: string;
  readonly port: string;
  readonly id: string;
}

/** How a request came. */
export interface Entrance {
  readonly isSecure: boolean;
  readonly port: number;
}

const firstOf = (list: string): string => list.split(',')[0]?.trim() ?? '';

/** Reads a request as nginx sees it. */
export function readIncoming(request: ServedRequest, entrance: Entrance, settings: Settings, random: Random): Incoming {
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const trusted = (name: string) => (settings.useForwardedHeaders ? headers[name] : undefined);
  const httpHost = headers.host ?? request.host;
  const forwardedFor = settings.useForwardedHeaders ? headers[settings.forwardedForHeader] : undefined;
  const question = request.path.indexOf('?');
  const usualPort = entrance.isSecure ? '443' : String(entrance.port);
  return {
    method: request.method,
    uri: request.path,
    path: normalizedPath(request.path),
    query: question < 0 ? '' : request.path.slice(question + 1),
    headers,
    cookies: cookiesOf(headers.cookie),
    body: request.body ?? '',
    signal: request.signal,
    remote: forwardedFor ? firstOf(forwardedFor) : request.from,
    host: httpHost.replace(/:\d+$/, '').toLowerCase(),
    httpHost,
    bestHost: firstOf(trusted('x-forwarded-host') ?? '') || httpHost,
    isSecure: entrance.isSecure,
    accessScheme: trusted('x-forwarded-proto') ?? (entrance.isSecure ? 'https' : 'http'),
    port: trusted('x-forwarded-port') ?? usualPort,
    id: headers['x-request-id'] || newId(random),
  };
}

const newId = (random: Random): string => createHash('md5').update(`${random.next()} ${random.next()}`).digest('hex');

/** Headers of one connection, and those that no backend is told. */
const NOT_PASSED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'host',
  'keep-alive',
  'proxy',
  'transfer-encoding',
  'te',
  'upgrade',
]);

/** What a backend is told (upstream's nginx.tmpl, `proxy_set_header`). */
export function forwardedHeaders(
  incoming: Incoming,
  settings: Settings,
  more: {
    readonly vhost: string;
    readonly prefix: string;
    readonly isAuthenticated: boolean;
    readonly extra: Readonly<Record<string, string>>;
  },
): Record<string, string> {
  const { headers } = incoming;
  const passed = Object.entries(headers).filter(([name]) => !NOT_PASSED.has(name) && !(more.isAuthenticated && name === 'authorization'));
  const before = headers['x-forwarded-for'];
  const isFull = settings.useForwardedHeaders && settings.computeFullForwardedFor && before;
  const set: Record<string, string> = {
    host: more.vhost || incoming.bestHost,
    'x-request-id': incoming.id,
    'x-real-ip': incoming.remote,
    'x-forwarded-for': isFull ? `${before}, ${incoming.remote}` : incoming.remote,
    'x-forwarded-host': incoming.bestHost,
    'x-forwarded-port': incoming.port,
    'x-forwarded-proto': incoming.accessScheme,
    'x-forwarded-scheme': incoming.accessScheme,
    'x-scheme': incoming.accessScheme,
    'x-original-forwarded-for': headers[settings.forwardedForHeader] ?? '',
    'x-original-forwarded-host': headers['x-forwarded-host'] ?? '',
    'x-original-uri': settings.addsOriginalUri ? incoming.uri : '',
    'x-forwarded-prefix': more.prefix || (headers['x-forwarded-prefix'] ?? ''),
  };
  // What is set to nothing is not sent.
  const kept = passed.filter(([name]) => set[name] === undefined);
  return { ...Object.fromEntries(Object.entries(set).filter(([, value]) => value !== '')), ...Object.fromEntries(kept), ...more.extra };
}
