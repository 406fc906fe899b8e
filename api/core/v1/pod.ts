import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, int64, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { container, ephemeralContainer, resourceRequirements } from './container.ts';
import { affinity, toleration, topologySpreadConstraint } from './pod-affinity.ts';
import { podStatus } from './pod-status.ts';
import { localObjectReference } from './references.ts';
import { podSecurityContext } from './security-context.ts';
import { volume } from './volume.ts';

export const hostAlias = message('io.k8s.api.core.v1.HostAlias', "Names for an IP address, written to the pod's hosts file.", () => ({
  ip: string(1, 'The IP address.', { required: true }),
  hostnames: list(item.string(), 2, 'Names that stand for it.', { listType: 'atomic' }),
}));
export interface HostAlias extends Of<typeof hostAlias> {}

export const podDNSConfigOption = message('io.k8s.api.core.v1.PodDNSConfigOption', "One option of the pod's resolv.conf.", () => ({
  name: string(1, 'Option name, such as ndots. Required.'),
  value: string(2, 'Option value, if it takes one.', { pointer: true }),
}));
export interface PodDNSConfigOption extends Of<typeof podDNSConfigOption> {}

export const podDNSConfig = message('io.k8s.api.core.v1.PodDNSConfig', 'Resolver settings added to those that dnsPolicy gives.', () => ({
  nameservers: list(item.string(), 1, 'Addresses of DNS servers, after those of the policy.', { listType: 'atomic' }),
  searches: list(item.string(), 2, 'Domains to complete short names with, after those of the policy.', { listType: 'atomic' }),
  options: list(of(podDNSConfigOption), 3, "Resolver options; one given here wins over the policy's.", { listType: 'atomic' }),
}));
export interface PodDNSConfig extends Of<typeof podDNSConfig> {}

export const podReadinessGate = message(
  'io.k8s.api.core.v1.PodReadinessGate',
  'A condition that must hold, besides ready containers, for the pod to be ready.',
  () => ({
    conditionType: string(1, "Type of a condition in the pod's status; not True, or missing, keeps the pod unready.", { required: true }),
  }),
);
export interface PodReadinessGate extends Of<typeof podReadinessGate> {}

export const podOS = message('io.k8s.api.core.v1.PodOS', "The operating system of a pod's containers.", () => ({
  name: string(1, 'linux or windows; the kubelet of another system turns the pod away.', { required: true }),
}));
export interface PodOS extends Of<typeof podOS> {}

export const podSchedulingGate = message(
  'io.k8s.api.core.v1.PodSchedulingGate',
  'Holds a pod back from scheduling until it is removed.',
  () => ({
    name: string(1, 'Name of the gate, unique in the pod; whoever added it removes it.', { required: true }),
  }),
);
export interface PodSchedulingGate extends Of<typeof podSchedulingGate> {}

export const podResourceClaim = message(
  'io.k8s.api.core.v1.PodResourceClaim',
  'Gives the pod access to devices through a resource claim, made already or from a template.',
  () => ({
    name: string(1, 'Name by which containers refer to the claim; a DNS label, unique in the pod.', { required: true }),
    resourceClaimName: string(3, "Name of a claim that exists, in the pod's namespace; not together with a template.", { pointer: true }),
    resourceClaimTemplateName: string(4, "Name of a template for a claim of the pod's own, which is deleted along with it.", {
      pointer: true,
    }),
  }),
);
export interface PodResourceClaim extends Of<typeof podResourceClaim> {}

export const podSpec = message('io.k8s.api.core.v1.PodSpec', 'What a pod should be: its containers, and where and how they run.', () => ({
  volumes: list(of(volume), 1, 'Volumes that containers may mount.', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge,retainKeys',
  }),
  initContainers: list(of(container), 20, 'Run one after the other before the containers; each must succeed, or be a sidecar.', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  containers: list(of(container), 2, "The pod's programs, at least one; the list cannot grow or shrink later.", {
    required: true,
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  ephemeralContainers: list(of(ephemeralContainer), 34, 'Containers for debugging, added to a running pod through its own subresource.', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  restartPolicy: string(3, 'What happens when a container ends: Always (the default), OnFailure or Never.', {
    enum: ['Always', 'Never', 'OnFailure'],
  }),
  terminationGracePeriodSeconds: int64(4, 'Seconds between the request to stop and the kill; 30 unless given, 0 kills at once.', {
    pointer: true,
  }),
  activeDeadlineSeconds: int64(5, 'Seconds from the start until a pod that still runs is failed; no limit unless given.', {
    pointer: true,
  }),
  dnsPolicy: string(6, 'Where names are looked up: ClusterFirst (the default), ClusterFirstWithHostNet, Default (as the node) or None.', {
    enum: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  }),
  nodeSelector: map(item.string(), 7, 'Labels a node must have, with exactly these values, for the pod to go there.', {
    mapType: 'atomic',
  }),
  serviceAccountName: string(8, 'Service account the pod acts as; default unless given.'),
  serviceAccount: string(9, 'Old name of serviceAccountName; use that instead.'),
  automountServiceAccountToken: bool(21, 'Whether a token for the API is mounted; true unless the service account says no.', {
    pointer: true,
  }),
  nodeName: string(10, 'Node the pod runs on; the scheduler fills it in, and leaves pods alone that have it.'),
  hostNetwork: bool(11, 'True uses the network of the node, its ports and addresses; false unless given.'),
  hostPID: bool(12, "True shares the node's process IDs; false unless given."),
  hostIPC: bool(13, "True shares the node's inter-process communication; false unless given."),
  shareProcessNamespace: bool(27, "True lets containers see and signal each other's processes; false unless given, not with hostPID.", {
    pointer: true,
  }),
  securityContext: ref(podSecurityContext, 14, 'Privileges of the whole pod; containers may have their own.', { pointer: true }),
  imagePullSecrets: list(of(localObjectReference), 15, 'Secrets with registry credentials for pulling the images.', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  hostname: string(16, "Host name inside the pod; the pod's name unless given."),
  subdomain: string(17, 'Domain between host name and namespace: HOSTNAME.SUBDOMAIN.NAMESPACE.svc.CLUSTER-DOMAIN.'),
  affinity: ref(affinity, 18, 'Rules on which nodes, and near which pods, to run.', { pointer: true }),
  schedulerName: string(19, 'Scheduler in charge of the pod; default-scheduler unless given.'),
  tolerations: list(of(toleration), 22, 'Taints of nodes that the pod puts up with.', { listType: 'atomic' }),
  hostAliases: list(of(hostAlias), 23, "More lines for the pod's hosts file.", {
    listType: 'map',
    listMapKeys: ['ip'],
    patchMergeKey: 'ip',
    patchStrategy: 'merge',
  }),
  priorityClassName: string(24, "Priority class that sets how important the pod is; the cluster's default class unless given."),
  priority: int32(25, 'Importance as a number, set from the class; higher goes first and may push out lower.', { pointer: true }),
  dnsConfig: ref(podDNSConfig, 26, 'Resolver settings on top of dnsPolicy; required when that is None.', { pointer: true }),
  readinessGates: list(of(podReadinessGate), 28, 'Conditions that must be True, besides ready containers, for the pod to be ready.', {
    listType: 'atomic',
  }),
  runtimeClassName: string(29, "Runtime class, that is which container runtime to use; the node's default unless given.", {
    pointer: true,
  }),
  enableServiceLinks: bool(30, "True (the default) describes the namespace's services in environment variables.", { pointer: true }),
  preemptionPolicy: string(31, 'PreemptLowerPriority (the default) may push out lesser pods; Never waits for room.', {
    pointer: true,
    enum: ['Never', 'PreemptLowerPriority'],
  }),
  overhead: map(item.quantity(), 32, 'What running the pod costs on top of its containers; set from the runtime class.'),
  topologySpreadConstraints: list(of(topologySpreadConstraint), 33, 'How to spread pods over zones, nodes or other areas; all must hold.', {
    listType: 'map',
    listMapKeys: ['topologyKey', 'whenUnsatisfiable'],
    patchMergeKey: 'topologyKey',
    patchStrategy: 'merge',
  }),
  setHostnameAsFQDN: bool(35, 'True makes the full domain name the host name; false unless given.', { pointer: true }),
  os: ref(podOS, 36, 'Operating system of the containers; some fields are forbidden on one or the other.', { pointer: true }),
  hostUsers: bool(37, 'False gives the pod a user namespace of its own, so that its root is nobody on the node; true unless given.', {
    pointer: true,
  }),
  schedulingGates: list(of(podSchedulingGate), 38, 'While any is left the pod is not scheduled; they can be removed but not added later.', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  resourceClaims: list(of(podResourceClaim), 39, 'Claims to devices, which must be allocated before the pod starts.', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge,retainKeys',
  }),
  resources: ref(resourceRequirements, 40, 'Requests and limits of the pod as a whole, for cpu, memory and huge pages.', { pointer: true }),
  hostnameOverride: string(41, 'Sets the host name outright, whatever hostname and subdomain say; at most 64 characters.', {
    pointer: true,
  }),
}));
export interface PodSpec extends Of<typeof podSpec> {}

export const pod = message(
  'io.k8s.api.core.v1.Pod',
  'Containers that run together on one node and share its network address and volumes.',
  () => ({
    apiVersion: string(
      undefined,
      'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.',
    ),
    kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
    metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
      present: true,
    }),
    spec: ref(podSpec, 2, 'The state that is wanted.', { present: true }),
    status: ref(podStatus, 3, 'The state last seen; written by the system, not by users.', { present: true }),
  }),
);
export interface Pod extends Of<typeof pod> {}

export const podTemplateSpec = message('io.k8s.api.core.v1.PodTemplateSpec', 'The pod that a controller is to make copies of.', () => ({
  metadata: ref(objectMeta, 1, "Labels and annotations for the pods; the labels must match the controller's selector."),
  spec: ref(podSpec, 2, 'What the pods should be.'),
}));
export interface PodTemplateSpec extends Of<typeof podTemplateSpec> {}

export const podTemplate = message('io.k8s.api.core.v1.PodTemplate', 'A pod template stored as an object of its own.', () => ({
  apiVersion: string(undefined, 'APIVersion defines the group and version of this object, such as apps/v1; the core group has no prefix.'),
  kind: string(undefined, 'What sort of object this is, in CamelCase, such as Pod.'),
  metadata: ref(objectMeta, 1, "Standard object's metadata: name, namespace, labels and the other facts every object carries.", {
    present: true,
  }),
  template: ref(podTemplateSpec, 2, 'The pod to make copies of.'),
}));
export interface PodTemplate extends Of<typeof podTemplate> {}
