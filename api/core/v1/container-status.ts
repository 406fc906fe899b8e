import { bool, int32, int64, item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { resourceRequirements } from './container.ts';
import { STOP_SIGNALS } from './signals.ts';

export const containerStateWaiting = message('io.k8s.api.core.v1.ContainerStateWaiting', '', () => ({
  reason: string(1, ''),
  message: string(2, ''),
}));
export interface ContainerStateWaiting extends Of<typeof containerStateWaiting> {}

export const containerStateRunning = message('io.k8s.api.core.v1.ContainerStateRunning', '', () => ({
  startedAt: time(1, ''),
}));
export interface ContainerStateRunning extends Of<typeof containerStateRunning> {}

export const containerStateTerminated = message('io.k8s.api.core.v1.ContainerStateTerminated', '', () => ({
  exitCode: int32(1, '', { required: true }),
  signal: int32(2, ''),
  reason: string(3, ''),
  message: string(4, ''),
  startedAt: time(5, ''),
  finishedAt: time(6, ''),
  containerID: string(7, ''),
}));
export interface ContainerStateTerminated extends Of<typeof containerStateTerminated> {}

export const containerState = message('io.k8s.api.core.v1.ContainerState', '', () => ({
  waiting: ref(containerStateWaiting, 1, '', { pointer: true }),
  running: ref(containerStateRunning, 2, '', { pointer: true }),
  terminated: ref(containerStateTerminated, 3, '', { pointer: true }),
}));
export interface ContainerState extends Of<typeof containerState> {}

export const volumeMountStatus = message('io.k8s.api.core.v1.VolumeMountStatus', '', () => ({
  name: string(1, '', { required: true }),
  mountPath: string(2, '', { required: true }),
  readOnly: bool(3, ''),
  recursiveReadOnly: string(4, '', { pointer: true }),
}));
export interface VolumeMountStatus extends Of<typeof volumeMountStatus> {}

export const linuxContainerUser = message('io.k8s.api.core.v1.LinuxContainerUser', '', () => ({
  uid: int64(1, '', { required: true }),
  gid: int64(2, '', { required: true }),
  supplementalGroups: list(item.int64(), 3, '', { listType: 'atomic' }),
}));
export interface LinuxContainerUser extends Of<typeof linuxContainerUser> {}

export const containerUser = message('io.k8s.api.core.v1.ContainerUser', '', () => ({
  linux: ref(linuxContainerUser, 1, '', { pointer: true }),
}));
export interface ContainerUser extends Of<typeof containerUser> {}

export const resourceHealth = message('io.k8s.api.core.v1.ResourceHealth', '', () => ({
  resourceID: string(1, '', { required: true }),
  health: string(2, ''),
}));
export interface ResourceHealth extends Of<typeof resourceHealth> {}

export const resourceStatus = message('io.k8s.api.core.v1.ResourceStatus', '', () => ({
  name: string(1, '', { required: true }),
  resources: list(of(resourceHealth), 2, '', { listType: 'map', listMapKeys: ['resourceID'] }),
}));
export interface ResourceStatus extends Of<typeof resourceStatus> {}

export const containerStatus = message('io.k8s.api.core.v1.ContainerStatus', '', () => ({
  name: string(1, '', { required: true }),
  state: ref(containerState, 2, ''),
  lastState: ref(containerState, 3, ''),
  ready: bool(4, '', { required: true }),
  restartCount: int32(5, '', { required: true }),
  image: string(6, '', { required: true }),
  imageID: string(7, '', { required: true }),
  containerID: string(8, ''),
  started: bool(9, '', { pointer: true }),
  allocatedResources: map(item.quantity(), 10, ''),
  resources: ref(resourceRequirements, 11, '', { pointer: true }),
  volumeMounts: list(of(volumeMountStatus), 12, '', {
    listType: 'map',
    listMapKeys: ['mountPath'],
    patchMergeKey: 'mountPath',
    patchStrategy: 'merge',
  }),
  user: ref(containerUser, 13, '', { pointer: true }),
  allocatedResourcesStatus: list(of(resourceStatus), 14, '', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  stopSignal: string(15, '', { pointer: true, enum: STOP_SIGNALS }),
}));
export interface ContainerStatus extends Of<typeof containerStatus> {}
