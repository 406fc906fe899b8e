import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { writeApart } from '../../runtime/index.ts';
import type { HttpRequest } from '../http/messages.ts';
import type { Exchange } from './exchange.ts';

/**
 * A connection to another server that speaks something else than HTTP from now on. Clients are joined only with what was switched over: on a
 * connection that still speaks HTTP they could speak it in our name.
 */
export class Upgraded {
  readonly #answer: IncomingMessage;
  readonly #socket: Socket;
  readonly #head: Buffer;

  constructor(answer: IncomingMessage, socket: Socket, head: Buffer) {
    this.#answer = answer;
    this.#socket = socket;
    this.#head = head;
  }

  /** The connection, for this server's own use. */
  release(): Duplex {
    if (this.#head.length > 0) this.#socket.unshift(this.#head);
    return this.#socket;
  }

  /** Tells the client, and passes bytes both ways, unread, until both sides are done, or one breaks. */
  join({ upgrade }: Exchange): Promise<void> {
    const theirs = this.#socket;
    if (!upgrade) {
      theirs.destroy();
      throw new Error('Upgrade request required');
    }
    const { socket: ours, head } = upgrade;
    upgrade.detach();
    writeApart(ours);
    const { statusCode, statusMessage, rawHeaders } = this.#answer;
    let lines = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) lines += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
    ours.write(`${lines}\r\n`, 'latin1');
    if (this.#head.length > 0) ours.write(this.#head);
    if (head.length > 0) theirs.write(head);
    return new Promise((resolve) => {
      const finish = () => {
        ours.destroy();
        theirs.destroy();
        resolve();
      };
      for (const socket of [ours, theirs]) {
        socket.setNoDelay(true);
        socket.once('error', finish);
        socket.once('close', finish);
      }
      ours.pipe(theirs);
      theirs.pipe(ours);
    });
  }
}

/** Resolves with the answer to a request that is about to be sent, or with what became of its connection. */
export function answerOf(request: ClientRequest, body?: HttpRequest): Promise<IncomingMessage | Upgraded> {
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.once('upgrade', (response, socket: Socket, head: Buffer) => resolve(new Upgraded(response, socket, head)));
    request.on('error', reject);
    if (body) body.body.pipe(request);
    else request.end();
  });
}
