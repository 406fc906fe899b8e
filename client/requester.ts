import type { Clock } from '../runtime/index.ts';
import { answerError } from './answer-error.ts';
import { ConnectionError } from './errors.ts';
import { requestAnswered, requestPaced, requestRetried } from './observation.ts';
import { TokenBucket } from './token-bucket.ts';
import { type StreamResponse, Transport, type TransportRequest } from './transport.ts';
import type { ClientOptions, Query, RawRequest, RawResponse, StreamRequest } from './types.ts';

const JSON_TYPE = 'application/json';
/** How often a request is sent again because the server said so (429 or 5xx with Retry-After). */
const RETRIES_MAX = 10;
/** Codes of a connection that the server closed just as it was used again. */
const STALE_CONNECTION = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

type Options = ClientOptions & { readonly clock: Clock };

/** Requests as the API wants them: identified, paced, tried again where that is safe; answers that are not 2xx are errors. */
export class Requester {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket | undefined;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #host: string;

  constructor(options: Options) {
    this.#transport = new Transport(options);
    this.#clock = options.clock;
    this.#host = new URL(options.server).host;
    this.#bucket = options.qps
      ? new TokenBucket(options.qps, options.burst ?? Math.max(1, Math.ceil(options.qps)), this.#clock.monotonic())
      : undefined;
    this.#headers = {
      'user-agent': options.userAgent,
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    };
  }

  async request(method: string, path: string, request: RawRequest = {}): Promise<RawResponse> {
    const outgoing = this.#prepare(method, path, request);
    for (let retries = 0; ; retries++) {
      const response = await this.#send(outgoing);
      if (response.status < 300) return response;
      const delayMs = retries < RETRIES_MAX ? retryAfterMs(response) : undefined;
      if (delayMs === undefined) throw answerError(response, outgoing);
      await this.#clock.sleep(delayMs, request.signal);
      if (requestRetried.hasSubscribers) requestRetried.publish({ method, host: this.#host, code: String(response.status) });
    }
  }

  /** @param idleMsMax longest silence before the stream counts as broken. */
  async stream(path: string, { query, signal, idleMsMax }: StreamRequest): Promise<StreamResponse['chunks']> {
    const outgoing = this.#prepare('GET', path, { query, signal });
    await this.#pace('GET', signal);
    const { status, headers, chunks } = await this.#told(outgoing, this.#transport.stream({ ...outgoing, idleMsMax }));
    if (status < 300) return chunks;
    const body: Buffer[] = [];
    for await (const chunk of chunks) body.push(chunk);
    throw answerError({ status, headers, body: Buffer.concat(body) }, outgoing);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #prepare(method: string, path: string, { query, body, contentType, accept, signal }: RawRequest): TransportRequest {
    const target = path + queryText(query);
    const accepts = accept ?? JSON_TYPE;
    if (body === undefined) return { method, path: target, headers: { accept: accepts, ...this.#headers }, body, signal };
    const headers = { accept: accepts, 'content-type': contentType ?? JSON_TYPE, ...this.#headers };
    const sent = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return { method, path: target, headers, body: sent, signal };
  }

  /** Sends; a read that met a connection just closed by the server is sent once more. */
  async #send(request: TransportRequest): Promise<RawResponse> {
    await this.#pace(request.method, request.signal);
    try {
      return await this.#told(request, this.#transport.send(request));
    } catch (error) {
      const again = request.method === 'GET' && error instanceof ConnectionError && STALE_CONNECTION.has(error.code);
      if (!again) throw error;
      return await this.#told(request, this.#transport.send(request));
    }
  }

  /** Tells those who count how a request went. */
  async #told<R extends { readonly status: number; readonly body?: Buffer }>(request: TransportRequest, answer: Promise<R>): Promise<R> {
    if (!requestAnswered.hasSubscribers) return await answer;
    const startedAt = this.#clock.monotonic();
    const { method, body: sent = '' } = request;
    const tell = (code: string, receivedBytes?: number) => {
      const tookMs = this.#clock.monotonic() - startedAt;
      requestAnswered.publish({ method, host: this.#host, code, tookMs, sentBytes: Buffer.byteLength(sent), receivedBytes });
    };
    try {
      const answered = await answer;
      tell(String(answered.status), answered.body?.length);
      return answered;
    } catch (error) {
      tell('<error>');
      throw error;
    }
  }

  async #pace(method: string, signal: AbortSignal | undefined): Promise<void> {
    if (!this.#bucket) return;
    const delayMs = this.#bucket.reserve(this.#clock.monotonic());
    if (requestPaced.hasSubscribers) requestPaced.publish({ method, host: this.#host, delayMs });
    if (delayMs > 0) await this.#clock.sleep(delayMs, signal);
  }
}

/** How long the server asks to wait, or undefined when it does not want to be asked again. */
function retryAfterMs({ status, headers }: RawResponse): number | undefined {
  if (status !== 429 && status < 500) return undefined;
  const seconds = headers['retry-after'];
  return seconds !== undefined && /^\d+$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}

function queryText(query: Query | undefined): string {
  if (!query) return '';
  const parts: string[] = [];
  for (const name in query) {
    const value = query[name];
    if (value !== undefined) parts.push(`${name}=${encodeURIComponent(value)}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
