import { performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Logger } from '../../runtime/index.ts';
import { arrive } from '../runtime/simulated/network/arrival.ts';
import { kubeProxyAt } from '../runtime/simulated/network/kube-proxy.ts';
import { BadAnswer, ConnectError, isNameFailure, type Listener } from '../runtime/simulated/network/listener.ts';
import { datagramListenerOn, listenerOn } from '../runtime/simulated/network/listeners.ts';
import type { SimulatedHost } from '../runtime/simulated/sandbox.ts';
import { type Answer, pack, parseQuestion, type Question, unpack } from './messages.ts';
import { PEER_PROTOCOL } from './peer-protocol.ts';
import { readAll, splitMessage } from './peer-streams.ts';

export interface PeerServerOptions {
  readonly host: SimulatedHost;
  readonly logger: Logger;
  /** Whether a node of the cluster says that this is its kubelet's certificate. */
  readonly isPeer: (fingerprint: string) => Promise<boolean>;
}

type Traffic = Extract<Question, { from: unknown }>;

/**
 * Lets the pods of other processes reach ours. A process shows the certificate that its Node objects declare; over the connection go
 * streams of HTTP/2, one for each question or connection.
 */
export class PeerServer {
  readonly #options: PeerServerOptions;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(options: PeerServerOptions) {
    this.#options = options;
  }

  /** Takes over a connection that is to be switched over; refuses it to all but processes of the cluster's nodes. */
  async accept(socket: Duplex): Promise<void> {
    const fingerprint = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : undefined;
    if (!(socket instanceof TLSSocket) || fingerprint === undefined || !(await this.#options.isPeer(fingerprint))) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      return;
    }
    // The session takes the connection over from below: nothing may be on its way out.
    const switching = `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${PEER_PROTOCOL}\r\n\r\n`;
    await new Promise<void>((resolve) => socket.write(switching, () => resolve()));
    const session = performServerHandshake(socket);
    this.#sessions.add(session);
    session.on('close', () => this.#sessions.delete(session));
    session.on('error', (error) => this.#options.logger.debug({ err: error }, 'connection of a peer broke'));
    session.on('stream', (stream, { ':path': path }) => {
      const served = path === '/stream' ? this.#serveStream(stream) : this.#serveQuestion(stream);
      served.catch((error: unknown) => {
        this.#options.logger.debug({ err: error }, 'a peer was not answered');
        stream.destroy();
      });
    });
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }

  async #serveQuestion(stream: ServerHttp2Stream): Promise<void> {
    const abort = abortOf(stream);
    const answer = await this.#answer(parseQuestion(await readAll(stream)), abort.signal).catch(failureOf);
    stream.respond({ ':status': 200 });
    stream.end(JSON.stringify(answer));
  }

  async #answer(question: Question, signal: AbortSignal): Promise<Answer> {
    if (question.op === 'ping') {
      const { network, nodes } = this.#options.host;
      return { alive: network.has(question.address) || (nodes?.has(question.address) ?? false) };
    }
    if (question.op === 'datagram') {
      const { sandbox, port } = await this.#arrive(question);
      const listener = sandbox.isReady ? datagramListenerOn(sandbox, port) : undefined;
      if (!listener) throw refused(question);
      const payload = await listener({ from: question.from.ip, payload: unpack(question.payload) });
      return payload === undefined ? {} : { payload: pack(payload) };
    }
    const listener = await this.#listener(question);
    if (question.op !== 'http') return {};
    const { body, ...request } = question.request;
    const response = await listener.http({ ...request, ...(body === undefined ? {} : { body: unpack(body) }), signal });
    return { response: { ...response, headers: { ...response.headers }, body: pack(response.body) } };
  }

  /** The first line each way says what is wanted and whether it came about; then bytes go both ways. */
  async #serveStream(stream: ServerHttp2Stream): Promise<void> {
    const abort = abortOf(stream);
    const { message, rest } = await splitMessage(stream);
    const question = parseQuestion(message);
    if (question.op !== 'stream') throw new Error('not a stream');
    stream.respond({ ':status': 200 });
    const say = (answer: Answer) => stream.write(`${JSON.stringify(answer)}\n`);
    try {
      const listener = await this.#listener(question);
      say({});
      const output = (text: string) => void stream.write(Buffer.from(text, 'latin1'));
      await listener.stream({ from: question.from.ip, input: rest, output, signal: abort.signal });
    } catch (error) {
      say(failureOf(error));
    }
    stream.end();
  }

  async #arrive(question: Traffic) {
    const arrival = await arrive(this.#options.host, question.from, question.target);
    if (!arrival) throw new ConnectError('unreachable', { host: question.target.address, ...question.target });
    return arrival;
  }

  async #listener(question: Traffic): Promise<Listener> {
    const { protocol, address } = question.target;
    const { host } = this.#options;
    const node = host.nodes?.get(address);
    const server = node && (await kubeProxyAt(host, node, question.target));
    if (server) return server;
    const { sandbox, port } = await this.#arrive(question);
    const listener = sandbox.isReady && protocol !== 'UDP' ? listenerOn(sandbox, port, protocol) : undefined;
    if (!listener) throw refused(question);
    return listener;
  }
}

const refused = ({ target }: Traffic): ConnectError => new ConnectError('refused', { host: target.address, ...target });

/** What went wrong, as the other process is told of it: not knowing services and policies, nothing is let through. */
function failureOf(error: unknown): Answer {
  if (error instanceof BadAnswer) return { bad: error.message };
  if (error instanceof ConnectError && !isNameFailure(error.failure)) return { failure: error.failure };
  return { failure: 'timeout' };
}

/** Ends when the other side goes away. */
function abortOf(stream: ServerHttp2Stream): AbortController {
  const abort = new AbortController();
  stream.on('close', () => abort.abort());
  stream.on('error', () => abort.abort());
  return abort;
}
