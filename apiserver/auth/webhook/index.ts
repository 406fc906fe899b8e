// Authorizers and authenticators that are asked over HTTP, and the configuration file that orders authorizers.
import { type Clock, type Dial, type Logger, type Random, type Service, UserError } from '../../../runtime/index.ts';
import { parseConfig, readConfigText, refuseConfig } from '../../config-file.ts';
import { ConfigReload, type ConfigReloadOptions } from '../../config-reload.ts';
import type { AuthorizationWebhookMetrics, WebhookResult } from '../../pipeline/webhook-metrics.ts';
import { createAbacAuthorizer } from '../abac.ts';
import { ALWAYS_ALLOW, ALWAYS_DENY } from '../always.ts';
import type { ChainLink } from '../authorizer.ts';
import {
  AUTHORIZATION_FORMAT,
  AUTHORIZATION_OPTION,
  type AuthorizationMode,
  type CompiledAuthorizer,
  type CompiledWebhook,
  compileAuthorization,
  isMode,
} from './authorization-config.ts';
import { ReviewClient } from './review-client.ts';
import { TokenWebhook } from './token-webhook.ts';
import { type ReviewVersion, WebhookAuthorizer } from './webhook-authorizer.ts';

export interface ChainOptions {
  /** `--authorization-policy-file` */
  readonly policyFile: string | undefined;
  /** Told how it went when the file had changed. */
  readonly onReload?: ConfigReloadOptions['onReload'];
  /** Told the hash of what the file says. */
  readonly onHash?: ConfigReloadOptions['onHash'];
  /** Told what webhooks are asked; nobody unless given. */
  readonly metrics?: AuthorizationWebhookMetrics | undefined;
  /** The way to webhooks; direct unless given. */
  readonly dial?: Dial | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Who is asked, in order, and what is to be closed at the end. */
export interface Chain {
  readonly links: readonly ChainLink[];
  readonly webhooks: readonly WebhookAuthorizer[];
}

/** How often the file is looked at. */
const POLL_MS = 2000;

/**
 * What `--authorization-config` asks for, as the file has it now. A changed file may order other webhooks, and only them: authorizers of other
 * types stay those there were at the start, as upstream has it.
 */
export class ChainFile implements Service {
  readonly #path: string;
  readonly #options: ChainOptions;
  readonly #reload: ConfigReload;
  readonly #types: string;
  #chain: Chain;

  /** @throws UserError when the file cannot be read or followed. */
  constructor(path: string, options: ChainOptions) {
    const { clock, logger, onReload, onHash } = options;
    this.#path = path;
    this.#options = options;
    const text = readConfigText(AUTHORIZATION_OPTION, path);
    const authorizers = authorizersOf(path, text);
    this.#types = ownTypes(authorizers);
    this.#chain = createChain(authorizers, options);
    const apply = (changed: string) => this.#apply(changed);
    this.#reload = new ConfigReload({ option: AUTHORIZATION_OPTION, path, text, pollMs: POLL_MS, apply, onReload, onHash, clock, logger });
  }

  get links(): readonly ChainLink[] {
    return this.#chain.links;
  }

  start(): Promise<void> {
    return this.#reload.start();
  }

  async stop(): Promise<void> {
    await this.#reload.stop();
    this.#close();
  }

  /** Looks at the file now. */
  check(): void {
    this.#reload.check();
  }

  #apply(text: string): void {
    const authorizers = authorizersOf(this.#path, text);
    const types = ownTypes(authorizers);
    if (types !== this.#types) {
      throw new UserError(
        `--${AUTHORIZATION_OPTION}: the authorizers that are no webhooks must stay ${this.#types}, not ${types}; restart to change them (in ${this.#path})`,
      );
    }
    const chain = createChain(authorizers, this.#options);
    this.#close();
    this.#chain = chain;
  }

  #close(): void {
    for (const webhook of this.#chain.webhooks) webhook.close();
  }
}

function authorizersOf(path: string, text: string): readonly CompiledAuthorizer[] {
  const { authorizers, errors } = compileAuthorization(parseConfig(AUTHORIZATION_FORMAT, path, text));
  refuseConfig(AUTHORIZATION_OPTION, path, errors);
  const misnamed = authorizers.flatMap(({ type, name }) =>
    type === 'Webhook' || name === nameOf(type) ? [] : `expected name ${nameOf(type)} for authorizer ${type} instead of ${name}`,
  );
  if (misnamed.length > 0) throw new UserError(`--${AUTHORIZATION_OPTION}: ${misnamed.join(', ')} (in ${path})`);
  return authorizers;
}

/** What an authorizer is called that is no webhook. Upstream: `GetNameForAuthorizerMode`. */
const nameOf = (type: AuthorizationMode): string => type.toLowerCase();

const ownTypes = (authorizers: readonly CompiledAuthorizer[]): string =>
  authorizers
    .flatMap(({ type }) => (type === 'Webhook' ? [] : type))
    .sort()
    .join(', ') || 'none';

function createChain(authorizers: readonly CompiledAuthorizer[], options: ChainOptions): Chain {
  const webhooks: WebhookAuthorizer[] = [];
  const links = authorizers.map((one): ChainLink => {
    if (one.type !== 'Webhook') return plainLink(one.type, options);
    const webhook = webhookAuthorizer(one.name, one.webhook, options);
    webhooks.push(webhook);
    return webhook;
  });
  return { links, webhooks };
}

function plainLink(type: Exclude<AuthorizationMode, 'Webhook'>, { policyFile }: ChainOptions): ChainLink {
  if (type === 'AlwaysAllow') return ALWAYS_ALLOW;
  if (type === 'AlwaysDeny') return ALWAYS_DENY;
  return type === 'ABAC' ? createAbacAuthorizer(policyFile ?? '') : type;
}

/** What upstream calls the webhook of `--authorization-mode`. */
const MODE_WEBHOOK = 'default';

/** What `--authorization-mode` asks for. @throws UserError */
export function chainFromModes(modes: readonly string[], webhook: CompiledWebhook, options: ChainOptions): Chain {
  const authorizers = modes.filter(isMode).map((type): CompiledAuthorizer => {
    return type === 'Webhook' ? { type, name: MODE_WEBHOOK, webhook } : { type, name: nameOf(type) };
  });
  return createChain(authorizers, options);
}

function webhookAuthorizer(
  name: string,
  webhook: CompiledWebhook,
  { clock, random, logger, metrics, dial }: ChainOptions,
): WebhookAuthorizer {
  const { kubeconfig, timeoutMs, ...rest } = webhook;
  const onTry = (result: WebhookResult, seconds: number) => metrics?.asked(name, result, seconds);
  const client = new ReviewClient({ kubeconfig, timeoutMs, dial, onTry, clock, random });
  return new WebhookAuthorizer({ name, client, ...rest, metrics, clock, logger });
}

/** How long a token webhook may take. */
const TOKEN_REVIEW_MS_MAX = 30_000;

export interface TokenWebhookSpec {
  readonly kubeconfig: string;
  readonly version: ReviewVersion;
  readonly ttlMs: number;
  readonly apiAudiences: readonly string[];
  /** The way there; direct unless given. */
  readonly dial?: Dial | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/** What `--authentication-token-webhook-config-file` asks for. @throws UserError */
export function createTokenWebhook({ kubeconfig, dial, random, ...rest }: TokenWebhookSpec): TokenWebhook {
  const client = new ReviewClient({ kubeconfig, timeoutMs: TOKEN_REVIEW_MS_MAX, dial, clock: rest.clock, random });
  return new TokenWebhook({ client, ...rest });
}
