import type { Taint } from '../../api/index.ts';

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
