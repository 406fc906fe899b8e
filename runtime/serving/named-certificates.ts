import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { OptionError } from '../options.ts';

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

/** What can be asked of a certificate, parsed once. */
interface Known {
  readonly x509: X509Certificate;
  /** By which it is found; in lower case. */
  readonly given: readonly string[];
  readonly own: readonly string[];
}

/**
 * Makes what finds the certificate for a name, or says that it is the usual one: names that were given before those in certificates, what comes
 * first before what comes later, whole names before wildcards. Then it is who can prove the name, the usual certificate first. Upstream:
 * apiserver/pkg/server/dynamiccertificates/named_certificates.go, and Go's `crypto/tls`.
 *
 * @param usual PEM of the certificate for all other names.
 */
function namedFinder(certificates: readonly NamedCertificate[], usual: string): (name: string) => number | undefined {
  const known: Known[] = certificates.map(({ cert, names }) => ({
    x509: new X509Certificate(cert),
    given: names.map((name) => name.toLowerCase()),
    own: names.length > 0 ? [] : namesIn(new X509Certificate(cert)),
  }));
  const usualOne = new X509Certificate(usual);
  const first = (isIt: (one: Known) => boolean): number | undefined => {
    const at = known.findIndex(isIt);
    return at < 0 ? undefined : at;
  };
  return (asked) => {
    const name = asked.toLowerCase();
    for (const wanted of [name, name.replace(/^[^.]+/, '*')]) {
      const found = first(({ given }) => given.includes(wanted)) ?? first(({ own }) => own.includes(wanted));
      if (found !== undefined) return found;
    }
    return proves(usualOne, name) ? undefined : first(({ x509 }) => proves(x509, name));
  };
}

/**
 * Finds what a name is served with; undefined for the usual certificate.
 *
 * @param usual PEM of the certificate for all other names.
 * @param optionsOf what connections with a certificate are made with.
 */
export function namedContexts(
  certificates: readonly NamedCertificate[],
  usual: string,
  optionsOf: (certificate: NamedCertificate) => SecureContextOptions,
): (name: string) => SecureContext | undefined {
  if (certificates.length === 0) return () => undefined;
  const contexts = certificates.map((certificate) => createSecureContext(optionsOf(certificate)));
  const find = namedFinder(certificates, usual);
  return (name) => contexts[find(name) ?? -1];
}

const proves = (certificate: X509Certificate, name: string): boolean => certificate.checkHost(name, { subject: 'never' }) !== undefined;

/** The common name and the DNS names of a certificate, in lower case. */
function namesIn({ subject, subjectAltName = '' }: X509Certificate): string[] {
  const common = subject
    .split('\n')
    .filter((line) => line.startsWith('CN='))
    .map((line) => line.slice('CN='.length))
    .filter((name) => isIP(name) === 0);
  const alternative = [...subjectAltName.matchAll(/DNS:([^,]+)/g)].map(([, name = '']) => name.trim());
  return [...common, ...alternative].map((name) => name.toLowerCase());
}
