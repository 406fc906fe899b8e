import type { IncomingMessage } from 'node:http';
import { apiError } from '../../api/index.ts';
import { type Clock, systemClock } from '../../runtime/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { createClientCertificates } from './client-certificate.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';
import { createStaticTokens } from './static-tokens.ts';
import { type TokenAuthenticator, TokenError, type TokenIdentity } from './token-authenticator.ts';
import type { Authenticator, UserInfo } from './types.ts';

export const ANONYMOUS_USER = 'system:anonymous';
export const UNAUTHENTICATED_GROUP = 'system:unauthenticated';
export const AUTHENTICATED_GROUP = 'system:authenticated';
/** `--service-account-issuer`, and with it the audience of the API server, unless given. */
export const DEFAULT_ISSUER = 'https://kubernetes.default.svc';

export interface AuthenticatorOptions {
  /** `--token-auth-file` */
  readonly tokenAuthFile?: string | undefined;
  /** Whether a request without credentials is `system:anonymous` or refused. */
  readonly anonymousAuth: boolean;
  /** PEM of the keys that service-account tokens are checked with. */
  readonly serviceAccountKeys: readonly string[];
  /** `--service-account-issuer` */
  readonly serviceAccountIssuers?: readonly string[] | undefined;
  /** `--api-audiences`; the issuers unless given. */
  readonly apiAudiences?: readonly string[] | undefined;
  readonly objects: ObjectReader;
  readonly clock?: Clock | undefined;
}

/** What became of a token under review. */
export type TokenVerdict = TokenIdentity | { readonly error: string };

/** The API server's authenticator: it always has a verdict on a request, and can be asked about a token alone. */
export interface RequestAuthenticator extends Authenticator {
  /** @throws ApiError (401) when a credential is not good, or there is none and anonymous requests are refused. */
  authenticate(request: IncomingMessage): UserInfo;
  /**
   * Says whose a token is, as TokenReview asks.
   *
   * @param audiences what it should be good for; none for the API server itself.
   */
  reviewToken(token: string, audiences: readonly string[]): TokenVerdict;
}

const INVALID_TOKEN = 'invalid bearer token';
const ANONYMOUS: UserInfo = { name: ANONYMOUS_USER, groups: [UNAUTHENTICATED_GROUP] };

/**
 * Client certificate, then bearer token, then anonymous: the first that knows the credential decides; a credential that is not good is 401
 * unless another one is. The CA of client certificates is the TLS server's (`ca`, with `requestCert` and without `rejectUnauthorized`).
 *
 * @throws UserError when the token file is not good.
 */
export function createAuthenticator(options: AuthenticatorOptions): RequestAuthenticator {
  const clock = options.clock ?? systemClock;
  const issuers = options.serviceAccountIssuers?.length ? options.serviceAccountIssuers : [DEFAULT_ISSUER];
  const apiAudiences = options.apiAudiences?.length ? options.apiAudiences : issuers;
  const tokens: TokenAuthenticator[] = [];
  if (options.tokenAuthFile !== undefined) tokens.push(createStaticTokens(options.tokenAuthFile, apiAudiences));
  tokens.push(
    createServiceAccountTokens({ issuers, publicKeys: options.serviceAccountKeys, apiAudiences, objects: options.objects, clock }),
  );
  const certificates = createClientCertificates(clock);

  const verdictOn = (token: string, audiences: readonly string[]): TokenVerdict => {
    const errors = [INVALID_TOKEN];
    for (const authenticator of tokens) {
      const found = attempt(() => authenticator.authenticateToken(token, audiences), errors);
      if (found) return { user: withAuthenticated(found.user), audiences: found.audiences };
    }
    return { error: errors.length === 1 ? INVALID_TOKEN : `[${errors.join(', ')}]` };
  };

  return {
    authenticate(request) {
      const certified = certificates.identify(request);
      if (typeof certified !== 'string') return withAuthenticated(certified);
      const token = bearerToken(request);
      if (token !== undefined) {
        const verdict = verdictOn(token, apiAudiences);
        if ('user' in verdict) return verdict.user;
        throw apiError.unauthorized();
      }
      if (certified === 'invalid' || !options.anonymousAuth) throw apiError.unauthorized();
      return ANONYMOUS;
    },
    reviewToken: (token, audiences) => verdictOn(token, audiences.length > 0 ? audiences : apiAudiences),
  };
}

/** A token that is known but not good adds to the errors; what else goes wrong is thrown on. */
function attempt(authenticate: () => TokenIdentity | undefined, errors: string[]): TokenIdentity | undefined {
  try {
    return authenticate();
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    if (!errors.includes(error.message)) errors.push(error.message);
    return undefined;
  }
}

function withAuthenticated(user: UserInfo): UserInfo {
  if (user.groups.includes(AUTHENTICATED_GROUP) || user.groups.includes(UNAUTHENTICATED_GROUP)) return user;
  return { ...user, groups: [...user.groups, AUTHENTICATED_GROUP] };
}

const WEBSOCKET_TOKEN = 'base64url.bearer.authorization.k8s.io.';

/** The token of `Authorization: Bearer …`, or of a WebSocket's sub-protocols; other schemes and an empty token are no credential. */
function bearerToken({ headers }: IncomingMessage): string | undefined {
  const [scheme = '', token = ''] = (headers.authorization ?? '').trim().split(' ');
  if (scheme.toLowerCase() === 'bearer' && token !== '') return token;
  const protocols = headers.upgrade?.toLowerCase() === 'websocket' ? (headers['sec-websocket-protocol'] ?? '') : '';
  const carried = protocols.split(',').find((protocol) => protocol.trim().startsWith(WEBSOCKET_TOKEN));
  return carried === undefined ? undefined : Buffer.from(carried.trim().slice(WEBSOCKET_TOKEN.length), 'base64url').toString('utf8');
}
