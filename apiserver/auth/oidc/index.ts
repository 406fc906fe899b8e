// Users of OpenID providers.
import type { Clock, Logger } from '../../../runtime/index.ts';
import { SIGNING_ALGORITHMS } from '../../../runtime/index.ts';
import { parseConfig, readConfigText, refuseConfig } from '../../config-file.ts';
import { compileAuthentication } from './compile.ts';
import {
  AUTHENTICATION_FORMAT,
  AUTHENTICATION_OPTION,
  type AuthenticationConfiguration,
  configurationOf,
  type OidcFlags,
} from './config.ts';
import { OidcTokens } from './oidc-tokens.ts';

export type { OidcFlags } from './config.ts';
export { OidcTokens } from './oidc-tokens.ts';

export interface ProvidersOptions {
  readonly apiAudiences: readonly string[];
  /** Issuers of the tokens of service accounts: no provider may be one. */
  readonly disallowedIssuers: readonly string[];
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Providers {
  readonly tokens: readonly OidcTokens[];
  /** Who may come without credentials; undefined when it is not said. */
  readonly anonymous: boolean | readonly string[] | undefined;
}

/** What `--authentication-config` asks for. @throws UserError */
export function providersFromFile(path: string, options: ProvidersOptions): Providers {
  const config = parseConfig(AUTHENTICATION_FORMAT, path, readConfigText(AUTHENTICATION_OPTION, path));
  return {
    tokens: tokensOf(config, { ...options, path, option: AUTHENTICATION_OPTION, algorithms: SIGNING_ALGORITHMS }),
    anonymous: anonymousOf(config),
  };
}

/** What `--oidc-issuer-url` and the options beside it ask for. @throws UserError */
export function providersFromFlags(flags: OidcFlags, algorithms: readonly string[], options: ProvidersOptions): Providers {
  const config = { jwt: [configurationOf(flags)] };
  return { tokens: tokensOf(config, { ...options, path: flags.issuerUrl, option: 'oidc-issuer-url', algorithms }), anonymous: undefined };
}

interface TokensOptions extends ProvidersOptions {
  readonly option: string;
  readonly path: string;
  readonly algorithms: readonly string[];
}

function tokensOf(config: AuthenticationConfiguration, options: TokensOptions): OidcTokens[] {
  const { option, path, algorithms, apiAudiences, clock, logger } = options;
  const { jwt, errors } = compileAuthentication(config, options.disallowedIssuers);
  refuseConfig(option, path, errors);
  return jwt.map((each) => new OidcTokens({ jwt: each, algorithms, apiAudiences, clock, logger }));
}

function anonymousOf({ anonymous }: AuthenticationConfiguration): Providers['anonymous'] {
  if (!anonymous) return undefined;
  if (!anonymous.enabled) return false;
  return anonymous.conditions?.length ? anonymous.conditions.map(({ path }) => path) : true;
}
