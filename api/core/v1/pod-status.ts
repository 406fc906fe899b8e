import { int64, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { containerExtendedResourceRequest } from './container.ts';
import { containerStatus } from './container-status.ts';

export const hostIP = message('io.k8s.api.core.v1.HostIP', '', () => ({
  ip: string(1, '', { required: true }),
}));
export interface HostIP extends Of<typeof hostIP> {}

export const podCondition = message('io.k8s.api.core.v1.PodCondition', '', () => ({
  type: string(1, '', { required: true }),
  observedGeneration: int64(7, ''),
  status: string(2, '', { required: true }),
  lastProbeTime: time(3, ''),
  lastTransitionTime: time(4, ''),
  reason: string(5, ''),
  message: string(6, ''),
}));
export interface PodCondition extends Of<typeof podCondition> {}

export const podExtendedResourceClaimStatus = message('io.k8s.api.core.v1.PodExtendedResourceClaimStatus', '', () => ({
  requestMappings: list(of(containerExtendedResourceRequest), 1, '', { required: true, listType: 'atomic' }),
  resourceClaimName: string(2, '', { required: true }),
}));
export interface PodExtendedResourceClaimStatus extends Of<typeof podExtendedResourceClaimStatus> {}

export const podIP = message('io.k8s.api.core.v1.PodIP', '', () => ({
  ip: string(1, '', { required: true }),
}));
export interface PodIP extends Of<typeof podIP> {}

export const podResourceClaimStatus = message('io.k8s.api.core.v1.PodResourceClaimStatus', '', () => ({
  name: string(1, '', { required: true }),
  resourceClaimName: string(2, '', { pointer: true }),
}));
export interface PodResourceClaimStatus extends Of<typeof podResourceClaimStatus> {}

export const podStatus = message('io.k8s.api.core.v1.PodStatus', '', () => ({
  observedGeneration: int64(17, ''),
  phase: string(1, '', { enum: ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'] }),
  conditions: list(of(podCondition), 2, '', { listType: 'map', listMapKeys: ['type'], patchMergeKey: 'type', patchStrategy: 'merge' }),
  message: string(3, ''),
  reason: string(4, ''),
  nominatedNodeName: string(11, ''),
  hostIP: string(5, ''),
  hostIPs: list(of(hostIP), 16, '', { listType: 'atomic', patchMergeKey: 'ip', patchStrategy: 'merge' }),
  podIP: string(6, ''),
  podIPs: list(of(podIP), 12, '', { listType: 'map', listMapKeys: ['ip'], patchMergeKey: 'ip', patchStrategy: 'merge' }),
  startTime: time(7, '', { pointer: true }),
  initContainerStatuses: list(of(containerStatus), 10, '', { listType: 'atomic' }),
  containerStatuses: list(of(containerStatus), 8, '', { listType: 'atomic' }),
  qosClass: string(9, '', { enum: ['BestEffort', 'Burstable', 'Guaranteed'] }),
  ephemeralContainerStatuses: list(of(containerStatus), 13, '', { listType: 'atomic' }),
  resize: string(14, ''),
  resourceClaimStatuses: list(of(podResourceClaimStatus), 15, '', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge,retainKeys',
  }),
  extendedResourceClaimStatus: ref(podExtendedResourceClaimStatus, 18, '', { pointer: true }),
}));
export interface PodStatus extends Of<typeof podStatus> {}
