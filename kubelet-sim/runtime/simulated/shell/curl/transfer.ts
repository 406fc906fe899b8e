import { isIP } from 'node:net';
import type { HttpResponse } from '../../../cri.ts';
import { unbracketed } from '../../../host-port.ts';
import { capitals, reasonOf } from '../../network/http-text.ts';
import { CLIENT_PORT } from '../../network/listener.ts';
import type { Dialled } from '../../network/pod-network.ts';
import { type Answer, ask, type Call, portOf } from '../http-client.ts';
import type { CommandContext } from '../shell-context.ts';
import type { Body } from './body.ts';
import type { CookieJar } from './cookies.ts';
import type { CurlOptions } from './options.ts';
import { type AskedUrl, BadUrl, type Header, headersOf, proxyOf, redirectedPlace } from './request.ts';

const REDIRECTS_MAX = 50;

/** One of the requests that a transfer took. */
export interface Hop extends Answer {
  readonly method: string;
  readonly bytesOut: number;
  /** How many bytes of its body were told while they came. */
  readonly streamed: number;
  /** Milliseconds since the transfer began. */
  readonly connectedAt: number;
  readonly answeredAt: number;
}

/** What a command keeps from one URL to the next. */
export interface Session {
  readonly context: CommandContext;
  readonly options: CurlOptions;
  /** Absent when it was told of no cookies. */
  readonly jar: CookieJar | undefined;
  /** Which servers it has connections to, and their numbers. */
  readonly connections: Map<string, number>;
  readonly variables: ReadonlyMap<string, string>;
}

/** What is to be transferred. */
export interface Wanted {
  readonly asked: AskedUrl;
  readonly body: Body | undefined;
  /** Takes a body as it comes, where that may be. */
  readonly onBody: ((piece: string) => void) | undefined;
  /** Told of each answer whose head is there. */
  readonly onHop: (hop: Hop, isLast: boolean) => Promise<void>;
  /** Told of a step, for `-v`. */
  readonly say: (text: string) => Promise<void>;
}

/**
 * Asks for a URL, and goes where redirects lead when it is to follow them.
 *
 * @throws BadUrl, ConnectError, BadAnswer, TimedOut
 */
export async function transfer(session: Session, wanted: Wanted): Promise<readonly Hop[]> {
  const { options } = session;
  const { clock } = session.context.host.process;
  const started = clock.monotonic();
  const limit = options.value('max-redirs') === undefined ? REDIRECTS_MAX : options.number('max-redirs');
  const hops: Hop[] = [];
  let { body } = wanted;
  let { url, target } = wanted.asked;
  let method = options.value('request') ?? (options.is('head') ? 'HEAD' : (body?.method ?? 'GET'));
  for (;;) {
    const hop = await exchange(session, { ...wanted, url, target, method, body, started });
    hops.push(hop);
    const next = followed(options, hop);
    await wanted.onHop(hop, next === undefined);
    if (next === undefined) return hops;
    if (limit >= 0 && hops.length > limit) throw new BadUrl(`Maximum (${limit}) redirects followed`, 47);
    await wanted.say(`* Issue another request to this URL: '${next.href}'\n`);
    if (becomesGet(options, hop.response.status, method)) {
      await wanted.say(`* Switch from ${method} to GET\n`);
      method = options.value('request') ?? 'GET';
      body = undefined;
    }
    url = next;
    target = `${next.pathname}${next.search}`;
  }
}

/** Where an answer sends who follows it. */
function followed(options: CurlOptions, { url, response }: Hop): URL | undefined {
  const { location } = response.headers;
  const follows = options.is('location') || options.is('location-trusted');
  if (!follows || location === undefined || response.status < 300 || response.status >= 400) return undefined;
  return new URL(location, url);
}

/** A request with a body is not sent again to where 301, 302 and 303 lead. */
const becomesGet = (options: CurlOptions, status: number, method: string): boolean =>
  (status === 303 && method !== 'GET' && method !== 'HEAD' && !options.is('post303')) ||
  ((status === 301 || status === 302) && method === 'POST' && !options.is(`post${status}`));

interface Asked extends Wanted {
  readonly url: URL;
  readonly target: string;
  readonly method: string;
  readonly started: number;
}

async function exchange(session: Session, { asked, url, target: path, method, body, started, onBody, say }: Asked): Promise<Hop> {
  const { context, options, jar, variables } = session;
  const { clock } = context.host.process;
  const isTrusted = url.host === asked.url.host || options.is('location-trusted');
  const headers = headersOf(options, { url, method, body, cookie: cookieOf(session, url), isTrusted });
  const proxy = proxyOf(options, variables, url);
  const target = options.value('request-target') ?? (proxy ? `http://${url.host}${path}` : path);
  let connectedAt = 0;
  let streamed = 0;
  const lines: Promise<void>[] = [];
  const call: Call = {
    ...limitsOf(options),
    method,
    headers: Object.fromEntries(headers.filter(([name]) => name !== 'Content-Length').map(([name, value]) => [name.toLowerCase(), value])),
    body: body?.content,
    at: proxy ?? redirectedPlace(options, { host: url.hostname, port: portOf(url) }),
    target,
    onConnect: (dialled) => {
      connectedAt = clock.monotonic() - started;
      lines.push(say(connectedText(session, url, dialled) + requestText(method, target, headers, body)));
    },
    onBody:
      onBody &&
      ((piece) => {
        streamed += piece.length;
        onBody(piece);
      }),
  };
  const answer = await answered(ask(context.host, url, call), lines);
  for (const line of headLines(answer.response)) {
    const cookie = /^set-cookie:\s*(.*)$/i.exec(line)?.[1];
    if (cookie !== undefined) jar?.take(url, cookie);
  }
  const answeredAt = clock.monotonic() - started;
  return { ...answer, method, bytesOut: body?.content.length ?? 0, streamed, connectedAt, answeredAt };
}

/** Those of the jar, and those of `-b NAME=VALUE`. */
function cookieOf({ options, jar }: Session, url: URL): string | undefined {
  const given = options.values('cookie').filter((value) => value.includes('='));
  const all = [jar?.header(url), ...given].filter((text) => text !== undefined);
  return all.length === 0 ? undefined : all.join('; ');
}

function limitsOf(options: CurlOptions): Pick<Call, 'timeoutMs' | 'connectMs' | 'resolveMs'> {
  const timeoutMs = options.number('max-time') * 1000;
  const connectMs = options.number('connect-timeout') * 1000;
  return { timeoutMs, connectMs, resolveMs: connectMs || timeoutMs };
}

/** What `-v` tells of how the connection came about. Upstream: `lib/hostip.c`, `lib/cf-socket.c`, `lib/cfilters.c`, `lib/http.c` of 8.16. */
function connectedText({ connections, context }: Session, url: URL, { address, port }: Dialled): string {
  const at = `${address} ${port}`;
  const host = unbracketed(url.hostname);
  if (connections.has(at)) return `* Reusing existing ${url.protocol} connection with host ${host}\n`;
  connections.set(at, connections.size);
  const isName = isIP(host) === 0;
  const [v6, v4] = isIP(address) === 6 ? [address, '(none)'] : ['(none)', address];
  const found = isName ? `* Host ${host}:${portOf(url)} was resolved.\n* IPv6: ${v6}\n* IPv4: ${v4}\n` : '';
  const shown = isIP(address) === 6 ? `[${address}]` : address;
  const tls = url.protocol === 'https:' ? '* ALPN: curl offers http/1.1\n* SSL connection using TLSv1.3\n' : '';
  const own = `${context.host.process.ip} port ${CLIENT_PORT}`;
  return `${found}*   Trying ${shown}:${port}...\n${tls}* Established connection to ${host} (${address} port ${port}) from ${own} \n* using HTTP/1.x\n`;
}

function requestText(method: string, target: string, headers: readonly Header[], body: Body | undefined): string {
  const head = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`), '']
    .map((line) => `> ${line}\r\n`)
    .join('');
  if (body === undefined) return `${head}* Request completely sent off\n`;
  return `${head}} [${body.content.length} bytes data]\n* upload completely sent off: ${body.content.length} bytes\n`;
}

/** The lines of an answer's head, without their ends: as the server wrote them, where that is known. */
export function headLines({ status, reason = reasonOf(status), headers, body, head }: HttpResponse): string[] {
  if (head !== undefined) return head.split(/\r?\n/).filter((line) => line !== '');
  const shown = Object.entries(headers).flatMap(([name, value]) => value.split('\n').map((one) => `${capitals(name)}: ${one}`));
  const hasLength = 'content-length' in headers || 'transfer-encoding' in headers;
  return [`HTTP/1.1 ${status} ${reason}`, ...shown, ...(hasLength ? [] : [`Content-Length: ${body.length}`])];
}

/** Waits for an answer, and for what was told meanwhile. */
async function answered(asking: Promise<Answer>, told: readonly Promise<void>[]): Promise<Answer> {
  try {
    return await asking;
  } finally {
    await Promise.all(told);
  }
}
