import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { HttpResponse } from '../../cri.ts';
import { BadAnswer, type ByteStream, CLIENT_PORT, type Listener, type ServedRequest } from '../network/listener.ts';
import { secured } from '../network/tls-listener.ts';
import type { ProcessContext } from '../program.ts';
import { logRequest } from './access-log.ts';
import type { Pem } from './certificates.ts';
import type { Configuration } from './configuration.ts';
import { type ClientConnection, type ClientRequest, type Counters, Exchange, hostName } from './exchange.ts';
import { answer } from './handler.ts';
import type { ErrorLevel } from './logs.ts';
import type { Endpoint, HttpServer } from './model.ts';
import { takeRequest } from './request-text.ts';
import { respond, type Sent } from './respond.ts';
import type { Scope } from './scope.ts';

/** What a listener needs of the server it is of. */
export interface ListenerParts {
  readonly process: ProcessContext;
  readonly config: Configuration;
  readonly counters: Counters;
  readonly certificates: ReadonlyMap<HttpServer, Pem>;
  writeLog(path: string, text: string): void;
  /** @param scope whose `error_log` it is for */
  writeError(scope: Scope, level: ErrorLevel, text: string): void;
  next(): number;
}

/** Answers on a port, with the servers that listen there. */
export class HttpListener implements Listener {
  readonly #parts: ListenerParts;
  readonly #endpoints: readonly Endpoint[];
  readonly #contexts = new Map<HttpServer, SecureContext>();
  readonly #open = new Set<TLSSocket>();

  /** @param endpoints those of one port; connections are for the first whose address they came to */
  constructor(parts: ListenerParts, endpoints: readonly Endpoint[]) {
    this.#parts = parts;
    this.#endpoints = endpoints;
  }

  /** Breaks off what is open, as the end of the process does. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  get #endpoint(): Endpoint | undefined {
    const { ip } = this.#parts.process;
    return (
      this.#endpoints.find(({ address }) => address === ip) ??
      this.#endpoints.find(({ address }) => /^(?:0\.0\.0\.0|\[::\])$/.test(address)) ??
      this.#endpoints[0]
    );
  }

  #connect(from: string, isSecure: boolean): ClientConnection | undefined {
    const endpoint = this.#endpoint;
    if (!endpoint) return undefined;
    this.#parts.counters.accepted++;
    const { counters } = this.#parts;
    return { address: from, port: CLIENT_PORT, endpoint, isSecure, number: this.#parts.next(), requests: 0, counters };
  }

  async http(request: ServedRequest): Promise<HttpResponse> {
    // What a client makes of the answer of a server that takes its handshake for a request.
    if (request.tls && !this.#endpoint?.ssl) throw new BadAnswer('http: server gave HTTP response to HTTPS client');
    const connection = this.#connect(request.from, request.tls ?? false);
    if (!connection) return { status: 400, headers: {}, body: '' };
    const hasHost = Object.keys(request.headers).some((name) => name.toLowerCase() === 'host');
    const headers = hasHost ? request.headers : { Host: request.host, ...request.headers };
    const { method, path, body = '', signal, protocol = 'HTTP/1.1' } = request;
    const sent = await this.#answer(connection, {
      method,
      target: path,
      line: `${method} ${path} ${protocol}`,
      protocol,
      headers,
      body,
      signal,
    });
    return {
      status: sent.status,
      headers: recordOf(sent),
      body: sent.body,
      head: sent.head,
    };
  }

  async #answer(connection: ClientConnection, sent: ClientRequest): Promise<Sent> {
    const { process, config, counters } = this.#parts;
    const request = withoutAuthority(sent);
    connection.requests++;
    counters.requests++;
    const host = hostName(Object.entries(request.headers).find(([name]) => name.toLowerCase() === 'host')?.[1] ?? '');
    const found = connection.endpoint.names.find(host);
    const server = found?.owner ?? connection.endpoint.fallback;
    const tell = (level: ErrorLevel, text: string) => this.#parts.writeError(exchange.scope, level, text);
    const exchange: Exchange = new Exchange({ config, process, connection, request, server, tell });
    exchange.groups = found?.groups ?? new Map();
    const answered = respond(exchange, await answer(exchange));
    logRequest(exchange, (path, line) => this.#parts.writeLog(path, line));
    return answered;
  }

  async stream(connection: ByteStream): Promise<void> {
    if (!this.#endpoint?.ssl) return await this.#serve(connection, false);
    const { isTls, input } = await peek(connection.input);
    if (!isTls) return await this.#serve({ ...connection, input }, false);
    const usual = this.#contextFor('');
    const options = {
      ...(usual ? { secureContext: usual } : {}),
      SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => done(null, this.#contextFor(name)),
    };
    await secured({ ...connection, input }, options, this.#open, (secure) => this.#serve(secure, true));
  }

  /** The certificate of the server that a client names; of the default one when it names none. */
  #contextFor(name: string): SecureContext | undefined {
    const endpoint = this.#endpoint;
    const server = endpoint?.names.find(name.toLowerCase())?.owner ?? endpoint?.fallback;
    const pem = server && this.#parts.certificates.get(server);
    if (!server || !pem) return undefined;
    let context = this.#contexts.get(server);
    if (!context) {
      context = createSecureContext(pem);
      this.#contexts.set(server, context);
    }
    return context;
  }

  /** Requests of a connection, one after the other, until it is to be closed. */
  async #serve({ input, output, from, signal }: ByteStream, isSecure: boolean): Promise<void> {
    const connection = this.#connect(from, isSecure);
    let text = '';
    for await (const piece of input) {
      text += piece;
      for (let taken = takeRequest(text); taken && connection; taken = takeRequest(text)) {
        text = taken.rest;
        const sent = await this.#answer(connection, { ...taken.request, signal });
        const head = taken.request.protocol === 'HTTP/0.9' ? '' : `${sent.head}\r\n`;
        if (!sent.isSilent) output(`${head}${bodyText(sent)}`);
        if (sent.isSilent || !sent.keepAlive) return;
      }
    }
  }
}

/** What a handshake begins with. */
const HANDSHAKE = '\x16';

/** Whether what comes is a handshake; with all of it still to be read. */
async function peek(input: AsyncIterable<string>): Promise<{ readonly isTls: boolean; readonly input: AsyncIterable<string> }> {
  const iterator = input[Symbol.asyncIterator]();
  const first = await iterator.next();
  const text = first.done ? '' : first.value;
  async function* all(): AsyncGenerator<string> {
    yield text;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  return { isTls: text.startsWith(HANDSHAKE), input: all() };
}

const bodyText = ({ headers, body }: Sent): string =>
  headers.some(([name]) => name === 'Transfer-Encoding') && body !== '' ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;

/** Headers by their names in small letters; those that are there more than once, with commas. */
function recordOf({ headers }: Sent): Record<string, string> {
  const record: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (key !== 'transfer-encoding') record[key] = record[key] === undefined ? value : `${record[key]}, ${value}`;
  }
  return record;
}

/** A request that names its server in its target, as those to a proxy do: the name counts, not the one of its header (RFC 9112, section 3.2.2). */
function withoutAuthority(request: ClientRequest): ClientRequest {
  const [, host, rest = ''] = /^https?:\/\/([^/?#]+)(.*)$/i.exec(request.target) ?? [];
  if (host === undefined) return request;
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, name.toLowerCase() === 'host' ? host : value]),
  );
  return { ...request, target: rest.startsWith('/') ? rest : `/${rest}`, headers };
}
