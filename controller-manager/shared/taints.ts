import type { Taint, Toleration } from '../../api/index.ts';

/** Whether a toleration covers a taint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  const operator = toleration.operator || 'Equal';
  if (operator === 'Exists') return true;
  return operator === 'Equal' && Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}

/** The first of the taints with one of these effects that nothing tolerates. */
export const untolerated = (
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint | undefined =>
  taints?.find((taint) => effects.includes(taint.effect) && !tolerations?.some((toleration) => tolerates(toleration, taint)));

/** Whether two taints are the same one: same key and effect. */
export const isSameTaint = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;

/**
 * A list of taints with some added and some taken away.
 *
 * @returns undefined when nothing changes.
 */
export function swapTaints(taints: readonly Taint[], add: readonly Taint[], remove: readonly Taint[]): Taint[] | undefined {
  const kept = taints.filter((taint) => !remove.some((other) => isSameTaint(taint, other)));
  const missing = add.filter((taint) => !kept.some((other) => isSameTaint(taint, other)));
  return missing.length === 0 && kept.length === taints.length ? undefined : [...kept, ...missing];
}
