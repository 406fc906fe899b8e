import type { Container, ResourceRequirements } from '../../api/index.ts';
import type { ContainerProbes } from '../probes/container-probes.ts';
import type { ContainerStatus, RuntimeService } from '../runtime/cri.ts';
import type { ContainerRole } from './container-names.ts';
import type { NodeServices } from './node-services.ts';
import type { ObservedContainer, Waiting } from './observed.ts';

/** How often a kubelet looks at its runtime. Upstream: `genericPlegRelistPeriod`, `pkg/kubelet/kubelet.go`. */
export const LOOK_MS = 1000;

/** Instances of one container: the newest, the one before, and why there is no newer one. */
export interface ContainerRun {
  readonly name: string;
  readonly role: ContainerRole;
  id: string | undefined;
  previousId: string | undefined;
  /** When a look saw first that the newest has ended; it counts while there is one before it. */
  endSeen: number | undefined;
  /** The sandbox of the newest instance. */
  sandboxId: string | undefined;
  previousSandboxId: string | undefined;
  waiting: Waiting | undefined;
  /** Why there is none since the last look, and when that was: the next look shows it. */
  nextWaiting: { readonly waiting: Waiting; readonly since: number } | undefined;
  probes: ContainerProbes | undefined;
  /** The postStart hook of the newest instance is under way. */
  hooking: boolean;
  /** The image as the spec named it when the newest instance was started. */
  image: string;
  /** The resources the newest instance runs with. */
  actuated: ResourceRequirements | undefined;
}

/** What a pod's worker knows of its containers. */
export class RunBook {
  readonly #remove: (id: string) => void;
  readonly #runtime: RuntimeService;
  /** Few per pod, hence a list; made anew by `concat`, for an array that grew by `push` or by a literal behind a spread has room for seventeen. */
  #runs: readonly ContainerRun[] = [];

  constructor({ runtime, counts, clock }: Pick<NodeServices, 'runtime' | 'counts' | 'clock'>) {
    this.#runtime = runtime;
    this.#remove = (id) => counts.operation('remove_container', clock, () => runtime.removeContainer(id));
  }

  get all(): readonly ContainerRun[] {
    return this.#runs;
  }

  find(name: string): ContainerRun | undefined {
    return this.#runs.find((run) => run.name === name);
  }

  /** The record of a container, made when there is none. */
  of({ name, image = '' }: Container, role: ContainerRole): ContainerRun {
    const known = this.find(name);
    if (known) return known;
    const run: ContainerRun = {
      name,
      role,
      id: undefined,
      previousId: undefined,
      endSeen: undefined,
      sandboxId: undefined,
      previousSandboxId: undefined,
      waiting: undefined,
      nextWaiting: undefined,
      probes: undefined,
      hooking: false,
      image,
      actuated: undefined,
    };
    this.#runs = this.#runs.concat(run);
    return run;
  }

  /** Sandboxes whose containers are known. */
  get sandboxIds(): ReadonlySet<string | undefined> {
    return new Set(this.#runs.flatMap(({ sandboxId, previousSandboxId }) => [sandboxId, previousSandboxId]));
  }

  /** What the look before this one found out is shown from now on. Upstream: `reasonCache`, `pkg/kubelet/reason_cache.go`. */
  reveal(now: number): void {
    for (const run of this.#runs) {
      if (!run.nextWaiting || run.nextWaiting.since > now - LOOK_MS) continue;
      run.waiting = run.nextWaiting.waiting;
      run.nextWaiting = undefined;
    }
  }

  /**
   * Of instances that have ended only the newest stays: the one before it goes when the end of the newest was seen `ageMs` ago. Upstream:
   * `getContainersToDeleteInPod`, `pkg/kubelet/pod_container_deletor.go`; `pruneInitContainersBeforeStart`, `pkg/kubelet/kuberuntime`.
   */
  prune(now: number, ageMs: number): void {
    for (const run of this.#runs) {
      if (run.previousId === undefined || this.#ended(run) === undefined) continue;
      run.endSeen ??= now;
      if (run.endSeen <= now - ageMs) this.#forgetPrevious(run);
    }
  }

  /** The same of init containers that have done their part: what comes after them is seen when they are alone. */
  pruneDone(): void {
    for (const run of this.#runs)
      if (run.role === 'init' && run.previousId !== undefined && this.#ended(run)?.exitCode === 0) this.#forgetPrevious(run);
  }

  /** The same of what ended long enough before the last of the pod for a look to have seen it. */
  pruneEnded(now: number): void {
    for (const run of this.#runs)
      if (run.previousId !== undefined && (this.#ended(run)?.finishedAt ?? now) <= now - LOOK_MS) this.#forgetPrevious(run);
  }

  #ended({ id }: ContainerRun): ContainerStatus | undefined {
    const newest = id === undefined ? undefined : this.#runtime.containerStatus(id);
    return newest?.state === 'exited' ? newest : undefined;
  }

  #forgetPrevious(run: ContainerRun): void {
    if (run.previousId !== undefined) this.#remove(run.previousId);
    run.previousId = undefined;
    run.previousSandboxId = undefined;
  }

  isRunning({ id }: ContainerRun): boolean {
    return id !== undefined && this.#runtime.containerStatus(id)?.state === 'running';
  }

  /** A newer instance takes the place of the newest; the one before that is forgotten by the runtime. */
  replace(run: ContainerRun, instance: { readonly id: string; readonly sandboxId: string; readonly container: Container }): void {
    run.probes?.stop();
    run.probes = undefined;
    if (run.previousId !== undefined) this.#remove(run.previousId);
    run.previousId = run.id;
    run.id = instance.id;
    run.endSeen = undefined;
    run.previousSandboxId = run.sandboxId;
    run.sandboxId = instance.sandboxId;
    run.image = instance.container.image ?? '';
    run.actuated = instance.container.resources;
  }

  observe(sandboxId: string | undefined): ReadonlyMap<string, ObservedContainer> {
    return new Map(this.#runs.map((run) => [run.name, this.#observeOne(run, sandboxId)]));
  }

  #observeOne(run: ContainerRun, sandboxId: string | undefined): ObservedContainer {
    const { id, previousId, waiting, probes, hooking, image, actuated } = run;
    return {
      current: id === undefined ? undefined : this.#runtime.containerStatus(id),
      previous: previousId === undefined ? undefined : this.#runtime.containerStatus(previousId),
      waiting,
      started: !hooking && (probes ? probes.started : true),
      ready: probes ? probes.ready : true,
      failedProbe: probes?.failed,
      isStale: run.sandboxId !== sandboxId,
      startedImage: id === undefined ? undefined : image,
      actuated,
    };
  }
}
