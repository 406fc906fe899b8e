import { CelError, type CelValue, CostBudget, RUNTIME_BUDGET } from '../../../api/cel.ts';
import type { Clock, Logger } from '../../../runtime/index.ts';
import { type Claims, CREDENTIAL_ID, isRecord, type ParsedToken, parseToken } from '../../../runtime/index.ts';
import { type TokenAuthenticator, TokenError, type TokenIdentity } from '../token-authenticator.ts';
import type { UserInfo } from '../types.ts';
import { claimsValue, textsOf } from './claims-value.ts';
import type { ClaimSource, CompiledJwt, CompiledRule } from './compile.ts';
import { Provider } from './provider.ts';

/*
 * Tokens of OpenID providers, as users. Upstream: apiserver, plugin/pkg/authenticator/token/oidc. Claims that are kept elsewhere (distributed claims)
 * are not fetched: such a claim is absent.
 */

/** How far a provider's clock may be ahead. */
const NOT_BEFORE_LEEWAY_MS = 5 * 60_000;

export interface OidcOptions {
  readonly jwt: CompiledJwt;
  /** `--oidc-signing-algs`, or all there are. */
  readonly algorithms: readonly string[];
  readonly apiAudiences: readonly string[];
  /** Told of each token of this provider: whether it is good, and how long it took to know. */
  readonly onToken?: OnToken | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** @param issuer whose token it is. */
export type OnToken = (result: 'success' | 'failure', issuer: string, ms: number) => void;

/** One provider's tokens. */
export class OidcTokens implements TokenAuthenticator {
  readonly #options: OidcOptions;
  readonly #provider: Provider;

  constructor(options: OidcOptions) {
    const { jwt, clock, logger } = options;
    this.#options = options;
    this.#provider = new Provider({ issuer: jwt.issuer, discoveryUrl: jwt.discoveryUrl, ca: jwt.ca, dial: jwt.dial, clock, logger });
  }

  /** Whether the provider has told its keys. */
  get isReady(): boolean {
    return this.#provider.isReady;
  }

  start(): void {
    this.#provider.start();
  }

  stop(): void {
    this.#provider.stop();
  }

  authenticateToken(token: string, audiences: readonly string[]): Promise<TokenIdentity> | undefined {
    const { jwt, apiAudiences } = this.#options;
    const good = audiences.filter((audience) => apiAudiences.includes(audience));
    const parsed = good.length > 0 ? parseToken(token) : undefined;
    if (!parsed || issuerOf(parsed.claims) !== jwt.issuer) return undefined;
    return this.#timed(parsed).then((user) => ({ user, audiences: good }));
  }

  async #timed(token: ParsedToken): Promise<UserInfo> {
    const { jwt, onToken, clock } = this.#options;
    const since = clock.monotonic();
    let result: 'success' | 'failure' = 'failure';
    try {
      const user = await this.#identify(token);
      result = 'success';
      return user;
    } finally {
      onToken?.(result, jwt.issuer, clock.monotonic() - since);
    }
  }

  async #identify(token: ParsedToken): Promise<UserInfo> {
    if (!this.#provider.isReady) throw new TokenError('oidc: authenticator not initialized');
    await this.#verify(token);
    return userOf(this.#options.jwt, token.claims);
  }

  async #verify(token: ParsedToken): Promise<void> {
    const { jwt, algorithms, clock } = this.#options;
    const refuse = (why: string, cause?: unknown) => new TokenError(`oidc: verify token: ${why}`, { cause });
    const problem = audienceProblem(jwt.audiences, token.claims) ?? timeProblem(token.claims, clock.now());
    if (problem !== undefined) throw refuse(problem);
    if (!algorithms.includes(token.algorithm)) {
      throw refuse(
        `oidc: id token signed with unsupported algorithm, expected ${goList(algorithms)} got ${JSON.stringify(token.algorithm)}`,
      );
    }
    const signed = await this.#provider.isSigned(token).catch((error: unknown) => {
      throw refuse(`failed to verify signature: fetching keys ${error instanceof Error ? error.message : String(error)}`, error);
    });
    if (!signed) throw refuse('failed to verify signature: failed to verify id token signature');
  }
}

/** Google's tokens have said it in two ways. */
const issuerOf = ({ iss }: Claims): unknown => (iss === 'accounts.google.com' ? 'https://accounts.google.com' : iss);

const goList = (items: readonly string[]): string => `[${items.map((item) => JSON.stringify(item)).join(' ')}]`;

function audienceProblem(wanted: readonly string[], { aud }: Claims): string | undefined {
  const given = (Array.isArray(aud) ? aud : [aud]).filter((item) => typeof item === 'string');
  if (wanted.some((audience) => given.includes(audience))) return undefined;
  const [only = ''] = wanted;
  return `oidc: expected audience ${wanted.length === 1 ? JSON.stringify(only) : `in ${goList(wanted)}`} got ${goList(given)}`;
}

function timeProblem({ exp, nbf }: Claims, now: number): string | undefined {
  const expires = typeof exp === 'number' ? exp * 1000 : 0;
  if (expires < now) return `oidc: token is expired (Token Expiry: ${goTime(expires)})`;
  if (typeof nbf !== 'number' || now + NOT_BEFORE_LEEWAY_MS >= nbf * 1000) return undefined;
  return `oidc: current time ${goTime(now)} before the nbf (not before) time: ${goTime(nbf * 1000)}`;
}

/** A time as Go prints it. */
const goTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;

/** What a good token makes of its bearer. @throws TokenError */
function userOf(jwt: CompiledJwt, claims: Claims): UserInfo {
  const values = new Values(claims);
  const name = usernameOf(jwt.username, values);
  const groups = jwt.groups ? groupsOf(jwt.groups, values) : [];
  const uid = jwt.uid ? uidOf(jwt.uid, values) : '';
  const extra = extraOf(jwt, values);
  for (const [claim, value] of jwt.requiredClaims) requireClaim(claims, claim, value);
  checkRules(jwt.claimRules, 'claim validation expression', (expression) => values.evaluate(expression));
  const user = { name, groups, ...(uid === '' ? {} : { uid }), ...(Object.keys(extra).length === 0 ? {} : { extra }) };
  const asValue = claimsValue({ username: name, uid, groups, extra });
  checkRules(jwt.userRules, 'user info validation rule', (expression) => evaluate(expression, 'user', asValue));
  return user;
}

type Expression = CompiledRule['expression'];

/** @returns an Error where it fails. */
function evaluate(expression: Expression, variable: string, value: CelValue): CelValue | Error {
  const outcome = expression.evaluate(
    (name) => (name === variable ? value : new CelError(`no such attribute: ${name}`)),
    new CostBudget(RUNTIME_BUDGET),
  );
  return 'error' in outcome ? new Error(outcome.error) : outcome.value;
}

/** The claims, and what expressions make of them. */
class Values {
  readonly claims: Claims;
  #value: CelValue | undefined;

  constructor(claims: Claims) {
    this.claims = claims;
  }

  evaluate(expression: Expression): CelValue | Error {
    this.#value ??= claimsValue(this.claims);
    return evaluate(expression, 'claims', this.#value);
  }
}

const failed = (what: string, why: string): TokenError => new TokenError(`oidc: error evaluating ${what}: ${why}`);

/** A text of the claims; an Error when it is absent or none. */
function textClaim(claims: Claims, name: string): string | Error {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined) return new Error('claim not present');
  return typeof value === 'string' ? value : new Error(`json: cannot unmarshal ${jsonKind(value)} into Go value of type string`);
}

const jsonKind = (value: unknown): string =>
  Array.isArray(value) ? 'array' : isRecord(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;

function usernameOf(source: ClaimSource, values: Values): string {
  if ('expression' in source) {
    const value = values.evaluate(source.expression);
    if (value instanceof Error) throw failed('username claim expression', value.message);
    if (typeof value !== 'string') throw failed('username claim expression', 'username claim expression must return a string');
    if (value === '') throw new TokenError('oidc: empty username via CEL expression is not allowed');
    return value;
  }
  const name = textClaim(values.claims, source.claim);
  if (name instanceof Error) throw new TokenError(`oidc: parse username claims ${JSON.stringify(source.claim)}: ${name.message}`);
  if (source.claim === 'email') checkVerified(values.claims);
  return source.prefix + name;
}

/** An address is no name while its provider does not vouch for it. */
function checkVerified(claims: Claims): void {
  if (!Object.hasOwn(claims, 'email_verified')) return;
  const { email_verified: verified } = claims;
  if (typeof verified !== 'boolean') {
    const why = `json: cannot unmarshal ${jsonKind(verified)} into Go value of type bool`;
    throw new TokenError(`oidc: parse 'email_verified' claim: ${why}`);
  }
  if (!verified) throw new TokenError('oidc: email not verified');
}

function groupsOf(source: ClaimSource, values: Values): readonly string[] {
  if ('expression' in source) return textsFrom(values.evaluate(source.expression), 'group claim expression');
  const value = Object.hasOwn(values.claims, source.claim) ? values.claims[source.claim] : undefined;
  if (value === undefined) return [];
  const groups: unknown[] = Array.isArray(value) ? value : [value];
  const texts = groups.filter((group) => typeof group === 'string');
  if (texts.length === groups.length) return texts.map((group) => source.prefix + group);
  const why = `json: cannot unmarshal ${jsonKind(value)} into Go value of type string`;
  throw new TokenError(`oidc: parse groups claim ${JSON.stringify(source.claim)}: ${why}`);
}

function textsFrom(value: CelValue | Error, what: string): readonly string[] {
  const texts = value instanceof Error ? value : textsOf(value);
  if (texts instanceof Error) throw failed(what, texts.message);
  return texts;
}

function uidOf(source: ClaimSource, values: Values): string {
  if ('expression' in source) {
    const value = values.evaluate(source.expression);
    if (value instanceof Error) throw failed('uid claim expression', value.message);
    if (typeof value !== 'string') throw failed('uid claim expression', 'uid claim expression must return a string');
    return value;
  }
  const uid = textClaim(values.claims, source.claim);
  if (uid instanceof Error) throw new TokenError(`oidc: parse uid claim ${JSON.stringify(source.claim)}: ${uid.message}`);
  return uid;
}

function extraOf({ extra: mappings }: CompiledJwt, values: Values): Record<string, readonly string[]> {
  const { jti } = values.claims;
  const extra: Record<string, readonly string[]> = typeof jti === 'string' && jti !== '' ? { [CREDENTIAL_ID]: [`JTI=${jti}`] } : {};
  for (const { key, expression } of mappings) {
    const texts = textsFrom(values.evaluate(expression), `extra claim expression: ${expression.text}`);
    if (texts.length > 0) extra[key] = texts;
  }
  return extra;
}

function requireClaim(claims: Claims, claim: string, wanted: string): void {
  if (!Object.hasOwn(claims, claim)) throw new TokenError(`oidc: required claim ${claim} not present in ID token`);
  const value = textClaim(claims, claim);
  if (value instanceof Error) throw new TokenError(`oidc: parse claim ${claim}: ${value.message}`);
  if (value !== wanted) throw new TokenError(`oidc: required claim ${claim} value does not match. Got = ${value}, want = ${wanted}`);
}

function checkRules(rules: readonly CompiledRule[], what: string, run: (expression: Expression) => CelValue | Error): void {
  for (const { expression, message } of rules) {
    const value = run(expression);
    if (value instanceof Error) throw failed(what, value.message);
    if (typeof value !== 'boolean') throw failed(what, 'validation expression must return a boolean');
    if (!value) throw failed(what, `validation expression '${expression.text}' failed: ${message}`);
  }
}
