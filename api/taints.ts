import type { Taint, Toleration } from './core/v1/pod-affinity.ts';

/** What of a taint decides who tolerates it. */
export type TaintFacts = Pick<Taint, 'key' | 'value' | 'effect'>;

/** Whether a toleration covers a taint. Upstream: `Toleration.ToleratesTaint`. */
export function tolerates(toleration: Toleration, taint: TaintFacts): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const operator = toleration.operator || 'Equal';
  if (operator === 'Exists') return true;
  return operator === 'Equal' && (toleration.value ?? '') === (taint.value ?? '');
}

/** Whether any of a pod's tolerations covers a taint. */
export const isTolerated = (taint: TaintFacts, tolerations: readonly Toleration[] | undefined): boolean =>
  tolerations?.some((toleration) => tolerates(toleration, taint)) ?? false;

/** The first of the taints with one of these effects that nothing tolerates. */
export const untolerated = (
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined => taints?.find((taint) => effects.includes(taint.effect) && !isTolerated(taint, tolerations));
