import {
  type Draft,
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
import type { Image } from '../runtime/cri.ts';
import { findingsOf, type NodeHealth } from './node-health.ts';

/** The version of kubelet whose behaviour this is. */
export const KUBELET_VERSION = 'v1.34.9';

/** Images that a node's status lists, largest first; upstream's limit. */
const IMAGES_MAX = 50;
/** Memory that a kubelet keeps back for evictions (`memory.available<100Mi`). */
const EVICTION_MEMORY = '100Mi';

/** What a node is, as its process's options say. */
export interface NodeSpec {
  readonly name: string;
  readonly ip: string;
  /** How the API server reaches the process. */
  readonly address: string;
  readonly port: number;
  readonly cpu: string;
  readonly memory: string;
  readonly ephemeralStorage: string;
  /** Resources beside the usual ones, e.g. `nvidia.com/gpu`. */
  readonly extendedResources?: Readonly<Record<string, string>> | undefined;
  readonly maxPods: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly runtimeVersion: string;
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

/** The node as it is registered. */
export function nodeToRegister(spec: NodeSpec, facts: NodeFacts): Draft<Node> {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: spec.name,
      labels: nodeLabels(spec),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
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

export function allocatableOf(spec: NodeSpec): Record<string, string> {
  return { ...capacityOf(spec), memory: parseQuantity(spec.memory).sub(parseQuantity(EVICTION_MEMORY)).canonical() };
}

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

/** What a node says of itself. */
export function nodeStatusOf(spec: NodeSpec, { before, now, images, health, bootId, volumesInUse }: NodeFacts): NodeStatus {
  return {
    capacity: capacityOf(spec),
    allocatable: allocatableOf(spec),
    conditions: conditionsOf(before?.conditions ?? [], now, health),
    addresses: [
      { type: 'InternalIP', address: spec.ip },
      { type: 'Hostname', address: spec.name },
      { type: 'InternalDNS', address: spec.address },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: spec.port } },
    nodeInfo: {
      machineID: spec.machineId,
      systemUUID: uuidOf(spec.machineId),
      bootID: uuidOf(bootId),
      kernelVersion: '6.8.0-nanokube',
      osImage: 'nanokube simulated node',
      containerRuntimeVersion: spec.runtimeVersion,
      kubeletVersion: KUBELET_VERSION,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
    images: images.slice(0, IMAGES_MAX).map(({ name, ref, sizeBytes }) => ({ names: [ref, name], sizeBytes })),
    ...(volumesInUse ? { volumesInUse: [...volumesInUse] } : {}),
    runtimeHandlers: [{ name: '', features: { recursiveReadOnlyMounts: true, userNamespaces: true } }],
  };
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
    return { ...condition, lastHeartbeatTime: time, lastTransitionTime: kept ?? time };
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

/** Labels that the node's object lacks or has otherwise; undefined when it is as it should be. */
export function labelsToMend(spec: NodeSpec, node: Live<Node>): Record<string, string> | undefined {
  const wrong = Object.entries(nodeLabels(spec)).filter(([key, value]) => node.metadata.labels?.[key] !== value);
  return wrong.length > 0 ? Object.fromEntries(wrong) : undefined;
}
