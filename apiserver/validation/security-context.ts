import {
  type AppArmorProfile,
  fieldError,
  isDns1123Subdomain,
  isValidGroupId,
  isValidUserId,
  type PodSpec,
  type SeccompProfile,
  type SecurityContext,
  type Sysctl,
  type WindowsSecurityContextOptions,
} from '../../api/index.ts';
import { bytesOf, type Errors, isEmpty, listOf, pushInvalid } from './field-errors.ts';
import { goSeccompProfile, goSecurityContext } from './go-struct.ts';
import { checkLocalDescendingPath } from './paths.ts';

const PROFILE_TYPES: readonly string[] = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const APP_ARMOR_PROFILE_BYTES_MAX = 4095;
const SYSCTL_LENGTH_MAX = 253;
const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_PATTERN = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const SYSCTL = new RegExp(SYSCTL_PATTERN);
const IPC_SYSCTLS = /^(?:kernel\.(?:shm|msg|sem)|fs\.mqueue\.)/;

export function checkSecurityContext(errors: Errors, path: string, context: SecurityContext, hostUsers: boolean): void {
  if (context.runAsUser !== undefined) pushInvalid(errors, `${path}.runAsUser`, context.runAsUser, isValidUserId(context.runAsUser));
  if (context.runAsGroup !== undefined) pushInvalid(errors, `${path}.runAsGroup`, context.runAsGroup, isValidGroupId(context.runAsGroup));
  if (context.procMount !== undefined) checkProcMount(errors, `${path}.procMount`, context.procMount, hostUsers);
  if (context.seccompProfile) checkSeccompProfile(errors, `${path}.seccompProfile`, context.seccompProfile);
  if (context.allowPrivilegeEscalation === false) checkEscalation(errors, path, context);
  if (context.windowsOptions) checkWindowsOptions(errors, `${path}.windowsOptions`, context.windowsOptions);
  if (context.appArmorProfile) checkAppArmorProfile(errors, `${path}.appArmorProfile`, context.appArmorProfile);
}

function checkProcMount(errors: Errors, path: string, procMount: string, hostUsers: boolean): void {
  if (procMount !== 'Default' && procMount !== 'Unmasked') {
    errors.push(fieldError.notSupported(path, procMount, ['Default', 'Unmasked']));
  }
  if (hostUsers && procMount === 'Unmasked') {
    errors.push(fieldError.invalid(path, procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
}

function checkEscalation(errors: Errors, path: string, context: SecurityContext): void {
  const refuse = (what: string): void => {
    const message = `cannot set \`allowPrivilegeEscalation\` to false and ${what}`;
    errors.push(fieldError.invalid(path, goSecurityContext(context), message));
  };
  if (context.privileged === true) refuse('`privileged` to true');
  for (const capability of listOf(context.capabilities?.add)) {
    if (capability === 'CAP_SYS_ADMIN') refuse('`capabilities.Add` CAP_SYS_ADMIN');
  }
}

/** `spec.securityContext`, with what upstream keeps in the same struct: host namespaces and the shared process namespace. */
export function checkPodSecurityContext(errors: Errors, path: string, spec: PodSpec): void {
  const context = spec.securityContext;
  if (context) checkIds(errors, path, context);
  if (spec.shareProcessNamespace === true && spec.hostPID) {
    const message = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(fieldError.invalid(`${path}.shareProcessNamespace`, true, message));
  }
  if (!context) return;
  if (context.sysctls) checkSysctls(errors, `${path}.sysctls`, context.sysctls, spec);
  checkOneOf(errors, `${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
  if (context.seccompProfile) checkSeccompProfile(errors, `${path}.seccompProfile`, context.seccompProfile);
  if (context.windowsOptions) checkWindowsOptions(errors, `${path}.windowsOptions`, context.windowsOptions);
  if (context.appArmorProfile) checkAppArmorProfile(errors, `${path}.appArmorProfile`, context.appArmorProfile);
  checkOneOf(errors, `${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']);
  checkOneOf(errors, `${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['Recursive']);
}

function checkOneOf(errors: Errors, path: string, value: string | undefined, choices: readonly string[]): void {
  if (value !== undefined && !choices.includes(value)) errors.push(fieldError.notSupported(path, value, choices));
}

function checkIds(errors: Errors, path: string, context: NonNullable<PodSpec['securityContext']>): void {
  for (const field of ['fsGroup', 'runAsUser', 'runAsGroup'] as const) {
    const id = context[field];
    if (id !== undefined) pushInvalid(errors, `${path}.${field}`, id, isValidGroupId(id));
  }
  listOf(context.supplementalGroups).forEach((id, i) => {
    pushInvalid(errors, `${path}.supplementalGroups[${i}]`, id, isValidGroupId(id));
  });
}

function checkSysctls(errors: Errors, path: string, sysctls: readonly Sysctl[], spec: PodSpec): void {
  const names = new Set<string>();
  sysctls.forEach(({ name }, i) => {
    const at = `${path}[${i}].name`;
    if (isEmpty(name)) errors.push(fieldError.required(at));
    else if (name.length > SYSCTL_LENGTH_MAX || !SYSCTL.test(name)) {
      const message = `must have at most ${SYSCTL_LENGTH_MAX} characters and match regex ${SYSCTL_PATTERN}`;
      errors.push(fieldError.invalid(at, name, message));
    } else if (names.has(name)) errors.push(fieldError.duplicate(at, name));
    const dotted = name.replaceAll('/', '.');
    if (spec.hostNetwork && dotted.startsWith('net.')) {
      errors.push(fieldError.invalid(at, name, "may not be specified when 'hostNetwork' is true"));
    } else if (spec.hostIPC && IPC_SYSCTLS.test(dotted)) {
      errors.push(fieldError.invalid(at, name, "may not be specified when 'hostIPC' is true"));
    }
    names.add(name);
  });
}

function checkSeccompProfile(errors: Errors, path: string, profile: SeccompProfile): void {
  if (profile.type === '') errors.push(fieldError.required(`${path}.type`, 'type is required when seccompProfile is set'));
  else if (!PROFILE_TYPES.includes(profile.type)) errors.push(fieldError.notSupported(`${path}.type`, profile.type, PROFILE_TYPES));
  const at = `${path}.localhostProfile`;
  if (profile.type !== 'Localhost') {
    if (profile.localhostProfile === undefined) return;
    errors.push(fieldError.invalid(at, goSeccompProfile(profile), 'can only be set when seccomp type is Localhost'));
  } else if (profile.localhostProfile === undefined) {
    errors.push(fieldError.required(at, 'must be set when seccomp type is Localhost'));
  } else {
    checkLocalDescendingPath(errors, at, profile.localhostProfile);
  }
}

/** A profile of a pod or container, also one made from an annotation. */
export function checkAppArmorProfile(errors: Errors, path: string, { type, localhostProfile }: AppArmorProfile): void {
  const at = `${path}.localhostProfile`;
  switch (type) {
    case 'Localhost':
      checkLocalhostProfile(errors, at, localhostProfile);
      return;
    case 'RuntimeDefault':
    case 'Unconfined':
      if (localhostProfile !== undefined) {
        errors.push(fieldError.invalid(at, localhostProfile, 'can only be set when AppArmor type is Localhost'));
      }
      return;
    case '':
      errors.push(fieldError.required(`${path}.type`, 'type is required when appArmorProfile is set'));
      return;
    default:
      errors.push(fieldError.notSupported(`${path}.type`, type, PROFILE_TYPES));
  }
}

function checkLocalhostProfile(errors: Errors, path: string, profile: string | undefined): void {
  if (profile === undefined || profile === '') {
    errors.push(fieldError.required(path, 'must be set when AppArmor type is Localhost'));
    return;
  }
  if (profile !== profile.trim()) errors.push(fieldError.invalid(path, profile, 'must not be padded with whitespace'));
  if (bytesOf(profile) > APP_ARMOR_PROFILE_BYTES_MAX) errors.push(fieldError.tooLong(path, APP_ARMOR_PROFILE_BYTES_MAX));
}

const GMSA_SPEC_KIB_MAX = 64;
const DOMAIN_LENGTH_MAX = 256;
const USER_LENGTH_MAX = 104;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;
const NETBIOS_DOMAIN = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_DOMAIN = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const BAD_USER_CHARACTERS = /["/\\:;|=,+*?<>@[\]]/;
const DOTS_AND_SPACES = /^[. ]+$/;

function checkWindowsOptions(errors: Errors, path: string, options: WindowsSecurityContextOptions): void {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  if (name !== undefined) pushInvalid(errors, `${path}.gmsaCredentialSpecName`, name, isDns1123Subdomain(name));
  const at = `${path}.gmsaCredentialSpec`;
  if (spec === '') errors.push(fieldError.invalid(at, spec, 'gmsaCredentialSpec cannot be an empty string'));
  else if (spec !== undefined && bytesOf(spec) > GMSA_SPEC_KIB_MAX * 1024) {
    errors.push(fieldError.invalid(at, spec, `gmsaCredentialSpec size must be under ${GMSA_SPEC_KIB_MAX} KiB`));
  }
  if (user !== undefined) pushInvalid(errors, `${path}.runAsUserName`, user, windowsUserTroubles(user));
}

function windowsUserTroubles(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (CONTROL.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const user = parts.at(-1) ?? '';
  const troubles: string[] = [];
  if (domain !== undefined && domain.length >= DOMAIN_LENGTH_MAX) {
    troubles.push(`runAsUserName's Domain length must be under ${DOMAIN_LENGTH_MAX} characters`);
  }
  if (domain !== undefined && !NETBIOS_DOMAIN.test(domain) && !DNS_DOMAIN.test(domain)) {
    troubles.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (user === '') troubles.push("runAsUserName's User cannot be empty");
  else if (user.length > USER_LENGTH_MAX) {
    troubles.push(`runAsUserName's User length must not be longer than ${USER_LENGTH_MAX} characters`);
  }
  if (DOTS_AND_SPACES.test(user)) troubles.push("runAsUserName's User cannot contain only periods or spaces");
  if (BAD_USER_CHARACTERS.test(user)) {
    troubles.push(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  }
  return troubles;
}
