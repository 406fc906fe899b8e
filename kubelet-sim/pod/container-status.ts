import { type Container, type ContainerState, type ContainerStatus, type Pod, type ResourceRequirements, toTime } from '../../api/index.ts';
import type { ContainerUser, ContainerStatus as RuntimeContainer } from '../runtime/cri.ts';
import { type ContainerRole, containersOf, isSidecar, podRestartsAfter, restartsAfter } from './container-names.ts';
import { containerOf, type ObservedContainer, type ObservedPod } from './observed.ts';

/** The API's statuses of a pod's containers: init containers in the order of the spec, the others by name. */
export interface ContainerStatuses {
  readonly init: ContainerStatus[];
  readonly main: ContainerStatus[];
  readonly ephemeral: ContainerStatus[];
}

/** Upstream: `convertToAPIContainerStatuses`, `pkg/kubelet/kubelet_pods.go`. */
export function containerStatusesOf(observed: ObservedPod): ContainerStatuses {
  const statuses: ContainerStatuses = { init: [], main: [], ephemeral: [] };
  const hasInit = (observed.pod.spec.initContainers ?? []).length > 0;
  for (const { container, role } of containersOf(observed.pod)) {
    const status = shortened(statusOf({ observed, container, role, hasInit }), messageBytesMax(observed.pod));
    if (role === 'main') statuses.main.push(status);
    else if (role === 'ephemeral') statuses.ephemeral.push(status);
    else statuses.init.push(status);
  }
  statuses.main.sort(byName);
  statuses.ephemeral.sort(byName);
  return statuses;
}

/** Bytes that the termination messages of a pod's containers may have together. */
const MESSAGES_BYTES_MAX = 12 * 1024;

/** What of it each container has. Upstream: `normalizeStatus`, `pkg/kubelet/status/status_manager.go`. */
const messageBytesMax = ({ spec }: Pod): number =>
  Math.floor(
    MESSAGES_BYTES_MAX / (spec.containers.length + (spec.initContainers?.length ?? 0) + (spec.ephemeralContainers?.length ?? 0) || 1),
  );

function shortened(status: ContainerStatus, bytesMax: number): ContainerStatus {
  const isLong = (state: ContainerState = {}) => Buffer.byteLength(state.terminated?.message ?? '') > bytesMax;
  const { state, lastState } = status;
  if (!isLong(state) && !isLong(lastState)) return status;
  return { ...status, state: withShortMessage(state, bytesMax), lastState: withShortMessage(lastState, bytesMax) };
}

function withShortMessage(state: ContainerState = {}, bytesMax: number): ContainerState {
  const { terminated } = state;
  if (!terminated?.message) return state;
  return { ...state, terminated: { ...terminated, message: Buffer.from(terminated.message).subarray(0, bytesMax).toString('utf8') } };
}

const byName = (a: ContainerStatus, b: ContainerStatus): number => (a.name < b.name ? -1 : 1);

interface Subject {
  readonly observed: ObservedPod;
  readonly container: Container;
  readonly role: ContainerRole;
  readonly hasInit: boolean;
}

function statusOf(subject: Subject): ContainerStatus {
  const { container, role, observed } = subject;
  const known = containerOf(observed, container.name);
  const done = known.current || role === 'main' || role === 'ephemeral' ? undefined : statusBefore(observed.pod, container.name);
  // Runtimes may let go of an init container that has done its part.
  if (done?.state?.terminated) return done;
  const state = stateOf(subject, known);
  const started = state.running !== undefined && known.started;
  const ready = role === 'init' ? state.terminated?.exitCode === 0 : role !== 'ephemeral' && started && known.ready;
  return {
    name: container.name,
    state,
    ready,
    ...instanceOf(observed.pod, container, known, state),
    ...(role === 'ephemeral' ? {} : { started }),
    ...(known.current ? resourcesOf(observed.pod, container, known) : {}),
    ...volumeMountsOf(container),
    ...userOf(known),
  };
}

/** Whom it runs as; pods of one kind share what is said of it. */
function userOf({ current }: ObservedContainer): Pick<ContainerStatus, 'user'> {
  if (!current || current.startedAt === 0) return {};
  const before = USERS.get(current.user);
  if (before) return before;
  const { uid, gid, supplementalGroups } = current.user;
  const user = { user: { linux: { uid, gid, supplementalGroups: [...supplementalGroups] } } };
  USERS.set(current.user, user);
  return user;
}

const USERS = new WeakMap<ContainerUser, Pick<ContainerStatus, 'user'>>();

type Instance = Pick<ContainerStatus, 'lastState' | 'restartCount' | 'image' | 'imageID' | 'containerID'>;

/** Which instance it is; of one that the runtime does not have, what the API knows. */
function instanceOf(pod: Pod, container: Container, known: ObservedContainer, state: ContainerState): Instance {
  const { current } = known;
  if (!current) {
    const { lastState = {}, restartCount = 0 } = statusBefore(pod, container.name) ?? {};
    const begins = pod.metadata.deletionTimestamp ? 0 : 1;
    const count = isLost(pod, container.name, state)
      ? { lastState: LOST_WHILE_RUNNING, restartCount: restartCount + begins }
      : { lastState, restartCount };
    return { image: container.image ?? '', imageID: '', ...count };
  }
  return {
    lastState: lastStateOf(state, known),
    restartCount: current.attempt,
    image: current.image,
    imageID: current.imageRef,
    containerID: containerIdOf(current),
  };
}

export const containerIdOf = (status: Pick<RuntimeContainer, 'id'>): string => `containerd://${status.id}`;

/** What the API knows of a container that the runtime does not have. */
function statusBefore(pod: Pod, name: string): ContainerStatus | undefined {
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status;
  return [...initContainerStatuses, ...containerStatuses].find((status) => status.name === name);
}

function stateOf(subject: Subject, known: ObservedContainer): ContainerState {
  const { current, waiting } = known;
  if (current?.state === 'running') return { running: { startedAt: toTime(current.startedAt) } };
  if (waiting && comesBack(subject, current)) return { waiting: waitingState(waiting.reason, waiting.message) };
  if (current?.state === 'exited') return { terminated: terminatedState(current) };
  if (current) return { waiting: {} };
  return { waiting: { reason: subject.hasInit && subject.role !== 'ephemeral' ? 'PodInitializing' : 'ContainerCreating' } };
}

const waitingState = (reason: string, message: string) => ({ reason, ...(message === '' ? {} : { message }) });

/** Whether a container that does not run will run in the next sync, so that it waits. Upstream: `ShouldContainerBeRestarted`. */
function comesBack({ observed, container, role }: Subject, current: RuntimeContainer | undefined): boolean {
  if (observed.pod.metadata.deletionTimestamp) return false;
  if (current?.state !== 'exited') return true;
  // An ephemeral container is counted among those that come back, though it never does: it waits for good when it could not be started.
  if (role === 'main' || role === 'ephemeral') return restartsAfter(observed.pod, container, current.exitCode);
  return current.exitCode !== 0 && podRestartsAfter(observed.pod, current.exitCode);
}

/** How the instance before the one that `state` shows ended. */
function lastStateOf(state: ContainerState, { current, previous }: ObservedContainer): ContainerState {
  const ended = current?.state === 'exited' && !state.terminated ? current : previous;
  return ended?.state === 'exited' ? { terminated: terminatedState(ended) } : {};
}

function terminatedState(status: RuntimeContainer): NonNullable<ContainerState['terminated']> {
  return {
    exitCode: status.exitCode,
    ...(status.reason === '' ? {} : { reason: status.reason }),
    ...(status.message === '' ? {} : { message: status.message }),
    startedAt: status.startedAt === 0 ? EPOCH : toTime(status.startedAt),
    finishedAt: toTime(status.finishedAt),
    containerID: containerIdOf(status),
  };
}

/** When a process that could not be started was started, as runtimes say. */
const EPOCH = '1970-01-01T00:00:00Z';

function resourcesOf(
  pod: Pod,
  container: Container,
  { current, actuated }: ObservedContainer,
): Pick<ContainerStatus, 'allocatedResources' | 'resources'> {
  const { requests } = container.resources ?? {};
  const isRunning = current?.state === 'running';
  const real = (isRunning ? actuated : undefined) ?? container.resources ?? {};
  const limits = isRunning ? limitsOf(pod, real.limits) : real.limits;
  return {
    ...(requests ? { allocatedResources: requests } : {}),
    resources: { ...(limits ? { limits } : {}), ...(real.requests ? { requests: real.requests } : {}) },
  };
}

/**
 * The limits that a container runs with, as its runtime tells them: it has the pod's where it has none of its own. Of one without any
 * limits nothing is told. Upstream: `getMemoryLimit`, `pkg/kubelet/kuberuntime/kuberuntime_container_linux.go`; `convertContainerStatusResources`.
 */
function limitsOf({ spec: { resources } }: Pod, limits: ResourceRequirements['limits']): ResourceRequirements['limits'] {
  if (!limits || !resources?.limits) return limits;
  const { cpu, memory } = resources.limits;
  return { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}), ...limits };
}

function volumeMountsOf({ volumeMounts = [] }: Container): Pick<ContainerStatus, 'volumeMounts'> {
  if (volumeMounts.length === 0) return {};
  return {
    volumeMounts: volumeMounts.map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
      name,
      mountPath,
      ...(readOnly ? { readOnly, recursiveReadOnly: recursiveReadOnly && recursiveReadOnly !== 'Disabled' ? 'Enabled' : 'Disabled' } : {}),
    })),
  };
}

const NOT_BEGUN: ReadonlySet<string | undefined> = new Set(['ContainerCreating', 'PodInitializing']);

/** The container ran when the API was last told of it, and is nowhere to be found: it must not look as if it had never begun. */
function isLost(pod: Pod, name: string, { waiting }: ContainerState): boolean {
  const before = statusBefore(pod, name);
  return before?.state?.running !== undefined && !before.lastState?.terminated && NOT_BEGUN.has(waiting?.reason);
}

const LOST_WHILE_RUNNING: ContainerState = {
  terminated: {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was deleted.  The container used to be Running',
  },
};

/** What is said of a container that nobody can find. */
const LOST: ContainerState = {
  terminated: {
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
    message: 'The container could not be located when the pod was terminated',
  },
};

/**
 * The statuses of a pod that has ended for good: once it was initialized, a container without an end is taken for a failed one, and so is
 * every init container before the last that shows a sign of life. Upstream: `TerminatePod`, `pkg/kubelet/status/status_manager.go`.
 */
export function terminatedStatuses(pod: Pod, { init, main, ephemeral }: ContainerStatuses): ContainerStatuses {
  const lost = (status: ContainerStatus): ContainerStatus => (status.state?.terminated ? status : { ...status, state: LOST });
  const begun = Math.max(0, init.findLastIndex(hasBegun));
  return {
    init: init.map((status, i) => (i <= begun ? lost(status) : status)),
    main: wasInitialized(pod, init, main) ? main.map(lost) : main,
    ephemeral,
  };
}

const hasBegun = ({ state, lastState }: ContainerStatus): boolean => Boolean(!state?.waiting || lastState?.terminated);

function wasInitialized(pod: Pod, init: readonly ContainerStatus[], main: readonly ContainerStatus[]): boolean {
  const last = init.at(-1);
  if (!last || main.some(hasBegun)) return true;
  const container = pod.spec.initContainers?.find(({ name }) => name === last.name);
  if (container && isSidecar(container)) return Boolean(last.state?.running && last.started);
  return last.state?.terminated?.exitCode === 0 || last.lastState?.terminated?.exitCode === 0;
}
