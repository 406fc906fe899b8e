// Passes requests on to other API servers. Upstream: kube-aggregator, `pkg/apiserver/handler_proxy.go`; apimachinery, `pkg/util/proxy`.
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../runtime/index.ts';
import { pipeAnswer } from '../http/messages.ts';
import { wasStale } from '../http/stale-connection.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { sendNotice } from '../pipeline/respond.ts';
import { answerOf, Upgraded } from '../pipeline/upgraded.ts';
import { type Address, inGo } from '../webhook/index.ts';
import { hostOf, type RemoteClient } from './remote-client.ts';
import type { RemoteService } from './remote-service.ts';
import { namesUser, userHeaders } from './user-headers.ts';

/** How long another server may take to tell what it serves. */
const DISCOVERY_MS_MAX = 5000;
const REDIRECTED = 'the backend attempted to redirect this request, which is not permitted';

/** Headers that are one connection's business. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** What the client tells us, not them: its credentials, whom it wants to be, and what we say ourselves. */
const OURS: ReadonlySet<string> = new Set([
  'authorization',
  'host',
  'audit-id',
  'x-forwarded-uri',
  'x-forwarded-host',
  'x-forwarded-proto',
]);
const IMPERSONATION = 'impersonate-';
const CORS: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
]);

export interface ProxyParts {
  readonly client: RemoteClient;
  readonly clock: Clock;
  /** Answers that lead elsewhere are refused: `--aggregator-reject-forwarding-redirect`. */
  readonly rejectRedirects: boolean;
  /** Headers, beside the usual ones, in which proxies before this server name users. */
  readonly namesUser?: ((lowerCaseName: string) => boolean) | undefined;
}

/** Lets another server answer. */
export async function proxyRequest(parts: ProxyParts, exchange: Exchange, remote: RemoteService): Promise<void> {
  const address = remote.available ? resolve(parts, remote) : undefined;
  if (!address) return sendNotice(exchange, 503, 'service unavailable\n');
  const late = new AbortController();
  const signal = AbortSignal.any([exchange.signal, late.signal]);
  using _ = isDiscovery(exchange)
    ? parts.clock.setTimer(DISCOVERY_MS_MAX, () => late.abort(new Error('context deadline exceeded')))
    : undefined;
  try {
    const answer = await exchangeWith(parts, exchange, { remote, address, signal });
    if (answer instanceof Upgraded) await answer.join(exchange);
    else await passOn(parts, exchange, answer);
  } catch (error) {
    if (exchange.signal.aborted || exchange.response.headersSent) {
      exchange.response.destroy();
      return;
    }
    const why = late.signal.aborted ? late.signal.reason : error;
    const text = textOf(why, address, exchange.upgrade ? 'error dialing backend' : 'error trying to reach service');
    sendNotice(exchange, 503, `${text}\n`);
  }
}

const textOf = (error: unknown, address: Address, what: string): string =>
  error instanceof UpgradeRefused ? error.message : `${what}: ${inGo(error, address)}`;

function resolve({ client }: ProxyParts, remote: RemoteService): Address | undefined {
  try {
    return client.addressOf(remote);
  } catch {
    return undefined; // the Service leads nowhere: all that is said of it is that it is not available
  }
}

const isDiscovery = ({ info }: Exchange): boolean => !info.isResource && info.path.split('/').filter(Boolean).length === 3;

interface To {
  readonly remote: RemoteService;
  readonly address: Address;
  readonly signal: AbortSignal;
}

/** A request without a body is sent once more when the connection turns out to have been closed meanwhile. */
async function exchangeWith(parts: ProxyParts, exchange: Exchange, to: To): Promise<IncomingMessage | Upgraded> {
  const hasBody = !exchange.upgrade && exchange.request.hasBody;
  const begin = () =>
    parts.client.request(to.remote, to.address, {
      method: exchange.request.method ?? 'GET',
      path: exchange.request.url ?? '/',
      headers: requestHeaders(exchange, to.address, parts.namesUser),
      alone: hasBody || exchange.upgrade !== undefined,
      signal: to.signal,
    });
  for (;;) {
    const request = begin();
    try {
      return await answerOf(request, hasBody ? exchange.request : undefined);
    } catch (error) {
      if (!wasStale(request, error)) throw error;
    }
  }
}

/** What the client said, and with whom and what it is about. Flat: name, value, name, value. */
function requestHeaders(exchange: Exchange, address: Address, alsoNamesUser: ProxyParts['namesUser'] = () => false): string[] {
  const { request, user, auditId, upgrade, span } = exchange;
  const { forwardedFor, headers } = clientHeaders(exchange, alsoNamesUser);
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  const all = ['Host', hostOf(address), ...userHeaders(user), 'Audit-Id', auditId, ...headers];
  if (span) all.push('Traceparent', span.traceparent);
  if (request.headers.te === 'trailers') all.push('Te', 'trailers');
  all.push('X-Forwarded-For', forwardedFor + (request.socket?.remoteAddress ?? ''));
  all.push('X-Forwarded-Uri', path, 'X-Forwarded-Host', hostOf(address), 'X-Forwarded-Proto', 'https');
  if (upgrade) all.push('Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? '', 'Content-Length', '0');
  else if (request.hasBody && request.headers['content-length'] === undefined) all.push('Transfer-Encoding', 'chunked');
  return all;
}

/** What the client said, without what is not for them. */
function clientHeaders({ request, upgrade, span }: Exchange, alsoNamesUser: NonNullable<ProxyParts['namesUser']>) {
  const dropped = new Set((request.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  if (upgrade) dropped.add('content-length');
  if (span) dropped.add('traceparent');
  const headers: string[] = [];
  let forwardedFor = '';
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    const [name = '', value = ''] = request.rawHeaders.slice(i, i + 2);
    const lower = name.toLowerCase();
    if (lower === 'x-forwarded-for') forwardedFor += `${value}, `;
    else if (!HOP_BY_HOP.has(lower) && !dropped.has(lower) && isForThem(lower) && !alsoNamesUser(lower)) headers.push(name, value);
  }
  return { forwardedFor, headers };
}

const isForThem = (name: string): boolean => !OURS.has(name) && !namesUser(name) && !name.startsWith(IMPERSONATION);

/** Streams an answer to the client. */
async function passOn({ rejectRedirects }: ProxyParts, exchange: Exchange, answer: IncomingMessage): Promise<void> {
  const { response } = exchange;
  const status = answer.statusCode ?? 502;
  const isRedirect = status >= 300 && status <= 399 && answer.headers.location !== undefined;
  if (exchange.upgrade && status < 400) {
    answer.destroy();
    throw new UpgradeRefused(`invalid upgrade response: status code ${status}`);
  }
  if (isRedirect && rejectRedirects) {
    answer.destroy();
    response.writeHead(502, [
      'Audit-Id',
      exchange.auditId,
      'Cache-Control',
      'no-cache, private',
      'Content-Length',
      String(REDIRECTED.length),
    ]);
    response.end(REDIRECTED);
    return;
  }
  response.writeHead(status, responseHeaders(exchange, answer));
  response.flushHeaders();
  await pipeAnswer(answer, response);
}

function responseHeaders(exchange: Exchange, { rawHeaders, headers }: IncomingMessage): string[] {
  const dropped = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const passed = ['Audit-Id', exchange.auditId];
  if (headers['cache-control'] === undefined) passed.push('Cache-Control', 'no-cache, private');
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2);
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !dropped.has(lower) && !CORS.has(lower) && lower !== 'audit-id') passed.push(name, value);
  }
  return passed;
}

/** A server that did not do what it was asked. */
class UpgradeRefused extends Error {
  override readonly name = 'UpgradeRefused';
}
