import type { Victims } from '../../framework/plugin.ts';
import type { PodInfo } from '../../state/pod-info.ts';
import { startOf } from './victims.ts';

/** Priorities are made positive with this, so that fewer pods of negative priority are better than more. */
const INT32 = 2 ** 31;

/** What makes a node better to preempt on, the first that differs deciding. Upstream: `pickOneNodeForPreemption`. */
const CRITERIA: readonly ((victims: Victims) => number)[] = [
  ({ violations }) => -violations,
  ({ pods: [first] }) => -(first?.priority ?? 0),
  ({ pods }) => -pods.reduce((sum, { priority }) => sum + priority + INT32, 0),
  ({ pods }) => -pods.length,
  ({ pods }) => earliestStart(pods),
];

/** When the first of the most important victims started. */
function earliestStart(pods: readonly PodInfo[]): number {
  const highest = Math.max(...pods.map(({ priority }) => priority));
  return Math.min(...pods.filter(({ priority }) => priority === highest).map(startOf));
}

/** The node whose victims are missed least; the first of those that are as good. */
export function pickNode(candidates: ReadonlyMap<string, Victims>): string | undefined {
  let best = [...candidates];
  for (const score of CRITERIA) {
    if (best.length <= 1) break;
    let top = Number.NEGATIVE_INFINITY;
    let kept: typeof best = [];
    for (const candidate of best) {
      const worth = score(candidate[1]);
      if (worth < top) continue;
      if (worth > top) kept = [];
      top = worth;
      kept.push(candidate);
    }
    best = kept;
  }
  return best[0]?.[0];
}
