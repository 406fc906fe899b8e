import https from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect, type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { systemClock } from '../clock.ts';
import { checkServerIdentity, isSignedByNamesake, verificationError } from '../x509/verification-error.ts';

/** Told of a connection, or why there is none. */
type Connected = (error: Error | null, socket: Duplex) => void;

/** Errors with which OpenSSL refuses a certificate, as Node names them (tls, "X509 certificate error codes"), and that of a name. */
const REFUSALS: ReadonlySet<string> = new Set(
  (
    'CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REJECTED CERT_SIGNATURE_FAILURE CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT INVALID_CA ' +
    'ERR_TLS_CERT_ALTNAME_INVALID INVALID_PURPOSE SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY ' +
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
  ).split(' '),
);

/** Opens a connection to somebody by a way of its own; undefined when there is none, and they are reached directly. */
export type Dial = (to: { readonly host: string; readonly port: number }) => Promise<Duplex | undefined>;

/** An agent that takes the certificates that Go takes, and says of others what Go says. */
export class VerifyingAgent extends https.Agent {
  readonly #dial: Dial | undefined;

  constructor({ dial, ...options }: https.AgentOptions & { readonly dial?: Dial | undefined }) {
    super({ checkServerIdentity, ...options });
    this.#dial = dial;
  }

  override createConnection(options: ConnectionOptions, done: Connected): Duplex | null | undefined {
    if (!this.#dial) return this.#direct(options, done);
    this.dialed(options, this.#dial).then(
      (socket) => {
        const made = socket ? explained(connect({ ...options, socket }), options) : this.#direct(options, done);
        if (made) done(null, made);
      },
      // Whoever is told of an error looks at no socket.
      (error: unknown) => Reflect.apply(done, undefined, [error]),
    );
    return undefined;
  }

  /** The connection that is to be spoken over. */
  protected dialed({ host = '', port = 0 }: ConnectionOptions, dial: Dial): Promise<Duplex | undefined> {
    return dial({ host, port });
  }

  #direct(options: ConnectionOptions, done: Connected): Duplex | null | undefined {
    const socket = super.createConnection(options, done);
    return socket instanceof TLSSocket ? explained(socket, options) : socket;
  }
}

/** Takes a certificate that OpenSSL alone refuses, and has the errors of a connection that is being made say why another was. */
function explained(socket: TLSSocket, { servername, host = '', ca }: ConnectionOptions): TLSSocket {
  const trusted = typeof ca === 'string' || Buffer.isBuffer(ca) ? String(ca) : undefined;
  let shown: DetailedPeerCertificate | undefined;
  // Before Node looks at it: of a connection that was refused it cannot be asked. Node 20, asked for the X509Certificate, has none left for its own check.
  socket.prependOnceListener('secure', () => {
    shown = socket.getPeerCertificate(true);
    if (shown.raw) takeNamesake(socket, { chain: chainOf(shown), ca: trusted, now: systemClock.now() });
  });
  socket.prependOnceListener('error', (error: NodeJS.ErrnoException) => {
    if (!shown?.raw || !REFUSALS.has(error.code ?? '')) return;
    error.message = verificationError(
      { chain: chainOf(shown), host: servername || host, ca: trusted, now: systemClock.now() },
      error.code ?? '',
    );
  });
  return socket;
}

/** What Node asks next, having no way of its own to overrule OpenSSL: whether the certificate was refused. It goes on to look at the names. */
function takeNamesake(socket: TLSSocket, shown: Parameters<typeof isSignedByNamesake>[0]): void {
  const handle: { verifyError: () => NodeJS.ErrnoException | null } = Reflect.get(socket, '_handle');
  if (handle.verifyError()?.code === 'DEPTH_ZERO_SELF_SIGNED_CERT' && isSignedByNamesake(shown)) handle.verifyError = () => null;
}

/** A chain may be so long: what a server sends is anything. */
const CHAIN_MAX = 10;

/** DER of a certificate and of those who signed it, as far as they were sent; who signed itself is its own issuer. */
function chainOf(shown: DetailedPeerCertificate): Buffer[] {
  const chain: Buffer[] = [];
  for (let at: DetailedPeerCertificate | undefined = shown; at?.raw && chain.length < CHAIN_MAX; at = at.issuerCertificate) {
    chain.push(at.raw);
    if (at.issuerCertificate === at) break;
  }
  return chain;
}
