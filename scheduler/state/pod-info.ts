import {
  type Container,
  type ContainerStatus,
  isPodLevelResource,
  keyOf,
  type Live,
  type Pod,
  podRequests,
  type Quantity,
  type ResourceList,
} from '../../api/index.ts';
import { equalJson } from '../../client/index.ts';
import { affinitiesOf, type PodAffinities } from './affinity-term.ts';

/** What a container that asks for nothing is taken to need when nodes are scored (upstream: `pkg/scheduler/util/pod_resources.go`). */
const MISSING_REQUESTS = { cpu: '100m', memory: '200Mi' } as const;

/** Amounts of resources, in the units the scheduler counts in: thousandths of a core, bytes, whole pieces. */
export interface Amounts {
  milliCpu: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources, huge pages and volumes, by name. */
  scalars: Map<string, number>;
}

export const noAmounts = (): Amounts => ({ milliCpu: 0, memory: 0, ephemeralStorage: 0, scalars: new Map() });

/** A port that a pod takes on its node. */
export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

interface CpuAndMemory {
  readonly milliCpu: number;
  readonly memory: number;
}

/** What a pod takes of its node. */
export interface PodResources {
  readonly requests: Readonly<Amounts>;
  /** Requests with a default for what asks for no cpu or memory, as they count on a node when nodes are scored. */
  readonly nonZero: CpuAndMemory;
  /**
   * The same, as NodeResourcesFit reckons with them while the pod looks for a node: what it asks for as a whole does not count, nor what a
   * kubelet says of it. Upstream: `nodeResourceStrategyTypeMap` of `plugins/noderesources/fit.go`, whose scorers know neither.
   */
  readonly scored: CpuAndMemory;
  readonly hostPorts: readonly HostPort[];
}

/** A pod with everything about it that scheduling reads again and again, worked out once. */
export interface PodInfo extends PodResources {
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly pod: Live<Pod>;
  readonly priority: number;
  /** One that has not started is taken to have started after all that have. */
  readonly startedMs: number;
  readonly affinities: PodAffinities;
  /** Keys of the claims it mounts; those of generic ephemeral volumes too. */
  readonly claims: readonly string[];
}

/** Reads a pod. */
export function podInfoOf(pod: Live<Pod>): PodInfo {
  const { requests, nonZero, scored, hostPorts } = resourcesOf(pod);
  return {
    key: keyOf(pod),
    uid: pod.metadata.uid,
    namespace: pod.metadata.namespace ?? '',
    pod,
    priority: pod.spec.priority ?? 0,
    startedMs: pod.status?.startTime ? Date.parse(pod.status.startTime) : Number.POSITIVE_INFINITY,
    requests,
    nonZero,
    scored,
    hostPorts,
    affinities: affinitiesOf(pod),
    claims: claimsOf(pod),
  };
}

/** What was read of a template: all its pods have the same parts. */
interface Read {
  readonly initContainers: unknown;
  readonly overhead: unknown;
  readonly resources: unknown;
  readonly read: PodResources;
}

const reads = new WeakMap<readonly Container[], Read>();

function resourcesOf(pod: Live<Pod>): PodResources {
  const { containers, initContainers, overhead, resources } = pod.spec;
  // While a pod is resized in place, what it has counts as much as what it asks for.
  if (hasAllocated(pod)) return readResources(pod);
  const known = reads.get(containers);
  if (known && known.initContainers === initContainers && known.overhead === overhead && known.resources === resources) return known.read;
  const read = readResources(pod);
  reads.set(containers, { initContainers, overhead, resources, read });
  return read;
}

/** Whether what the kubelet has set aside is not what the pod asks for. Mostly it is, and then the template says it all. */
function hasAllocated({ spec, status }: Pod): boolean {
  const differs = ({ name, resources, allocatedResources }: ContainerStatus, containers: readonly Container[] | undefined) => {
    if (!resources && !allocatedResources) return false;
    const requests = containers?.find((container) => container.name === name)?.resources?.requests ?? NONE;
    return !isSame(resources?.requests ?? NONE, requests) || !isSame(allocatedResources ?? requests, requests);
  };
  return (
    (status?.containerStatuses ?? []).some((one) => differs(one, spec.containers)) ||
    (status?.initContainerStatuses ?? []).some((one) => differs(one, spec.initContainers))
  );
}

const NONE: Readonly<Record<string, string>> = {};
const isSame = (a: object, b: object): boolean => a === b || equalJson(a, b);

function readResources(pod: Live<Pod>): PodResources {
  const requests = podRequests(pod, { useStatus: true });
  const scored = cpuAndMemoryOf(podRequests(pod, { excludePodLevel: true, missingRequests: MISSING_REQUESTS }));
  const missingRequests = asksAsAWhole(pod) ? missingIn(requests) : MISSING_REQUESTS;
  const nonZero = cpuAndMemoryOf(podRequests(pod, { useStatus: true, missingRequests }));
  return { requests: amountsFrom(requests), nonZero, scored, hostPorts: hostPortsOf(pod) };
}

const cpuAndMemoryOf = (requests: ResourceList): CpuAndMemory => ({
  milliCpu: requests.get('cpu')?.milli() ?? 0,
  memory: requests.get('memory')?.value() ?? 0,
});

/** Upstream: `getNonMissingContainerRequests` of `pkg/scheduler/framework/types.go`. */
const missingIn = (requests: ResourceList): Record<string, string> =>
  Object.fromEntries(Object.entries(MISSING_REQUESTS).filter(([name]) => !requests.has(name)));

const asksAsAWhole = ({ spec: { resources } }: Pod): boolean => Object.keys(resources?.requests ?? NONE).some(isPodLevelResource);

/** A resource list in the scheduler's units; `pods` is left out. */
export function amountsFrom(list: ResourceList | Iterable<readonly [string, Quantity]>): Amounts {
  const amounts = noAmounts();
  for (const [name, quantity] of list) {
    if (name === 'cpu') amounts.milliCpu = quantity.milli();
    else if (name === 'memory') amounts.memory = quantity.value();
    else if (name === 'ephemeral-storage') amounts.ephemeralStorage = quantity.value();
    else if (name !== 'pods') amounts.scalars.set(name, quantity.value());
  }
  return amounts;
}

const NO_PORTS: readonly HostPort[] = [];

function hostPortsOf(pod: Pod): readonly HostPort[] {
  const restartable = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const ports = [...restartable, ...pod.spec.containers].flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => (hostPort ?? 0) > 0)
      .map(({ hostPort = 0, hostIP, protocol }) => ({ port: hostPort, ip: hostIP || '0.0.0.0', protocol: protocol || 'TCP' })),
  );
  return ports.length === 0 ? NO_PORTS : ports;
}

const NO_CLAIMS: readonly string[] = [];

function claimsOf({ spec: { volumes }, metadata: { namespace, name } }: Live<Pod>): readonly string[] {
  if (!volumes?.some(({ persistentVolumeClaim, ephemeral }) => persistentVolumeClaim || ephemeral)) return NO_CLAIMS;
  return volumes.flatMap((volume) => {
    if (volume.persistentVolumeClaim) return [`${namespace}/${volume.persistentVolumeClaim.claimName}`];
    return volume.ephemeral ? [`${namespace}/${name}-${volume.name}`] : [];
  });
}
