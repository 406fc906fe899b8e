// Users of OpenID providers.
import { isDeepStrictEqual } from 'node:util';
import { type FieldError, fieldError } from '../../../api/index.ts';
import { type Clock, type Logger, type Service, SIGNING_ALGORITHMS, type Timer } from '../../../runtime/index.ts';
import { parseConfig, readConfigText, refuseConfig } from '../../config-file.ts';
import { ConfigReload, type ConfigReloadOptions } from '../../config-reload.ts';
import type { Egress } from '../../egress/index.ts';
import { compileAuthentication } from './compile.ts';
import {
  AUTHENTICATION_FORMAT,
  AUTHENTICATION_OPTION,
  type AuthenticationConfiguration,
  configurationOf,
  type OidcFlags,
} from './config.ts';
import { type OidcOptions, OidcTokens } from './oidc-tokens.ts';

export type { OidcFlags } from './config.ts';
export { OidcTokens } from './oidc-tokens.ts';

export interface ProvidersOptions {
  readonly apiAudiences: readonly string[];
  /** Issuers of the tokens of service accounts: no provider may be one. */
  readonly disallowedIssuers: readonly string[];
  /** Ways by which providers may be reached. */
  readonly egress?: Egress | undefined;
  /** Told how it went when the file had changed. */
  readonly onReload?: ConfigReloadOptions['onReload'];
  /** Told the hash of what the file says. */
  readonly onHash?: ConfigReloadOptions['onHash'];
  /** Told of each token of a provider. */
  readonly onToken?: OidcOptions['onToken'];
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Providers {
  readonly tokens: readonly OidcTokens[];
  /** Who may come without credentials; undefined when it is not said. */
  readonly anonymous: boolean | readonly string[] | undefined;
}

/** How often the file, and new providers that have not answered yet, are looked at. */
const POLL_MS = 2000;

/**
 * What `--authentication-config` asks for, as the file has it now. New providers serve when all of them have answered; until then those before do.
 * Who may come without credentials is as it was at the start, and a file that says otherwise is not followed, as upstream has it.
 */
export class ProvidersFile implements Service {
  /** Who may come without credentials; undefined when it is not said. */
  readonly anonymous: Providers['anonymous'];
  readonly #path: string;
  readonly #options: ProvidersOptions;
  readonly #reload: ConfigReload;
  /** What the file said at the start of who may come without credentials. */
  readonly #anonymous: AuthenticationConfiguration['anonymous'];
  #tokens: readonly OidcTokens[];
  #next: readonly OidcTokens[] | undefined;
  #timer: Timer | undefined;

  /** @throws UserError when the file cannot be read or followed. */
  constructor(path: string, options: ProvidersOptions) {
    const { clock, logger, onReload, onHash } = options;
    this.#path = path;
    this.#options = options;
    const text = readConfigText(AUTHENTICATION_OPTION, path);
    const config = parseConfig(AUTHENTICATION_FORMAT, path, text);
    this.#anonymous = config.anonymous;
    this.anonymous = anonymousOf(config);
    this.#tokens = tokensOf(config, this.#tokensOptions());
    const apply = (changed: string) => this.#apply(changed);
    this.#reload = new ConfigReload({ option: AUTHENTICATION_OPTION, path, text, pollMs: POLL_MS, apply, onReload, onHash, clock, logger });
  }

  get tokens(): readonly OidcTokens[] {
    return this.#tokens;
  }

  start(): Promise<void> {
    for (const each of this.#tokens) each.start();
    return this.#reload.start();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    for (const each of [...this.#tokens, ...(this.#next ?? [])]) each.stop();
    await this.#reload.stop();
  }

  /** Looks at the file now. */
  check(): void {
    this.#reload.check();
  }

  #apply(text: string): void {
    const config = parseConfig(AUTHENTICATION_FORMAT, this.#path, text);
    const isOther = !isDeepStrictEqual(config.anonymous, this.#anonymous);
    const changed = isOther ? [fieldError.forbidden('anonymous', 'changed from initial configuration file')] : [];
    const next = tokensOf(config, this.#tokensOptions(), changed);
    for (const each of this.#next ?? []) each.stop();
    this.#timer?.cancel();
    this.#next = next;
    for (const each of next) each.start();
    this.#takeOver();
  }

  #takeOver(): void {
    const next = this.#next;
    if (!next) return;
    if (!next.every(({ isReady }) => isReady)) {
      this.#timer = this.#options.clock.setTimer(POLL_MS, () => this.#takeOver());
      return;
    }
    for (const each of this.#tokens) each.stop();
    this.#tokens = next;
    this.#next = undefined;
  }

  #tokensOptions(): TokensOptions {
    return { ...this.#options, path: this.#path, option: AUTHENTICATION_OPTION, algorithms: SIGNING_ALGORITHMS };
  }
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

/** @param also what is wrong with the configuration beside what it says of providers. @throws UserError */
function tokensOf(config: AuthenticationConfiguration, options: TokensOptions, also: readonly FieldError[] = []): OidcTokens[] {
  const { option, path, algorithms, apiAudiences, onToken, clock, logger } = options;
  const { jwt, errors } = compileAuthentication(config, options.disallowedIssuers, options.egress);
  refuseConfig(option, path, [...errors, ...also]);
  return jwt.map((each) => new OidcTokens({ jwt: each, algorithms, apiAudiences, onToken, clock, logger }));
}

function anonymousOf({ anonymous }: AuthenticationConfiguration): Providers['anonymous'] {
  if (!anonymous) return undefined;
  if (!anonymous.enabled) return false;
  return anonymous.conditions?.length ? anonymous.conditions.map(({ path }) => path) : true;
}
