import type { Live, Node, Pod } from '../../api/index.ts';
import { isPodTerminal, msOf } from '../shared/pods.ts';

/** How long a node has to be missing before its pods are taken for orphans. */
export const QUARANTINE_MS = 40_000;

/** What the collector sees. */
export interface Observed {
  readonly pods: readonly Live<Pod>[];
  node(name: string): Live<Node> | undefined;
  /** Since when each missing node is known to be missing. */
  readonly missingSince: ReadonlyMap<string, number>;
  /** Most terminated pods kept; 0 or less keeps all. */
  readonly terminatedPodThreshold: number;
  readonly now: number;
}

/** A pod to delete at once, and why. */
export interface Collected {
  readonly pod: Live<Pod>;
  readonly cause: 'terminated' | 'out-of-service' | 'orphaned' | 'unscheduled';
}

/** Decides which pods go. */
export function planCollection(observed: Observed): Collected[] {
  return [...surplusTerminated(observed), ...outOfService(observed), ...orphaned(observed), ...unscheduled(observed)];
}

/** Names of nodes that pods run on and that are not there. */
export const missingNodes = ({ pods, node }: Pick<Observed, 'pods' | 'node'>): Set<string> =>
  new Set(pods.flatMap(({ spec }) => (spec.nodeName && !node(spec.nodeName) ? [spec.nodeName] : [])));

/** Terminated pods beyond the threshold: evicted ones first, then the oldest. */
function surplusTerminated({ pods, terminatedPodThreshold }: Observed): Collected[] {
  if (terminatedPodThreshold <= 0) return [];
  const terminated = pods.filter(isPodTerminal);
  const surplus = terminated.length - terminatedPodThreshold;
  if (surplus <= 0) return [];
  terminated.sort(byEvictionThenAge);
  return terminated.slice(0, surplus).map((pod) => ({ pod, cause: 'terminated' }));
}

function byEvictionThenAge(a: Live<Pod>, b: Live<Pod>): number {
  const evicted = Number(isEvicted(b)) - Number(isEvicted(a));
  const age = msOf(a.metadata.creationTimestamp) - msOf(b.metadata.creationTimestamp);
  return evicted || age || (a.metadata.name < b.metadata.name ? -1 : 1);
}

const isEvicted = (pod: Pod): boolean => pod.status.reason === 'Evicted';

/** Pods being deleted on a node that is said to be out of service, and is not ready. */
function outOfService({ pods, node }: Observed): Collected[] {
  return pods
    .filter((pod) => {
      const host = pod.metadata.deletionTimestamp && pod.spec.nodeName ? node(pod.spec.nodeName) : undefined;
      return host && !isReady(host) && host.spec.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service');
    })
    .map((pod) => ({ pod, cause: 'out-of-service' }));
}

const isReady = ({ status }: Node): boolean => status.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';

/** Pods of nodes that have been gone for longer than the quarantine. */
function orphaned({ pods, node, missingSince, now }: Observed): Collected[] {
  return pods
    .filter(({ spec }) => {
      const since = spec.nodeName && !node(spec.nodeName) ? missingSince.get(spec.nodeName) : undefined;
      return since !== undefined && now - since >= QUARANTINE_MS;
    })
    .map((pod) => ({ pod, cause: 'orphaned' }));
}

/** Pods that are being deleted and never came to a node: nobody would end them. */
const unscheduled = ({ pods }: Observed): Collected[] =>
  pods.filter(({ metadata, spec }) => metadata.deletionTimestamp && !spec.nodeName).map((pod) => ({ pod, cause: 'unscheduled' }));

/** The DisruptionTarget message for a cause; undefined where no such condition is set. */
export const disruptionMessage = (cause: Collected['cause']): string | undefined =>
  cause === 'orphaned' ? 'PodGC: node no longer exists' : undefined;
