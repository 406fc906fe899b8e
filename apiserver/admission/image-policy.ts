import { z } from 'zod';
import { type Container, coreKinds, formatMilliseconds, type Pod } from '../../api/index.ts';
import { type Clock, type Random, UserError } from '../../runtime/index.ts';
import { ExpiringCache, ReviewClient } from '../auth/index.ts';
import type { RequestContext } from '../registry/strategy.ts';
import { listOf } from '../validation/field-errors.ts';
import type { AdmissionConfiguration } from './configuration.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { refusal } from './refusal.ts';

const NAME = 'ImagePolicyWebhook';
/** What annotations that the webhook is told have in their names. */
const OF_IMAGE_POLICY = '.image-policy.k8s.io/';
const AUDIT_PREFIX = 'imagepolicywebhook.image-policy.k8s.io/';
/** Says of a pod that nobody judged its images. */
const FAILED_OPEN = 'alpha.image-policy.k8s.io/failed-open';
const ANSWERS_MAX = 1024;
const TIMEOUT_MS = 30_000;
const MINUTE_MS = 60_000;

const number = z.number().int().default(0);
const schema = z.object({
  imagePolicy: z
    .object({
      kubeConfigFile: z.string().default(''),
      allowTTL: number,
      denyTTL: number,
      retryBackoff: number,
      defaultAllow: z.boolean().default(false),
    })
    .prefault({}),
});

/** How the webhook is asked. */
export interface ImagePolicy {
  readonly kubeconfig: string;
  readonly allowTtlMs: number;
  readonly denyTtlMs: number;
  /** The first pause between tries. */
  readonly retryMs: number;
  /** Whether pods may run whose images nobody could judge. */
  readonly defaultAllow: boolean;
}

/** Upstream: `NewImagePolicyWebhook`, `normalizeWebhookConfig`. @throws UserError */
export function imagePolicyOf(configuration: AdmissionConfiguration): ImagePolicy {
  const given = configuration.of(NAME, schema)?.imagePolicy;
  if (!given) throw new UserError(`--admission-control-config-file: ${NAME}: no config specified`);
  const duration = (value: number, { unitMs, minMs, maxMs, usualMs }: Scale): number => {
    if (value === -1) return 0;
    if (value === 0) return usualMs;
    const ms = value * unitMs;
    if (ms >= minMs && ms <= maxMs) return ms;
    const [min, max, got] = [minMs, maxMs, ms].map((each) => formatMilliseconds(each));
    throw configuration.refuse(NAME, [`valid value is between ${min} and ${max}, got ${got}`]);
  };
  const { kubeConfigFile, allowTTL, denyTTL, retryBackoff, defaultAllow } = given;
  return {
    kubeconfig: kubeConfigFile,
    retryMs: duration(retryBackoff, { unitMs: 1, minMs: 1e-6, maxMs: 5 * MINUTE_MS, usualMs: 500 }),
    allowTtlMs: duration(allowTTL, { unitMs: 1000, minMs: 1000, maxMs: 30 * MINUTE_MS, usualMs: 5 * MINUTE_MS }),
    denyTtlMs: duration(denyTTL, { unitMs: 1000, minMs: 1000, maxMs: 30 * MINUTE_MS, usualMs: MINUTE_MS / 2 }),
    defaultAllow,
  };
}

interface Scale {
  readonly unitMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly usualMs: number;
}

const answerSchema = z.object({
  status: z
    .object({
      allowed: z.boolean().default(false),
      reason: z.string().default(''),
      auditAnnotations: z.record(z.string(), z.string()).nullish(),
    })
    .prefault({}),
});

type Answer = z.infer<typeof answerSchema>['status'];

/**
 * Has a webhook judge the images of pods, and of containers that are added to them, by ImageReviews (`imagepolicy.k8s.io/v1alpha1`). Upstream:
 * `plugin/pkg/admission/imagepolicy`.
 *
 * @throws UserError when the webhook's kubeconfig cannot be read.
 */
export function imagePolicyWebhook(policy: ImagePolicy, { clock, random }: { clock: Clock; random: Random }): AdmissionPlugin {
  const { kubeconfig, allowTtlMs, denyTtlMs, retryMs, defaultAllow } = policy;
  const client = new ReviewClient({ kubeconfig, timeoutMs: TIMEOUT_MS, retryMs, clock, random });
  const answers = new ExpiringCache<Answer>(clock, ANSWERS_MAX);
  const judged = async (spec: object): Promise<Answer> => {
    const key = JSON.stringify(spec);
    const known = answers.get(key);
    if (known) return known;
    const { status } = answerSchema.parse(await client.ask(reviewOf(spec)));
    answers.set(key, status, status.allowed ? allowTtlMs : denyTtlMs);
    return status;
  };
  return {
    name: NAME,
    validate: async (context, attributes) => {
      const spec = specOf(attributes);
      if (!spec) return;
      const answer = await judged(spec).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        if (!defaultAllow) throw refusal(attributes, why);
        noteFailure(context, attributes);
      });
      if (answer) heed(context, attributes, answer);
    },
    close: () => client.close(),
  };
}

const reviewOf = (spec: object): object => ({
  kind: 'ImageReview',
  apiVersion: 'imagepolicy.k8s.io/v1alpha1',
  metadata: {},
  spec,
  status: { allowed: false },
});

/** What the webhook is asked; undefined when that is nothing. */
function specOf({ operation, kind, subresource, object, namespace }: AdmissionAttributes): object | undefined {
  const isAsked = operation === 'CREATE' || operation === 'UPDATE';
  if (!isAsked || kind !== coreKinds.pods || (subresource !== '' && subresource !== 'ephemeralcontainers') || !object) return undefined;
  const { metadata, spec } = object as Pod;
  const containers: readonly Pick<Container, 'image'>[] =
    subresource === '' ? [...listOf(spec.containers), ...listOf(spec.initContainers)] : listOf(spec.ephemeralContainers);
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([name]) => name.includes(OF_IMAGE_POLICY));
  return {
    ...(containers.length > 0 ? { containers: containers.map(({ image }) => ({ image })) } : {}),
    ...(annotations.length > 0 ? { annotations: Object.fromEntries(annotations.sort(([a], [b]) => (a < b ? -1 : 1))) } : {}),
    namespace,
  };
}

function noteFailure(context: RequestContext, { object }: AdmissionAttributes): void {
  context.annotate(`${AUDIT_PREFIX}failed-open`, 'true');
  if (object) object.metadata.annotations = { ...object.metadata.annotations, [FAILED_OPEN]: 'true' };
}

/** @throws ApiError (403) */
function heed(context: RequestContext, attributes: AdmissionAttributes, { allowed, reason, auditAnnotations }: Answer): void {
  for (const [name, value] of Object.entries(auditAnnotations ?? {})) context.annotate(`${AUDIT_PREFIX}${name}`, value);
  if (allowed) return;
  const why =
    reason === '' ? 'one or more images rejected by webhook backend' : `image policy webhook backend denied one or more images: ${reason}`;
  throw refusal(attributes, why);
}
