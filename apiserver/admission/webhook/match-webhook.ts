// Whether a webhook is asked about a request: upstream's `ShouldCallHook` (apiserver, `admission/plugin/webhook/generic/webhook.go`).
import { apiError, type KindInfo } from '../../../api/index.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { type AdmissionInput, matchConditions } from '../cel/index.ts';
import { admissionRequest } from '../matching/admission-request.ts';
import type { RequestMatcher } from '../matching/request-matcher.ts';
import type { AdmissionMetrics } from '../metrics.ts';
import type { Questions } from '../questions.ts';
import type { ShownObjects } from './shown-objects.ts';
import type { Webhook } from './webhook.ts';

/** One request, to be matched with webhooks. */
export interface Candidate {
  readonly context: RequestContext;
  readonly matcher: RequestMatcher;
  readonly metrics: AdmissionMetrics;
  readonly questions: Questions;
  readonly type: 'admit' | 'validate';
  /** The request's objects in a version. */
  shown(kind: KindInfo): Promise<ShownObjects>;
}

/**
 * Whether the conditions of a webhook that matched are met. One that is false settles it; else, what cannot be told is what the failure policy
 * says it is.
 *
 * @throws ApiError (403) when that is to refuse the request.
 */
export async function meetsConditions(candidate: Candidate, webhook: Webhook, kind: KindInfo): Promise<boolean> {
  const { conditions, failurePolicy, name } = webhook;
  if (conditions.length === 0) return true;
  const { metrics, matcher, type } = candidate;
  const input = inputOf(candidate, await candidate.shown(kind));
  const began = metrics.now();
  const outcome = await candidate.questions.evaluate(() => matchConditions({ conditions, failurePolicy }, input));
  const label = { name, kind: 'webhook', type, operation: matcher.attributes.operation } as const;
  metrics.conditionsEvaluated(label, (metrics.now() - began) / 1000);
  if (typeof outcome !== 'boolean') {
    metrics.conditionError(label);
    throw apiError.forbidden(matcher.attributes.kind, matcher.attributes.name, outcome.error);
  }
  if (!outcome) metrics.conditionExclusion(label);
  return outcome;
}

function inputOf({ context, matcher, questions }: Candidate, { kind, object, old }: ShownObjects): AdmissionInput {
  const { attributes } = matcher;
  const { subresource, namespace, name } = attributes;
  const { group, resource } = attributes.kind;
  return {
    object,
    oldObject: old,
    request: admissionRequest(context, attributes, { uid: '', kind, object: undefined, old: undefined }),
    authorize: questions.authorize,
    requestResource: { group, resource, subresource, namespace, name },
  };
}
