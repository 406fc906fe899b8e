import { type Pod, podRequests, type QosClass, qosClassOf, ZERO_QUANTITY } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { Verdict } from '../pod/observed.ts';
import type { PodWorker } from '../pod/pod-worker.ts';
import { type AdmissionScope, admit, otherVerdict, type Shortage, shortagesOf } from './admission.ts';
import { isCriticalPod } from './eviction.ts';

const MESSAGE = 'Preempted in order to admit critical pod';

/** What becomes of pods that make room for a critical one. */
export const PREEMPTED: Verdict = {
  reason: 'Preempting',
  message: MESSAGE,
  condition: {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'TerminationByKubelet',
    message: 'Pod was preempted by Kubelet to accommodate a critical pod.',
  },
};

/** How a node takes a critical pod: the pods that have to go, or why it does not take it after all. */
export interface CriticalAdmission {
  readonly victims: readonly Pod[];
  /** The first resource that is missing. */
  readonly resource?: string | undefined;
  readonly verdict?: Verdict | undefined;
}

/** Takes the UID of a pod that has to go, and the first resource that is missing. */
type Evict = (uid: string, resource: string) => void;

/** Whether a node takes a pod; for a critical one it may get rid of others. */
export function admitOrPreempt(pod: Pod, scope: AdmissionScope, evict: Evict): Verdict | undefined {
  if (!isCriticalPod(pod)) return admit(pod, scope);
  const { victims, resource = '', verdict } = admitCritical(pod, scope);
  for (const { metadata } of victims) evict(metadata.uid ?? '', resource);
  return verdict;
}

/** How often is looked whether those who have to go have gone. */
const LOOK_MS = 100;
/** How much longer than its grace period a pod may take to end, and the least that it is given. */
const PATIENCE = 1.5;
const PATIENCE_MS_MIN = 10_000;

/** Who has to go, and whether it is still there. */
export interface Leaver extends Pick<PodWorker, 'pod' | 'isActive'> {
  /** It is told to go, if it was not before. */
  readonly leave?: (() => void) | undefined;
}

/**
 * Resolves when all have ended, or those that have not had all the time that a kubelet waits: they go one after the other. Upstream:
 * `evictPodsToFreeRequests`, `killPodNow`.
 *
 * @param graceSeconds what each is given, if not what it asks for
 */
export async function untilGone(leavers: readonly Leaver[], clock: Clock, signal: AbortSignal, graceSeconds?: number): Promise<void> {
  for (const leaver of leavers) {
    leaver.leave?.();
    const graceMs = (graceSeconds ?? leaver.pod.spec.terminationGracePeriodSeconds ?? 0) * 1000;
    const end = clock.monotonic() + Math.max(graceMs * PATIENCE, PATIENCE_MS_MIN);
    while (leaver.isActive && clock.monotonic() < end) await clock.sleep(LOOK_MS, signal);
  }
}

/** How much of a resource is missing. */
interface Missing {
  readonly resource: string;
  readonly amount: number;
}

/**
 * A critical pod is not refused for want of resources: others make room. As few as can be, rather best-effort pods than burstable, rather
 * burstable than guaranteed ones. Upstream: `CriticalPodAdmissionHandler`, `pkg/kubelet/preemption/preemption.go`.
 */
export function admitCritical(pod: Pod, scope: AdmissionScope): CriticalAdmission {
  const verdict = otherVerdict(pod, scope);
  if (verdict) return { victims: [], verdict };
  const missing = shortagesOf(pod, scope).map(missingOf);
  if (missing.length === 0) return { victims: [] };
  const candidates = [...scope.others].filter((other) => isPreemptable(pod, other));
  const unmet = without(missing, candidates);
  if (unmet.length > 0) return { victims: [], verdict: unexpected(unmet) };
  const of = (qos: QosClass) => candidates.filter((candidate) => qosClassOf(candidate) === qos);
  const [bestEffort, burstable, guaranteed] = [of('BestEffort'), of('Burstable'), of('Guaranteed')];
  const guaranteedToGo = nearest(guaranteed, without(missing, [...bestEffort, ...burstable]));
  const burstableToGo = nearest(burstable, without(missing, [...bestEffort, ...guaranteedToGo]));
  const bestEffortToGo = nearest(bestEffort, without(missing, [...burstableToGo, ...guaranteedToGo]));
  return { victims: [...bestEffortToGo, ...burstableToGo, ...guaranteedToGo], resource: missing[0]?.resource };
}

const missingOf = ({ resource, requested, used, capacity }: Shortage): Missing => ({ resource, amount: requested - (capacity - used) });

function isPreemptable(preemptor: Pod, other: Pod): boolean {
  return (isCriticalPod(preemptor) && !isCriticalPod(other)) || (preemptor.spec.priority ?? 0) > (other.spec.priority ?? 0);
}

function unexpected(missing: readonly Missing[]): Verdict {
  const list = missing.map(({ resource, amount }) => `(res: ${resource}, q: ${amount}), `).join('');
  const why = `preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: [${list}]`;
  return {
    reason: 'UnexpectedAdmissionError',
    message: `Pod was rejected: Unexpected error while attempting to recover from admission failure: ${why}`,
  };
}

function requestOf(pod: Pod, resource: string): number {
  if (resource === 'pods') return 1;
  const quantity = podRequests(pod).get(resource) ?? ZERO_QUANTITY;
  return resource === 'cpu' ? quantity.milli() : quantity.value();
}

/** What is still missing when pods have gone. */
const without = (missing: readonly Missing[], pods: readonly Pod[]): Missing[] =>
  missing
    .map(({ resource, amount }) => ({ resource, amount: pods.reduce((left, pod) => left - requestOf(pod, resource), amount) }))
    .filter(({ amount }) => amount > 0);

/** How much of what is missing a pod does not give: each resource counts the same. */
const distance = (missing: readonly Missing[], pod: Pod): number =>
  missing.reduce((sum, { resource, amount }) => sum + (Math.max(0, amount - requestOf(pod, resource)) / amount) ** 2, 0);

/** Pods that give what is missing: each time the one that gives most of it, of equals the one that asks for less. */
function nearest(candidates: readonly Pod[], wanted: readonly Missing[]): Pod[] {
  const left = [...candidates];
  const chosen: Pod[] = [];
  for (let missing = wanted; missing.length > 0 && left.length > 0; ) {
    const best = left.reduce((a, b) => {
      const nearer = distance(missing, b) - distance(missing, a);
      return nearer < 0 || (nearer === 0 && asksNoMore(b, a)) ? b : a;
    });
    left.splice(left.indexOf(best), 1);
    chosen.push(best);
    missing = without(missing, [best]);
  }
  return chosen;
}

const asksNoMore = (a: Pod, b: Pod): boolean =>
  requestOf(a, 'memory') - requestOf(b, 'memory') < 0 ||
  (requestOf(a, 'memory') === requestOf(b, 'memory') && requestOf(a, 'cpu') <= requestOf(b, 'cpu'));
