import type { Live, Pod, PodStatus } from '../../api/index.ts';
import type { Timer } from '../../runtime/index.ts';
import { ContainerRuns } from './container-runs.ts';
import type { NodeServices } from './node-services.ts';
import type { ObservedPod, Verdict } from './observed.ts';
import { actionsOf } from './pod-actions.ts';
import { PodSandbox } from './pod-sandbox.ts';
import { endedPhase, podStatusOf } from './pod-status.ts';
import { statusPatch } from './status-writer.ts';

/** A look that takes longer than this shows what it has done so far. */
const INTERIM_MS = 50;

/**
 * Everything that happens to one pod on its node, one thing after the other.
 *
 * Invariants:
 * 1. One sync runs at a time; what happens meanwhile makes it run once more.
 * 2. After termination has begun nothing is started.
 * 3. The status is computed from what is observed at the end of each sync, so that a pod that starts at once is written once.
 *
 * ```
 *            update(pod), container event, probe, timer
 *                              │ poke
 *                              ▼
 *   sync: observe ─► actionsOf ─► kill, make sandbox, start ─► status ─► writer
 *                              │ deletion, verdict
 *                              ▼
 *   terminate: stop containers ─► stop sandbox ─► last status ─► (deleted: DELETE)
 * ```
 */
export class PodWorker {
  readonly #node: NodeServices;
  readonly #runs: ContainerRuns;
  readonly #sandbox: PodSandbox;
  #pod: Live<Pod>;
  #status: PodStatus;
  #verdict: Verdict | undefined;
  #state: 'active' | 'ended' | 'removed' = 'active';
  #running = false;
  #again = false;
  #retry: Timer | undefined;
  #retryAt = Number.POSITIVE_INFINITY;
  #deadline: Timer | undefined;
  #deleting = false;
  /** Breaks off what a sync waits for; there is one only while a sync runs, or for good once the pod is to end. */
  #abort: AbortController | undefined;

  constructor(node: NodeServices, pod: Live<Pod>, verdict?: Verdict) {
    this.#node = node;
    this.#pod = pod;
    this.#status = pod.status;
    this.#verdict = verdict;
    this.#sandbox = new PodSandbox(node);
    this.#runs = new ContainerRuns({
      node,
      sandbox: this.#sandbox,
      pod: () => this.#pod,
      poke: () => this.poke(),
      signal: () => this.#signal,
    });
    if (endedPhase(pod.status)) this.#state = 'ended';
    this.#setDeadline();
  }

  get pod(): Live<Pod> {
    return this.#pod;
  }

  /** The status as it was computed last; newer than the API's, perhaps. */
  get status(): PodStatus {
    return this.#status;
  }

  /** Whether the pod still takes part of the node's resources. */
  get isActive(): boolean {
    return this.#state === 'active';
  }

  /** The instance of a container, for logs and exec. @param previous the one before */
  containerId(name: string, previous = false): string | undefined {
    return this.#runs.idOf(name, previous);
  }

  get sandboxId(): string | undefined {
    return this.#sandbox.id;
  }

  /** Takes over what ran before this process started. */
  restore(): void {
    this.#runs.restore();
    this.poke();
  }

  /** The pod changed in the API. */
  update(pod: Live<Pod>): void {
    const isEcho = this.#isEcho(pod);
    this.#pod = pod;
    if (isEcho || this.#node.statuses.isIdle(pod.metadata.uid)) this.#status = pod.status;
    if (isEcho) return;
    this.#setDeadline();
    if (pod.metadata.deletionTimestamp) {
      this.#breakOff();
      this.#runs.shorten(pod.metadata.deletionGracePeriodSeconds ?? 0);
    }
    this.poke();
  }

  /** Whether the API only tells what we wrote: then there is nothing to look at. */
  #isEcho({ metadata, status, spec }: Live<Pod>): boolean {
    const { generation, deletionTimestamp } = this.#pod.metadata;
    if (metadata.generation !== generation || metadata.deletionTimestamp !== deletionTimestamp || spec.readinessGates) return false;
    return statusPatch(this.#status, status) === undefined;
  }

  /** The pod is gone from the API: stop everything, write nothing. */
  remove(): void {
    this.#state = 'removed';
    this.#breakOff();
    this.#retry?.cancel();
    this.#deadline?.cancel();
    this.#node.statuses.forget(this.#pod.metadata.uid);
    this.#runs.dispose();
    this.#sandbox.remove();
    this.#node.images.forget(this.#pod);
  }

  /** Looks again. */
  poke(): void {
    this.#again = true;
    if (this.#running || this.#state === 'removed') return;
    this.#running = true;
    this.#loop().catch((error: unknown) => {
      this.#running = false;
      if (this.#state === 'removed' || this.#signal.aborted) return this.#afterAbort();
      this.#node.logger.error(
        { err: error, pod: this.#pod.metadata.name, namespace: this.#pod.metadata.namespace },
        'pod sync failed, will retry',
      );
      this.#retryIn(RETRY_MS);
    });
  }

  get #signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  #breakOff(): void {
    this.#abort ??= new AbortController();
    this.#abort.abort();
  }

  /** A sync was broken off because the pod is to end: look again, to end it. */
  #afterAbort(): void {
    if (this.#state !== 'removed') this.poke();
  }

  async #loop(): Promise<void> {
    while (this.#again && this.#state !== 'removed') {
      this.#again = false;
      await this.#sync();
    }
    this.#running = false;
    if (!this.#signal.aborted) this.#abort = undefined;
  }

  async #sync(): Promise<void> {
    if (this.#pod.metadata.deletionTimestamp) return await this.#delete();
    if (this.#state !== 'active') return;
    if (this.#verdict) return await this.#end();
    const interim = this.#node.clock.setTimer(INTERIM_MS, () => this.#publish());
    try {
      await this.#advance();
    } finally {
      interim.cancel();
    }
  }

  async #advance(): Promise<void> {
    const actions = actionsOf(this.#observe());
    if (actions.killPod) return await this.#end();
    await this.#runs.kill(actions.kills);
    if (actions.createSandbox) {
      const retryMs = await this.#sandbox.make(this.#pod, actions.createSandbox.attempt, this.#signal);
      if (retryMs > 0) {
        this.#publish();
        return this.#retryIn(retryMs);
      }
      this.#runs.sandboxChanged();
    }
    const { progressed, retryMs } = await this.#runs.start(actions.starts);
    if (retryMs !== undefined) this.#retryIn(retryMs);
    if (progressed) this.#again = true;
    if (!this.#again) this.#publish();
  }

  #observe(terminating = false): ObservedPod {
    return {
      pod: this.#pod,
      sandbox: this.#sandbox.status,
      containers: this.#runs.observe(),
      startedImages: this.#runs.startedImages,
      verdict: this.#verdict,
      terminating,
      hostIP: this.#node.hostIP,
      now: this.#node.clock.now(),
    };
  }

  /** The pod has run its course, or was refused: nothing runs any more, and it stays as it is. */
  async #end(): Promise<void> {
    await this.#runs.stopAll(this.#pod.spec.terminationGracePeriodSeconds ?? GRACE_SECONDS_DEFAULT);
    this.#sandbox.stop();
    this.#state = 'ended';
    this.#retry?.cancel();
    this.#deadline?.cancel();
    this.#publish(true);
  }

  async #delete(): Promise<void> {
    if (this.#deleting) return;
    this.#deleting = true;
    this.#breakOff();
    this.#retry?.cancel();
    await this.#runs.stopAll(this.#pod.metadata.deletionGracePeriodSeconds ?? GRACE_SECONDS_DEFAULT);
    this.#sandbox.stop();
    this.#state = this.#state === 'active' ? 'ended' : this.#state;
    if (this.#state === 'removed') return;
    const base = this.#pod.status;
    this.#status = endedPhase(this.#status) ? this.#status : podStatusOf(this.#observe(true), this.#status);
    this.#node.statuses.writeAndDelete(this.#pod, this.#status, base);
  }

  #publish(ending = false): void {
    if (this.#state === 'removed') return;
    this.#status = podStatusOf(this.#observe(ending), this.#status);
    this.#node.statuses.write(this.#pod, this.#status, this.#pod.status);
  }

  #retryIn(delayMs: number): void {
    const at = this.#node.clock.monotonic() + delayMs;
    if (this.#retry && this.#retryAt <= at) return;
    this.#retry?.cancel();
    this.#retryAt = at;
    this.#retry = this.#node.clock.setTimer(delayMs, () => {
      this.#retry = undefined;
      this.poke();
    });
  }

  #setDeadline(): void {
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    if (seconds === undefined || this.#deadline || this.#state !== 'active') return;
    const start = Date.parse(this.#pod.status.startTime ?? '') || this.#node.clock.now();
    this.#deadline = this.#node.clock.setTimer(start + seconds * 1000 - this.#node.clock.now(), () => {
      const message = 'Pod was active on the node longer than the specified deadline';
      this.#node.events.normal(this.#pod, 'DeadlineExceeded', message);
      this.#verdict = { reason: 'DeadlineExceeded', message };
      this.#breakOff();
      this.poke();
    });
  }
}

const RETRY_MS = 1000;
const GRACE_SECONDS_DEFAULT = 30;
