import type { Container, ContainerStatus, Pod } from '../../api/index.ts';
import { isSidecar, restartsAfter, restartsOnFailure } from './container-names.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** The phase in which nothing runs any more, if it is one. */
export const endedPhase = ({ phase }: { readonly phase?: string | undefined }): PodPhase | undefined =>
  phase === 'Succeeded' || phase === 'Failed' ? phase : undefined;

/** Counts of containers by what they do. */
interface Tally {
  initPending: number;
  initFailed: number;
  sidecarPending: number;
  unknown: number;
  running: number;
  waiting: number;
  stopped: number;
  succeeded: number;
  /** Stopped, and will run again. */
  restarting: number;
}

/** What the statuses do not say. */
export interface PhaseFacts {
  /** The pod is not to run any more. */
  readonly ended: boolean;
  /** A main container was made in the present sandbox: sidecars that start again do not make the pod Pending. */
  readonly initialized: boolean;
}

/** The phase that follows from the containers' statuses. Upstream: `getPhase`, `pkg/kubelet/kubelet_pods.go`. */
export function phaseOf(pod: Pod, statuses: readonly ContainerStatus[], { ended, initialized }: PhaseFacts): PodPhase {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const tally: Tally = {
    initPending: 0,
    initFailed: 0,
    sidecarPending: 0,
    unknown: 0,
    running: 0,
    waiting: 0,
    stopped: 0,
    succeeded: 0,
    restarting: 0,
  };
  for (const container of pod.spec.initContainers ?? [])
    if (isSidecar(container)) countSidecar(tally, byName.get(container.name));
    else countInit(tally, byName.get(container.name));
  for (const container of pod.spec.containers) countMain(tally, pod, container, byName.get(container.name));
  if (tally.initFailed > 0 && !restartsOnFailure(pod)) return 'Failed';
  if (tally.initPending > 0 || (tally.sidecarPending > 0 && !initialized) || tally.waiting > 0 || tally.unknown > 0) return 'Pending';
  if (tally.running > 0) return 'Running';
  return tally.stopped > 0 ? stoppedPhase(pod, tally, ended) : 'Pending';
}

/** Whether a container runs or ran: a pod with such a main container has been initialized. */
export const hasStarted = (status: ContainerStatus | undefined): boolean => Boolean(status?.state?.running || status?.state?.terminated);

function stoppedPhase(pod: Pod, { restarting, stopped, succeeded }: Tally, ended: boolean): PodPhase {
  if (!ended && restarting > 0) return 'Running';
  if (stopped === succeeded) return 'Succeeded';
  return ended || !restartsOnFailure(pod) ? 'Failed' : 'Running';
}

function countInit(tally: Tally, status: ContainerStatus | undefined): void {
  const ended = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
  if (!ended) tally.initPending++;
  else if (ended.exitCode !== 0) tally.initFailed++;
}

function countSidecar(tally: Tally, status: ContainerStatus | undefined): void {
  if (!status) tally.unknown++;
  else if (status.state?.running) {
    tally.running++;
    if (!status.started) tally.sidecarPending++;
  } else if (status.state?.waiting && !status.lastState?.terminated) {
    tally.sidecarPending++;
    tally.waiting++;
  }
}

function countMain(tally: Tally, pod: Pod, container: Container, status: ContainerStatus | undefined): void {
  const { state, lastState } = status ?? {};
  const ended = state?.terminated ?? (state?.waiting ? lastState?.terminated : undefined);
  if (!status) tally.unknown++;
  else if (state?.running) tally.running++;
  else if (!ended) tally.waiting++;
  else {
    tally.stopped++;
    if (state?.terminated && ended.exitCode === 0) tally.succeeded++;
    if (restartsAfter(pod, container, ended.exitCode)) tally.restarting++;
  }
}
