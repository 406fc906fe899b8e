import { isUtf8 } from 'node:buffer';
import { apiError } from '../../api/index.ts';
import { type Clock, createClientCertificates, createRequestHeaders, type RequestHeaderOptions, systemClock } from '../../runtime/index.ts';
import type { RequestOrigin } from '../http/messages.ts';
import type { TokenMetrics } from '../pipeline/token-metrics.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { createBootstrapTokens } from './bootstrap-tokens.ts';
import { createLegacyTokens, type LegacyTokenOptions } from './legacy-tokens.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';
import { createStaticTokens } from './static-tokens.ts';
import { type TokenAuthenticator, TokenError, type TokenIdentity } from './token-authenticator.ts';
import { type Authenticator, type UserInfo, whenKnown } from './types.ts';

export const ANONYMOUS_USER = 'system:anonymous';
export const UNAUTHENTICATED_GROUP = 'system:unauthenticated';
export const AUTHENTICATED_GROUP = 'system:authenticated';
/** `--service-account-issuer`, and with it the audience of the API server, unless given. */
export const DEFAULT_ISSUER = 'https://kubernetes.default.svc';

export interface AuthenticatorOptions {
  /** `--token-auth-file` */
  readonly tokenAuthFile?: string | undefined;
  /** Whether a request without credentials is `system:anonymous` or refused; paths where it is, when it is not everywhere. */
  readonly anonymousAuth: boolean | readonly string[];
  /** PEM of the keys that service-account tokens are checked with. */
  readonly serviceAccountKeys: readonly string[];
  /** `--service-account-issuer` */
  readonly serviceAccountIssuers?: readonly string[] | undefined;
  /** `--api-audiences`; the issuers unless given. */
  readonly apiAudiences?: readonly string[] | undefined;
  readonly objects: ObjectReader;
  /** Where the use of a token that lies in a Secret is noted; nowhere unless given. */
  readonly writer?: LegacyTokenOptions['writer'];
  /** `--enable-bootstrap-token-auth` */
  readonly bootstrapTokens?: boolean | undefined;
  /** Further ones, asked last: tokens of an OpenID provider, webhooks. Another list when they have changed. */
  readonly others?: (() => readonly TokenAuthenticator[]) | undefined;
  /** PEM of the authorities of client certificates, which may change, where the TLS server trusts others too. */
  readonly clientCa?: (() => string) | undefined;
  /** Told with each request how long its client certificate is good yet. */
  readonly onCertificate?: ((leftMs: number) => void) | undefined;
  /** What counts tokens; nothing unless given. */
  readonly tokenMetrics?: TokenMetrics | undefined;
  /** Whom front proxies may name, and how; nobody unless given. */
  readonly requestHeaders?: RequestHeaderOptions | undefined;
  readonly clock?: Clock | undefined;
}

/** What became of a token under review. */
export type TokenVerdict = TokenIdentity | { readonly error: string };

/** The API server's authenticator: it always has a verdict on a request, and can be asked about a token alone. */
export interface RequestAuthenticator extends Authenticator {
  /** @throws ApiError (401) when a credential is not good, or there is none and anonymous requests are refused. */
  authenticate(request: RequestOrigin, warn?: (text: string) => void): UserInfo | Promise<UserInfo>;
  /**
   * Says whose a token is, as TokenReview asks.
   *
   * @param audiences what it should be good for; none for the API server itself.
   */
  reviewToken(token: string, audiences: readonly string[]): TokenVerdict | Promise<TokenVerdict>;
}

const INVALID_TOKEN = 'invalid bearer token';
const ANONYMOUS: UserInfo = { name: ANONYMOUS_USER, groups: [UNAUTHENTICATED_GROUP] };

/**
 * A front proxy's headers, then client certificate, then bearer token, then anonymous: the first that knows the credential decides; a credential that is not good is 401
 * unless another one is. The CA of client certificates is the TLS server's (`ca`, with `requestCert` and without `rejectUnauthorized`).
 *
 * @throws UserError when the token file is not good.
 */
export function createAuthenticator(options: AuthenticatorOptions): RequestAuthenticator {
  const clock = options.clock ?? systemClock;
  const issuers = options.serviceAccountIssuers?.length ? options.serviceAccountIssuers : [DEFAULT_ISSUER];
  const apiAudiences = options.apiAudiences?.length ? options.apiAudiences : issuers;
  const { objects, tokenMetrics } = options;
  const uses = tokenMetrics?.uses;
  const own: readonly TokenAuthenticator[] = [
    ...(options.tokenAuthFile === undefined ? [] : [createStaticTokens(options.tokenAuthFile, apiAudiences)]),
    createLegacyTokens({ publicKeys: options.serviceAccountKeys, apiAudiences, objects, writer: options.writer, uses, clock }),
    createServiceAccountTokens({ issuers, publicKeys: options.serviceAccountKeys, apiAudiences, objects, uses, clock }),
    ...(options.bootstrapTokens ? [createBootstrapTokens({ apiAudiences, objects, clock })] : []),
  ];
  const tokens = withOthers(own, options.others);
  const certificates = createClientCertificates(clock, options.clientCa, options.onCertificate);
  const proxies = options.requestHeaders && createRequestHeaders(options.requestHeaders, clock);
  const anonymous = anonymousRule(options.anonymousAuth);
  const asked = (token: string, audiences: readonly string[]) => askInTurn(tokens(), { token, audiences, errors: [INVALID_TOKEN] }, 0);
  const verdictOn = tokenMetrics ? counted(asked, tokenMetrics, clock) : asked;

  return {
    authenticate(request, warn) {
      const named = proxies?.identify(request);
      if (named) return withAuthenticated(named);
      const certified = certificates.identify(request);
      if (typeof certified !== 'string') return withAuthenticated(certified);
      const token = bearerToken(request, warn);
      if (token !== undefined) return whenKnown(verdictOn(token, apiAudiences), (verdict) => userOf(verdict, warn));
      if (certified === 'invalid' || !anonymous(request)) throw apiError.unauthorized();
      return ANONYMOUS;
    },
    reviewToken: (token, audiences) => verdictOn(token, audiences.length > 0 ? audiences : apiAudiences),
  };
}

type Asking = (token: string, audiences: readonly string[]) => TokenVerdict | Promise<TokenVerdict>;

/** Counts which tokens are known at once. */
function counted(ask: Asking, metrics: TokenMetrics, clock: Clock): Asking {
  return (token, audiences) => {
    const since = clock.monotonic();
    const verdict = ask(token, audiences);
    if (!(verdict instanceof Promise)) {
      metrics.hit(clock.monotonic() - since);
      return verdict;
    }
    metrics.fetching();
    return verdict.then(
      (known) => {
        metrics.fetched('user' in known ? 'ok' : 'error', clock.monotonic() - since);
        return known;
      },
      (error: unknown) => {
        metrics.fetched('error', clock.monotonic() - since);
        throw error;
      },
    );
  };
}

/** Our own, and the others as they are now. */
function withOthers(own: readonly TokenAuthenticator[], others: AuthenticatorOptions['others']): () => readonly TokenAuthenticator[] {
  let last: readonly TokenAuthenticator[] | undefined;
  let all = own;
  return () => {
    const now = others?.();
    if (now !== last) all = [...own, ...(now ?? [])];
    last = now;
    return all;
  };
}

/** Who may come without credentials: everybody, nobody, or whoever asks for one of some paths. */
function anonymousRule(allowed: AuthenticatorOptions['anonymousAuth']): (request: RequestOrigin) => boolean {
  if (typeof allowed === 'boolean') return () => allowed;
  const paths = new Set(allowed);
  return ({ url = '' }) => paths.has(url.split('?', 1)[0] ?? '');
}

function userOf(verdict: TokenVerdict, warn: ((text: string) => void) | undefined): UserInfo {
  if (!('user' in verdict)) throw apiError.unauthorized();
  if (verdict.warning !== undefined) warn?.(verdict.warning);
  return verdict.user;
}

interface TokenQuestion {
  readonly token: string;
  readonly audiences: readonly string[];
  /** Why the token is not good, so far. */
  readonly errors: string[];
}

/** Asks each authenticator, until one knows the token; waits only for those that have to. */
function askInTurn(tokens: readonly TokenAuthenticator[], question: TokenQuestion, from: number): TokenVerdict | Promise<TokenVerdict> {
  for (let i = from; i < tokens.length; i++) {
    const found = attempt(tokens[i], question);
    if (found instanceof Promise) return found.then((identity) => (identity ? verdictFor(identity) : askInTurn(tokens, question, i + 1)));
    if (found !== undefined) return verdictFor(found);
  }
  const { errors } = question;
  return { error: errors.length === 1 ? INVALID_TOKEN : `[${errors.join(', ')}]` };
}

const verdictFor = ({ user, ...more }: TokenIdentity): TokenVerdict => ({ user: withAuthenticated(user), ...more });

/** A token that is known but not good adds to the errors; what else goes wrong is thrown on. */
function attempt(authenticator: TokenAuthenticator | undefined, { token, audiences, errors }: TokenQuestion): Attempt | Promise<Attempt> {
  const note = (error: unknown): undefined => {
    if (!(error instanceof TokenError)) throw error;
    if (!errors.includes(error.message)) errors.push(error.message);
  };
  try {
    const found = authenticator?.authenticateToken(token, audiences);
    return found instanceof Promise ? found.catch(note) : found;
  } catch (error) {
    return note(error);
  }
}

type Attempt = TokenIdentity | undefined;

function withAuthenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(AUTHENTICATED_GROUP) || user.groups.includes(UNAUTHENTICATED_GROUP)) return user;
  return { ...user, groups: [...user.groups, AUTHENTICATED_GROUP] };
}

const SPACE_BEFORE_TOKEN = 'the provided Authorization header contains extra space before the bearer token, and is ignored';

/** The token of `Authorization: Bearer …`, or of a WebSocket's sub-protocols; other schemes and an empty token are no credential. */
function bearerToken({ headers }: RequestOrigin, warn?: (text: string) => void): string | undefined {
  const [scheme = '', token = '', more] = (headers.authorization ?? '').trim().split(' ');
  if (scheme.toLowerCase() === 'bearer') {
    if (token !== '') return token;
    if (more !== undefined) warn?.(SPACE_BEFORE_TOKEN);
  }
  return headers.upgrade?.toLowerCase() === 'websocket' ? protocolToken(headers['sec-websocket-protocol'] ?? '') : undefined;
}

const WEBSOCKET_TOKEN = 'base64url.bearer.authorization.k8s.io.';

/**
 * The token among a WebSocket's sub-protocols: one, beside another that can be agreed upon. Upstream: apiserver,
 * `pkg/authentication/request/websocket`.
 *
 * @throws ApiError (401) when it is not carried so.
 */
function protocolToken(header: string): string | undefined {
  const protocols = header.split(',').map((protocol) => protocol.trim());
  const carried = protocols
    .filter((protocol) => protocol.startsWith(WEBSOCKET_TOKEN))
    .map((protocol) => protocol.slice(WEBSOCKET_TOKEN.length));
  const [encoded] = carried;
  if (encoded === undefined) return undefined;
  if (carried.length > 1 || !/^[\w-]*$/.test(encoded) || encoded.length % 4 === 1) throw apiError.unauthorized();
  const bytes = Buffer.from(encoded, 'base64url');
  if (!isUtf8(bytes)) throw apiError.unauthorized();
  if (bytes.length > 0 && protocols.length === 1) throw apiError.unauthorized();
  return bytes.toString() || undefined;
}
