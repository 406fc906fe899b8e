import { Duplex, Readable, Writable } from 'node:stream';
import { createSecureContext, type SecureContext, TLSSocket, type TLSSocketOptions } from 'node:tls';
import type { HttpResponse } from '../../cri.ts';
import { serveHttpStream, type Upgrade } from './http-stream.ts';
import type { ByteStream, Listener, ServedRequest } from './listener.ts';

export interface TlsOptions {
  /** The certificate for a name that a client asks for; the usual one where there is none. */
  readonly contextFor?: ((name: string) => SecureContext | undefined) | undefined;
  readonly upgrade?: Upgrade | undefined;
  /** What it says to a request in the clear, unless what Go's server says. */
  readonly onPlain?: (() => HttpResponse) | undefined;
}

/** A server that speaks HTTP over TLS, with a certificate of its own: whoever sends it bytes shakes hands with it. */
export class TlsListener implements Pick<Listener, 'http' | 'stream'> {
  readonly #context: SecureContext;
  readonly #answer: (request: ServedRequest) => Promise<HttpResponse>;
  readonly #options: TlsOptions;
  readonly #open = new Set<TLSSocket>();

  /** @throws Error when these are no certificate and its key */
  constructor(
    pems: { readonly cert: Buffer | string; readonly key: Buffer | string },
    answer: (request: ServedRequest) => Promise<HttpResponse>,
    options: TlsOptions = {},
  ) {
    this.#context = createSecureContext(pems);
    this.#answer = answer;
    this.#options = options;
  }

  /** Breaks off what is open, as the end of a process does. */
  close(): void {
    for (const socket of this.#open) socket.destroy();
  }

  http(request: ServedRequest): Promise<HttpResponse> {
    if (request.tls) return this.#answer(request);
    if (this.#options.onPlain) return Promise.resolve(this.#options.onPlain());
    return Promise.resolve({
      status: 400,
      headers: { 'content-type': 'text/plain' },
      body: 'Client sent an HTTP request to an HTTPS server.\n',
    });
  }

  /** Rejects when the client does not trust the certificate, or breaks off. */
  async stream(connection: ByteStream): Promise<void> {
    const { contextFor, upgrade } = this.#options;
    const certificates: Certificates = {
      secureContext: this.#context,
      ...(contextFor ? { SNICallback: (name, done) => done(null, contextFor(name)) } : {}),
    };
    const asTls = (request: ServedRequest): ServedRequest => ({ ...request, tls: true });
    const taken: Upgrade | undefined = upgrade && ((request, rest) => upgrade(asTls(request), rest));
    await secured(connection, certificates, this.#open, (secure) =>
      serveHttpStream((request) => this.#answer(asTls(request)), secure, taken),
    );
  }
}

type Certificates = Pick<TLSSocketOptions, 'secureContext' | 'SNICallback'>;

/**
 * Shakes hands with who sends bytes, and serves what comes then.
 *
 * @param options the certificate, or how one is found for a name
 * @param open holds the socket as long as it is open
 * @throws Error when the client does not trust the certificate, or breaks off
 */
export async function secured(
  connection: ByteStream,
  options: Certificates,
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
