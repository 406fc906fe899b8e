import { X509Certificate } from 'node:crypto';
import { type Clock, generateKey, issueCertificate, keyToPem } from '../../runtime/index.ts';

const CERTIFICATE_MS = 365 * 86_400_000;
/** A certificate is good from a little before now: clocks differ. */
const SKEW_MS = 3_600_000;

/** What a process shows of itself over TLS: to those who connect, and to the processes it connects to. */
export interface ServerIdentity {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
  /** By which others know the certificate. */
  readonly fingerprint: string;
}

/** Makes a key and a certificate that signs itself, as a kubelet does that is given none. */
export function newServerIdentity({
  clock,
  advertiseAddress,
}: {
  readonly clock: Clock;
  readonly advertiseAddress: string;
}): ServerIdentity {
  const key = generateKey();
  const cert = issueCertificate({
    subject: { commonName: 'system:node:nanokube', organizations: ['system:nodes'] },
    key,
    use: 'server',
    hosts: [...new Set([advertiseAddress, 'localhost', '127.0.0.1'])],
    notBeforeMs: clock.now() - SKEW_MS,
    notAfterMs: clock.now() + CERTIFICATE_MS,
  });
  return { key: keyToPem(key), cert, fingerprint: new X509Certificate(cert).fingerprint256 };
}
