// How other API servers are reached: over HTTPS, with the certificate that makes us known as their front proxy.
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import { type Clock, type Random, trusting } from '../../runtime/index.ts';
import type { UserInfo } from '../auth/types.ts';
import { wasStale } from '../http/stale-connection.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { type Address, addressOf, ClusterAgent, type ClusterRequest, endedBy, type PodDialer } from '../webhook/index.ts';
import type { RemoteService } from './remote-service.ts';
import { userHeaders } from './user-headers.ts';

/** Connections kept open to one server. */
const SOCKETS_IDLE_MAX = 25;
/** Bytes of a document that are read. */
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024;

/** PEMs. */
export interface ProxyCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface RemoteClientOptions {
  readonly objects: ObjectReader;
  readonly random: Random;
  readonly clock: Clock;
  readonly dialer: PodDialer;
  /** What is shown now; absent: nothing is. */
  readonly certificate?: (() => ProxyCertificate) | undefined;
}

export interface RemoteRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Flat: name, value, name, value. */
  readonly headers: readonly string[];
  /** The connection is used for this request alone. */
  readonly alone?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is asked on behalf of the server itself. */
export interface DocumentRequest {
  readonly path: string;
  readonly accept: string;
  readonly user: UserInfo;
  readonly timeoutMs: number;
}

export interface RemoteDocument {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** The connections to one server, made as its APIService says. */
interface Connections {
  readonly of: string;
  readonly agent: ClusterAgent;
}

export class RemoteClient {
  readonly #options: RemoteClientOptions;
  readonly #connections = new Map<string, Connections>();
  /** Certificates are not checked where only health is asked for, as upstream. */
  #unchecked: ClusterAgent | undefined;
  /** What is shown on the connections there are. */
  #shown: ProxyCertificate | undefined;

  constructor(options: RemoteClientOptions) {
    this.#options = options;
    this.#shown = options.certificate?.();
  }

  /** Lets go of the connections to those that are not among these. */
  keep(names: ReadonlyMap<string, unknown>): void {
    for (const [name, { agent }] of this.#connections) {
      if (names.has(name)) continue;
      agent.destroy();
      this.#connections.delete(name);
    }
  }

  close(): void {
    this.keep(new Map());
    this.#unchecked?.destroy();
    this.#unchecked = undefined;
  }

  /** @throws Error with upstream's text when the service leads nowhere. */
  addressOf({ service }: RemoteService): Address {
    return addressOf(this.#options.objects, this.#options.random, service);
  }

  /** Begins a request; whoever calls listens for what becomes of it. */
  request(remote: RemoteService, address: Address, { method, path, headers, alone, signal }: RemoteRequest): ClientRequest {
    const agent = alone ? new ClusterAgent(this.#options.dialer, this.#tls(remote)) : this.#agentOf(remote);
    const { host, port } = address;
    const options: ClusterRequest = { host, port, address, method, path, headers, agent, ...(signal ? endedBy(signal) : {}) };
    return https.request(options);
  }

  /** Reads a document. Rejects with what Node says when there is no answer. */
  document(remote: RemoteService, { path, accept, user, timeoutMs }: DocumentRequest): Promise<RemoteDocument> {
    return this.#within(timeoutMs, async (signal) => {
      const address = this.addressOf(remote);
      const headers = [...baseHeaders(address), 'Accept', accept, ...userHeaders(user)];
      const answer = await answerOf(() => this.request(remote, address, { method: 'GET', path, headers, signal }));
      const text = await textOf(answer);
      return { status: answer.statusCode ?? 0, contentType: answer.headers['content-type'] ?? '', text };
    });
  }

  /** Asks whether something is there, and whoever answers is believed. Resolves with the status. */
  probe(address: Address, { path, user, timeoutMs }: Pick<DocumentRequest, 'path' | 'user' | 'timeoutMs'>): Promise<number> {
    const headers = [...baseHeaders(address), ...userHeaders(user)];
    return this.#within(timeoutMs, async (signal) => {
      const { host, port } = address;
      const options: ClusterRequest = { host, port, address, path, headers, agent: this.#uncheckedAgent(), ...endedBy(signal) };
      const answer = await answerOf(() => https.request(options));
      answer.resume();
      return answer.statusCode ?? 0;
    });
  }

  async #within<T>(timeoutMs: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = new AbortController();
    using _ = this.#options.clock.setTimer(timeoutMs, () => late.abort(new Error('context deadline exceeded')));
    try {
      return await run(late.signal);
    } catch (error) {
      throw late.signal.aborted ? late.signal.reason : error;
    }
  }

  /** Another certificate is shown on other connections. Upstream: kube-aggregator, `pkg/apiserver/handler_proxy.go` (`proxyCurrentCertKeyContent`). */
  #refresh(): void {
    const certificate = this.#options.certificate?.();
    if (certificate === this.#shown) return;
    this.close();
    this.#shown = certificate;
  }

  #uncheckedAgent(): ClusterAgent {
    this.#refresh();
    this.#unchecked ??= new ClusterAgent(this.#options.dialer, { ...this.#identity(), rejectUnauthorized: false });
    return this.#unchecked;
  }

  #agentOf(remote: RemoteService): ClusterAgent {
    this.#refresh();
    const of = JSON.stringify([remote.service, remote.ca, remote.insecure]);
    const known = this.#connections.get(remote.name);
    if (known?.of === of) return known.agent;
    known?.agent.destroy();
    const agent = new ClusterAgent(this.#options.dialer, { keepAlive: true, maxFreeSockets: SOCKETS_IDLE_MAX, ...this.#tls(remote) });
    this.#connections.set(remote.name, { of, agent });
    return agent;
  }

  #tls({ service, ca, insecure }: RemoteService) {
    return {
      ...this.#identity(),
      servername: `${service.name}.${service.namespace}.svc`,
      rejectUnauthorized: !insecure,
      ...trusting(ca),
    };
  }

  #identity() {
    const certificate = this.#options.certificate?.();
    return certificate ? { cert: certificate.certificate, key: certificate.key } : {};
  }
}

/** Where an address is, as URLs have it. */
export const hostOf = ({ host, port }: Address): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

const baseHeaders = (address: Address): string[] => ['Host', hostOf(address), 'User-Agent', 'kube-apiserver'];

function answerOf(begin: () => ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = begin();
    request.once('response', resolve);
    request.once('error', (error) => {
      if (wasStale(request, error)) resolve(answerOf(begin));
      else reject(error);
    });
    request.end();
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    chunks.push(chunk);
    size += chunk.length;
    if (size > DOCUMENT_BYTES_MAX) throw new Error('the document is too large');
  }
  return Buffer.concat(chunks).toString();
}
