import type { Container, ContainerStatus, Pod, PodStatus } from '../../api/index.ts';

/** Phases that may follow each other: the machine of docs/pod-lifecycle.md. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  Pending: ['Pending', 'Running', 'Succeeded', 'Failed'],
  Running: ['Running', 'Pending', 'Succeeded', 'Failed'],
  Succeeded: ['Succeeded'],
  Failed: ['Failed'],
};

/** Checks that the statuses of one pod, in their order, are those that a kubelet could have written. Answers what is wrong. */
export class PodHistory {
  readonly #pod: Pod;
  #before: PodStatus | undefined;
  readonly #succeeded = new Map<string, string>();

  constructor(pod: Pod) {
    this.#pod = pod;
  }

  /** The next status. */
  next(status: PodStatus): string[] {
    const before = this.#before;
    this.#before = status;
    return [
      ...this.#phase(before, status),
      ...this.#containers(before, status),
      ...this.#order(status),
      ...this.#readiness(status),
      ...transitions(before, status),
    ];
  }

  #phase(before: PodStatus | undefined, status: PodStatus): string[] {
    const { phase: from = 'Pending' } = before ?? {};
    const { phase: to = 'Pending' } = status;
    const wrong: string[] = [];
    if (!EDGES[from]?.includes(to)) wrong.push(`phase ${from} → ${to}`);
    if (from === 'Running' && to === 'Pending' && !isInitializing(status)) wrong.push('phase Running → Pending without an init container');
    const isOver = to === 'Succeeded' || to === 'Failed';
    if (isOver && allOf(status).some(({ state }) => state?.running)) wrong.push(`a container runs in phase ${to}`);
    if (to === 'Succeeded' && !mainOf(status).every(({ state }) => state?.terminated?.exitCode === 0))
      wrong.push('phase Succeeded, but not every container has');
    return wrong;
  }

  #containers(before: PodStatus | undefined, status: PodStatus): string[] {
    const known = new Map(before ? allOf(before).map((container) => [container.name, container]) : []);
    return allOf(status).flatMap((container) => {
      const old = known.get(container.name);
      return [...(old ? steps(old, container) : []), ...this.#neverAgain(container)].map((text) => `${container.name}: ${text}`);
    });
  }

  /** What succeeded in a pod that does not restart what succeeds has no further instance. */
  #neverAgain({ name, state, containerID = '' }: ContainerStatus): string[] {
    const { spec } = this.#pod;
    if (spec.restartPolicy === 'Always' || !spec.containers.some((container) => container.name === name)) return [];
    const done = this.#succeeded.get(name);
    if (state?.terminated?.exitCode === 0) this.#succeeded.set(name, containerID);
    return done !== undefined && done !== containerID ? ['ran again after it had succeeded'] : [];
  }

  /** A main container runs only after all init containers have done their part. */
  #order(status: PodStatus): string[] {
    if (!mainOf(status).some(({ state }) => state?.running)) return [];
    const plain = (this.#pod.spec.initContainers ?? []).filter(({ restartPolicy }: Container) => restartPolicy !== 'Always');
    return plain.flatMap(({ name }) => {
      const init = status.initContainerStatuses?.find((container) => container.name === name);
      return init?.state?.terminated?.exitCode === 0 ? [] : [`a main container runs while init container ${name} has not succeeded`];
    });
  }

  #readiness(status: PodStatus): string[] {
    const is = (type: string) => status.conditions?.find((condition) => condition.type === type)?.status === 'True';
    const wrong: string[] = [];
    if (is('Ready') && !is('ContainersReady')) wrong.push('Ready, but not ContainersReady');
    // What fails is not ready, though its containers may be until they have been stopped.
    const fails = status.conditions?.some(({ type, reason }) => type === 'ContainersReady' && reason === 'PodFailed');
    if (!fails && is('ContainersReady') !== (mainOf(status).every(({ ready }) => ready) && this.#sidecarsReady(status)))
      wrong.push(`ContainersReady is ${is('ContainersReady')}, which the containers are not`);
    if (is('Ready') && status.phase !== 'Running') wrong.push(`Ready in phase ${status.phase}`);
    for (const { name, ready, state } of mainOf(status)) if (ready && !state?.running) wrong.push(`${name} is ready, but does not run`);
    return wrong;
  }

  #sidecarsReady({ initContainerStatuses = [] }: PodStatus): boolean {
    const sidecars = (this.#pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
    return sidecars.every(({ name }) => initContainerStatuses.find((container) => container.name === name)?.ready);
  }
}

const mainOf = ({ containerStatuses = [] }: PodStatus): readonly ContainerStatus[] => containerStatuses;
const allOf = ({ initContainerStatuses = [], containerStatuses = [] }: PodStatus): readonly ContainerStatus[] => [
  ...initContainerStatuses,
  ...containerStatuses,
];

const isInitializing = ({ initContainerStatuses = [] }: PodStatus): boolean =>
  initContainerStatuses.some(({ state }) => state?.running || state?.waiting);

/** What one container's status must not do. */
function steps(old: ContainerStatus, now: ContainerStatus): string[] {
  const wrong: string[] = [];
  if (now.restartCount < old.restartCount) wrong.push(`restart count ${old.restartCount} → ${now.restartCount}`);
  const isSame = now.containerID !== undefined && now.containerID === old.containerID;
  if (isSame && old.state?.terminated && now.state?.running) wrong.push('the same instance runs after it had ended');
  // What waits to start again when its pod ends is said to have ended nobody knows how: that is not the end of an instance.
  const ends = (status: ContainerStatus) => (status.state?.terminated?.containerID ? status.state.terminated.exitCode : undefined);
  if (isSame && ends(old) !== undefined && ends(now) !== undefined && ends(old) !== ends(now)) wrong.push('the same instance ended twice');
  if (!isSame && old.containerID && now.containerID && now.restartCount === old.restartCount)
    wrong.push('another instance with the same restart count');
  return wrong;
}

/** A condition's time changes when, and only when, its status does. */
function transitions(before: PodStatus | undefined, status: PodStatus): string[] {
  return (status.conditions ?? []).flatMap((now) => {
    const old = before?.conditions?.find(({ type }) => type === now.type);
    if (!old || now.type.startsWith('PodResize')) return [];
    if (old.status === now.status && old.lastTransitionTime !== now.lastTransitionTime)
      return [`${now.type} has another time but not another status`];
    return [];
  });
}
