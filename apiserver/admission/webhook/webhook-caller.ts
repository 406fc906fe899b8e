import { isQualifiedName } from '../../../api/index.ts';
import { DecodeError } from '../../../api/schema.ts';
import type { Clock, Random } from '../../../runtime/index.ts';
import type { Authorizer } from '../../auth/types.ts';
import type { ObjectReader } from '../../registry/objects.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { type WebhookClient, type WebhookCredentials, WebhookError, type WebhookTarget } from '../../webhook/index.ts';
import { admissionRequest } from '../matching/admission-request.ts';
import type { ServedVersions } from '../matching/served-versions.ts';
import type { AdmissionMetrics } from '../metrics.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { type Answer, type Asked, ReviewError, readAnswer, reviewBody, reviewVersion } from './admission-review.ts';
import type { ShownObjects } from './shown-objects.ts';
import type { Webhook } from './webhook.ts';
import { CallError, dryRunUnsupported, Rejection, rejectionOf } from './webhook-outcome.ts';

/** What plugins that call webhooks need. */
export interface WebhookParts {
  readonly objects: ObjectReader;
  readonly versions: ServedVersions;
  readonly authorizer: Pick<Authorizer, 'authorize'>;
  readonly client: Pick<WebhookClient, 'post' | 'close'>;
  /** Who the API server is for a webhook; nobody unless given. */
  readonly credentialsFor?: ((target: WebhookTarget) => WebhookCredentials | undefined) | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AdmissionMetrics;
}

/** How metrics name the two sorts of webhooks. */
export type WebhookSort = 'admit' | 'validating';

/** One question to one webhook. */
export interface Question {
  readonly context: RequestContext;
  readonly attributes: AdmissionAttributes;
  readonly webhook: Webhook;
  readonly shown: ShownObjects;
}

type CallerParts = Pick<WebhookParts, 'client' | 'clock' | 'random' | 'metrics' | 'credentialsFor'>;

/** What a trace tells of a call. Upstream: apiserver, `pkg/admission/plugin/webhook/{mutating,validating}/dispatcher.go`. */
const fieldsOf = (webhook: Webhook, { kind, subresource, operation }: AdmissionAttributes, uid: string) => ({
  configuration: webhook.configuration,
  webhook: webhook.name,
  resource: `${kind.group}/${kind.version}, Resource=${kind.resource}`,
  subresource,
  operation,
  UID: uid,
});

/** Asks webhooks, one at a time, and notes how it went. */
export class WebhookCaller {
  readonly #parts: CallerParts;
  readonly #sort: WebhookSort;

  constructor(parts: CallerParts, sort: WebhookSort) {
    this.#parts = parts;
    this.#sort = sort;
  }

  /**
   * Asks a webhook; `use` is given its yes.
   *
   * @returns the CallError of a webhook whose failures are to be ignored; else what `use` returns.
   * @throws CallError, Rejection, ApiError when the request is to be refused.
   */
  async ask<T>(question: Question, use: (answer: Answer) => T): Promise<T | CallError> {
    const { clock, metrics } = this.#parts;
    const { webhook, attributes } = question;
    const began = clock.monotonic();
    const call = { name: webhook.name, type: this.#sort, operation: attributes.operation };
    const seconds = () => (clock.monotonic() - began) / 1000;
    try {
      const result = use(await this.#ask(question));
      metrics.webhook(call, { seconds: seconds(), code: 200, rejected: false });
      return result;
    } catch (error) {
      const isIgnored = error instanceof CallError && webhook.failurePolicy === 'Ignore';
      const isGivenUp = error instanceof CallError && question.context.signal?.().aborted;
      const { code, errorType } = failureOf(error);
      if (!isIgnored && !isGivenUp) metrics.webhookRejection(call, { errorType, code });
      metrics.webhook(call, { seconds: seconds(), code, rejected: !isIgnored });
      if (!isIgnored) throw error;
      if (!isGivenUp) metrics.webhookFailOpen(call);
      return error;
    }
  }

  async #ask(question: Question): Promise<Answer> {
    const { context, attributes, webhook, shown } = question;
    if (context.dryRun && webhook.hasSideEffects) throw dryRunUnsupported(webhook.name);
    const asked = this.#asked(webhook);
    const request = admissionRequest(context, attributes, { uid: asked.uid, ...shown });
    const text = await this.#post(question, reviewBody(asked.version, request), asked.uid);
    const answer = read(webhook, text, asked);
    this.#note(question, answer);
    if (!answer.allowed) throw rejectionOf(webhook.name, answer.status);
    return answer;
  }

  /** @throws CallError */
  #asked(webhook: Webhook): Asked {
    try {
      const version = reviewVersion(webhook.reviewVersions);
      return { version, uid: this.#parts.random.uuid(), isMutating: this.#sort === 'admit' };
    } catch (cause) {
      if (!(cause instanceof ReviewError)) throw cause;
      throw new CallError(webhook.name, `could not create admission objects: ${cause.message}`, { code: 400, cause });
    }
  }

  /** @throws CallError */
  async #post({ webhook, context, attributes }: Question, body: string, uid: string): Promise<string> {
    const { problem, target } = webhook;
    if (problem !== undefined) throw new CallError(webhook.name, `could not get REST client: ${problem}`, { code: 500 });
    const remainingMs = context.remainingMs?.() ?? Number.POSITIVE_INFINITY;
    const timeoutMs = Math.min(webhook.timeoutMs, remainingMs);
    const credentials = this.#parts.credentialsFor?.(target);
    const span = context.span?.child(
      `Call ${this.#sort === 'admit' ? 'mutating' : 'validating'} webhook`,
      fieldsOf(webhook, attributes, uid),
    );
    const traceparent = span?.traceparent;
    try {
      const text = await this.#parts.client.post({ target, body, timeoutMs, credentials, signal: context.signal?.(), traceparent });
      span?.event('Request completed');
      return text;
    } catch (cause) {
      if (!(cause instanceof WebhookError)) throw cause;
      const endsRequest = cause.isLate && timeoutMs === remainingMs;
      throw new CallError(webhook.name, `failed to call webhook: ${cause.message}`, { code: cause.status ?? 503, cause, endsRequest });
    } finally {
      span?.end();
    }
  }

  /** What a webhook has to say besides yes or no. */
  #note({ context, webhook }: Question, { auditAnnotations, warnings }: Answer): void {
    for (const [key, value] of Object.entries(auditAnnotations ?? {})) {
      const name = `${webhook.name}/${key}`;
      // A name that is none is left out, as upstream does.
      if (name.split('/').length === 2 && isQualifiedName(name).length === 0) context.annotate(name, value);
    }
    for (const warning of warnings ?? []) context.warn(warning);
  }
}

/** @throws CallError */
function read(webhook: Webhook, text: string, asked: Asked): Answer {
  try {
    return readAnswer(text, asked);
  } catch (cause) {
    if (cause instanceof DecodeError) throw new CallError(webhook.name, `failed to call webhook: ${cause.message}`, { code: 503, cause });
    if (!(cause instanceof ReviewError)) throw cause;
    throw new CallError(webhook.name, `received invalid webhook response: ${cause.message}`, { code: 503, cause });
  }
}

/** How metrics count a failure. */
function failureOf(error: unknown): { readonly code: number; readonly errorType: string } {
  if (error instanceof CallError) return { code: error.code, errorType: 'calling_webhook_error' };
  if (error instanceof Rejection) return { code: error.error.code, errorType: 'no_error' };
  return { code: 0, errorType: 'apiserver_internal_error' };
}
