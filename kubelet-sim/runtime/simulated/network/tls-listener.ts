import { Duplex, Readable, Writable } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls';
import type { HttpResponse } from '../../cri.ts';
import { serveHttpStream } from './http-stream.ts';
import type { ByteStream, Listener, ServedRequest } from './listener.ts';

/** A server that speaks HTTP over TLS, with a certificate of its own: whoever sends it bytes shakes hands with it. */
export class TlsListener implements Pick<Listener, 'http' | 'stream'> {
  readonly #context: SecureContext;
  readonly #answer: (request: ServedRequest) => Promise<HttpResponse>;
  readonly #open = new Set<TLSSocket>();

  /** @throws Error when these are no certificate and its key */
  constructor(pems: { readonly cert: Buffer; readonly key: Buffer }, answer: (request: ServedRequest) => Promise<HttpResponse>) {
    this.#context = createSecureContext(pems);
    this.#answer = answer;
  }

  /** Breaks off what is open, as the end of a process does. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  http(request: ServedRequest): Promise<HttpResponse> {
    if (request.tls) return this.#answer(request);
    return Promise.resolve({
      status: 400,
      headers: { 'content-type': 'text/plain' },
      body: 'Client sent an HTTP request to an HTTPS server.\n',
    });
  }

  /** Rejects when the client does not trust the certificate, or breaks off. */
  async stream(connection: ByteStream): Promise<void> {
    const serve = (secure: ByteStream) => serveHttpStream((request) => this.#answer({ ...request, tls: true }), secure);
    await secured(connection, { secureContext: this.#context }, this.#open, serve);
  }
}

/**
 * Shakes hands with who sends bytes, and serves what comes then.
 *
 * @param options the certificate, or how one is found for a name
 * @param open holds the socket as long as it is open
 * @throws Error when the client does not trust the certificate, or breaks off
 */
export async function secured(
  connection: ByteStream,
  options: Pick<TLSSocketOptions, 'secureContext' | 'SNICallback'>,
  open: Set<TLSSocket>,
  serve: (secure: ByteStream) => Promise<void>,
): Promise<void> {
  const wire = wireOf(connection);
  // What is written to the socket is on the wire later.
  const isSent = new Promise<void>((resolve) => wire.once('finish', resolve).once('close', resolve));
  const socket = new TLSSocket(wire, { isServer: true, ...options });
  open.add(socket);
  try {
    const output = (text: string) => void socket.write(Buffer.from(text, 'latin1'));
    await serve({ ...connection, input: textOf(socket), output });
    socket.end();
    await isSent;
  } finally {
    open.delete(socket);
    socket.destroy();
  }
}

const wireOf = ({ input, output }: ByteStream): Duplex =>
  Duplex.from({
    readable: Readable.from(bytesOf(input), { objectMode: false }),
    writable: new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        output(chunk.toString('latin1'));
        done();
      },
    }),
  });

async function* bytesOf(input: AsyncIterable<string>): AsyncGenerator<Buffer> {
  for await (const text of input) yield Buffer.from(text, 'latin1');
}

/** Who reads no further has yet to write. */
async function* textOf(socket: Readable): AsyncGenerator<string> {
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) if (Buffer.isBuffer(chunk)) yield chunk.toString('latin1');
}
