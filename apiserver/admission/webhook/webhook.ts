import type { CompiledExpression, ExpressionError } from '../../../api/cel.ts';
import type { MutatingWebhook, ValidatingWebhook } from '../../../api/index.ts';
import { caBundleProblem } from '../../validation/webhook.ts';
import type { WebhookTarget } from '../../webhook/index.ts';
import { AdmissionCompiler, attempt, RETURNS } from '../cel/index.ts';
import { type MatchCriteria, matchCriteria } from '../matching/request-matcher.ts';

const SERVICE_PORT = 443;
const TIMEOUT_SECONDS = 10;

/** A webhook as it is configured; validating ones have no policy of being called again. */
export type ConfiguredWebhook = ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;

/** A webhook, ready to be asked: upstream's `WebhookAccessor`. */
export interface Webhook {
  /** Tells webhooks of the same name apart: configuration, name, how many had it before. */
  readonly uid: string;
  readonly configuration: string;
  readonly name: string;
  /** Where it is among all webhooks. */
  readonly index: number;
  readonly criteria: MatchCriteria;
  /** Further conditions, compiled when they are first needed. */
  readonly conditions: readonly (CompiledExpression | ExpressionError)[];
  readonly target: WebhookTarget;
  /** Why it cannot be called at all. */
  readonly problem: string | undefined;
  /** `Fail` or `Ignore`. */
  readonly failurePolicy: string;
  readonly timeoutMs: number;
  readonly hasSideEffects: boolean;
  /** Versions of AdmissionReview it takes, the preferred first. */
  readonly reviewVersions: readonly string[];
  readonly isReinvocable: boolean;
}

/** @param index where it will be among all webhooks. */
export function compileWebhook(webhook: ConfiguredWebhook, place: Pick<Webhook, 'uid' | 'configuration' | 'index'>): Webhook {
  const { service, url, caBundle } = webhook.clientConfig;
  let conditions: Webhook['conditions'] | undefined;
  return {
    ...place,
    name: webhook.name,
    criteria: matchCriteria({ ...webhook, resourceRules: webhook.rules }),
    get conditions() {
      conditions ??= compileConditions(webhook);
      return conditions;
    },
    target: { url, caBundle, service: service && { ...service, port: service.port ?? SERVICE_PORT } },
    problem: caBundle ? caBundleProblem(caBundle) : undefined,
    failurePolicy: webhook.failurePolicy ?? 'Fail',
    timeoutMs: (webhook.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000,
    hasSideEffects: webhook.sideEffects !== 'None' && webhook.sideEffects !== 'NoneOnDryRun',
    reviewVersions: webhook.admissionReviewVersions ?? [],
    isReinvocable: webhook.reinvocationPolicy === 'IfNeeded',
  };
}

function compileConditions({ matchConditions }: ConfiguredWebhook): Webhook['conditions'] {
  const compiler = new AdmissionCompiler({ composed: false });
  return (matchConditions ?? []).map(({ expression }) =>
    attempt(() => compiler.compile(expression, RETURNS.condition, { authorizer: true })),
  );
}
