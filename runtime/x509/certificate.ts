import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  type X509Certificate,
} from 'node:crypto';
import { certificateNames } from './certificate-names.ts';
import { der } from './der.ts';
import { encodeAlternativeNames, namesOfHosts } from './names.ts';

/** Who a certificate is about. In a client certificate the common name is the user, each organization a group. */
export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[] | undefined;
}

/** What a certificate may be used for. */
export type CertificateUse = 'ca' | 'server' | 'client';

/** A certificate authority: its name and the key it signs with. */
export interface Issuer {
  readonly subject: Subject;
  readonly key: KeyObject;
  /** Its certificate, unless that is one of ours: names and keys are then called as they are there, to the byte, as those look for who verify. */
  readonly certificate?: X509Certificate | undefined;
}

export interface CertificateRequest {
  readonly subject: Subject;
  /** The certified key; its public half goes into the certificate. */
  readonly key: KeyObject;
  /** Absent: signed by itself. */
  readonly issuer?: Issuer | undefined;
  readonly use: CertificateUse;
  /** DNS names and IP addresses a server is reached at. */
  readonly hosts?: readonly string[] | undefined;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  sha256WithRsa: '1.2.840.113549.1.1.11',
  ed25519: '1.3.101.112',
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
};
/** Signatures of the larger curves. */
const ECDSA: ReadonlyMap<string | undefined, readonly [oid: string, digest: string]> = new Map([
  ['secp384r1', ['1.2.840.10045.4.3.3', 'sha384']],
  ['secp521r1', ['1.2.840.10045.4.3.4', 'sha512']],
]);
const EXTENDED_USE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };
/** digitalSignature, keyEncipherment and keyCertSign; and the same without the last. */
const KEY_USAGE = { ca: der.bitString(Buffer.from([0b1010_0100]), 2), leaf: der.bitString(Buffer.from([0b1010_0000]), 5) };
const SERIAL_BYTES = 8;
const SEC1_PEM = /^-----BEGIN EC PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+)-----END EC PRIVATE KEY-----\n*$/;

/** A new P-256 key: 0.1 ms, where RSA takes 100. */
export const generateKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

/** A private key as PEM: SEC 1 for elliptic curves (`EC PRIVATE KEY`), as kubeadm writes them. */
export const keyToPem = (key: KeyObject): string =>
  key.export({ type: key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8', format: 'pem' }).toString();

export const publicKeyToPem = (key: KeyObject): string => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();

/** @throws when the text is no private key. */
export function keyFromPem(pem: string): KeyObject {
  const [, body] = SEC1_PEM.exec(pem) ?? [];
  // OpenSSL takes three times as long to find out by itself what is in a PEM file.
  return body === undefined ? createPrivateKey(pem) : createPrivateKey({ key: Buffer.from(body, 'base64'), format: 'der', type: 'sec1' });
}

/** Makes and signs an X.509 (version 3) certificate. @returns PEM. */
export function issueCertificate(request: CertificateRequest): string {
  const issuer: Issuer = request.issuer ?? { subject: request.subject, key: request.key };
  const publicKey = createPublicKey(request.key).export({ type: 'spki', format: 'der' });
  const given = issuer.certificate && certificateNames(issuer.certificate);
  return signCertificate(
    {
      issuer: given?.name ?? nameOf(issuer.subject),
      subject: nameOf(request.subject),
      publicKey,
      extensions: extensionsOf(request, publicKey, given ? given.keyIdentifier : ownKeyIdentifier(issuer.key)),
      notBeforeMs: request.notBeforeMs,
      notAfterMs: request.notAfterMs,
    },
    issuer.key,
  );
}

/** What a certificate says; names, key and extensions as DER. */
export interface CertificateContent {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: Buffer;
  readonly extensions: readonly Buffer[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Signs what a certificate says, under a serial number of its own. @returns PEM. */
export function signCertificate(content: CertificateContent, key: KeyObject): string {
  const { algorithm, digest } = signatureAlgorithm(key);
  const toBeSigned = der.sequence(
    der.explicit(0, der.integer(Buffer.from([2]))),
    der.integer(Buffer.concat([Buffer.from([1]), randomBytes(SERIAL_BYTES)])),
    algorithm,
    content.issuer,
    der.sequence(der.time(content.notBeforeMs), der.time(content.notAfterMs)),
    content.subject,
    content.publicKey,
    der.explicit(3, der.sequence(...content.extensions)),
  );
  return toPem('CERTIFICATE', der.sequence(toBeSigned, algorithm, der.bitString(sign(digest, toBeSigned, key))));
}

/** How a key signs: as Go has it, the digest goes with the size of the curve. */
function signatureAlgorithm(key: KeyObject): { algorithm: Buffer; digest: string | null } {
  if (key.asymmetricKeyType === 'ed25519') return { algorithm: der.sequence(der.oid(OID.ed25519)), digest: null };
  if (key.asymmetricKeyType !== 'ec')
    return { algorithm: der.sequence(der.oid(OID.sha256WithRsa), Buffer.from([0x05, 0x00])), digest: 'sha256' };
  const [oid, digest] = ECDSA.get(key.asymmetricKeyDetails?.namedCurve) ?? [OID.ecdsaWithSha256, 'sha256'];
  return { algorithm: der.sequence(der.oid(oid)), digest };
}

function nameOf(subject: Subject): Buffer {
  const part = (oid: string, text: string) => der.set(der.sequence(der.oid(oid), der.utf8String(text)));
  return der.sequence(
    ...(subject.organizations ?? []).map((organization) => part(OID.organization, organization)),
    part(OID.commonName, subject.commonName),
  );
}

/** What our own authorities call their keys. */
const ownKeyIdentifier = (key: KeyObject): Buffer => keyIdentifier(createPublicKey(key).export({ type: 'spki', format: 'der' }));

function extensionsOf(request: CertificateRequest, publicKey: Buffer, issuerKeyIdentifier: Buffer | undefined): Buffer[] {
  const isCa = request.use === 'ca';
  const hasIssuer = !isCa && issuerKeyIdentifier !== undefined;
  return [
    extension(OID.keyUsage, isCa ? KEY_USAGE.ca : KEY_USAGE.leaf, true),
    ...(request.use === 'ca' ? [] : [extension(OID.extendedKeyUsage, der.sequence(der.oid(EXTENDED_USE[request.use])))]),
    extension(OID.basicConstraints, der.sequence(...(isCa ? [der.boolean(true)] : [])), true),
    ...(isCa ? [extension(OID.subjectKeyIdentifier, der.octetString(keyIdentifier(publicKey)))] : []),
    ...(hasIssuer ? [extension(OID.authorityKeyIdentifier, der.sequence(der.implicit(0, issuerKeyIdentifier)))] : []),
    ...(request.hosts?.length ? [extension(OID.subjectAltName, encodeAlternativeNames(namesOfHosts(request.hosts)))] : []),
  ];
}

/** An extension of a certificate, as DER. */
export const extension = (oid: string, value: Buffer, critical = false): Buffer =>
  der.sequence(der.oid(oid), ...(critical ? [der.boolean(true)] : []), der.octetString(value));

/** Any value does as long as both sides compute it alike: the hash of the whole key structure. */
const keyIdentifier = (publicKey: Buffer): Buffer => createHash('sha1').update(publicKey).digest();

function toPem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
