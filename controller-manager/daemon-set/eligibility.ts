import type { DaemonSet, Node, Toleration } from '../../api/index.ts';
import { matchesNode, untolerated } from '../../api/index.ts';

/** Whether a node is to get a daemon pod, and whether one that is there may stay. */
export interface Eligibility {
  readonly shouldRun: boolean;
  readonly mayStay: boolean;
}

const tolerate = (key: string, effect: 'NoSchedule' | 'NoExecute'): Toleration => ({ key, operator: 'Exists', effect });

/** What every daemon pod tolerates: a node in trouble keeps its daemons. */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  tolerate('node.kubernetes.io/not-ready', 'NoExecute'),
  tolerate('node.kubernetes.io/unreachable', 'NoExecute'),
  tolerate('node.kubernetes.io/disk-pressure', 'NoSchedule'),
  tolerate('node.kubernetes.io/memory-pressure', 'NoSchedule'),
  tolerate('node.kubernetes.io/pid-pressure', 'NoSchedule'),
  tolerate('node.kubernetes.io/unschedulable', 'NoSchedule'),
];
const NETWORK_TOLERATION = tolerate('node.kubernetes.io/network-unavailable', 'NoSchedule');

const isSameToleration = (a: Toleration, b: Toleration): boolean =>
  a.key === b.key &&
  (a.effect ?? '') === (b.effect ?? '') &&
  (a.operator ?? '') === (b.operator ?? '') &&
  (a.value ?? '') === (b.value ?? '');

/** A template's tolerations with those that all daemon pods get. */
export function daemonTolerations({ spec }: DaemonSet): Toleration[] {
  const podSpec = spec.template.spec;
  const extra = podSpec?.hostNetwork ? [...DAEMON_TOLERATIONS, NETWORK_TOLERATION] : DAEMON_TOLERATIONS;
  const own = (podSpec?.tolerations ?? []).map((toleration) => extra.find((other) => isSameToleration(other, toleration)) ?? toleration);
  return [...own, ...extra.filter((toleration) => !own.includes(toleration))];
}

/**
 * Whether a DaemonSet has to be looked at when a node changes: for a pod that comes or goes, or to count again what runs where it should not.
 * A taint that only keeps new pods away is counted at the next look. Upstream: `syncNodeUpdate`.
 *
 * @param hasPod whether a pod of it is on the node.
 */
export const concernsChange = ({ status }: DaemonSet, { shouldRun, mayStay }: Eligibility, hasPod: boolean): boolean =>
  hasPod ? !mayStay || status.numberMisscheduled > 0 : shouldRun;

/**
 * Decides for one node. A taint without toleration keeps new pods away; only NoExecute also drives out those that are there.
 *
 * @param tolerations as {@link daemonTolerations} gives them: computed once for all nodes.
 */
export function eligibilityOf(daemonSet: DaemonSet, tolerations: readonly Toleration[], node: Node): Eligibility {
  const podSpec = daemonSet.spec.template.spec;
  const named = podSpec?.nodeName;
  if ((named && named !== node.metadata.name) || !matchesNode(podSpec ?? {}, node)) return { shouldRun: false, mayStay: false };
  if (!untolerated(node.spec.taints, tolerations, ['NoSchedule', 'NoExecute'])) return { shouldRun: true, mayStay: true };
  return { shouldRun: false, mayStay: !untolerated(node.spec.taints, tolerations, ['NoExecute']) };
}
