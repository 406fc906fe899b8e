import type { ContainerStatus, Live, Pod } from '../../api/index.ts';
import { isPodReady, msOf, podReadyMs } from '../shared/pods.ts';
import { DELETION_COST } from '../shared/slim-pod.ts';

const NS_PER_MS = 1e6;
const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/** A pod with how many pods of the same owner's ReplicaSets its node holds. */
export interface RankedPod {
  readonly pod: Live<Pod>;
  readonly rank: number;
}

type Comparison = (a: RankedPod, b: RankedPod, now: number) => number;

/** Which of two pods to delete first, criterion by criterion, in upstream's order; negative: the first. */
const CRITERIA: readonly Comparison[] = [
  (a, b) => assigned(a.pod) - assigned(b.pod),
  (a, b) => phaseOrder(a.pod) - phaseOrder(b.pod),
  (a, b) => Number(isPodReady(a.pod)) - Number(isPodReady(b.pod)),
  (a, b) => deletionCost(a.pod) - deletionCost(b.pod),
  (a, b) => b.rank - a.rank,
  (a, b, now) => (isPodReady(a.pod) && isPodReady(b.pod) ? youngerFirst(podReadyMs(a.pod), podReadyMs(b.pod), { a, b, now }) : 0),
  (a, b) => mostRestarts(b.pod, 'regular') - mostRestarts(a.pod, 'regular'),
  (a, b) => mostRestarts(b.pod, 'sidecar') - mostRestarts(a.pod, 'sidecar'),
  (a, b, now) => youngerFirst(msOf(a.pod.metadata.creationTimestamp), msOf(b.pod.metadata.creationTimestamp), { a, b, now }),
];

/** The same without costs, crowds and age classes, for the pods of jobs. Upstream: `ActivePods`. */
export function compareActive(a: Pod, b: Pod): number {
  return (
    assigned(a) - assigned(b) ||
    phaseOrder(a) - phaseOrder(b) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    newestFirst(podReadyMs(a), podReadyMs(b)) ||
    mostRestarts(b, 'regular') - mostRestarts(a, 'regular') ||
    mostRestarts(b, 'sidecar') - mostRestarts(a, 'sidecar') ||
    newestFirst(msOf(a.metadata.creationTimestamp), msOf(b.metadata.creationTimestamp))
  );
}

/** No time at all comes before any. */
function newestFirst(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(b)) - Number(Number.isNaN(a));
  return b - a;
}

/** Compares two pods by who should be deleted first. */
export function compareForDeletion(a: RankedPod, b: RankedPod, now: number): number {
  for (const criterion of CRITERIA) {
    const order = criterion(a, b, now);
    if (order !== 0) return order;
  }
  return 0;
}

const assigned = (pod: Pod): number => (pod.spec.nodeName ? 1 : 0);

const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const phaseOrder = (pod: Pod): number => PHASES[pod.status.phase ?? ''] ?? 0;

/** Upstream: `GetDeletionCostFromPodAnnotations`. */
function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.[DELETION_COST];
  if (text === undefined || !/^(0|-\d+|[1-9]\d*)$/.test(text)) return 0;
  const cost = Number(text);
  return cost < INT32_MIN || cost > INT32_MAX ? 0 : cost;
}

/** Orders by age on a logarithmic scale, so that pods of about the same age are taken in no order of age (by uid). */
function youngerFirst(timeA: number, timeB: number, { a, b, now }: { a: RankedPod; b: RankedPod; now: number }): number {
  if (timeA === timeB) return 0;
  if (Number.isNaN(timeA) || Number.isNaN(timeB)) return Number.isNaN(timeA) ? (Number.isNaN(timeB) ? 0 : -1) : 1;
  const difference = ageClass(now - timeA) - ageClass(now - timeB);
  if (difference !== 0) return difference;
  return a.pod.metadata.uid < b.pod.metadata.uid ? -1 : 1;
}

const ageClass = (ageMs: number): number => (ageMs > 0 ? Math.floor(Math.log2(ageMs * NS_PER_MS)) : -1);

function mostRestarts(pod: Pod, which: 'regular' | 'sidecar'): number {
  const most = (statuses: readonly ContainerStatus[]) => statuses.reduce((max, { restartCount }) => Math.max(max, restartCount), 0);
  if (which === 'regular') return most(pod.status.containerStatuses ?? []);
  const sidecars = new Set((pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  return most((pod.status.initContainerStatuses ?? []).filter(({ name }) => sidecars.has(name)));
}
