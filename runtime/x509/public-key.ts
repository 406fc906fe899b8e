// The key that a certificate is asked for, checked as Go's `crypto/x509` checks it (`parsePublicKey`); the key itself is read by Node.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { bitsOf, checkMinimal, oidText } from './asn1-values.ts';
import { DER_TAG, type DerElement, DerError, DerReader } from './der-reader.ts';

const RSA = '1.2.840.113549.1.1.1';
const ECDSA = '1.2.840.10045.2.1';
const ED25519 = '1.3.101.112';
export const DER_NULL = Buffer.from([5, 0]);
/** By curve, how long a point of it is: both coordinates, uncompressed. */
const CURVES: ReadonlyMap<string, number> = new Map([
  ['1.3.132.0.33', 57],
  ['1.2.840.10045.3.1.7', 65],
  ['1.3.132.0.34', 97],
  ['1.3.132.0.35', 133],
]);
const UNCOMPRESSED = 4;
const ED25519_BYTES = 32;

/** An AlgorithmIdentifier: which, and the parameters that it may have. */
export interface AlgorithmIdentifier {
  readonly oid: string;
  readonly parameters: DerElement | undefined;
}

/** A SubjectPublicKeyInfo, not looked into yet. */
export interface PublicKeyInfo {
  readonly whole: Buffer;
  readonly algorithm: AlgorithmIdentifier;
  readonly key: Buffer;
}

/** @throws DerError in Go's words. */
export function readAlgorithm(reader: DerReader): AlgorithmIdentifier {
  const fields = new DerReader(reader.expect(DER_TAG.sequence, 'AlgorithmIdentifier').content);
  const oid = oidText(fields.expect(DER_TAG.oid, 'ObjectIdentifier').content);
  return { oid, parameters: fields.done ? undefined : fields.next() };
}

/** @throws DerError in Go's words. */
export function readPublicKeyInfo(reader: DerReader): PublicKeyInfo {
  const { whole, content } = reader.expect(DER_TAG.sequence, 'publicKeyInfo');
  const fields = new DerReader(content);
  const algorithm = readAlgorithm(fields);
  return { whole, algorithm, key: bitsOf(fields.expect(DER_TAG.bitString, 'BitString').content) };
}

/** Undefined for a kind of key that Go does not know. @throws DerError when it is of a known kind, and none. */
export function publicKeyOf(info: PublicKeyInfo): KeyObject | undefined {
  const check = CHECKS.get(info.algorithm.oid);
  if (!check) return undefined;
  const error = check(info);
  try {
    return createPublicKey({ key: info.whole, format: 'der', type: 'spki' });
  } catch {
    // OpenSSL's words are nobody's contract.
    throw new DerError(error);
  }
}

/** What is said of a key by its kind; each tells what to say when Node cannot read it all the same. */
const CHECKS: ReadonlyMap<string, (info: PublicKeyInfo) => string> = new Map([
  [RSA, checkRsa],
  [ECDSA, checkEcdsa],
  [ED25519, checkEd25519],
]);

function checkRsa({ algorithm: { parameters }, key }: PublicKeyInfo): string {
  if (!parameters?.whole.equals(DER_NULL)) throw new DerError('x509: RSA key missing NULL parameters');
  const fields = new DerReader(wordFor('x509: invalid RSA public key', () => sequence(key)));
  const modulus = wordFor('x509: invalid RSA modulus', () => integer(fields));
  const exponent = wordFor('x509: invalid RSA public exponent', () => {
    const value = integer(fields);
    if (value.length > 8) throw new DerError('too large');
    return value;
  });
  if (!isPositive(modulus)) throw new DerError('x509: RSA modulus is not a positive number');
  if (!isPositive(exponent)) throw new DerError('x509: RSA public exponent is not a positive number');
  return 'x509: invalid RSA public key';
}

function checkEcdsa({ algorithm: { parameters }, key }: PublicKeyInfo): string {
  const curve = wordFor('x509: invalid ECDSA parameters', () =>
    oidText(new DerReader(parameters?.whole ?? key.subarray(0, 0)).expect(DER_TAG.oid, 'ObjectIdentifier').content),
  );
  const length = CURVES.get(curve);
  if (length === undefined) throw new DerError('x509: unsupported elliptic curve');
  const error = 'x509: failed to unmarshal elliptic curve point';
  if (key.length !== length || key[0] !== UNCOMPRESSED) throw new DerError(error);
  return error;
}

function checkEd25519({ algorithm: { parameters }, key }: PublicKeyInfo): string {
  if (parameters) throw new DerError('x509: Ed25519 key encoded with illegal parameters');
  if (key.length !== ED25519_BYTES) throw new DerError('x509: wrong Ed25519 public key size');
  return 'x509: wrong Ed25519 public key size';
}

const sequence = (bytes: Buffer): Buffer => new DerReader(bytes).expect(DER_TAG.sequence, '').content;

function integer(reader: DerReader): Buffer {
  const { content } = reader.expect(DER_TAG.integer, '');
  checkMinimal(content);
  return content;
}

const isPositive = (content: Buffer): boolean => (content[0] ?? 0) < 0x80 && content.some((byte) => byte !== 0);

/** Go reads keys with another library, which does not say what is wrong. */
function wordFor<T>(error: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof DerError) throw new DerError(error, { cause });
    throw cause;
  }
}
