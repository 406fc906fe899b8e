import { type Lease, type Node, type NodeCondition, toTime } from '../../api/index.ts';
import { msOf } from '../shared/pods.ts';

/** What is remembered of a node between two looks: when it last gave a sign of life, by our own clock. */
export interface NodeHealth {
  readonly probedMs: number;
  readonly heartbeat: string | undefined;
  readonly hasReadyCondition: boolean;
  readonly renewedMs: number;
}

export const readyCondition = (node: Node): NodeCondition | undefined => node.status.conditions?.find(({ type }) => type === 'Ready');

/**
 * Where a lease was renewed later, or the heartbeat of the Ready condition is another one, the node is alive; also where that condition was
 * taken away. One that never said that it is ready counts from its creation.
 */
export function observe(before: NodeHealth | undefined, node: Node, lease: Lease | undefined, now: number): NodeHealth {
  const ready = readyCondition(node);
  const renewedMs = msOf(lease?.spec.renewTime);
  const heartbeat = ready?.lastHeartbeatTime ?? undefined;
  const isRenewed = !Number.isNaN(renewedMs) && !(before && before.renewedMs >= renewedMs);
  const wasReported = before?.hasReadyCondition === true;
  const hasBeaten = ready === undefined ? wasReported : !(wasReported && before.heartbeat === heartbeat);
  return {
    probedMs: isRenewed || hasBeaten ? now : (before?.probedMs ?? msOf(node.metadata.creationTimestamp)),
    heartbeat,
    hasReadyCondition: ready !== undefined,
    renewedMs: isRenewed ? renewedMs : (before?.renewedMs ?? Number.NaN),
  };
}

/** How long a node may give no sign of life: one that has reported, and one that has not yet. */
export interface Grace {
  readonly monitorMs: number;
  readonly startupMs: number;
}

export const isSilent = (node: Node, { probedMs }: NodeHealth, { monitorMs, startupMs }: Grace, now: number): boolean =>
  now - probedMs > (readyCondition(node) ? monitorMs : startupMs);

/** The conditions a kubelet reports; what becomes of the network is not its business. */
const KUBELET_CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/**
 * The conditions of a node that has gone silent.
 *
 * @returns undefined when it is known to be silent already.
 */
export function silentConditions(node: Node, now: number): NodeCondition[] | undefined {
  if (readyCondition(node)?.status === 'Unknown') return undefined;
  const conditions = [...(node.status.conditions ?? [])];
  for (const type of KUBELET_CONDITIONS) {
    const at = conditions.findIndex((condition) => condition.type === type);
    const current = conditions[at];
    const lastTransitionTime = toTime(now);
    if (!current) {
      conditions.push({
        type,
        status: 'Unknown',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime,
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
      });
    } else if (current.status !== 'Unknown') {
      const message = 'Kubelet stopped posting node status.';
      conditions[at] = { ...current, status: 'Unknown', reason: 'NodeStatusUnknown', message, lastTransitionTime };
    }
  }
  return conditions;
}
