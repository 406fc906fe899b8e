import { int64, list, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { containerExtendedResourceRequest } from './container.ts';
import { containerStatus } from './container-status.ts';

export const hostIP = message('io.k8s.api.core.v1.HostIP', 'An address of the node.', () => ({
  ip: string(1, 'IPv4 or IPv6 address.', { required: true }),
}));
export interface HostIP extends Of<typeof hostIP> {}

export const podCondition = message(
  'io.k8s.api.core.v1.PodCondition',
  "One milestone in a pod's life, such as PodScheduled, Initialized or Ready.",
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    observedGeneration: int64(7, 'The metadata.generation of the pod this condition was worked out from.'),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastProbeTime: time(3, 'When it was last checked; not used today.'),
    lastTransitionTime: time(4, 'When status last went from one value to another.'),
    reason: string(5, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(6, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface PodCondition extends Of<typeof podCondition> {}

export const podExtendedResourceClaimStatus = message(
  'io.k8s.api.core.v1.PodExtendedResourceClaimStatus',
  "The claim the scheduler made to cover the pod's extended resources.",
  () => ({
    requestMappings: list(of(containerExtendedResourceRequest), 1, "Which request covers which container's resource.", {
      required: true,
      listType: 'atomic',
    }),
    resourceClaimName: string(2, "Name of the claim, in the pod's namespace.", { required: true }),
  }),
);
export interface PodExtendedResourceClaimStatus extends Of<typeof podExtendedResourceClaimStatus> {}

export const podIP = message('io.k8s.api.core.v1.PodIP', 'An address of the pod.', () => ({
  ip: string(1, 'IPv4 or IPv6 address.', { required: true }),
}));
export interface PodIP extends Of<typeof podIP> {}

export const podResourceClaimStatus = message(
  'io.k8s.api.core.v1.PodResourceClaimStatus',
  "Which claim was made for an entry of the pod's resourceClaims.",
  () => ({
    name: string(1, 'Name of the entry in the spec.', { required: true }),
    resourceClaimName: string(2, 'Name of the claim made; absent when the pod turned out to need none.', { pointer: true }),
  }),
);
export interface PodResourceClaimStatus extends Of<typeof podResourceClaimStatus> {}

export const podStatus = message(
  'io.k8s.api.core.v1.PodStatus',
  'What the kubelet last reported of a pod; it lags behind when the node is unreachable.',
  () => ({
    observedGeneration: int64(17, 'The metadata.generation of the pod this status describes.'),
    phase: string(1, 'Where in its life it is: Pending, Running, Succeeded, Failed or Unknown; conditions tell more.', {
      enum: ['Failed', 'Pending', 'Running', 'Succeeded', 'Unknown'],
    }),
    conditions: list(of(podCondition), 2, 'Milestones: PodScheduled, Initialized, ContainersReady, Ready and others.', {
      listType: 'map',
      listMapKeys: ['type'],
      patchMergeKey: 'type',
      patchStrategy: 'merge',
    }),
    message: string(3, 'Explanation for people of why it is in this state.'),
    reason: string(4, 'One word for programs, such as Evicted.'),
    nominatedNodeName: string(11, 'Node on which room is being made for it by preemption; no promise that it will run there.'),
    hostIP: string(5, 'Address of the node.'),
    hostIPs: list(of(hostIP), 16, 'Addresses of the node, the first equal to hostIP; at most one of each family.', {
      listType: 'atomic',
      patchMergeKey: 'ip',
      patchStrategy: 'merge',
    }),
    podIP: string(6, 'Address of the pod; empty until it has one.'),
    podIPs: list(of(podIP), 12, 'Addresses of the pod, the first equal to podIP; at most one of each family.', {
      listType: 'map',
      listMapKeys: ['ip'],
      patchMergeKey: 'ip',
      patchStrategy: 'merge',
    }),
    startTime: time(7, 'When the kubelet accepted the pod, before pulling images.', { pointer: true }),
    initContainerStatuses: list(of(containerStatus), 10, 'The init containers, in their order.', { listType: 'atomic' }),
    containerStatuses: list(of(containerStatus), 8, 'The containers.', { listType: 'atomic' }),
    qosClass: string(9, 'Guaranteed, Burstable or BestEffort, from requests and limits; decides who is evicted first.', {
      enum: ['BestEffort', 'Burstable', 'Guaranteed'],
    }),
    ephemeralContainerStatuses: list(of(containerStatus), 13, 'The containers added for debugging.', { listType: 'atomic' }),
    resize: string(14, 'How a change of resources is going; replaced by the conditions PodResizePending and PodResizeInProgress.'),
    resourceClaimStatuses: list(of(podResourceClaimStatus), 15, 'Claims made from templates for this pod.', {
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: 'merge,retainKeys',
    }),
    extendedResourceClaimStatus: ref(podExtendedResourceClaimStatus, 18, 'Claim made for its extended resources.', { pointer: true }),
  }),
);
export interface PodStatus extends Of<typeof podStatus> {}
