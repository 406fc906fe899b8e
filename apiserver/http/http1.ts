import { IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../runtime/index.ts';
import type { HttpRequest, HttpResponse } from './messages.ts';

/** Bytes of a body that nobody wants which are taken from the connection all the same, so that it can be used again: as Go's server does. */
const REST_BYTES_MAX = 256 * 1024;
/** How long a client that was answered in the middle of its body may go on sending it. */
const HEAR_OUT_MS_MAX = 5000;

/** A request of HTTP/1.1. */
export class Http1Request extends IncomingMessage implements HttpRequest {
  /** Tells a client that waits for it to send its body. */
  #askForBody: (() => void) | undefined;

  get body(): this {
    this.#askForBody?.();
    this.#askForBody = undefined;
    return this;
  }

  get hasBody(): boolean {
    return this.headers['transfer-encoding'] !== undefined || Number(this.headers['content-length'] ?? 0) > 0;
  }

  /**
   * The client sends its body when it is told so, which it is when somebody wants it (`Expect: 100-continue`). Answered before that, it will not
   * send it: Node then closes the connection.
   */
  waitFor(ask: () => void): void {
    if (this.hasBody) this.#askForBody = ask;
  }

  /** What is left is read and forgotten if it is little; else the connection is in the middle of a request, and cannot be used again. */
  abandon(response: HttpResponse, clock: Clock): void {
    if (Number(this.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= REST_BYTES_MAX) return;
    response.shouldKeepAlive = false;
    const { socket } = this;
    // By this Node ends a connection once the answer is out.
    socket.destroySoon = () => hearOut(socket, clock);
  }
}

/** An answer of HTTP/1.1. */
export class Http1Response extends ServerResponse<Http1Request> implements HttpResponse {
  get sink(): this {
    return this;
  }

  override writeHead(
    status: number,
    reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    headers?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    if (status === 413) this.statusMessage = 'Request Entity Too Large'; // Node knows its newer name
    return typeof reason === 'string' ? super.writeHead(status, reason, headers) : super.writeHead(status, reason);
  }
}

/**
 * Ends a connection whose client may be sending still: closed at once it would be reset, and the client fail before it has read the answer. So
 * nothing is said any more, and what comes is forgotten until the client has seen that. Go's server waits half a second (`closeWriteAndWait`,
 * net/http), in which a slow client does not get to it.
 */
function hearOut(socket: Socket, clock: Clock): void {
  socket.removeAllListeners('data').on('data', forget).resume();
  socket.end();
  const timer = clock.setTimer(HEAR_OUT_MS_MAX, () => socket.destroy());
  socket.once('close', () => timer.cancel());
}

const forget = (): void => undefined;
