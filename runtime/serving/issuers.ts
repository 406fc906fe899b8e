import { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates of a bundle in PEM. */
export const certificatesIn = (pem: string): X509Certificate[] => [...pem.matchAll(BLOCK)].map(([block]) => new X509Certificate(block));

/**
 * Whether one of these authorities issued a certificate, be it through others. The chain itself was checked when the connection was made; this
 * tells apart which of the trusted authorities it ends in.
 */
export function isIssuedBy(certificate: X509Certificate, authorities: readonly X509Certificate[]): boolean {
  let at: X509Certificate | undefined = certificate;
  while (at) {
    const current: X509Certificate = at;
    if (authorities.some((authority) => current.checkIssued(authority) && current.verify(authority.publicKey))) return true;
    at = current.issuerCertificate?.fingerprint256 === current.fingerprint256 ? undefined : current.issuerCertificate;
  }
  return false;
}
