// Signing what a request asks for. Upstream: `pkg/controller/certificates/authority`.
import { type KeyObject, X509Certificate } from 'node:crypto';
import { extension, keyFromPem, signCertificate } from './certificate.ts';
import { certificateNames } from './certificate-names.ts';
import { der } from './der.ts';
import { encodeAlternativeNames, hasNames } from './names.ts';
import { decodePem } from './pem.ts';
import type { SigningRequest } from './signing-request.ts';

/** A certificate authority that has its key. */
export interface CertificateAuthority {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
  /** Its name, as it is written in its certificate. */
  readonly name: Buffer;
  /** What its certificate calls its key; undefined when it has no name for it. */
  readonly keyIdentifier: Buffer | undefined;
  readonly notAfterMs: number;
}

/** What becomes of a request. */
export interface SigningPolicy {
  /** Upstream's names of usages, such as `digital signature` and `client auth`. */
  readonly usages: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

const OID = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
};

/** The bits of `keyUsage`, the first one highest. */
const KEY_USAGE_BITS: ReadonlyMap<string, number> = new Map([
  ['signing', 0],
  ['digital signature', 0],
  ['content commitment', 1],
  ['key encipherment', 2],
  ['data encipherment', 3],
  ['key agreement', 4],
  ['cert sign', 5],
  ['crl sign', 6],
  ['encipher only', 7],
  ['decipher only', 8],
]);

/** In the order in which Go writes them. */
const EXTENDED_KEY_USAGES: readonly (readonly [oid: string, ...names: string[]])[] = [
  ['2.5.29.37.0', 'any'],
  ['1.3.6.1.5.5.7.3.1', 'server auth'],
  ['1.3.6.1.5.5.7.3.2', 'client auth'],
  ['1.3.6.1.5.5.7.3.3', 'code signing'],
  ['1.3.6.1.5.5.7.3.4', 'email protection', 's/mime'],
  ['1.3.6.1.5.5.7.3.5', 'ipsec end system'],
  ['1.3.6.1.5.5.7.3.6', 'ipsec tunnel'],
  ['1.3.6.1.5.5.7.3.7', 'ipsec user'],
  ['1.3.6.1.5.5.7.3.8', 'timestamping'],
  ['1.3.6.1.5.5.7.3.9', 'ocsp signing'],
  ['1.3.6.1.4.1.311.10.3.3', 'microsoft sgc'],
  ['2.16.840.1.113730.4.1', 'netscape sgc'],
];

/** The parts of a subject that are taken over, in the order in which Go writes them; others are left out. */
const SUBJECT_PARTS: readonly string[] = [
  '2.5.4.6', // country
  '2.5.4.10', // organization
  '2.5.4.11', // organizational unit
  '2.5.4.7', // locality
  '2.5.4.8', // province
  '2.5.4.9', // street
  '2.5.4.17', // postal code
  '2.5.4.3', // common name
  '2.5.4.5', // serial number
];
/** Of these Go knows one each: the last. */
const SINGLE_PARTS: readonly string[] = ['2.5.4.3', '2.5.4.5'];

/**
 * Reads an authority's certificate and key, as PEM.
 *
 * @throws when either is none, or they do not belong together.
 */
export function readAuthority(certificatePem: string, keyPem: string): CertificateAuthority {
  const certificate = new X509Certificate(certificatePem);
  const key = keyFromPem(keyPem);
  if (!certificate.checkPrivateKey(key)) throw new Error('the key is not the key of the certificate');
  return { certificate, key, notAfterMs: Date.parse(certificate.validTo), ...certificateNames(certificate) };
}

/**
 * Signs what a request asks for: its subject, its names and its key, for the usages of the policy.
 *
 * @returns PEM.
 * @throws Error in upstream's words when a usage is not known or the request is not signed with its own key.
 */
export function signRequest(authority: CertificateAuthority, request: SigningRequest, policy: SigningPolicy): string {
  const error = request.signatureError();
  if (error !== undefined) throw new Error(`unable to verify certificate request signature: ${error}`);
  const { name: issuer, key, keyIdentifier } = authority;
  const { notBeforeMs, notAfterMs } = policy;
  const subject = subjectName(request);
  const extensions = [
    ...usageExtensions(policy.usages),
    extension(OID.basicConstraints, der.sequence(), true),
    ...(keyIdentifier ? [extension(OID.authorityKeyIdentifier, der.sequence(der.implicit(0, keyIdentifier)))] : []),
    // Who has no name in the subject has them here, and must be read.
    ...(hasNames(request.names) ? [extension(OID.subjectAltName, encodeAlternativeNames(request.names), isEmptySequence(subject))] : []),
  ];
  return signCertificate({ issuer, subject, publicKey: request.publicKey, extensions, notBeforeMs, notAfterMs }, key);
}

const isEmptySequence = (name: Buffer): boolean => name.length === 2;

function subjectName({ subject }: SigningRequest): Buffer {
  const sets = SUBJECT_PARTS.flatMap((oid) => {
    const all = subject.filter((attribute) => attribute.oid === oid);
    const kept = SINGLE_PARTS.includes(oid) ? all.slice(-1).filter(({ value }) => value !== '') : all;
    if (kept.length === 0) return [];
    const pairs = kept.map(({ value }) => der.sequence(der.oid(oid), der.text(value)));
    // The elements of a set are in the order of their bytes.
    return [der.set(...pairs.sort(Buffer.compare))];
  });
  return der.sequence(...sets);
}

function usageExtensions(usages: readonly string[]): Buffer[] {
  const unknown = usages.filter(
    (usage) => !KEY_USAGE_BITS.has(usage) && !EXTENDED_KEY_USAGES.some(([, ...names]) => names.includes(usage)),
  );
  if (unknown.length > 0) throw new Error(`unrecognized usage values: [${unknown.map((usage) => JSON.stringify(usage)).join(' ')}]`);
  const bits = usages.flatMap((usage) => KEY_USAGE_BITS.get(usage) ?? []);
  const extended = EXTENDED_KEY_USAGES.filter(([, ...names]) => names.some((name) => usages.includes(name)));
  return [
    ...(bits.length > 0 ? [extension(OID.keyUsage, bitStringOf(bits), true)] : []),
    ...(extended.length > 0 ? [extension(OID.extendedKeyUsage, der.sequence(...extended.map(([oid]) => der.oid(oid))))] : []),
  ];
}

/** A named bit list: no bits behind the last one that is set. */
function bitStringOf(bits: readonly number[]): Buffer {
  const last = Math.max(...bits);
  const bytes = Buffer.alloc(Math.floor(last / 8) + 1);
  for (const bit of bits) bytes.writeUInt8(bytes.readUInt8(Math.floor(bit / 8)) | (0x80 >> (bit % 8)), Math.floor(bit / 8));
  return der.bitString(bytes, 7 - (last % 8));
}

/** Whether a text is PEM of a certificate, and until when that is good; undefined when it is none. */
export function certificateEndMs(pem: string): number | undefined {
  const block = decodePem(pem);
  return block?.type === 'CERTIFICATE' ? Date.parse(new X509Certificate(block.bytes).validTo) : undefined;
}
