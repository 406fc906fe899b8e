import { constants, type KeyObject, verify } from 'node:crypto';
import { bitsOf, checkBoolean, checkInteger, oidText, textOf } from './asn1-values.ts';
import { DER_TAG, type DerElement, DerError, DerReader } from './der-reader.ts';
import { type AlternativeNames, NO_NAMES, parseAlternativeNames } from './names.ts';
import { decodePem } from './pem.ts';
import { type AlgorithmIdentifier, DER_NULL, publicKeyOf, readAlgorithm, readPublicKeyInfo } from './public-key.ts';

/** A part of a subject: which, as an object identifier, and what it says. */
export interface SubjectAttribute {
  readonly oid: string;
  readonly value: string;
}

/** A request for a certificate: PKCS #10. */
export interface SigningRequest {
  /** Whom it is about, part by part. */
  readonly subject: readonly SubjectAttribute[];
  /** Whom it is about; `''` when it does not say. */
  readonly commonName: string;
  /** The organizations it is about: groups, in a client certificate. */
  readonly organizations: readonly string[];
  /** What else the subject is called: where a server is reached, mostly. */
  readonly names: AlternativeNames;
  /** The key that it asks a certificate for, as DER. */
  readonly publicKey: Buffer;
  /** What is wrong with its signature; undefined when it was made with the key that it asks a certificate for. */
  signatureError(): string | undefined;
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALT_NAME = '2.5.29.17';
const REQUEST_BLOCK = 'CERTIFICATE REQUEST';
const RSA_BITS_MIN = 1024;
/** The tag, of the context, of what else is asked for. */
const ATTRIBUTES = 0;
const ED25519 = '1.3.101.112';

interface Algorithm {
  readonly keys: 'RSA' | 'ECDSA' | 'Ed25519';
  /** Node's name of the digest; null where the signature has its own. */
  readonly digest: string | null;
  readonly pss?: boolean | undefined;
  /** Go's name of an algorithm that nobody should use. */
  readonly insecure?: string | undefined;
}

/** By object identifier. RSA-PSS says its digest in its parameters. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['1.2.840.113549.1.1.4', { keys: 'RSA', digest: 'md5', insecure: 'MD5-RSA' }],
  ['1.2.840.113549.1.1.5', { keys: 'RSA', digest: 'sha1' }],
  ['1.3.14.3.2.29', { keys: 'RSA', digest: 'sha1' }],
  ['1.2.840.113549.1.1.11', { keys: 'RSA', digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { keys: 'RSA', digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { keys: 'RSA', digest: 'sha512' }],
  ['1.2.840.10045.4.1', { keys: 'ECDSA', digest: 'sha1' }],
  ['1.2.840.10045.4.3.2', { keys: 'ECDSA', digest: 'sha256' }],
  ['1.2.840.10045.4.3.3', { keys: 'ECDSA', digest: 'sha384' }],
  ['1.2.840.10045.4.3.4', { keys: 'ECDSA', digest: 'sha512' }],
  [ED25519, { keys: 'Ed25519', digest: null }],
]);
const RSA_PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';
const PSS_DIGESTS: ReadonlyMap<string, { readonly name: string; readonly saltBytes: number }> = new Map([
  ['2.16.840.1.101.3.4.2.1', { name: 'sha256', saltBytes: 32 }],
  ['2.16.840.1.101.3.4.2.2', { name: 'sha384', saltBytes: 48 }],
  ['2.16.840.1.101.3.4.2.3', { name: 'sha512', saltBytes: 64 }],
]);
/** What Node and Go call kinds of keys. */
const KEY_TYPES: ReadonlyMap<string | undefined, readonly [keys: Algorithm['keys'], go: string]> = new Map([
  ['rsa', ['RSA', '*rsa.PublicKey']],
  ['ec', ['ECDSA', '*ecdsa.PublicKey']],
  ['ed25519', ['Ed25519', 'ed25519.PublicKey']],
]);
const UNIMPLEMENTED = 'x509: cannot verify signature: algorithm unimplemented';

/**
 * Reads the DER of a request. Node has no reader of its own for them; the signature is checked by Node's (docs/adr/0003).
 *
 * @throws DerError in Go's words when it is none.
 */
export function parseSigningRequest(bytes: Buffer): SigningRequest {
  const reader = new DerReader(bytes);
  const { body, info, subject: name, attributes, identifier, signature } = fieldsOf(reader);
  if (!reader.done) throw new DerError('asn1: syntax error: trailing data');
  const algorithm = algorithmOf(identifier);
  const key = publicKeyOf(info);
  const subject = attributesOf(name);
  const saying = (oid: string) => subject.filter((attribute) => attribute.oid === oid).map(({ value }) => value);
  return {
    subject,
    commonName: saying(COMMON_NAME).at(-1) ?? '',
    organizations: saying(ORGANIZATION),
    names: requestedNames(attributes),
    publicKey: info.whole,
    signatureError: () => signatureError({ algorithm, key, signed: body, signature }),
  };
}

/** All of its structure is looked at before any of its meaning. */
function fieldsOf(reader: DerReader) {
  const request = new DerReader(reader.expect(DER_TAG.sequence, 'certificateRequest').content);
  const { whole: body, content } = request.expect(DER_TAG.sequence, 'tbsCertificateRequest');
  const fields = new DerReader(content);
  checkInteger(fields.expect(DER_TAG.integer, 'int').content);
  const subject = fields.next();
  const info = readPublicKeyInfo(fields);
  const attributes = new DerReader(fields.expectIn(ATTRIBUTES).content).rest();
  const identifier = readAlgorithm(request);
  const signature = bitsOf(request.expect(DER_TAG.bitString, 'BitString').content);
  return { body, subject, info, attributes, identifier, signature };
}

/**
 * Reads a request as it stands in a CertificateSigningRequest: PEM, in base64. Upstream: `ParseCSR`.
 *
 * @throws DerError in Go's words when it is none.
 */
export function signingRequestOf(base64: string | undefined): SigningRequest {
  const block = decodePem(Buffer.from(base64 ?? '', 'base64').toString('latin1'));
  if (block?.type !== REQUEST_BLOCK) throw new DerError(`PEM block type must be ${REQUEST_BLOCK}`);
  return parseSigningRequest(block.bytes);
}

function algorithmOf({ oid, parameters }: AlgorithmIdentifier): Algorithm | undefined {
  if (oid === ED25519 && parameters) return undefined;
  if (oid !== RSA_PSS) return ALGORITHMS.get(oid);
  const digest = parameters && quietly(() => pssDigest(parameters));
  return digest === undefined ? undefined : { keys: 'RSA', digest, pss: true };
}

/**
 * The digest in its parameters, if the mask is made with the same one, the salt is as long as it, and the trailer is the usual one: Go knows no others
 * (`getSignatureAlgorithmFromAI`).
 */
function pssDigest(parameters: DerElement): string | undefined {
  const fields = new DerReader(new DerReader(parameters.whole).expect(DER_TAG.sequence, 'pssParameters').content);
  const hash = readAlgorithm(new DerReader(fields.expectIn(0).content));
  const mask = readAlgorithm(new DerReader(fields.expectIn(1).content));
  const salt = numberIn(fields.expectIn(2));
  const trailer = fields.done ? 1 : numberIn(fields.expectIn(3));
  const maskHash = mask.parameters && readAlgorithm(new DerReader(mask.parameters.whole));
  const digest = PSS_DIGESTS.get(hash.oid);
  const isUsual = mask.oid === MGF1 && maskHash?.oid === hash.oid && [hash, maskHash].every(isWithoutParameters) && trailer === 1;
  return isUsual && digest?.saltBytes === salt ? digest.name : undefined;
}

function numberIn(explicit: DerElement): number {
  const { content } = new DerReader(explicit.content).expect(DER_TAG.integer, 'int');
  checkInteger(content);
  return content.length > 6 ? Number.NaN : content.readIntBE(0, content.length);
}

const isWithoutParameters = ({ parameters }: AlgorithmIdentifier): boolean => parameters === undefined || parameters.whole.equals(DER_NULL);

/** Undefined for what cannot be read, where that is no error. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** The pairs in a name, which is a sequence of sets of them; what is no text says nothing. */
function attributesOf(name: DerElement): SubjectAttribute[] {
  const sets = new DerReader(new DerReader(name.whole).expect(DER_TAG.sequence, 'RDNSequence').content).rest(DER_TAG.set);
  return sets.flatMap((set) =>
    new DerReader(set.content).rest(DER_TAG.sequence).flatMap((pair) => {
      const reader = new DerReader(pair.content);
      const oid = oidText(reader.expect(DER_TAG.oid, 'ObjectIdentifier').content);
      const value = textOf(reader.next());
      return value === undefined ? [] : [{ oid, value }];
    }),
  );
}

/** The names among the extensions that are asked for, which are an attribute of the request. Attributes of other forms are passed over. */
function requestedNames(attributes: readonly DerElement[]): AlternativeNames {
  const extensions = attributes.flatMap((attribute) => {
    const first = quietly(() => requestedExtensions(attribute));
    return first ? extensionsOf(first) : [];
  });
  let names = NO_NAMES;
  for (const { oid, value } of extensions) if (oid === SUBJECT_ALT_NAME) names = parseAlternativeNames(value);
  return names;
}

/** The first value of an attribute, if that is one that asks for extensions. */
function requestedExtensions({ whole }: DerElement): DerElement | undefined {
  const reader = new DerReader(new DerReader(whole).expect(DER_TAG.sequence, 'pkcs10Attribute').content);
  const oid = oidText(reader.expect(DER_TAG.oid, 'ObjectIdentifier').content);
  const [first] = new DerReader(reader.expect(DER_TAG.set, '').content).rest();
  return oid === EXTENSION_REQUEST ? first : undefined;
}

function extensionsOf(list: DerElement): { readonly oid: string; readonly value: Buffer }[] {
  const found = new DerReader(new DerReader(list.whole).expect(DER_TAG.sequence, '').content).rest(DER_TAG.sequence).map(({ content }) => {
    const fields = new DerReader(content);
    const oid = oidText(fields.expect(DER_TAG.oid, 'ObjectIdentifier').content);
    const critical = fields.ifNext(DER_TAG.boolean);
    if (critical) checkBoolean(critical.content);
    return { oid, value: fields.expect(DER_TAG.octets, '').content };
  });
  if (new Set(found.map(({ oid }) => oid)).size === found.length) return found;
  throw new DerError('x509: certificate request contains duplicate requested extensions');
}

interface Signed {
  readonly algorithm: Algorithm | undefined;
  readonly key: KeyObject | undefined;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** As Go's `CheckSignature`. */
function signatureError({ algorithm, key, signed, signature }: Signed): string | undefined {
  if (!algorithm) return UNIMPLEMENTED;
  if (algorithm.insecure !== undefined) return `x509: cannot verify signature: insecure algorithm ${algorithm.insecure}`;
  const type = KEY_TYPES.get(key?.asymmetricKeyType);
  if (!key || !type) return UNIMPLEMENTED;
  const [keys, goType] = type;
  if (keys !== algorithm.keys)
    return `x509: signature algorithm specifies an ${algorithm.keys} public key, but have public key of type ${goType}`;
  const unsafe = keys === 'RSA' ? rsaError(key) : undefined;
  if (unsafe !== undefined) return unsafe;
  const padding = algorithm.pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : {};
  if (verify(algorithm.digest, signed, { key, ...padding }, signature)) return undefined;
  return keys === 'RSA' ? 'crypto/rsa: verification error' : `x509: ${keys} verification failure`;
}

/** What Go verifies nothing with: `checkKeySize` and `checkPublicKey` of crypto/internal/fips140/rsa. */
function rsaError(key: KeyObject): string | undefined {
  const { modulusLength: bits = 0, publicExponent: exponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (bits < RSA_BITS_MIN) return `crypto/rsa: ${bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`;
  const modulus = Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url');
  if ((modulus.at(-1) ?? 0) % 2 === 0) return 'crypto/rsa: public modulus is even';
  if (exponent % 2n === 0n) return 'crypto/rsa: public exponent is even';
  return undefined;
}
