import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Clock, Logger } from '../../runtime/index.ts';
import type { HttpResponse } from '../runtime/cri.ts';
import { BadAnswer, type ByteStream, ConnectError, type Listener, type ServedRequest } from '../runtime/simulated/network/listener.ts';
import type { PolicyEnd } from '../runtime/simulated/network/policy.ts';
import type { RemoteHolder, RemotePods, Target } from '../runtime/simulated/network/remote-pods.ts';
import type { ServerIdentity } from '../server/server-identity.ts';
import { type Answer, pack, parseAnswer, type Question, unpack } from './messages.ts';
import { PEER_PROTOCOL } from './peer-protocol.ts';
import { readAll, splitMessage } from './peer-streams.ts';
import type { Holder, Peer } from './peer-table.ts';

/** How long a process is tried that does not answer: to connect, and to say of an address what it knows. */
const ANSWER_MS = 5000;

export interface PeerLinkOptions {
  readonly identity: ServerIdentity;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Who holds an address, once the nodes of the cluster are known. */
  readonly holderOf: (address: string) => Promise<Holder | undefined>;
}

/** Reaches the pods of other processes: one connection to each, made when it is first needed. */
export class PeerLink implements RemotePods {
  readonly #options: PeerLinkOptions;
  readonly #sessions = new Map<string, Promise<ClientHttp2Session>>();

  constructor(options: PeerLinkOptions) {
    this.#options = options;
  }

  async holderOf(address: string): Promise<RemoteHolder | undefined> {
    const holder = await this.#options.holderOf(address);
    // What says that it is ours is ours no more: a pod that has gone.
    if (!holder || holder.peer.fingerprint === this.#options.identity.fingerprint) return undefined;
    return new PeerHolder(holder, { open: (peer) => this.#session(peer), clock: this.#options.clock });
  }

  close(): void {
    for (const session of this.#sessions.values())
      session.then(
        (open) => open.destroy(),
        () => undefined, // it never came about
      );
    this.#sessions.clear();
  }

  /** The connection to a process: the one there is, unless it has been given up. */
  async #session(peer: Peer): Promise<ClientHttp2Session> {
    const key = `${peer.host}:${peer.port} ${peer.fingerprint}`;
    for (;;) {
      const made = this.#sessions.get(key) ?? this.#make(key, peer);
      const session = await made;
      if (!session.destroyed && !session.closed) return session;
      this.#forget(key, made);
    }
  }

  #make(key: string, peer: Peer): Promise<ClientHttp2Session> {
    const made = this.#open(peer);
    this.#sessions.set(key, made);
    const forget = () => this.#forget(key, made);
    made.then((session) => session.on('close', forget), forget);
    return made;
  }

  #forget(key: string, made: Promise<ClientHttp2Session>): void {
    if (this.#sessions.get(key) === made) this.#sessions.delete(key);
  }

  async #open(peer: Peer): Promise<ClientHttp2Session> {
    const socket = await this.#upgrade(peer);
    const session = connectHttp2(`http://${peer.host}`, { createConnection: () => socket });
    session.on('error', (error) => this.#options.logger.debug({ err: error, peer: peer.host }, 'connection to a peer broke'));
    return session;
  }

  /** A connection to the kubelets of a process, switched over. Both sides show the certificates that their nodes declare. */
  #upgrade(peer: Peer): Promise<Duplex> {
    const { identity, clock } = this.#options;
    return new Promise((resolve, reject) => {
      const asked = httpsRequest({
        host: peer.host,
        port: peer.port,
        headers: { connection: 'Upgrade', upgrade: PEER_PROTOCOL },
        key: identity.key,
        cert: identity.cert,
        rejectUnauthorized: false, // its fingerprint is what counts
        agent: false,
      });
      const timer = clock.setTimer(ANSWER_MS, () => asked.destroy(new Error('no answer')));
      const fail = (error: Error) => {
        timer.cancel();
        reject(error);
      };
      asked.on('error', fail);
      asked.on('response', ({ statusCode }) => asked.destroy(new Error(`answered ${statusCode}`)));
      asked.on('upgrade', (_, socket, head) => {
        timer.cancel();
        if (head.length > 0) socket.unshift(head); // the other side's first frame may come along with its answer
        const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : '';
        if (shown === peer.fingerprint) return resolve(socket);
        socket.destroy();
        reject(new Error('it shows another certificate than its nodes declare'));
      });
      asked.end();
    });
  }
}

/** How a process is reached. */
interface Way {
  readonly open: (peer: Peer) => Promise<ClientHttp2Session>;
  readonly clock: Clock;
}

/** The process that holds an address. */
class PeerHolder implements RemoteHolder {
  readonly node: string | undefined;
  readonly #peer: Peer;
  readonly #way: Way;

  constructor({ peer, node }: Holder, way: Way) {
    this.#peer = peer;
    this.node = node;
    this.#way = way;
  }

  async connect(from: PolicyEnd, target: Target): Promise<Listener> {
    const ends = { from: endFor(from), target };
    await this.#ask({ op: 'connect', ...ends });
    return {
      http: (request) => this.#http(ends, request),
      stream: (connection) => this.#stream(ends, connection),
    };
  }

  async datagram(from: PolicyEnd, target: Target, payload: string): Promise<string | undefined> {
    const answer = await this.#ask({ op: 'datagram', from: endFor(from), target, payload: pack(payload) });
    return answer.payload === undefined ? undefined : unpack(answer.payload);
  }

  async answersPing(address: string): Promise<boolean> {
    const lost = (): Answer => ({});
    return (await this.#askAnything({ op: 'ping', address }).catch(lost)).alive ?? false;
  }

  async #http(ends: Ends, { signal, ...request }: ServedRequest): Promise<HttpResponse> {
    const sent = { ...request, headers: { ...request.headers }, body: request.body === undefined ? undefined : pack(request.body) };
    // The connection had come about: what goes wrong now breaks it off.
    const broken = (): Answer => ({ bad: 'EOF' });
    const answer = await this.#askAnything({ op: 'http', ...ends, request: sent }, signal).catch(broken);
    throwIfFailed(answer, ends.target);
    if (!answer.response) throw new BadAnswer('EOF');
    return { ...answer.response, body: unpack(answer.response.body) };
  }

  async #stream(ends: Ends, { input, output, signal }: ByteStream): Promise<void> {
    const stream = await this.#request('/stream', ends.target);
    const close = () => stream.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      stream.write(`${JSON.stringify({ op: 'stream', ...ends })}\n`);
      const sent = send(input, stream);
      const { message, rest } = await splitMessage(stream);
      throwIfFailed(parseAnswer(message), ends.target);
      for await (const piece of rest) output(piece);
      sent.catch(() => undefined); // the server has ended: who still writes is not heard
    } finally {
      signal.removeEventListener('abort', close);
      stream.close();
    }
  }

  /** Asks about traffic. @throws ConnectError when it does not come through */
  async #ask(question: Extract<Question, { target: unknown }>): Promise<Answer> {
    const { target } = question;
    const answer = await this.#askAnything(question).catch((error: unknown) => {
      throw error instanceof ConnectError ? error : new ConnectError('timeout', { host: target.address, ...target });
    });
    throwIfFailed(answer, target);
    return answer;
  }

  async #askAnything(question: Question, signal?: AbortSignal): Promise<Answer> {
    const session = await this.#way.open(this.#peer);
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    const close = () => stream.close();
    signal?.addEventListener('abort', close, { once: true });
    // A server may take its time; a process that says nothing of an address is gone, and so is the connection to it.
    const isQuick = question.op !== 'http';
    const timer = isQuick ? this.#way.clock.setTimer(ANSWER_MS, () => session.destroy(new Error('no answer'))) : undefined;
    try {
      stream.end(JSON.stringify(question));
      return parseAnswer(await readAll(stream));
    } finally {
      timer?.cancel();
      signal?.removeEventListener('abort', close);
    }
  }

  async #request(path: string, target: Target): Promise<ClientHttp2Stream> {
    const session = await this.#way.open(this.#peer).catch(() => {
      throw new ConnectError('timeout', { host: target.address, ...target });
    });
    return session.request({ ':method': 'POST', ':path': path });
  }
}

interface Ends {
  readonly from: ReturnType<typeof endFor>;
  readonly target: Target;
}

/** An end as it is told to another process: ports that it names are of no use there. */
const endFor = ({ ip, namespace, labels, namespaceLabels }: PolicyEnd) => ({
  ip,
  namespace,
  namespaceLabels: { ...namespaceLabels },
  ...(labels ? { labels: { ...labels } } : {}),
});

function throwIfFailed({ failure, bad }: Answer, target: Target): void {
  if (failure !== undefined) throw new ConnectError(failure, { host: target.address, ...target });
  if (bad !== undefined) throw new BadAnswer(bad);
}

async function send(input: AsyncIterable<string>, stream: ClientHttp2Stream): Promise<void> {
  for await (const piece of input) {
    if (stream.destroyed || stream.closed) return;
    stream.write(Buffer.from(piece, 'latin1'));
  }
  stream.end();
}
