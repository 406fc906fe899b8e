import type { Container, ContainerStatus, Pod } from '../../api/index.ts';
import { type ContainerRole, containersOf, shouldRestart } from './container-names.ts';

export type PodPhase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

/** Counts of containers by what they do. */
interface Tally {
  /** Init containers that have not ended well yet, or sidecars that have not started. */
  initPending: number;
  sidecarPending: number;
  initFailed: number;
  unknown: number;
  running: number;
  waiting: number;
  stopped: number;
  final: number;
  succeeded: number;
}

/** The phase that follows from the containers' statuses. @param ending the pod is not to run any more. */
export function phaseOf(pod: Pod, statuses: readonly ContainerStatus[], ending: boolean): PodPhase {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const tally: Tally = {
    initPending: 0,
    sidecarPending: 0,
    initFailed: 0,
    unknown: 0,
    running: 0,
    waiting: 0,
    stopped: 0,
    final: 0,
    succeeded: 0,
  };
  for (const { container, role } of containersOf(pod)) COUNT[role](tally, pod, container, byName.get(container.name));
  const started = pod.spec.containers.some(({ name }) => hasRun(byName.get(name)));
  return decide(tally, started, ending);
}

const hasRun = (status: ContainerStatus | undefined): boolean =>
  Boolean(status?.state?.running || status?.state?.terminated || status?.lastState?.terminated);

function decide(tally: Tally, started: boolean, ending: boolean): PodPhase {
  if (tally.initFailed > 0) return 'Failed';
  if (tally.initPending > 0 || (tally.sidecarPending > 0 && !started) || tally.waiting > 0) return 'Pending';
  if (tally.unknown > 0) return 'Pending';
  if (tally.running > 0) return 'Running';
  if (tally.stopped === 0) return 'Pending';
  if (!ending && tally.stopped !== tally.final) return 'Running';
  return tally.stopped === tally.succeeded ? 'Succeeded' : 'Failed';
}

type Count = (tally: Tally, pod: Pod, container: Container, status: ContainerStatus | undefined) => void;

const countInit: Count = (tally, pod, container, status) => {
  const ended = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
  if (!ended) tally.initPending++;
  else if (ended.exitCode !== 0 && !shouldRestart(pod, container, 'init', ended.exitCode)) tally.initFailed++;
  else if (ended.exitCode !== 0) tally.initPending++;
};

const countSidecar: Count = (tally, _pod, _container, status) => {
  if (!status) tally.unknown++;
  else if (status.state?.running) {
    tally.running++;
    if (!status.started) tally.sidecarPending++;
  } else if (status.state?.waiting && !status.lastState?.terminated) {
    tally.sidecarPending++;
    tally.waiting++;
  }
};

const countMain: Count = (tally, pod, container, status) => {
  const ended = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
  if (!status) tally.unknown++;
  else if (status.state?.running) tally.running++;
  else if (!ended) tally.waiting++;
  else {
    tally.stopped++;
    if (status.state?.terminated && ended.exitCode === 0) tally.succeeded++;
    if (!shouldRestart(pod, container, 'main', ended.exitCode)) tally.final++;
  }
};

const COUNT: Readonly<Record<ContainerRole, Count>> = {
  init: countInit,
  sidecar: countSidecar,
  main: countMain,
  ephemeral: () => undefined,
};
