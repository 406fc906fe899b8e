import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { DER_TAG, type DerElement, DerError, DerReader, oidText } from './der-reader.ts';
import { type AlternativeNames, NO_NAMES, parseAlternativeNames } from './names.ts';
import { decodePem } from './pem.ts';

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
  ['1.3.101.112', { keys: 'Ed25519', digest: null }],
]);
const RSA_PSS = '1.2.840.113549.1.1.10';
const PSS_DIGESTS: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
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
  const request = new DerReader(reader.expect(DER_TAG.sequence, 'certificateRequest').content);
  if (!reader.done) throw new DerError('asn1: syntax error: trailing data');
  const body = request.expect(DER_TAG.sequence, 'tbsCertificateRequest');
  const algorithm = algorithmOf(request.expect(DER_TAG.sequence, 'AlgorithmIdentifier'));
  const signature = request.expect(DER_TAG.bitString, 'BitString').content.subarray(1);
  const fields = new DerReader(body.content);
  fields.expect(DER_TAG.integer, 'int');
  const subject = attributesOf(fields.next());
  const keyInfo = fields.expect(DER_TAG.sequence, 'publicKeyInfo');
  const key = publicKeyOf(keyInfo);
  const saying = (oid: string) => subject.filter((attribute) => attribute.oid === oid).map(({ value }) => value);
  return {
    subject,
    commonName: saying(COMMON_NAME).at(-1) ?? '',
    organizations: saying(ORGANIZATION),
    names: fields.done ? NO_NAMES : requestedNames(fields.next()),
    publicKey: keyInfo.whole,
    signatureError: () => signatureError({ algorithm, key, signed: body.whole, signature }),
  };
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

function algorithmOf({ content }: DerElement): Algorithm | undefined {
  const reader = new DerReader(content);
  const id = oidText(reader.expect(DER_TAG.oid, 'ObjectIdentifier').content);
  if (id !== RSA_PSS || reader.done) return ALGORITHMS.get(id);
  const digest = pssDigest(reader.next());
  return digest === undefined ? undefined : { keys: 'RSA', digest, pss: true };
}

/** Its parameters begin with the digest, as the first of its context's tags. */
function pssDigest(parameters: DerElement): string | undefined {
  const reader = new DerReader(parameters.content);
  if (reader.done) return undefined;
  const first = reader.next();
  if (first.tagClass !== 2 || first.tag !== 0) return undefined;
  const identifier = new DerReader(new DerReader(first.content).expect(DER_TAG.sequence, 'AlgorithmIdentifier').content);
  return PSS_DIGESTS.get(oidText(identifier.expect(DER_TAG.oid, 'ObjectIdentifier').content));
}

/** What Go says of a key of a kind that it knows, and that cannot be read. */
const KEY_ERRORS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.1', 'x509: invalid RSA public key'],
  ['1.2.840.10045.2.1', 'x509: failed to unmarshal elliptic curve point'],
  ['1.3.101.112', 'x509: wrong Ed25519 public key size'],
]);
const CURVES: readonly (string | undefined)[] = ['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'];

/** Undefined for a kind of key that Go does not know. @throws DerError when it is of a known kind, and none. */
function publicKeyOf({ whole, content }: DerElement): KeyObject | undefined {
  const algorithm = new DerReader(new DerReader(content).expect(DER_TAG.sequence, 'AlgorithmIdentifier').content);
  const error = KEY_ERRORS.get(oidText(algorithm.expect(DER_TAG.oid, 'ObjectIdentifier').content));
  if (error === undefined) return undefined;
  const key = readKey(whole, error);
  if (key.asymmetricKeyType === 'ec' && !CURVES.includes(key.asymmetricKeyDetails?.namedCurve)) {
    throw new DerError('x509: unsupported elliptic curve');
  }
  return key;
}

function readKey(der: Buffer, error: string): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    // OpenSSL's words are nobody's contract.
    throw new DerError(error);
  }
}

/** The pairs in a name, which is a sequence of sets of them. */
function attributesOf(name: DerElement): SubjectAttribute[] {
  const found: SubjectAttribute[] = [];
  for (const set of elementsOf(name.content)) {
    for (const pair of elementsOf(set.content)) {
      const reader = new DerReader(pair.content);
      const oid = oidText(reader.expect(DER_TAG.oid, 'ObjectIdentifier').content);
      found.push({ oid, value: textOf(reader.next()) });
    }
  }
  return found;
}

/** The names among the extensions that are asked for, which are an attribute of the request. */
function requestedNames(attributes: DerElement): AlternativeNames {
  for (const attribute of elementsOf(attributes.content)) {
    const reader = new DerReader(attribute.content);
    if (oidText(reader.expect(DER_TAG.oid, 'ObjectIdentifier').content) !== EXTENSION_REQUEST) continue;
    const [extensions] = elementsOf(reader.expect(DER_TAG.set, 'attributeTypeAndValueSET').content);
    for (const extension of elementsOf(extensions?.content ?? NOTHING)) {
      const parts = [...elementsOf(extension.content)];
      const value = parts.at(-1);
      if (parts[0] && value && oidText(parts[0].content) === SUBJECT_ALT_NAME) return parseAlternativeNames(value.content);
    }
  }
  return NO_NAMES;
}

const NOTHING = Buffer.alloc(0);

function* elementsOf(content: Buffer): Generator<DerElement> {
  for (const reader = new DerReader(content); !reader.done; ) yield reader.next();
}

function textOf({ tag, content }: DerElement): string {
  if (tag === DER_TAG.bmp)
    return Buffer.from(content.subarray(0, content.length & ~1))
      .swap16()
      .toString('utf16le');
  return content.toString(tag === DER_TAG.utf8 ? 'utf8' : 'latin1');
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
  const bits = key.asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN;
  if (bits < RSA_BITS_MIN) {
    return `crypto/rsa: ${bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`;
  }
  const padding = algorithm.pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO } : {};
  if (verify(algorithm.digest, signed, { key, ...padding }, signature)) return undefined;
  return keys === 'RSA' ? 'crypto/rsa: verification error' : `x509: ${keys} verification failure`;
}
