import { keyOf, type Live, type Pod, podRequests } from '../api/index.ts';

/** What a container that asks for nothing is taken to need when nodes are scored (upstream: `pkg/scheduler/util/pod_resources.go`). */
const DEFAULT_MILLI_CPU = 100;
const DEFAULT_MEMORY_BYTES = 200 * 1024 * 1024;

/** Amounts of resources, in the units the scheduler counts in: thousandths of a core, bytes, whole pieces. */
export interface Amounts {
  milliCpu: number;
  memory: number;
  ephemeralStorage: number;
  /** Extended resources and huge pages, by name. */
  scalars: Map<string, number>;
}

export const noAmounts = (): Amounts => ({ milliCpu: 0, memory: 0, ephemeralStorage: 0, scalars: new Map() });

/** A port that a pod takes on its node. */
export interface HostPort {
  readonly protocol: string;
  readonly ip: string;
  readonly port: number;
}

/** A pod with everything about it that scheduling reads again and again, worked out once. */
export interface PodInfo {
  readonly key: string;
  readonly uid: string;
  readonly pod: Live<Pod>;
  readonly priority: number;
  readonly requests: Amounts;
  /** Requests with a default for what asks for no cpu or memory: for scoring only. */
  readonly nonZero: { readonly milliCpu: number; readonly memory: number };
  readonly hostPorts: readonly HostPort[];
}

/** Reads a pod. */
export function podInfoOf(pod: Live<Pod>): PodInfo {
  const requests = requestsOf(pod);
  return {
    key: keyOf(pod),
    uid: pod.metadata.uid,
    pod,
    priority: pod.spec.priority ?? 0,
    requests,
    nonZero: nonZeroOf(pod, requests),
    hostPorts: hostPortsOf(pod),
  };
}

function requestsOf(pod: Pod): Amounts {
  const amounts = noAmounts();
  for (const [name, quantity] of podRequests(pod)) {
    if (name === 'cpu') amounts.milliCpu = quantity.milli();
    else if (name === 'memory') amounts.memory = quantity.value();
    else if (name === 'ephemeral-storage') amounts.ephemeralStorage = quantity.value();
    else amounts.scalars.set(name, quantity.value());
  }
  return amounts;
}

function nonZeroOf(pod: Pod, requests: Amounts): PodInfo['nonZero'] {
  let milliCpu = requests.milliCpu;
  let memory = requests.memory;
  for (const { resources } of pod.spec.containers) {
    if (resources?.requests?.cpu === undefined) milliCpu += DEFAULT_MILLI_CPU;
    if (resources?.requests?.memory === undefined) memory += DEFAULT_MEMORY_BYTES;
  }
  return { milliCpu, memory };
}

function hostPortsOf(pod: Pod): HostPort[] {
  const restartable = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  return [...restartable, ...pod.spec.containers].flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => (hostPort ?? 0) > 0)
      .map(({ hostPort = 0, hostIP, protocol }) => ({ port: hostPort, ip: hostIP ?? '0.0.0.0', protocol: protocol ?? 'TCP' })),
  );
}
