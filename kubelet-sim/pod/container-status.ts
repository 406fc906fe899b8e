import { type Container, type ContainerState, type ContainerStatus, type Pod, toTime } from '../../api/index.ts';
import type { ContainerStatus as RuntimeContainer } from '../runtime/cri.ts';
import { type ContainerRole, containersOf } from './container-names.ts';
import { containerOf, type ObservedContainer, type ObservedPod } from './observed.ts';

/** The API's statuses of a pod's containers, in the order of the spec. */
export interface ContainerStatuses {
  readonly init: ContainerStatus[];
  readonly main: ContainerStatus[];
  readonly ephemeral: ContainerStatus[];
}

export function containerStatusesOf(observed: ObservedPod): ContainerStatuses {
  const statuses: ContainerStatuses = { init: [], main: [], ephemeral: [] };
  const hasInit = (observed.pod.spec.initContainers ?? []).length > 0;
  for (const { container, role } of containersOf(observed.pod)) {
    const status = statusOf({ observed, container, role, hasInit });
    if (role === 'main') statuses.main.push(status);
    else if (role === 'ephemeral') statuses.ephemeral.push(status);
    else statuses.init.push(status);
  }
  return statuses;
}

interface Subject {
  readonly observed: ObservedPod;
  readonly container: Container;
  readonly role: ContainerRole;
  readonly hasInit: boolean;
}

function statusOf(subject: Subject): ContainerStatus {
  const { container, role, observed } = subject;
  const known = containerOf(observed, container.name);
  const { current } = known;
  const running = current?.state === 'running';
  const started = running && known.started;
  const state = stateOf(subject, known);
  const done = role === 'init' && state.terminated?.exitCode === 0;
  return {
    name: container.name,
    state,
    lastState: lastStateOf(state, known),
    ready: role === 'ephemeral' ? false : role === 'init' ? done : started && known.ready,
    restartCount: current?.attempt ?? restartsBefore(observed.pod, container.name),
    image: current?.image ?? container.image ?? '',
    imageID: current?.imageRef ?? '',
    ...(current ? { containerID: containerIdOf(current) } : {}),
    started: role === 'ephemeral' ? false : started,
    ...(current ? resourcesOf(container) : {}),
    ...volumeMountsOf(container),
  };
}

export const containerIdOf = (status: Pick<RuntimeContainer, 'id'>): string => `containerd://${status.id}`;

/** What the API knows of restarts of a container that the runtime does not have. */
function restartsBefore(pod: Pod, name: string): number {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status;
  return [...initContainerStatuses, ...containerStatuses].find((status) => status.name === name)?.restartCount ?? 0;
}

function stateOf({ hasInit, role, observed }: Subject, known: ObservedContainer): ContainerState {
  const { current, waiting } = known;
  if (current?.state === 'running') return { running: { startedAt: toTime(current.startedAt) } };
  if (waiting && !observed.terminating) return { waiting: waitingState(waiting.reason, waiting.message) };
  if (current?.state === 'exited') return { terminated: terminatedState(current) };
  if (current) return { waiting: {} };
  return { waiting: { reason: hasInit && role !== 'ephemeral' ? 'PodInitializing' : 'ContainerCreating' } };
}

const waitingState = (reason: string, message: string) => ({ reason, ...(message === '' ? {} : { message }) });

/** How the instance before the one that `state` shows ended. */
function lastStateOf(state: ContainerState, { current, previous }: ObservedContainer): ContainerState {
  const ended = current?.state === 'exited' && !state.terminated ? current : previous;
  return ended ? { terminated: terminatedState(ended) } : {};
}

function terminatedState(status: RuntimeContainer): NonNullable<ContainerState['terminated']> {
  return {
    exitCode: status.exitCode,
    ...(status.reason === '' ? {} : { reason: status.reason }),
    ...(status.message === '' ? {} : { message: status.message }),
    startedAt: toTime(status.startedAt),
    finishedAt: toTime(status.finishedAt),
    containerID: containerIdOf(status),
  };
}

function resourcesOf(container: Container): Pick<ContainerStatus, 'allocatedResources' | 'resources'> {
  const { requests, limits } = container.resources ?? {};
  return {
    ...(requests ? { allocatedResources: requests } : {}),
    resources: { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) },
  };
}

function volumeMountsOf({ volumeMounts = [] }: Container): Pick<ContainerStatus, 'volumeMounts'> {
  if (volumeMounts.length === 0) return {};
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}
