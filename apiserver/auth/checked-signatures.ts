import { createHash } from 'node:crypto';
import { type Claims, isSignedBy, type ParsedToken, parseToken, type VerificationKey, verificationKey } from '../../runtime/index.ts';
import { TokenError } from './token-authenticator.ts';

/** Tokens whose signature is known to be good: it never changes, unlike all else about them. */
const VERIFIED_TOKENS_MAX = 4096;

export interface SignatureCheckOptions {
  /** PEM of the keys that tokens are checked with. */
  readonly publicKeys: readonly string[];
  /** Whether a token with these claims, which nobody has vouched for yet, is one of these at all. */
  isOurs(claims: Claims): boolean;
}

/**
 * Makes what tells the claims of a signed token. A signature is checked once per token.
 *
 * @returns a function that answers undefined for what is no token of this sort, and throws TokenError when its signature is not good.
 */
export function createSignatureCheck({ publicKeys, isOurs }: SignatureCheckOptions): (token: string) => Claims | undefined {
  const keys = publicKeys.map(verificationKey);
  const verified = new Map<string, Claims>();
  return (token) => {
    const digest = createHash('sha256').update(token).digest('base64');
    const known = verified.get(digest);
    if (known) return known;
    const parsed = parseToken(token);
    if (!parsed || !isOurs(parsed.claims)) return undefined;
    checkSignature(parsed, keys);
    const oldest = verified.size < VERIFIED_TOKENS_MAX ? undefined : verified.keys().next().value;
    if (oldest !== undefined) verified.delete(oldest);
    verified.set(digest, parsed.claims);
    return parsed.claims;
  };
}

function checkSignature(token: ParsedToken, keys: readonly VerificationKey[]): void {
  const candidates = token.keyId === undefined ? keys : keys.filter(({ id }) => id === token.keyId);
  if (candidates.length === 0) throw new TokenError('invalid signature, no keys found');
  if (!candidates.some((key) => isSignedBy(token, key))) {
    throw new TokenError('go-jose/go-jose: error in cryptographic primitive');
  }
}
