import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import type { Clock, Dial, Logger, Timer } from '../../../runtime/index.ts';
import { isSignedBy, type ParsedToken, type VerificationKey } from '../../../runtime/index.ts';
import { PeerClient } from '../json-http.ts';

/** Between two tries to find a provider: upstream's. */
const RETRY_MS = 10_000;
/** How long one request to a provider may take: upstream's. */
const REQUEST_MS_MAX = 30_000;

export interface ProviderOptions {
  readonly issuer: string;
  /** Where its configuration is, if not at its usual place below the issuer. */
  readonly discoveryUrl: string | undefined;
  /** PEM; the system's authorities unless given. */
  readonly ca: string | undefined;
  /** The way there; direct unless given. */
  readonly dial?: Dial | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.string() });
const keysSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string().optional(), use: z.string().optional() })) });

/**
 * An OpenID provider: found when it answers, however late that is, and asked for its keys when a token is signed with one that is not known.
 *
 *     not found ── every 10 s ──> found ──> keys ── a signature that none of them made, and they have expired ──> keys anew
 *
 * Many tokens that ask for new keys at once wait for one answer. Upstream: coreos/go-oidc `remoteKeySet`, and the OIDC authenticator's start.
 */
export class Provider {
  readonly #options: ProviderOptions;
  readonly #client: PeerClient;
  #keysUrl: string | undefined;
  #keys: readonly VerificationKey[] = [];
  /** Until when the provider says that its keys stay as they are. */
  #keysExpireMs = 0;
  #fetching: Promise<void> | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.#client = new PeerClient({ ca: options.ca, dial: options.dial, timeoutMs: REQUEST_MS_MAX, clock: options.clock });
  }

  /** Begins to look for the provider; nobody waits for it. */
  start(): void {
    this.#discover().catch((error: unknown) => {
      if (this.#stopped) return;
      const { issuer, logger, clock } = this.#options;
      logger.error({ err: error, issuer }, 'the OpenID provider cannot be reached, trying again');
      this.#timer = clock.setTimer(RETRY_MS, () => this.start());
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#client.close();
  }

  /** Whether the provider was found. */
  get isReady(): boolean {
    return this.#keysUrl !== undefined;
  }

  /** Whether the provider signed a token. Rejects when it has to be asked and cannot be. */
  async isSigned(token: ParsedToken): Promise<boolean> {
    if (this.#matches(token)) return true;
    if (this.#options.clock.now() < this.#keysExpireMs) return false;
    this.#fetching ??= this.#fetchKeys().finally(() => {
      this.#fetching = undefined;
    });
    await this.#fetching;
    return this.#matches(token);
  }

  #matches(token: ParsedToken): boolean {
    return this.#keys.some((key) => (token.keyId === undefined || key.id === token.keyId) && isSignedBy(token, key));
  }

  async #discover(): Promise<void> {
    const { issuer, discoveryUrl } = this.#options;
    const url = discoveryUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const found = discoverySchema.parse(await this.#json(url));
    if (found.issuer !== issuer) {
      const [wanted, given] = [JSON.stringify(issuer), JSON.stringify(found.issuer)];
      throw new Error(`oidc: issuer did not match the issuer returned by provider, expected ${wanted} got ${given}`);
    }
    this.#keysUrl = found.jwks_uri;
  }

  async #fetchKeys(): Promise<void> {
    const { clock } = this.#options;
    const answer = await this.#client.get(this.#keysUrl ?? '');
    if (answer.status !== 200) throw new Error(`oidc: get keys failed: ${answer.status} ${answer.text}`);
    const { keys } = keysSchema.parse(JSON.parse(answer.text));
    this.#keys = keys.flatMap(({ kid, use, ...jwk }) => (use === undefined || use === 'sig' ? keyOf(kid ?? '', jwk) : []));
    this.#keysExpireMs = clock.now() + maxAgeMs(answer.headers['cache-control']);
  }

  async #json(url: string): Promise<unknown> {
    const { status, text } = await this.#client.get(url);
    if (status !== 200) throw new Error(`${status}: ${text}`);
    return JSON.parse(text);
  }
}

/** A key of the set; none for those of sorts that sign nothing here. */
function keyOf(id: string, jwk: JsonWebKey): VerificationKey[] {
  try {
    return [{ id, key: createPublicKey({ key: jwk, format: 'jwk' }) }];
  } catch {
    return []; // a key of a sort that Node does not know makes the others no worse
  }
}

function maxAgeMs(cacheControl: string | undefined): number {
  if (cacheControl === undefined || /\bno-(?:cache|store)\b/i.test(cacheControl)) return 0;
  return Number(/\bmax-age=(\d+)/i.exec(cacheControl)?.[1] ?? 0) * 1000;
}
