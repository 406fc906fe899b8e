import type { Node, Taint } from '../../api/index.ts';
import { readyCondition } from './health.ts';

export const NOT_READY = 'node.kubernetes.io/not-ready';
export const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** The taint that a condition with a status stands for. */
const TAINT_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};
const OWN_KEYS: ReadonlySet<string> = new Set([UNSCHEDULABLE, ...Object.values(TAINT_OF).flatMap((byStatus) => Object.values(byStatus))]);

/** Taints to put on and to take off. */
export interface TaintChange {
  readonly add: readonly Taint[];
  readonly remove: readonly Taint[];
}

/** What its conditions and `unschedulable` ask of a node's NoSchedule taints. */
export function noScheduleChange(node: Node, timeAdded: string): TaintChange {
  const keys = (node.status.conditions ?? []).flatMap(({ type, status }) => TAINT_OF[type]?.[status] ?? []);
  const wanted = new Set(node.spec.unschedulable ? [...keys, UNSCHEDULABLE] : keys);
  const present = (node.spec.taints ?? []).filter(({ key, effect }) => effect === 'NoSchedule' && OWN_KEYS.has(key));
  return {
    add: [...wanted].filter((key) => !present.some((taint) => taint.key === key)).map((key) => ({ key, effect: 'NoSchedule', timeAdded })),
    remove: present.filter(({ key }) => !wanted.has(key)),
  };
}

const noExecute = (key: string): Taint => ({ key, effect: 'NoExecute' });

/** The NoExecute taint of a node that is not ready or not reachable, and the other one that goes; none for a ready node. */
export function noExecuteChange(node: Node, timeAdded: string): TaintChange | undefined {
  switch (readyCondition(node)?.status) {
    case 'False':
      return { add: [{ ...noExecute(NOT_READY), timeAdded }], remove: [noExecute(UNREACHABLE)] };
    case 'Unknown':
      return { add: [{ ...noExecute(UNREACHABLE), timeAdded }], remove: [noExecute(NOT_READY)] };
    default:
      return undefined;
  }
}

/** Both NoExecute taints go: the node is ready, or nobody knows better. */
export const reachableChange: TaintChange = { add: [], remove: [noExecute(NOT_READY), noExecute(UNREACHABLE)] };

export const hasNoExecute = (node: Node, key: string): boolean =>
  node.spec.taints?.some((taint) => taint.key === key && taint.effect === 'NoExecute') === true;

const COPIED_LABELS = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
] as const;

/** Labels with the old names of what the new names say; undefined when nothing is to be changed. */
export function labelChange({ metadata }: Node): Record<string, string> | undefined {
  const labels = metadata.labels ?? {};
  const changes = COPIED_LABELS.flatMap(([from, to]) => {
    const value = labels[from];
    return value !== undefined && labels[to] !== value ? [[to, value] as const] : [];
  });
  return changes.length ? Object.fromEntries(changes) : undefined;
}
