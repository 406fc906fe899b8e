import type { HttpResponse } from '../../cri.ts';
import { BadAnswer, ConnectError } from '../network/listener.ts';
import type { Exchange, Reply, UpstreamTry } from './exchange.ts';
import { headersOfHead } from './header-text.ts';
import type { Directive } from './scope.ts';
import type { Outcome } from './static.ts';
import { templateOf } from './templates.ts';
import { parseTime } from './units.ts';
import { type Peer, peerName, resolverFor, splitHost, Upstream } from './upstreams.ts';
import { escapeUri } from './uri.ts';
import { valueFor } from './variables.ts';

/** Where a request is passed on to. */
interface Destination {
  readonly scheme: 'http' | 'https';
  /** As the configuration has it, with its port where it names one. */
  readonly host: string;
  /** Path and query. */
  readonly target: string;
  readonly upstream: Upstream;
}

/** Why a try came to nothing. */
interface Failure {
  readonly status: 502 | 504;
  readonly kind: 'error' | 'timeout' | 'invalid_header';
  readonly text: string;
}

/** Passes a request on, to another server of the upstream when one fails. */
export async function passOn(exchange: Exchange, directive: Directive): Promise<Outcome> {
  const destination = await destinationOf(exchange, directive);
  if (!destination) return { status: 502 };
  const { upstream } = destination;
  exchange.variables.set('proxy_host', destination.host);
  exchange.variables.set('proxy_port', String(splitHost(destination.host, destination.scheme === 'https' ? 443 : 80).port));
  const key = upstream.hashKey?.fill((name) => valueFor(exchange, name)) ?? '';
  const tried = new Set<Peer>();
  let failure: Failure | undefined;
  for (;;) {
    const { clock, random } = exchange.process;
    const peer = upstream.next(tried, { now: clock.now(), address: exchange.connection.address, key, random });
    if (!peer) break;
    tried.add(peer);
    const answered = await attempt(exchange, destination, peer);
    if (!('text' in answered)) {
      if (!mayTryNext(exchange, `http_${answered.status}`) || !hasNext(upstream, tried)) return replyOf(exchange, destination, answered);
      fail(peer, clock.now());
      continue;
    }
    failure = answered;
    fail(peer, clock.now());
    if (!mayTryNext(exchange, failure.kind)) break;
  }
  if (failure) return { status: failure.status };
  exchange.tries.push({ address: upstream.name, status: 502, ms: 0, bytes: 0 });
  exchange.log('error', 'no live upstreams while connecting to upstream', `${destination.scheme}://${upstream.name}${destination.target}`);
  return { status: 502 };
}

const fail = (peer: Peer, now: number): void => {
  peer.fails++;
  peer.failedAt = now;
};

const hasNext = ({ peers }: Upstream, tried: ReadonlySet<Peer>): boolean => peers.some((peer) => !tried.has(peer) && !peer.isDown);

/** Requests that change something are not sent twice, unless it is said that they may. */
function mayTryNext({ scope, method }: Exchange, kind: string): boolean {
  const kinds = scope.find('proxy_next_upstream')?.args ?? ['error', 'timeout'];
  const isSafe = !['POST', 'LOCK', 'PATCH'].includes(method) || kinds.includes('non_idempotent') || kind === 'error';
  return isSafe && kinds.includes(kind);
}

/** @returns undefined when a name that is only known with the request leads nowhere */
async function destinationOf(exchange: Exchange, directive: Directive): Promise<Destination | undefined> {
  const { config } = exchange;
  const isVariable = directive.args[0]?.includes('$') ?? false;
  const url = templateOf(directive).fill((name) => valueFor(exchange, name));
  const [, scheme = '', host = '', path = ''] = /^(https?):\/\/([^/?]*)(.*)$/i.exec(url) ?? [];
  if (host === '') {
    exchange.log('error', `invalid URL prefix in "${url}"`);
    return undefined;
  }
  const secure = scheme.toLowerCase() === 'https';
  const known = config.upstreams.get(host) ?? config.upstreams.get(`${scheme.toLowerCase()}://${host}`);
  const upstream = known ?? (await resolveNow(exchange, host, secure ? 443 : 80));
  if (!upstream) return undefined;
  return { scheme: secure ? 'https' : 'http', host, target: targetOf(exchange, path, isVariable), upstream };
}

/** A name that stands in a variable is asked of the `resolver` when a request needs it; it has to be whole. */
async function resolveNow(exchange: Exchange, name: string, usualPort: number): Promise<Upstream | undefined> {
  const { host, port } = splitHost(name, usualPort);
  const { process, scope } = exchange;
  let addresses: readonly string[] = [];
  if (/^[\d.]+$|:/.test(host)) addresses = await resolverFor(process)(host);
  else if (!scope.find('resolver')) exchange.log('error', `no resolver defined to resolve ${host}`);
  else {
    addresses = (await process.network.lookUp(host, 'A')).map(({ data }) => data);
    if (addresses.length === 0) exchange.log('error', `${host} could not be resolved (3: Host not found)`);
  }
  if (addresses.length === 0) return undefined;
  const peer = {
    port,
    weight: 1,
    isBackup: false,
    isDown: false,
    failsMax: 1,
    failTimeoutMs: 10_000,
    current: 0,
    active: 0,
    fails: 0,
    failedAt: 0,
  };
  return new Upstream(
    name,
    addresses.map((address) => ({ ...peer, address })),
  );
}

/** Path and query that are asked for: as the client wrote them, or with the location's part of them replaced. */
function targetOf(exchange: Exchange, path: string, isVariable: boolean): string {
  const { uri, args, prefix, request } = exchange;
  const query = args === '' ? '' : `?${args}`;
  if (path !== '' && isVariable) return path.startsWith('?') ? `/${path}` : path;
  if (path === '' && exchange.isUnparsed) return request.target;
  if (path === '' || !exchange.isLocationValid) return `${escapeUri(uri)}${query}`;
  return `${path.startsWith('?') ? `/${path}` : path}${escapeUri(uri.slice(prefix.length))}${query}`;
}

const USUAL_TIMEOUT_MS = 60_000;

const timeoutOf = ({ scope }: Exchange, name: string): number => parseTime(scope.text(name) ?? '') ?? USUAL_TIMEOUT_MS;

async function attempt(exchange: Exchange, destination: Destination, peer: Peer): Promise<HttpResponse | Failure> {
  const { process } = exchange;
  const one: UpstreamTry = { address: peerName(peer), status: 502, ms: 0, bytes: 0 };
  exchange.tries.push(one);
  const began = process.clock.monotonic();
  peer.active++;
  try {
    const response = await ask(exchange, destination, peer);
    one.status = response.status;
    one.bytes = response.body.length;
    return response;
  } catch (error) {
    const failure = await failureOf(exchange, error, destination.scheme === 'https');
    one.status = failure.status;
    exchange.log('error', failure.text, `${destination.scheme}://${peerName(peer)}${destination.target}`);
    return failure;
  } finally {
    peer.active--;
    one.ms = Math.round(process.clock.monotonic() - began);
  }
}

class ReadTimeout extends Error {
  override readonly name = 'ReadTimeout';
}

async function ask(exchange: Exchange, { scheme, target, host }: Destination, { address, port }: Peer): Promise<HttpResponse> {
  const { process, scope, method, request } = exchange;
  const dialled = await process.network.dial(address, port);
  const headers = headersFor(exchange);
  const own = scope.find('proxy_set_body');
  const passesBody = scope.isOn('proxy_pass_request_body', true);
  const body = own ? templateOf(own).fill((name) => valueFor(exchange, name)) : passesBody ? request.body : '';
  const { signal } = request;
  const protocol = `HTTP/${scope.text('proxy_http_version') ?? '1.0'}`;
  const sent = { protocol, method: scope.text('proxy_method') ?? method, path: target, headers, ...(body === '' ? {} : { body }), signal };
  const over = new AbortController();
  const late = process.clock.sleep(timeoutOf(exchange, 'proxy_read_timeout'), over.signal).then(
    () => {
      throw new ReadTimeout();
    },
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([dialled.http({ ...sent, tls: scheme === 'https' }, headers.host ?? host), late]);
  } finally {
    over.abort();
  }
}

/** What a connection that does not come about, or breaks, is called. */
async function failureOf(exchange: Exchange, error: unknown, isSecure: boolean): Promise<Failure> {
  if (error instanceof ReadTimeout) {
    const text = 'upstream timed out (110: Connection timed out) while reading response header from upstream';
    return { status: 504, kind: 'timeout', text };
  }
  if (error instanceof ConnectError && error.failure === 'timeout') {
    await exchange.process.clock.sleep(timeoutOf(exchange, 'proxy_connect_timeout'), exchange.request.signal);
    return { status: 504, kind: 'timeout', text: 'upstream timed out (110: Connection timed out) while connecting to upstream' };
  }
  if (error instanceof ConnectError) {
    const why = error.failure === 'unreachable' ? '113: Host is unreachable' : '111: Connection refused';
    return { status: 502, kind: 'error', text: `connect() failed (${why}) while connecting to upstream` };
  }
  if (!(error instanceof BadAnswer)) throw error;
  if (isSecure) {
    const text = 'SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream';
    return { status: 502, kind: 'error', text };
  }
  const isCut = error.message === 'EOF';
  const what = isCut ? 'upstream prematurely closed connection' : 'upstream sent no valid HTTP/1.0 header';
  return { status: 502, kind: isCut ? 'error' : 'invalid_header', text: `${what} while reading response header from upstream` };
}

/** Headers of the client's that are for this hop only. */
const HOP: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'expect',
  'upgrade',
  'te',
  'transfer-encoding',
  'content-length',
]);

/** What is sent: what the configuration sets, the usual `Host` and `Connection`, and the client's own headers. */
function headersFor(exchange: Exchange): Record<string, string> {
  const { scope, headers, variables } = exchange;
  const valueIn = (name: string) => valueFor(exchange, name);
  const set = new Map(scope.all('proxy_set_header').map((directive) => [(directive.args[0] ?? '').toLowerCase(), directive] as const));
  const sent: Record<string, string> = {};
  const usual: readonly (readonly [string, string])[] = [
    ['host', variables.get('proxy_host') ?? ''],
    ['connection', 'close'],
  ];
  for (const [name, value] of usual) if (!set.has(name)) sent[name] = value;
  for (const [name, directive] of set) {
    const value = templateOf(directive, 1).fill(valueIn);
    if (value !== '') sent[name] = value;
  }
  if (!scope.isOn('proxy_pass_request_headers', true)) return sent;
  for (const [name, value] of headers) if (!HOP.has(name) && !set.has(name)) sent[name] = value;
  return sent;
}

/** Headers of the other server's that do not go on to the client. */
const HIDDEN: ReadonlySet<string> = new Set(
  'date server x-pad x-accel-expires x-accel-redirect x-accel-limit-rate x-accel-buffering x-accel-charset connection keep-alive transfer-encoding content-length content-type last-modified location refresh'.split(
    ' ',
  ),
);

function replyOf(exchange: Exchange, destination: Destination, response: HttpResponse): Outcome {
  const { scope } = exchange;
  const { status, body } = response;
  const headers = headersOfHead(response);
  exchange.upstreamHeaders = new Map(headers.map(([name, value]) => [name.toLowerCase(), value]));
  const valueIn = (name: string) => exchange.upstreamHeaders.get(name);
  const accelerated = valueIn('x-accel-redirect');
  if (accelerated !== undefined) {
    const [goTo = '', args] = accelerated.split('?');
    return { goTo, args };
  }
  if (status >= 300 && scope.isOn('proxy_intercept_errors') && scope.all('error_page').some(({ args }) => args.includes(String(status))))
    return { status };
  const hidden = new Set(scope.all('proxy_hide_header').map(({ args }) => (args[0] ?? '').toLowerCase()));
  const passed = new Set(scope.all('proxy_pass_header').map(({ args }) => (args[0] ?? '').toLowerCase()));
  const isShown = (name: string) => (!HIDDEN.has(name) && !hidden.has(name)) || (passed.has(name) && HIDDEN.has(name));
  const location = valueIn('location');
  const modified = Date.parse(valueIn('last-modified') ?? '');
  const reply: Reply = {
    status,
    headers: headers.filter(([name]) => isShown(name.toLowerCase())),
    body,
    type: valueIn('content-type'),
    isProxied: true,
    ...(response.head === undefined ? {} : { reason: /^\S+ \d+ ?(.*)/.exec(response.head)?.[1] ?? '' }),
    ...(Number.isNaN(modified) ? {} : { lastModified: modified }),
    ...(location === undefined ? {} : { location: redirectedBy(exchange, destination, location) }),
  };
  return { reply };
}

/** `proxy_redirect`: what another server calls itself is put in the client's terms. */
function redirectedBy(exchange: Exchange, { scheme, host }: Destination, location: string): string {
  const { scope, prefix } = exchange;
  const given = scope.all('proxy_redirect');
  const valueIn = (name: string) => valueFor(exchange, name);
  if (given.some(({ args }) => args[0] === 'off')) return location;
  const [, path = ''] = /^\w+:\/\/[^/]*(\/.*)?$/.exec(exchange.scope.text('proxy_pass') ?? '') ?? [];
  const usual = { from: `${scheme}://${host}${path || '/'}`, to: path === '' ? '/' : prefix || '/' };
  const rules = given
    .filter(({ args }) => args[0] !== 'default')
    .map((directive) => ({ from: templateOf(directive, 0).fill(valueIn), to: templateOf(directive, 1).fill(valueIn) }));
  const hasUsual = given.length === 0 || given.some(({ args }) => args[0] === 'default');
  const rule = [...rules, ...(hasUsual ? [usual] : [])].find(({ from }) => location.startsWith(from));
  return rule ? `${rule.to}${location.slice(rule.from.length)}` : location;
}
