import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { OptionError } from '../../runtime/index.ts';

/** Files of a certificate, and what clients call the server by that are shown it. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
  /** The names in the certificate when there are none. */
  readonly names: readonly string[];
}

/** And what is in them: PEM. */
export type NamedCertificate = CertificateFiles;

const OPTION = 'option --tls-sni-cert-key';

/**
 * Reads `--tls-sni-cert-key`: `cert,key`, or `cert,key:name,name`, several of them. Behind names, what has a slash is the next certificate.
 *
 * @param parts all entries, split at their commas.
 * @throws OptionError that says what to change.
 */
export function namedCertificates(parts: readonly string[]): CertificateFiles[] {
  const found: CertificateFiles[] = [];
  for (let at = 0; at < parts.length; ) {
    const [cert = '', second = ''] = parts.slice(at, at + 2).map((part) => part.trim());
    const [key = '', name] = [second.split(':', 1)[0], ...second.split(':').slice(1)];
    if (cert === '' || key === '' || cert.includes(':'))
      throw new OptionError(`${OPTION} takes cert,key or cert,key:names, not "${parts.join(',')}"`);
    if (name === '') throw new OptionError(`${OPTION} names nothing behind the colon of "${second}"`);
    at += 2;
    const names = name === undefined ? [] : [name];
    while (names.length > 0 && at < parts.length && !parts[at]?.includes('/')) names.push((parts[at++] ?? '').trim());
    found.push({ cert, key, names });
  }
  return found;
}

/**
 * Finds the certificate for a name: given names before those in certificates, what comes first before what comes later, whole names before
 * wildcards. Upstream: apiserver/pkg/server/dynamiccertificates/named_certificates.go.
 */
export function findNamed<T extends NamedCertificate>(certificates: readonly T[], name: string): T | undefined {
  const lower = name.toLowerCase();
  const wildcards = [lower, lower.replace(/^[^.]+/, '*'), '*'];
  const of = (namesOf: (certificate: T) => readonly string[], wanted: string) =>
    certificates.find((certificate) => namesOf(certificate).some((known) => known.toLowerCase() === wanted));
  for (const wanted of wildcards) {
    const found = of(({ names }) => names, wanted) ?? of(({ names, cert }) => (names.length > 0 ? [] : namesIn(cert)), wanted);
    if (found) return found;
  }
  return undefined;
}

/** The common name and the DNS names of a certificate. */
function namesIn(pem: string): string[] {
  const { subject, subjectAltName = '' } = new X509Certificate(pem);
  const common = subject
    ?.split('\n')
    .filter((line) => line.startsWith('CN='))
    .map((line) => line.slice('CN='.length))
    .filter((name) => isIP(name) === 0);
  const alternative = [...subjectAltName.matchAll(/DNS:([^,]+)/g)].map(([, name = '']) => name.trim());
  return [...(common ?? []), ...alternative];
}
