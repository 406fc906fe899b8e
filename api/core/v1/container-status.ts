import { bool, int32, int64, item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { resourceRequirements } from './container.ts';
import { STOP_SIGNALS } from './signals.ts';

export const containerStateWaiting = message(
  'io.k8s.api.core.v1.ContainerStateWaiting',
  'Why a container is not running yet, or not any more.',
  () => ({
    reason: string(1, 'One word, such as ContainerCreating, ImagePullBackOff or CrashLoopBackOff.'),
    message: string(2, 'Explanation for people.'),
  }),
);
export interface ContainerStateWaiting extends Of<typeof containerStateWaiting> {}

export const containerStateRunning = message('io.k8s.api.core.v1.ContainerStateRunning', 'Details of a container that runs.', () => ({
  startedAt: time(1, 'When it was started, or restarted last.'),
}));
export interface ContainerStateRunning extends Of<typeof containerStateRunning> {}

export const containerStateTerminated = message('io.k8s.api.core.v1.ContainerStateTerminated', 'How a container ended.', () => ({
  exitCode: int32(1, 'Exit code of its main process; 0 is success, 137 usually means it was killed.', { required: true }),
  signal: int32(2, 'Number of the signal that ended it, if one did.'),
  reason: string(3, 'One word, such as Completed, Error or OOMKilled.'),
  message: string(4, 'What the container left in its termination message file, or an explanation.'),
  startedAt: time(5, 'When this run began.'),
  finishedAt: time(6, 'When this run ended.'),
  containerID: string(7, "Runtime's ID of the container that ended, as type://id."),
}));
export interface ContainerStateTerminated extends Of<typeof containerStateTerminated> {}

export const containerState = message(
  'io.k8s.api.core.v1.ContainerState',
  'What a container is doing: one of waiting, running or terminated; waiting if none is given.',
  () => ({
    waiting: ref(containerStateWaiting, 1, 'Set when it has not started, or waits to be started again.', { pointer: true }),
    running: ref(containerStateRunning, 2, 'Set when it runs.', { pointer: true }),
    terminated: ref(containerStateTerminated, 3, 'Set when it has ended.', { pointer: true }),
  }),
);
export interface ContainerState extends Of<typeof containerState> {}

export const volumeMountStatus = message('io.k8s.api.core.v1.VolumeMountStatus', 'How a volume came to be mounted in a container.', () => ({
  name: string(1, "Name of the volume mount's volume.", { required: true }),
  mountPath: string(2, 'Path inside the container.', { required: true }),
  readOnly: bool(3, 'True when it cannot be written to.'),
  recursiveReadOnly: string(4, 'Whether mounts below it are read-only too: Disabled or Enabled, as IfPossible turned out.', {
    pointer: true,
  }),
}));
export interface VolumeMountStatus extends Of<typeof volumeMountStatus> {}

export const linuxContainerUser = message(
  'io.k8s.api.core.v1.LinuxContainerUser',
  "The Linux user a container's first process started as.",
  () => ({
    uid: int64(1, 'Its first user ID.', { required: true }),
    gid: int64(2, 'Its first primary group ID.', { required: true }),
    supplementalGroups: list(item.int64(), 3, 'Its first supplementary group IDs.', { listType: 'atomic' }),
  }),
);
export interface LinuxContainerUser extends Of<typeof linuxContainerUser> {}

export const containerUser = message('io.k8s.api.core.v1.ContainerUser', "The user a container's first process started as.", () => ({
  linux: ref(linuxContainerUser, 1, 'The user on Linux; processes may have changed to others since.', { pointer: true }),
}));
export interface ContainerUser extends Of<typeof containerUser> {}

export const resourceHealth = message('io.k8s.api.core.v1.ResourceHealth', 'How well one device given to a container is.', () => ({
  resourceID: string(1, 'Identifies the device within its node; which form it has depends on the driver.', { required: true }),
  health: string(2, 'Healthy, Unhealthy or Unknown.'),
}));
export interface ResourceHealth extends Of<typeof resourceHealth> {}

export const resourceStatus = message(
  'io.k8s.api.core.v1.ResourceStatus',
  'How well the devices behind one resource of a container are.',
  () => ({
    name: string(1, 'Resource name such as example.com/gpu, or claim:NAME/REQUEST for a resource claim.', { required: true }),
    resources: list(of(resourceHealth), 2, 'Health of each device allocated.', { listType: 'map', listMapKeys: ['resourceID'] }),
  }),
);
export interface ResourceStatus extends Of<typeof resourceStatus> {}

export const containerStatus = message('io.k8s.api.core.v1.ContainerStatus', 'What the kubelet last reported of one container.', () => ({
  name: string(1, "Name of the container in the pod's spec.", { required: true }),
  state: ref(containerState, 2, 'What it is doing now.'),
  lastState: ref(containerState, 3, 'How the run before this one ended; empty if it never restarted.'),
  ready: bool(4, 'True when its readiness probe passes; without a probe, when it runs.', { required: true }),
  restartCount: int32(5, 'How often it was restarted; cleaning up old containers can lower the count.', { required: true }),
  image: string(6, 'Image it runs, possibly resolved by the runtime, so not always spelled as in the spec.', { required: true }),
  imageID: string(7, "Runtime's ID of the image, usually with its digest.", { required: true }),
  containerID: string(8, "Runtime's ID of the container, as type://id."),
  started: bool(9, 'True once its startup probe has passed and its postStart hook is done.', { pointer: true }),
  allocatedResources: map(item.quantity(), 10, 'Requests the node has set aside for it.'),
  resources: ref(resourceRequirements, 11, 'Requests and limits in force now, which may lag behind the spec during a resize.', {
    pointer: true,
  }),
  volumeMounts: list(of(volumeMountStatus), 12, 'How its volumes are mounted.', {
    listType: 'map',
    listMapKeys: ['mountPath'],
    patchMergeKey: 'mountPath',
    patchStrategy: 'merge',
  }),
  user: ref(containerUser, 13, 'User and groups its first process started with.', { pointer: true }),
  allocatedResourcesStatus: list(of(resourceStatus), 14, 'Health of the devices allocated to it.', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  stopSignal: string(15, 'Signal that will be sent to stop it.', { pointer: true, enum: STOP_SIGNALS }),
}));
export interface ContainerStatus extends Of<typeof containerStatus> {}
