import type { HttpResponse } from '../../cri.ts';
import { BadAnswer, type ByteStream, ConnectError, type Listener } from '../network/listener.ts';
import type { ListenerParts } from './http-listener.ts';
import type { StreamServer } from './stream-model.ts';
import { parseTime } from './units.ts';
import { type Peer, peerName } from './upstreams.ts';

const CONNECT_MS = 60_000;

/** Passes connections on as they are (`stream`). */
export class StreamListener implements Listener {
  readonly #parts: ListenerParts;
  readonly #server: StreamServer;

  constructor(parts: ListenerParts, server: StreamServer) {
    this.#parts = parts;
    this.#server = server;
  }

  close(): void {
    // Connections end with those at their other ends.
  }

  /** One exchange, with who is behind it. */
  async http(request: Parameters<Listener['http']>[0]): Promise<HttpResponse> {
    const dialled = await this.#dial(request.from);
    if (!dialled) throw new BadAnswer('EOF');
    return await dialled.http(request, request.headers.host ?? request.host);
  }

  async stream(connection: ByteStream): Promise<void> {
    const { text } = this.#server;
    if (text !== undefined) return connection.output(text);
    const dialled = await this.#dial(connection.from);
    await dialled?.stream({ input: connection.input, output: (piece) => connection.output(piece), signal: connection.signal });
  }

  /** Connects to the next server; undefined when none is there, which the client sees as the end. */
  async #dial(from: string) {
    const { process, writeError } = this.#parts;
    const { upstream, scope } = this.#server;
    const number = this.#parts.next();
    const tried = new Set<Peer>();
    const asking = () => ({ now: process.clock.now(), address: from, key: from, random: process.random });
    for (let peer = upstream?.next(tried, asking()); peer; peer = upstream?.next(tried, asking())) {
      tried.add(peer);
      try {
        return await process.network.dial(peer.address, peer.port);
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        if (error.failure === 'timeout') await process.clock.sleep(parseTime(scope.text('proxy_connect_timeout') ?? '') ?? CONNECT_MS);
        peer.fails++;
        peer.failedAt = process.clock.now();
        const why =
          error.failure === 'timeout' ? 'upstream timed out (110: Connection timed out)' : 'connect() failed (111: Connection refused)';
        const where = `client: ${from}, server: 0.0.0.0:${this.#server.listens[0]?.port ?? 0}, upstream: "${peerName(peer)}"`;
        writeError(
          scope,
          'error',
          `*${number} ${why} while connecting to upstream, ${where}, bytes from/to client:0/0, bytes from/to upstream:0/0`,
        );
      }
    }
    return undefined;
  }
}
