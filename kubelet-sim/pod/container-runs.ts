import type { Container, Pod } from '../../api/index.ts';
import { ContainerProbes } from '../probes/container-probes.ts';
import type { ProbeTarget } from '../probes/probe.ts';
import { containerConfigOf, restoredConfigOf } from './container-config.ts';
import { type ContainerRole, containersOf, podLabel, shouldRestart } from './container-names.ts';
import { ContainerConfigError } from './environment.ts';
import { runHook } from './hooks.ts';
import type { NodeServices } from './node-services.ts';
import type { ObservedContainer, Waiting } from './observed.ts';
import { type Kill, type Start, stopOrder } from './pod-actions.ts';
import type { PodSandbox } from './pod-sandbox.ts';
import { goSeconds } from './restart-backoff.ts';
import { restorePod } from './restore.ts';

/** Instances of one container: the newest, the one before, and why there is no newer one. */
export interface ContainerRun {
  readonly name: string;
  readonly role: ContainerRole;
  id: string | undefined;
  previousId: string | undefined;
  waiting: Waiting | undefined;
  probes: ContainerProbes | undefined;
  /** The image as the spec named it when the newest instance was started. */
  image: string;
}

/** How long an error that only the user can mend is left alone. */
const CONFIG_RETRY_MS = 10_000;
/** A container is given at least this long to stop after its preStop hook. */
const GRACE_MS_MIN = 2000;

interface Parts {
  readonly node: NodeServices;
  readonly sandbox: PodSandbox;
  readonly pod: () => Pod;
  readonly poke: () => void;
  /** Aborted when the pod is to end. */
  readonly signal: () => AbortSignal;
}

/** The containers of one pod: starts, restarts and stops them, and knows what became of each. */
export class ContainerRuns {
  readonly #parts: Parts;
  /** Few per pod, hence a list. */
  readonly #runs: ContainerRun[] = [];
  #stopping: Promise<void> | undefined;
  #stopGraceMs = Number.POSITIVE_INFINITY;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  idOf(name: string, previous: boolean): string | undefined {
    const run = this.#find(name);
    return previous ? run?.previousId : run?.id;
  }

  get startedImages(): ReadonlyMap<string, string> {
    return new Map(this.#runs.map(({ name, image }) => [name, image]));
  }

  observe(): ReadonlyMap<string, ObservedContainer> {
    const { runtime } = this.#parts.node;
    return new Map(
      this.#runs.map(({ name, id, previousId, waiting, probes }) => [
        name,
        {
          current: id === undefined ? undefined : runtime.containerStatus(id),
          previous: previousId === undefined ? undefined : runtime.containerStatus(previousId),
          waiting,
          started: probes ? probes.started : true,
          ready: probes ? probes.ready : true,
          failedProbe: probes?.failed,
        },
      ]),
    );
  }

  /** Starts containers; answers whether any was, and when to look again for those that were not. */
  async start(starts: readonly Start[]): Promise<{ progressed: boolean; retryMs: number | undefined }> {
    let progressed = false;
    let retryMs: number | undefined;
    for (const start of starts) {
      const waitMs = await this.#start(start);
      this.#parts.signal().throwIfAborted();
      if (waitMs === 0) progressed = true;
      else if (retryMs === undefined || waitMs < retryMs) retryMs = waitMs;
    }
    return { progressed, retryMs };
  }

  /** Answers 0 when the container was started, else how long to wait before the next try. */
  async #start(start: Start): Promise<number> {
    const { node } = this.#parts;
    const signal = this.#parts.signal();
    const pod = this.#parts.pod();
    const { container, role } = start;
    const subject = { name: container.name, role };
    const run = this.#runOf(container, role);
    const backoffMs = this.#backoff(pod, start, run);
    if (backoffMs > 0) return backoffMs;
    const outcome = await node.images.ensure(pod, container, subject, signal);
    signal.throwIfAborted();
    if ('waiting' in outcome) {
      node.events.warning(pod, 'Failed', `Error: ${outcome.waiting.reason}`, subject);
      run.waiting = outcome.waiting;
      return outcome.retryMs;
    }
    try {
      await this.#launch(pod, start, run);
      return 0;
    } catch (error) {
      signal.throwIfAborted();
      return this.#startFailed(pod, start, run, error);
    }
  }

  async #launch(pod: Pod, { container, role, attempt }: Start, run: ContainerRun): Promise<void> {
    const { node, sandbox } = this.#parts;
    const signal = this.#parts.signal();
    const subject = { name: container.name, role };
    const config = await containerConfigOf({
      facts: sandbox.facts(pod),
      container,
      attempt,
      volumes: sandbox.volumes,
      source: node.source,
    });
    signal.throwIfAborted();
    const { id } = node.runtime.createContainer(sandbox.id ?? '', config);
    this.#replace(run, id, container.image ?? '');
    node.events.normal(pod, 'Created', `Created container: ${container.name}`, subject);
    node.runtime.startContainer(id);
    node.events.normal(pod, 'Started', `Started container ${container.name}`, subject);
    run.waiting = undefined;
    await this.#postStart(pod, container, role, id);
    signal.throwIfAborted();
    this.#probe(run, container);
  }

  #startFailed(pod: Pod, { container, role }: Start, run: ContainerRun, error: unknown): number {
    const { events } = this.#parts.node;
    const message = error instanceof Error ? error.message : String(error);
    const isConfig = error instanceof ContainerConfigError;
    events.warning(pod, 'Failed', `Error: ${message}`, { name: container.name, role });
    const { exitCode } = (run.id !== undefined && this.#parts.node.runtime.containerStatus(run.id)) || { exitCode: 0 };
    const comesBack = isConfig || shouldRestart(pod, container, role, exitCode);
    run.waiting = comesBack ? { reason: isConfig ? 'CreateContainerConfigError' : 'RunContainerError', message } : undefined;
    return isConfig ? CONFIG_RETRY_MS : 1;
  }

  /** A newer instance takes the place of the newest; the one before that is forgotten by the runtime. */
  #replace(run: ContainerRun, id: string, image: string): void {
    run.probes?.stop();
    run.probes = undefined;
    if (run.previousId !== undefined) this.#parts.node.runtime.removeContainer(run.previousId);
    run.previousId = run.id;
    run.id = id;
    run.image = image;
  }

  #backoff(pod: Pod, { container, role }: Start, run: ContainerRun): number {
    const { node } = this.#parts;
    const current = run.id === undefined ? undefined : node.runtime.containerStatus(run.id);
    if (current?.state !== 'exited') return 0;
    const key = `${pod.metadata.uid}/${container.name}/${container.image}`;
    const now = node.clock.now();
    const waitMs = node.restarts.remaining(key, current.finishedAt, now);
    if (waitMs === 0) {
      node.restarts.next(key, current.finishedAt, now);
      return 0;
    }
    if (run.waiting?.reason !== 'CrashLoopBackOff')
      node.events.warning(pod, 'BackOff', `Back-off restarting failed container ${container.name} in pod ${podLabel(pod)}`, {
        name: container.name,
        role,
      });
    const message = `back-off ${goSeconds(node.restarts.current(key))} restarting failed container=${container.name} pod=${podLabel(pod)}`;
    run.waiting = { reason: 'CrashLoopBackOff', message };
    return waitMs;
  }

  async #postStart(pod: Pod, container: Container, role: ContainerRole, id: string): Promise<void> {
    const { node } = this.#parts;
    const signal = this.#parts.signal();
    const hook = container.lifecycle?.postStart;
    if (!hook) return;
    try {
      await runHook(hook, this.#target(container, id), node.clock, signal);
    } catch (error) {
      signal.throwIfAborted();
      node.events.warning(pod, 'FailedPostStartHook', 'PostStartHook failed', { name: container.name, role });
      await this.#killOne(pod, container, role, { id, graceMs: graceMsOf(pod), message: 'FailedPostStartHook' });
      throw error;
    }
  }

  #probe(run: ContainerRun, container: Container, before?: { started: boolean; ready: boolean }): void {
    const { node, poke } = this.#parts;
    if (!run.id || !(container.startupProbe || container.readinessProbe || container.livenessProbe)) return;
    const subject = { name: container.name, role: run.role };
    run.probes = new ContainerProbes({
      clock: node.clock,
      target: this.#target(container, run.id),
      before,
      observer: {
        onChange: poke,
        onFailure: (kind, output) =>
          node.events.warning(this.#parts.pod(), 'Unhealthy', `${capital(kind)} probe failed: ${output}`, subject),
      },
    });
  }

  #target(container: Container, id: string): ProbeTarget {
    const { node, sandbox } = this.#parts;
    return { runtime: node.runtime, sandboxId: sandbox.id ?? '', containerId: id, container, podIP: sandbox.status?.ip ?? '' };
  }

  /** The sandbox is new: nothing of the old one runs any more. */
  sandboxChanged(): void {
    for (const run of this.#runs) run.probes?.stop();
  }

  async kill(kills: readonly Kill[]): Promise<void> {
    const pod = this.#parts.pod();
    await Promise.all(
      kills.map(async ({ container, role, id, message, graceSeconds }) => {
        const graceMs = graceSeconds === undefined ? graceMsOf(pod) : graceSeconds * 1000;
        await this.#killOne(pod, container, role, { id, graceMs, message });
      }),
    );
  }

  async #killOne(
    pod: Pod,
    container: Container,
    role: ContainerRole,
    how: { id: string; graceMs: number; message: string },
  ): Promise<void> {
    const { node } = this.#parts;
    this.#find(container.name)?.probes?.stop();
    node.events.normal(pod, 'Killing', how.message, { name: container.name, role });
    const spentMs = how.graceMs > 0 ? await this.#preStop(pod, container, role, how) : 0;
    const restMs = Math.min(how.graceMs, this.#stopGraceMs) - spentMs;
    await node.runtime.stopContainer(how.id, how.graceMs > 0 && this.#stopGraceMs > 0 ? Math.max(restMs, GRACE_MS_MIN) : 0);
  }

  /** Runs the preStop hook, for as long as the grace period at most; answers how long it took. */
  async #preStop(pod: Pod, container: Container, role: ContainerRole, { id, graceMs }: { id: string; graceMs: number }): Promise<number> {
    const { node } = this.#parts;
    const hook = container.lifecycle?.preStop;
    if (!hook || node.runtime.containerStatus(id)?.state !== 'running') return 0;
    const startedAt = node.clock.monotonic();
    const abort = new AbortController();
    const timer = node.clock.setTimer(graceMs, () => abort.abort(new Error('the grace period ended before the hook')));
    try {
      await runHook(hook, this.#target(container, id), node.clock, abort.signal);
    } catch (error) {
      node.events.warning(pod, 'FailedPreStopHook', 'PreStopHook failed', { name: container.name, role });
      node.logger.debug({ err: error, pod: pod.metadata.name, container: container.name }, 'preStop hook failed');
    } finally {
      timer.cancel();
    }
    return node.clock.monotonic() - startedAt;
  }

  /** Stops everything, main containers first, then sidecars; resolves when nothing runs. */
  stopAll(graceSeconds: number): Promise<void> {
    this.shorten(graceSeconds);
    this.#stopping ??= this.#stopInOrder(graceSeconds * 1000);
    return this.#stopping;
  }

  async #stopInOrder(graceMs: number): Promise<void> {
    const { node } = this.#parts;
    const pod = this.#parts.pod();
    const deadline = node.clock.monotonic() + graceMs;
    for (const run of this.#runs) run.probes?.stop();
    for (const step of stopOrder(pod)) {
      await Promise.all(
        step.map(async (container) => {
          const run = this.#find(container.name);
          if (!run?.id || node.runtime.containerStatus(run.id)?.state !== 'running') return;
          const leftMs = graceMs === 0 ? 0 : Math.max(deadline - node.clock.monotonic(), 1);
          await this.#killOne(pod, container, run.role, { id: run.id, graceMs: leftMs, message: `Stopping container ${container.name}` });
        }),
      );
    }
  }

  /** A shorter grace period than the one that containers are being stopped with. */
  shorten(graceSeconds: number): void {
    const graceMs = graceSeconds * 1000;
    if (graceMs >= this.#stopGraceMs) return;
    this.#stopGraceMs = graceMs;
    if (!this.#stopping) return;
    for (const { id } of this.#runs)
      if (id !== undefined && this.#parts.node.runtime.containerStatus(id)?.state === 'running')
        this.#parts.node.runtime
          .stopContainer(id, graceMs)
          .catch((error: unknown) => this.#parts.node.logger.error({ err: error }, 'container not stopped'));
  }

  /** Brings back what the pod's status says was running. */
  restore(): void {
    const { node, sandbox } = this.#parts;
    const pod = this.#parts.pod();
    const config = sandbox.configOf(pod, 0);
    if (!config) return;
    sandbox.prepare(pod);
    const configOf = (container: Container, attempt: number) =>
      restoredConfigOf({
        facts: { ...sandbox.facts(pod), podIP: pod.status.podIP ?? '' },
        container,
        attempt,
        volumes: sandbox.volumes,
        source: node.source,
      });
    const restored = restorePod(pod, config, configOf);
    if (!restored) return;
    sandbox.adopt(node.runtime.restore(restored.sandbox).id);
    for (const { container, role } of containersOf(pod)) {
      const known = restored.runs.get(container.name);
      if (!known) continue;
      const run = this.#runOf(container, role);
      run.id = known.id;
      run.previousId = known.previousId;
      run.image = container.image ?? '';
      if (known.isRunning) this.#probe(run, container, { started: known.started, ready: known.ready });
    }
  }

  dispose(): void {
    for (const run of this.#runs) run.probes?.stop();
  }

  #find(name: string): ContainerRun | undefined {
    return this.#runs.find((run) => run.name === name);
  }

  #runOf(container: Container, role: ContainerRole): ContainerRun {
    let run = this.#find(container.name);
    if (!run) {
      run = {
        name: container.name,
        role,
        id: undefined,
        previousId: undefined,
        waiting: undefined,
        probes: undefined,
        image: container.image ?? '',
      };
      this.#runs.push(run);
    }
    return run;
  }
}

const graceMsOf = (pod: Pod): number => (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
