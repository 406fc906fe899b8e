// Who makes a request, and whether it may be made.

export { SIGNING_ALGORITHMS } from '../../runtime/index.ts';
export { ALWAYS_ALLOW, ALWAYS_DENY } from './always.ts';
export {
  ANONYMOUS_USER,
  AUTHENTICATED_GROUP,
  type AuthenticatorOptions,
  createAuthenticator,
  DEFAULT_ISSUER,
  type RequestAuthenticator,
  type TokenVerdict,
  UNAUTHENTICATED_GROUP,
} from './authenticator.ts';
export { type ChainLink, createAuthorizer, PRIVILEGED_GROUP } from './authorizer.ts';
export { withFreshObjects } from './fresh-authenticator.ts';
export { createOpenIdDocuments, KEYS_PATH, type OpenIdDocuments } from './openid.ts';
export { createTokenIssuer, type IssuedToken, type TokenIssuer, type TokenReference, type TokenSubject } from './service-account-tokens.ts';
export { SERVICE_ACCOUNT_PREFIX, serviceAccountGroups, serviceAccountName } from './service-account-user.ts';
export {
  createTokenRequests,
  setTokenRequestDefaults,
  type TokenRequestContext,
  type TokenRequests,
  type TokenRequestsOptions,
} from './token-request.ts';
export type { AccessAttributes, Authenticator, Authorizer, Decision, ResolvedRules, UserInfo } from './types.ts';
export { ExpiringCache } from './webhook/expiring-cache.ts';
export { ReviewClient } from './webhook/review-client.ts';
