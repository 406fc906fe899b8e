import { z } from 'zod';
import type { CompiledExpression } from '../../../api/cel.ts';
import type { Clock, Logger } from '../../../runtime/index.ts';
import type { AuthorizationWebhookMetrics } from '../../pipeline/webhook-metrics.ts';
import type { AccessAttributes, Authorizer, Decision, ResolvedRules } from '../types.ts';
import { type AccessReviewSpec, accessReviewSpec } from './access-review.ts';
import { ExpiringCache } from './expiring-cache.ts';
import { allMatch } from './match-conditions.ts';
import { type ReviewClient, ReviewError } from './review-client.ts';

/** Answers kept. */
const ANSWERS_MAX = 8192;
/** Characters of what a client can choose, up to which an answer is kept. */
const CACHED_CHARACTERS_MAX = 10_000;

export type ReviewVersion = 'v1' | 'v1beta1';

export interface WebhookAuthorizerOptions {
  /** What it is called in logs and metrics. */
  readonly name: string;
  readonly client: Pick<ReviewClient, 'ask' | 'close'>;
  readonly version: ReviewVersion;
  readonly authorizedTtlMs: number;
  readonly unauthorizedTtlMs: number;
  /** Whether a webhook that cannot be asked says no, or nothing. */
  readonly failsClosed: boolean;
  readonly matchConditions: readonly CompiledExpression[];
  readonly metrics?: AuthorizationWebhookMetrics | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

const answerSchema = z.object({
  status: z.object({ allowed: z.boolean().nullish(), denied: z.boolean().nullish(), reason: z.string().nullish() }).nullish(),
});

const NO_OPINION: Decision = { allowed: false, reason: '' };

/**
 * Asks a webhook, by SubjectAccessReviews. What was answered is kept for a while, and then said at once; the same question, asked again while the
 * webhook thinks, waits for the same answer. Upstream: apiserver, plugin/pkg/authorizer/webhook.
 */
export class WebhookAuthorizer implements Authorizer {
  readonly isRemote = true;
  readonly identity: Authorizer['identity'];
  readonly #options: WebhookAuthorizerOptions;
  readonly #answers: ExpiringCache<Decision>;
  readonly #asking = new Map<string, Promise<Decision>>();

  constructor(options: WebhookAuthorizerOptions) {
    this.#options = options;
    this.identity = { type: 'Webhook', name: options.name };
    this.#answers = new ExpiringCache(options.clock, ANSWERS_MAX);
  }

  authorize(asked: AccessAttributes): Decision | Promise<Decision> {
    const spec = accessReviewSpec(asked);
    const matches = this.#options.matchConditions.length === 0 || this.#matches(spec);
    if (matches instanceof Error) return this.#failure(matches);
    if (!matches) return NO_OPINION;
    const key = JSON.stringify(spec);
    return this.#answers.get(key) ?? this.#ask(key, spec, isCached(asked));
  }

  rulesFor(): ResolvedRules {
    const evaluationError = 'webhook authorizer does not support user rule resolution';
    return { resourceRules: [], nonResourceRules: [], incomplete: true, evaluationError };
  }

  close(): void {
    this.#options.client.close();
  }

  #matches(spec: AccessReviewSpec): boolean | Error {
    const { name, matchConditions, metrics, clock } = this.#options;
    const start = clock.monotonic();
    const matches = allMatch(matchConditions, spec);
    metrics?.conditionsEvaluated(name, matches, (clock.monotonic() - start) / 1000);
    return matches;
  }

  #ask(key: string, spec: AccessReviewSpec, cached: boolean): Promise<Decision> {
    const present = this.#asking.get(key);
    if (present !== undefined) return present;
    const asking = this.#decide(spec)
      .then((decision) => {
        const { authorizedTtlMs, unauthorizedTtlMs } = this.#options;
        if (cached) this.#answers.set(key, decision, decision.allowed ? authorizedTtlMs : unauthorizedTtlMs);
        return decision;
      })
      .catch((error: unknown) => {
        const { name, logger, metrics, failsClosed } = this.#options;
        if (!failsClosed) metrics?.failedOpen(name, error instanceof ReviewError ? error.result : 'error');
        logger.error({ err: error, authorizer: name }, 'the authorization webhook cannot be asked');
        return this.#failure(error);
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  async #decide(spec: AccessReviewSpec): Promise<Decision> {
    const { client, version } = this.#options;
    const { status } = answerSchema.parse(await client.ask(reviewOf(version, spec)));
    const reason = status?.reason ?? '';
    if (!status?.denied) return { allowed: status?.allowed ?? false, reason };
    const both = status.allowed ? { evaluationError: 'webhook subject access review returned both allow and deny response' } : {};
    return { allowed: false, denied: true, reason, ...both };
  }

  #failure(error: unknown): Decision {
    const evaluationError = error instanceof Error ? error.message : String(error);
    return { allowed: false, reason: '', evaluationError, ...(this.#options.failsClosed ? { denied: true } : {}) };
  }
}

/** In v1beta1 the groups are called `group`. */
function reviewOf(version: ReviewVersion, { groups, ...spec }: AccessReviewSpec): object {
  const named = version === 'v1' ? { ...spec, groups } : { ...spec, group: groups };
  return {
    kind: 'SubjectAccessReview',
    apiVersion: `authorization.k8s.io/${version}`,
    metadata: {},
    spec: named,
    status: { allowed: false },
  };
}

/** What a client chooses may be as long as it likes, to fill the memory. */
const isCached = ({ namespace, verb, group, version, resource, subresource, name, path }: AccessAttributes): boolean =>
  [namespace, verb, group, version, resource, subresource, name, path].reduce((sum, text) => sum + text.length, 0) < CACHED_CHARACTERS_MAX;
