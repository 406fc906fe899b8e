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
import type { Image } from '../runtime/cri.ts';

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
export function nodeToRegister(spec: NodeSpec, now: number, images: readonly Image[] = []): Draft<Node> {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: spec.name,
      labels: nodeLabels(spec),
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: spec.taints.length > 0 ? { taints: [...spec.taints] } : {},
    status: nodeStatusOf(spec, undefined, now, images),
  };
}

export function capacityOf(spec: NodeSpec): Record<string, string> {
  return {
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

/** The status of a healthy node. @param before the status the API server has, whose transition times are kept. */
export function nodeStatusOf(spec: NodeSpec, before: NodeStatus | undefined, now: number, images: readonly Image[]): NodeStatus {
  return {
    capacity: capacityOf(spec),
    allocatable: allocatableOf(spec),
    conditions: conditionsOf(before?.conditions ?? [], now),
    addresses: [
      { type: 'InternalIP', address: spec.ip },
      { type: 'Hostname', address: spec.name },
      { type: 'InternalDNS', address: spec.address },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: spec.port } },
    nodeInfo: {
      machineID: spec.machineId,
      systemUUID: uuidOf(spec.machineId),
      bootID: uuidOf(spec.machineId),
      kernelVersion: '6.8.0-nanokube',
      osImage: 'nanokube simulated node',
      containerRuntimeVersion: spec.runtimeVersion,
      kubeletVersion: KUBELET_VERSION,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
    images: images.slice(0, IMAGES_MAX).map(({ name, ref, sizeBytes }) => ({ names: [ref, name], sizeBytes })),
    runtimeHandlers: [{ name: '', features: { recursiveReadOnlyMounts: true, userNamespaces: true } }],
  };
}

const uuidOf = (id: string): string => `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20, 32)}`;

const HEALTHY: readonly Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>[] = [
  { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
  { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
  { type: 'PIDPressure', status: 'False', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
  { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' },
];

function conditionsOf(before: readonly NodeCondition[], now: number): NodeCondition[] {
  const time = toTime(now);
  return HEALTHY.map((condition) => {
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
