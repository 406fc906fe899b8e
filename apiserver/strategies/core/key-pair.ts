import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { decodePem, type PemBlock } from '../../../runtime/index.ts';

const CERTIFICATE = 'CERTIFICATE';
/** Kinds of keys that Go's TLS knows. */
const KEY_TYPES: readonly (string | undefined)[] = ['rsa', 'ec', 'ed25519'];

function blocksOf(pem: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let block = decodePem(pem); block; block = decodePem(block.rest)) blocks.push(block);
  return blocks;
}

const isKey = ({ type }: PemBlock): boolean => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY');

/** What is wrong with a certificate and its key, in the words of Go's `tls.X509KeyPair`. */
export function keyPairError(certificates: string, keys: string): string | undefined {
  const inCertificates = blocksOf(certificates);
  const certificate = inCertificates.find(({ type }) => type === CERTIFICATE);
  if (!certificate) return noCertificate(inCertificates.map(({ type }) => type));
  const inKeys = blocksOf(keys);
  const key = inKeys.find(isKey);
  if (!key) return noKey(inKeys.map(({ type }) => type));
  const publicKey = attempt(() => new X509Certificate(certificate.bytes).publicKey);
  if (!publicKey) return 'x509: malformed certificate';
  const privateKey = attempt(() => createPrivateKey({ key: key.bytes, format: 'der', type: 'pkcs8' })) ?? olderKey(key.bytes);
  if (!privateKey) return 'tls: failed to parse private key';
  return mismatch(publicKey, privateKey);
}

function noCertificate(types: readonly string[]): string {
  if (types.length === 0) return 'tls: failed to find any PEM data in certificate input';
  if (types.length === 1 && types[0]?.endsWith('PRIVATE KEY')) {
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  }
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}

function noKey(types: readonly string[]): string {
  if (types.length === 0) return 'tls: failed to find any PEM data in key input';
  if (types.length === 1 && types[0] === CERTIFICATE) return 'tls: found a certificate rather than a key in the PEM for the private key';
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${types.join(' ')}]`;
}

/** The forms from before PKCS #8, which Go tries whatever the block is called. */
const olderKey = (key: Buffer): KeyObject | undefined =>
  attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs1' })) ??
  attempt(() => createPrivateKey({ key, format: 'der', type: 'sec1' }));

function mismatch(publicKey: KeyObject, privateKey: KeyObject): string | undefined {
  if (!KEY_TYPES.includes(publicKey.asymmetricKeyType)) return 'tls: unknown public key algorithm';
  if (publicKey.asymmetricKeyType !== privateKey.asymmetricKeyType) return 'tls: private key type does not match public key type';
  return createPublicKey(privateKey).equals(publicKey) ? undefined : 'tls: private key does not match public key';
}

/** Something that Node.js may find malformed: what is wrong then is said in Go's words, by who asks. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
