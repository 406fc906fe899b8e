import type { Environment, Service } from '../runtime/index.ts';
import { OptionError } from '../runtime/index.ts';
import { ALWAYS_ALLOW, ALWAYS_DENY, type AuthenticatorOptions, type ChainLink } from './auth/index.ts';
import type { OidcFlags, Providers, ProvidersOptions } from './auth/oidc/index.ts';
import type { TokenAuthenticator } from './auth/token-authenticator.ts';
import type { Chain } from './auth/webhook/index.ts';
import { hashOf, type ReloadStatus } from './config-reload.ts';
import type { Egress } from './egress/index.ts';
import type { AccessMetrics } from './pipeline/access-metrics.ts';
import { type ApiServerValues, type CompiledOptions, readPem } from './settings.ts';

/** Who else is asked who somebody is, and who is asked what they may do. */
export interface Access {
  readonly authentication: Pick<AuthenticatorOptions, 'anonymousAuth' | 'others'>;
  readonly authorizers: () => readonly ChainLink[];
  /** Ways out; all are direct without. */
  readonly egress: Egress | undefined;
  /** What runs in the background for it. */
  readonly services: readonly Service[];
}

/** What access runs on. */
interface AccessEnvironment extends Environment {
  readonly egress: Egress | undefined;
  readonly metrics: AccessMetrics;
}

/** Reads what the options name of it; loaded is only what is asked for. @throws OptionError, UserError */
export async function openAccess(
  values: ApiServerValues,
  compiled: CompiledOptions,
  given: Omit<AccessEnvironment, 'egress'>,
): Promise<Access> {
  const egress = await openEgress(values);
  const environment = { ...given, egress };
  const providers = await openProviders(values, compiled, environment);
  const webhook = await openTokenWebhook(values, compiled, environment);
  const chain = await openChain(values, environment);
  return {
    authentication: { anonymousAuth: anonymousOf(values, providers?.anonymous, environment), others: othersOf(providers, webhook) },
    authorizers: () => chain.links,
    egress,
    services: [...(providers ? [providers] : []), ...(webhook ? [serviceOf(webhook)] : []), chain],
  };
}

async function openEgress({ 'egress-selector-config-file': path }: ApiServerValues): Promise<Egress | undefined> {
  if (!path) return undefined;
  const { readEgress } = await import('./egress/index.ts');
  return readEgress(path);
}

/** Providers, which may change, and a webhook, as one list, which is another when they have changed. */
function othersOf(providers: LiveProviders | undefined, webhook: TokenAuthenticator | undefined): () => readonly TokenAuthenticator[] {
  let last: readonly TokenAuthenticator[] | undefined;
  let all: readonly TokenAuthenticator[] = webhook ? [webhook] : [];
  return () => {
    const now = providers?.tokens;
    if (now !== last) all = [...(now ?? []), ...(webhook ? [webhook] : [])];
    last = now;
    return all;
  };
}

const serviceOf = (...parts: readonly { close(): void }[]): Service => ({
  start: () => Promise.resolve(),
  stop: () => {
    for (const part of parts) part.close();
    return Promise.resolve();
  },
});

/** Modes that need nothing but their name. */
const PLAIN_MODES: Readonly<Record<string, ChainLink>> = { Node: 'Node', RBAC: 'RBAC', AlwaysAllow: ALWAYS_ALLOW, AlwaysDeny: ALWAYS_DENY };

/** Who is asked; the list is another when it has changed. */
type LiveChain = Service & { readonly links: readonly ChainLink[] };

const fixedChain = ({ links, webhooks }: Chain): LiveChain => ({ links, ...serviceOf(...webhooks) });

async function openChain(values: ApiServerValues, { clock, random, logger, metrics, egress }: AccessEnvironment): Promise<LiveChain> {
  const path = values['authorization-config'];
  const modes = values['authorization-mode'];
  const plain = modes.map((mode) => PLAIN_MODES[mode]).filter((link) => link !== undefined);
  if (path === undefined && plain.length === modes.length) return fixedChain({ links: plain, webhooks: [] });
  const { ChainFile, chainFromModes } = await import('./auth/webhook/index.ts');
  const onReload = (status: ReloadStatus) => metrics.reloaded('authorization', status, clock.now());
  const onHash = (hash: string) => metrics.configured('authorization', hash);
  const dial = egress?.get('controlplane');
  const options = {
    policyFile: values['authorization-policy-file'],
    onReload,
    onHash,
    metrics: metrics.webhooks,
    dial,
    clock,
    random,
    logger,
  };
  if (path !== undefined) return new ChainFile(path, options);
  const webhook = {
    kubeconfig: values['authorization-webhook-config-file'] ?? '',
    version: reviewVersion(values['authorization-webhook-version']),
    timeoutMs: WEBHOOK_MS_MAX,
    authorizedTtlMs: values['authorization-webhook-cache-authorized-ttl'],
    unauthorizedTtlMs: values['authorization-webhook-cache-unauthorized-ttl'],
    failsClosed: false,
    matchConditions: [],
  };
  return fixedChain(chainFromModes(modes, webhook, options));
}

/** How long the webhook of `--authorization-mode` may take: upstream's. */
const WEBHOOK_MS_MAX = 30_000;

const reviewVersion = (text: string): 'v1' | 'v1beta1' => (text === 'v1' ? 'v1' : 'v1beta1');

async function openTokenWebhook(values: ApiServerValues, { apiAudiences }: CompiledOptions, { clock, random, egress }: AccessEnvironment) {
  const kubeconfig = values['authentication-token-webhook-config-file'];
  if (kubeconfig === undefined) return undefined;
  const { createTokenWebhook } = await import('./auth/webhook/index.ts');
  const version = reviewVersion(values['authentication-token-webhook-version']);
  const dial = egress?.get('controlplane');
  const ttlMs = values['authentication-token-webhook-cache-ttl'];
  return createTokenWebhook({ kubeconfig, version, ttlMs, apiAudiences, dial, clock, random });
}

/** Where everything is allowed somebody must be known (upstream: `pkg/kubeapiserver/options`, `ApplyAuthorization`). */
export function anonymousOf(
  { 'anonymous-auth': allowed, 'authorization-mode': modes }: Pick<ApiServerValues, 'anonymous-auth' | 'authorization-mode'>,
  configured: Providers['anonymous'],
  { logger }: Pick<Environment, 'logger'>,
): AuthenticatorOptions['anonymousAuth'] {
  if (configured === undefined && allowed && modes.includes('AlwaysAllow')) {
    logger.warn('anonymous requests are refused, for AlwaysAllow would allow them everything; use another authorizer');
    return false;
  }
  if (configured === undefined) return allowed;
  if (!allowed)
    throw new OptionError('option --anonymous-auth=false and anonymous in --authentication-config exclude each other; leave one out');
  return configured;
}

type LiveProviders = Service & Providers;

async function openProviders(
  values: ApiServerValues,
  compiled: CompiledOptions,
  environment: AccessEnvironment,
): Promise<LiveProviders | undefined> {
  const { 'authentication-config': path, 'oidc-issuer-url': issuerUrl, 'oidc-client-id': clientId } = values;
  if ((path ?? issuerUrl) === undefined) return undefined;
  const { ProvidersFile, providersFromFlags } = await import('./auth/oidc/index.ts');
  const { clock, logger, metrics, egress } = environment;
  const onReload = (status: ReloadStatus) => metrics.reloaded('authentication', status, clock.now());
  const onHash = (hash: string) => metrics.configured('authentication', hash);
  const disallowedIssuers = values['service-account-issuer'];
  const onToken: ProvidersOptions['onToken'] = (result, issuer, ms) => metrics.tokens.ofProvider(result, hashOf(issuer), ms);
  const options = { apiAudiences: compiled.apiAudiences, disallowedIssuers, egress, onReload, onHash, onToken, clock, logger };
  if (path !== undefined) return new ProvidersFile(path, options);
  const providers = providersFromFlags(oidcFlags(values, issuerUrl ?? '', clientId ?? ''), values['oidc-signing-algs'], options);
  return {
    ...providers,
    start: () => {
      for (const each of providers.tokens) each.start();
      return Promise.resolve();
    },
    stop: () => {
      for (const each of providers.tokens) each.stop();
      return Promise.resolve();
    },
  };
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
