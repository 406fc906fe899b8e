import type { Taint, Toleration } from '../api/index.ts';

/** Whether one toleration covers a taint. Upstream: `Toleration.ToleratesTaint`. */
export function toleratesTaint(toleration: Toleration, taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const operator = toleration.operator ?? 'Equal';
  if (operator === 'Exists') return true;
  return operator === 'Equal' && (toleration.value ?? '') === (taint.value ?? '');
}

/** Whether any of a pod's tolerations covers a taint. */
export const tolerates = (tolerations: readonly Toleration[] | undefined, taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean =>
  tolerations?.some((toleration) => toleratesTaint(toleration, taint)) ?? false;
