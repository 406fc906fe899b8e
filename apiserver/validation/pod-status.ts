import {
  type Container,
  type ContainerStatus,
  type FieldError,
  fieldError,
  isDns1123Subdomain,
  isQualifiedName,
  isValidGroupId,
  isValidLegacyIp,
  isValidUserId,
  type Pod,
  type PodCondition,
  parseIp,
} from '../../api/index.ts';
import { type Errors, IMMUTABLE_MESSAGE, listOf, pushInvalid } from './field-errors.ts';
import { goIp } from './go-struct.ts';
import { checkPodAnnotations, checkPodAnnotationsUpdate } from './pod-annotations.ts';

const SYSTEM_CONDITIONS: ReadonlySet<string> = new Set(['PodScheduled', 'Ready', 'Initialized']);
const NEGATIVE_GENERATION = 'must be a non-negative integer';

/** A new status of a pod. Its phase is anybody's word. */
export function validatePodStatusUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: Errors = [];
  const { status } = pod;
  checkPodAnnotationsUpdate(errors, 'metadata.annotations', pod.metadata.annotations, old.metadata.annotations);
  checkPodAnnotations(errors, 'metadata.annotations', pod.metadata.annotations, pod.spec);
  const { observedGeneration = 0, nominatedNodeName } = status;
  if (observedGeneration < 0) {
    errors.push(fieldError.invalid('status.observedGeneration', observedGeneration, NEGATIVE_GENERATION));
  }
  checkConditions(errors, listOf(status.conditions));
  if (nominatedNodeName && nominatedNodeName !== old.status.nominatedNodeName) {
    pushInvalid(errors, 'status.nominatedNodeName', nominatedNodeName, isDns1123Subdomain(nominatedNodeName));
  }
  if (status.qosClass !== old.status.qosClass) {
    errors.push(fieldError.invalid('status.qosClass', status.qosClass ?? '', IMMUTABLE_MESSAGE));
  }
  checkTransitions(errors, pod, old);
  checkClaimStatuses(errors, pod);
  checkPodIps(errors, pod);
  checkHostIps(errors, pod);
  for (const [list, containers] of [
    ['containerStatuses', listOf(pod.spec.containers)],
    ['initContainerStatuses', listOf(pod.spec.initContainers)],
    ['ephemeralContainerStatuses', []],
  ] as const) {
    checkContainerUsers(errors, `status.${list}`, listOf(status[list]), pod.spec.os?.name === 'windows');
    checkResourceHealth(errors, `status.${list}`, listOf(status[list]), containers);
  }
  return errors;
}

function checkConditions(errors: Errors, conditions: readonly PodCondition[]): void {
  conditions.forEach(({ type, observedGeneration = 0 }, i) => {
    if (observedGeneration < 0) {
      errors.push(fieldError.invalid(`status.conditions[${i}].observedGeneration`, observedGeneration, NEGATIVE_GENERATION));
    }
    if (!SYSTEM_CONDITIONS.has(type)) pushInvalid(errors, `status.conditions[${i}].Type`, type, isQualifiedName(type));
  });
}

/** A container that is not to be restarted stays terminated. */
function checkTransitions(errors: Errors, pod: Pod, old: Pod): void {
  const policy = old.spec.restartPolicy ?? 'Always';
  const sidecars = new Set(listOf(old.spec.initContainers).flatMap((c) => (c.restartPolicy === 'Always' ? [c.name] : [])));
  const check = (list: 'containerStatuses' | 'initContainerStatuses' | 'ephemeralContainerStatuses', restartPolicy: string): void => {
    if (restartPolicy === 'Always') return;
    listOf(old.status[list]).forEach(({ name, state }, i) => {
      const terminated = state?.terminated;
      const restarts = restartPolicy === 'OnFailure' && terminated?.exitCode !== 0;
      if (!terminated || restarts || (list === 'initContainerStatuses' && sidecars.has(name))) return;
      for (const now of listOf(pod.status[list])) {
        if (now.name !== name || now.state?.terminated) continue;
        errors.push(fieldError.forbidden(`status.${list}[${i}].state`, 'may not be transitioned to non-terminated state'));
      }
    });
  };
  check('containerStatuses', policy);
  check('initContainerStatuses', policy);
  check('ephemeralContainerStatuses', 'Never');
}

function checkClaimStatuses(errors: Errors, { spec, status }: Pod): void {
  const names = new Set<string>();
  listOf(status.resourceClaimStatuses).forEach(({ name, resourceClaimName }, i) => {
    const path = `status.resourceClaimStatuses[${i}].name`;
    if (!listOf(spec.resourceClaims).some((claim) => claim.name === name)) {
      errors.push(fieldError.invalid(path, name, 'must match the name of an entry in `spec.resourceClaims`'));
    }
    if (names.has(name)) errors.push(fieldError.duplicate(path, name));
    names.add(name);
    if (resourceClaimName !== undefined) pushInvalid(errors, path, resourceClaimName, isDns1123Subdomain(resourceClaimName));
  });
}

function checkPodIps(errors: Errors, { status }: Pod): void {
  const ips = listOf(status.podIPs);
  ips.forEach(({ ip }, i) => {
    pushInvalid(errors, `status.podIPs[${i}]`, ip, isValidLegacyIp(ip, false));
  });
  checkIpList(errors, 'status.podIPs', ips);
}

function checkHostIps(errors: Errors, { status }: Pod): void {
  const ips = listOf(status.hostIPs);
  const first = ips[0]?.ip;
  if (first === undefined) return;
  if ((status.hostIP ?? '') !== first) errors.push(fieldError.invalid('status.hostIPs[0].ip', first, 'must be equal to `hostIP`'));
  ips.forEach(({ ip }, i) => {
    pushInvalid(errors, `status.hostIPs[${i}]`, ip, isValidLegacyIp(ip, false));
  });
  checkIpList(errors, 'status.hostIPs', ips);
}

/** One address of each family at most. */
function checkIpList(errors: Errors, path: string, ips: readonly { readonly ip: string }[]): void {
  if (ips.length < 2) return;
  const unread = ips.findIndex(({ ip }) => !parseIp(ip));
  if (unread >= 0) {
    errors.push(fieldError.internal(path, `failed to check for dual stack with error:invalid IP[${unread}]: ${ips[unread]?.ip}`));
  }
  const families = new Set(ips.map(({ ip }) => parseIp(ip)?.family));
  if (unread >= 0 || families.size < 2 || ips.length > 2) {
    errors.push(fieldError.invalid(path, ips.map(goIp), 'may specify no more than one IP for each IP family'));
  }
}

function checkContainerUsers(errors: Errors, path: string, statuses: readonly ContainerStatus[], onWindows: boolean): void {
  statuses.forEach(({ user }, i) => {
    const linux = user?.linux;
    if (!linux) return;
    const at = `${path}[${i}].user.linux`;
    if (onWindows) {
      errors.push(fieldError.forbidden(at, 'cannot be set for a windows pod'));
      return;
    }
    pushInvalid(errors, `${at}.uid`, linux.uid, isValidUserId(linux.uid));
    pushInvalid(errors, `${at}.gid`, linux.gid, isValidGroupId(linux.gid));
    listOf(linux.supplementalGroups).forEach((gid, j) => {
      pushInvalid(errors, `${at}.supplementalGroups[${j}]`, gid, isValidGroupId(gid));
    });
  });
}

const HEALTH: readonly string[] = ['Healthy', 'Unhealthy', 'Unknown'];

function checkResourceHealth(errors: Errors, path: string, statuses: readonly ContainerStatus[], containers: readonly Container[]): void {
  statuses.forEach(({ name, allocatedResourcesStatus }, i) => {
    listOf(allocatedResourcesStatus).forEach((resource, j) => {
      const at = `${path}[${i}].allocatedResourcesStatus[${j}]`;
      const container = containers.find((c) => c.name === name);
      if (container && !(resource.name in (container.resources?.requests ?? {})) && !resource.name.startsWith('claim:')) {
        errors.push(fieldError.invalid(`${at}.name`, resource.name, "must match one of the container's resource requests"));
      }
      listOf(resource.resources).forEach(({ health = '' }, k) => {
        if (!HEALTH.includes(health)) errors.push(fieldError.notSupported(`${at}.resources[${k}].health`, health, HEALTH));
      });
    });
  });
}
