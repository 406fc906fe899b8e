import { objectMeta } from '../../meta/v1/object-meta.ts';
import { bool, int32, int64, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { container, ephemeralContainer, resourceRequirements } from './container.ts';
import { affinity, toleration, topologySpreadConstraint } from './pod-affinity.ts';
import { podStatus } from './pod-status.ts';
import { localObjectReference } from './references.ts';
import { podSecurityContext } from './security-context.ts';
import { volume } from './volume.ts';

export const hostAlias = message('io.k8s.api.core.v1.HostAlias', '', () => ({
  ip: string(1, '', { required: true }),
  hostnames: list(item.string(), 2, '', { listType: 'atomic' }),
}));
export interface HostAlias extends Of<typeof hostAlias> {}

export const podDNSConfigOption = message('io.k8s.api.core.v1.PodDNSConfigOption', '', () => ({
  name: string(1, ''),
  value: string(2, '', { pointer: true }),
}));
export interface PodDNSConfigOption extends Of<typeof podDNSConfigOption> {}

export const podDNSConfig = message('io.k8s.api.core.v1.PodDNSConfig', '', () => ({
  nameservers: list(item.string(), 1, '', { listType: 'atomic' }),
  searches: list(item.string(), 2, '', { listType: 'atomic' }),
  options: list(of(podDNSConfigOption), 3, '', { listType: 'atomic' }),
}));
export interface PodDNSConfig extends Of<typeof podDNSConfig> {}

export const podReadinessGate = message('io.k8s.api.core.v1.PodReadinessGate', '', () => ({
  conditionType: string(1, '', { required: true }),
}));
export interface PodReadinessGate extends Of<typeof podReadinessGate> {}

export const podOS = message('io.k8s.api.core.v1.PodOS', '', () => ({
  name: string(1, '', { required: true }),
}));
export interface PodOS extends Of<typeof podOS> {}

export const podSchedulingGate = message('io.k8s.api.core.v1.PodSchedulingGate', '', () => ({
  name: string(1, '', { required: true }),
}));
export interface PodSchedulingGate extends Of<typeof podSchedulingGate> {}

export const podResourceClaim = message('io.k8s.api.core.v1.PodResourceClaim', '', () => ({
  name: string(1, '', { required: true }),
  resourceClaimName: string(3, '', { pointer: true }),
  resourceClaimTemplateName: string(4, '', { pointer: true }),
}));
export interface PodResourceClaim extends Of<typeof podResourceClaim> {}

export const podSpec = message('io.k8s.api.core.v1.PodSpec', '', () => ({
  volumes: list(of(volume), 1, '', { listType: 'map', listMapKeys: ['name'], patchMergeKey: 'name', patchStrategy: 'merge,retainKeys' }),
  initContainers: list(of(container), 20, '', { listType: 'map', listMapKeys: ['name'], patchMergeKey: 'name', patchStrategy: 'merge' }),
  containers: list(of(container), 2, '', {
    required: true,
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  ephemeralContainers: list(of(ephemeralContainer), 34, '', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  restartPolicy: string(3, '', { enum: ['Always', 'Never', 'OnFailure'] }),
  terminationGracePeriodSeconds: int64(4, '', { pointer: true }),
  activeDeadlineSeconds: int64(5, '', { pointer: true }),
  dnsPolicy: string(6, '', { enum: ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] }),
  nodeSelector: map(item.string(), 7, '', { mapType: 'atomic' }),
  serviceAccountName: string(8, ''),
  serviceAccount: string(9, ''),
  automountServiceAccountToken: bool(21, '', { pointer: true }),
  nodeName: string(10, ''),
  hostNetwork: bool(11, ''),
  hostPID: bool(12, ''),
  hostIPC: bool(13, ''),
  shareProcessNamespace: bool(27, '', { pointer: true }),
  securityContext: ref(podSecurityContext, 14, '', { pointer: true }),
  imagePullSecrets: list(of(localObjectReference), 15, '', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  hostname: string(16, ''),
  subdomain: string(17, ''),
  affinity: ref(affinity, 18, '', { pointer: true }),
  schedulerName: string(19, ''),
  tolerations: list(of(toleration), 22, '', { listType: 'atomic' }),
  hostAliases: list(of(hostAlias), 23, '', { listType: 'map', listMapKeys: ['ip'], patchMergeKey: 'ip', patchStrategy: 'merge' }),
  priorityClassName: string(24, ''),
  priority: int32(25, '', { pointer: true }),
  dnsConfig: ref(podDNSConfig, 26, '', { pointer: true }),
  readinessGates: list(of(podReadinessGate), 28, '', { listType: 'atomic' }),
  runtimeClassName: string(29, '', { pointer: true }),
  enableServiceLinks: bool(30, '', { pointer: true }),
  preemptionPolicy: string(31, '', { pointer: true, enum: ['Never', 'PreemptLowerPriority'] }),
  overhead: map(item.quantity(), 32, ''),
  topologySpreadConstraints: list(of(topologySpreadConstraint), 33, '', {
    listType: 'map',
    listMapKeys: ['topologyKey', 'whenUnsatisfiable'],
    patchMergeKey: 'topologyKey',
    patchStrategy: 'merge',
  }),
  setHostnameAsFQDN: bool(35, '', { pointer: true }),
  os: ref(podOS, 36, '', { pointer: true }),
  hostUsers: bool(37, '', { pointer: true }),
  schedulingGates: list(of(podSchedulingGate), 38, '', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  resourceClaims: list(of(podResourceClaim), 39, '', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge,retainKeys',
  }),
  resources: ref(resourceRequirements, 40, '', { pointer: true }),
  hostnameOverride: string(41, '', { pointer: true }),
}));
export interface PodSpec extends Of<typeof podSpec> {}

export const pod = message('io.k8s.api.core.v1.Pod', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  spec: ref(podSpec, 2, '', { present: true }),
  status: ref(podStatus, 3, '', { present: true }),
}));
export interface Pod extends Of<typeof pod> {}

export const podTemplateSpec = message('io.k8s.api.core.v1.PodTemplateSpec', '', () => ({
  metadata: ref(objectMeta, 1, ''),
  spec: ref(podSpec, 2, ''),
}));
export interface PodTemplateSpec extends Of<typeof podTemplateSpec> {}

export const podTemplate = message('io.k8s.api.core.v1.PodTemplate', '', () => ({
  apiVersion: string(undefined, ''),
  kind: string(undefined, ''),
  metadata: ref(objectMeta, 1, '', { present: true }),
  template: ref(podTemplateSpec, 2, ''),
}));
export interface PodTemplate extends Of<typeof podTemplate> {}
