import { createSecureContext, type SecureContextOptions, type Server } from 'node:tls';

/**
 * What TLS is told of the authorities it trusts. As in Go's `crypto/x509` every certificate of a bundle is a root: it may be an intermediate alone, or
 * the very certificate of the other side, as controller-runtime's envtest makes them for webhooks. OpenSSL wants a chain that ends in one that signed
 * itself, unless it is told. Servers take this by {@link serveWith} only.
 *
 * @param ca PEM; none, or an empty one, leaves it at what Node trusts.
 */
export const trusting = (ca: string | undefined): Pick<SecureContextOptions, 'ca' | 'allowPartialTrustChain'> =>
  ca === undefined || ca === '' ? {} : { ca, allowPartialTrustChain: true };

/** Of which sessions are taken up again: those of this server, as the keys of its tickets say. */
const SESSION_ID_CONTEXT = 'nanokube';

/**
 * Gives a server its certificate and whom it trusts, at first and when they change.
 *
 * Of these options Node's servers hand on a list of their own (`Server.setSecureContext`), in which `allowPartialTrustChain` is not: the context that was
 * made of all of them takes the place of theirs. Where that has another name, an intermediate alone is not trusted, and nobody else is either.
 */
export function serveWith(server: Server, given: SecureContextOptions): void {
  const options = { honorCipherOrder: true, sessionIdContext: SESSION_ID_CONTEXT, ...given };
  server.setSecureContext(options);
  if (given.allowPartialTrustChain) Reflect.set(server, '_sharedCreds', createSecureContext(options));
}
