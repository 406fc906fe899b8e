import { NodeStatuses } from './node-statuses.ts';
import type { QueuedPod } from './plugin.ts';
import { messageOf, type Rejection } from './status.ts';

/** Why no node will do, as FailedScheduling says it. Upstream: `framework.FitError`. */
export interface Diagnosis {
  readonly nodeCount: number;
  readonly statuses: NodeStatuses;
  /** Set when PreFilter rejected the pod as a whole. */
  readonly preFilter?: Rejection | undefined;
  /** Plugins that left nodes out in PreFilter. */
  readonly namedBy?: readonly string[] | undefined;
}

/** Who rejected a pod; `pending` are those that said something outside must happen. */
export type Rejecting = Pick<QueuedPod, 'rejectedBy' | 'pending'>;

/** What no plugin has rejected, since there was no node to show them: it waits for one. */
export const NO_PLUGIN = '';
export const NO_NODES: Rejecting = { rejectedBy: new Set([NO_PLUGIN]), pending: new Set() };
export const NO_NODES_MESSAGE = 'no nodes available to schedule pods';

/**
 * `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.`
 *
 * @param postFilterMessage what PostFilter has to add.
 */
export function fitMessage({ nodeCount, statuses, preFilter }: Diagnosis, postFilterMessage = ''): string {
  const head = `0/${nodeCount} nodes are available:`;
  const body = preFilter && messageOf(preFilter) !== '' ? messageOf(preFilter) : histogram(statuses, nodeCount);
  const tail = postFilterMessage === '' ? '' : ` ${postFilterMessage}`;
  return `${head}${body === '' ? '' : ` ${body}.`}${tail}`;
}

function histogram(statuses: NodeStatuses, nodeCount: number): string {
  const counts = new Map<string, number>();
  const add = ({ reasons }: Rejection, nodes: number) => {
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + nodes);
  };
  for (const [rejection, nodes] of statuses.counts()) add(rejection, nodes);
  if (statuses.absent && statuses.size < nodeCount) add(statuses.absent, nodeCount - statuses.size);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .join(', ');
}

/** The diagnosis of a pod that its chosen node was refused to, in Reserve or Permit. */
export function diagnosisOfOne(rejection: Rejection): Diagnosis {
  const statuses = new NodeStatuses();
  statuses.absent = rejection;
  return { nodeCount: 1, statuses };
}

/** The plugins that said no: those whose events may change it. */
export function rejectingPlugins({ statuses, preFilter, namedBy = [] }: Diagnosis): Rejecting {
  const rejections = preFilter ? [preFilter] : [...statuses.counts().keys(), ...(statuses.absent ? [statuses.absent] : [])];
  const named = (wanted: boolean) =>
    new Set(
      rejections
        .filter(({ code }) => (code === 'Pending') === wanted)
        .map(({ plugin }) => plugin)
        .filter((plugin) => plugin !== NO_PLUGIN),
    );
  return { rejectedBy: new Set([...namedBy, ...named(false)]), pending: named(true) };
}
