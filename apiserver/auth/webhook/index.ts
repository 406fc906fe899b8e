// Authorizers and authenticators that are asked over HTTP, and the configuration file that orders authorizers.
import type { Clock, Logger, Random } from '../../../runtime/index.ts';
import { parseConfig, readConfigText, refuseConfig } from '../../config-file.ts';
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
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Who is asked, in order, and what is to be closed at the end. */
export interface Chain {
  readonly links: readonly ChainLink[];
  readonly webhooks: readonly WebhookAuthorizer[];
}

/** What `--authorization-config` asks for. @throws UserError */
export function chainFromFile(path: string, options: ChainOptions): Chain {
  const config = parseConfig(AUTHORIZATION_FORMAT, path, readConfigText(AUTHORIZATION_OPTION, path));
  const { authorizers, errors } = compileAuthorization(config);
  refuseConfig(AUTHORIZATION_OPTION, path, errors);
  return createChain(authorizers, options);
}

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

/** What `--authorization-mode` asks for. @throws UserError */
export function chainFromModes(modes: readonly string[], webhook: CompiledWebhook, options: ChainOptions): Chain {
  const authorizers = modes.filter(isMode).map((type): CompiledAuthorizer => {
    const name = type.toLowerCase();
    return type === 'Webhook' ? { type, name, webhook } : { type, name };
  });
  return createChain(authorizers, options);
}

function webhookAuthorizer(name: string, webhook: CompiledWebhook, { clock, random, logger }: ChainOptions): WebhookAuthorizer {
  const { kubeconfig, timeoutMs, ...rest } = webhook;
  return new WebhookAuthorizer({ name, client: new ReviewClient({ kubeconfig, timeoutMs, clock, random }), ...rest, clock, logger });
}

/** How long a token webhook may take. */
const TOKEN_REVIEW_MS_MAX = 30_000;

export interface TokenWebhookSpec {
  readonly kubeconfig: string;
  readonly version: ReviewVersion;
  readonly ttlMs: number;
  readonly apiAudiences: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

/** What `--authentication-token-webhook-config-file` asks for. @throws UserError */
export function createTokenWebhook({ kubeconfig, random, ...rest }: TokenWebhookSpec): TokenWebhook {
  const client = new ReviewClient({ kubeconfig, timeoutMs: TOKEN_REVIEW_MS_MAX, clock: rest.clock, random });
  return new TokenWebhook({ client, ...rest });
}
