import {
  type Container,
  type Pod,
  type PodCondition,
  type PodSpec,
  parseQuantity,
  type ResourceRequirements,
  toTime,
} from '../../api/index.ts';
import type { ContainerResources } from '../runtime/cri.ts';
import { isSidecar } from './container-names.ts';

/** Why a node does not give a pod the resources that it now asks for. */
export interface ResizeRefusal {
  /** `Deferred`: not now; `Infeasible`: never on this node. */
  readonly reason: 'Deferred' | 'Infeasible';
  readonly message: string;
}

/** How far a change of a running pod's resources has come. */
export interface ResizeState {
  /** `since`: milliseconds since the epoch. */
  readonly pending?: (ResizeRefusal & { readonly generation: number; readonly since: number }) | undefined;
  /** Generation of the spec whose resources are being given to the containers. */
  readonly inProgress?: { readonly generation: number; readonly error?: string | undefined } | undefined;
}

/** A pod of a node that asks for other resources than it was given. */
export interface Resizing {
  readonly pod: Pod;
  /** The pod with the resources that it was given. */
  readonly allocated: Pod;
  readonly isActive: boolean;
  /** Since when it waits, for want of room or in vain; undefined for one that has not been answered. */
  readonly waitsSince: number | undefined;
  readonly isDeferred: boolean;
  /**
   * Takes what the node says: a refusal, or all that it asks for. Answers whether its status has something new to tell.
   *
   * @param asked the pod as it was when the node was asked
   */
  answer(refusal: ResizeRefusal | undefined, asked: Pod): boolean;
  poke(): void;
}

const RESOURCES = ['cpu', 'memory'] as const;
type ListName = 'requests' | 'limits';
const LISTS: readonly ListName[] = ['requests', 'limits'];

/** Containers whose resources can be changed while they run: the main ones and sidecars. */
const resizable = (spec: PodSpec): readonly Container[] => [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers];

const amount = (resources: ResourceRequirements | undefined, list: ListName, name: string): number =>
  parseQuantity(resources?.[list]?.[name] ?? '0').milli();

/** Resources of which a request or a limit differs. */
export function changedResources(a: ResourceRequirements | undefined, b: ResourceRequirements | undefined): readonly string[] {
  if (a === b) return [];
  return RESOURCES.filter((name) => LISTS.some((list) => amount(a, list, name) !== amount(b, list, name)));
}

/** What is asked of one list of a container's resources, as `kubelet_container_requested_resizes_total` tells it. */
export interface ResizeOperation {
  readonly resource: string;
  readonly requirement: ListName;
  readonly operation: 'add' | 'remove' | 'increase' | 'decrease';
}

/** What a new spec asks for that the old one did not. Upstream: `recordContainerResizeOperations`, `pkg/kubelet/kubelet.go`. */
export function resizeOperations(before: PodSpec, now: PodSpec): ResizeOperation[] {
  if (before === now) return [];
  const old = new Map(resizable(before).map(({ name, resources }) => [name, resources]));
  return resizable(now).flatMap(({ name, resources }) =>
    changedResources(resources, old.get(name)).flatMap((resource) =>
      LISTS.flatMap((requirement) => {
        const operation = operationOf(amount(old.get(name), requirement, resource), amount(resources, requirement, resource));
        return operation ? [{ resource, requirement, operation }] : [];
      }),
    ),
  );
}

function operationOf(before: number, now: number): ResizeOperation['operation'] | undefined {
  if (before === now) return undefined;
  if (now === 0) return 'remove';
  if (before === 0) return 'add';
  return now < before ? 'decrease' : 'increase';
}

/** Whether a spec asks for other resources than were given. */
export function isResized(pod: PodSpec, allocated: PodSpec): boolean {
  const given = new Map(resizable(allocated).map(({ name, resources }) => [name, resources]));
  return resizable(pod).some(({ name, resources }) => given.has(name) && changedResources(resources, given.get(name)).length > 0);
}

/** A spec with the resources that were given: all else is the newest. */
export function withAllocation(spec: PodSpec, allocated: PodSpec): PodSpec {
  const given = new Map(resizable(allocated).map(({ name, resources }) => [name, resources]));
  const replace = (container: Container): Container =>
    given.has(container.name) ? { ...container, resources: given.get(container.name) } : container;
  const { initContainers, containers } = spec;
  return { ...spec, ...(initContainers ? { initContainers: initContainers.map(replace) } : {}), containers: containers.map(replace) };
}

/**
 * Whether the resources that a container is to have differ from those it runs with, in one for which it asks to be restarted.
 * Upstream: `computePodResizeAction`.
 */
export function resizeRestarts(container: Container, actuated: ResourceRequirements | undefined): boolean {
  if (!actuated) return false;
  return changedResources(container.resources, actuated).some((name) =>
    (container.resizePolicy ?? []).some(({ resourceName, restartPolicy }) => resourceName === name && restartPolicy === 'RestartContainer'),
  );
}

/** A container's resources in the runtime's units; undefined when it says nothing. */
export function runtimeResources(resources: ResourceRequirements | undefined): ContainerResources | undefined {
  const { limits, requests } = resources ?? {};
  if (!limits && !requests) return undefined;
  const millis = (text: string | undefined) => (text === undefined ? undefined : parseQuantity(text).milli());
  const bytes = (text: string | undefined) => (text === undefined ? undefined : parseQuantity(text).value());
  return {
    cpuRequestMillis: millis(requests?.cpu),
    cpuLimitMillis: millis(limits?.cpu),
    memoryRequestBytes: bytes(requests?.memory),
    memoryLimitBytes: bytes(limits?.memory),
    oomScoreAdj: undefined,
  };
}

/** Conditions that tell of a resize: there is none while nothing is asked for that was not given. */
export function resizeConditions(state: ResizeState | undefined, before: readonly PodCondition[], now: number): PodCondition[] {
  const { pending, inProgress } = state ?? {};
  const of = (type: string, generation: number, reason = '', message = ''): PodCondition => {
    const old = before.find((condition) => condition.type === type);
    const isOld = old !== undefined && (old.reason ?? '') === reason;
    return {
      type,
      observedGeneration: generation,
      status: 'True',
      lastProbeTime: (isOld && old.message === (message || undefined) && old.lastProbeTime) || toTime(now),
      lastTransitionTime: (isOld && old.lastTransitionTime) || toTime(now),
      ...(reason === '' ? {} : { reason }),
      ...(message === '' ? {} : { message }),
    };
  };
  return [
    ...(pending ? [of('PodResizePending', pending.generation, pending.reason, pending.message)] : []),
    ...(inProgress ? [of('PodResizeInProgress', inProgress.generation, inProgress.error ? 'Error' : '', inProgress.error)] : []),
  ];
}

/** A running container with the memory that it has, is to have, and uses, in bytes; what it may is 0 where there is no limit. */
export interface MemoryChange {
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly usage: number;
}

/** The limit of memory of a container, in bytes; 0 for none. */
export const memoryLimit = (resources: ResourceRequirements | undefined): number => parseQuantity(resources?.limits?.memory ?? '0').value();

/**
 * Why limits of memory cannot be lowered now: more than that is in use. Upstream: `validateMemoryResizeAction`,
 * `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (1.34).
 */
export function memoryRefusal(changes: readonly MemoryChange[]): string | undefined {
  const sum = (of: (change: MemoryChange) => number) => changes.reduce((total, change) => total + of(change), 0);
  const hasLimit = changes.every(({ after }) => after > 0);
  const pod = {
    name: '',
    before: changes.every(({ before }) => before > 0) ? sum((c) => c.before) : 0,
    after: hasLimit ? sum((c) => c.after) : 0,
    usage: sum((c) => c.usage),
  };
  const errors = [pod, ...changes]
    .filter(({ before, after, usage }) => after > 0 && (before === 0 || after < before) && usage >= after)
    .map(
      ({ name, after, usage }) =>
        `attempting to set ${name === '' ? 'pod' : `container "${name}"`} memory limit (${after}) below current usage (${usage})`,
    );
  if (errors.length === 0) return undefined;
  return `cannot decrease memory limits: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}`;
}

/** What the event of a finished resize says. Upstream: `podResizeCompletionMsg`, `pkg/kubelet/allocation/allocation_manager.go`. */
export function resizeCompletedText({ spec: { initContainers = [], containers } }: Pod): string {
  const summary = (list: readonly Container[]) =>
    list.map(({ name, resources: { limits, requests } = {} }) => ({
      name,
      resources: { ...(limits ? { limits: sorted(limits) } : {}), ...(requests ? { requests: sorted(requests) } : {}) },
    }));
  const text = JSON.stringify({
    ...(initContainers.length > 0 ? { initContainers: summary(initContainers) } : {}),
    containers: summary(containers),
  });
  return `Pod resize completed: ${text}`;
}

const sorted = (list: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(list).sort(([a], [b]) => (a < b ? -1 : 1)));
