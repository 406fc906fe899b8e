import { type Container, fieldError, type PodSpec } from '../../api/index.ts';
import { type Errors, listOf } from './field-errors.ts';

const SYSTEMS: readonly string[] = ['linux', 'windows'];
const NOT_ON_WINDOWS = 'cannot be set for a windows pod';
const NOT_ON_LINUX = 'windows options cannot be set for a linux pod';

/** In upstream's order. */
const POD_FIELDS = [
  'securityContext.appArmorProfile',
  'securityContext.seLinuxOptions',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'securityContext.seccompProfile',
  'securityContext.fsGroup',
  'securityContext.fsGroupChangePolicy',
  'securityContext.sysctls',
  'shareProcessNamespace',
  'securityContext.runAsUser',
  'securityContext.runAsGroup',
  'securityContext.supplementalGroups',
  'securityContext.supplementalGroupsPolicy',
  'securityContext.seLinuxChangePolicy',
] as const;

const CONTAINER_FIELDS = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

/** Calls `visit` for every container with its path: init containers first, as upstream's visitor. */
export function visitContainers(spec: PodSpec, path: string, visit: (container: Container, path: string) => void): void {
  for (const kind of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    listOf<Container>(spec[kind]).forEach((container, i) => {
      visit(container, `${path}.${kind}[${i}]`);
    });
  }
}

/** `spec.os`, and what may not be set with it. */
export function checkOs(errors: Errors, path: string, spec: PodSpec): void {
  const name = spec.os?.name;
  if (name === undefined) return;
  if (name === '') errors.push(fieldError.required(`${path}.os.name`));
  else if (!SYSTEMS.includes(name)) errors.push(fieldError.notSupported(`${path}.os`, name, SYSTEMS));
  else if (name === 'linux') checkLinux(errors, path, spec);
  else checkWindows(errors, path, spec);
}

function checkLinux(errors: Errors, path: string, spec: PodSpec): void {
  if (spec.securityContext?.windowsOptions) errors.push(fieldError.forbidden(`${path}.securityContext.windowsOptions`, NOT_ON_LINUX));
  visitContainers(spec, path, ({ securityContext }, at) => {
    if (securityContext?.windowsOptions) errors.push(fieldError.forbidden(`${at}.securityContext.windowsOptions`, NOT_ON_LINUX));
  });
}

function checkWindows(errors: Errors, path: string, spec: PodSpec): void {
  const context: Readonly<Record<string, unknown>> = { ...spec.securityContext };
  const top: Readonly<Record<string, unknown>> = { ...spec };
  for (const field of POD_FIELDS) {
    const inContext = field.startsWith('securityContext.');
    const value = inContext ? context[field.slice('securityContext.'.length)] : top[field];
    const unset = value === undefined || (value === false && (field === 'hostPID' || field === 'hostIPC'));
    if (!unset) errors.push(fieldError.forbidden(`${path}.${field}`, NOT_ON_WINDOWS));
  }
  visitContainers(spec, path, ({ securityContext }, at) => {
    for (const field of CONTAINER_FIELDS) {
      if (securityContext?.[field] !== undefined) errors.push(fieldError.forbidden(`${at}.securityContext.${field}`, NOT_ON_WINDOWS));
    }
  });
}

/** Windows' host-process containers: all of a pod's containers or none, and only with the host's network. */
export function checkHostProcess(errors: Errors, path: string, spec: PodSpec): void {
  const podValue = spec.securityContext?.windowsOptions?.hostProcess;
  let containers = 0;
  let hostProcesses = 0;
  visitContainers(spec, path, ({ securityContext }, at) => {
    containers++;
    const own = securityContext?.windowsOptions?.hostProcess;
    if (podValue !== undefined && own !== undefined && own !== podValue) {
      const message = `pod hostProcess value must be identical if both are specified, was ${podValue}`;
      errors.push(fieldError.invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, message));
    }
    if (own ?? podValue) hostProcesses++;
  });
  if (hostProcesses === 0) return;
  if (hostProcesses !== containers) {
    const message = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    errors.push(fieldError.invalid(path, '', message));
  }
  if (!spec.hostNetwork) {
    const message = 'hostNetwork must be true if pod contains any hostProcess containers';
    errors.push(fieldError.invalid(`${path}.hostNetwork`, false, message));
  }
}
