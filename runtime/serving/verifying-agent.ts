import https from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { systemClock } from '../clock.ts';
import { checkServerIdentity, verificationError } from '../x509/verification-error.ts';

/** Told of a connection, or why there is none. */
export type Connected = (error: Error | null, socket: Duplex) => void;

/** Errors with which OpenSSL refuses a certificate, as Node names them (tls, "X509 certificate error codes"), and that of a name. */
const REFUSALS: ReadonlySet<string> = new Set(
  (
    'CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REJECTED CERT_SIGNATURE_FAILURE CERT_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT INVALID_CA ' +
    'ERR_TLS_CERT_ALTNAME_INVALID INVALID_PURPOSE SELF_SIGNED_CERT_IN_CHAIN UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY ' +
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE'
  ).split(' '),
);

/** An agent that takes the certificates that Go takes, and says of others what Go says. */
export class VerifyingAgent extends https.Agent {
  constructor(options: https.AgentOptions) {
    super({ checkServerIdentity, ...options });
  }

  override createConnection(options: ConnectionOptions, done: Connected): Duplex | null | undefined {
    const socket = super.createConnection(options, done);
    if (socket instanceof TLSSocket) explain(socket, options);
    return socket;
  }
}

/** Has the errors of a connection that is being made say why the certificate was refused. */
export function explain(socket: TLSSocket, { servername, host = '', ca }: ConnectionOptions): void {
  let shown: DetailedPeerCertificate | undefined;
  // Before Node looks at it: of a connection that was refused it cannot be asked. Node 20, asked for the X509Certificate, has none left for its own check.
  socket.prependOnceListener('secure', () => {
    shown = socket.getPeerCertificate(true);
  });
  socket.prependOnceListener('error', (error: NodeJS.ErrnoException) => {
    if (!shown?.raw || !REFUSALS.has(error.code ?? '')) return;
    const trusted = typeof ca === 'string' || Buffer.isBuffer(ca) ? String(ca) : undefined;
    error.message = verificationError(
      { chain: chainOf(shown), host: servername || host, ca: trusted, now: systemClock.now() },
      error.code ?? '',
    );
  });
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
