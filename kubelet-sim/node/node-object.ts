import {
  type Draft,
  isExtendedResource,
  type Lease,
  type Live,
  type Node,
  type NodeCondition,
  type NodeStatus,
  parseQuantity,
  type Taint,
  toMicroTime,
  toTime,
} from '../../api/index.ts';
import type { Random } from '../../runtime/index.ts';
import type { Image } from '../runtime/image-service.ts';
import { type Threshold, thresholdQuantity } from './eviction.ts';
import { findingsOf, type NodeHealth } from './node-health.ts';

/** The version of kubelet whose behaviour this is. */
export const KUBELET_VERSION = 'v1.34.9';

const KERNEL_VERSION = '6.8.0-nanokube';
const OS_IMAGE = 'nanokube simulated node';

/** Images that a node's status lists, largest first; upstream's limit. */
const IMAGES_MAX = 50;

/** What a node is, as its process's options say. */
export interface NodeSpec {
  readonly name: string;
  /** Its own addresses: one, or one of each family, the preferred one first. */
  readonly ips: readonly string[];
  /** How the API server reaches the process. */
  readonly address: string;
  readonly port: number;
  readonly cpu: string;
  readonly memory: string;
  readonly ephemeralStorage: string;
  /** Below which it evicts; what hard thresholds keep free is not for pods. */
  readonly thresholds: readonly Threshold[];
  /** Resources beside the usual ones, e.g. `nvidia.com/gpu`. */
  readonly extendedResources?: Readonly<Record<string, string>> | undefined;
  readonly maxPods: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations beside the usual ones. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly taints: readonly Taint[];
  readonly runtimeVersion: string;
  /** Names that RuntimeClasses may give as their handler, beside the usual one. */
  readonly runtimeHandlers?: readonly string[] | undefined;
  /** Random, but the same for as long as the process lives. */
  readonly machineId: string;
}

/** Labels every node has. */
export function nodeLabels({ name, labels }: NodeSpec): Record<string, string> {
  return {
    'beta.kubernetes.io/arch': 'amd64',
    'beta.kubernetes.io/os': 'linux',
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    ...labels,
  };
}

/** The machine that it is. @param bootId of its last boot */
export const machineOf = ({ cpu, memory, machineId }: NodeSpec, bootId: string) => ({
  cpuCores: parseQuantity(cpu).milli() / 1000,
  memoryBytes: parseQuantity(memory).value(),
  machineId,
  systemUuid: uuidOf(machineId),
  bootId: uuidOf(bootId),
  kernelVersion: KERNEL_VERSION,
  osVersion: OS_IMAGE,
});

const annotationsOf = ({ annotations }: NodeSpec): Record<string, string> => ({
  'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
  ...annotations,
});

/** The node as it is registered. */
export function nodeToRegister(spec: NodeSpec, facts: NodeFacts): Draft<Node> {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: spec.name,
      labels: nodeLabels(spec),
      annotations: annotationsOf(spec),
    },
    spec: spec.taints.length > 0 ? { taints: [...spec.taints] } : {},
    status: nodeStatusOf(spec, facts),
  };
}

export function capacityOf(spec: NodeSpec): Record<string, string> {
  return {
    ...spec.extendedResources,
    cpu: spec.cpu,
    'ephemeral-storage': spec.ephemeralStorage,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: spec.memory,
    pods: String(spec.maxPods),
  };
}

/** What hard thresholds keep free, by the signal that they are of. Upstream: `hardEvictionReservation`, `pkg/kubelet/cm/helpers.go`. */
const KEPT_FREE = { memory: 'memory.available', 'ephemeral-storage': 'nodefs.available' } as const;

export function allocatableOf(spec: NodeSpec): Record<string, string> {
  const allocatable = capacityOf(spec);
  for (const [resource, signal] of Object.entries(KEPT_FREE)) {
    const threshold = spec.thresholds.find((each) => each.signal === signal && each.graceMs === 0);
    const capacity = parseQuantity(allocatable[resource] ?? '0');
    if (threshold) allocatable[resource] = capacity.sub(thresholdQuantity(threshold.value, capacity.value())).canonical();
  }
  return allocatable;
}

/** What others say that the node has beside its own: resources by names that Kubernetes does not know. */
const extendedIn = (list: NodeStatus['capacity'] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(list).filter(([name]) => isExtendedResource(name)));

/** What an agent reads of its node's status. */
export const partOfStatus = ({ conditions, capacity, allocatable }: NodeStatus): NodeStatus => {
  const [given, offered] = [extendedIn(capacity), extendedIn(allocatable)];
  const isPlain = Object.keys(given).length + Object.keys(offered).length === 0;
  return isPlain ? { conditions } : { conditions, capacity: given, allocatable: offered };
};

/** What pods may have of it, of all that somebody gave the node, too. Upstream: `MachineInfo` (`pkg/kubelet/nodestatus/setters.go`). */
export const allocatableNow = (spec: NodeSpec, status: NodeStatus | undefined): Record<string, string> => ({
  ...extendedIn(status?.capacity),
  ...allocatableOf(spec),
});

/** Whether a status is what the node has said: a controller may have set conditions to Unknown, somebody given it a resource. */
export function isAsReported(spec: NodeSpec, health: NodeHealth, status: NodeStatus = {}): boolean {
  const { conditions = [] } = status;
  if (!allocatesAll(spec, status)) return false;
  return findingsOf(health).every(({ type, status: is }) => conditions.some((each) => each.type === type && each.status === is));
}

/** Whether what may be had follows what is there. */
const allocatesAll = (spec: NodeSpec, { capacity, allocatable }: NodeStatus): boolean => {
  const wanted = { ...extendedIn(capacity), ...spec.extendedResources };
  const told = extendedIn(allocatable);
  return Object.keys({ ...wanted, ...told }).every((name) => wanted[name] === told[name]);
};

/** How a node is at a moment. */
export interface NodeFacts {
  /** The status the API server has, whose transition times are kept. */
  readonly before: NodeStatus | undefined;
  readonly now: number;
  readonly images: readonly Image[];
  readonly health: NodeHealth;
  /** Another one after each boot. */
  readonly bootId: string;
  /** Volumes that must not be detached; undefined to leave what was said of them. */
  readonly volumesInUse?: readonly string[] | undefined;
}

/** What every handler is able to do (`RuntimeHandlers`, `pkg/kubelet/nodestatus/setters.go`). */
const HANDLER_FEATURES = { recursiveReadOnlyMounts: true, userNamespaces: true } as const;

/** What a node says of itself. */
export function nodeStatusOf(spec: NodeSpec, { before, now, images, health, bootId, volumesInUse }: NodeFacts): NodeStatus {
  return {
    capacity: capacityOf(spec),
    allocatable: allocatableNow(spec, before),
    conditions: conditionsOf(before?.conditions ?? [], now, health),
    addresses: [
      ...spec.ips.map((address) => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: spec.name },
      { type: 'InternalDNS', address: spec.address },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: spec.port } },
    nodeInfo: {
      machineID: spec.machineId,
      systemUUID: uuidOf(spec.machineId),
      bootID: uuidOf(bootId),
      kernelVersion: KERNEL_VERSION,
      osImage: OS_IMAGE,
      containerRuntimeVersion: spec.runtimeVersion,
      kubeletVersion: KUBELET_VERSION,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
    images: images.slice(0, IMAGES_MAX).map(({ name, ref, sizeBytes }) => ({ names: [ref, name], sizeBytes })),
    ...(volumesInUse ? { volumesInUse: [...volumesInUse] } : {}),
    features: { supplementalGroupsPolicy: true },
    runtimeHandlers: ['', ...(spec.runtimeHandlers ?? [])].map((name) => ({ name, features: HANDLER_FEATURES })),
  };
}

/** The same as a strategic merge patch: what it no longer has goes. */
export function statusPatchOf(spec: NodeSpec, facts: NodeFacts): object {
  const { addresses = [], allocatable = {}, ...status } = nodeStatusOf(spec, facts);
  const gone = Object.keys(facts.before?.allocatable ?? {}).filter((name) => allocatable[name] === undefined);
  const withoutThem = Object.fromEntries(gone.map((name) => [name, null]));
  return { ...status, addresses: [{ $patch: 'replace' }, ...addresses], allocatable: { ...allocatable, ...withoutThem } };
}

/** What a node is known by from one boot to the next. */
export const newBootId = (random: Random): string => Array.from({ length: 32 }, () => random.integer(16).toString(16)).join('');

export const uuidOf = (id: string): string =>
  `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`;

function conditionsOf(before: readonly NodeCondition[], now: number, health: NodeHealth): NodeCondition[] {
  const time = toTime(now);
  return findingsOf(health).map((condition) => {
    const old = before.find(({ type }) => type === condition.type);
    const kept = old?.status === condition.status ? old.lastTransitionTime : time;
    return { lastHeartbeatTime: time, lastTransitionTime: kept ?? time, ...condition };
  });
}

/** The lease by which a node shows that it lives. */
export function leaseOf(name: string, nodeUid: string | undefined, durationSeconds: number, now: number): Draft<Lease> {
  const owner = nodeUid ? [{ apiVersion: 'v1', kind: 'Node', name, uid: nodeUid }] : [];
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace: 'kube-node-lease', ...(owner.length > 0 ? { ownerReferences: owner } : {}) },
    spec: { holderIdentity: name, leaseDurationSeconds: durationSeconds, renewTime: toMicroTime(now) },
  };
}

/** Labels that a kubelet sees to; others are given when the node is made, and are somebody else's from then on. */
const KEPT_LABELS: ReadonlySet<string> = new Set([
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

/**
 * Labels and annotations that the node's object lacks or has otherwise; undefined when it is as it should be. Upstream:
 * `updateDefaultLabels`, `reconcileCMADAnnotationWithExistingNode`, `pkg/kubelet/kubelet_node_status.go`.
 */
export function metadataToMend(spec: NodeSpec, { metadata }: Live<Node>): Record<string, Record<string, string>> | undefined {
  const kept = Object.fromEntries(Object.entries(nodeLabels(spec)).filter(([name]) => KEPT_LABELS.has(name)));
  const labels = missingFrom(kept, metadata.labels);
  const annotations = missingFrom(annotationsOf(spec), metadata.annotations);
  return labels || annotations ? { ...(labels ? { labels } : {}), ...(annotations ? { annotations } : {}) } : undefined;
}

function missingFrom(
  wanted: Readonly<Record<string, string>>,
  found: Readonly<Record<string, string>> = {},
): Record<string, string> | undefined {
  const wrong = Object.entries(wanted).filter(([key, value]) => found[key] !== value);
  return wrong.length > 0 ? Object.fromEntries(wrong) : undefined;
}
