import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, int64, item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { taint } from './pod-affinity.ts';

export const attachedVolume = message('io.k8s.api.core.v1.AttachedVolume', '', () => ({
  name: string(1, '', { required: true }),
  devicePath: string(2, '', { required: true }),
}));
export interface AttachedVolume extends Of<typeof attachedVolume> {}

export const configMapNodeConfigSource = message('io.k8s.api.core.v1.ConfigMapNodeConfigSource', '', () => ({
  namespace: string(1, '', { required: true }),
  name: string(2, '', { required: true }),
  uid: string(3, ''),
  resourceVersion: string(4, ''),
  kubeletConfigKey: string(5, '', { required: true }),
}));
export interface ConfigMapNodeConfigSource extends Of<typeof configMapNodeConfigSource> {}

export const containerImage = message('io.k8s.api.core.v1.ContainerImage', '', () => ({
  names: list(item.string(), 1, '', { always: true, listType: 'atomic' }),
  sizeBytes: int64(2, ''),
}));
export interface ContainerImage extends Of<typeof containerImage> {}

export const daemonEndpoint = message('io.k8s.api.core.v1.DaemonEndpoint', '', () => ({
  Port: int32(1, '', { required: true }),
}));
export interface DaemonEndpoint extends Of<typeof daemonEndpoint> {}

export const nodeConfigSource = message('io.k8s.api.core.v1.NodeConfigSource', '', () => ({
  configMap: ref(configMapNodeConfigSource, 2, '', { pointer: true }),
}));
export interface NodeConfigSource extends Of<typeof nodeConfigSource> {}

export const nodeSpec = message('io.k8s.api.core.v1.NodeSpec', '', () => ({
  podCIDR: string(1, ''),
  podCIDRs: list(item.string(), 7, '', { listType: 'set', patchStrategy: 'merge' }),
  providerID: string(3, ''),
  unschedulable: bool(4, ''),
  taints: list(of(taint), 5, '', { listType: 'atomic' }),
  configSource: ref(nodeConfigSource, 6, '', { pointer: true }),
  externalID: string(2, ''),
}));
export interface NodeSpec extends Of<typeof nodeSpec> {}

export const nodeCondition = message('io.k8s.api.core.v1.NodeCondition', '', () => ({
  type: string(1, '', { required: true }),
  status: string(2, '', { required: true }),
  lastHeartbeatTime: time(3, ''),
  lastTransitionTime: time(4, ''),
  reason: string(5, ''),
  message: string(6, ''),
}));
export interface NodeCondition extends Of<typeof nodeCondition> {}

export const nodeAddress = message('io.k8s.api.core.v1.NodeAddress', '', () => ({
  type: string(1, '', { required: true }),
  address: string(2, '', { required: true }),
}));
export interface NodeAddress extends Of<typeof nodeAddress> {}

export const nodeDaemonEndpoints = message('io.k8s.api.core.v1.NodeDaemonEndpoints', '', () => ({
  kubeletEndpoint: ref(daemonEndpoint, 1, ''),
}));
export interface NodeDaemonEndpoints extends Of<typeof nodeDaemonEndpoints> {}

export const nodeSwapStatus = message('io.k8s.api.core.v1.NodeSwapStatus', '', () => ({
  capacity: int64(1, '', { pointer: true }),
}));
export interface NodeSwapStatus extends Of<typeof nodeSwapStatus> {}

export const nodeSystemInfo = message('io.k8s.api.core.v1.NodeSystemInfo', '', () => ({
  machineID: string(1, '', { required: true }),
  systemUUID: string(2, '', { required: true }),
  bootID: string(3, '', { required: true }),
  kernelVersion: string(4, '', { required: true }),
  osImage: string(5, '', { required: true }),
  containerRuntimeVersion: string(6, '', { required: true }),
  kubeletVersion: string(7, '', { required: true }),
  kubeProxyVersion: string(8, '', { required: true }),
  operatingSystem: string(9, '', { required: true }),
  architecture: string(10, '', { required: true }),
  swap: ref(nodeSwapStatus, 11, '', { pointer: true }),
}));
export interface NodeSystemInfo extends Of<typeof nodeSystemInfo> {}

export const nodeConfigStatus = message('io.k8s.api.core.v1.NodeConfigStatus', '', () => ({
  assigned: ref(nodeConfigSource, 1, '', { pointer: true }),
  active: ref(nodeConfigSource, 2, '', { pointer: true }),
  lastKnownGood: ref(nodeConfigSource, 3, '', { pointer: true }),
  error: string(4, ''),
}));
export interface NodeConfigStatus extends Of<typeof nodeConfigStatus> {}

export const nodeRuntimeHandlerFeatures = message('io.k8s.api.core.v1.NodeRuntimeHandlerFeatures', '', () => ({
  recursiveReadOnlyMounts: bool(1, '', { pointer: true }),
  userNamespaces: bool(2, '', { pointer: true }),
}));
export interface NodeRuntimeHandlerFeatures extends Of<typeof nodeRuntimeHandlerFeatures> {}

export const nodeRuntimeHandler = message('io.k8s.api.core.v1.NodeRuntimeHandler', '', () => ({
  name: string(1, '', { always: true }),
  features: ref(nodeRuntimeHandlerFeatures, 2, '', { pointer: true }),
}));
export interface NodeRuntimeHandler extends Of<typeof nodeRuntimeHandler> {}

export const nodeFeatures = message('io.k8s.api.core.v1.NodeFeatures', '', () => ({
  supplementalGroupsPolicy: bool(1, '', { pointer: true }),
}));
export interface NodeFeatures extends Of<typeof nodeFeatures> {}

export const nodeStatus = message('io.k8s.api.core.v1.NodeStatus', '', () => ({
  capacity: map(item.quantity(), 1, ''),
  allocatable: map(item.quantity(), 2, ''),
  phase: string(3, '', { enum: ['Pending', 'Running', 'Terminated'] }),
  conditions: list(of(nodeCondition), 4, '', { listType: 'map', listMapKeys: ['type'], patchMergeKey: 'type', patchStrategy: 'merge' }),
  addresses: list(of(nodeAddress), 5, '', { listType: 'map', listMapKeys: ['type'], patchMergeKey: 'type', patchStrategy: 'merge' }),
  daemonEndpoints: ref(nodeDaemonEndpoints, 6, ''),
  nodeInfo: ref(nodeSystemInfo, 7, ''),
  images: list(of(containerImage), 8, '', { listType: 'atomic' }),
  volumesInUse: list(item.string(), 9, '', { listType: 'atomic' }),
  volumesAttached: list(of(attachedVolume), 10, '', { listType: 'atomic' }),
  config: ref(nodeConfigStatus, 11, '', { pointer: true }),
  runtimeHandlers: list(of(nodeRuntimeHandler), 12, '', { listType: 'atomic' }),
  features: ref(nodeFeatures, 13, '', { pointer: true }),
}));
export interface NodeStatus extends Of<typeof nodeStatus> {}

export const node = message('io.k8s.api.core.v1.Node', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(nodeSpec, 2, '', { present: true }),
  status: ref(nodeStatus, 3, '', { present: true }),
}));
export interface Node extends Of<typeof node> {}
