import { type Pod, type PodCondition, type PodStatus, toTime } from '../../api/index.ts';
import { containerStatusesOf } from './container-status.ts';
import type { ObservedPod } from './observed.ts';
import { containersReadyFinding, type Finding, initializedFinding, readyFinding } from './pod-conditions.ts';
import { type PodPhase, phaseOf } from './pod-phase.ts';

/** Conditions that the node agent owns, in the order it writes them. */
const OWN_CONDITIONS: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
]);

/**
 * The status of a pod: a pure function of what is observed. The phase never leaves Succeeded or Failed; conditions of others are kept;
 * a condition keeps its transition time while its status stays.
 *
 * @param before the status that was computed last, or the API's.
 */
export function podStatusOf(observed: ObservedPod, before: PodStatus): PodStatus {
  const { pod, verdict, now } = observed;
  const { init, main, ephemeral } = containerStatusesOf(observed);
  const all = [...init, ...main];
  const ended = endedPhase(before) ?? endedPhase(pod.status);
  const phase = ended ?? (verdict ? 'Failed' : phaseOf(pod, all, observed.terminating));
  const containersReady = containersReadyFinding(pod, all, phase);
  const findings: Readonly<Record<string, Finding>> = {
    PodReadyToStartContainers: { status: observed.sandbox?.ready ? 'True' : 'False' },
    Initialized: initializedFinding(pod, all, phase),
    Ready: readyFinding(pod, containersReady),
    ContainersReady: containersReady,
    PodScheduled: { status: 'True' },
  };
  const ip = observed.sandbox?.ip ?? (pod.spec.hostNetwork ? observed.hostIP : lastIp(observed, before));
  const generation = pod.metadata.generation;
  return {
    ...(generation ? { observedGeneration: generation } : {}),
    phase,
    conditions: conditionsOf(findings, pod, before, now),
    ...reasonOf(observed, before, phase),
    hostIP: observed.hostIP,
    hostIPs: [{ ip: observed.hostIP }],
    ...(ip === undefined ? {} : { podIP: ip, podIPs: [{ ip }] }),
    startTime: before.startTime ?? pod.status.startTime ?? toTime(now),
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: main,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    ...(pod.status.qosClass ? { qosClass: pod.status.qosClass } : {}),
  };
}

/** A pod that has ended keeps the address it had. */
const lastIp = (observed: ObservedPod, before: PodStatus): string | undefined =>
  observed.terminating || endedPhase(before) ? before.podIP || undefined : undefined;

export const endedPhase = (status: Pick<PodStatus, 'phase'>): PodPhase | undefined =>
  status.phase === 'Succeeded' || status.phase === 'Failed' ? status.phase : undefined;

function reasonOf({ verdict, pod }: ObservedPod, before: PodStatus, phase: PodPhase): Pick<PodStatus, 'reason' | 'message'> {
  const kept = phase === before.phase ? before : phase === pod.status.phase ? pod.status : {};
  const { reason, message } = verdict ?? kept;
  return { ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
}

function conditionsOf(findings: Readonly<Record<string, Finding>>, pod: Pod, before: PodStatus, now: number): PodCondition[] {
  const known = [...(before.conditions ?? []), ...(pod.status.conditions ?? [])];
  const others = (pod.status.conditions ?? []).filter(({ type }) => !OWN_CONDITIONS.has(type));
  const generation = pod.metadata.generation;
  const own = Object.entries(findings).map(([type, finding]) => {
    const old = known.find((condition) => condition.type === type);
    return {
      type,
      ...(generation ? { observedGeneration: generation } : {}),
      status: finding.status,
      lastTransitionTime: old?.status === finding.status ? old.lastTransitionTime : toTime(now),
      ...(finding.reason ? { reason: finding.reason } : {}),
      ...(finding.message ? { message: finding.message } : {}),
    };
  });
  return [...others, ...own];
}
