import {
  type Affinity,
  type Container,
  type ContainerPort,
  type EnvVar,
  ipWarnings,
  isValidLabelValue,
  type NodeSelectorTerm,
  type ObjectMeta,
  type PersistentVolumeClaimSpec,
  type PodAffinity,
  type PodSpec,
  parseQuantity,
  type Volume,
} from '../../api/index.ts';
import { keysOf, listOf } from './field-errors.ts';
import { APP_ARMOR_PREFIX, SECCOMP_CONTAINER_PREFIX, SECCOMP_POD_ANNOTATION } from './pod-annotations.ts';
import { visitContainers } from './pod-os.ts';
import { warnOfOverlappingFiles } from './volume-path-warnings.ts';

/** What is accepted though it is doubtful: upstream's warnings of pods and templates (pkg/api/pod/warnings.go). */
export interface WarningSubject {
  readonly spec: PodSpec;
  readonly metadata: ObjectMeta | undefined;
  /** `''` for a pod, `spec.template.` for a template. */
  readonly prefix: string;
}

type Warn = (text: string) => void;

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const NULL_SELECTOR = 'a null labelSelector results in matching no pod';

export const DEPRECATED_NODE_LABELS: ReadonlyMap<string, string> = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

const DEPRECATED_ANNOTATIONS: ReadonlyMap<string, string> = new Map([
  ['scheduler.alpha.kubernetes.io/critical-pod', 'non-functional in v1.16+; use the "priorityClassName" field instead'],
  ['security.alpha.kubernetes.io/sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
  ['security.alpha.kubernetes.io/unsafe-sysctls', 'non-functional in v1.11+; use the "sysctls" field instead'],
]);

/** Retired volume kinds, in the order of upstream's checks. */
const RETIRED_VOLUMES: readonly (readonly [field: keyof Volume, path: string, text: string])[] = [
  ['photonPersistentDisk', 'photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'storageOS', 'deprecated in v1.22, non-functional in v1.25+'],
  ['quobyte', 'quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['cephfs', 'cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

export function warnOfPod(subject: WarningSubject, warn: Warn): void {
  const { spec, metadata, prefix } = subject;
  warnOfPlacement(spec, prefix, warn);
  if (metadata?.annotations) warnOfAnnotations(metadata.annotations, prefix, warn);
  listOf(spec.volumes).forEach((volume, i) => {
    const at = `${prefix}spec.volumes[${i}]`;
    for (const [field, path, text] of RETIRED_VOLUMES) if (volume[field]) warn(`${at}.${path}: ${text}`);
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
    if (claim) warnOfClaim(claim, `${at}.ephemeral.volumeClaimTemplate.spec`, warn);
  });
  for (const volume of listOf(spec.volumes)) warnOfOverlappingFiles(volume, warn);
  warnOfHosts(spec, prefix, warn);
  warnOfFraction(spec.overhead, `${prefix}spec.overhead`, warn);
  if (metadata?.annotations?.[SECCOMP_POD_ANNOTATION] !== undefined && !spec.securityContext?.seccompProfile) {
    warn(`${prefix}metadata.annotations[${SECCOMP_POD_ANNOTATION}]: non-functional in v1.27+; use the "seccompProfile" field instead`);
  }
  visitContainers(spec, `${prefix}spec`, (container, path) => warnOfContainer(subject, container, path, warn));
  warnOfPorts(spec, prefix, warn);
  warnOfPortNames(spec, prefix, warn);
  if (spec.terminationGracePeriodSeconds !== undefined && spec.terminationGracePeriodSeconds < 0) {
    warn(`${prefix}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  if (spec.affinity) warnOfPodAffinity(spec.affinity, `${prefix}spec.affinity`, warn);
  warnOfAddresses(spec, prefix, warn);
}

function warnOfPlacement(spec: PodSpec, prefix: string, warn: Warn): void {
  for (const key of keysOf(spec.nodeSelector)) {
    const text = DEPRECATED_NODE_LABELS.get(key);
    if (text !== undefined) warn(`${prefix}spec.nodeSelector[${key}]: ${text}`);
  }
  const path = `${prefix}spec.affinity.nodeAffinity`;
  listOf(spec.affinity?.nodeAffinity?.[REQUIRED]?.nodeSelectorTerms).forEach((term, i) => {
    warnOfTerm(term, `${path}.${REQUIRED}.nodeSelectorTerms[${i}]`, false, warn);
  });
  listOf(spec.affinity?.nodeAffinity?.[PREFERRED]).forEach(({ preference }, i) => {
    warnOfTerm(preference, `${path}.${PREFERRED}[${i}].preference`, true, warn);
  });
  listOf(spec.topologySpreadConstraints).forEach(({ topologyKey, labelSelector }, i) => {
    const at = `${prefix}spec.topologySpreadConstraints[${i}]`;
    const text = DEPRECATED_NODE_LABELS.get(topologyKey);
    if (text !== undefined) warn(`${at}.topologyKey: ${topologyKey} is ${text}`);
    if (!labelSelector) warn(`${at}.labelSelector: ${NULL_SELECTOR}`);
  });
}

export function warnOfTerm(term: NodeSelectorTerm, path: string, checkValues: boolean, warn: Warn): void {
  listOf(term.matchExpressions).forEach(({ key, values }, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    const text = DEPRECATED_NODE_LABELS.get(key);
    if (text !== undefined) warn(`${at}.key: ${key} is ${text}`);
    if (!checkValues) return;
    listOf(values).forEach((value, j) => {
      const messages = isValidLabelValue(value);
      if (messages.length > 0) warn(`${at}.values[${j}]: ${value} is invalid, ${messages.join(' or ')}`);
    });
  });
}

function warnOfAnnotations(annotations: Readonly<Record<string, string>>, prefix: string, warn: Warn): void {
  for (const [key, text] of DEPRECATED_ANNOTATIONS) {
    if (annotations[key] !== undefined) warn(`${prefix}metadata.annotations[${key}]: ${text}`);
  }
}

function warnOfHosts(spec: PodSpec, prefix: string, warn: Warn): void {
  const ips = new Set<string>();
  listOf(spec.hostAliases).forEach(({ ip }, i) => {
    if (ips.has(ip)) warn(`${prefix}spec.hostAliases[${i}].ip: duplicate ip "${ip}"`);
    ips.add(ip);
  });
  const secrets = listOf(spec.imagePullSecrets);
  const names = new Set<string>();
  secrets.forEach(({ name = '' }, i) => {
    if (names.has(name)) warn(`${prefix}spec.imagePullSecrets[${i}].name: duplicate name "${name}"`);
    names.add(name);
  });
  secrets.forEach(({ name = '' }, i) => {
    if (name === '') warn(`${prefix}spec.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
}

function warnOfAddresses(spec: PodSpec, prefix: string, warn: Warn): void {
  listOf(spec.dnsConfig?.nameservers).forEach((ip, i) => {
    for (const text of ipWarnings(ip)) warn(`${prefix}spec.dnsConfig.nameservers[${i}]: ${text}`);
  });
  listOf(spec.hostAliases).forEach(({ ip }, i) => {
    for (const text of ipWarnings(ip)) warn(`${prefix}spec.hostAliases[${i}].ip: ${text}`);
  });
}

type Amounts = Readonly<Record<string, string>> | undefined;

/** A claim of parts of bytes. Upstream: `GetWarningsForPersistentVolumeClaimSpec`. */
export function warnOfClaim({ resources }: PersistentVolumeClaimSpec, path: string, warn: Warn): void {
  for (const field of ['requests', 'limits'] as const) warnOfFraction(resources?.[field], `${path}.resources.${field}`, warn, ['storage']);
}

function warnOfFraction(amounts: Amounts, path: string, warn: Warn, names = ['memory', 'ephemeral-storage']): void {
  if (!amounts) return;
  for (const name of names) {
    const amount = amounts[name];
    if (amount === undefined || !/[mun.]/.test(amount) || parseQuantity(amount).milli() % 1000 === 0) continue;
    warn(`${path}[${name}]: fractional byte value "${amount}" is invalid, must be an integer`);
  }
}

function warnOfContainer({ spec, metadata, prefix }: WarningSubject, container: Container, path: string, warn: Warn): void {
  const { annotations } = metadata ?? {};
  if (annotations) {
    const seccomp = `${SECCOMP_CONTAINER_PREFIX}${container.name}`;
    if (annotations[seccomp] !== undefined && !container.securityContext?.seccompProfile) {
      warn(`${prefix}metadata.annotations[${seccomp}]: non-functional in v1.27+; use the "seccompProfile" field instead`);
    }
    const appArmor = `${APP_ARMOR_PREFIX}${container.name}`;
    const byField = spec.securityContext?.appArmorProfile ?? container.securityContext?.appArmorProfile;
    // A pod's annotation has been turned into the field by now, with the warning.
    if (prefix !== '' && annotations[appArmor] !== undefined && !byField) {
      warn(`${prefix}metadata.annotations[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
    }
  }
  const { limits, requests } = container.resources ?? {};
  warnOfFractions(limits, requests, path, warn);
  if (container.env && container.env.length > 1) warnOfEnv(container.env, path, warn);
}

/** Upstream goes by resource first, then by limits and requests. */
function warnOfFractions(limits: Amounts, requests: Amounts, path: string, warn: Warn): void {
  for (const name of ['memory', 'ephemeral-storage']) {
    const limit = limits?.[name];
    const request = requests?.[name];
    if (limit !== undefined) warnOfFraction({ [name]: limit }, `${path}.resources.limits`, warn);
    if (request !== undefined) warnOfFraction({ [name]: request }, `${path}.resources.requests`, warn);
  }
}

/** A variable set twice, unless the second value builds on the first. */
function warnOfEnv(env: readonly EnvVar[], path: string, warn: Warn): void {
  const names = new Set<string>();
  env.forEach(({ name, value = '', valueFrom }, i) => {
    const reference = `$(${name})`;
    if (names.has(name) && (valueFrom || value === reference || !value.includes(reference))) {
      warn(`${path}.env[${i}]: hides previous definition of "${name}", which may be dropped when using apply`);
    }
    names.add(name);
  });
}

interface PortPlace {
  readonly path: string;
  readonly port: ContainerPort;
}

function warnOfPorts(spec: PodSpec, prefix: string, warn: Warn): void {
  const places = new Map<string, PortPlace[]>();
  visitContainers(spec, `${prefix}spec`, ({ ports }, path) => {
    listOf(ports).forEach((port, i) => {
      const place = { path: `${path}.ports[${i}]`, port };
      if (port.hostIP && !port.hostPort) warn(`${place.path}: hostIP set without hostPort: ${goPort(port)}`);
      const key = `${port.containerPort}/${port.protocol ?? ''}`;
      const others = places.get(key) ?? [];
      for (const other of others) warnOfPortPair(place, other, warn);
      places.set(key, [...others, place]);
    });
  });
}

const goPort = ({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;

function warnOfPortPair({ path, port }: PortPlace, other: PortPlace, warn: Warn): void {
  const { hostIP = '', hostPort = 0 } = port;
  const { hostIP: otherIp = '', hostPort: otherPort = 0 } = other.port;
  if (hostIP === otherIp && hostPort === otherPort) warn(`${path}: duplicate port definition with ${other.path}`);
  else if (hostPort === 0 || otherPort === 0) warn(`${path}: overlapping port definition with ${other.path}`);
  else if (hostPort === otherPort && (hostIP === '') !== (otherIp === '')) {
    warn(`${path}: dangerously ambiguous port definition with ${other.path}`);
  }
}

/** A name that two containers' ports have: who asks for it gets the first. */
function warnOfPortNames(spec: PodSpec, prefix: string, warn: Warn): void {
  const places = new Map<string, string>();
  visitContainers(spec, `${prefix}spec`, ({ ports }, path) => {
    listOf(ports).forEach(({ name }, i) => {
      if (!name) return;
      const at = `${path}.ports[${i}]`;
      const first = places.get(name);
      if (first === undefined) places.set(name, at);
      else warn(`${at}: duplicate port name "${name}" with ${first}, services and probes that select ports by name will use ${first}`);
    });
  });
}

function warnOfPodAffinity(affinity: Affinity, path: string, warn: Warn): void {
  const check = (terms: PodAffinity | undefined, at: string): void => {
    listOf(terms?.[REQUIRED]).forEach(({ labelSelector }, i) => {
      if (!labelSelector) warn(`${at}.${REQUIRED}[${i}].labelSelector: ${NULL_SELECTOR}`);
    });
    listOf(terms?.[PREFERRED]).forEach(({ podAffinityTerm }, i) => {
      if (!podAffinityTerm.labelSelector) warn(`${at}.${PREFERRED}[${i}].podAffinityTerm.labelSelector: ${NULL_SELECTOR}`);
    });
  };
  check(affinity.podAffinity, `${path}.podAffinity`);
  check(affinity.podAntiAffinity, `${path}.podAntiAffinity`);
}
