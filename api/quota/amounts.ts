// Arithmetic of resource lists, as quotas need it (apiserver, `pkg/quota/v1/resources.go`).
import { type Quantity, ZERO_QUANTITY } from '../quantity.ts';
import type { ResourceList } from '../resources.ts';

/** The sum, resource by resource. */
export function addAmounts(a: ResourceList, b: ResourceList): ResourceList {
  const total = new Map(a);
  for (const [name, amount] of b) total.set(name, total.get(name)?.add(amount) ?? amount);
  return total;
}

/** What `a` has more than `b`, and zero where it has less. Upstream: `SubtractWithNonNegativeResult`. */
export function amountsAbove(a: ResourceList, b: ResourceList): ResourceList {
  const difference = new Map<string, Quantity>();
  for (const [name, amount] of a) {
    const rest = amount.sub(b.get(name) ?? ZERO_QUANTITY);
    difference.set(name, rest.sign > 0 ? rest : ZERO_QUANTITY);
  }
  return difference;
}

/** The amounts of some resources. */
export const amountsOfNames = (amounts: ResourceList, names: ReadonlySet<string>): ResourceList =>
  new Map([...amounts].filter(([name]) => names.has(name)));

export const withoutZeros = (amounts: ResourceList): ResourceList => new Map([...amounts].filter(([, amount]) => !amount.isZero));

/** The resources of which there is more than the limit, where there is one. */
export const namesAbove = (amounts: ResourceList, limits: ResourceList): string[] =>
  [...limits].filter(([name, limit]) => (amounts.get(name)?.cmp(limit) ?? 0) > 0).map(([name]) => name);

/** Resources by name, as messages list them: `cpu=1,pods=2`. */
export const writeAmounts = (amounts: ResourceList): string =>
  [...amounts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, amount]) => `${name}=${amount}`)
    .join(',');
