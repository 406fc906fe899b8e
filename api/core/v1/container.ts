import { bool, int32, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { envFromSource, envVar } from './env.ts';
import { lifecycle, probe } from './probe.ts';
import { securityContext } from './security-context.ts';

export const containerPort = message('io.k8s.api.core.v1.ContainerPort', '', () => ({
  name: string(1, ''),
  hostPort: int32(2, ''),
  containerPort: int32(3, '', { required: true }),
  protocol: string(4, '', { enum: ['SCTP', 'TCP', 'UDP'], default: 'TCP' }),
  hostIP: string(5, ''),
}));
export interface ContainerPort extends Of<typeof containerPort> {}

export const resourceClaim = message('io.k8s.api.core.v1.ResourceClaim', '', () => ({
  name: string(1, '', { required: true }),
  request: string(2, ''),
}));
export interface ResourceClaim extends Of<typeof resourceClaim> {}

export const resourceRequirements = message('io.k8s.api.core.v1.ResourceRequirements', '', () => ({
  limits: map(item.quantity(), 1, ''),
  requests: map(item.quantity(), 2, ''),
  claims: list(of(resourceClaim), 3, '', { listType: 'map', listMapKeys: ['name'] }),
}));
export interface ResourceRequirements extends Of<typeof resourceRequirements> {}

export const containerResizePolicy = message('io.k8s.api.core.v1.ContainerResizePolicy', '', () => ({
  resourceName: string(1, '', { required: true }),
  restartPolicy: string(2, '', { required: true }),
}));
export interface ContainerResizePolicy extends Of<typeof containerResizePolicy> {}

export const containerRestartRuleOnExitCodes = message('io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes', '', () => ({
  operator: string(1, '', { required: true, dropped: true }),
  values: list(item.int32(), 2, '', { listType: 'set' }),
}));
export interface ContainerRestartRuleOnExitCodes extends Of<typeof containerRestartRuleOnExitCodes> {}

export const containerRestartRule = message('io.k8s.api.core.v1.ContainerRestartRule', '', () => ({
  action: string(1, '', { required: true, dropped: true }),
  exitCodes: ref(containerRestartRuleOnExitCodes, 2, '', { pointer: true }),
}));
export interface ContainerRestartRule extends Of<typeof containerRestartRule> {}

export const volumeMount = message('io.k8s.api.core.v1.VolumeMount', '', () => ({
  name: string(1, '', { required: true }),
  readOnly: bool(2, ''),
  recursiveReadOnly: string(7, '', { pointer: true }),
  mountPath: string(3, '', { required: true }),
  subPath: string(4, ''),
  mountPropagation: string(5, '', { pointer: true, enum: ['Bidirectional', 'HostToContainer', 'None'] }),
  subPathExpr: string(6, ''),
}));
export interface VolumeMount extends Of<typeof volumeMount> {}

export const volumeDevice = message('io.k8s.api.core.v1.VolumeDevice', '', () => ({
  name: string(1, '', { required: true }),
  devicePath: string(2, '', { required: true }),
}));
export interface VolumeDevice extends Of<typeof volumeDevice> {}

export const container = message('io.k8s.api.core.v1.Container', '', () => ({
  name: string(1, '', { required: true }),
  image: string(2, ''),
  command: list(item.string(), 3, '', { listType: 'atomic' }),
  args: list(item.string(), 4, '', { listType: 'atomic' }),
  workingDir: string(5, ''),
  ports: list(of(containerPort), 6, '', {
    listType: 'map',
    listMapKeys: ['containerPort', 'protocol'],
    patchMergeKey: 'containerPort',
    patchStrategy: 'merge',
  }),
  envFrom: list(of(envFromSource), 19, '', { listType: 'atomic' }),
  env: list(of(envVar), 7, '', { listType: 'map', listMapKeys: ['name'], patchMergeKey: 'name', patchStrategy: 'merge' }),
  resources: ref(resourceRequirements, 8, ''),
  resizePolicy: list(of(containerResizePolicy), 23, '', { listType: 'atomic' }),
  restartPolicy: string(24, '', { pointer: true }),
  restartPolicyRules: list(of(containerRestartRule), 25, '', { listType: 'atomic' }),
  volumeMounts: list(of(volumeMount), 9, '', {
    listType: 'map',
    listMapKeys: ['mountPath'],
    patchMergeKey: 'mountPath',
    patchStrategy: 'merge',
  }),
  volumeDevices: list(of(volumeDevice), 21, '', {
    listType: 'map',
    listMapKeys: ['devicePath'],
    patchMergeKey: 'devicePath',
    patchStrategy: 'merge',
  }),
  livenessProbe: ref(probe, 10, '', { pointer: true }),
  readinessProbe: ref(probe, 11, '', { pointer: true }),
  startupProbe: ref(probe, 22, '', { pointer: true }),
  lifecycle: ref(lifecycle, 12, '', { pointer: true }),
  terminationMessagePath: string(13, ''),
  terminationMessagePolicy: string(20, '', { enum: ['FallbackToLogsOnError', 'File'] }),
  imagePullPolicy: string(14, '', { enum: ['Always', 'IfNotPresent', 'Never'] }),
  securityContext: ref(securityContext, 15, '', { pointer: true }),
  stdin: bool(16, ''),
  stdinOnce: bool(17, ''),
  tty: bool(18, ''),
}));
export interface Container extends Of<typeof container> {}

export const containerExtendedResourceRequest = message('io.k8s.api.core.v1.ContainerExtendedResourceRequest', '', () => ({
  containerName: string(1, '', { required: true }),
  resourceName: string(2, '', { required: true }),
  requestName: string(3, '', { required: true }),
}));
export interface ContainerExtendedResourceRequest extends Of<typeof containerExtendedResourceRequest> {}

export const ephemeralContainer = message('io.k8s.api.core.v1.EphemeralContainer', '', () => ({
  name: string([1, 1], '', { required: true }),
  image: string([1, 2], ''),
  command: list(item.string(), [1, 3], '', { listType: 'atomic' }),
  args: list(item.string(), [1, 4], '', { listType: 'atomic' }),
  workingDir: string([1, 5], ''),
  ports: list(of(containerPort), [1, 6], '', {
    listType: 'map',
    listMapKeys: ['containerPort', 'protocol'],
    patchMergeKey: 'containerPort',
    patchStrategy: 'merge',
  }),
  envFrom: list(of(envFromSource), [1, 19], '', { listType: 'atomic' }),
  env: list(of(envVar), [1, 7], '', { listType: 'map', listMapKeys: ['name'], patchMergeKey: 'name', patchStrategy: 'merge' }),
  resources: ref(resourceRequirements, [1, 8], ''),
  resizePolicy: list(of(containerResizePolicy), [1, 23], '', { listType: 'atomic' }),
  restartPolicy: string([1, 24], '', { pointer: true }),
  restartPolicyRules: list(of(containerRestartRule), [1, 25], '', { listType: 'atomic' }),
  volumeMounts: list(of(volumeMount), [1, 9], '', {
    listType: 'map',
    listMapKeys: ['mountPath'],
    patchMergeKey: 'mountPath',
    patchStrategy: 'merge',
  }),
  volumeDevices: list(of(volumeDevice), [1, 21], '', {
    listType: 'map',
    listMapKeys: ['devicePath'],
    patchMergeKey: 'devicePath',
    patchStrategy: 'merge',
  }),
  livenessProbe: ref(probe, [1, 10], '', { pointer: true }),
  readinessProbe: ref(probe, [1, 11], '', { pointer: true }),
  startupProbe: ref(probe, [1, 22], '', { pointer: true }),
  lifecycle: ref(lifecycle, [1, 12], '', { pointer: true }),
  terminationMessagePath: string([1, 13], ''),
  terminationMessagePolicy: string([1, 20], '', { enum: ['FallbackToLogsOnError', 'File'] }),
  imagePullPolicy: string([1, 14], '', { enum: ['Always', 'IfNotPresent', 'Never'] }),
  securityContext: ref(securityContext, [1, 15], '', { pointer: true }),
  stdin: bool([1, 16], ''),
  stdinOnce: bool([1, 17], ''),
  tty: bool([1, 18], ''),
  targetContainerName: string(2, ''),
}));
export interface EphemeralContainer extends Of<typeof ephemeralContainer> {}
