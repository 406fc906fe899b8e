import {
  type Container,
  type ContainerPort,
  type ContainerResizePolicy,
  type EphemeralContainer,
  fieldError,
  isDns1123Label,
  isValidPortName,
  isValidPortNum,
} from '../../api/index.ts';
import { emptyIn, holdsEmpties } from '../../api/schema.ts';
import { checkEnv, checkEnvFrom } from './env.ts';
import { type Errors, isEmpty, listOf, pushInvalid } from './field-errors.ts';
import type { PodScope } from './pod-scope.ts';
import { checkLifecycle, checkProbes } from './probe.ts';
import { checkContainerResources } from './resources.ts';
import { checkSecurityContext } from './security-context.ts';
import { checkVolumeDevices, checkVolumeMounts } from './volume-mounts.ts';

const PROTOCOLS: readonly string[] = ['SCTP', 'TCP', 'UDP'];
const PULL_POLICIES: readonly string[] = ['Always', 'IfNotPresent', 'Never'];
const MESSAGE_POLICIES: readonly string[] = ['File', 'FallbackToLogsOnError'];
const RESIZE_RESOURCES: readonly string[] = ['cpu', 'memory'];
const RESIZE_POLICIES: readonly string[] = ['NotRequired', 'RestartContainer'];

const SIDECARS_ONLY = 'may not be set for init containers without restartPolicy=Always';
const NOT_EPHEMERAL = 'cannot be set for an Ephemeral Container';

/** What an ephemeral container must not have, in the order of upstream's struct. */
const NOT_IN_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const;

/** The main containers. */
export function checkContainers(errors: Errors, path: string, containers: readonly Container[], scope: PodScope): void {
  if (containers.length === 0) {
    errors.push(fieldError.required(path));
    return;
  }
  for (const [i, container] of containers.entries()) {
    const at = `${path}[${i}]`;
    checkCommon(errors, at, container, scope);
    if (isNameTaken(containers, i)) errors.push(fieldError.duplicate(`${at}.name`, container.name));
    if (container.lifecycle) checkLifecycle(errors, `${at}.lifecycle`, container.lifecycle, scope.graceSeconds);
    checkProbes(errors, at, container, scope.graceSeconds);
    if (container.restartPolicy !== undefined) {
      errors.push(fieldError.forbidden(`${at}.restartPolicy`, 'may not be set for non-init containers'));
    }
  }
  checkHostPorts(errors, path, containers);
}

function isNameTaken(containers: readonly Container[], i: number): boolean {
  const name = containers[i]?.name;
  for (let j = 0; j < i; j++) if (containers[j]?.name === name) return true;
  return false;
}

/** Init containers, of which those with restartPolicy Always (sidecars) may have probes and hooks. */
export function checkInitContainers(errors: Errors, path: string, containers: readonly Container[], scope: PodScope): void {
  if (containers.length === 0) return;
  const names = new Set(listOf(scope.spec.containers).map(({ name }) => name));
  for (const [i, container] of containers.entries()) {
    const at = `${path}[${i}]`;
    checkCommon(errors, at, container, scope);
    if (container.restartPolicy !== undefined && container.restartPolicy !== 'Always') {
      errors.push(fieldError.notSupported(`${at}.restartPolicy`, container.restartPolicy, ['Always']));
    }
    if (names.has(container.name)) errors.push(fieldError.duplicate(`${at}.name`, container.name));
    else if (container.name) names.add(container.name);
    checkHostPorts(errors, path, [container]);
    checkInitHooks(errors, at, container, scope.graceSeconds);
  }
}

function checkInitHooks(errors: Errors, path: string, container: Container, grace: number | undefined): void {
  if (container.restartPolicy === 'Always') {
    if (container.lifecycle) checkLifecycle(errors, `${path}.lifecycle`, container.lifecycle, grace);
    checkProbes(errors, path, container, grace);
    return;
  }
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    if (container[field]) errors.push(fieldError.forbidden(`${path}.${field}`, SIDECARS_ONLY));
  }
}

/** Ephemeral containers: checked in templates too, where there may be none. */
export function checkEphemeralContainers(errors: Errors, path: string, scope: PodScope): void {
  const containers = listOf(scope.spec.ephemeralContainers);
  if (containers.length === 0) return;
  const others = new Set([...listOf(scope.spec.containers), ...listOf(scope.spec.initContainers)].map(({ name }) => name));
  const names = new Set(others);
  for (const [i, container] of containers.entries()) {
    const at = `${path}[${i}]`;
    checkCommon(errors, at, container, scope);
    checkImagePadding(errors, at, container);
    if (names.has(container.name)) errors.push(fieldError.duplicate(`${at}.name`, container.name));
    names.add(container.name);
    const target = container.targetContainerName;
    if (target && !others.has(target)) errors.push(fieldError.notFound(`${at}.targetContainerName`, target));
    checkEphemeralFields(errors, at, container);
  }
}

/** Whether a field has Go's zero value. @param isStruct it is no pointer: without fields it is zero, but not with one that was given as empty. */
function isZero(value: object | string | undefined, isStruct: boolean): boolean {
  if (value === undefined) return true;
  if (typeof value === 'string' || !(isStruct || Array.isArray(value))) return false;
  return Object.keys(value).length === 0 && !holdsEmpties(value);
}

function checkEphemeralFields(errors: Errors, path: string, container: EphemeralContainer): void {
  for (const field of NOT_IN_EPHEMERAL) {
    const isUnset = isZero(container[field], field === 'resources') && emptyIn(container, field) === undefined;
    if (!isUnset) errors.push(fieldError.forbidden(`${path}.${field}`, NOT_EPHEMERAL));
  }
  listOf(container.volumeMounts).forEach(({ subPath, subPathExpr }, i) => {
    const at = `${path}.volumeMounts[${i}]`;
    if (subPath) errors.push(fieldError.forbidden(`${at}.subPath`, NOT_EPHEMERAL));
    if (subPathExpr) errors.push(fieldError.forbidden(`${at}.subPathExpr`, NOT_EPHEMERAL));
  });
}

/** What pods, but not templates, are held to. */
export function checkImagePadding(errors: Errors, path: string, { image = '' }: Pick<Container, 'image'>): void {
  if (image !== image.trim()) errors.push(fieldError.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace'));
}

/** What holds for containers of every kind. */
function checkCommon(errors: Errors, path: string, container: Container, scope: PodScope): void {
  if (isEmpty(container.name)) errors.push(fieldError.required(`${path}.name`));
  else pushInvalid(errors, `${path}.name`, container.name, isDns1123Label(container.name));
  if (isEmpty(container.image)) errors.push(fieldError.required(`${path}.image`));
  checkChoice(errors, `${path}.terminationMessagePolicy`, container.terminationMessagePolicy, MESSAGE_POLICIES);
  if (container.ports) checkPorts(errors, `${path}.ports`, container.ports);
  if (container.env) checkEnv(errors, `${path}.env`, container.env);
  if (container.envFrom) checkEnvFrom(errors, `${path}.envFrom`, container.envFrom);
  if (container.volumeMounts) checkVolumeMounts(errors, `${path}.volumeMounts`, container, scope.volumes);
  if (container.volumeDevices) checkVolumeDevices(errors, `${path}.volumeDevices`, container, scope.volumes);
  checkChoice(errors, `${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES);
  checkContainerResources(errors, `${path}.resources`, container.resources, scope.claimNames);
  if (container.resizePolicy) checkResizePolicy(errors, `${path}.resizePolicy`, container.resizePolicy, scope.spec.restartPolicy);
  if (container.securityContext) checkSecurityContext(errors, `${path}.securityContext`, container.securityContext, scope.hostUsers);
}

/** One of a few words; it has to be there, since defaulting would have set it. */
export function checkChoice(errors: Errors, path: string, value: string | undefined, choices: readonly string[]): void {
  if (value === undefined || value === '') errors.push(fieldError.required(path));
  else if (!choices.includes(value)) errors.push(fieldError.notSupported(path, value, choices));
}

function checkPorts(errors: Errors, path: string, ports: readonly ContainerPort[]): void {
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const at = `${path}[${i}]`;
    if (port.name) checkPortName(errors, `${at}.name`, port.name, names);
    if (port.containerPort === 0) errors.push(fieldError.required(`${at}.containerPort`));
    else pushInvalid(errors, `${at}.containerPort`, port.containerPort, isValidPortNum(port.containerPort));
    if (port.hostPort) pushInvalid(errors, `${at}.hostPort`, port.hostPort, isValidPortNum(port.hostPort));
    checkChoice(errors, `${at}.protocol`, port.protocol, PROTOCOLS);
  }
}

function checkPortName(errors: Errors, path: string, name: string, names: Set<string>): void {
  const messages = isValidPortName(name);
  pushInvalid(errors, path, name, messages);
  if (messages.length > 0) return;
  if (names.has(name)) errors.push(fieldError.duplicate(path, name));
  else names.add(name);
}

/** No host port twice among these containers. Paths are the list's, as upstream's. */
function checkHostPorts(errors: Errors, path: string, containers: readonly Container[]): void {
  let seen: Set<string> | undefined;
  containers.forEach(({ ports }, i) => {
    listOf(ports).forEach(({ protocol = '', hostIP = '', hostPort }, j) => {
      if (!hostPort) return;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      seen ??= new Set();
      if (seen.has(key)) errors.push(fieldError.duplicate(`${path}[${i}].ports[${j}].hostPort`, key));
      seen.add(key);
    });
  });
}

function checkResizePolicy(errors: Errors, path: string, policies: readonly ContainerResizePolicy[], restartPolicy?: string): void {
  const seen = new Set<string>();
  policies.forEach(({ resourceName, restartPolicy: policy }, i) => {
    if (seen.has(resourceName)) errors.push(fieldError.duplicate(`${path}[${i}]`, resourceName));
    seen.add(resourceName);
    checkChoice(errors, path, resourceName, RESIZE_RESOURCES);
    checkChoice(errors, path, policy, RESIZE_POLICIES);
    if (restartPolicy === 'Never' && policy !== 'NotRequired') {
      errors.push(fieldError.invalid(path, policy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
    }
  });
}
