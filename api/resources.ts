// What a pod asks for: the arithmetic that the scheduler, the kubelet, quotas and `kubectl describe node` must agree on
// (component-helpers, `resource`; QoS classes from core's helpers).
//
//   while init container i runs:   the sidecars before it + i
//   afterwards:                    all containers + all sidecars
//   a pod asks for the largest of these, resource by resource; pod-level resources replace it; the overhead comes on top.
import type { Container, ResourceRequirements } from './core/v1/container.ts';
import type { ContainerStatus } from './core/v1/container-status.ts';
import type { Pod } from './core/v1/pod.ts';
import { parseQuantity, type Quantity, ZERO_QUANTITY } from './quantity.ts';

/** Amounts by resource name. */
export type ResourceList = ReadonlyMap<string, Quantity>;
type Amounts = Map<string, Quantity>;
type Texts = Readonly<Record<string, string>> | undefined | null;

export type QosClass = 'BestEffort' | 'Burstable' | 'Guaranteed';

export interface PodResourcesOptions {
  /** Leave the pod's overhead out. */
  readonly excludeOverhead?: boolean;
  /** Leave `spec.resources` out. */
  readonly excludePodLevel?: boolean;
  /** Also look at what the kubelet has allocated and set, which counts while a resize is under way. */
  readonly useStatus?: boolean;
  /** Requests to assume for containers that have none of a resource. */
  readonly missingRequests?: Readonly<Record<string, string>>;
}

type PodParts = { readonly spec: Pod['spec']; readonly status?: Pod['status'] | undefined };

/** What the scheduler sets aside for a pod. */
export function podRequests(pod: PodParts, options: PodResourcesOptions = {}): ResourceList {
  const total = containerRequests(pod, options);
  if (!options.excludePodLevel) applyPodLevel(total, pod.spec.resources?.requests);
  if (!options.excludeOverhead) addAll(total, amountsOf(pod.spec.overhead));
  return total;
}

/** What a pod may use at most, for resources that are limited; the overhead counts only on top of a limit. */
export function podLimits(pod: PodParts, options: PodResourcesOptions = {}): ResourceList {
  const total = containerLimits(pod, options);
  if (!options.excludePodLevel) applyPodLevel(total, pod.spec.resources?.limits);
  if (options.excludeOverhead) return total;
  for (const [name, amount] of amountsOf(pod.spec.overhead)) {
    const limit = total.get(name);
    if (limit && !limit.isZero) total.set(name, limit.add(amount));
  }
  return total;
}

function containerRequests(pod: PodParts, options: PodResourcesOptions): Amounts {
  const missing = amountsOf(options.missingRequests);
  const statuses = options.useStatus ? statusesOf(pod) : NO_STATUSES;
  const infeasible = isResizeInfeasible(pod);
  return aggregate(pod, (container) => {
    const status = statuses.get(container.name);
    const amounts: Amounts = status?.resources && infeasible ? new Map() : amountsOf(container.resources?.requests);
    if (status?.resources) {
      raiseTo(amounts, amountsOf(status.resources.requests));
      raiseTo(amounts, amountsOf(status.allocatedResources));
    }
    for (const [name, amount] of missing) if (!amounts.has(name)) amounts.set(name, amount);
    return amounts;
  });
}

function containerLimits(pod: PodParts, options: PodResourcesOptions): Amounts {
  const statuses = options.useStatus ? statusesOf(pod) : NO_STATUSES;
  const infeasible = isResizeInfeasible(pod);
  return aggregate(pod, (container) => {
    const actual = statuses.get(container.name)?.resources;
    const amounts: Amounts = actual && infeasible ? new Map() : amountsOf(container.resources?.limits);
    if (actual) raiseTo(amounts, amountsOf(actual.limits));
    return amounts;
  });
}

const NO_STATUSES: ReadonlyMap<string, ContainerStatus> = new Map();

/** The aggregate of the containers' amounts, which it may change. */
function aggregate(pod: PodParts, amountsOfOne: (container: Container) => Amounts): Amounts {
  const total: Amounts = new Map();
  for (const container of pod.spec.containers ?? []) addAll(total, amountsOfOne(container));
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    const own = amountsOfOne(container);
    if (isSidecar(container)) {
      addAll(total, own);
      addAll(sidecars, own);
      raiseTo(peak, sidecars);
    } else {
      addAll(own, sidecars);
      raiseTo(peak, own);
    }
  }
  raiseTo(total, peak);
  return total;
}

/** An init container that keeps running beside the main ones. */
export const isSidecar = (container: Pick<Container, 'restartPolicy'>): boolean => container.restartPolicy === 'Always';

/** The resources that may be set for a pod as a whole. */
export const isPodLevelResource = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

function applyPodLevel(total: Amounts, podLevel: Texts): void {
  for (const [name, amount] of amountsOf(podLevel)) if (isPodLevelResource(name)) total.set(name, amount);
}

/** A pod whose pending resize cannot be done on its node. */
function isResizeInfeasible({ status }: PodParts): boolean {
  return status?.conditions?.find(({ type }) => type === 'PodResizePending')?.reason === 'Infeasible';
}

function statusesOf({ status }: PodParts): ReadonlyMap<string, ContainerStatus> {
  return new Map([...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map((one) => [one.name, one]));
}

/** Amounts by name of a resource list as it stands in an object. */
export function amountsOf(texts: Texts): Map<string, Quantity> {
  const amounts: Amounts = new Map();
  if (texts) for (const [name, text] of Object.entries(texts)) amounts.set(name, parseQuantity(text));
  return amounts;
}

/** The resource list of amounts, as it stands in an object. */
export const textsOf = (amounts: ResourceList): Record<string, string> =>
  Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.canonical()]));

function addAll(total: Amounts, amounts: Amounts): void {
  for (const [name, amount] of amounts) total.set(name, total.get(name)?.add(amount) ?? amount);
}

function raiseTo(total: Amounts, amounts: Amounts): void {
  for (const [name, amount] of amounts) {
    const present = total.get(name);
    if (!present || present.cmp(amount) < 0) total.set(name, amount);
  }
}

const QOS_RESOURCES = ['cpu', 'memory'] as const;
const NO_RESOURCES: ResourceRequirements = {};

/**
 * How a pod ranks when its node runs short, by the cpu and memory of its containers (init containers too) or, where it has resources as
 * a whole, by those: Guaranteed when all of it is limited and requested up to the limit, BestEffort when nothing is said.
 */
export function qosClassOf({ spec }: PodParts): QosClass {
  const parts = spec.resources ? [spec.resources] : containerResources(spec);
  let said = false;
  let guaranteed = true;
  for (const name of QOS_RESOURCES) {
    const requests = amountsGiven(parts, 'requests', name);
    const limits = amountsGiven(parts, 'limits', name);
    said ||= requests.length > 0 || limits.length > 0;
    guaranteed &&= limits.length === parts.length && isSameAmount(requests, limits);
  }
  if (!said) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

function containerResources({ containers, initContainers }: Pod['spec']): ResourceRequirements[] {
  const parts: ResourceRequirements[] = [];
  for (const { resources } of containers ?? []) parts.push(resources ?? NO_RESOURCES);
  for (const { resources } of initContainers ?? []) parts.push(resources ?? NO_RESOURCES);
  return parts;
}

/** What is given and more than nothing. */
function amountsGiven(parts: readonly ResourceRequirements[], kind: 'requests' | 'limits', name: string): string[] {
  const given: string[] = [];
  for (const part of parts) {
    const amount = part[kind]?.[name];
    if (amount !== undefined && amount !== '0' && !amount.startsWith('-')) given.push(amount);
  }
  return given;
}

/** The texts are mostly the same, and then nothing has to be read. */
const isSameAmount = (a: readonly string[], b: readonly string[]): boolean =>
  (a.length === b.length && a.every((amount, i) => amount === b[i])) || (a.length > 0 && sum(a).equals(sum(b)));

const sum = (list: readonly string[]): Quantity => list.reduce((total, amount) => total.add(parseQuantity(amount)), ZERO_QUANTITY);
