// How many pods bring a metric to its target. Upstream: `pkg/controller/podautoscaler/replica_calculator.go`. All amounts are thousandths.
import { isPodLevelResource, isSidecar, type Live, type Pod, parseQuantity, podRequests } from '../../api/index.ts';
import { isPodReady, msOf, podCondition } from '../shared/pods.ts';
import type { PodMetric, PodMetrics } from './metrics-client.ts';

const INT32_MAX = 2 ** 31 - 1;
/** No amount is greater: there it ends, whoever shares it. */
export const AMOUNT_MAX = 2 ** 63;

/** How far use may be from its target without anything being done, as a share of it. */
export interface Tolerances {
  readonly up: number;
  readonly down: number;
}

/** What is known of the pods a metric is about. */
export interface PodsObserved {
  readonly pods: readonly Live<Pod>[];
  readonly currentReplicas: number;
  readonly tolerances: Tolerances;
  /** How long after its start a pod's CPU use may be that of starting. */
  readonly cpuInitializationMs: number;
  /** How long after its start a pod that was never ready may still become so. */
  readonly initialReadinessDelayMs: number;
  readonly now: number;
}

/** How many pods are wanted, and what they use now. */
export interface Proposal {
  readonly replicas: number;
  /** In thousandths, per pod or in all, as the target is. */
  readonly usage: number;
  /** In percent of requests. */
  readonly utilization?: number | undefined;
}

const isWithin = (ratio: number, { up, down }: Tolerances): boolean => 1 - down <= ratio && ratio <= 1 + up;

const capped = (replicas: number): number => Math.min(INT32_MAX, Math.ceil(replicas));

/** Aims at use in percent of what pods request. */
export function byUtilization(
  observed: PodsObserved,
  metrics: PodMetrics,
  { resource, container, target }: { readonly resource: string; readonly container: string | undefined; readonly target: number },
): Proposal {
  const pods = demandPods(observed);
  let requests: ReadonlyMap<string, number> = new Map();
  let reported: { usage: number; utilization: number } | undefined;
  const ratioOf = (counted: PodMetrics): number => {
    // What pods request is looked at only when some of them were measured.
    if (requests.size === 0) requests = new Map(pods.map((pod) => [pod.metadata.name, requestOf(pod, resource, container)]));
    const { usage, utilization } = utilizationOf(counted, requests);
    reported ??= { usage, utilization };
    return utilization / target;
  };
  // On the way down, pods nobody knows about are taken to use all they request (or all they may).
  const assumedOf = (pod: string) => Math.trunc(((requests.get(pod) ?? 0) * Math.max(100, target)) / 100);
  const replicas = replicasFor(observed, metrics, { resource, ratioOf, assumedOf });
  return { replicas, usage: reported?.usage ?? 0, utilization: reported?.utilization };
}

/** Aims at an amount per pod. */
export function byAverage(observed: PodsObserved, metrics: PodMetrics, target: number, resource: string | undefined): Proposal {
  demandPods(observed);
  let reported: number | undefined;
  const ratioOf = (counted: PodMetrics): number => {
    let total = 0;
    for (const { value } of counted.values()) total += value;
    const usage = Math.trunc(total / counted.size);
    reported ??= usage;
    return usage / target;
  };
  const replicas = replicasFor(observed, metrics, { resource, ratioOf, assumedOf: () => target });
  return { replicas, usage: reported ?? 0 };
}

/** Aims at a value in all, whatever it is that has it; the number of ready pods is changed in proportion. */
export function byValue({ pods, currentReplicas, tolerances }: PodsObserved, usage: number, target: number): Proposal {
  const ratio = usage / target;
  if (currentReplicas === 0) return { replicas: capped(ratio), usage };
  if (isWithin(ratio, tolerances)) return { replicas: currentReplicas, usage };
  if (pods.length === 0) throw new Error('unable to calculate ready pods: no pods returned by selector while calculating replica count');
  const ready = pods.filter((pod) => pod.status.phase === 'Running' && isPodReady(pod)).length;
  return { replicas: capped(ratio * ready), usage };
}

/** Aims at a value per pod of something that is not a pod's. */
export function byShare(usage: number, target: number, statusReplicas: number, tolerances: Tolerances): Proposal {
  const isClose = isWithin(usage / (target * statusReplicas), tolerances);
  const perPod = statusReplicas === 0 ? 0 : Math.ceil(usage / statusReplicas);
  return { replicas: isClose ? statusReplicas : capped(usage / target), usage: usage >= AMOUNT_MAX ? usage : perPod };
}

function demandPods({ pods }: PodsObserved): readonly Live<Pod>[] {
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  return pods;
}

interface Aim {
  readonly resource: string | undefined;
  /** How far what was measured is from the target; 1 is there. */
  ratioOf(metrics: PodMetrics): number;
  /** What a pod of which nothing is known is taken to use when there would be fewer pods. */
  assumedOf(pod: string): number;
}

/**
 * Pods of which nothing is known, and those that are not ready yet, must not tip the scale: they are taken to use much on the way down and
 * nothing on the way up, and when that turns the direction round, nothing is done.
 */
function replicasFor(observed: PodsObserved, metrics: PodMetrics, { resource, ratioOf, assumedOf }: Aim): number {
  const { currentReplicas, tolerances } = observed;
  const { ready, unready, missing, counted } = groupPods(observed, metrics, resource);
  if (counted.size === 0) throw new Error('did not receive metrics for targeted pods (pods might be unready)');
  const ratio = ratioOf(counted);
  const upWithUnready = unready.length > 0 && ratio > 1;
  if (!upWithUnready && missing.length === 0) return isWithin(ratio, tolerances) ? currentReplicas : capped(ratio * ready);
  if (ratio !== 1) assume(counted, missing, ratio < 1 ? assumedOf : () => 0);
  if (upWithUnready) assume(counted, unready, () => 0);
  const adjusted = ratioOf(counted);
  const replicas = capped(adjusted * counted.size);
  const isUp = ratio > 1;
  const isTurned = ratio !== 1 && adjusted !== 1 && isUp !== adjusted > 1;
  const isAgainst = adjusted > 1 ? replicas < currentReplicas : replicas > currentReplicas;
  return isWithin(adjusted, tolerances) || isTurned || isAgainst ? currentReplicas : replicas;
}

function assume(counted: Map<string, PodMetric>, pods: readonly string[], assumed: (pod: string) => number): void {
  for (const pod of pods) counted.set(pod, { value: assumed(pod), timestamp: 0, windowMs: 0 });
}

interface Groups {
  readonly ready: number;
  readonly unready: string[];
  readonly missing: string[];
  /** What was measured of pods that count. */
  readonly counted: Map<string, PodMetric>;
}

function groupPods(observed: PodsObserved, metrics: PodMetrics, resource: string | undefined): Groups {
  const unready: string[] = [];
  const missing: string[] = [];
  const counted = new Map(metrics);
  let ready = 0;
  for (const pod of observed.pods) {
    const { name, deletionTimestamp } = pod.metadata;
    const metric = metrics.get(name);
    if (deletionTimestamp || pod.status.phase === 'Failed') counted.delete(name);
    else if (pod.status.phase === 'Pending') unready.push(name);
    else if (!metric) missing.push(name);
    else if (resource === 'cpu' && isStarting(pod, metric, observed)) unready.push(name);
    else ready++;
  }
  for (const name of unready) counted.delete(name);
  return { ready, unready, missing, counted };
}

/** Whether what the pod uses may be what it takes to start. */
function isStarting(pod: Live<Pod>, metric: PodMetric, observed: PodsObserved): boolean {
  const condition = podCondition(pod, 'Ready');
  const startedAt = msOf(pod.status.startTime);
  if (!condition || Number.isNaN(startedAt)) return true;
  const changedAt = msOf(condition.lastTransitionTime);
  const isUnready = condition.status === 'False';
  if (startedAt + observed.cpuInitializationMs > observed.now) return isUnready || metric.timestamp < changedAt + metric.windowMs;
  return isUnready && startedAt + observed.initialReadinessDelayMs > changedAt;
}

function utilizationOf(metrics: PodMetrics, requests: ReadonlyMap<string, number>): { usage: number; utilization: number } {
  let used = 0;
  let requested = 0;
  let count = 0;
  for (const [pod, { value }] of metrics) {
    const request = requests.get(pod);
    if (request === undefined) continue;
    used += value;
    requested += request;
    count++;
  }
  if (requested === 0) throw new Error('no metrics returned matched known pods');
  return { usage: Math.trunc(used / count), utilization: Math.trunc((used * 100) / requested) };
}

/** What a pod, or one of its containers, requests; the pod's own request where it makes one. A pod without the container requests nothing. */
function requestOf(pod: Live<Pod>, resource: string, container: string | undefined): number {
  const { name } = pod.metadata;
  if (container === undefined && Object.keys(pod.spec.resources?.requests ?? {}).some(isPodLevelResource)) {
    const request = podRequests(pod).get(resource);
    if (!request) throw new Error(`missing pod-level request for ${resource} in Pod ${name}`);
    return request.milli();
  }
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(isSidecar)];
  const counted = container === undefined ? all : all.filter((one) => one.name === container);
  let sum = 0;
  for (const one of counted) {
    const request = one.resources?.requests?.[resource];
    if (request === undefined) throw new Error(`missing request for ${resource} in container ${one.name} of Pod ${name}`);
    sum += parseQuantity(request).milli();
  }
  return sum;
}
