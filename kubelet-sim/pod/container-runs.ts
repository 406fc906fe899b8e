import type { Container, Live, Pod } from '../../api/index.ts';
import type { ContainerProbes } from '../probes/container-probes.ts';
import type { HandlerTarget } from '../probes/handler-target.ts';
import { restoredConfigOf } from './container-config.ts';
import { ContainerKiller } from './container-killer.ts';
import { containersOf } from './container-names.ts';
import { ContainerStarter, type StarterParts, type StartOutcome } from './container-starter.ts';
import type { Kill, Start } from './container-steps.ts';
import type { NodeServices } from './node-services.ts';
import type { ObservedContainer } from './observed.ts';
import type { AllocatedPod, PodSandbox } from './pod-sandbox.ts';
import { changedResources, memoryLimit, memoryRefusal, runtimeResources } from './resize.ts';
import { adoptPod, type RestoredRun, restorePod } from './restore.ts';
import { LOOK_MS, RunBook } from './run-book.ts';

/** Whose containers they are. */
export interface RunsOwner extends AllocatedPod {
  /** A probe has changed its mind. */
  probed(): void;
}

/** The containers of one pod: starts, restarts and stops them, and knows what became of each. */
export class ContainerRuns implements StarterParts {
  readonly node: NodeServices;
  readonly sandbox: PodSandbox;
  readonly book: RunBook;
  readonly killer: ContainerKiller;
  readonly #owner: RunsOwner;
  readonly #starter: ContainerStarter;

  constructor(node: NodeServices, sandbox: PodSandbox, owner: RunsOwner) {
    this.node = node;
    this.sandbox = sandbox;
    this.#owner = owner;
    this.book = new RunBook(node);
    this.killer = new ContainerKiller(this);
    this.#starter = new ContainerStarter(this);
  }

  get pod(): Live<Pod> {
    return this.#owner.allocated;
  }

  probed(): void {
    this.#owner.probed();
  }

  target(container: Container, containerId: string): HandlerTarget {
    const { node, sandbox } = this;
    const podIP = sandbox.status?.ip ?? '';
    const { runtime, clock, counts } = node;
    return { runtime, clock, counts, sandboxId: sandbox.id ?? '', containerId, container, podIP };
  }

  idOf(name: string): string | undefined {
    return this.book.find(name)?.id;
  }

  /** A look begins. */
  reveal(): void {
    const now = this.node.clock.now();
    this.book.reveal(now);
    this.book.prune(now, LOOK_MS);
  }

  /** The last look begins: nothing starts any more. */
  revealLast(): void {
    const now = this.node.clock.now();
    this.book.reveal(now);
    this.book.prune(now, 0);
  }

  /** All has ended. */
  forgetReplaced(): void {
    this.book.pruneEnded(this.node.clock.now());
  }

  /** What is known of each; a script may say whether it is ready. */
  observe(): ReadonlyMap<string, ObservedContainer> {
    const observed = this.book.observe(this.sandbox.id);
    const readinessOf = this.node.scripts?.readinessOf;
    if (!readinessOf) return observed;
    return new Map([...observed].map(([name, known]) => [name, { ...known, ready: readinessOf(this.pod, name) ?? known.ready }]));
  }

  get isAnyRunning(): boolean {
    return this.book.all.some((run) => this.book.isRunning(run));
  }

  async start(starts: readonly Start[], signal: AbortSignal): Promise<StartOutcome> {
    if (this.pod.spec.imagePullSecrets) await this.node.images.tellOfAbsentSecrets(this.pod);
    const outcome = await this.#starter.start(starts, signal);
    this.book.pruneDone();
    this.sandbox.prune(this.book.sandboxIds);
    return outcome;
  }

  kill(kills: readonly Kill[], signal: AbortSignal): Promise<void> {
    return this.killer.kill(kills, signal);
  }

  stopAll(graceMs: number): Promise<void> {
    return this.killer.stopAll(graceMs);
  }

  /** The sandbox is new: nothing of the old one runs any more. */
  sandboxChanged(): void {
    this.dispose();
  }

  /** Why running containers cannot be given what they are to have. */
  resizeRefusal(): string | undefined {
    const changes = containersOf(this.pod).flatMap(({ container }) => {
      const run = this.book.find(container.name);
      if (!run?.id || !run.actuated || !this.book.isRunning(run)) return [];
      const usage = this.node.runtime.containerStats(run.id)?.memory.usageBytes ?? 0;
      return [{ name: container.name, before: memoryLimit(run.actuated), after: memoryLimit(container.resources), usage }];
    });
    return memoryRefusal(changes);
  }

  /** Gives running containers the resources they are to have; answers whether any had others. Upstream: `doPodResizeAction`. */
  resize(): boolean {
    let changed = false;
    for (const { container } of containersOf(this.pod)) {
      const run = this.book.find(container.name);
      if (!run?.id || !run.actuated || !this.book.isRunning(run)) continue;
      if (changedResources(container.resources, run.actuated).length === 0) continue;
      const { clock, counts, runtime } = this.node;
      const { id } = run;
      counts.operation('update_container', clock, () => runtime.updateContainerResources(id, runtimeResources(container.resources) ?? {}));
      run.actuated = container.resources ?? {};
      changed = true;
    }
    return changed;
  }

  /** Whether every running container has the resources that it is to have. */
  get isResized(): boolean {
    return containersOf(this.pod).every(({ container }) => {
      const run = this.book.find(container.name);
      return !run?.actuated || !this.book.isRunning(run) || changedResources(container.resources, run.actuated).length === 0;
    });
  }

  /** Takes over what the runtime still has of the pod, or, if it is to go on, brings back what its status says was running. */
  async restore(goesOn: boolean): Promise<void> {
    const { node, sandbox, pod } = this;
    const adopted = adoptPod(pod, node.runtime);
    if (adopted) {
      sandbox.adopt(adopted.sandboxId, adopted.older);
      await sandbox.mountAsTheyAre();
      this.#takeOver(pod, adopted.runs);
      return;
    }
    const config = goesOn ? sandbox.configOf(0) : undefined;
    if (!config) return;
    await sandbox.mountAsTheyAre();
    const facts = () => ({ ...sandbox.facts(), podIPs: (pod.status.podIPs ?? []).map(({ ip }) => ip) });
    const configOf = (container: Container, attempt: number) =>
      restoredConfigOf({ pod: { facts }, container, attempt, volumes: sandbox.volumes, source: node.source });
    const restored = await restorePod(pod, config, configOf);
    if (!restored) return;
    const older = restored.older && node.runtime.restore(restored.older).id;
    if (older !== undefined) node.runtime.stopPodSandbox(older);
    const { id } = node.runtime.restore(restored.sandbox);
    sandbox.adopt(id, older === undefined ? [] : [older]);
    this.#takeOver(pod, new Map([...restored.runs].map(([name, run]) => [name, { ...run, sandboxId: run.isStale ? older : id }])));
  }

  #takeOver(pod: Pod, runs: ReadonlyMap<string, RestoredRun>): void {
    for (const { container, role } of containersOf(pod)) {
      const known = runs.get(container.name);
      if (!known) continue;
      const run = this.book.of(container, role);
      run.id = known.id;
      run.previousId = known.previousId;
      run.sandboxId = known.sandboxId;
      run.previousSandboxId = known.previousSandboxId;
      run.image = known.image ?? container.image ?? '';
      run.actuated = known.actuated ?? container.resources;
      if (known.isRunning) this.#starter.probe(run, container, { started: known.started, ready: known.ready });
    }
  }

  /** How the probes of each container came to each result. */
  get probeResults(): readonly (readonly [container: string, results: ContainerProbes['results']])[] {
    return [...this.book.all].flatMap(({ name, probes }) => (probes ? [[name, probes.results] as const] : []));
  }

  dispose(): void {
    for (const { probes } of this.book.all) probes?.stop();
  }
}
