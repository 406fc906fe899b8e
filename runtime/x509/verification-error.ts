// What Go says of a server's certificate that it does not take (crypto/x509, `verify.go`), where OpenSSL has found something wrong.
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { checkServerIdentity as checkLeniently, type PeerCertificate } from 'node:tls';

/** A certificate that was shown, and what was asked of it. */
export interface ShownCertificate {
  /** DER, with those who signed it after it. */
  readonly chain: readonly Buffer[];
  /** The name or the address that was called. */
  readonly host: string;
  /** PEM of those who are trusted; the system's where there are none. */
  readonly ca: string | undefined;
  /** Of the moment at which it was looked at. */
  readonly now: number;
}

/** From so many names on they are only counted. */
const NAMES_TOLD_MAX = 100;

/**
 * Whether a certificate is for a host: as Node, but for the subject's common name, which stands for a host no more (RFC 6125; Go since 1.15).
 *
 * @returns why not
 */
export function checkServerIdentity(host: string, shown: PeerCertificate): Error | undefined {
  if (isIP(host) !== 0 || namesOf(shown.subjectaltname, 'DNS:').length > 0) return checkLeniently(host, shown);
  return checkLeniently(host, { ...shown, subject: { ...shown.subject, CN: '' }, subjectaltname: 'DNS:' });
}

/** Why a certificate is refused: its time, the name, who signed it, what it is for, in the order in which Go looks (`Certificate.Verify`). */
export function verificationError({ chain: shown, host, ca, now }: ShownCertificate, code: string): string {
  const chain = shown.flatMap(readable);
  const [leaf] = chain;
  const own = leaf && (timeError(leaf, now) ?? hostError(leaf, host));
  const why = own ?? (code === 'INVALID_PURPOSE' ? WRONG_PURPOSE : chainError(chain, trustedBy(ca), now));
  return `tls: failed to verify certificate: x509: ${why}`;
}

/**
 * Whether one who is trusted signed a certificate that has its name. Such a one, made in Go, does not say whose key signed it (`x509.CreateCertificate`;
 * knative's webhooks have them), and OpenSSL takes it for one that signed itself (`DEPTH_ZERO_SELF_SIGNED_CERT`). Go looks for the key.
 */
export function isSignedByNamesake({ chain, ca, now }: Omit<ShownCertificate, 'host'>): boolean {
  const [leaf] = chain.slice(0, 1).flatMap(readable);
  if (!leaf || leaf.subject !== leaf.issuer || !isForServers(leaf) || timeError(leaf, now)) return false;
  return trustedBy(ca).some(
    (parent) => parent.subject === leaf.issuer && !signatureError(leaf, parent) && !timeError(parent, now) && !hasNameConstraints(parent),
  );
}

/** Extended key usages: of servers, and of all. */
const FOR_SERVERS: ReadonlySet<string> = new Set(['1.3.6.1.5.5.7.3.1', '2.5.29.37.0']);
const isForServers = ({ keyUsage }: X509Certificate): boolean => !keyUsage?.length || keyUsage.some((use) => FOR_SERVERS.has(use));

/** The object identifier 2.5.29.30. Node does not read what such an authority may not sign: it is left at OpenSSL's no. */
const NAME_CONSTRAINTS = Buffer.from('0603551d1e', 'hex');
const hasNameConstraints = ({ raw }: X509Certificate): boolean => raw.includes(NAME_CONSTRAINTS);

const WRONG_PURPOSE = 'certificate specifies an incompatible key usage';
const UNKNOWN_AUTHORITY = 'certificate signed by unknown authority';

/** As Go's `time.RFC3339` has it. */
const timeText = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, '');

function timeError({ validFrom, validTo }: X509Certificate, now: number): string | undefined {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now >= from && now <= to) return undefined;
  const when = now < from ? `before ${timeText(from)}` : `after ${timeText(to)}`;
  return `certificate has expired or is not yet valid: current time ${timeText(now)} is ${when}`;
}

const namesOf = (names: string | undefined, sort: string): readonly string[] =>
  (names ?? '').split(', ').flatMap((name) => (name.startsWith(sort) ? [name.slice(sort.length)] : []));

/** `HostnameError`. */
function hostError(certificate: X509Certificate, host: string): string | undefined {
  const isAddress = isIP(host) !== 0;
  const isNamed = isAddress ? certificate.checkIP(host) : certificate.checkHost(host, { subject: 'never', partialWildcards: false });
  if (isNamed !== undefined) return undefined;
  const { subjectAltName } = certificate;
  if (!isAddress && subjectAltName === undefined && certificate.checkHost(host, { subject: 'always' }) !== undefined)
    return 'certificate relies on legacy Common Name field, use SANs instead';
  const names = namesOf(subjectAltName, isAddress ? 'IP Address:' : 'DNS:');
  if (isAddress && names.length === 0) return `cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
  if (names.length >= NAMES_TOLD_MAX)
    return `certificate is valid for ${names.length} ${isAddress ? 'IP SANs' : 'names'}, but none matched ${host}`;
  if (names.length === 0) return `certificate is not valid for any names, but wanted to match ${host}`;
  return `certificate is valid for ${names.join(', ')}, not ${host}`;
}

/** What is wrong with those who signed: one who is trusted has the name, but not the key, or may not sign, or no more. */
function chainError(chain: readonly X509Certificate[], trusted: readonly X509Certificate[], now: number): string {
  for (const child of chain) {
    for (const parent of trusted.filter(({ subject }) => subject === child.issuer)) {
      const why = signatureError(child, parent);
      if (why === undefined) return timeError(parent, now) ?? UNKNOWN_AUTHORITY;
      const name = nameOf(parent);
      return `${UNKNOWN_AUTHORITY} (possibly because of ${JSON.stringify(why)} while trying to verify candidate authority certificate ${JSON.stringify(name)})`;
    }
  }
  return UNKNOWN_AUTHORITY;
}

const trustedBy = (ca: string | undefined): X509Certificate[] => (ca?.match(CERTIFICATES) ?? []).flatMap(readable);

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

function readable(encoded: string | Buffer): X509Certificate[] {
  try {
    return [new X509Certificate(encoded)];
  } catch {
    return []; // what cannot be read is trusted by nobody
  }
}

/** Go's words for a signature that is not of a key, by the key's type. */
const NOT_SIGNED: Readonly<Record<string, string>> = {
  rsa: 'crypto/rsa: verification error',
  ec: 'x509: ECDSA verification failure',
  ed25519: 'x509: Ed25519 verification failure',
};

/** `CheckSignatureFrom`. */
function signatureError(child: X509Certificate, parent: X509Certificate): string | undefined {
  if (!parent.ca) return 'x509: invalid signature: parent certificate cannot sign this kind of certificate';
  if (child.verify(parent.publicKey)) return undefined;
  return NOT_SIGNED[parent.publicKey.asymmetricKeyType ?? ''] ?? 'x509: signature algorithm specifies a different public key type';
}

/** What an authority is called: by its own name, else by its organization's, else by its number. */
function nameOf({ subject, serialNumber }: X509Certificate): string {
  const part = (key: string) => new RegExp(`^${key}=(.*)$`, 'm').exec(subject ?? '')?.[1];
  return part('CN') ?? part('O') ?? `serial:${BigInt(`0x${serialNumber}`)}`;
}
