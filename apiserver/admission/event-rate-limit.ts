import { z } from 'zod';
import { apiError, coreKinds, type Event, type FieldError, fieldError } from '../../api/index.ts';
import type { RequestContext } from '../registry/strategy.ts';
import { type AdmissionConfiguration, listIn } from './configuration.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { aggregate } from './refusal.ts';

/** Buckets that a limit remembers unless it says how many. */
const CACHE_SIZE_DEFAULT = 4096;
const TYPES = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const;
type LimitType = (typeof TYPES)[number];

/** How many events there may be: of all, of each namespace, of each user, or about each thing. */
export interface EventLimit {
  readonly type: LimitType;
  readonly qps: number;
  readonly burst: number;
  readonly cacheSize: number;
}

const schema = z.strictObject({
  apiVersion: z.literal('eventratelimit.admission.k8s.io/v1alpha1'),
  kind: z.literal('Configuration'),
  limits: listIn(
    z.strictObject({
      type: z.string().default(''),
      qps: z.number().int().default(0),
      burst: z.number().int().default(0),
      cacheSize: z.number().int().default(0),
    }),
  ),
});

/** Upstream: `ValidateConfiguration` of `apis/eventratelimit`. @throws UserError */
export function eventLimitsOf(configuration: AdmissionConfiguration): readonly EventLimit[] {
  const limits = configuration.of('EventRateLimit', schema)?.limits ?? [];
  const errors: FieldError[] = limits.length === 0 ? [fieldError.invalid('limits', '', 'must not be empty')] : [];
  limits.forEach(({ type, qps, burst, cacheSize }, i) => {
    if (!isType(type)) errors.push(fieldError.notSupported(`limits[${i}].type`, type, [...TYPES]));
    if (burst <= 0) errors.push(fieldError.invalid(`limits[${i}].burst`, burst, 'must be positive'));
    if (qps <= 0) errors.push(fieldError.invalid(`limits[${i}].qps`, qps, 'must be positive'));
    if (type !== 'Server' && cacheSize < 0) errors.push(fieldError.invalid(`limits[${i}].cacheSize`, cacheSize, 'must not be negative'));
  });
  if (errors.length > 0)
    throw configuration.refuse(
      'EventRateLimit',
      errors.map(({ field, body }) => `${field}: ${body}`),
    );
  return limits.flatMap(({ type, ...more }) => (isType(type) ? [{ type, ...more }] : []));
}

const isType = (text: string): text is LimitType => TYPES.some((type) => type === text);

/** Answers 429 to events beyond any of the limits. Upstream: `plugin/pkg/admission/eventratelimit`. */
export function eventRateLimit(limits: readonly EventLimit[]): AdmissionPlugin {
  const enforcers = limits.map((limit) => new Enforcer(limit));
  return {
    name: 'EventRateLimit',
    validate: (context, attributes) => {
      const { operation, kind, subresource } = attributes;
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || kind !== coreKinds.events || subresource !== '' || context.dryRun) return;
      // Each limit counts the event, whatever the others say.
      const reached = enforcers.flatMap((enforcer) => enforcer.reached(context, attributes) ?? []);
      if (reached.length === 0) return;
      throw apiError.custom({ code: 429, reason: 'TooManyRequests', message: `Too many requests: ${aggregate(reached)}` });
    },
  };
}

interface Bucket {
  tokens: number;
  /** Milliseconds since the epoch. */
  filledAt: number;
}

/** Buckets of tokens by key; the least recently used go when there are too many. */
class Enforcer {
  readonly #limit: EventLimit;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: EventLimit) {
    this.#limit = limit;
  }

  /** Says which limit is reached; undefined when it is not. */
  reached(context: RequestContext, attributes: AdmissionAttributes): string | undefined {
    const { type, qps, burst, cacheSize } = this.#limit;
    const key = KEYS[type](context, attributes);
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledAt: context.now };
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, context.now - bucket.filledAt) / 1000) * qps);
    bucket.filledAt = context.now;
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > (cacheSize || CACHE_SIZE_DEFAULT) && oldest !== undefined) this.#buckets.delete(oldest);
    if (bucket.tokens < 1) return `limit reached on type ${type} for key ${key}`;
    bucket.tokens -= 1;
    return undefined;
  }
}

const KEYS: Readonly<Record<LimitType, (context: RequestContext, attributes: AdmissionAttributes) => string>> = {
  Server: () => '',
  Namespace: (_context, { namespace }) => namespace,
  User: ({ user }) => user.name,
  SourceAndObject: (_context, { object }) => {
    // The object of an events request is an event: it was decoded as one.
    const { source, involvedObject: about } = object as Event;
    return [source?.component, source?.host, about?.kind, about?.namespace, about?.name, about?.uid, about?.apiVersion].join('');
  },
};
