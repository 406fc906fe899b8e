import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../../runtime/index.ts';
import { type TokenAuthenticator, TokenError, type TokenIdentity } from '../token-authenticator.ts';
import { ExpiringCache } from './expiring-cache.ts';
import type { ReviewClient } from './review-client.ts';
import type { ReviewVersion } from './webhook-authorizer.ts';

const ANSWERS_MAX = 8192;

export interface TokenWebhookOptions {
  readonly client: Pick<ReviewClient, 'ask' | 'close'>;
  readonly version: ReviewVersion;
  readonly ttlMs: number;
  readonly apiAudiences: readonly string[];
  readonly clock: Clock;
}

const answerSchema = z.object({
  status: z
    .object({
      authenticated: z.boolean().nullish(),
      error: z.string().nullish(),
      audiences: z.array(z.string()).nullish(),
      user: z
        .object({
          username: z.string().nullish(),
          uid: z.string().nullish(),
          groups: z.array(z.string()).nullish(),
          extra: z.record(z.string(), z.array(z.string())).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

type Status = NonNullable<z.infer<typeof answerSchema>['status']>;

/** Asks a webhook whose a token is, by TokenReviews. Upstream: apiserver, plugin/pkg/authenticator/token/webhook. */
export class TokenWebhook implements TokenAuthenticator {
  readonly #options: TokenWebhookOptions;
  readonly #answers: ExpiringCache<TokenIdentity | 'nobody'>;

  constructor(options: TokenWebhookOptions) {
    this.#options = options;
    this.#answers = new ExpiringCache(options.clock, ANSWERS_MAX);
  }

  authenticateToken(token: string, audiences: readonly string[]): TokenIdentity | undefined | Promise<TokenIdentity | undefined> {
    const key = createHash('sha256')
      .update(JSON.stringify([token, audiences]))
      .digest('base64');
    const known = this.#answers.get(key);
    if (known) return known === 'nobody' ? undefined : known;
    return this.#ask(token, audiences).then((identity) => {
      this.#answers.set(key, identity ?? 'nobody', this.#options.ttlMs);
      return identity;
    });
  }

  close(): void {
    this.#options.client.close();
  }

  async #ask(token: string, audiences: readonly string[]): Promise<TokenIdentity | undefined> {
    const { client, version, apiAudiences } = this.#options;
    const spec = { token, audiences };
    const review = { kind: 'TokenReview', apiVersion: `authentication.k8s.io/${version}`, metadata: {}, spec, status: { user: {} } };
    const { status } = await client.ask(review).then(
      (answer) => answerSchema.parse(answer),
      (error: unknown) => {
        throw new TokenError(error instanceof Error ? error.message : String(error), { cause: error });
      },
    );
    // A webhook that knows nothing of audiences speaks of the API server's.
    const said = status?.audiences?.length ? status.audiences : apiAudiences;
    const good = said.filter((audience) => audiences.includes(audience));
    if (!status?.authenticated) {
      if (status?.error) throw new TokenError(status.error);
      return undefined;
    }
    return good.length === 0 ? undefined : { user: userOf(status), audiences: good };
  }
}

function userOf({ user }: Status): TokenIdentity['user'] {
  const { username, uid, groups, extra } = user ?? {};
  return { name: username ?? '', groups: groups ?? [], ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}
