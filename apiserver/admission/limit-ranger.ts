import {
  amountsOf,
  type Container,
  coreKinds,
  type LimitRange,
  type LimitRangeItem,
  type Live,
  type PersistentVolumeClaim,
  type Pod,
  parseQuantity,
  podLimits,
  podRequests,
  type Quantity,
  type ResourceList,
  ZERO_QUANTITY,
} from '../../api/index.ts';
import type { ObjectReader } from '../registry/objects.ts';
import { sortedMap } from '../strategies/shared.ts';
import { keysOf, listOf } from '../validation/field-errors.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';
import { aggregate, refusal } from './refusal.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';
/** Up to here amounts are compared in thousandths: Go's int64 holds no more. */
const MILLI_VALUE_MAX = Number(2n ** 63n / 1000n);

/**
 * Fills in the requests and limits that containers lack, and refuses what is out of the bounds of the namespace. Upstream:
 * `plugin/pkg/admission/limitranger`.
 */
export const limitRanger = (objects: ObjectReader): AdmissionPlugin => ({
  name: 'LimitRanger',
  admit: (_context, attributes) => {
    const pod = podOf(attributes);
    if (!pod) return;
    for (const range of rangesOf(objects, attributes)) setDefaults(pod, range);
  },
  validate: (_context, attributes) => {
    const check = checkOf(attributes);
    if (!check) return;
    for (const range of rangesOf(objects, attributes)) {
      const errors = listOf(range.spec.limits).flatMap(check);
      if (errors.length > 0) throw refusal(attributes, aggregate(errors));
    }
  },
});

const NOTHING: readonly Live<LimitRange>[] = [];

/** What is on its way out is left alone. */
const rangesOf = (objects: ObjectReader, { namespace, old }: AdmissionAttributes): readonly Live<LimitRange>[] =>
  old?.metadata.deletionTimestamp ? NOTHING : objects.list<LimitRange>(coreKinds.limitranges, namespace);

/** The pod, where limits are looked at: when it is new, and when it is resized. Otherwise they cannot change. */
function podOf({ operation, kind, subresource, object }: AdmissionAttributes): Pod | undefined {
  if (kind !== coreKinds.pods || !object) return undefined;
  const concerned = subresource === '' ? operation === 'CREATE' : subresource === 'resize' && operation === 'UPDATE';
  // The object of a pods request is a pod: it was decoded as one.
  return concerned ? (object as Pod) : undefined;
}

type Check = (limit: LimitRangeItem) => string[];

function checkOf(attributes: AdmissionAttributes): Check | undefined {
  const { operation, kind, subresource, object } = attributes;
  const pod = podOf(attributes);
  if (pod) return (limit) => podErrors(limit, pod);
  const isWritten = operation === 'CREATE' || operation === 'UPDATE';
  if (!isWritten || !object || subresource !== '' || kind !== coreKinds.persistentvolumeclaims) return undefined;
  // Likewise: a claim.
  const claim = object as PersistentVolumeClaim;
  return (limit) => claimErrors(limit, claim);
}

/** Upstream: `PodMutateLimitFunc`. */
function setDefaults(pod: Pod, { spec }: LimitRange): void {
  const items = listOf(spec.limits).filter(({ type }) => type === 'Container');
  const defaults = {
    requests: Object.assign({}, ...items.map(({ defaultRequest }) => defaultRequest)),
    limits: Object.assign({}, ...items.map((item) => item.default)),
  };
  const changes = [
    ...pod.spec.containers.flatMap((container) => fillIn(container, defaults, 'container')),
    ...listOf(pod.spec.initContainers).flatMap((container) => fillIn(container, defaults, 'init container')),
  ];
  if (changes.length === 0) return;
  pod.metadata.annotations = sortedMap({
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${changes.join('; ')}`,
  });
}

type Amounts = Readonly<Record<string, string>>;

/** @returns what was filled in, in words. */
function fillIn(container: Container, defaults: { readonly requests: Amounts; readonly limits: Amounts }, sort: string): string[] {
  return (['requests', 'limits'] as const).flatMap((which) => {
    const present = container.resources?.[which] ?? {};
    const missing = keysOf(defaults[which])
      .filter((name) => !(name in present))
      .sort();
    if (missing.length === 0) return [];
    container.resources = { ...container.resources, [which]: sortedMap({ ...defaults[which], ...present }) };
    return [`${missing.join(', ')} ${which === 'requests' ? 'request' : 'limit'} for ${sort} ${container.name}`];
  });
}

/** Upstream: `PodValidateLimitFunc`. */
function podErrors(limit: LimitRangeItem, pod: Pod): string[] {
  switch (limit.type) {
    case 'Container':
      return [...pod.spec.containers, ...listOf(pod.spec.initContainers)].flatMap(({ resources }) =>
        errorsOf(limit, { requests: amountsOf(resources?.requests), limits: amountsOf(resources?.limits) }),
      );
    case 'Pod':
      return errorsOf(limit, {
        requests: podRequests(pod, { excludeOverhead: true }),
        limits: podLimits(pod, { excludeOverhead: true }),
      });
    default:
      return [];
  }
}

/** Upstream: `PersistentVolumeClaimValidateLimitFunc`. Only what is requested counts. */
function claimErrors(limit: LimitRangeItem, { spec }: PersistentVolumeClaim): string[] {
  if (limit.type !== 'PersistentVolumeClaim') return [];
  const asked: Asked = { requests: amountsOf(spec.resources?.requests), limits: NO_AMOUNTS };
  return [
    ...each(limit.min, (bound) => belowMin(limit.type, bound, asked)),
    ...each(limit.max, (bound) => requestAboveMax(limit.type, bound, asked)),
  ];
}

const NO_AMOUNTS: ResourceList = new Map();

/** What is asked for. */
interface Asked {
  readonly requests: ResourceList;
  readonly limits: ResourceList;
}

/** One bound of one resource. */
interface Bound {
  readonly name: string;
  readonly amount: Quantity;
}

function errorsOf({ type, min, max, maxLimitRequestRatio }: LimitRangeItem, asked: Asked): string[] {
  return [
    ...each(min, (bound) => belowMin(type, bound, asked)),
    ...each(max, (bound) => aboveMax(type, bound, asked)),
    ...each(maxLimitRequestRatio, (bound) => aboveRatio(type, bound, asked)),
  ];
}

function each(bounds: Amounts | undefined, check: (bound: Bound) => string | undefined): string[] {
  return keysOf(bounds)
    .sort()
    .flatMap((name) => check({ name, amount: parseQuantity(bounds?.[name] ?? '0') }) ?? []);
}

/** Upstream: `minConstraint`. */
function belowMin(type: string, { name, amount }: Bound, { requests, limits }: Asked): string | undefined {
  const request = requests.get(name);
  const limit = limits.get(name);
  const why = `minimum ${name} usage per ${type} is ${amount}`;
  if (!request) return `${why}.  No request is specified`;
  const compared = comparable(request, limit, amount);
  if (compared.request < compared.bound) return `${why}, but request is ${request}`;
  return limit && compared.limit < compared.bound ? `${why}, but limit is ${limit}` : undefined;
}

/** Upstream: `maxConstraint`. */
function aboveMax(type: string, { name, amount }: Bound, { requests, limits }: Asked): string | undefined {
  const request = requests.get(name);
  const limit = limits.get(name);
  const why = `maximum ${name} usage per ${type} is ${amount}`;
  if (!limit) return `${why}.  No limit is specified`;
  const compared = comparable(request, limit, amount);
  if (compared.limit > compared.bound) return `${why}, but limit is ${limit}`;
  return request && compared.request > compared.bound ? `${why}, but request is ${request}` : undefined;
}

/** Upstream: `maxRequestConstraint`. */
function requestAboveMax(type: string, { name, amount }: Bound, { requests }: Asked): string | undefined {
  const request = requests.get(name);
  const why = `maximum ${name} usage per ${type} is ${amount}`;
  if (!request) return `${why}.  No request is specified`;
  const compared = comparable(request, undefined, amount);
  return compared.request > compared.bound ? `${why}, but request is ${request}` : undefined;
}

/** Upstream: `limitRequestRatioConstraint`. */
function aboveRatio(type: string, { name, amount }: Bound, { requests, limits }: Asked): string | undefined {
  const { request, limit } = comparable(requests.get(name), limits.get(name), amount);
  const why = `${name} max limit to request ratio per ${type} is ${amount}`;
  if (request === 0) return `${why}, but no request is specified or request is 0`;
  if (limit === 0) return `${why}, but no limit is specified or limit is 0`;
  const ratio = limit / request;
  const inMilli = amount.value() <= MILLI_VALUE_MAX;
  const isAbove = inMilli ? ratio * 1000 > amount.milli() : ratio > amount.value();
  return isAbove ? `${why}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}

/** Amounts at one precision: thousandths, unless one of them is too big for that. */
function comparable(request = ZERO_QUANTITY, limit = ZERO_QUANTITY, bound: Quantity) {
  const isSmall = [request, limit, bound].every((amount) => amount.value() <= MILLI_VALUE_MAX);
  const read = (amount: Quantity): number => (isSmall ? amount.milli() : amount.value());
  return { request: read(request), limit: read(limit), bound: read(bound) };
}
