import type { Container, Pod } from '../../api/index.ts';
import { type ContainerRole, isSidecar, shouldRestart } from './container-names.ts';
import { containerOf, type ObservedContainer, type ObservedPod } from './observed.ts';

/** A container to start. */
export interface Start {
  readonly container: Container;
  readonly role: ContainerRole;
  readonly attempt: number;
}

/** A running container to stop, and why, as its event says. */
export interface Kill {
  readonly container: Container;
  readonly role: ContainerRole;
  readonly id: string;
  readonly message: string;
  /** A probe's own grace period, where it has one. */
  readonly graceSeconds?: number | undefined;
}

/** What to do next for a pod. */
export interface PodActions {
  /** Nothing is to run any more: stop what still does (sidecars), and the sandbox. */
  readonly killPod: boolean;
  /** A sandbox is to be made first; `attempt` counts those before it. */
  readonly createSandbox?: { readonly attempt: number } | undefined;
  readonly starts: readonly Start[];
  readonly kills: readonly Kill[];
}

const NOTHING: PodActions = { killPod: false, starts: [], kills: [] };

/**
 * The next steps of a pod that is to run: a pure function of what is observed.
 *
 * ```
 * no sandbox ─► make one ─► init containers, one after the other ─► main containers, all at once
 *                              sidecars: started in their turn, then restarted for as long as the pod runs
 * ```
 */
export function actionsOf(observed: ObservedPod): PodActions {
  return observed.sandbox?.ready ? withSandbox(observed) : withoutSandbox(observed);
}

function withoutSandbox(observed: ObservedPod): PodActions {
  const { pod, sandbox } = observed;
  const attempt = sandbox ? sandbox.attempt + 1 : 0;
  const isFirst = observed.containers.size === 0 || [...observed.containers.values()].every(({ current }) => !current);
  if (!isFirst && pod.spec.restartPolicy === 'Never') return { ...NOTHING, killPod: true };
  const mains = pod.spec.containers.filter((container) => wantsStart(observed, container, 'main'));
  if (mains.length === 0) return { ...NOTHING, killPod: true };
  const [first] = pod.spec.initContainers ?? [];
  const starts = first ? [startOf(observed, first, isSidecar(first) ? 'sidecar' : 'init')] : mains.map((c) => startOf(observed, c, 'main'));
  return { killPod: false, createSandbox: { attempt }, starts, kills: [] };
}

function withSandbox(observed: ObservedPod): PodActions {
  const { pod } = observed;
  const initialized = pod.spec.containers.some(
    ({ name }) => containerOf(observed, name).current?.id !== undefined && !isStale(observed, name),
  );
  const init = initActions(observed, initialized);
  const ephemeral = (pod.spec.ephemeralContainers ?? [])
    .filter(({ name }) => !containerOf(observed, name).current)
    .map((container): Start => ({ container, role: 'ephemeral', attempt: 0 }));
  if (init.failed) return { ...NOTHING, killPod: true };
  if (!init.done) return { killPod: false, starts: [...ephemeral, ...init.starts], kills: init.kills };
  const main = mainActions(observed);
  if (main.keep === 0 && main.starts.length === 0) return { ...NOTHING, killPod: true };
  return { killPod: false, starts: [...ephemeral, ...init.starts, ...main.starts], kills: [...init.kills, ...main.kills] };
}

/** An instance from before the present sandbox does not count as having run in it. */
const isStale = ({ sandbox, containers }: ObservedPod, name: string): boolean => {
  const current = containers.get(name)?.current;
  return sandbox !== undefined && current !== undefined && current.createdAt < sandbox.createdAt;
};

interface InitActions {
  readonly done: boolean;
  readonly failed: boolean;
  readonly starts: readonly Start[];
  readonly kills: readonly Kill[];
}

/** Walks the init containers in order; the first that has not done its part holds up the rest. */
function initActions(observed: ObservedPod, initialized: boolean): InitActions {
  const actions = { starts: [] as Start[], kills: [] as Kill[] };
  for (const container of observed.pod.spec.initContainers ?? []) {
    const step = isSidecar(container)
      ? sidecarStep(observed, container, actions)
      : initialized
        ? 'done'
        : initStep(observed, container, actions);
    if (step === 'failed') return { done: false, failed: true, ...actions };
    if (step === 'waits' && !initialized) return { done: false, failed: false, ...actions };
  }
  return { done: true, failed: false, ...actions };
}

type Step = 'done' | 'waits' | 'failed';
type InitWork = { readonly starts: Start[]; readonly kills: Kill[] };

/** The instance of a container that runs, or ran, in the present sandbox. */
const freshOf = (observed: ObservedPod, name: string) => (isStale(observed, name) ? undefined : containerOf(observed, name).current);

function initStep(observed: ObservedPod, container: Container, { starts }: InitWork): Step {
  const current = freshOf(observed, container.name);
  if (current?.state === 'running') return 'waits';
  if (current?.state === 'exited') {
    if (current.exitCode === 0) return 'done';
    if (!shouldRestart(observed.pod, container, 'init', current.exitCode)) return 'failed';
  }
  starts.push(startOf(observed, container, 'init'));
  return 'waits';
}

function sidecarStep(observed: ObservedPod, container: Container, { starts, kills }: InitWork): Step {
  const known = containerOf(observed, container.name);
  const isRunning = freshOf(observed, container.name)?.state === 'running';
  const kill = probeKill(container, 'sidecar', known);
  if (kill) kills.push(kill);
  else if (!isRunning) starts.push(startOf(observed, container, 'sidecar'));
  return isRunning && known.started ? 'done' : 'waits';
}

function mainActions(observed: ObservedPod): { starts: Start[]; kills: Kill[]; keep: number } {
  const starts: Start[] = [];
  const kills: Kill[] = [];
  let keep = 0;
  for (const container of observed.pod.spec.containers) {
    const known = containerOf(observed, container.name);
    if (known.current?.state === 'running') {
      keep++;
      const kill = probeKill(container, 'main', known) ?? imageKill(observed, container, known);
      if (kill) kills.push(kill);
    } else if (wantsStart(observed, container, 'main')) starts.push(startOf(observed, container, 'main'));
  }
  return { starts, kills, keep };
}

function wantsStart(observed: ObservedPod, container: Container, role: ContainerRole): boolean {
  const { current } = containerOf(observed, container.name);
  if (current?.state !== 'exited') return current?.state !== 'running';
  return shouldRestart(observed.pod, container, role, current.exitCode);
}

const startOf = (observed: ObservedPod, container: Container, role: ContainerRole): Start => {
  const { current } = containerOf(observed, container.name);
  return { container, role, attempt: current ? current.attempt + 1 : 0 };
};

function probeKill(container: Container, role: ContainerRole, known: ObservedContainer): Kill | undefined {
  if (!known.failedProbe || known.current?.state !== 'running') return undefined;
  const probe = known.failedProbe === 'liveness' ? container.livenessProbe : container.startupProbe;
  return {
    container,
    role,
    id: known.current.id,
    message: `Container ${container.name} failed ${known.failedProbe} probe, will be restarted`,
    graceSeconds: probe?.terminationGracePeriodSeconds,
  };
}

/** The image of a running container was changed in the spec. */
function imageKill({ startedImages }: ObservedPod, container: Container, { current }: ObservedContainer): Kill | undefined {
  const was = startedImages.get(container.name);
  if (!current || was === undefined || was === container.image) return undefined;
  return { container, role: 'main', id: current.id, message: `Container ${container.name} definition changed, will be restarted` };
}

/** The order in which a pod's containers are stopped: the main ones together, then the sidecars, last first. */
export function stopOrder(pod: Pod): readonly (readonly Container[])[] {
  const { initContainers = [], containers, ephemeralContainers = [] } = pod.spec;
  const plain = initContainers.filter((container) => !isSidecar(container));
  const sidecars = initContainers.filter(isSidecar).reverse();
  return [[...containers, ...plain, ...ephemeralContainers], ...sidecars.map((container) => [container])];
}
