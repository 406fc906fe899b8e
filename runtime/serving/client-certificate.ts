import { createHash, type X509Certificate } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import { certificatesIn, isIssuedBy } from './issuers.ts';
import { CREDENTIAL_ID, type RequestUser, type UserSource } from './request-user.ts';

/** Subject attribute that carries a user's uid. */
const UID_OID = '1.3.6.1.4.1.57683.2';

/** What a connection's certificate says: who comes, or that it is not good; and until when. */
interface CertificateIdentity {
  readonly verdict: RequestUser | 'none' | 'invalid';
  /** Absent where there is no certificate. */
  readonly validToMs?: number | undefined;
}

/** Knows the client certificates of TLS connections, each looked at once. */
export interface ClientCertificates {
  /** @returns the user; `none` when there is no certificate (or it names nobody); `invalid` when the CA did not issue it or it has expired. */
  identify(request: Pick<UserSource, 'socket'>): RequestUser | 'none' | 'invalid';
}

/**
 * The CA itself is given to the TLS server; here its verdict is read.
 *
 * @param onShown told with each request how long its certificate is good yet.
 * @param ca PEM of the authorities of users now, where the TLS server trusts others too. When they change, connections from before are judged anew.
 */
export function createClientCertificates(clock: Clock, ca?: () => string, onShown?: (leftMs: number) => void): ClientCertificates {
  let bundle = ca?.();
  let authorities = bundle === undefined ? undefined : certificatesIn(bundle);
  let seen = new WeakMap<TLSSocket, CertificateIdentity>();
  return {
    identify({ socket }) {
      if (!(socket instanceof TLSSocket)) return 'none';
      const now = ca?.();
      if (now !== bundle) {
        bundle = now;
        authorities = now === undefined ? undefined : certificatesIn(now);
        seen = new WeakMap();
      }
      let identity = seen.get(socket);
      if (!identity) {
        identity = identityOf(socket, authorities);
        seen.set(socket, identity);
      }
      const { verdict, validToMs } = identity;
      if (validToMs === undefined) return verdict;
      const leftMs = validToMs - clock.now();
      onShown?.(leftMs);
      return typeof verdict === 'string' || leftMs > 0 ? verdict : 'invalid';
    },
  };
}

function identityOf(socket: TLSSocket, authorities: readonly X509Certificate[] | undefined): CertificateIdentity {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return { verdict: 'none' };
  const validToMs = Date.parse(certificate.validTo);
  if (!socket.authorized || (authorities && !isIssuedBy(certificate, authorities))) return { verdict: 'invalid', validToMs };
  const subject: ReadonlyMap<string, unknown> = new Map(Object.entries(socket.getPeerCertificate().subject));
  const [name = ''] = textsOf(subject.get('CN')).slice(-1);
  if (name === '') return { verdict: 'none', validToMs };
  const uids = textsOf(subject.get(UID_OID));
  if (uids.length > 1 || uids[0] === '') return { verdict: 'invalid', validToMs };
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex');
  return {
    verdict: { name, uid: uids[0], groups: textsOf(subject.get('O')), extra: { [CREDENTIAL_ID]: [`X509SHA256=${fingerprint}`] } },
    validToMs,
  };
}

const textsOf = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
