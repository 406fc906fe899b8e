import type { Live, Pod, PodStatus } from '../../api/index.ts';
import type { Timer } from '../../runtime/index.ts';
import { Alarm } from '../alarm.ts';
import { afterMounts, DEADLINE_EXCEEDED, deadlineDelayMs, isPastDeadline, tellDeadline } from './active-deadline.ts';
import { ContainerRuns } from './container-runs.ts';
import { CONTAINERS_PER_POD } from './count-families.ts';
import { graceMsOf } from './grace.ts';
import type { SyncType } from './kubelet-counts.ts';
import type { NodeServices } from './node-services.ts';
import type { ObservedPod, Verdict } from './observed.ts';
import { actionsOf, type PodActions, replacesContainers } from './pod-actions.ts';
import { PodAllocation } from './pod-allocation.ts';
import { endedPhase } from './pod-phase.ts';
import { PodSandbox } from './pod-sandbox.ts';
import { hasRunItsCourse, podStatusOf, rejectedStatus } from './pod-status.ts';
import type { ResizeState } from './resize.ts';
import { LOOK_MS } from './run-book.ts';
import { tellStart } from './start-latency.ts';
import { isSame, statusPatch } from './status-writer.ts';
import { limitsStorage } from './storage-limits.ts';
import { StorageWatch } from './storage-watch.ts';

/** A look that takes longer than this shows how things were when it began. */
const INTERIM_MS = 50;
const RETRY_MS = 1000;
/** How soon what others made of a status is set right. Upstream: `syncPeriod`, `pkg/kubelet/status/status_manager.go`. */
const RECONCILE_MS = 10_000;
/** Why work is broken off; one for all, for each of the platform's own has a stack trace made for it. */
const BROKEN_OFF = new Error('the node agent ends');

/**
 * Everything that happens to one pod on its node, one thing after the other.
 *
 * Invariants:
 * 1. One sync runs at a time, to its end; what happens meanwhile makes it run once more. A pod that is deleted while it is pulled, started or
 *    killed ends after that, with what that sync still started. Upstream: `SyncPod`, `pkg/kubelet/kubelet.go`.
 * 2. After termination has begun nothing is started.
 * 3. The status is computed from what is observed at the end of each sync, so that a pod that starts at once is written once.
 * 4. The phase is Succeeded or Failed only after everything has stopped.
 * 5. A container is shown as it was before it is killed or started again; nothing is shown between a kill and the next look.
 *
 * ```
 *            update(pod), container event, probe, timer
 *                              │ poke
 *                              ▼
 *   active: observe ─► actionsOf ─► kill, make sandbox, resize, start ─► status ─► writer
 *                              │ deletion, verdict, nothing left to run
 *                              ▼
 *   terminate: stop containers ─► stop sandbox ─► last status ─► ended ─► (deleted: DELETE)
 * ```
 */
export class PodWorker {
  readonly #node: NodeServices;
  readonly #runs: ContainerRuns;
  readonly #sandbox: PodSandbox;
  readonly #allocation: PodAllocation;
  #pod: Live<Pod>;
  #status: PodStatus;
  #verdict: Verdict | undefined;
  #evictionGraceSeconds: number | undefined;
  #state: 'active' | 'ended' = 'active';
  /** The API has the pod no longer: what runs is stopped, and nothing is written. */
  #gone = false;
  #abandoned = false;
  #restoring = false;
  #terminating = false;
  #deleted = false;
  #running = false;
  #again = false;
  /** It has been counted how long the pod took to start; of one that was here before it is not known. */
  #startTold = false;
  /** When it was seen first, on the monotonic clock. */
  readonly #seenAt: number;
  /** What the next sync is for. */
  #syncType: SyncType = 'create';
  /** These are made when they are first needed: most pods never do. */
  #retry: Alarm | undefined;
  #deadline: Timer | undefined;
  readonly #storage: StorageWatch | undefined;
  /** The API tells of a phase that is not so. */
  #setBack: Alarm | undefined;
  /** There is no room for it yet. */
  #waits = false;
  #nextLook: Alarm | undefined;
  /** What a sync that takes long has shown. */
  #shown: ObservedPod | undefined;
  /** Breaks off what a sync waits for; there is one only while a sync runs, or for good once the agent ends. */
  #abort: AbortController | undefined;

  /** @param rejection why the node does not take the pod */
  constructor(node: NodeServices, pod: Live<Pod>, rejection?: Verdict) {
    this.#node = node;
    this.#pod = pod;
    this.#status = pod.status;
    this.#seenAt = node.clock.monotonic();
    this.#allocation = new PodAllocation(node, this);
    this.#sandbox = new PodSandbox(node, this);
    this.#runs = new ContainerRuns(node, this.#sandbox, this);
    if (rejection) this.#reject(rejection);
    else if (endedPhase(pod.status)) this.#state = 'ended';
    this.#setDeadline();
    if (this.isActive && limitsStorage(pod)) this.#storage = new StorageWatch(node, this);
  }

  get pod(): Live<Pod> {
    return this.#pod;
  }

  /** The pod with the resources that the node gave it, which may be others than it asks for. */
  get allocated(): Live<Pod> {
    return this.#allocation.allocated;
  }

  /** As it was computed last; newer than the API's, perhaps. */
  get status(): PodStatus {
    return this.#status;
  }

  /** Whether the pod still takes part of the node's resources. */
  get isActive(): boolean {
    return this.#state === 'active';
  }

  /** How far it is, as the kubelet's metrics call it. */
  get lifecycle(): 'sync' | 'terminating' | 'terminated' {
    if (this.#state === 'ended') return 'terminated';
    return this.#mustEnd ? 'terminating' : 'sync';
  }

  /** The newest instance of a container. */
  containerId(name: string): string | undefined {
    return this.#runs.idOf(name);
  }

  /** How the probes of each container came to each result. */
  get probeResults(): ContainerRuns['probeResults'] {
    return this.#runs.probeResults;
  }

  /** How far a change of its resources has come. */
  get resize(): ResizeState | undefined {
    return this.#allocation.state;
  }

  get sandboxId(): string | undefined {
    return this.#sandbox.id;
  }

  /** Who sets up its volumes. */
  get plugins(): PodSandbox['plugins'] {
    return this.#sandbox.plugins;
  }

  /** What it has mounted. */
  get volumes(): PodSandbox['volumes'] {
    return this.#sandbox.volumes;
  }

  /** Takes over what ran before this process started. */
  restore(): void {
    this.#restoring = true;
    this.#startTold = true;
    if (this.#state === 'active') this.#allocation.restore();
    this.poke();
  }

  /** The pod changed in the API. */
  update(pod: Live<Pod>): void {
    const before = this.#pod;
    const isNewSpec = pod.metadata.generation !== before.metadata.generation;
    const isAsked = isNewSpec || pod.metadata.deletionTimestamp !== before.metadata.deletionTimestamp;
    const isOurs = statusPatch(this.#status, pod.status) === undefined;
    this.#pod = pod;
    this.#startTold ||= tellStart(pod, this.#node);
    if (isOurs) this.#status = pod.status;
    const goesOn = !isNewSpec || this.#state !== 'active' || this.#allocation.update(before);
    if (!isAsked && this.#isLeft(before, isOurs)) return;
    if (this.#isUntold) this.#show(this.#observe(true)); // upstream: `SyncTerminatedPod`
    if (isNewSpec) this.#setDeadline();
    if (this.#syncType === 'sync') this.#syncType = 'update';
    if (goesOn || this.#mustEnd) this.poke();
  }

  /** Whether what the API tells of the pod is no cause to look at it. @param isOurs the status is as we wrote it */
  #isLeft(before: Pod, isOurs: boolean): boolean {
    if (this.#isUntold) return !isRelabelled(before, this.#pod);
    if (this.#pod.spec.readinessGates) return false;
    if (isOurs) return true;
    if (!this.#isOthersPhase || isRelabelled(before, this.#pod)) return false;
    this.#setBack ??= new Alarm(this.#node.clock, () => this.#sayAgain());
    this.#setBack.set(RECONCILE_MS);
    return true;
  }

  /** Of a pod that was refused nothing is said of its containers, until somebody asks something of it. */
  get #isUntold(): boolean {
    return this.#state === 'ended' && !this.#status.containerStatuses;
  }

  /** Somebody says that the pod has ended, or goes on, which it has not, or does not. */
  get #isOthersPhase(): boolean {
    return this.#state === 'ended' || (endedPhase(this.#pod.status) !== undefined && endedPhase(this.#status) === undefined);
  }

  /** What is known is said again, unless there was cause to look at the pod before: then it ended. */
  #sayAgain(): void {
    if (!this.#gone && statusPatch(this.#status, this.#pod.status)) this.#node.statuses.write(this.#pod, this.#status, this.#pod.status);
  }

  /** The node gets rid of the pod, for the reason given, unless it is ending already. @param graceSeconds less than the pod's own, where it is given */
  evict(verdict: Verdict, graceSeconds?: number): void {
    if (this.#state !== 'active' || this.#verdict || this.#terminating) return;
    this.#verdict = verdict;
    this.#evictionGraceSeconds = graceSeconds;
    this.poke();
  }

  /** The pod is gone from the API: what still runs is stopped as the pod asks, and nothing is written. */
  remove(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#node.statuses.forget(this.#pod.metadata.uid);
    this.#stopTimers();
    if (this.#running || this.#looksLater || this.#runs.isAnyRunning || this.#sandbox.holdsDevices) this.poke();
    else this.#forget();
  }

  /** The agent ends and leaves everything as it is. */
  abandon(): void {
    this.#abandoned = true;
    this.#abort ??= new AbortController();
    this.#abort.abort(BROKEN_OFF);
    this.#nextLook?.cancel();
    this.#stopTimers();
    this.#runs.dispose();
  }

  /** Nothing is begun until `room` resolves; the pod's end does not wait for it. */
  waitFor(room: Promise<unknown>): void {
    this.#waits = true;
    const done = () => {
      this.#waits = false;
      this.poke();
    };
    room.then(done, done);
  }

  /** Looks again. */
  poke(): void {
    this.#again = true;
    if (this.#running || this.#abandoned || this.#isHeld) return;
    this.#running = true;
    this.#loop().catch((error: unknown) => this.#failed(error));
  }

  /** Whether nothing is done for now, whatever happens; for want of room nothing is begun, but the pod may end. */
  get #isHeld(): boolean {
    return this.#looksLater || (this.#waits && !this.#mustEnd);
  }

  get #looksLater(): boolean {
    return this.#nextLook?.isSet === true;
  }

  #failed(error: unknown): void {
    this.#running = false;
    if (this.#abandoned) return;
    this.#node.logger.error(
      { err: error, pod: this.#pod.metadata.name, namespace: this.#pod.metadata.namespace },
      'pod sync failed, will retry',
    );
    this.#retryIn(RETRY_MS);
  }

  get #signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  async #loop(): Promise<void> {
    while (this.#again && !this.#abandoned && !this.#isHeld) {
      this.#again = false;
      await this.#counted(() => this.#sync());
    }
    this.#running = false;
    if (this.#gone && !this.#abandoned && !this.#looksLater) this.#forget();
    else if (!this.#abandoned) this.#abort = undefined;
  }

  /** A sync, with the time it took. */
  async #counted(sync: () => Promise<void>): Promise<void> {
    const { clock, counts } = this.#node;
    const [type, begin] = [this.#syncType, clock.monotonic()];
    this.#syncType = 'sync';
    if (type === 'create' && !this.#restoring) {
      counts.workerStarts.add((begin - this.#seenAt) / 1000);
      counts.tallies.observe(CONTAINERS_PER_POD, this.#pod.spec.containers.length);
    }
    await sync();
    counts.synced(type, (clock.monotonic() - begin) / 1000);
  }

  async #sync(): Promise<void> {
    if (this.#restoring) {
      await this.#runs.restore(this.#state === 'active');
      this.#restoring = false;
      if (this.#isUntold) this.#show(this.#observe(true));
    }
    if (this.#state === 'active') await (this.#mustEnd ? this.#terminate() : this.#advance());
    else if (this.#runs.isAnyRunning) await this.#stop();
    if (this.#state === 'ended' && this.#pod.metadata.deletionTimestamp) this.#sandbox.whenUnmounted(() => this.#delete());
  }

  get #mustEnd(): boolean {
    return Boolean(this.#gone || this.#verdict || this.#pod.metadata.deletionTimestamp || endedPhase(this.#pod.status));
  }

  /** A step towards the pod that is wanted. */
  async #advance(): Promise<void> {
    this.#runs.reveal();
    const observed = this.#observe();
    if (hasRunItsCourse(observed)) return await this.#terminate();
    const actions = actionsOf(observed);
    if (replacesContainers(actions)) this.#show(observed);
    await this.#showing(observed, () => this.#act(actions));
    if ((actions.kills.length > 0 || this.#mustEnd) && !this.#abandoned) this.#lookLater();
    else if (!this.#again) this.#show(this.#observe());
  }

  /**
   * What took the place of killed containers, and what was started of a pod that is to end by now, is seen by the next look. Upstream:
   * `GetNewerThan` in `pkg/kubelet/pod_workers.go`.
   */
  #lookLater(): void {
    this.#nextLook ??= new Alarm(this.#node.clock, () => this.poke());
    this.#nextLook.set(LOOK_MS);
  }

  /** Does something; when it takes long, how things were when it began is shown, as a kubelet shows it. */
  async #showing(observed: ObservedPod, work: () => Promise<void>): Promise<void> {
    const interim = this.#node.clock.setTimer(INTERIM_MS, () => {
      this.#shown = observed;
      this.#show(observed);
    });
    try {
      await work();
    } finally {
      interim.cancel();
      this.#shown = undefined;
    }
  }

  async #act(actions: PodActions): Promise<void> {
    const signal = this.#signal;
    if (actions.killPod) return await this.#killPod();
    await this.#runs.kill(actions.kills, signal);
    if (actions.createSandbox) {
      this.#runs.sandboxChanged();
      const retryMs = await this.#sandbox.make(actions.createSandbox.attempt, () => !this.#mustEnd, signal);
      if (retryMs > 0) return this.#retryIn(retryMs);
      if (!this.#sandbox.status?.ready) return;
    }
    const lookMs = this.#allocation.actuate(this.#runs);
    if (lookMs !== undefined) this.#retryIn(lookMs);
    const { progressed, retryMs } = await this.#runs.start(actions.starts, signal);
    if (retryMs !== undefined) this.#retryIn(retryMs);
    if (actions.createSandbox && retryMs !== undefined) this.#node.counts.firstStartFailed(this.#pod.spec);
    if (progressed) this.#again = true;
  }

  /** Nothing is to run any more, but for what the status says, which the next sync looks at. */
  async #killPod(): Promise<void> {
    if (!this.#runs.isAnyRunning && !this.#sandbox.status?.ready) return;
    await this.#runs.stopAll(this.#graceMs);
    if (this.#abandoned) return;
    this.#sandbox.stop();
    this.#again = true;
  }

  #observe(ended = false): ObservedPod {
    return {
      pod: this.allocated,
      sandbox: this.#sandbox.status,
      containers: this.#runs.observe(),
      verdict: this.#verdict,
      ended,
      resize: this.#allocation.state,
      hostIPs: this.#node.hostIPs,
      now: this.#node.clock.now(),
    };
  }

  get #graceMs(): number {
    return graceMsOf(this.#pod, this.#evictionGraceSeconds);
  }

  /** Stops everything, for good. */
  async #terminate(): Promise<void> {
    this.#terminating = true;
    this.#stopTimers();
    this.#runs.revealLast();
    await this.#showing(this.#observe(), () => this.#stop());
    if (this.#abandoned) return;
    this.#runs.forgetReplaced();
    // Whatever ends a pod, a deadline that has come by then is told of.
    if (this.#mustEnd && isPastDeadline(this.#pod, this.#status.startTime, this.#node.clock.now())) this.#verdict = DEADLINE_EXCEEDED;
    this.#state = 'ended';
    this.#show(this.#observe(true));
    if (this.#verdict === DEADLINE_EXCEEDED) tellDeadline(this.#node.events, this.#pod);
  }

  async #stop(): Promise<void> {
    await this.#runs.stopAll(this.#graceMs);
    if (this.#abandoned) return;
    this.#runs.dispose();
    await this.#sandbox.end(() => this.#signal);
  }

  #reject(rejection: Verdict): void {
    this.#state = 'ended';
    this.#status = rejectedStatus(this.#pod, rejection, this.#status, this.#node.clock.now());
    this.#node.statuses.write(this.#pod, this.#status, this.#pod.status);
  }

  /** The API is removing the pod as we look: there is nobody to write to. */
  get #isGoing(): boolean {
    const { deletionGracePeriodSeconds, finalizers } = this.#pod.metadata;
    return deletionGracePeriodSeconds === 0 && !finalizers?.length;
  }

  #delete(): void {
    if (this.#deleted || this.#gone || this.#abandoned || this.#pod.metadata.deletionGracePeriodSeconds === 0) return;
    this.#deleted = true;
    this.#node.statuses.writeAndDelete(this.#pod, this.#status, this.#pod.status);
  }

  /** Lets go of everything. */
  #forget(): void {
    this.#state = 'ended';
    this.#runs.dispose();
    this.#sandbox.remove();
    this.#node.images.forget(this.#pod);
  }

  #show(observed: ObservedPod): void {
    if (this.#gone || this.#abandoned) return;
    const wasPending = this.#status.phase === 'Pending';
    this.#status = podStatusOf({ ...observed, pod: this.allocated, now: this.#node.clock.now() }, this.#status);
    const { clock, counts, statuses } = this.#node;
    if (wasPending && this.#status.phase === 'Running') counts.podStarts.add((clock.monotonic() - this.#seenAt) / 1000);
    if (!this.#isGoing) statuses.write(this.#pod, this.#status, this.#pod.status);
  }

  /** A probe has changed its mind: what a long sync has shown is corrected, all else is for the next sync. */
  probed(): void {
    const shown = this.#shown;
    if (shown) {
      const now = this.#runs.observe();
      const ready = [...shown.containers].map(([name, known]) => {
        const fresh = now.get(name);
        const isSame = fresh?.current?.id === known.current?.id;
        return [name, isSame && fresh ? { ...known, ready: fresh.ready, started: fresh.started } : known] as const;
      });
      this.#shown = { ...shown, containers: new Map(ready) };
      this.#show(this.#shown);
    }
    if (!this.#terminating) this.poke();
  }

  #retryIn(delayMs: number): void {
    if (this.#terminating || this.#abandoned) return;
    this.#retry ??= new Alarm(this.#node.clock, () => this.poke());
    this.#retry.set(delayMs);
  }

  #stopTimers(): void {
    this.#retry?.cancel();
    this.#deadline?.cancel();
    this.#storage?.stop();
    this.#setBack?.cancel();
  }

  #setDeadline(): void {
    this.#deadline?.cancel();
    const { clock, events } = this.#node;
    const delayMs = deadlineDelayMs(this.#pod, this.#status.startTime, clock.now());
    if (delayMs === undefined || this.#state !== 'active' || this.#terminating) return;
    this.#deadline = afterMounts(clock, delayMs, this.#sandbox, () => {
      tellDeadline(events, this.#pod);
      this.evict(DEADLINE_EXCEEDED);
    });
  }
}

/** Whether labels or annotations differ. */
const isRelabelled = ({ metadata: a }: Pod, { metadata: b }: Pod): boolean =>
  !isSame(a.labels ?? NONE, b.labels ?? NONE) || !isSame(a.annotations ?? NONE, b.annotations ?? NONE);

const NONE = {};
