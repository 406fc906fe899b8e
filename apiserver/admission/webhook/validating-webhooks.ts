import { admissionregistrationKinds, apiError } from '../../../api/index.ts';
import { LateRequest } from '../../registry/late-request.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { isExempt, matcherOf } from '../matching/request-matcher.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';
import { Questions } from '../questions.ts';
import { type Candidate, meetsConditions } from './match-webhook.ts';
import { ObjectVersions } from './shown-objects.ts';
import type { Webhook } from './webhook.ts';
import { type Question, WebhookCaller, type WebhookParts } from './webhook-caller.ts';
import { CallError, Rejection } from './webhook-outcome.ts';
import { WebhookSource } from './webhook-source.ts';

/** What the audit log's facts about failures that were ignored begin with. */
const FAILED_OPEN = 'failed-open.validating.webhook.admission.k8s.io/';

/**
 * Asks webhooks whether a request may go on, all at the same time. Costs nothing as long as none is configured. Upstream:
 * `admission/plugin/webhook/validating/dispatcher.go`.
 */
export function validatingWebhooks(parts: WebhookParts): AdmissionPlugin {
  const source = new WebhookSource(parts.objects, admissionregistrationKinds.validatingwebhookconfigurations);
  const caller = new WebhookCaller(parts, 'validating');
  return {
    name: 'ValidatingAdmissionWebhook',
    validate: (context, attributes) => {
      const { webhooks } = source;
      if (webhooks.length === 0 || isExempt(attributes)) return;
      return dispatch({ parts, caller, context, attributes }, webhooks);
    },
    close: () => parts.client.close(),
  };
}

interface Dispatch {
  readonly parts: WebhookParts;
  readonly caller: WebhookCaller;
  readonly context: RequestContext;
  readonly attributes: AdmissionAttributes;
}

async function dispatch(request: Dispatch, webhooks: readonly Webhook[]): Promise<void> {
  const questions = await questionsOf(request, webhooks);
  if (questions.length === 0) return;
  const { context, caller } = request;
  refuseGivenUp(context);
  const refusals: unknown[] = [];
  const ask = async (question: Question, index: number) => {
    try {
      const outcome = await caller.ask(question, () => undefined);
      if (!outcome) return;
      if (!context.signal?.().aborted) context.annotate(`${FAILED_OPEN}round_0_index_${index}`, question.webhook.name);
      if (outcome.endsRequest) refusals.push(outcome);
    } catch (error) {
      refusals.push(error);
    }
  };
  await Promise.all(questions.map(ask));
  // Several may refuse: the first that did is told.
  if (refusals.length > 0) throw refusalOf(refusals[0]);
}

async function questionsOf({ parts, context, attributes }: Dispatch, webhooks: readonly Webhook[]): Promise<Question[]> {
  const matcher = await matcherOf(parts, attributes);
  const objects = new ObjectVersions(parts.versions, attributes);
  const candidate: Candidate = {
    context,
    matcher,
    metrics: parts.metrics,
    questions: new Questions(parts.authorizer, context.user),
    type: 'validate',
    shown: (kind) => objects.in(kind),
  };
  const questions: Question[] = [];
  for (const webhook of webhooks) {
    const kind = matcher.match(webhook.criteria);
    if (!kind || !(await meetsConditions(candidate, webhook, kind))) continue;
    questions.push({ context, attributes, webhook, shown: await objects.in(kind) });
  }
  return questions;
}

/** What the client is answered. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof Rejection) return error.error;
  if (error instanceof CallError && error.endsRequest) return new LateRequest(error);
  return error instanceof CallError ? apiError.internal(error.message, error) : error;
}

/** @param failed a call whose failure is ignored. @throws ApiError (504) when nobody waits for the request any longer. */
export function refuseGivenUp(context: RequestContext, failed?: CallError): void {
  const isLate = failed?.endsRequest || (context.remainingMs?.() ?? 1) <= 0;
  if (isLate || context.signal?.().aborted) throw new LateRequest(failed);
}
