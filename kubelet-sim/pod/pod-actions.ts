import type { Container, Pod } from '../../api/index.ts';
import { isSidecar, restartsAfter, restartsOnFailure } from './container-names.ts';
import { type Kill, type KillReason, type Start, startOf } from './container-steps.ts';
import { hasNewImage, type InitActions, initActionsOf } from './init-actions.ts';
import { containerOf, type ObservedContainer, type ObservedPod } from './observed.ts';
import { resizeRestarts } from './resize.ts';

/** What to do next for a pod. */
export interface PodActions {
  /** Nothing is to run any more: stop what still does (sidecars), and the sandbox. */
  readonly killPod: boolean;
  /** A sandbox is to be made first; `attempt` counts those before it. */
  readonly createSandbox?: { readonly attempt: number } | undefined;
  readonly starts: readonly Start[];
  readonly kills: readonly Kill[];
}

/** Whether containers that ran are to run anew. */
export const replacesContainers = ({ kills, starts }: PodActions): boolean =>
  kills.length > 0 || starts.some(({ exited }) => exited !== undefined);

const KILL_POD: PodActions = { killPod: true, starts: [], kills: [] };

/**
 * The next steps of a pod that is to run: a pure function of what is observed. Upstream: `computePodActions`,
 * `pkg/kubelet/kuberuntime/kuberuntime_manager.go`.
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
  const hasRun = [...observed.containers.values()].some(({ current }) => current);
  if (!restartsOnFailure(pod) && attempt !== 0 && hasRun) return KILL_POD;
  const mains = pod.spec.containers.filter(({ name }) => pod.spec.restartPolicy !== 'OnFailure' || !hasSucceeded(observed, name));
  const initialized = pod.spec.containers.some(({ name }) => containerOf(observed, name).current);
  if (mains.length === 0 && initialized) return KILL_POD;
  const [first] = pod.spec.initContainers ?? [];
  const starts = first
    ? [startOf(observed, first, isSidecar(first) ? 'sidecar' : 'init')]
    : mains.map((container) => startOf(observed, container, 'main'));
  return { killPod: false, createSandbox: { attempt }, starts, kills: [] };
}

function hasSucceeded(observed: ObservedPod, name: string): boolean {
  const { current } = containerOf(observed, name);
  return current?.state === 'exited' && current.exitCode === 0;
}

function withSandbox(observed: ObservedPod): PodActions {
  const ephemeral = (observed.pod.spec.ephemeralContainers ?? [])
    .filter(({ name }) => !containerOf(observed, name).current)
    .map((container): Start => ({ container, role: 'ephemeral', attempt: 0 }));
  const init = initActionsOf(observed);
  if (init.killPod) return KILL_POD;
  if (!init.done) return { killPod: false, starts: [...ephemeral, ...init.starts], kills: init.kills };
  return afterInit(observed, ephemeral, init);
}

function afterInit(observed: ObservedPod, ephemeral: readonly Start[], init: InitActions): PodActions {
  const starts: Start[] = [];
  const kills: Kill[] = [];
  let kept = 0;
  for (const container of observed.pod.spec.containers) {
    const known = containerOf(observed, container.name);
    const isRunning = known.current?.state === 'running';
    const kill = isRunning ? killOf(observed, container, known) : undefined;
    if (kill) kills.push(kill.kill);
    else if (isRunning) kept++;
    if (kill ? kill.restarts : !isRunning && wantsStart(observed.pod, container, known)) starts.push(startOf(observed, container, 'main'));
  }
  if (kept === 0 && starts.length === 0) return KILL_POD;
  return { killPod: false, starts: [...ephemeral, ...init.starts, ...starts], kills: [...init.kills, ...kills] };
}

/** Whether a container that does not run is to: it never did, was made but not started, or its policy says so. */
function wantsStart(pod: Pod, container: Container, { current }: ObservedContainer): boolean {
  return current?.state !== 'exited' || restartsAfter(pod, container, current.exitCode);
}

/** Why a running main container is to be killed, and whether it then starts again. */
function killOf(observed: ObservedPod, container: Container, known: ObservedContainer): { kill: Kill; restarts: boolean } | undefined {
  const why = changed(container, known) ?? probed(observed.pod, container, known) ?? resized(container, known);
  if (!why || !known.current) return undefined;
  const message = why.restarts && why.suffix ? `${why.message}, will be restarted` : why.message;
  return { kill: { container, role: 'main', id: known.current.id, message, reason: why.reason }, restarts: why.restarts };
}

interface Why {
  readonly message: string;
  readonly restarts: boolean;
  /** Whether the message tells of the restart. */
  readonly suffix: boolean;
  readonly reason?: KillReason | undefined;
}

/** The image was changed in the spec: then policies do not matter. */
function changed(container: Container, known: ObservedContainer): Why | undefined {
  if (!hasNewImage(container, known)) return undefined;
  return { message: `Container ${container.name} definition changed`, restarts: true, suffix: true };
}

function probed(pod: Pod, container: Container, { failedProbe }: ObservedContainer): Why | undefined {
  if (!failedProbe) return undefined;
  const restarts = container.restartPolicy === undefined ? restartsOnFailure(pod) : container.restartPolicy !== 'Never';
  return { message: `Container ${container.name} failed ${failedProbe} probe`, restarts, suffix: true, reason: failedProbe };
}

function resized(container: Container, { actuated }: ObservedContainer): Why | undefined {
  if (!resizeRestarts(container, actuated)) return undefined;
  return { message: `Container ${container.name} resize requires restart`, restarts: true, suffix: false };
}
