import type { Container, Pod } from '../../api/index.ts';
import { ContainerProbes, type ProbeKind } from '../probes/container-probes.ts';
import type { ProbeResult } from '../probes/probe.ts';
import { type ContainerConfig, RuntimeError } from '../runtime/cri.ts';
import type { Image } from '../runtime/image-service.ts';
import { SubPathError } from '../runtime/sub-path-error.ts';
import { containerConfigOf } from './container-config.ts';
import type { ContainerKiller, KillerParts } from './container-killer.ts';
import { type ContainerRole, podLabel } from './container-names.ts';
import type { Start } from './container-steps.ts';
import { ContainerConfigError } from './environment.ts';
import { runHook } from './hooks.ts';
import type { ImageOutcome } from './image-manager.ts';
import type { PodSandbox } from './pod-sandbox.ts';
import { goSeconds } from './restart-backoff.ts';
import { type ContainerRun, LOOK_MS } from './run-book.ts';

/** How long an error that only the user can mend is left alone. */
const CONFIG_RETRY_MS = 10_000;
/** How soon a container that is to wait is looked at again. Upstream: `backOffPeriod`, `pkg/kubelet/kubelet.go`, without its jitter. */
const BACKOFF_LOOK_MS = 10_000;
/** A container that was started and ended at once is looked at again at once. */
const ENDED_RETRY_MS = 1;

/** What a pod's containers are started with. */
export interface StarterParts extends KillerParts {
  readonly sandbox: PodSandbox;
  readonly killer: ContainerKiller;
  /** A probe has changed its mind. */
  probed(): void;
}

/** What came of starting containers. */
export interface StartOutcome {
  readonly progressed: boolean;
  /** When to look again for those that were not started. */
  readonly retryMs: number | undefined;
}

/** A start that failed at one of its steps. */
class StartError extends Error {
  override readonly name = 'StartError';
  /** As the container's status says. */
  readonly reason: string;
  readonly retryMs: number;

  constructor(reason: string, message: string, retryMs: number) {
    super(message);
    this.reason = reason;
    this.retryMs = retryMs;
  }
}

/** Starts containers, one after the other. Upstream: `startContainer`, `pkg/kubelet/kuberuntime/kuberuntime_container.go`. */
export class ContainerStarter {
  readonly #parts: StarterParts;

  constructor(parts: StarterParts) {
    this.#parts = parts;
  }

  async start(starts: readonly Start[], signal: AbortSignal): Promise<StartOutcome> {
    let progressed = false;
    let retryMs: number | undefined;
    for (const start of starts) {
      const waitMs = await this.#start(start, signal);
      signal.throwIfAborted();
      if (waitMs === 0) progressed = true;
      else retryMs = Math.min(waitMs, retryMs ?? waitMs);
      if (waitMs > 0 && start.role === 'init') break;
    }
    return { progressed, retryMs };
  }

  /** Answers 0 when the container was started, else how long to wait before the next try. */
  async #start(start: Start, signal: AbortSignal): Promise<number> {
    const { node, book } = this.#parts;
    const pod = this.#parts.pod;
    const { container, role } = start;
    const run = book.of(container, role);
    const backoffMs = this.#backoff(pod, start, run);
    if (backoffMs > 0) return backoffMs;
    node.counts.containerStarted(role);
    const subject = { name: container.name, role };
    const outcome = await node.images.ensure(pod, container, subject, signal);
    signal.throwIfAborted();
    if ('waiting' in outcome) {
      node.counts.containerFailed(role, outcome.waiting.reason);
      node.events.warning(pod, 'Failed', `Error: ${outcome.waiting.reason}`, subject);
      return this.#pullLater(run, outcome);
    }
    try {
      await this.#launch(pod, start, { run, image: outcome.image }, signal);
      return 0;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StartError)) throw error;
      node.counts.containerFailed(role, error.reason);
      run.waiting = { reason: error.reason, message: error.message };
      return error.retryMs;
    }
  }

  /** A first failure is seen at once, since the sandbox is news too; those after it by the next look, which is a while away. */
  #pullLater(run: ContainerRun, { waiting, retryMs }: Exclude<ImageOutcome, { image: Image }>): number {
    const isFirst = run.waiting === undefined;
    if (isFirst) run.waiting = waiting;
    else run.nextWaiting = { waiting, since: this.#parts.node.clock.now() };
    return isFirst && waiting.reason === 'ErrImagePull' ? LOOK_MS : Math.min(retryMs, BACKOFF_LOOK_MS);
  }

  async #launch(pod: Pod, start: Start, { run, image }: { run: ContainerRun; image: Image }, signal: AbortSignal): Promise<void> {
    const { node, book } = this.#parts;
    const { container, role } = start;
    const subject = { name: container.name, role };
    const id = await this.#create(pod, start, image, signal);
    book.replace(run, { id, sandboxId: this.#parts.sandbox.id ?? '', container });
    node.events.normal(pod, 'Created', `Created container: ${container.name}`, subject);
    try {
      await node.counts.longOperation('start_container', node.clock, () => node.runtime.startContainer(id));
    } catch (error) {
      throw this.#failed(pod, start, 'RunContainerError', error);
    }
    node.events.normal(pod, 'Started', `Started container ${container.name}`, subject);
    run.waiting = undefined;
    await this.#postStart(pod, container, run, signal);
    signal.throwIfAborted();
    if (run.id === id) this.probe(run, container);
  }

  async #create(pod: Pod, start: Start, image: Image, signal: AbortSignal): Promise<string> {
    const { node, sandbox, book } = this.#parts;
    const { container, attempt, role } = start;
    const target = pod.spec.ephemeralContainers?.find(({ name }) => name === container.name)?.targetContainerName;
    const targetId = target ? book.find(target)?.id : undefined;
    const behaviour = node.scripts?.behaviourOf(pod, container.name);
    try {
      if (role === 'ephemeral') await sandbox.mountLate();
      if (target && targetId === undefined) throw new ContainerConfigError(`unable to find target container ${target}`);
      const parts = { pod: sandbox, container, attempt, volumes: sandbox.volumes, source: node.source, targetId, behaviour };
      const config = await this.#withDevices(await containerConfigOf(parts, image));
      await this.#prepareSubPaths(container, config);
      signal.throwIfAborted();
      return node.counts.operation('create_container', node.clock, () => node.runtime.createContainer(sandbox.id ?? '', config).id);
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failed(pod, start, error instanceof ContainerConfigError ? 'CreateContainerConfigError' : 'CreateContainerError', error);
    }
  }

  /** With what the drivers of its devices have made ready for it. @throws ContainerConfigError */
  async #withDevices(config: ContainerConfig): Promise<ContainerConfig> {
    const { node, sandbox, pod } = this.#parts;
    if (!pod.spec.resourceClaims?.length) return config;
    const devices = await node.plugins.devices.devicesOf(pod, config.name).catch((error: unknown) => {
      throw new ContainerConfigError(error instanceof Error ? error.message : String(error));
    });
    if (devices.length === 0) return config;
    const environment = config.environment ?? (() => sandbox.environmentOf(config.name));
    return await node.runtime.injectDevices({ ...config, environment }, devices);
  }

  /** What its mounts name of their volumes is made before it is. @throws ContainerConfigError */
  async #prepareSubPaths({ name, volumeMounts = [] }: Container, { mounts }: ContainerConfig): Promise<void> {
    for (const mount of mounts) {
      if (mount.subPath === '') continue;
      await this.#parts.node.runtime.prepareSubPath(mount).catch((error: unknown) => {
        if (!(error instanceof SubPathError)) throw error;
        const own = volumeMounts.find(({ mountPath }) => mountPath === mount.containerPath);
        throw new ContainerConfigError(`${error.message} for volumeMount "${own?.name ?? ''}" of container "${name}"`);
      });
    }
  }

  /** Tells of a step that failed; of a runtime's error without its code, as gRPC's clients do. */
  #failed(pod: Pod, { container, role }: Start, reason: string, error: unknown): StartError {
    const message = error instanceof RuntimeError ? error.description : error instanceof Error ? error.message : String(error);
    this.#parts.node.events.warning(pod, 'Failed', `Error: ${message}`, { name: container.name, role });
    return new StartError(reason, message, reason === 'RunContainerError' ? ENDED_RETRY_MS : CONFIG_RETRY_MS);
  }

  /** How long a container that has ended before is still to wait. Upstream: `doBackOff`. */
  #backoff(pod: Pod, { container, role, exited }: Start, run: ContainerRun): number {
    const { node } = this.#parts;
    if (!exited) return 0;
    const key = backoffKey(pod, container);
    const now = node.clock.now();
    const waitMs = node.restarts.remaining(key, exited.finishedAt, now);
    if (waitMs === 0) {
      node.restarts.next(key, exited.finishedAt, now);
      run.nextWaiting = undefined;
      return 0;
    }
    node.events.warning(pod, 'BackOff', `Back-off restarting failed container ${container.name} in pod ${podLabel(pod)}`, {
      name: container.name,
      role,
    });
    const message = `back-off ${goSeconds(node.restarts.current(key))} restarting failed container=${container.name} pod=${podLabel(pod)}`;
    run.nextWaiting = { waiting: { reason: 'CrashLoopBackOff', message }, since: now };
    return Math.min(waitMs, BACKOFF_LOOK_MS);
  }

  async #postStart(pod: Pod, container: Container, run: ContainerRun, signal: AbortSignal): Promise<void> {
    const { node, killer } = this.#parts;
    const hook = container.lifecycle?.postStart;
    if (!hook || run.id === undefined) return;
    run.hooking = true;
    try {
      await runHook(hook, { pod, target: this.#parts.target(container, run.id), node }, signal);
    } catch (error) {
      signal.throwIfAborted();
      node.events.warning(pod, 'FailedPostStartHook', 'PostStartHook failed', { name: container.name, role: run.role });
      await killer.killAfterHook(pod, run, container, signal);
      throw new StartError('PostStartHookError', error instanceof Error ? error.message : String(error), ENDED_RETRY_MS);
    } finally {
      run.hooking = false;
    }
  }

  /** Begins to probe the newest instance. @param before what was known of it, when it ran before this process did */
  probe(run: ContainerRun, container: Container, before?: { started: boolean; ready: boolean }): void {
    const { node } = this.#parts;
    if (run.id === undefined || !(container.startupProbe || container.readinessProbe || container.livenessProbe)) return;
    run.probes = new ContainerProbes({
      clock: node.clock,
      target: this.#parts.target(container, run.id),
      before,
      observer: {
        onChange: () => this.#parts.probed(),
        onTrouble: (kind, result) => this.#trouble(container.name, run.role, kind, result),
      },
    });
  }

  /** Upstream: `probe`, `pkg/kubelet/prober/prober.go`. */
  #trouble(name: string, role: ContainerRole, kind: ProbeKind, { outcome, output }: ProbeResult): void {
    const probe = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} probe`;
    const pod = this.#parts.pod;
    const { events } = this.#parts.node;
    if (outcome === 'warning') events.warning(pod, 'ProbeWarning', `${probe} warning: ${output}`, { name, role });
    else if (outcome === 'error')
      events.warning(pod, 'Unhealthy', `${probe} errored and resulted in unknown state: ${output}`, { name, role });
    else events.warning(pod, 'Unhealthy', `${probe} failed: ${output}`, { name, role });
  }
}

/** What a wait belongs to: a container that is to be otherwise begins anew. Upstream: `GetBackoffKey`, `pkg/kubelet/kuberuntime/helpers.go`. */
const backoffKey = ({ metadata: { uid } }: Pod, { name, image, resources }: Container): string =>
  `${uid}/${name}/${image}/${JSON.stringify(resources ?? {})}`;
