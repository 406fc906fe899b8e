import type { Environment, Service } from '../runtime/index.ts';
import { OptionError } from '../runtime/index.ts';
import type { AuthenticatorOptions } from './auth/index.ts';
import type { OidcFlags, Providers } from './auth/oidc/index.ts';
import { type ApiServerValues, type CompiledOptions, readPem } from './settings.ts';

/** Who else is asked who somebody is. */
export interface Access {
  readonly authentication: Pick<AuthenticatorOptions, 'anonymousAuth' | 'others'>;
  /** What runs in the background for it. */
  readonly services: readonly Service[];
}

/** Reads what the options name of it; loaded is only what is asked for. @throws OptionError, UserError */
export async function openAccess(values: ApiServerValues, compiled: CompiledOptions, environment: Environment): Promise<Access> {
  const providers = await openProviders(values, compiled, environment);
  const tokens = providers?.tokens ?? [];
  return {
    authentication: { anonymousAuth: anonymousOf(values, providers?.anonymous), others: tokens },
    services: tokens.map((each) => ({
      start: () => Promise.resolve(each.start()),
      stop: () => Promise.resolve(each.stop()),
    })),
  };
}

function anonymousOf(
  { 'anonymous-auth': allowed }: ApiServerValues,
  configured: Providers['anonymous'],
): AuthenticatorOptions['anonymousAuth'] {
  if (configured === undefined) return allowed;
  if (!allowed)
    throw new OptionError('option --anonymous-auth=false and anonymous in --authentication-config exclude each other; leave one out');
  return configured;
}

async function openProviders(values: ApiServerValues, compiled: CompiledOptions, environment: Environment): Promise<Providers | undefined> {
  const { 'authentication-config': path, 'oidc-issuer-url': issuerUrl, 'oidc-client-id': clientId } = values;
  if ((path ?? issuerUrl) === undefined) return undefined;
  const { providersFromFile, providersFromFlags } = await import('./auth/oidc/index.ts');
  const { clock, logger } = environment;
  const options = { apiAudiences: compiled.apiAudiences, disallowedIssuers: values['service-account-issuer'], clock, logger };
  if (path !== undefined) return providersFromFile(path, options);
  return providersFromFlags(oidcFlags(values, issuerUrl ?? '', clientId ?? ''), values['oidc-signing-algs'], options);
}

function oidcFlags(values: ApiServerValues, issuerUrl: string, clientId: string): OidcFlags {
  const ca = values['oidc-ca-file'];
  return {
    issuerUrl,
    clientId,
    ca: ca === undefined ? undefined : readPem('oidc-ca-file', ca),
    usernameClaim: values['oidc-username-claim'],
    usernamePrefix: values['oidc-username-prefix'],
    groupsClaim: values['oidc-groups-claim'],
    groupsPrefix: values['oidc-groups-prefix'],
    requiredClaims: Object.fromEntries(values['oidc-required-claim'].map(claimOf)),
  };
}

function claimOf(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new OptionError(`option --oidc-required-claim takes claims as key=value, not "${text}"`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
