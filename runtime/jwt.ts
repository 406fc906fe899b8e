import { constants, createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/*
 * JSON web tokens as service accounts and OpenID providers use them: compact form, one signature, RS256 or ES256 (and their relatives, for keys
 * that a user or a provider brings). On node:crypto, synchronous: a signature is checked in 0.1 ms, and once per token.
 */

/** What a token says; everything in it is unknown until looked at. */
export type Claims = Readonly<Record<string, unknown>>;

interface Algorithm {
  readonly hash: string;
  readonly keyType: 'rsa' | 'ec';
  /** OpenSSL's name of the curve. */
  readonly curve?: string;
  /** RSASSA-PSS; PKCS #1 v1.5 otherwise. */
  readonly pss?: true;
}

const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  RS256: { hash: 'sha256', keyType: 'rsa' },
  RS384: { hash: 'sha384', keyType: 'rsa' },
  RS512: { hash: 'sha512', keyType: 'rsa' },
  ES256: { hash: 'sha256', keyType: 'ec', curve: 'prime256v1' },
  ES384: { hash: 'sha384', keyType: 'ec', curve: 'secp384r1' },
  ES512: { hash: 'sha512', keyType: 'ec', curve: 'secp521r1' },
  PS256: { hash: 'sha256', keyType: 'rsa', pss: true },
  PS384: { hash: 'sha384', keyType: 'rsa', pss: true },
  PS512: { hash: 'sha512', keyType: 'rsa', pss: true },
};

/** Those that tokens of OpenID providers may be signed with. */
export const SIGNING_ALGORITHMS: readonly string[] = Object.keys(ALGORITHMS).sort();

/** A key that tokens are checked with. */
export interface VerificationKey {
  readonly id: string;
  readonly key: KeyObject;
}

/** Reads a public key (or the public half of a private one). @param pem PEM. @throws when it is neither. */
export function verificationKey(pem: string): VerificationKey {
  const key = createPublicKey(pem);
  return { id: keyId(key), key };
}

/** A public key as a JSON web key, with upstream's members in upstream's order. @throws when tokens cannot be signed with such a key. */
export function webKey({ id, key }: VerificationKey): Readonly<Record<string, unknown>> {
  const { kty, crv, ...numbers } = key.export({ format: 'jwk' });
  return { use: 'sig', kty, kid: id, ...(crv === undefined ? {} : { crv }), alg: algorithmOf(key).name, ...numbers };
}

function algorithmOf(key: KeyObject): Algorithm & { readonly name: string } {
  const found = Object.entries(ALGORITHMS).find(([, algorithm]) => fits(algorithm, key));
  if (!found) throw new Error(`a ${key.asymmetricKeyType ?? 'strange'} key cannot sign tokens`);
  const [name, algorithm] = found;
  return { name, ...algorithm };
}

/** A key's name in a token's header: a hash of the public key, as upstream computes it. */
const keyId = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url');

/** A token taken apart, its signature not yet checked. */
export interface ParsedToken {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Buffer;
}

/** @returns undefined when the text is no JSON web token. */
export function parseToken(token: string): ParsedToken | undefined {
  const [header, payload, signature, ...more] = token.split('.');
  if (!header || !payload || signature === undefined || more.length > 0) return undefined;
  const fields = objectOf(header);
  const claims = objectOf(payload);
  if (!fields || !claims || typeof fields.alg !== 'string') return undefined;
  return {
    algorithm: fields.alg,
    keyId: typeof fields.kid === 'string' && fields.kid !== '' ? fields.kid : undefined,
    claims,
    signed: `${header}.${payload}`,
    signature: Buffer.from(signature, 'base64url'),
  };
}

function objectOf(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // Not JSON, so not a token: what else it may be is for other authenticators to say.
  }
}

export const isRecord = (value: unknown): value is Claims => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether the key made the token's signature. The algorithm must be the key's own: `none`, or HMAC with a public key, never pass. */
export function isSignedBy(token: ParsedToken, { key }: VerificationKey): boolean {
  const algorithm = Object.hasOwn(ALGORITHMS, token.algorithm) ? ALGORITHMS[token.algorithm] : undefined;
  if (!algorithm || !fits(algorithm, key)) return false;
  const padding = algorithm.pss ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : {};
  return verify(algorithm.hash, Buffer.from(token.signed), { key, dsaEncoding: 'ieee-p1363', ...padding }, token.signature);
}

const fits = (algorithm: Algorithm, key: KeyObject): boolean =>
  key.asymmetricKeyType === algorithm.keyType &&
  (algorithm.curve === undefined || key.asymmetricKeyDetails?.namedCurve === algorithm.curve);

/** Signs tokens with one key. */
export interface TokenSigner {
  sign(claims: Claims): string;
}

/** @param pem private key: RSA, or elliptic on P-256, P-384 or P-521. @throws when it is none of these. */
export function createTokenSigner(pem: string): TokenSigner {
  const key = createPrivateKey(pem);
  const { name, hash } = algorithmOf(key);
  const header = encode({ alg: name, kid: keyId(createPublicKey(key)) });
  return {
    sign(claims) {
      const signed = `${header}.${encode(claims)}`;
      return `${signed}.${sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    },
  };
}

const encode = (value: Claims): string => Buffer.from(JSON.stringify(value)).toString('base64url');
