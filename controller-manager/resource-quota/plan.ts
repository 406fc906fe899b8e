// What a namespace uses of its quotas. Upstream: `pkg/controller/resourcequota`, apiserver `pkg/quota/v1`.
import {
  addAmounts,
  type KindInfo,
  type KubeObject,
  type Live,
  parseQuantity,
  type Quantity,
  type QuotaEvaluator,
  quotaEvaluatorOf,
  type ResourceQuota,
  scopesOf,
  ZERO_QUANTITY,
} from '../../api/index.ts';

type Amounts = ReadonlyMap<string, Quantity>;
type Texts = Readonly<Record<string, string>> | undefined;

/** A kind whose objects a quota counts, and the resources of the quota that they use. */
export interface Counted {
  readonly kind: KindInfo;
  readonly evaluator: QuotaEvaluator;
  readonly names: readonly string[];
}

/** The kinds that a quota's limits are about, of those that are served. */
export function countedKinds(quota: Live<ResourceQuota>, kinds: readonly KindInfo[]): Counted[] {
  const limited = Object.keys(quota.spec.hard ?? {});
  return kinds.flatMap((kind) => {
    const evaluator = kind.namespaced && kind.verbs.includes('list') ? quotaEvaluatorOf(kind) : undefined;
    const names = evaluator?.matchingResources(limited) ?? [];
    return evaluator && names.length > 0 ? [{ kind, evaluator, names }] : [];
  });
}

/** What objects of a kind use of a quota: of each of its resources something, if only nothing. */
export function usageOf(quota: Live<ResourceQuota>, { evaluator, names }: Counted, objects: readonly KubeObject[], now: number): Amounts {
  const scopes = scopesOf(quota);
  let total: Amounts = new Map(names.map((name) => [name, ZERO_QUANTITY]));
  for (const object of objects) {
    if (!scopes.every((scope) => evaluator.matchesScope?.(scope, object) ?? false)) continue;
    const usage = [...evaluator.usage(object, now)].filter(([name]) => names.includes(name));
    total = addAmounts(total, new Map(usage));
  }
  return total;
}

/**
 * Whether a quota counts an object otherwise than before: it uses more or less, or has come into the quota's scopes or left them. Upstream:
 * `DefaultUpdateFilter`.
 */
export function isCountedOtherwise(
  quota: Live<ResourceQuota>,
  evaluator: QuotaEvaluator,
  { before, after, now }: { readonly before: KubeObject; readonly after: KubeObject; readonly now: number },
): boolean {
  if (evaluator.countsOnly) return false;
  const scopes = scopesOf(quota);
  const isIn = (object: KubeObject) => scopes.every((scope) => evaluator.matchesScope?.(scope, object) ?? false);
  const counts = isIn(after);
  if (counts !== isIn(before)) return true;
  if (!counts) return false;
  const [used, uses] = [evaluator.usage(before, now), evaluator.usage(after, now)];
  return used.size !== uses.size || [...uses].some(([name, amount]) => !used.get(name)?.equals(amount));
}

/**
 * The status that a quota is to have; undefined when it has it.
 *
 * @param counted what was counted now; what could not be counted stays as it was.
 */
export function planStatus(quota: Live<ResourceQuota>, counted: Amounts): ResourceQuota['status'] | undefined {
  const { spec, status } = quota;
  const hard = spec.hard ?? {};
  const used: Record<string, string> = {};
  for (const name of Object.keys(hard)) {
    const amount = counted.get(name)?.toString() ?? status.used?.[name];
    if (amount !== undefined) used[name] = amount;
  }
  const isSame = status.hard !== undefined && status.used !== undefined && sameAmounts(status.hard, hard) && sameAmounts(status.used, used);
  return isSame ? undefined : { hard, used };
}

/** Whether the API server refuses requests until this quota's use is known: such quotas come first. Upstream: `addQuota`. */
export function lacksUsage({ spec, status }: Live<ResourceQuota>, kinds: readonly KindInfo[]): boolean {
  if (!sameAmounts(spec.hard, status.hard)) return true;
  const unknown = Object.keys(status.hard ?? {}).filter((name) => status.used?.[name] === undefined);
  return (
    unknown.length > 0 && kinds.some((kind) => kind.namespaced && (quotaEvaluatorOf(kind)?.matchingResources(unknown) ?? []).length > 0)
  );
}

/** Whether a count says less than the status: then something may be on its way that is charged, and not stored yet. */
export const isLess = (counted: Amounts, { status }: Live<ResourceQuota>): boolean =>
  [...counted].some(([name, amount]) => {
    const before = status.used?.[name];
    return before !== undefined && amount.cmp(parseQuantity(before)) < 0;
  });

/** Whether something was charged to a quota. */
export const isCharged = (before: Live<ResourceQuota>, { status }: Live<ResourceQuota>): boolean =>
  Object.entries(status.used ?? {}).some(([name, text]) => {
    const was = before.status.used?.[name];
    return was !== undefined && was !== text && parseQuantity(text).cmp(parseQuantity(was)) > 0;
  });

export const sameAmounts = (a: Texts, b: Texts): boolean => {
  const [left, right] = [Object.entries(a ?? {}), b ?? {}];
  return (
    left.length === Object.keys(right).length &&
    left.every(([name, text]) => {
      const other = right[name];
      return other !== undefined && parseQuantity(text).equals(parseQuantity(other));
    })
  );
};
