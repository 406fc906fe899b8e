import type { Victims } from '../../framework/plugin.ts';
import type { PodInfo } from '../../state/pod-info.ts';

/** Priorities are made positive with this, so that fewer pods of negative priority are better than more. */
const INT32 = 2 ** 31;

/** What makes a node better to preempt on, the first that differs deciding. Upstream: `pickOneNodeForPreemption`. */
const CRITERIA: readonly ((victims: Victims) => number)[] = [
  ({ violations }) => -violations,
  ({ pods: [first] }) => -(first?.priority ?? 0),
  ({ pods }) => -prioritySum(pods),
  ({ pods }) => -pods.length,
  ({ pods }) => earliestStart(pods),
];

function prioritySum(pods: readonly PodInfo[]): number {
  let sum = 0;
  for (const { priority } of pods) sum += priority + INT32;
  return sum;
}

/** When the first of the most important victims started. */
function earliestStart(pods: readonly PodInfo[]): number {
  let highest = Number.NEGATIVE_INFINITY;
  let earliest = Number.POSITIVE_INFINITY;
  for (const { priority, startedMs } of pods) {
    if (priority < highest) continue;
    earliest = priority > highest ? startedMs : Math.min(earliest, startedMs);
    highest = priority;
  }
  return earliest;
}

/** The node whose victims are missed least; the first of those that are as good. */
export function pickNode(candidates: ReadonlyMap<string, Victims>): string | undefined {
  let best: readonly [string, Victims] | undefined;
  for (const candidate of candidates) if (!best || isBetter(candidate[1], best[1])) best = candidate;
  return best?.[0];
}

function isBetter(a: Victims, b: Victims): boolean {
  for (const worth of CRITERIA) {
    const [ofA, ofB] = [worth(a), worth(b)];
    if (ofA !== ofB) return ofA > ofB;
  }
  return false;
}
