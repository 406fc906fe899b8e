import { admissionregistrationKinds, apiError, goJson, goQuote, type KubeObject, parseJson } from '../../../api/index.ts';
import { applyJsonPatch, cloneJson, DecodeError, isObject, ownership, PatchError } from '../../../api/schema.ts';
import type { RequestContext } from '../../registry/strategy.ts';
import { isExempt, matcherOf, type RequestMatcher } from '../matching/request-matcher.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../plugin.ts';
import { Questions } from '../questions.ts';
import { type ReinvocableMembers, Reinvocation } from '../reinvocation.ts';
import type { Answer } from './admission-review.ts';
import { type Candidate, meetsConditions } from './match-webhook.ts';
import { ChangingObjects, type ShownObjects } from './shown-objects.ts';
import { refusalOf, refuseGivenUp } from './validating-webhooks.ts';
import type { Webhook } from './webhook.ts';
import { WebhookCaller, type WebhookParts } from './webhook-caller.ts';
import { CallError } from './webhook-outcome.ts';
import { WebhookSource } from './webhook-source.ts';

const NAME = 'MutatingAdmissionWebhook';
const MUTATION = 'mutation.webhook.admission.k8s.io/';
const PATCH = 'patch.webhook.admission.k8s.io/';
/** What the audit log's facts about failures that were ignored begin with. */
const FAILED_OPEN = `failed-open.${MUTATION}`;

/**
 * Lets webhooks change objects, one after the other. Costs nothing as long as none is configured. Upstream:
 * `admission/plugin/webhook/mutating/dispatcher.go`.
 */
export function mutatingWebhooks(parts: WebhookParts): AdmissionPlugin {
  const source = new WebhookSource(parts.objects, admissionregistrationKinds.mutatingwebhookconfigurations);
  const caller = new WebhookCaller(parts, 'admit');
  return {
    name: NAME,
    admit: (context, attributes) => {
      const { webhooks } = source;
      if (webhooks.length === 0 || isExempt(attributes)) return;
      return dispatch(parts, caller, { context, attributes }, webhooks);
    },
    close: () => parts.client.close(),
  };
}

interface Request {
  readonly context: RequestContext;
  readonly attributes: AdmissionAttributes;
}

async function dispatch(parts: WebhookParts, caller: WebhookCaller, request: Request, webhooks: readonly Webhook[]): Promise<void> {
  const { attributes } = request;
  attributes.reinvocation ??= new Reinvocation();
  const { reinvocation } = attributes;
  const members = reinvocation.membersOf(NAME);
  // What others changed since is reason enough to ask again whoever may be asked again.
  if (reinvocation.round > 0 && members.isOutputChanged(attributes.object)) members.requireCalled();
  try {
    const matcher = await matcherOf(parts, attributes);
    const round = new Round({ parts, caller, ...request, matcher, reinvocation, members });
    for (const webhook of webhooks) await round.ask(webhook);
    await round.finish();
  } finally {
    members.setOutput(attributes.object);
  }
}

interface RoundParts extends Request {
  readonly parts: WebhookParts;
  readonly caller: WebhookCaller;
  readonly matcher: RequestMatcher;
  readonly reinvocation: Reinvocation;
  readonly members: ReinvocableMembers;
}

/** All webhooks, once, on one request. */
class Round {
  readonly #parts: RoundParts;
  readonly #objects: ChangingObjects;
  readonly #candidate: Candidate;

  constructor(parts: RoundParts) {
    const { context, matcher } = parts;
    this.#parts = parts;
    this.#objects = new ChangingObjects(parts.parts.versions, parts.attributes);
    this.#candidate = {
      context,
      matcher,
      metrics: parts.parts.metrics,
      questions: new Questions(parts.parts.authorizer, context.user),
      type: 'admit',
      shown: (kind) => this.#objects.in(kind),
    };
  }

  async ask(webhook: Webhook): Promise<void> {
    const { matcher, reinvocation, members } = this.#parts;
    const kind = matcher.match(webhook.criteria, this.#objects.object);
    if (!kind || !(await meetsConditions(this.#candidate, webhook, kind))) return;
    // Nobody is asked for the first time in the second round.
    if (reinvocation.round > 0 && !members.isDue(webhook.uid)) return;
    const shown = await this.#objects.in(kind);
    refuseGivenUp(this.#parts.context);
    const changed = await this.#call(webhook, shown);
    if (changed) {
      members.requireCalled();
      reinvocation.want();
    }
    if (webhook.isReinvocable) members.addCalled(webhook.uid);
  }

  /** Gives the request what has become of its object. */
  finish(): Promise<void> {
    return this.#objects.flush();
  }

  /** @returns whether the object is another now. */
  async #call(webhook: Webhook, shown: ShownObjects): Promise<boolean> {
    const { context, attributes, caller } = this.#parts;
    let changed = false;
    try {
      const outcome = await caller.ask({ context, attributes, webhook, shown }, (answer) => {
        changed = this.#apply(webhook, shown, answer);
      });
      if (outcome instanceof CallError) {
        if (!context.signal?.().aborted) context.annotate(this.#key(FAILED_OPEN, webhook), webhook.name);
        refuseGivenUp(context, outcome);
      }
      return changed;
    } catch (error) {
      throw refusalOf(error);
    } finally {
      const { configuration, name } = webhook;
      context.annotate(this.#key(MUTATION, webhook), goJson({ configuration, webhook: name, mutated: changed }));
    }
  }

  #key(prefix: string, { index }: Webhook): string {
    return `${prefix}round_${this.#parts.reinvocation.round}_index_${index}`;
  }

  /** Changes the object as the answer says. @returns whether it is another now. @throws CallError, ApiError */
  #apply(webhook: Webhook, { object, kind }: ShownObjects, answer: Answer): boolean {
    const patch = patchOf(webhook, answer);
    if (!Array.isArray(patch) || patch.length === 0) return false;
    if (!object) {
      const why = `admission webhook ${goQuote(webhook.name)} attempted to modify the object, which is not supported for this operation`;
      throw apiError.internal(why);
    }
    if (answer.patchKind !== 'JSONPatch') {
      const code = answer.status?.code ?? 0;
      throw new CallError(webhook.name, `unsupported patch type ${goQuote(answer.patchKind)}`, { code: Math.max(code, 400) });
    }
    const { context, attributes } = this.#parts;
    const changed = patched(object, patch, (raw) => this.#parts.parts.versions.read(raw, kind, attributes.subresource));
    const { configuration, name } = webhook;
    context.annotate(this.#key(PATCH, webhook), goJson({ configuration, webhook: name, patch, patchType: 'JSONPatch' }), 'Request');
    const isOther = !ownership.equalValues(object, changed);
    this.#objects.replace(changed);
    return isOther;
  }
}

/** @throws CallError */
function patchOf({ name }: Webhook, { patch = '' }: Answer): unknown {
  if (patch === '') return [];
  try {
    const parsed = parseJson(Buffer.from(patch, 'base64').toString());
    checkPatch(parsed);
    return parsed;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CallError(name, `received undecodable patch in webhook response: ${why}`, { code: 503, cause });
  }
}

/** @throws Error, in Go's words, for what is no list of operations. */
function checkPatch(patch: unknown): void {
  const goType = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value);
  if (patch === null) return;
  if (!Array.isArray(patch)) throw new Error(`json: cannot unmarshal ${goType(patch)} into Go value of type jsonpatch.Patch`);
  const wrong: unknown = patch.find((operation) => operation !== null && !isObject(operation));
  if (wrong !== undefined) throw new Error(`json: cannot unmarshal ${goType(wrong)} into Go value of type jsonpatch.Operation`);
}

/** The object with a patch applied, in its normal form. @throws ApiError (500) when that cannot be done. */
function patched(object: KubeObject, patch: unknown, read: (raw: unknown) => KubeObject): KubeObject {
  try {
    return read(cloneJson(applyJsonPatch(object, patch)));
  } catch (error) {
    if (error instanceof PatchError) throw apiError.internal(error.detail, error);
    if (error instanceof DecodeError) throw apiError.internal(error.message, error);
    throw error;
  }
}
