import {
  fieldError,
  type HostAlias,
  isDns1123Label,
  isDns1123Subdomain,
  isDns1123SubdomainWithUnderscore,
  isQualifiedName,
  isValidLegacyIp,
  NO_FIELD,
  type PodDNSConfig,
  type PodResourceClaim,
  type PodSchedulingGate,
  type PodSpec,
  rangeError,
} from '../../api/index.ts';
import { checkAffinity, checkTopologySpread } from './affinity.ts';
import { checkChoice, checkContainers, checkEphemeralContainers, checkInitContainers } from './container.ts';
import { type Errors, INT32_MAX, isEmpty, listOf, pushInvalid } from './field-errors.ts';
import { goResourceClaim } from './go-struct.ts';
import { checkLabels } from './meta.ts';
import { checkPodResources } from './pod-level-resources.ts';
import { checkHostProcess, checkOs } from './pod-os.ts';
import type { PodScope } from './pod-scope.ts';
import { checkContainerResources } from './resources.ts';
import { checkPodSecurityContext } from './security-context.ts';
import { checkTolerations } from './tolerations.ts';
import { checkVolumes } from './volume.ts';

const RESTART_POLICIES: readonly string[] = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES: readonly string[] = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const PREEMPTION_POLICIES: readonly string[] = ['PreemptLowerPriority', 'Never'];

const NAMESERVERS_MAX = 3;
const SEARCH_PATHS_MAX = 32;
const SEARCH_LENGTH_MAX = 2048;

const NOTHING: ReadonlySet<string> = new Set();

/** Whose spec it is. */
export interface PodSpecOwner {
  readonly isPod: boolean;
  /** Name of the pod; empty in a template. */
  readonly podName: string;
  /** The pod is the mirror of a static one. */
  readonly isMirror?: boolean | undefined;
}

/** A pod's spec, or a template's. */
export function checkPodSpec(errors: Errors, path: string, spec: PodSpec, owner: PodSpecOwner): void {
  if (spec.terminationGracePeriodSeconds === undefined) errors.push(fieldError.required(`${path}.terminationGracePeriodSeconds`));
  const scope = {
    spec,
    ...owner,
    volumes: checkVolumes(errors, `${path}.volumes`, spec, owner.podName),
    claimNames: claimNamesOf(spec),
    graceSeconds: spec.terminationGracePeriodSeconds,
    hostUsers: spec.hostUsers ?? true,
  };
  if (spec.resourceClaims) checkResourceClaims(errors, `${path}.resourceClaims`, spec.resourceClaims, owner);
  checkContainers(errors, `${path}.containers`, listOf(spec.containers), scope);
  checkInitContainers(errors, `${path}.initContainers`, listOf(spec.initContainers), scope);
  checkEphemeralContainers(errors, `${path}.ephemeralContainers`, scope);
  checkPodResources(errors, `${path}.resources`, spec);
  if (spec.hostNetwork) checkHostNetworkPorts(errors, `${path}.containers`, scope);
  checkChoice(errors, `${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  checkChoice(errors, `${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  checkLabels(errors, `${path}.nodeSelector`, spec.nodeSelector);
  checkPodSecurityContext(errors, `${path}.securityContext`, spec);
  checkPlacement(errors, path, spec);
  checkHostProcess(errors, path, spec);
  if (spec.hostUsers === false) checkUserNamespace(errors, path, spec);
  checkNames(errors, path, spec);
  checkRest(errors, path, spec);
}

function claimNamesOf({ resourceClaims }: PodSpec): ReadonlySet<string> {
  return resourceClaims ? new Set(resourceClaims.map(({ name }) => name).filter((name) => name !== '')) : NOTHING;
}

function checkResourceClaims(errors: Errors, path: string, claims: readonly PodResourceClaim[], { isMirror }: PodSpecOwner): void {
  if (isMirror) {
    for (const _ of claims) errors.push(fieldError.forbidden(NO_FIELD, 'static pods do not support resource claims'));
    return;
  }
  const names = new Set<string>();
  claims.forEach((claim, i) => {
    const at = `${path}[${i}]`;
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    if (isEmpty(name)) errors.push(fieldError.required(`${at}.name`));
    else if (names.has(name)) errors.push(fieldError.duplicate(`${at}.name`, name));
    else pushInvalid(errors, `${at}.name`, name, isDns1123Label(name));
    names.add(name);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined) {
      const message = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      errors.push(fieldError.invalid(at, goResourceClaim(claim), message));
    }
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined) {
      const message = 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`';
      errors.push(fieldError.invalid(at, goResourceClaim(claim), message));
    }
    checkSubdomain(errors, `${at}.resourceClaimName`, resourceClaimName);
    checkSubdomain(errors, `${at}.resourceClaimTemplateName`, resourceClaimTemplateName);
  });
}

function checkSubdomain(errors: Errors, path: string, name: string | undefined): void {
  if (name !== undefined) pushInvalid(errors, path, name, isDns1123Subdomain(name));
}

/** On the host's network a port is the host's; in a template the host port may still be open. */
function checkHostNetworkPorts(errors: Errors, path: string, { spec, isPod }: PodScope): void {
  listOf(spec.containers).forEach(({ ports }, i) => {
    listOf(ports).forEach(({ hostPort = 0, containerPort }, j) => {
      if (hostPort === containerPort || (hostPort === 0 && !isPod)) return;
      const message = 'must match `containerPort` when `hostNetwork` is true';
      errors.push(fieldError.invalid(`${path}[${i}].ports[${j}].hostPort`, hostPort, message));
    });
  });
}

function checkPlacement(errors: Errors, path: string, spec: PodSpec): void {
  if (spec.affinity) checkAffinity(errors, `${path}.affinity`, spec.affinity);
  if (spec.dnsConfig || spec.dnsPolicy === 'None') checkDns(errors, `${path}.dnsConfig`, spec.dnsConfig, spec.dnsPolicy);
  listOf(spec.readinessGates).forEach(({ conditionType }, i) => {
    pushInvalid(errors, `${path}.readinessGates[${i}].conditionType`, conditionType, isQualifiedName(conditionType));
  });
  if (spec.schedulingGates) checkSchedulingGates(errors, `${path}.schedulingGates`, spec.schedulingGates);
  const constraints = spec.topologySpreadConstraints;
  if (constraints) checkTopologySpread(errors, `${path}.topologySpreadConstraints`, constraints);
}

function checkSchedulingGates(errors: Errors, path: string, gates: readonly PodSchedulingGate[]): void {
  const names = new Set<string>();
  gates.forEach(({ name }, i) => {
    pushInvalid(errors, `${path}[${i}]`, name, isQualifiedName(name));
    if (names.has(name)) errors.push(fieldError.duplicate(`${path}[${i}]`, name));
    names.add(name);
  });
}

function checkDns(errors: Errors, path: string, config: PodDNSConfig | undefined, policy: string | undefined): void {
  const nameservers = listOf(config?.nameservers);
  if (policy === 'None') {
    if (!config) {
      errors.push(fieldError.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None'));
      return;
    }
    if (nameservers.length === 0) {
      errors.push(fieldError.required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
      return;
    }
  }
  if (nameservers.length > NAMESERVERS_MAX) {
    errors.push(fieldError.invalid(`${path}.nameservers`, nameservers, `must not have more than ${NAMESERVERS_MAX} nameservers`));
  }
  nameservers.forEach((ip, i) => {
    pushInvalid(errors, `${path}.nameservers[${i}]`, ip, isValidLegacyIp(ip, false));
  });
  checkSearches(errors, `${path}.searches`, listOf(config?.searches));
  listOf(config?.options).forEach(({ name }, i) => {
    if (isEmpty(name)) errors.push(fieldError.required(`${path}.options[${i}]`, 'must not be empty'));
  });
}

function checkSearches(errors: Errors, path: string, searches: readonly string[]): void {
  if (searches.length > SEARCH_PATHS_MAX) {
    errors.push(fieldError.invalid(path, searches, `must not have more than ${SEARCH_PATHS_MAX} search paths`));
  }
  if (searches.join(' ').length > SEARCH_LENGTH_MAX) {
    const message = `must not have more than ${SEARCH_LENGTH_MAX} characters (including spaces) in the search list`;
    errors.push(fieldError.invalid(path, searches, message));
  }
  searches.forEach((search, i) => {
    if (search === '.') return;
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    pushInvalid(errors, `${path}[${i}]`, name, isDns1123SubdomainWithUnderscore(name));
  });
}

function checkUserNamespace(errors: Errors, path: string, spec: PodSpec): void {
  const refuse = (field: string): void => {
    errors.push(fieldError.forbidden(`${path}.${field}`, 'when `hostUsers` is false'));
  };
  if (spec.hostNetwork) refuse('hostNetwork');
  if (spec.hostPID) refuse('HostPID');
  if (spec.hostIPC) refuse('HostIPC');
}

function checkNames(errors: Errors, path: string, spec: PodSpec): void {
  if (spec.serviceAccountName) checkSubdomain(errors, `${path}.serviceAccountName`, spec.serviceAccountName);
  if (spec.nodeName) checkSubdomain(errors, `${path}.nodeName`, spec.nodeName);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > INT32_MAX)) {
    errors.push(fieldError.invalid(`${path}.activeDeadlineSeconds`, deadline, rangeError(1, INT32_MAX)));
  }
  if (spec.hostname) pushInvalid(errors, `${path}.hostname`, spec.hostname, isDns1123Label(spec.hostname));
  if (spec.subdomain) pushInvalid(errors, `${path}.subdomain`, spec.subdomain, isDns1123Label(spec.subdomain));
  checkTolerations(errors, `${path}.tolerations`, spec.tolerations);
  if (spec.hostAliases) checkHostAliases(errors, `${path}.hostAliases`, spec.hostAliases);
  if (spec.priorityClassName) checkSubdomain(errors, `${path}.priorityClassName`, spec.priorityClassName);
  checkSubdomain(errors, `${path}.runtimeClassName`, spec.runtimeClassName);
}

function checkHostAliases(errors: Errors, path: string, aliases: readonly HostAlias[]): void {
  aliases.forEach(({ ip, hostnames }, i) => {
    pushInvalid(errors, `${path}[${i}].ip`, ip, isValidLegacyIp(ip, false));
    listOf(hostnames).forEach((name, j) => {
      pushInvalid(errors, `${path}[${i}].hostnames[${j}]`, name, isDns1123Subdomain(name));
    });
  });
}

function checkRest(errors: Errors, path: string, spec: PodSpec): void {
  if (spec.preemptionPolicy !== undefined) {
    checkChoice(errors, `${path}.preemptionPolicy`, spec.preemptionPolicy, PREEMPTION_POLICIES);
  }
  if (spec.overhead) checkContainerResources(errors, `${path}.overhead`, { limits: spec.overhead }, NOTHING);
  checkOs(errors, path, spec);
}
