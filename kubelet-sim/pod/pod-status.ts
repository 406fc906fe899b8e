import { type Pod, type PodCondition, type PodIP, type PodStatus, toTime } from '../../api/index.ts';
import { type ContainerStatuses, containerStatusesOf, terminatedStatuses } from './container-status.ts';
import { addressesOf, containerOf, type ObservedPod, type Verdict } from './observed.ts';
import { containersReadyFinding, type Finding, initializedFinding, readyFinding } from './pod-conditions.ts';
import { endedPhase, type PodPhase, phaseOf } from './pod-phase.ts';
import { resizeConditions } from './resize.ts';

/** Conditions that the node agent owns, in the order it writes them. */
export const OWN_CONDITIONS: ReadonlySet<string> = new Set([
  'PodResizePending',
  'PodResizeInProgress',
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
]);

/**
 * The status of a pod: a pure function of what is observed. The phase never leaves Succeeded or Failed, and comes to them only when
 * nothing of the pod runs any more; conditions of others are kept; a condition keeps its transition time while its status stays.
 * Upstream: `generateAPIPodStatus` (`pkg/kubelet/kubelet_pods.go`), `mergePodStatus` and `TerminatePod` (`pkg/kubelet/status`).
 *
 * @param before the status that was computed last, or the API's.
 */
export function podStatusOf(observed: ObservedPod, before: PodStatus): PodStatus {
  const { pod, now } = observed;
  const seen = containerStatusesOf(observed);
  const found = phaseFound(observed, seen, before);
  const phase = observed.ended ? (endedPhase({ phase: found }) ?? 'Failed') : found;
  const { init, main, ephemeral } = observed.ended ? terminatedStatuses(pod, seen) : seen;
  // Conditions tell of what was found, not of what is concluded from there being no more to find.
  const told = observed.verdict?.isFound ? 'Failed' : found;
  const all = [...seen.init, ...seen.main];
  const containersReady = containersReadyFinding(pod, all, told);
  const findings: Readonly<Record<string, Finding>> = {
    PodReadyToStartContainers: { status: observed.sandbox?.ready ? 'True' : 'False' },
    Initialized: initializedFinding(pod, all, told),
    Ready: readyFinding(pod, containersReady),
    ContainersReady: containersReady,
    PodScheduled: { status: 'True' },
  };
  const hostIPs = observed.hostIPs.map((ip) => ({ ip }));
  const podIPs = podIPsOf(observed, before);
  return {
    phase,
    ...generationOf(pod),
    conditions: conditionsOf(findings, observed, before),
    ...reasonOf(observed, before, phase),
    hostIP: hostIPs[0]?.ip,
    hostIPs,
    ...(podIPs.length === 0 ? {} : { podIP: podIPs[0]?.ip, podIPs }),
    startTime: startTimeOf(pod, before, now),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: main,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    ...(pod.status.qosClass ? { qosClass: pod.status.qosClass } : {}),
  };
}

/** The sandbox's; a pod on the node's network has the node's, and one that has ended keeps its own. */
function podIPsOf({ sandbox, pod, hostIPs, ended }: ObservedPod, before: PodStatus): PodIP[] {
  if (sandbox) return addressesOf(sandbox).map((ip) => ({ ip }));
  if (pod.spec.hostNetwork) return hostIPs.map((ip) => ({ ip }));
  return ended && before.podIP ? [...(before.podIPs ?? [{ ip: before.podIP }])] : [];
}

/**
 * The status of a pod that the node does not take: nothing of it ever ran, and nothing is said of its containers, nor in the conditions that
 * are the agent's own. Upstream: `rejectPod`, `pkg/kubelet/kubelet.go`, and `mergePodStatus`, `pkg/kubelet/status/status_manager.go`.
 */
export function rejectedStatus(pod: Pod, { reason, message }: Verdict, before: PodStatus, now: number): PodStatus {
  const conditions = (pod.status.conditions ?? []).filter(({ type }) => !OWN_CONDITIONS.has(type));
  return {
    ...generationOf(pod),
    phase: 'Failed',
    ...(conditions.length > 0 ? { conditions } : {}),
    reason,
    message,
    startTime: startTimeOf(pod, before, now),
    ...(pod.status.qosClass ? { qosClass: pod.status.qosClass } : {}),
  };
}

/** What is seen of a static pod is its manifest, which has no generation: that of its mirror tells nothing. */
const generationOf = ({ metadata: { annotations, generation } }: Pod): Pick<PodStatus, 'observedGeneration'> =>
  generation && annotations?.['kubernetes.io/config.mirror'] === undefined ? { observedGeneration: generation } : {};

const startTimeOf = (pod: Pod, before: PodStatus, now: number): string => before.startTime ?? pod.status.startTime ?? toTime(now);

/**
 * What containers tell of the phase: an ended pod stays ended; one that could still have processes is not ended yet. One that is evicted, but
 * whose containers all end with 0, has succeeded all the same: upstream's `generateAPIPodStatus` is told of evictions before containers end only.
 */
function phaseFound(observed: ObservedPod, { init, main }: ContainerStatuses, before: PodStatus): PodPhase {
  const { pod, verdict } = observed;
  const kept = endedPhase(before) ?? endedPhase(pod.status);
  if (kept) return kept;
  if (verdict?.isFound && !observed.ended) return livePhase(before);
  const phase = phaseOf(pod, [...init, ...main], { ended: observed.ended, initialized: isInitialized(observed) });
  if (observed.ended) return verdict && (verdict.isFound || phase !== 'Succeeded') ? 'Failed' : phase;
  return endedPhase({ phase }) ? livePhase(before) : phase;
}

/** Upstream: `HasAnyActiveRegularContainerStarted`, `pkg/kubelet/container/helpers.go`. */
const isInitialized = (observed: ObservedPod): boolean =>
  observed.pod.spec.containers.some(({ name }) => {
    const { current, isStale } = containerOf(observed, name);
    return current !== undefined && !isStale;
  });

const livePhase = ({ phase }: PodStatus): PodPhase => (phase === 'Running' ? 'Running' : 'Pending');

/** Whether the containers have run their course, so that the pod is to end. */
export function hasRunItsCourse(observed: ObservedPod): boolean {
  const { init, main } = containerStatusesOf(observed);
  return (
    endedPhase({ phase: phaseOf(observed.pod, [...init, ...main], { ended: false, initialized: isInitialized(observed) }) }) !== undefined
  );
}

function reasonOf({ verdict, pod, ended }: ObservedPod, before: PodStatus, phase: PodPhase): Pick<PodStatus, 'reason' | 'message'> {
  const kept = phase === before.phase ? before : phase === pod.status.phase ? pod.status : {};
  const { reason, message } = (ended && phase === 'Failed' ? verdict : undefined) ?? kept;
  return { ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
}

function conditionsOf(findings: Readonly<Record<string, Finding>>, observed: ObservedPod, before: PodStatus): PodCondition[] {
  const { pod, now } = observed;
  const disruption = observed.ended ? observed.verdict?.condition : undefined;
  const foreign = (pod.status.conditions ?? []).filter(({ type }) => !OWN_CONDITIONS.has(type) && type !== disruption?.type);
  return [
    ...foreign,
    ...(disruption ? ownConditions({ [disruption.type]: disruption }, pod, before, now) : []),
    ...resizeConditions(observed.resize, knownConditions(pod, before), now),
    ...ownConditions(findings, pod, before, now),
  ];
}

const knownConditions = (pod: Pod, before: PodStatus): PodCondition[] => [...(before.conditions ?? []), ...(pod.status.conditions ?? [])];

function ownConditions(findings: Readonly<Record<string, Finding>>, pod: Pod, before: PodStatus, now: number): PodCondition[] {
  const known = knownConditions(pod, before);
  return Object.entries(findings).map(([type, finding]) => {
    const old = known.find((condition) => condition.type === type);
    return {
      type,
      ...generationOf(pod),
      status: finding.status,
      lastTransitionTime: old?.status === finding.status ? old.lastTransitionTime : toTime(now),
      ...(finding.reason ? { reason: finding.reason } : {}),
      ...(finding.message ? { message: finding.message } : {}),
    };
  });
}
