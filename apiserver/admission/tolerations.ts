import type { Toleration } from '../../api/index.ts';
import { semanticEqual } from '../validation/semantic-equal.ts';

/** Both, without those that another one covers; of those that are the same the first is kept. Upstream: `MergeTolerations`. */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  all.forEach((toleration, i) => {
    if (merged.some((kept) => isSuperset(kept, toleration))) return;
    if (all.slice(i + 1).some((later) => !semanticEqual(later, toleration) && isSuperset(later, toleration))) return;
    merged.push(toleration);
  });
  return merged;
}

/** Whether `a` tolerates all that `b` does. Upstream: `isSuperset`. */
export function isSuperset(a: Toleration, b: Toleration): boolean {
  if (semanticEqual(a, b)) return true;
  if ((a.key && a.key !== b.key) || (a.effect && a.effect !== b.effect) || endsEarlier(a, b)) return false;
  if (a.operator === 'Exists') return true;
  return (b.operator ?? 'Equal') === 'Equal' && (a.value ?? '') === (b.value ?? '');
}

const endsEarlier = ({ effect, tolerationSeconds }: Toleration, { tolerationSeconds: other }: Toleration): boolean =>
  effect === 'NoExecute' && tolerationSeconds !== undefined && (other === undefined || tolerationSeconds < other);
