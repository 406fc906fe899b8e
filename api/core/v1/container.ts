import { bool, int32, item, list, map, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';
import { envFromSource, envVar } from './env.ts';
import { lifecycle, probe } from './probe.ts';
import { securityContext } from './security-context.ts';

export const containerPort = message(
  'io.k8s.api.core.v1.ContainerPort',
  'A port a container listens on; leaving one out does not close it.',
  () => ({
    name: string(1, 'Name for services to refer to, unique in the pod; at most 15 lower-case letters, digits and dashes.'),
    hostPort: int32(2, 'Port of the node to expose it on, 1 to 65535; only one pod per node can have it.'),
    containerPort: int32(3, 'Port inside the pod, 1 to 65535.', { required: true }),
    protocol: string(4, 'TCP, UDP or SCTP; TCP unless given.', { enum: ['SCTP', 'TCP', 'UDP'], default: 'TCP' }),
    hostIP: string(5, 'Address of the node to bind hostPort to.'),
  }),
);
export interface ContainerPort extends Of<typeof containerPort> {}

export const resourceClaim = message(
  'io.k8s.api.core.v1.ResourceClaim',
  'Names a resource claim of the pod that a container uses.',
  () => ({
    name: string(1, "Name of an entry in the pod's resourceClaims.", { required: true }),
    request: string(2, 'One request of the claim; absent for all of them.'),
  }),
);
export interface ResourceClaim extends Of<typeof resourceClaim> {}

export const resourceRequirements = message(
  'io.k8s.api.core.v1.ResourceRequirements',
  'How much of each resource is set aside, and how much may be used at most.',
  () => ({
    limits: map(item.quantity(), 1, 'Ceiling per resource: above it CPU is throttled, and memory gets the container killed.'),
    requests: map(item.quantity(), 2, 'Amount set aside per resource, which the scheduler counts; equal to the limit unless given.'),
    claims: list(of(resourceClaim), 3, 'Resource claims of the pod that are used here; cannot be changed.', {
      listType: 'map',
      listMapKeys: ['name'],
    }),
  }),
);
export interface ResourceRequirements extends Of<typeof resourceRequirements> {}

export const containerResizePolicy = message(
  'io.k8s.api.core.v1.ContainerResizePolicy',
  'What a change of one resource means for a running container.',
  () => ({
    resourceName: string(1, 'The resource: cpu or memory.', { required: true }),
    restartPolicy: string(2, 'NotRequired, the default, applies the change in place; RestartContainer restarts the container.', {
      required: true,
    }),
  }),
);
export interface ContainerResizePolicy extends Of<typeof containerResizePolicy> {}

export const containerRestartRuleOnExitCodes = message(
  'io.k8s.api.core.v1.ContainerRestartRuleOnExitCodes',
  'Exit codes a restart rule matches.',
  () => ({
    operator: string(1, 'In matches the codes listed, NotIn all others.', { required: true, dropped: true }),
    values: list(item.int32(), 2, 'Exit codes to compare with, at most 255.', { listType: 'set' }),
  }),
);
export interface ContainerRestartRuleOnExitCodes extends Of<typeof containerRestartRuleOnExitCodes> {}

export const containerRestartRule = message(
  'io.k8s.api.core.v1.ContainerRestartRule',
  'What to do when a container ends in a certain way.',
  () => ({
    action: string(1, 'What happens on a match; Restart is the only choice.', { required: true, dropped: true }),
    exitCodes: ref(containerRestartRuleOnExitCodes, 2, 'Exit codes for which the rule holds.', { pointer: true }),
  }),
);
export interface ContainerRestartRule extends Of<typeof containerRestartRule> {}

export const volumeMount = message('io.k8s.api.core.v1.VolumeMount', 'Makes a volume of the pod visible inside a container.', () => ({
  name: string(1, "Name of the volume in the pod's spec.", { required: true }),
  readOnly: bool(2, 'True forbids writing; false unless given.'),
  recursiveReadOnly: string(7, 'Whether readOnly covers mounts below: Disabled (the default), IfPossible or Enabled.', { pointer: true }),
  mountPath: string(3, 'Where it appears in the container; a colon is not allowed.', { required: true }),
  subPath: string(4, 'Mount only this path of the volume; its root unless given.'),
  mountPropagation: string(5, 'Whether mounts made later cross between node and container; None unless given.', {
    pointer: true,
    enum: ['Bidirectional', 'HostToContainer', 'None'],
  }),
  subPathExpr: string(6, "As subPath, with $(NAME) replaced by the container's variables; not together with subPath."),
}));
export interface VolumeMount extends Of<typeof volumeMount> {}

export const volumeDevice = message('io.k8s.api.core.v1.VolumeDevice', 'Hands a raw block volume to a container as a device.', () => ({
  name: string(1, 'Name of a volume that is a persistent volume claim in Block mode.', { required: true }),
  devicePath: string(2, 'Path of the device inside the container.', { required: true }),
}));
export interface VolumeDevice extends Of<typeof volumeDevice> {}

export const container = message('io.k8s.api.core.v1.Container', 'One program of a pod, run from an image.', () => ({
  name: string(1, 'Unique within the pod, a DNS label; cannot be changed.', { required: true }),
  image: string(2, 'Image to run; no tag means latest.'),
  command: list(item.string(), 3, "Replaces the image's entrypoint, without a shell; $(NAME) stands for a variable, $$ for a dollar.", {
    listType: 'atomic',
  }),
  args: list(item.string(), 4, "Arguments to the entrypoint; replace the image's own, with the same $(NAME) rules as command.", {
    listType: 'atomic',
  }),
  workingDir: string(5, "Directory the program starts in; the image's unless given."),
  ports: list(of(containerPort), 6, 'Ports the container listens on, mostly for information.', {
    listType: 'map',
    listMapKeys: ['containerPort', 'protocol'],
    patchMergeKey: 'containerPort',
    patchStrategy: 'merge',
  }),
  envFrom: list(
    of(envFromSource),
    19,
    'Config maps and secrets whose keys all become variables; the last one wins, and env wins over them.',
    { listType: 'atomic' },
  ),
  env: list(of(envVar), 7, 'Environment variables.', {
    listType: 'map',
    listMapKeys: ['name'],
    patchMergeKey: 'name',
    patchStrategy: 'merge',
  }),
  resources: ref(resourceRequirements, 8, 'CPU, memory and other resources set aside and allowed.'),
  resizePolicy: list(of(containerResizePolicy), 23, 'Which resources can change without a restart.', { listType: 'atomic' }),
  restartPolicy: string(24, "Overrules the pod's policy here; Always on an init container makes it a sidecar.", { pointer: true }),
  restartPolicyRules: list(
    of(containerRestartRule),
    25,
    'Checked in order when the container ends, before restartPolicy; the first match decides.',
    { listType: 'atomic' },
  ),
  volumeMounts: list(of(volumeMount), 9, 'Volumes to mount, and where.', {
    listType: 'map',
    listMapKeys: ['mountPath'],
    patchMergeKey: 'mountPath',
    patchStrategy: 'merge',
  }),
  volumeDevices: list(of(volumeDevice), 21, 'Block devices to provide, and where.', {
    listType: 'map',
    listMapKeys: ['devicePath'],
    patchMergeKey: 'devicePath',
    patchStrategy: 'merge',
  }),
  livenessProbe: ref(probe, 10, 'Restarts the container when it fails.', { pointer: true }),
  readinessProbe: ref(probe, 11, "Takes the pod out of its services' endpoints while it fails.", { pointer: true }),
  startupProbe: ref(probe, 22, 'Holds back the other probes until it passes; the container is restarted if it never does.', {
    pointer: true,
  }),
  lifecycle: ref(lifecycle, 12, 'Hooks to run after the start and before the stop.', { pointer: true }),
  terminationMessagePath: string(13, 'File whose text becomes the termination message; /dev/termination-log unless given.'),
  terminationMessagePolicy: string(
    20,
    'File (the default) reads the file only; FallbackToLogsOnError takes the last log lines if it is empty.',
    { enum: ['FallbackToLogsOnError', 'File'] },
  ),
  imagePullPolicy: string(14, 'When to pull; Always for the tag latest, otherwise IfNotPresent unless given.', {
    enum: ['Always', 'IfNotPresent', 'Never'],
  }),
  securityContext: ref(securityContext, 15, "Privileges of this container; wins over the pod's where both speak.", { pointer: true }),
  stdin: bool(16, 'True keeps a buffer for standard input; otherwise reads see end of file.'),
  stdinOnce: bool(17, 'True closes standard input after the first attached client leaves.'),
  tty: bool(18, 'True gives it a terminal; needs stdin.'),
}));
export interface Container extends Of<typeof container> {}

export const containerExtendedResourceRequest = message(
  'io.k8s.api.core.v1.ContainerExtendedResourceRequest',
  "Which request of the generated claim backs a container's extended resource.",
  () => ({
    containerName: string(1, 'The container that asks for the resource.', { required: true }),
    resourceName: string(2, 'The extended resource, such as example.com/gpu.', { required: true }),
    requestName: string(3, 'Name of the request in the claim.', { required: true }),
  }),
);
export interface ContainerExtendedResourceRequest extends Of<typeof containerExtendedResourceRequest> {}

export const ephemeralContainer = message(
  'io.k8s.api.core.v1.EphemeralContainer',
  'A container added to a running pod for debugging; never restarted, and it cannot be removed.',
  () => ({
    name: string([1, 1], 'Unique among all containers of the pod, a DNS label.', { required: true }),
    image: string([1, 2], 'Image to run; no tag means latest.'),
    command: list(
      item.string(),
      [1, 3],
      "Replaces the image's entrypoint, without a shell; $(NAME) stands for a variable, $$ for a dollar.",
      { listType: 'atomic' },
    ),
    args: list(item.string(), [1, 4], "Arguments to the entrypoint; replace the image's own, with the same $(NAME) rules as command.", {
      listType: 'atomic',
    }),
    workingDir: string([1, 5], "Directory the program starts in; the image's unless given."),
    ports: list(of(containerPort), [1, 6], 'Not allowed here.', {
      listType: 'map',
      listMapKeys: ['containerPort', 'protocol'],
      patchMergeKey: 'containerPort',
      patchStrategy: 'merge',
    }),
    envFrom: list(
      of(envFromSource),
      [1, 19],
      'Config maps and secrets whose keys all become variables; the last one wins, and env wins over them.',
      { listType: 'atomic' },
    ),
    env: list(of(envVar), [1, 7], 'Environment variables.', {
      listType: 'map',
      listMapKeys: ['name'],
      patchMergeKey: 'name',
      patchStrategy: 'merge',
    }),
    resources: ref(resourceRequirements, [1, 8], 'Not allowed here: it uses what the pod has to spare.'),
    resizePolicy: list(of(containerResizePolicy), [1, 23], 'Not allowed here.', { listType: 'atomic' }),
    restartPolicy: string([1, 24], 'Not allowed here: it is never restarted.', { pointer: true }),
    restartPolicyRules: list(of(containerRestartRule), [1, 25], 'Not allowed here.', { listType: 'atomic' }),
    volumeMounts: list(of(volumeMount), [1, 9], 'Volumes to mount, and where; subPath and subPathExpr are not allowed.', {
      listType: 'map',
      listMapKeys: ['mountPath'],
      patchMergeKey: 'mountPath',
      patchStrategy: 'merge',
    }),
    volumeDevices: list(of(volumeDevice), [1, 21], 'Block devices to provide, and where.', {
      listType: 'map',
      listMapKeys: ['devicePath'],
      patchMergeKey: 'devicePath',
      patchStrategy: 'merge',
    }),
    livenessProbe: ref(probe, [1, 10], 'Not allowed here.', { pointer: true }),
    readinessProbe: ref(probe, [1, 11], 'Not allowed here.', { pointer: true }),
    startupProbe: ref(probe, [1, 22], 'Not allowed here.', { pointer: true }),
    lifecycle: ref(lifecycle, [1, 12], 'Not allowed here.', { pointer: true }),
    terminationMessagePath: string([1, 13], 'File whose text becomes the termination message; /dev/termination-log unless given.'),
    terminationMessagePolicy: string(
      [1, 20],
      'File (the default) reads the file only; FallbackToLogsOnError takes the last log lines if it is empty.',
      { enum: ['FallbackToLogsOnError', 'File'] },
    ),
    imagePullPolicy: string([1, 14], 'When to pull; Always for the tag latest, otherwise IfNotPresent unless given.', {
      enum: ['Always', 'IfNotPresent', 'Never'],
    }),
    securityContext: ref(securityContext, [1, 15], "Privileges of this container; wins over the pod's where both speak.", {
      pointer: true,
    }),
    stdin: bool([1, 16], 'True keeps a buffer for standard input; otherwise reads see end of file.'),
    stdinOnce: bool([1, 17], 'True closes standard input after the first attached client leaves.'),
    tty: bool([1, 18], 'True gives it a terminal; needs stdin.'),
    targetContainerName: string(2, "Container whose process namespace to join; absent for the one the pod's spec chooses."),
  }),
);
export interface EphemeralContainer extends Of<typeof ephemeralContainer> {}
