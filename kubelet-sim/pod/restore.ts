import { type Container, type ContainerStateTerminated, type ContainerStatus, type Pod, parseTime } from '../../api/index.ts';
import type { ContainerConfig, PodSandboxConfig, RestoredContainer, RestoredSandbox } from '../runtime/cri.ts';
import { containersOf } from './container-names.ts';

/** What is known of one container from before. */
export interface RestoredRun {
  readonly id: string | undefined;
  readonly previousId: string | undefined;
  readonly isRunning: boolean;
  readonly started: boolean;
  readonly ready: boolean;
}

/**
 * Reads from a pod's status what ran when the agent's process ended. As when only a kubelet restarts, containers have gone on: a running
 * one is running, under its ID. Undefined when the pod had no sandbox yet.
 */
export function restorePod(
  pod: Pod,
  config: PodSandboxConfig,
  configOf: (container: Container, attempt: number) => ContainerConfig,
): { readonly sandbox: RestoredSandbox; readonly runs: ReadonlyMap<string, RestoredRun> } | undefined {
  const { podIP = '', startTime, initContainerStatuses = [], containerStatuses = [] } = pod.status;
  const statuses = new Map([...initContainerStatuses, ...containerStatuses].map((status) => [status.name, status]));
  if (podIP === '' || [...statuses.values()].every(({ containerID }) => !containerID)) return undefined;
  const runs = new Map<string, RestoredRun>();
  const containers: RestoredContainer[] = [];
  for (const { container } of containersOf(pod)) {
    const status = statuses.get(container.name);
    if (!status?.containerID) continue;
    const [current, previous] = instancesOf(status);
    if (previous) containers.push({ config: configOf(container, Math.max(0, status.restartCount - 1)), status: previous });
    if (current) containers.push({ config: configOf(container, status.restartCount), status: current });
    runs.set(container.name, {
      id: current?.id,
      previousId: previous?.id,
      isRunning: current?.state === 'running',
      started: status.started ?? false,
      ready: status.ready,
    });
  }
  return { sandbox: { config, ip: podIP, createdAt: startTime ? parseTime(startTime) : 0, containers }, runs };
}

type Instance = RestoredContainer['status'];

/** The newest instance and the one before. */
function instancesOf({ state, lastState, containerID }: ContainerStatus): [Instance | undefined, Instance | undefined] {
  const last = lastState?.terminated ? ended(lastState.terminated) : undefined;
  if (state?.running) {
    const startedAt = state.running.startedAt ? parseTime(state.running.startedAt) : 0;
    return [{ id: bareId(containerID), state: 'running', startedAt, finishedAt: 0, exitCode: 0, reason: '', message: '' }, last];
  }
  if (state?.terminated) return [ended(state.terminated), last];
  return [last, undefined];
}

const bareId = (id = ''): string => id.replace(/^\w+:\/\//, '');

const ended = ({ containerID, startedAt, finishedAt, exitCode, reason = '', message = '' }: ContainerStateTerminated): Instance => ({
  id: bareId(containerID),
  state: 'exited',
  startedAt: startedAt ? parseTime(startedAt) : 0,
  finishedAt: finishedAt ? parseTime(finishedAt) : 0,
  exitCode,
  reason,
  message,
});
