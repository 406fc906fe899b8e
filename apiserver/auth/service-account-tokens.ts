import { coreKinds, type KindInfo } from '../../api/index.ts';
import type { Clock, Random } from '../../runtime/index.ts';
import { type Claims, createTokenSigner, isRecord } from '../../runtime/index.ts';
import type { TokenUses } from '../pipeline/token-metrics.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { createSignatureCheck } from './checked-signatures.ts';
import { serviceAccountUser } from './service-account-user.ts';
import { type TokenAuthenticator, TokenError, type TokenIdentity } from './token-authenticator.ts';

/** An object a token names, and dies with. */
export interface TokenReference {
  readonly name: string;
  readonly uid: string;
}

export interface ServiceAccountTokenOptions {
  /** `--service-account-issuer`: the first signs, all are accepted. */
  readonly issuers: readonly string[];
  /** PEM of the keys that tokens are checked with. */
  readonly publicKeys: readonly string[];
  /** What a token must be good for when the client does not say. */
  readonly apiAudiences: readonly string[];
  readonly objects: ObjectReader;
  /** Where uses are counted; nowhere unless given. */
  readonly uses?: TokenUses | undefined;
  readonly clock: Clock;
}

/** How far clocks may differ. */
const LEEWAY_MS = 60_000;
/** How long an object's deletion may be under way before its tokens are refused. */
const DELETION_LEEWAY_MS = LEEWAY_MS;

/**
 * Knows the tokens of service accounts. The signature is checked once per token; issuer, audience, times, and that the account and what
 * the token is bound to are still there, on each use.
 */
export function createServiceAccountTokens(options: ServiceAccountTokenOptions): TokenAuthenticator {
  const { publicKeys, issuers } = options;
  const claimsOf = createSignatureCheck({ publicKeys, isOurs: ({ iss }) => issuers.includes(String(iss)) });
  return {
    authenticateToken(token, audiences) {
      const claims = claimsOf(token);
      return claims && identify(options, claims, audiences);
    },
  };
}

function identify(options: ServiceAccountTokenOptions, claims: Claims, audiences: readonly string[]): TokenIdentity {
  const own = stringsOf(claims.aud);
  if (own.length === 0 && options.uses) options.uses.legacy++;
  const tokenAudiences = own.length > 0 ? own : options.apiAudiences;
  const good = tokenAudiences.filter((audience) => audiences.includes(audience));
  if (good.length === 0) {
    throw new TokenError(`token audiences ${goList(tokenAudiences)} is invalid for the target audiences ${goList(audiences)}`);
  }
  checkTimes(claims, options.clock.now());
  const bound = boundTo(claims);
  checkAccount(options, bound);
  for (const binding of bindingsOf(bound)) checkBinding(options, bound.namespace, binding);
  countUse(options, claims);
  const jti = typeof claims.jti === 'string' ? claims.jti : '';
  return {
    audiences: good,
    user: serviceAccountUser({
      namespace: bound.namespace,
      name: bound.account.name,
      uid: bound.account.uid,
      pod: bound.pod,
      node: bound.node,
      credentialId: jti === '' ? undefined : `JTI=${jti}`,
    }),
  };
}

/** Of tokens that should be renewed after a while, whether that is over. Upstream: `pkg/serviceaccount/claims.go`. */
function countUse({ uses, clock }: ServiceAccountTokenOptions, claims: Claims): void {
  const kubernetes = claims['kubernetes.io'];
  const warnAfter = isRecord(kubernetes) ? kubernetes.warnafter : undefined;
  if (!uses || typeof warnAfter !== 'number' || warnAfter === 0) return;
  uses[clock.now() > warnAfter * 1000 ? 'stale' : 'valid']++;
}

const stringsOf = (value: unknown): string[] => (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
const goList = (items: readonly string[]): string => `[${items.map((item) => JSON.stringify(item)).join(' ')}]`;

function checkTimes(claims: Claims, now: number): void {
  const ms = (claim: unknown) => (typeof claim === 'number' ? claim * 1000 : undefined);
  const [expires, notBefore, issued] = [ms(claims.exp), ms(claims.nbf), ms(claims.iat)];
  if (notBefore !== undefined && now + LEEWAY_MS < notBefore) throw new TokenError('service account token is not valid yet');
  if (expires !== undefined && now - LEEWAY_MS > expires) throw new TokenError('service account token has expired');
  if (issued !== undefined && now + LEEWAY_MS < issued) {
    throw new TokenError('service account token claims could not be validated due to unexpected validation error');
  }
}

/** The private claims of a token: whose it is, and what it lives as long as. */
interface Bound {
  readonly namespace: string;
  readonly account: TokenReference;
  readonly pod: TokenReference | undefined;
  readonly secret: TokenReference | undefined;
  readonly node: TokenReference | undefined;
}

function boundTo(claims: Claims): Bound {
  const kubernetes = claims['kubernetes.io'];
  const own: Claims = isRecord(kubernetes) ? kubernetes : {};
  return {
    namespace: typeof own.namespace === 'string' ? own.namespace : '',
    account: reference(own.serviceaccount) ?? { name: '', uid: '' },
    pod: reference(own.pod),
    secret: reference(own.secret),
    node: reference(own.node),
  };
}

function reference(value: unknown): TokenReference | undefined {
  if (!isRecord(value)) return undefined;
  return { name: typeof value.name === 'string' ? value.name : '', uid: typeof value.uid === 'string' ? value.uid : '' };
}

interface Binding {
  readonly kind: KindInfo;
  readonly label: string;
  readonly namespaced: boolean;
  readonly reference: TokenReference;
}

/** What must be there for the token to be good. The node of a pod's token is only noted. */
function* bindingsOf({ secret, pod, node }: Bound): Generator<Binding> {
  if (secret) yield { kind: coreKinds.secrets, label: 'secret', namespaced: true, reference: secret };
  if (pod) yield { kind: coreKinds.pods, label: 'pod', namespaced: true, reference: pod };
  else if (node) yield { kind: coreKinds.nodes, label: 'node', namespaced: false, reference: node };
}

function checkAccount({ objects, clock }: ServiceAccountTokenOptions, { namespace, account }: Bound): void {
  const found = objects.get(coreKinds.serviceaccounts, namespace, account.name);
  if (!found) throw new TokenError(`serviceaccounts ${JSON.stringify(account.name)} not found`);
  if (wasDeleted(found.metadata.deletionTimestamp, clock.now())) {
    throw new TokenError(`service account ${namespace}/${account.name} has been deleted`);
  }
  if (found.metadata.uid !== account.uid) {
    throw new TokenError(`service account UID (${found.metadata.uid}) does not match claim (${account.uid})`);
  }
}

function checkBinding({ objects, clock }: ServiceAccountTokenOptions, namespace: string, binding: Binding): void {
  const { kind, label, reference: wanted } = binding;
  const found = objects.get(kind, binding.namespaced ? namespace : '', wanted.name);
  if (!found || wasDeleted(found.metadata.deletionTimestamp, clock.now())) {
    throw new TokenError('service account token has been invalidated');
  }
  if (found.metadata.uid !== wanted.uid) {
    throw new TokenError(`${label} UID (${found.metadata.uid}) does not match service account ${label} ref claim (${wanted.uid})`);
  }
}

const wasDeleted = (deletionTimestamp: string | undefined, now: number): boolean =>
  deletionTimestamp !== undefined && Date.parse(deletionTimestamp) < now - DELETION_LEEWAY_MS;

/** What a new token is to say. */
export interface TokenSubject {
  readonly namespace: string;
  readonly account: TokenReference;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly pod?: TokenReference | undefined;
  readonly secret?: TokenReference | undefined;
  readonly node?: TokenReference | undefined;
  /** Seconds after which the kubelet's use of the token is noted as stale. */
  readonly warnAfterSeconds?: number | undefined;
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresMs: number;
  /** What names it in the audit log: where it comes from, and which it is. */
  readonly credentialId: string;
}

/** Makes service-account tokens (the `token` subresource). */
export interface TokenIssuer {
  issue(subject: TokenSubject): IssuedToken;
}

/** @throws when the key cannot sign. */
export function createTokenIssuer(options: {
  readonly issuer: string;
  /** PEM. */
  readonly privateKey: string;
  readonly clock: Clock;
  readonly random: Random;
}): TokenIssuer {
  const signer = createTokenSigner(options.privateKey);
  return {
    issue(subject) {
      const now = Math.floor(options.clock.now() / 1000);
      const expires = now + subject.expirationSeconds;
      const id = options.random.uuid();
      const token = signer.sign({
        aud: subject.audiences,
        exp: expires,
        iat: now,
        iss: options.issuer,
        jti: id,
        'kubernetes.io': {
          namespace: subject.namespace,
          ...(subject.node ? { node: subject.node } : {}),
          ...(subject.pod ? { pod: subject.pod } : {}),
          ...(subject.secret ? { secret: subject.secret } : {}),
          serviceaccount: subject.account,
          ...(subject.warnAfterSeconds === undefined ? {} : { warnafter: now + subject.warnAfterSeconds }),
        },
        nbf: now,
        sub: `system:serviceaccount:${subject.namespace}:${subject.account.name}`,
      });
      return { token, expiresMs: expires * 1000, credentialId: `JTI=${id}` };
    },
  };
}
