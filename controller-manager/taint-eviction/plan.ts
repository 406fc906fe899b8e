import type { Taint, Toleration } from '../../api/index.ts';
import { tolerates } from '../../api/index.ts';

/** When a pod has to leave its node. */
export type Eviction = { readonly kind: 'never' } | { readonly kind: 'now' } | { readonly kind: 'after'; readonly delayMs: number };

/** The taints that drive pods out. */
export const noExecuteTaints = (taints: readonly Taint[] | undefined): Taint[] =>
  taints?.filter(({ effect }) => effect === 'NoExecute') ?? [];

/**
 * Decides when a pod has to leave: at once when a taint is not tolerated, else when the shortest of the tolerations that are used ends.
 *
 * @param taints the node's NoExecute taints.
 */
export function evictionOf(taints: readonly Taint[], tolerations: readonly Toleration[] = []): Eviction {
  let shortest = Number.POSITIVE_INFINITY;
  for (const taint of taints) {
    const toleration = tolerations.find((candidate) => tolerates(candidate, taint));
    if (!toleration) return { kind: 'now' };
    shortest = Math.min(shortest, toleration.tolerationSeconds ?? Number.POSITIVE_INFINITY);
  }
  if (shortest === Number.POSITIVE_INFINITY) return { kind: 'never' };
  return shortest <= 0 ? { kind: 'now' } : { kind: 'after', delayMs: shortest * 1000 };
}
