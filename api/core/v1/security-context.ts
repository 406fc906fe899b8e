import { bool, int64, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const appArmorProfile = message(
  'io.k8s.api.core.v1.AppArmorProfile',
  'Which AppArmor profile confines a container.',
  () => ({
    type: string(1, 'RuntimeDefault, Localhost for a profile loaded on the node, or Unconfined.', {
      required: true,
      enum: ['Localhost', 'RuntimeDefault', 'Unconfined'],
    }),
    localhostProfile: string(2, 'Name of the profile on the node; with type Localhost only, and required there.', { pointer: true }),
  }),
  { discriminator: 'type' },
);
export interface AppArmorProfile extends Of<typeof appArmorProfile> {}

export const capabilities = message(
  'io.k8s.api.core.v1.Capabilities',
  'Linux capabilities added to or taken from what the runtime grants.',
  () => ({
    add: list(item.string(), 1, 'Capabilities to grant, such as NET_ADMIN, or ALL.', { listType: 'atomic' }),
    drop: list(item.string(), 2, 'Capabilities to take away, or ALL.', { listType: 'atomic' }),
  }),
);
export interface Capabilities extends Of<typeof capabilities> {}

export const seLinuxOptions = message('io.k8s.api.core.v1.SELinuxOptions', 'The SELinux label of a container.', () => ({
  user: string(1, 'User part of the label.'),
  role: string(2, 'Role part of the label.'),
  type: string(3, 'Type part of the label.'),
  level: string(4, 'Level part of the label, such as s0:c123,c456.'),
}));
export interface SELinuxOptions extends Of<typeof seLinuxOptions> {}

export const windowsSecurityContextOptions = message(
  'io.k8s.api.core.v1.WindowsSecurityContextOptions',
  'Security settings for Windows containers only.',
  () => ({
    gmsaCredentialSpecName: string(1, 'Name of the GMSA credential spec resource to use.', { pointer: true }),
    gmsaCredentialSpec: string(2, 'Text of the credential spec; an admission webhook fills it in from the name.', { pointer: true }),
    runAsUserName: string(3, "Windows user to run as; the image's unless given.", { pointer: true }),
    hostProcess: bool(4, 'True runs directly on the host; all containers of the pod must agree, and hostNetwork be set.', {
      pointer: true,
    }),
  }),
);
export interface WindowsSecurityContextOptions extends Of<typeof windowsSecurityContextOptions> {}

export const sysctl = message('io.k8s.api.core.v1.Sysctl', "A kernel parameter for the pod's namespaces.", () => ({
  name: string(1, 'Name of the parameter, such as net.core.somaxconn.', { required: true }),
  value: string(2, 'Value to set.', { required: true }),
}));
export interface Sysctl extends Of<typeof sysctl> {}

export const seccompProfile = message(
  'io.k8s.api.core.v1.SeccompProfile',
  'Which system calls are allowed; at most one profile.',
  () => ({
    type: string(1, 'RuntimeDefault, Localhost for a file on the node, or Unconfined for no filter.', {
      required: true,
      enum: ['Localhost', 'RuntimeDefault', 'Unconfined'],
    }),
    localhostProfile: string(2, "Path of the file below the kubelet's seccomp directory; with type Localhost only.", { pointer: true }),
  }),
  { discriminator: 'type' },
);
export interface SeccompProfile extends Of<typeof seccompProfile> {}

export const podSecurityContext = message(
  'io.k8s.api.core.v1.PodSecurityContext',
  "Privileges of a whole pod; a container's own settings win where both speak.",
  () => ({
    seLinuxOptions: ref(seLinuxOptions, 1, 'SELinux label of all containers; the runtime picks a random one unless given.', {
      pointer: true,
    }),
    windowsOptions: ref(windowsSecurityContextOptions, 8, 'Settings for Windows; not with os.name linux.', { pointer: true }),
    runAsUser: int64(2, "User ID to run as; the image's unless given.", { pointer: true }),
    runAsGroup: int64(6, "Primary group ID to run as; the runtime's default unless given.", { pointer: true }),
    runAsNonRoot: bool(3, 'True makes the kubelet refuse to start containers that would run as user 0.', { pointer: true }),
    supplementalGroups: list(
      item.int64(),
      4,
      'More group IDs for the first process of every container, next to its primary group and fsGroup.',
      { listType: 'atomic' },
    ),
    supplementalGroupsPolicy: string(12, 'Merge (the default) adds the groups the image gives the user; Strict leaves them out.', {
      pointer: true,
      enum: ['Merge', 'Strict'],
    }),
    fsGroup: int64(5, "Group ID that owns the volumes' files and is added to every container, where the volume allows.", { pointer: true }),
    sysctls: list(of(sysctl), 7, 'Kernel parameters to set for the pod; those the kubelet holds unsafe need its consent.', {
      listType: 'atomic',
    }),
    fsGroupChangePolicy: string(9, 'Always (the default) corrects all files at each mount; OnRootMismatch only if the root is wrong.', {
      pointer: true,
      enum: ['Always', 'OnRootMismatch'],
    }),
    seccompProfile: ref(seccompProfile, 10, 'Seccomp filter of all containers.', { pointer: true }),
    appArmorProfile: ref(appArmorProfile, 11, 'AppArmor profile of all containers.', { pointer: true }),
    seLinuxChangePolicy: string(13, 'How volumes get their SELinux label: MountOption in one go, or Recursive file by file.', {
      pointer: true,
    }),
  }),
);
export interface PodSecurityContext extends Of<typeof podSecurityContext> {}

export const securityContext = message(
  'io.k8s.api.core.v1.SecurityContext',
  "Privileges of one container; wins over the pod's settings.",
  () => ({
    capabilities: ref(capabilities, 1, 'Capabilities to grant and to take away.', { pointer: true }),
    privileged: bool(2, 'True gives it the rights of root on the node; false unless given.', { pointer: true }),
    seLinuxOptions: ref(seLinuxOptions, 3, "SELinux label of the container; the pod's, or a random one, unless given.", { pointer: true }),
    windowsOptions: ref(windowsSecurityContextOptions, 10, 'Settings for Windows; not with os.name linux.', { pointer: true }),
    runAsUser: int64(4, "User ID to run as; the pod's, then the image's, unless given.", { pointer: true }),
    runAsGroup: int64(8, "Primary group ID to run as; the pod's, then the runtime's default, unless given.", { pointer: true }),
    runAsNonRoot: bool(5, 'True makes the kubelet refuse to start it as user 0.', { pointer: true }),
    readOnlyRootFilesystem: bool(6, "True forbids writing to the container's own file system; false unless given.", { pointer: true }),
    allowPrivilegeEscalation: bool(7, 'False sets no_new_privs; always true for privileged or CAP_SYS_ADMIN containers.', {
      pointer: true,
    }),
    procMount: string(9, 'How /proc is mounted: Default hides parts of it, Unmasked does not and needs hostUsers false.', {
      pointer: true,
      enum: ['Default', 'Unmasked'],
    }),
    seccompProfile: ref(seccompProfile, 11, "Seccomp filter of the container; the pod's unless given.", { pointer: true }),
    appArmorProfile: ref(appArmorProfile, 12, "AppArmor profile of the container; the pod's unless given.", { pointer: true }),
  }),
);
export interface SecurityContext extends Of<typeof securityContext> {}
