import { bool, int64, item, list, of, ref, string } from '../../schema/fields.ts';
import { message, type Of } from '../../schema/message.ts';

export const appArmorProfile = message('io.k8s.api.core.v1.AppArmorProfile', '', () => ({
  type: string(1, '', { required: true, enum: ['Localhost', 'RuntimeDefault', 'Unconfined'] }),
  localhostProfile: string(2, '', { pointer: true }),
}));
export interface AppArmorProfile extends Of<typeof appArmorProfile> {}

export const capabilities = message('io.k8s.api.core.v1.Capabilities', '', () => ({
  add: list(item.string(), 1, '', { listType: 'atomic' }),
  drop: list(item.string(), 2, '', { listType: 'atomic' }),
}));
export interface Capabilities extends Of<typeof capabilities> {}

export const seLinuxOptions = message('io.k8s.api.core.v1.SELinuxOptions', '', () => ({
  user: string(1, ''),
  role: string(2, ''),
  type: string(3, ''),
  level: string(4, ''),
}));
export interface SELinuxOptions extends Of<typeof seLinuxOptions> {}

export const windowsSecurityContextOptions = message('io.k8s.api.core.v1.WindowsSecurityContextOptions', '', () => ({
  gmsaCredentialSpecName: string(1, '', { pointer: true }),
  gmsaCredentialSpec: string(2, '', { pointer: true }),
  runAsUserName: string(3, '', { pointer: true }),
  hostProcess: bool(4, '', { pointer: true }),
}));
export interface WindowsSecurityContextOptions extends Of<typeof windowsSecurityContextOptions> {}

export const sysctl = message('io.k8s.api.core.v1.Sysctl', '', () => ({
  name: string(1, '', { required: true }),
  value: string(2, '', { required: true }),
}));
export interface Sysctl extends Of<typeof sysctl> {}

export const seccompProfile = message('io.k8s.api.core.v1.SeccompProfile', '', () => ({
  type: string(1, '', { required: true, enum: ['Localhost', 'RuntimeDefault', 'Unconfined'] }),
  localhostProfile: string(2, '', { pointer: true }),
}));
export interface SeccompProfile extends Of<typeof seccompProfile> {}

export const podSecurityContext = message('io.k8s.api.core.v1.PodSecurityContext', '', () => ({
  seLinuxOptions: ref(seLinuxOptions, 1, '', { pointer: true }),
  windowsOptions: ref(windowsSecurityContextOptions, 8, '', { pointer: true }),
  runAsUser: int64(2, '', { pointer: true }),
  runAsGroup: int64(6, '', { pointer: true }),
  runAsNonRoot: bool(3, '', { pointer: true }),
  supplementalGroups: list(item.int64(), 4, '', { listType: 'atomic' }),
  supplementalGroupsPolicy: string(12, '', { pointer: true, enum: ['Merge', 'Strict'] }),
  fsGroup: int64(5, '', { pointer: true }),
  sysctls: list(of(sysctl), 7, '', { listType: 'atomic' }),
  fsGroupChangePolicy: string(9, '', { pointer: true, enum: ['Always', 'OnRootMismatch'] }),
  seccompProfile: ref(seccompProfile, 10, '', { pointer: true }),
  appArmorProfile: ref(appArmorProfile, 11, '', { pointer: true }),
  seLinuxChangePolicy: string(13, '', { pointer: true }),
}));
export interface PodSecurityContext extends Of<typeof podSecurityContext> {}

export const securityContext = message('io.k8s.api.core.v1.SecurityContext', '', () => ({
  capabilities: ref(capabilities, 1, '', { pointer: true }),
  privileged: bool(2, '', { pointer: true }),
  seLinuxOptions: ref(seLinuxOptions, 3, '', { pointer: true }),
  windowsOptions: ref(windowsSecurityContextOptions, 10, '', { pointer: true }),
  runAsUser: int64(4, '', { pointer: true }),
  runAsGroup: int64(8, '', { pointer: true }),
  runAsNonRoot: bool(5, '', { pointer: true }),
  readOnlyRootFilesystem: bool(6, '', { pointer: true }),
  allowPrivilegeEscalation: bool(7, '', { pointer: true }),
  procMount: string(9, '', { pointer: true, enum: ['Default', 'Unmasked'] }),
  seccompProfile: ref(seccompProfile, 11, '', { pointer: true }),
  appArmorProfile: ref(appArmorProfile, 12, '', { pointer: true }),
}));
export interface SecurityContext extends Of<typeof securityContext> {}
