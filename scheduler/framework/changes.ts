import { type Live, type Node, type Pod, podRequests } from '../../api/index.ts';
import { equalJson } from '../../client/index.ts';
import type { EventAction } from './events.ts';

/** What changed of a node, in the words of events; nothing when it is only a heartbeat. Upstream: `NodeSchedulingPropertiesChange`. */
export function nodeChanges(now: Live<Node>, old: Live<Node>): EventAction[] {
  const actions: EventAction[] = [];
  const { unschedulable = false, taints } = now.spec;
  if (old.spec.unschedulable && !unschedulable) actions.push('UpdateNodeTaint');
  if (differs(now.status.allocatable, old.status.allocatable)) actions.push('UpdateNodeAllocatable');
  if (differs(now.metadata.labels, old.metadata.labels)) actions.push('UpdateNodeLabel');
  if (differs(taints, old.spec.taints) && !actions.includes('UpdateNodeTaint')) actions.push('UpdateNodeTaint');
  if (conditionsDiffer(now, old)) actions.push('UpdateNodeCondition');
  if (differs(now.metadata.annotations, old.metadata.annotations)) actions.push('UpdateNodeAnnotation');
  return actions;
}

/** What changed of a pod; `Update` when nothing that has a name of its own. Upstream: `PodSchedulingPropertiesChange`. */
export function podChanges(now: Live<Pod>, old: Live<Pod>): EventAction[] {
  const actions: EventAction[] = [];
  if (differs(now.metadata.labels, old.metadata.labels)) actions.push('UpdatePodLabel');
  if (isScaledDown(now, old)) actions.push('UpdatePodScaleDown');
  if (lengthOf(now.spec.schedulingGates) === 0 && lengthOf(old.spec.schedulingGates) > 0)
    actions.push('UpdatePodSchedulingGatesEliminated');
  if (lengthOf(now.spec.tolerations) !== lengthOf(old.spec.tolerations)) actions.push('UpdatePodToleration');
  if (
    differs(now.status.resourceClaimStatuses, old.status.resourceClaimStatuses) ||
    differs(now.status.extendedResourceClaimStatus, old.status.extendedResourceClaimStatus)
  ) {
    actions.push('UpdatePodGeneratedResourceClaim');
  }
  return actions.length === 0 ? ['Update'] : actions;
}

const lengthOf = (list: readonly unknown[] | undefined): number => list?.length ?? 0;

/** Informers make equal parts one, so that mostly nothing has to be compared. */
const differs = (a: unknown, b: unknown): boolean => a !== b && !equalJson(a, b);

function conditionsDiffer(now: Node, old: Node): boolean {
  const [a = [], b = []] = [now.status.conditions, old.status.conditions];
  if (a === b) return false;
  if (a.length !== b.length) return true;
  return a.some(({ type, status }, i) => {
    const other = b[i]?.type === type ? b[i] : b.find((condition) => condition.type === type);
    return other?.status !== status;
  });
}

function isScaledDown(now: Live<Pod>, old: Live<Pod>): boolean {
  if (now.spec === old.spec && now.status.containerStatuses === old.status.containerStatuses) return false;
  const requests = podRequests(now, { useStatus: true });
  for (const [name, before] of podRequests(old, { useStatus: true })) {
    const after = requests.get(name);
    if (!after || after.cmp(before) < 0) return true;
  }
  return false;
}
