import type { Rejection } from './framework.ts';

/** Why no node will do, as FailedScheduling says it. Upstream: `framework.FitError`. */
export interface Diagnosis {
  readonly nodeCount: number;
  /** What each node was rejected for. */
  readonly byNode: ReadonlyMap<string, Rejection>;
  /** Set when PreFilter rejected the pod as a whole. */
  readonly preFilter?: Rejection | undefined;
  /** What PostFilter has to add. */
  readonly postFilterMessage?: string | undefined;
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
export function fitMessage({ nodeCount, byNode, preFilter, postFilterMessage }: Diagnosis): string {
  const head = `0/${nodeCount} nodes are available:`;
  const body = preFilter ? preFilter.reasons.join(', ') : histogram(byNode.values());
  const tail = postFilterMessage ? ` ${postFilterMessage}` : '';
  return `${head}${body === '' ? '' : ` ${body}.`}${tail}`;
}

function histogram(rejections: Iterable<Rejection>): string {
  const counts = new Map<string, number>();
  for (const { reasons } of rejections) for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .join(', ');
}

/** The plugins that said no: those whose events may change it. */
export const rejectingPlugins = ({ byNode, preFilter }: Diagnosis): ReadonlySet<string> =>
  preFilter ? new Set([preFilter.plugin]) : new Set([...byNode.values()].map(({ plugin }) => plugin));
