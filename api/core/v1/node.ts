import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, int64, item, list, map, of, ref, string, time } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { taint } from './pod-affinity.ts';

export const attachedVolume = message('io.k8s.api.core.v1.AttachedVolume', 'A volume attached to a node.', () => ({
  name: string(1, 'Name of the volume, unique to its plugin and storage.', { required: true }),
  devicePath: string(2, 'Device under which the node sees it.', { required: true }),
}));
export interface AttachedVolume extends Of<typeof attachedVolume> {}

export const configMapNodeConfigSource = message(
  'io.k8s.api.core.v1.ConfigMapNodeConfigSource',
  'A config map with kubelet settings; support for it is gone.',
  () => ({
    namespace: string(1, 'Namespace of the config map.', { required: true }),
    name: string(2, 'Name of the config map.', { required: true }),
    uid: string(3, 'UID of the config map; only in status.'),
    resourceVersion: string(4, 'Revision of the config map; only in status.'),
    kubeletConfigKey: string(5, 'Key under which the settings stand.', { required: true }),
  }),
);
export interface ConfigMapNodeConfigSource extends Of<typeof configMapNodeConfigSource> {}

export const containerImage = message('io.k8s.api.core.v1.ContainerImage', 'An image present on a node.', () => ({
  names: list(item.string(), 1, 'Names it is known by, with tag or digest.', { always: true, listType: 'atomic' }),
  sizeBytes: int64(2, 'Size in bytes.'),
}));
export interface ContainerImage extends Of<typeof containerImage> {}

export const daemonEndpoint = message('io.k8s.api.core.v1.DaemonEndpoint', 'The port of a daemon on a node.', () => ({
  Port: int32(1, 'Port number; spelled with a capital letter, unlike everything else.', { required: true }),
}));
export interface DaemonEndpoint extends Of<typeof daemonEndpoint> {}

export const nodeConfigSource = message(
  'io.k8s.api.core.v1.NodeConfigSource',
  'Where a node takes its kubelet settings from; support for it is gone.',
  () => ({
    configMap: ref(configMapNodeConfigSource, 2, 'The config map with the settings.', { pointer: true }),
  }),
);
export interface NodeConfigSource extends Of<typeof nodeConfigSource> {}

export const nodeSpec = message('io.k8s.api.core.v1.NodeSpec', 'How a node is to be used.', () => ({
  podCIDR: string(1, "Network from which the node's pods get addresses."),
  podCIDRs: list(item.string(), 7, 'The same for two families: the first equals podCIDR, at most one of each family.', {
    listType: 'set',
    patchStrategy: 'merge',
  }),
  providerID: string(3, 'ID of the machine at the cloud provider, as PROVIDER://ID.'),
  unschedulable: bool(4, 'True keeps new pods away; kubectl cordon sets it.'),
  taints: list(of(taint), 5, 'Marks that keep away pods that do not tolerate them.', { listType: 'atomic' }),
  configSource: ref(nodeConfigSource, 6, 'Without effect: dynamic kubelet configuration was removed.', { pointer: true }),
  externalID: string(2, 'Without effect: only old kubelets set it.'),
}));
export interface NodeSpec extends Of<typeof nodeSpec> {}

export const nodeCondition = message(
  'io.k8s.api.core.v1.NodeCondition',
  "One aspect of a node's health, such as Ready or MemoryPressure.",
  () => ({
    type: string(1, 'Which aspect of the object this condition speaks of.', { required: true }),
    status: string(2, 'True, False or Unknown.', { required: true }),
    lastHeartbeatTime: time(3, 'When the kubelet last reported it.'),
    lastTransitionTime: time(4, 'When status last went from one value to another.'),
    reason: string(5, 'One CamelCase word for programs: why the condition last changed.'),
    message: string(6, 'Explanation for people of why the condition last changed.'),
  }),
);
export interface NodeCondition extends Of<typeof nodeCondition> {}

export const nodeAddress = message('io.k8s.api.core.v1.NodeAddress', 'An address by which a node can be reached.', () => ({
  type: string(1, 'Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.', { required: true }),
  address: string(2, 'The address itself.', { required: true }),
}));
export interface NodeAddress extends Of<typeof nodeAddress> {}

export const nodeDaemonEndpoints = message('io.k8s.api.core.v1.NodeDaemonEndpoints', 'Ports of the daemons on a node.', () => ({
  kubeletEndpoint: ref(daemonEndpoint, 1, "The kubelet's port, which the API server dials for logs and exec."),
}));
export interface NodeDaemonEndpoints extends Of<typeof nodeDaemonEndpoints> {}

export const nodeSwapStatus = message('io.k8s.api.core.v1.NodeSwapStatus', 'Swap memory of a node.', () => ({
  capacity: int64(1, 'Size of all swap in bytes.', { pointer: true }),
}));
export interface NodeSwapStatus extends Of<typeof nodeSwapStatus> {}

export const nodeSystemInfo = message(
  'io.k8s.api.core.v1.NodeSystemInfo',
  "Versions and identities of a node's machine and software.",
  () => ({
    machineID: string(1, 'Machine ID, usually from /etc/machine-id.', { required: true }),
    systemUUID: string(2, 'UUID of the hardware or virtual machine.', { required: true }),
    bootID: string(3, 'ID that changes at every boot.', { required: true }),
    kernelVersion: string(4, 'Kernel version, as uname -r has it.', { required: true }),
    osImage: string(5, 'Name of the operating system, as in /etc/os-release.', { required: true }),
    containerRuntimeVersion: string(6, 'Container runtime and its version, such as containerd://1.7.0.', { required: true }),
    kubeletVersion: string(7, 'Version of the kubelet.', { required: true }),
    kubeProxyVersion: string(8, 'Empty by now: the kubelet does not know the version of kube-proxy.', { required: true }),
    operatingSystem: string(9, 'linux or windows.', { required: true }),
    architecture: string(10, 'Processor architecture, such as amd64.', { required: true }),
    swap: ref(nodeSwapStatus, 11, 'Swap memory, if known.', { pointer: true }),
  }),
);
export interface NodeSystemInfo extends Of<typeof nodeSystemInfo> {}

export const nodeConfigStatus = message(
  'io.k8s.api.core.v1.NodeConfigStatus',
  'How dynamic kubelet configuration went; support for it is gone.',
  () => ({
    assigned: ref(nodeConfigSource, 1, 'Settings the node is to use.', { pointer: true }),
    active: ref(nodeConfigSource, 2, 'Settings the node uses.', { pointer: true }),
    lastKnownGood: ref(nodeConfigSource, 3, 'Settings to fall back on if the assigned ones do not work.', { pointer: true }),
    error: string(4, 'What is wrong with the assigned settings.'),
  }),
);
export interface NodeConfigStatus extends Of<typeof nodeConfigStatus> {}

export const nodeRuntimeHandlerFeatures = message(
  'io.k8s.api.core.v1.NodeRuntimeHandlerFeatures',
  'What one runtime handler is able to do.',
  () => ({
    recursiveReadOnlyMounts: bool(1, 'True when it can make read-only the mounts below a mount.', { pointer: true }),
    userNamespaces: bool(2, 'True when it can give pods user namespaces, volumes included.', { pointer: true }),
  }),
);
export interface NodeRuntimeHandlerFeatures extends Of<typeof nodeRuntimeHandlerFeatures> {}

export const nodeRuntimeHandler = message(
  'io.k8s.api.core.v1.NodeRuntimeHandler',
  "A way of running containers that a node's runtime offers.",
  () => ({
    name: string(1, 'Name of the handler; empty for the default one.', { always: true }),
    features: ref(nodeRuntimeHandlerFeatures, 2, 'What it is able to do.', { pointer: true }),
  }),
);
export interface NodeRuntimeHandler extends Of<typeof nodeRuntimeHandler> {}

export const nodeFeatures = message(
  'io.k8s.api.core.v1.NodeFeatures',
  "What a node's container runtime is able to do, whichever the handler.",
  () => ({
    supplementalGroupsPolicy: bool(1, "True when it honours supplementalGroupsPolicy and containers' user.", { pointer: true }),
  }),
);
export interface NodeFeatures extends Of<typeof nodeFeatures> {}

export const nodeStatus = message('io.k8s.api.core.v1.NodeStatus', 'What the kubelet last reported of its node.', () => ({
  capacity: map(item.quantity(), 1, 'Everything the machine has, by resource.'),
  allocatable: map(item.quantity(), 2, 'What is left for pods once the system has its share; this is what the scheduler counts.'),
  phase: string(3, 'Not used any more.', { enum: ['Pending', 'Running', 'Terminated'] }),
  conditions: list(of(nodeCondition), 4, 'Ready, MemoryPressure, DiskPressure, PIDPressure and NetworkUnavailable.', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
  addresses: list(of(nodeAddress), 5, 'Addresses of the node, from the cloud provider or the node itself.', {
    listType: 'map',
    listMapKeys: ['type'],
    patchMergeKey: 'type',
    patchStrategy: 'merge',
  }),
  daemonEndpoints: ref(nodeDaemonEndpoints, 6, "Ports of the node's daemons."),
  nodeInfo: ref(nodeSystemInfo, 7, 'Versions and identities of the machine and its software.'),
  images: list(of(containerImage), 8, 'Images present on the node; the list is cut short, the largest first.', { listType: 'atomic' }),
  volumesInUse: list(item.string(), 9, 'Volumes mounted by the node, which must not be detached yet.', { listType: 'atomic' }),
  volumesAttached: list(of(attachedVolume), 10, 'Volumes attached to the node.', { listType: 'atomic' }),
  config: ref(nodeConfigStatus, 11, 'Without effect: dynamic kubelet configuration was removed.', { pointer: true }),
  runtimeHandlers: list(of(nodeRuntimeHandler), 12, 'The runtime handlers that pods can ask for through runtime classes.', {
    listType: 'atomic',
  }),
  features: ref(nodeFeatures, 13, 'What the container runtime is able to do.', { pointer: true }),
}));
export interface NodeStatus extends Of<typeof nodeStatus> {}

export const node = message('io.k8s.api.core.v1.Node', 'A machine, physical or virtual, on which pods run.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  spec: ref(nodeSpec, 2, 'How the node is to be used.', { present: true }),
  status: ref(nodeStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
}));
export interface Node extends Of<typeof node> {}
