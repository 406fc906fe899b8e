import {
  type ApiError,
  addAmounts,
  amountsAbove,
  amountsOf,
  amountsOfNames,
  type Live,
  namesAbove,
  type QuotaEvaluator,
  type ResourceList,
  type ResourceQuota,
  type ScopedResourceSelectorRequirement,
  scopesOf,
  withoutZeros,
  writeAmounts,
} from '../../../api/index.ts';
import { plainError } from '../../registry/store-errors.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { refusal } from '../refusal.ts';
import type { LimitedResource } from './configuration.ts';

/** A quota with what is used of it by now: requests that are looked at together add to it one by one. */
export interface RunningQuota {
  readonly quota: Live<ResourceQuota>;
  readonly hard: ResourceList;
  readonly used: ResourceList;
}

/** A write that quotas look at. */
export interface QuotaRequest {
  readonly attributes: AdmissionAttributes;
  readonly evaluator: QuotaEvaluator;
  readonly now: number;
  readonly dryRun: boolean;
}

export const runningQuota = (quota: Live<ResourceQuota>): RunningQuota => ({
  quota,
  hard: amountsOf(quota.status.hard),
  used: amountsOf(quota.status.used),
});

/**
 * What quotas are like once a request has been charged to them: the very same ones, when it does not concern them. Upstream: `CheckRequest`
 * (apiserver, `pkg/admission/plugin/resourcequota/controller.go`).
 *
 * @param limited what may be used only where a quota covers it.
 * @throws ApiError (403) when one is exceeded.
 */
export function charge(
  quotas: readonly RunningQuota[],
  request: QuotaRequest,
  limited: readonly LimitedResource[],
): readonly RunningQuota[] {
  const { object } = request.attributes;
  if (!object) return quotas;
  const concerned = quotas.filter((running) => concerns(running, request));
  const usage = request.evaluator.usage(object, request.now);
  refuseNegative(request, usage);
  const deltas = deltasOf(concerned, request, usage);
  if (deltas.isNothing) return quotas;
  refuseUncovered(request, { quotas, concerned, usage }, limited);
  if (deltas.byQuota.size === 0) return quotas;
  return quotas.map((running) => {
    const delta = deltas.byQuota.get(running);
    return delta ? chargeOne(running, request, delta) : running;
  });
}

/** Whether a quota counts the object; if so, it must be able to. @throws ApiError (403) */
function concerns({ quota, hard, used }: RunningQuota, { attributes, evaluator }: QuotaRequest): boolean {
  const { object } = attributes;
  if (!object) return false;
  const names = evaluator.matchingResources([...hard.keys()]);
  if (names.length === 0 || !scopesOf(quota).every((scope) => isInScope(evaluator, scope, object))) return false;
  const { name } = quota.metadata;
  const missing = evaluator.missing?.(names, object);
  if (missing !== undefined) throw refusal(attributes, `failed quota: ${name}: ${missing}`);
  if (!names.every((each) => used.has(each))) {
    throw refusal(attributes, `status unknown for quota: ${name}, resources: ${[...names].sort().join(',')}`);
  }
  return true;
}

const isInScope = (
  evaluator: QuotaEvaluator,
  scope: ScopedResourceSelectorRequirement,
  object: NonNullable<AdmissionAttributes['object']>,
): boolean => evaluator.matchesScope?.(scope, object) ?? false;

function refuseNegative({ attributes }: QuotaRequest, usage: ResourceList): void {
  const negative = [...usage].filter(([, amount]) => amount.sign < 0).map(([name]) => name);
  if (negative.length > 0) throw refusal(attributes, `quota usage is negative for resource(s): ${negative.sort().join(',')}`);
}

interface Deltas {
  /** The request uses nothing that it does not use already. */
  readonly isNothing: boolean;
  /** What each quota is charged, where that is something. */
  readonly byQuota: ReadonlyMap<RunningQuota, ResourceList>;
}

/** An update is charged what it adds; but all of it, by quotas that did not count the object before. */
function deltasOf(concerned: readonly RunningQuota[], { attributes, evaluator, now }: QuotaRequest, usage: ResourceList): Deltas {
  const { operation, old } = attributes;
  const isChange = operation === 'UPDATE' && old?.metadata.resourceVersion;
  const added = isChange && old ? amountsAbove(usage, evaluator.usage(old, now)) : usage;
  const counted = ({ quota }: RunningQuota) => old && scopesOf(quota).every((scope) => isInScope(evaluator, scope, old));
  const byQuota = new Map<RunningQuota, ResourceList>();
  for (const running of concerned) {
    const delta = withoutZeros(isChange && counted(running) ? added : usage);
    if (delta.size > 0) byQuota.set(running, delta);
  }
  return { isNothing: concerned.length > 0 ? byQuota.size === 0 : withoutZeros(added).size === 0, byQuota };
}

interface Coverage {
  readonly quotas: readonly RunningQuota[];
  readonly concerned: readonly RunningQuota[];
  readonly usage: ResourceList;
}

/** What is limited by configuration needs a quota that covers it. @throws ApiError (403; 500 for scopes, as upstream) */
function refuseUncovered({ attributes, evaluator }: QuotaRequest, coverage: Coverage, limited: readonly LimitedResource[]): void {
  const { object, kind } = attributes;
  if (limited.length === 0 || !object) return;
  const own = limited.filter(({ apiGroup, resource }) => apiGroup === kind.group && resource === kind.resource);
  const needed = [...coverage.usage]
    .filter(([name, amount]) => amount.sign > 0 && own.some(({ matchContains }) => matchContains.some((part) => name.includes(part))))
    .map(([name]) => name);
  const covered = new Set(coverage.concerned.flatMap(({ hard }) => evaluator.matchingResources([...hard.keys()])));
  const uncovered = needed.filter((name) => !covered.has(name)).sort();
  if (uncovered.length > 0) throw refusal(attributes, `insufficient quota to consume: ${uncovered.join(',')}`);
  const matches = (scope: ScopedResourceSelectorRequirement) => isInScope(evaluator, scope, object);
  const present = coverage.quotas.flatMap(({ quota }) => scopesOf(quota).filter(matches)).map(({ scopeName }) => scopeName);
  const open = limited.flatMap(({ matchScopes }) => matchScopes.filter(matches)).filter(({ scopeName }) => !present.includes(scopeName));
  if (open.length > 0) throw plainError(`insufficient quota to match these scopes: [${open.map(writeScope).join(' ')}]`);
}

/** As Go prints the struct. */
const writeScope = ({ scopeName, operator, values }: ScopedResourceSelectorRequirement): string =>
  `{${scopeName} ${operator} [${(values ?? []).join(' ')}]}`;

/** @throws ApiError (403) when there is not enough left. What a status says has happened already: it is charged in any case. */
function chargeOne(running: RunningQuota, { attributes }: QuotaRequest, delta: ResourceList): RunningQuota {
  const { quota, hard, used } = running;
  const requested = amountsOfNames(delta, new Set(hard.keys()));
  const total = addAmounts(used, requested);
  if (attributes.subresource !== 'status') {
    const exceeded = new Set(namesAbove(amountsOfNames(total, new Set(requested.keys())), hard));
    if (exceeded.size > 0) throw exceededError(running, attributes, { requested, exceeded });
  }
  return { quota, hard, used: total };
}

function exceededError(
  { quota, hard, used }: RunningQuota,
  attributes: AdmissionAttributes,
  { requested, exceeded }: { readonly requested: ResourceList; readonly exceeded: ReadonlySet<string> },
): ApiError {
  const write = (amounts: ResourceList) => writeAmounts(amountsOfNames(amounts, exceeded));
  const numbers = `requested: ${write(requested)}, used: ${write(used)}, limited: ${write(hard)}`;
  return refusal(attributes, `exceeded quota: ${quota.metadata.name}, ${numbers}`);
}
