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
  readonly previousSandboxId?: string | undefined;
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
    runs.set(item.name, adopted(item, runs.get(item.name), statuses.get(item.name)));
  return { sandboxId: newest.id, older: sandboxes.map(({ id }) => id), runs };
}

function adopted(
  { id, sandboxId, state }: ContainerItem,
  before: RestoredRun | undefined,
  status: ContainerStatus | undefined,
): RestoredRun {
  const isSame = bareId(status?.containerID) === id;
  return {
    id,
    previousId: before?.id,
    sandboxId,
    previousSandboxId: before?.sandboxId,
    isRunning: state === 'running',
    started: isSame && (status?.started ?? false),
    ready: isSame && (status?.ready ?? false),
    actuated: isSame ? status?.resources : undefined,
  };
}

/** A pod as its status tells of it. */
export interface RememberedPod {
  readonly sandbox: RestoredSandbox;
  /** The sandbox before, when containers of it are still known. */
  readonly older: RestoredSandbox | undefined;
  readonly runs: ReadonlyMap<string, StatusRun>;
}

/**
 * Reads from a pod's status what ran when the agent's process ended. As when only a kubelet restarts, containers have gone on: a running
 * one is running, under its ID. Undefined when the pod had no sandbox yet.
 */
export async function restorePod(
  pod: Pod,
  config: PodSandboxConfig,
  configOf: (container: Container, attempt: number) => Promise<ContainerConfig>,
): Promise<RememberedPod | undefined> {
  const { podIP: ip = '', startTime } = pod.status;
  const statuses = statusesOf(pod);
  if (ip === '' || [...statuses.values()].every(({ containerID }) => !containerID)) return undefined;
  const runs = new Map<string, StatusRun>();
  const containers: { readonly fresh: RestoredContainer[]; readonly stale: RestoredContainer[] } = { fresh: [], stale: [] };
  const stale = staleNames(pod, statuses);
  for (const { container } of containersOf(pod)) {
    const status = statuses.get(container.name);
    if (!status?.containerID) continue;
    const isStale = stale.has(container.name);
    const [current, previous] = instancesOf(status);
    const into = isStale ? containers.stale : containers.fresh;
    if (previous) into.push({ config: await configOf(container, Math.max(0, status.restartCount - 1)), status: previous });
    if (current) into.push({ config: await configOf(container, status.restartCount), status: current });
    runs.set(container.name, statusRun(status, { current, previous, isStale }));
  }
  const createdAt = startTime ? parseTime(startTime) : 0;
  const hasOlder = containers.stale.length > 0;
  return {
    sandbox: { config: { ...config, attempt: hasOlder ? 1 : 0 }, ip, createdAt, containers: containers.fresh },
    older: hasOlder ? { config: { ...config, attempt: 0, network: { host: ip } }, ip, createdAt, containers: containers.stale } : undefined,
    runs,
  };
}

const statusRun = (
  status: ContainerStatus,
  { current, previous, isStale }: { current: Instance | undefined; previous: Instance | undefined; isStale: boolean },
): StatusRun => ({
  id: current?.id,
  previousId: previous?.id,
  isRunning: current?.state === 'running',
  isStale,
  started: status.started ?? false,
  ready: status.ready,
  actuated: status.resources,
});

/** A container as the pod's status has it; a stale one is of an earlier sandbox. */
type StatusRun = Omit<RestoredRun, 'sandboxId'> & { readonly isStale: boolean };

/** What comes after an init container that has not succeeded cannot have run in the same sandbox. */
function staleNames(pod: Pod, statuses: ReadonlyMap<string, ContainerStatus>): ReadonlySet<string> {
  const all = containersOf(pod).filter(({ role }) => role !== 'ephemeral');
  const first = all.findIndex(({ container, role }) => role === 'init' && statuses.get(container.name)?.state?.terminated?.exitCode !== 0);
  const after = first === -1 ? [] : all.slice(first + 1);
  return new Set(after.filter(({ container }) => !statuses.get(container.name)?.state?.running).map(({ container }) => container.name));
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
