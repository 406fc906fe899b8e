import {
  type Container,
  type ContainerStateTerminated,
  type ContainerStatus,
  type Pod,
  parseTime,
  type ResourceRequirements,
} from '../../api/index.ts';
import type {
  ContainerConfig,
  ContainerItem,
  PodSandboxConfig,
  RestoredContainer,
  RestoredSandbox,
  RuntimeService,
} from '../runtime/cri.ts';
import { containersOf } from './container-names.ts';

/** What is known of one container from before. */
export interface RestoredRun {
  readonly id: string | undefined;
  readonly previousId: string | undefined;
  readonly sandboxId: string | undefined;
  readonly isRunning: boolean;
  readonly started: boolean;
  readonly ready: boolean;
  readonly image?: string | undefined;
  readonly actuated?: ResourceRequirements | undefined;
}

const statusesOf = ({ status }: Pod): ReadonlyMap<string, ContainerStatus> =>
  new Map(
    [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? []), ...(status.ephemeralContainerStatuses ?? [])].map(
      (container) => [container.name, container],
    ),
  );

/** A pod that the runtime went on running while its agent was away. */
export interface AdoptedPod {
  readonly sandboxId: string;
  /** Sandboxes before, the oldest first. */
  readonly older: readonly string[];
  readonly runs: ReadonlyMap<string, RestoredRun>;
}

/** What the runtime has of a pod; undefined when that is nothing. */
export function adoptPod(pod: Pod, runtime: RuntimeService): AdoptedPod | undefined {
  const uid = pod.metadata.uid;
  const sandboxes = runtime
    .listPodSandboxes()
    .filter(({ podUid }) => podUid === uid)
    .sort((a, b) => a.attempt - b.attempt);
  const newest = sandboxes.pop();
  if (!newest) return undefined;
  const statuses = statusesOf(pod);
  const runs = new Map<string, RestoredRun>();
  for (const item of runtime
    .listContainers()
    .filter(({ podUid }) => podUid === uid)
    .sort((a, b) => a.attempt - b.attempt))
    runs.set(item.name, adopted(item, runs.get(item.name)?.id, statuses.get(item.name)));
  return { sandboxId: newest.id, older: sandboxes.map(({ id }) => id), runs };
}

function adopted(
  { id, sandboxId, state }: ContainerItem,
  previousId: string | undefined,
  status: ContainerStatus | undefined,
): RestoredRun {
  const isSame = bareId(status?.containerID) === id;
  return {
    id,
    previousId,
    sandboxId,
    isRunning: state === 'running',
    started: isSame && (status?.started ?? false),
    ready: isSame && (status?.ready ?? false),
    actuated: isSame ? status?.resources : undefined,
  };
}

/**
 * Reads from a pod's status what ran when the agent's process ended. As when only a kubelet restarts, containers have gone on: a running
 * one is running, under its ID. Undefined when the pod had no sandbox yet.
 */
export async function restorePod(
  pod: Pod,
  config: PodSandboxConfig,
  configOf: (container: Container, attempt: number) => Promise<ContainerConfig>,
): Promise<{ readonly sandbox: RestoredSandbox; readonly runs: ReadonlyMap<string, Omit<RestoredRun, 'sandboxId'>> } | undefined> {
  const { podIP = '', startTime } = pod.status;
  const statuses = statusesOf(pod);
  if (podIP === '' || [...statuses.values()].every(({ containerID }) => !containerID)) return undefined;
  const runs = new Map<string, Omit<RestoredRun, 'sandboxId'>>();
  const containers: RestoredContainer[] = [];
  for (const { container } of containersOf(pod)) {
    const status = statuses.get(container.name);
    if (!status?.containerID) continue;
    const [current, previous] = instancesOf(status);
    if (previous) containers.push({ config: await configOf(container, Math.max(0, status.restartCount - 1)), status: previous });
    if (current) containers.push({ config: await configOf(container, status.restartCount), status: current });
    runs.set(container.name, {
      id: current?.id,
      previousId: previous?.id,
      isRunning: current?.state === 'running',
      started: status.started ?? false,
      ready: status.ready,
      actuated: status.resources,
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
