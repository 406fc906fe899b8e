import type { HealthAnswer, HttpRequest, HttpResponse } from '../../cri.ts';
import { hostPort } from '../../host-port.ts';

/** What ports are of. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** A request as a server sees it. */
export interface ServedRequest extends HttpRequest {
  /** Address of the client. */
  readonly from: string;
  /** The name and port it asked for. */
  readonly host: string;
}

/** One side of a connection; texts are byte strings. */
export interface ByteStream {
  readonly from: string;
  readonly input: AsyncIterable<string>;
  output(text: string): void;
  readonly signal: AbortSignal;
}

/** A program that listens on a port for connections. */
export interface Listener {
  /** One HTTP exchange. @throws BadAnswer when it does not speak HTTP */
  http(request: ServedRequest): Promise<HttpResponse>;
  /** A whole connection; resolves when the server closes it. */
  stream(connection: ByteStream): Promise<void>;
  /** A health check over gRPC; absent when it has no such service. */
  readonly health?: ((service: string) => HealthAnswer) | undefined;
}

/** A datagram as a server sees it. */
export interface Datagram {
  /** Address of the client. */
  readonly from: string;
  /** A byte string. */
  readonly payload: string;
}

/** A program that listens on a UDP port: what it sends back, undefined when nothing. */
export type DatagramListener = (datagram: Datagram) => Promise<string | undefined> | string | undefined;

/** What a client's own port is taken to be: programs show it behind its address. */
export const CLIENT_PORT = 40_000;

/** Why a connection did not come about. */
export type ConnectFailure = 'refused' | 'timeout' | 'unreachable' | NameFailure;
/** Why a name leads nowhere: there is no such name, or no server of names answers. */
export type NameFailure = 'unknown-host' | 'unresolved';

/** Whether it did not come to a connection, for want of an address. */
export const isNameFailure = (failure: ConnectFailure): failure is NameFailure => failure === 'unknown-host' || failure === 'unresolved';

/** A connection that nobody answers; the message is the socket layer's. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly failure: ConnectFailure;
  /** What the name was found to be; `''` when it was not. */
  readonly address: string;

  /** @param cause for a name that is `unresolved`: what became of the question */
  constructor(
    failure: ConnectFailure,
    where: { readonly host: string; readonly address?: string | undefined; readonly port: number },
    cause?: ConnectError,
  ) {
    const at = hostPort(where.address ?? where.host, where.port);
    const isLookup = isNameFailure(failure);
    super(isLookup ? `dial tcp: lookup ${where.host}: ${lookupText(cause)}` : `dial tcp ${at}: ${TEXTS[failure]}`, { cause });
    this.failure = failure;
    this.address = where.address ?? '';
  }
}

/** As Go's resolver has it. */
const lookupText = (cause: ConnectError | undefined): string =>
  cause === undefined ? 'no such host' : cause.failure === 'refused' ? 'read: connection refused' : 'i/o timeout';

const TEXTS = { refused: 'connect: connection refused', timeout: 'i/o timeout', unreachable: 'connect: no route to host' } as const;

/** A server that answers with something else than was asked for; the message is Go's, as probes show it. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer';
}
