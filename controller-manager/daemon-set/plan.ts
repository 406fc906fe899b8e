import type { DaemonSet, DaemonSetStatus, Live, Node, Pod } from '../../api/index.ts';
import { isPodAvailable, isPodReady, isPodTerminal, msOf, podAvailableInMs } from '../shared/pods.ts';
import { REVISION_HASH } from '../shared/revisions.ts';
import { daemonTolerations, type Eligibility, eligibilityOf } from './eligibility.ts';
import { TEMPLATE_GENERATION_ANNOTATION, TEMPLATE_GENERATION_LABEL } from './history.ts';

/** What a DaemonSet's plan is made from. */
export interface Observed {
  readonly daemonSet: Live<DaemonSet>;
  readonly nodes: readonly Live<Node>[];
  /** The pods it controls, by the node they run or are to run on. */
  readonly podsByNode: ReadonlyMap<string, readonly Live<Pod>[]>;
  /** `controller-revision-hash` of the present template. */
  readonly hash: string;
  /** Milliseconds to wait until a failed pod of this node may be replaced; 0 to replace it now. */
  failedBackoffMs(node: string): number;
  readonly now: number;
}

/** A finished pod that is to be replaced, and what the event about it says. */
export interface FinishedPod {
  readonly pod: Live<Pod>;
  readonly reason: 'FailedDaemonPod' | 'SucceededDaemonPod';
  readonly message: string;
}

/** Pods to create and to delete. */
export interface PodPlan {
  readonly createOn: string[];
  readonly remove: Live<Pod>[];
  readonly finished: FinishedPod[];
  requeueAfterMs: number | undefined;
}

/** Every node with what it may run and has. */
export interface NodeView extends Eligibility {
  readonly name: string;
  readonly pods: readonly Live<Pod>[];
}

/** Where a pod runs, or is bound to run by the affinity its DaemonSet gave it. */
export function targetNodeOf(pod: Pod): string | undefined {
  if (pod.spec.nodeName) return pod.spec.nodeName;
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const { matchFields = [] } of terms) {
    const named = matchFields.find(({ key, operator }) => key === 'metadata.name' && operator === 'In');
    if (named?.values?.length === 1) return named.values[0];
  }
  return undefined;
}

export function viewNodes({ daemonSet, nodes, podsByNode }: Observed): NodeView[] {
  const tolerations = daemonTolerations(daemonSet);
  return nodes.map((node) => {
    const name = node.metadata.name;
    return { name, pods: podsByNode.get(name) ?? NO_PODS, ...eligibilityOf(daemonSet, tolerations, node) };
  });
}

const NO_PODS: readonly Live<Pod>[] = [];

/** Pods on their node before those waiting for it, then the oldest first. */
export function byPrecedence(a: Live<Pod>, b: Live<Pod>): number {
  const scheduled = Number(Boolean(b.spec.nodeName)) - Number(Boolean(a.spec.nodeName));
  const age = msOf(a.metadata.creationTimestamp) - msOf(b.metadata.creationTimestamp);
  return scheduled || age || (a.metadata.name < b.metadata.name ? -1 : 1);
}

export const isOfHash = (pod: Pod, hash: string): boolean => pod.metadata.labels?.[REVISION_HASH] === hash;

/** Whether a pod comes from the present template. */
export function isUpdated(daemonSet: DaemonSet, pod: Pod, hash: string): boolean {
  const generation = daemonSet.metadata.annotations?.[TEMPLATE_GENERATION_ANNOTATION];
  const sameGeneration = generation !== undefined && pod.metadata.labels?.[TEMPLATE_GENERATION_LABEL] === generation;
  return sameGeneration || (hash !== '' && isOfHash(pod, hash));
}

/** Brings every node to the pod it should have; replacing pods of an old template is `rolling-update.ts`. */
export function planPods(observed: Observed, views: readonly NodeView[]): PodPlan {
  const plan: PodPlan = { createOn: [], remove: [], finished: [], requeueAfterMs: undefined };
  for (const view of views) planNode(observed, view, plan);
  const known = new Set(views.map(({ name }) => name));
  for (const [node, pods] of observed.podsByNode) {
    // Pods that wait for a node that is gone would wait forever; those that ran on it are the pod collector's.
    if (!known.has(node)) plan.remove.push(...pods.filter((pod) => !pod.spec.nodeName && !pod.metadata.deletionTimestamp));
  }
  return plan;
}

function planNode(observed: Observed, view: NodeView, plan: PodPlan): void {
  if (view.pods.length === 0) {
    if (view.shouldRun) plan.createOn.push(view.name);
    return;
  }
  const live = view.pods.filter((pod) => !pod.metadata.deletionTimestamp);
  if (!view.mayStay) {
    plan.remove.push(...live);
    return;
  }
  const running = live.filter((pod) => !isPodTerminal(pod)).sort(byPrecedence);
  for (const pod of live) if (isPodTerminal(pod)) planFinished(observed, view, pod, plan);
  // With surge, one that goes is not waited for; one that failed is, as long as it must stay.
  const surges = view.shouldRun && running.length === 0 && allowsSurge(observed.daemonSet);
  if (surges && live.every((pod) => plan.remove.includes(pod))) plan.createOn.push(view.name);
  plan.remove.push(...surplusOf(observed, running));
}

function planFinished({ failedBackoffMs }: Observed, { name: node }: NodeView, pod: Live<Pod>, plan: PodPlan): void {
  const { name, namespace = '' } = pod.metadata;
  const failed = pod.status.phase === 'Failed';
  const waitMs = failed ? failedBackoffMs(node) : 0;
  if (waitMs > 0) {
    plan.requeueAfterMs = Math.min(waitMs, plan.requeueAfterMs ?? waitMs);
    return;
  }
  const found = `Found ${failed ? 'failed' : 'succeeded'} daemon pod ${namespace}/${name} on node ${node}, will try to `;
  plan.finished.push({
    pod,
    reason: failed ? 'FailedDaemonPod' : 'SucceededDaemonPod',
    message: found + (failed ? 'kill it' : 'delete it'),
  });
  plan.remove.push(pod);
}

/** Running pods beyond the one a node should have; with surge, an old one may stay until the new one is available. */
function surplusOf({ daemonSet, hash, now }: Observed, running: readonly Live<Pod>[]): Live<Pod>[] {
  if (running.length <= 1) return [];
  if (!allowsSurge(daemonSet)) return running.slice(1);
  const newest = running.find((pod) => isOfHash(pod, hash));
  const old = running.find((pod) => !isOfHash(pod, hash));
  const surplus = running.filter((pod) => pod !== newest && pod !== old);
  if (newest && old && (!isPodReady(old) || isPodAvailable(newest, daemonSet.spec.minReadySeconds ?? 0, now))) surplus.push(old);
  return surplus;
}

export function allowsSurge({ spec }: DaemonSet): boolean {
  const surge = spec.updateStrategy?.rollingUpdate?.maxSurge;
  return spec.updateStrategy?.type === 'RollingUpdate' && surge !== undefined && surge !== 0 && surge !== '0%';
}

/**
 * The status these nodes and pods make.
 *
 * @param isWaiting whether what was written before is waited for, so that nothing was done for the present generation.
 */
export function daemonSetStatus({ daemonSet, hash, now }: Observed, views: readonly NodeView[], isWaiting = false): DaemonSetStatus {
  const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 };
  for (const { shouldRun, pods } of views) {
    if (shouldRun) counts.desired++;
    const pod = pods.length ? [...pods].sort(byPrecedence)[0] : undefined;
    if (pod && shouldRun) countPod(counts, daemonSet, pod, { hash, now });
    else if (pod) counts.misscheduled++;
  }
  const { collisionCount, conditions } = daemonSet.status;
  return {
    currentNumberScheduled: counts.current,
    numberMisscheduled: counts.misscheduled,
    desiredNumberScheduled: counts.desired,
    numberReady: counts.ready,
    ...nonzero({
      observedGeneration: (isWaiting ? daemonSet.status.observedGeneration : daemonSet.metadata.generation) ?? 0,
      updatedNumberScheduled: counts.updated,
      numberAvailable: counts.available,
      numberUnavailable: counts.desired - counts.available,
    }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    ...(conditions ? { conditions } : {}),
  };
}

interface Counts {
  current: number;
  ready: number;
  available: number;
  updated: number;
}

function countPod(counts: Counts, daemonSet: DaemonSet, pod: Pod, { hash, now }: { hash: string; now: number }): void {
  counts.current++;
  if (isPodReady(pod)) counts.ready++;
  if (isPodAvailable(pod, daemonSet.spec.minReadySeconds ?? 0, now)) counts.available++;
  if (isUpdated(daemonSet, pod, hash)) counts.updated++;
}

const nonzero = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));

/** In how many milliseconds the next ready pod becomes available. */
export function nextAvailabilityMs({ daemonSet, podsByNode, now }: Observed): number | undefined {
  const { minReadySeconds = 0 } = daemonSet.spec;
  if (minReadySeconds === 0) return undefined;
  let next: number | undefined;
  for (const pods of podsByNode.values()) {
    for (const pod of pods) {
      const left = podAvailableInMs(pod, minReadySeconds, now);
      if (left && (next === undefined || left < next)) next = left;
    }
  }
  return next;
}
