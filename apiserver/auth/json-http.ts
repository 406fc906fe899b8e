import http from 'node:http';
import https from 'node:https';
import { type Clock, type Dial, trusting, VerifyingAgent } from '../../runtime/index.ts';
import { type Answered, followed, type Hop, patiently } from '../http/redirects.ts';
import { wasStale } from '../http/stale-connection.ts';

/** Bytes of an answer that are read. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;
/** Connections kept open. */
const SOCKETS_IDLE_MAX = 4;

/** How somebody is reached who is not part of the cluster: an OpenID provider, a webhook. */
export interface Peer {
  /** PEM; the system's authorities unless given. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly token?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
  readonly tlsServerName?: string | undefined;
  readonly timeoutMs: number;
  /** The way there; direct unless given. */
  readonly dial?: Dial | undefined;
  readonly clock: Clock;
}

interface Question extends Pick<Hop, 'method' | 'body'> {
  readonly url: string;
}

export interface PeerAnswer extends Answered {
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/**
 * Asks one peer over HTTP, and whoever it leads to. Calls reject with Node's errors, a RedirectError, or after the peer's timeout, which is for all of a
 * call, with an AbortError, or a TimeoutError while waiting to ask again.
 */
export class PeerClient {
  readonly #peer: Peer;
  readonly #secure: https.Agent;
  readonly #plain: http.Agent;
  readonly #closed = new AbortController();

  constructor(peer: Peer) {
    this.#peer = peer;
    const { ca, cert, key, insecureSkipTlsVerify, tlsServerName, dial } = peer;
    const pool = { keepAlive: true, maxFreeSockets: SOCKETS_IDLE_MAX };
    this.#plain = new http.Agent(pool);
    this.#secure = new VerifyingAgent({
      dial,
      ...pool,
      ...trusting(ca),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
      rejectUnauthorized: insecureSkipTlsVerify !== true,
    });
  }

  get(url: string): Promise<PeerAnswer> {
    return this.#ask({ url, method: 'GET' }, this.#late());
  }

  /** Posts JSON. */
  post(url: string, body: unknown): Promise<PeerAnswer> {
    return this.postText(url, JSON.stringify(body));
  }

  /** Posts what is JSON already; again when the peer says when. */
  postText(url: string, json: string): Promise<PeerAnswer> {
    const { clock } = this.#peer;
    const late = this.#late();
    const ending = AbortSignal.any([late, this.#closed.signal]);
    return patiently(
      () => this.#ask({ url, method: 'POST', body: json }, late),
      (ms) => clock.sleep(ms, ending),
    );
  }

  /** Lets go of open connections. */
  close(): void {
    this.#closed.abort(new Error('the client was closed'));
    this.#secure.destroy();
    this.#plain.destroy();
  }

  #late(): AbortSignal {
    return AbortSignal.timeout(this.#peer.timeoutMs);
  }

  #ask({ url, method, body }: Question, signal: AbortSignal): Promise<PeerAnswer> {
    const at = new URL(url);
    return followed({ url: at, host: at.host, method, body }, (hop) => this.#send(hop, signal));
  }

  #send(hop: Hop, signal: AbortSignal): Promise<PeerAnswer> {
    const { url, method, body, referer } = hop;
    const { token } = this.#peer;
    const isSecure = url.protocol === 'https:';
    const headers = {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...(referer === undefined ? {} : { referer }),
    };
    const options = { method, headers, agent: isSecure ? this.#secure : this.#plain, signal };
    return new Promise((resolve, reject) => {
      const request = (isSecure ? https : http).request(url, options, (response) => {
        const { location, 'retry-after': retryAfter } = response.headers;
        readAll(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, location, retryAfter, text }),
          reject,
        );
      });
      request.on('error', (error) => {
        if (wasStale(request, error)) resolve(this.#send(hop, signal));
        else reject(error);
      });
      request.end(body);
    });
  }
}

async function readAll(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes: Buffer = chunk;
    size += bytes.length;
    if (size > ANSWER_BYTES_MAX) throw new Error(`the answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
