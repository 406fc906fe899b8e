// How the API server calls webhooks: upstream's `pkg/util/webhook/client.go` (apiserver), with the errors of Go's HTTP client.
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { posix } from 'node:path';
import { goQuote, parseJson, refusalMessage } from '../../api/index.ts';
import { type Clock, onAbort, type Random, trusting } from '../../runtime/index.ts';
import { type Answered, followed, type Hop, patiently, RedirectError, textOf } from '../http/redirects.ts';
import { wasStale } from '../http/stale-connection.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { ClusterAgent, type ClusterRequest, endedBy, type PodDialer } from './cluster-agent.ts';
import { type Address, addressOf, type ServicePort } from './service-address.ts';

/** Bytes of an answer that are read. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Connections kept open, per webhook. */
const SOCKETS_IDLE_MAX = 4;
/** Sets of authorities for which connections are kept. */
const AGENTS_MAX = 200;
/** Upstream: `setGlobalDefaults` of apiserver, pkg/util/webhook/authentication.go. */
const USER_AGENT = 'kube-apiserver-admission';

export interface WebhookService extends ServicePort {
  readonly path?: string | undefined;
}

/** Who is to be called: a URL, or a service in the cluster. */
export interface WebhookTarget {
  readonly url?: string | undefined;
  readonly service?: WebhookService | undefined;
  /** PEM in base64; the system's authorities unless given. */
  readonly caBundle?: string | undefined;
}

export interface WebhookCall {
  readonly target: WebhookTarget;
  readonly body: string;
  readonly timeoutMs: number;
  /** Who calls, for webhooks that want to know: PEMs of a certificate, or a bearer token. */
  readonly credentials?: WebhookCredentials | undefined;
  /** Ends the call early. */
  readonly signal?: AbortSignal | undefined;
  /** Of which trace it is a part; of none unless given. */
  readonly traceparent?: string | undefined;
}

export interface WebhookCredentials {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
}

/** A call that failed; the message is upstream's. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  /** The HTTP status that was answered; undefined when there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, options: { readonly cause?: unknown; readonly status?: number | undefined } = {}) {
    super(message, { cause: options.cause });
    this.status = options.status;
  }

  /** Whether the call took longer than it was given. */
  get isLate(): boolean {
    return this.cause instanceof TimeoutError;
  }
}

class TimeoutError extends Error {
  constructor() {
    super('context deadline exceeded');
  }
}

interface Parts {
  readonly objects: ObjectReader;
  readonly random: Random;
  readonly clock: Clock;
  readonly dialer: PodDialer;
}

/** Calls webhooks over HTTPS. */
export class WebhookClient {
  readonly #parts: Parts;
  readonly #agents = new Map<string, ClusterAgent>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Posts JSON; resolves with the answer's text. Rejects with a WebhookError. */
  async post(call: WebhookCall): Promise<string> {
    const { timeoutMs, signal } = call;
    const { clock } = this.#parts;
    const first = firstHop(call);
    const ending = new AbortController();
    using _late = clock.setTimer(timeoutMs, () => ending.abort(new TimeoutError()));
    using _aborted = signal && onAbort(signal, () => ending.abort(new Error('context canceled')));
    const send = (hop: Hop) => this.#sendTo(first, hop, call, ending.signal);
    const ask = () =>
      followed(first, send).catch((error: unknown) => {
        throw error instanceof RedirectError ? notPosted(error.url, error.message, error) : error;
      });
    const wait = (ms: number) =>
      clock.sleep(ms, ending.signal).catch((error: Error) => {
        throw notPosted(textOf(first), error.message, error);
      });
    const answer = await patiently(ask, wait);
    const { status, text, contentType } = answer;
    if (status < 200 || status > 206) throw refusal(answer);
    if (text === '') throw new WebhookError(`0-length response with status code: ${status} and content type: ${contentType}`);
    return text;
  }

  /** Lets go of open connections. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  async #sendTo(first: Hop, hop: Hop, call: WebhookCall, ending: AbortSignal): Promise<Answer> {
    const { service } = call.target;
    let address = addressIn(hop.url);
    try {
      ending.throwIfAborted();
      const [asked, given] = [address, addressIn(first.url)];
      const isService = service && asked.host === given.host && asked.port === given.port;
      if (isService) address = addressOf(this.#parts.objects, this.#parts.random, service);
      return await this.#send({ hop, address }, call, ending);
    } catch (cause) {
      const error: unknown = ending.aborted ? ending.reason : cause;
      throw notPosted(textOf(hop), inGo(error, address), error);
    }
  }

  #agentOf({ caBundle = '' }: WebhookTarget, { cert, key }: WebhookCredentials): ClusterAgent {
    const id = cert === undefined ? caBundle : `${caBundle}\n${cert}`;
    const known = this.#agents.get(id);
    if (known) return known;
    const pem = Buffer.from(caBundle, 'base64').toString().trim();
    const agent = new ClusterAgent(this.#parts.dialer, {
      keepAlive: true,
      maxFreeSockets: SOCKETS_IDLE_MAX,
      ...trusting(pem),
      ...(cert && key ? { cert, key } : {}),
    });
    this.#agents.set(id, agent);
    const [oldest] = this.#agents.keys();
    if (this.#agents.size > AGENTS_MAX && oldest !== undefined) {
      this.#agents.get(oldest)?.destroy();
      this.#agents.delete(oldest);
    }
    return agent;
  }

  #send(destination: Destination, call: WebhookCall, ending: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = this.#request(destination, call, ending);
      request.on('error', (error) => {
        if (wasStale(request, error)) resolve(this.#send(destination, call, ending));
        else reject(error);
      });
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > ANSWER_BYTES_MAX) request.destroy(new Error('http: response body too large'));
        });
        response.on('error', reject);
        response.on('end', () => {
          const { 'content-type': contentType = '', location, 'retry-after': retryAfter } = response.headers;
          resolve({ status: response.statusCode ?? 0, contentType, location, retryAfter, text: Buffer.concat(chunks).toString() });
        });
      });
      request.end(destination.hop.body);
    });
  }

  #request({ hop, address }: Destination, { target, credentials = {}, traceparent }: WebhookCall, ending: AbortSignal): http.ClientRequest {
    const { url, host, method, body, referer } = hop;
    const options = {
      method,
      ...endedBy(ending),
      host: address.host,
      port: address.port,
      path: `${url.pathname}${url.search}`,
      headers: {
        host,
        'user-agent': USER_AGENT,
        'content-type': 'application/json',
        accept: 'application/json, */*',
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
        ...(referer === undefined ? {} : { referer }),
        ...(credentials.token ? { authorization: `Bearer ${credentials.token}` } : {}),
        ...(traceparent === undefined ? {} : { traceparent }),
      },
    };
    if (url.protocol === 'http:') return http.request({ ...options, agent: false });
    // A certificate is for the name that was called, wherever that is; all that answers in a service's place has to have the service's.
    const name = target.service ? serviceName(target.service) : url.hostname;
    const secure: ClusterRequest = {
      ...options,
      agent: this.#agentOf(target, credentials),
      address,
      servername: isIP(name) === 0 ? name : '',
    };
    return https.request(secure);
  }
}

/** A hop, and where that is. */
interface Destination {
  readonly hop: Hop;
  readonly address: Address;
}

interface Answer extends Answered {
  readonly contentType: string;
  readonly text: string;
}

const notPosted = (url: string, why: string, cause: unknown): WebhookError =>
  new WebhookError(`Post ${JSON.stringify(url)}: ${why}`, { cause });

const serviceName = ({ name, namespace }: WebhookService): string => `${name}.${namespace}.svc`;

/** @throws Error for a target that names nobody. */
function firstHop({ target: { url, service }, timeoutMs, body }: WebhookCall): Hop {
  if (url === undefined && !service) throw new Error('webhook configuration must have either service or URL');
  const at = new URL(url ?? `https://${service && serviceName(service)}:${service?.port}${service?.path ?? '/'}`);
  at.pathname = cleanPath(at.pathname);
  at.search = `?timeout=${Math.ceil(timeoutMs / 1000)}s`;
  // The port of a service is told even where it is the usual one.
  return { url: at, host: service ? `${at.hostname}:${service.port}` : at.host, method: 'POST', body };
}

/** Where a URL leads by itself. */
export const addressIn = (url: URL): Address => ({
  host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
  port: Number(url.port || (url.protocol === 'http:' ? 80 : 443)),
});

/** Go's `path.Join`, which client-go puts paths together with (rest/request.go): no empty segment is left, nor a slash at the end. */
const cleanPath = (path: string): string => posix.normalize(path).replace(/(?<=.)\/$/, '');

/** What Go says of a call that failed. */
export function inGo(error: unknown, address: Address): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  const place = address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
  switch (code) {
    case 'ECONNREFUSED':
      return `dial tcp ${place}: connect: connection refused`;
    case 'ECONNRESET':
      // Closed without an answer.
      if (error.message === 'socket hang up') return 'EOF';
      return `read tcp ${place}: read: connection reset by peer`;
    case 'EHOSTUNREACH':
      return `dial tcp ${place}: connect: no route to host`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${address.host}: no such host`;
    case 'EPROTO':
      return 'http: server gave HTTP response to HTTPS client';
    default:
      return code.startsWith('HPE_') ? `net/http: HTTP/1.x transport connection broken: ${malformed(error)}` : error.message;
  }
}

/** What was answered that is no HTTP: its first line. */
function malformed(error: Error): string {
  const [line = ''] = 'rawPacket' in error && Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString().split(/\r?\n/, 1) : [];
  return `malformed HTTP response ${goQuote(line)}`;
}

/** A Status, if that is what was answered; else client-go's `NewGenericServerResponse`. */
function refusal(answer: Answer): WebhookError {
  const told = statusIn(answer.text);
  if (told) return new WebhookError(told.message, { status: told.code });
  return new WebhookError(refusalMessage(answer), { status: answer.status });
}

/** The kind of what is answered when something fails. */
const STATUS = 'Status';

function statusIn(text: string): { readonly message: string; readonly code: number } | undefined {
  let answer: unknown;
  try {
    answer = parseJson(text);
  } catch {
    return undefined; // not a Status: its text is told, or not
  }
  if (!isRecord(answer) || answer.kind !== STATUS || answer.status !== 'Failure') return undefined;
  const { message, code } = answer;
  return { message: typeof message === 'string' ? message : '', code: typeof code === 'number' ? code : 0 };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
