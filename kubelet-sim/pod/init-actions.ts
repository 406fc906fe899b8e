import type { Container } from '../../api/index.ts';
import { isSidecar, restartsOnFailure } from './container-names.ts';
import { type Kill, type Start, startOf } from './container-steps.ts';
import { containerOf, type ObservedContainer, type ObservedPod } from './observed.ts';
import { resizeRestarts } from './resize.ts';

/** What is to be done about the init containers of a pod. */
export interface InitActions {
  /** All have done their part: the main containers may start. */
  readonly done: boolean;
  /** One failed, and the pod never tries again. */
  readonly killPod: boolean;
  readonly starts: readonly Start[];
  readonly kills: readonly Kill[];
}

const DONE: InitActions = { done: true, killPod: false, starts: [], kills: [] };

interface Walk {
  readonly observed: ObservedPod;
  readonly inits: readonly Container[];
  /** Indexes of what to start, last first. */
  readonly starts: number[];
  readonly kills: Kill[];
  /** The last init container has done its part. */
  done: boolean;
  /** What comes before has been initialized, now or earlier. */
  wasInitialized: boolean;
  killPod: boolean;
}

/**
 * Looks at the init containers from the last to the first, as upstream's `computeInitContainerActions`
 * (`pkg/kubelet/kuberuntime/kuberuntime_container.go`) does: the last one that is known says how far the pod has come; those before it
 * are done, but for sidecars, which are kept running.
 */
export function initActionsOf(observed: ObservedPod): InitActions {
  const inits = observed.pod.spec.initContainers ?? [];
  if (inits.length === 0) return DONE;
  const initialized = observed.pod.spec.containers.some(({ name }) => isAlive(containerOf(observed, name)));
  const walk: Walk = { observed, inits, starts: [], kills: [], done: initialized, wasInitialized: initialized, killPod: false };
  for (let i = inits.length - 1; i >= 0 && !walk.killPod; i--) visit(walk, i);
  if (walk.killPod) return { done: false, killPod: true, starts: [], kills: [] };
  if (!walk.wasInitialized) walk.starts.push(0);
  const starts = walk.starts.reverse().flatMap((i) => {
    const container = inits[i];
    return container ? [startOf(observed, container, isSidecar(container) ? 'sidecar' : 'init')] : [];
  });
  return { done: walk.done, killPod: false, starts, kills: walk.kills };
}

const isAlive = ({ current, isStale }: ObservedContainer): boolean => !isStale && current !== undefined && current.state !== 'exited';

function visit(walk: Walk, i: number): void {
  const container = walk.inits[i];
  if (!container) return;
  const known = containerOf(walk.observed, container.name);
  const sidecar = isSidecar(container);
  // What ran in an earlier sandbox does not count.
  const current = known.isStale ? undefined : known.current;
  if (!current) {
    if (walk.wasInitialized && sidecar) walk.starts.push(i);
    return;
  }
  if (walk.wasInitialized && !sidecar) return;
  if (current.state === 'created') walk.starts.push(i);
  else if (current.state === 'running') {
    if (sidecar) keepSidecar(walk, i, known);
  } else if (sidecar) walk.starts.push(i);
  else ended(walk, i, current.exitCode);
  walk.wasInitialized = true;
}

function ended(walk: Walk, i: number, exitCode: number): void {
  if (exitCode === 0) initialized(walk, i);
  else if (restartsOnFailure(walk.observed.pod)) walk.starts.push(i);
  else walk.killPod = true;
}

/** The init container has done its part: the next one may start, or the main ones. */
function initialized(walk: Walk, i: number): void {
  if (i === walk.inits.length - 1) walk.done = true;
  else if (!walk.wasInitialized) walk.starts.push(i + 1);
}

function keepSidecar(walk: Walk, i: number, known: ObservedContainer): void {
  const container = walk.inits[i];
  if (!container || !known.current) return;
  const { failedProbe, started, actuated } = known;
  if (!started && failedProbe !== 'startup') return;
  if (started) initialized(walk, i);
  // Upstream looks at the image only of one that has started.
  const isChanged = started && hasNewImage(container, known);
  const why = isChanged
    ? `Init container ${container.name} definition changed`
    : failedProbe
      ? `Init container ${container.name} failed ${failedProbe} probe`
      : resizeRestarts(container, actuated)
        ? `Container ${container.name} resize requires restart`
        : undefined;
  if (why === undefined) return;
  walk.kills.push({ container, role: 'sidecar', id: known.current.id, message: why, reason: isChanged ? undefined : failedProbe });
  walk.starts.push(i);
}

/** Whether the spec's image is another than the one the container was started from. */
export const hasNewImage = (container: Container, { startedImage }: ObservedContainer): boolean =>
  startedImage !== undefined && startedImage !== (container.image ?? '');
