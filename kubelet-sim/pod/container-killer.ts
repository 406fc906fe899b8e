import type { Container, Live, Pod } from '../../api/index.ts';
import type { HandlerTarget } from '../probes/handler-target.ts';
import type { ContainerRole } from './container-names.ts';
import type { Kill } from './container-steps.ts';
import { Grace } from './grace.ts';
import { runHook } from './hooks.ts';
import type { NodeServices } from './node-services.ts';
import type { ContainerRun, RunBook } from './run-book.ts';
import { turnsOf } from './termination-order.ts';

/** A container is given at least this long to stop after its preStop hook. */
const GRACE_MS_MIN = 2000;

/** What a pod's containers are stopped with. */
export interface KillerParts {
  readonly node: NodeServices;
  readonly book: RunBook;
  /** As it is now, with what the node gave it. */
  readonly pod: Live<Pod>;
  /** Where the hooks and probes of a container go. */
  target(container: Container, id: string): HandlerTarget;
}

interface OneKill {
  readonly container: Container;
  readonly role: ContainerRole;
  readonly id: string;
  readonly message: string;
  readonly grace: Grace;
  /** Resolves when it is this one's turn to be stopped. */
  readonly turn?: Promise<unknown> | undefined;
}

/**
 * Stops containers: the preStop hook, then the signal, then SIGKILL, all within the grace period. Upstream: `killContainer`,
 * `pkg/kubelet/kuberuntime/kuberuntime_container.go`.
 */
export class ContainerKiller {
  readonly #parts: KillerParts;
  #stopping: Promise<void> | undefined;

  constructor(parts: KillerParts) {
    this.#parts = parts;
  }

  /** Stops containers that will start again, or not, while the pod goes on. */
  async kill(kills: readonly Kill[], signal: AbortSignal): Promise<void> {
    const pod = this.#parts.pod;
    await Promise.all(
      kills.map(async ({ container, role, id, message, reason }) => {
        const grace = new Grace(this.#parts.node.clock, graceSecondsOf(pod, container, reason) * 1000);
        const probes = this.#parts.book.find(container.name)?.probes;
        probes?.ending();
        const killed = this.#killOne(pod, { container, role, id, message, grace }).finally(() => {
          grace.dispose();
          probes?.stop();
        });
        await unlessAborted(killed, signal);
      }),
    );
  }

  /**
   * Stops everything: all at once, but for sidecars, which wait for the main containers and for the sidecars after them. What was given when
   * it began is given, even if less is asked for meanwhile. Upstream: `SyncTerminatingPod`, which does not heed that it is to be quicker.
   */
  stopAll(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stopEach(graceMs);
    return this.#stopping;
  }

  async #stopEach(graceMs: number): Promise<void> {
    const { node, book } = this.#parts;
    const pod = this.#parts.pod;
    const grace = new Grace(node.clock, graceMs);
    for (const { probes } of book.all) probes?.ending();
    const running = book.all.filter((run) => book.isRunning(run));
    const turns = turnsOf(
      pod,
      running.map(({ name }) => name),
    );
    await Promise.all(running.map((run) => this.#stopOne(pod, run, grace, turns)));
    grace.dispose();
    this.#stopping = undefined;
  }

  async #stopOne(pod: Pod, { name, role, id = '' }: ContainerRun, grace: Grace, turns: ReturnType<typeof turnsOf>): Promise<void> {
    const container = containerNamed(pod, name) ?? { name };
    try {
      await this.#killOne(pod, { container, role, id, message: `Stopping container ${name}`, grace, turn: turns.waitFor(name) });
    } finally {
      turns.done(name);
      this.#parts.book.find(name)?.probes?.stop();
    }
  }

  async #killOne(pod: Pod, kill: OneKill): Promise<void> {
    const { node } = this.#parts;
    const { container, role, id, grace, turn } = kill;
    node.events.normal(pod, 'Killing', kill.message, { name: container.name, role });
    if (container.lifecycle?.preStop) await grace.spend((signal) => this.#preStop(pod, kill, signal));
    if (turn !== undefined) await grace.spend(() => turn);
    await node.counts.longOperation('stop_container', node.clock, () =>
      node.runtime.stopContainer(id, Math.max(grace.leftMs, GRACE_MS_MIN)),
    );
  }

  /**
   * A hook that fails is told of; one that does not end in time is left behind. A command that is left behind ends with its container,
   * and so fails after all. Upstream: `executePreStopHook`, whose hook goes on when nobody waits for it any more.
   */
  async #preStop(pod: Pod, { container, role, id }: OneKill, signal: AbortSignal): Promise<void> {
    const { node } = this.#parts;
    const hook = container.lifecycle?.preStop;
    if (!hook || node.runtime.containerStatus(id)?.state !== 'running') return;
    try {
      await runHook(hook, { pod, target: this.#parts.target(container, id), node }, hook.exec ? NEVER : signal);
    } catch (error) {
      if (signal.aborted && !hook.exec) return;
      node.events.warning(pod, 'FailedPreStopHook', 'PreStopHook failed', { name: container.name, role });
      node.logger.debug({ err: error, pod: pod.metadata.name, container: container.name }, 'preStop hook failed');
    }
  }

  /** A container whose postStart hook failed. */
  async killAfterHook(pod: Pod, run: ContainerRun, container: Container, signal: AbortSignal): Promise<void> {
    const grace = new Grace(this.#parts.node.clock, graceSecondsOf(pod, container, undefined) * 1000);
    const kill = { container, role: run.role, id: run.id ?? '', message: 'FailedPostStartHook', grace };
    await unlessAborted(
      this.#killOne(pod, kill).finally(() => grace.dispose()),
      signal,
    );
  }
}

/** Of what is not broken off. */
const NEVER = new AbortController().signal;

const containerNamed = ({ spec }: Pod, name: string): Container | undefined =>
  [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])].find((container) => container.name === name);

const GRACE_SECONDS_DEFAULT = 30;

/** The pod's grace period, or that of the probe that gave up. Upstream: `setTerminationGracePeriod`. */
function graceSecondsOf({ spec, metadata }: Pod, container: Container, reason: Kill['reason']): number {
  if (metadata.deletionGracePeriodSeconds !== undefined) return metadata.deletionGracePeriodSeconds;
  const probe = reason === 'liveness' ? container.livenessProbe : reason === 'startup' ? container.startupProbe : undefined;
  return probe?.terminationGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? GRACE_SECONDS_DEFAULT;
}

/** Waits for work unless a signal says that nobody does any more; the work goes on. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
