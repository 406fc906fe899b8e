import { isConflict, isNotFound, type Live, type Pod } from '../api/index.ts';
import type { ApiClient, EventRecorder, InformerFactory } from '../client/index.ts';
import type { Clock, Logger, Metrics, Random, Timer } from '../runtime/index.ts';
import { ClusterWatcher, resourcesOf } from './cycle/cluster-watcher.ts';
import { type FindNodeOptions, type FindNodeResult, findNode } from './cycle/find-node.ts';
import { Gate } from './cycle/gate.ts';
import { type PodScheduledFailure, StatusWriter } from './cycle/status-writer.ts';
import type { Extender } from './extender/extender.ts';
import type { CycleState } from './framework/cycle-state.ts';
import {
  type Diagnosis,
  diagnosisOfOne,
  fitMessage,
  NO_NODES,
  NO_NODES_MESSAGE,
  type Rejecting,
  rejectingPlugins,
} from './framework/fit-error.ts';
import type { PostFilterResult, QueuedPod } from './framework/plugin.ts';
import type { Profile } from './framework/profile.ts';
import { messageOf, type Rejection } from './framework/status.ts';
import { WaitingPod, WaitingPods } from './framework/waiting-pods.ts';
import { type AttemptResult, SchedulerMetrics } from './metrics.ts';
import { POD_RESOURCES_PATH, podResourcesText } from './pod-resources.ts';
import type { BackoffTimes } from './queue/backoff.ts';
import { SchedulingQueue } from './queue/scheduling-queue.ts';
import { SchedulerCache } from './state/cache.ts';
import { Nominator } from './state/nominator.ts';
import { type PodInfo, podInfoOf } from './state/pod-info.ts';
import type { Snapshot } from './state/snapshot.ts';

/** How often assumed pods are looked through for those whose binding was never seen. */
const EXPIRE_MS = 60_000;
/**
 * Bindings and evictions under way at once; more pods wait until one is done. Pods that wait in Permit or PreBind do not count. So many keep an API
 * server busy; with more, each only takes longer.
 */
const BINDINGS_MAX = 32;
/** Events do not carry longer messages. */
const MESSAGE_LENGTH_MAX = 1_024;
/** Of so many cycles, one tells how long each plugin took (upstream: 10 %). */
const SAMPLED_CYCLES = 10;

/** What profiles are made of and the scheduler runs on. */
export interface SchedulerParts {
  readonly cache: SchedulerCache;
  readonly nominator: Nominator;
  readonly waitingPods: WaitingPods;
  readonly metrics: SchedulerMetrics;
  readonly extenders: readonly Extender[];
  activate(keys: Iterable<string>): void;
  background(work: Promise<void>): void;
  podByKey(key: string): Live<Pod> | undefined;
}

export interface SchedulerDependencies {
  readonly client: ApiClient;
  readonly informers: InformerFactory;
  /** By scheduler name. */
  readonly recorders: (schedulerName: string) => EventRecorder;
  readonly extenders: (snapshot: Snapshot) => readonly Extender[];
  /** Makes the profiles; asked once. */
  readonly profiles: (parts: SchedulerParts) => readonly Profile[];
  readonly percentageOfNodesToScore: number;
  readonly backoff: BackoffTimes;
  readonly unschedulableMsMax?: number | undefined;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * The scheduling loop. One pod at a time finds a node; its binding is written in the background while the next pod is looked at. Nothing is
 * kept but in the API server: after a restart the pods without a node are simply seen again.
 *
 * Invariants:
 * 1. A pod is counted on its node in the cache before its binding is sent, until the watch shows it or the binding fails.
 * 2. A pod is in exactly one queue, or in flight, or assumed.
 * 3. Cache, queues and nominations change only through the gate: never between a cycle's first filter and its assumed pod.
 */
export class Scheduler {
  readonly #deps: SchedulerDependencies;
  readonly #cache: SchedulerCache;
  readonly #queue: SchedulingQueue;
  readonly #profiles: ReadonlyMap<string, Profile>;
  readonly #watcher: ClusterWatcher;
  readonly #nominator = new Nominator((nodeName) => this.#cache.get(nodeName)?.touch());
  readonly #waitingPods = new WaitingPods();
  readonly #gate = new Gate();
  readonly #metrics: SchedulerMetrics;
  readonly #statuses: StatusWriter;
  readonly #extenders: readonly Extender[];
  readonly #bindings = new Set<Promise<void>>();
  #writing = 0;
  #roomToBind: (() => void) | undefined;
  #startIndex = 0;
  #cycles = 0;
  #expiry: Timer | undefined;
  #isSynced = false;
  #isRunning = false;

  constructor(deps: SchedulerDependencies) {
    this.#deps = deps;
    const { clock, logger } = deps;
    this.#cache = new SchedulerCache(clock);
    this.#metrics = new SchedulerMetrics(deps.metrics);
    this.#statuses = new StatusWriter(deps);
    this.#extenders = deps.extenders(this.#cache);
    const profiles = deps.profiles({
      cache: this.#cache,
      nominator: this.#nominator,
      waitingPods: this.#waitingPods,
      metrics: this.#metrics,
      extenders: this.#extenders,
      activate: (keys) => this.#activate(keys),
      background: (work) => this.#background(work),
      podByKey: (key) => this.#watcher.pods.getByKey(key),
    });
    this.#profiles = new Map(profiles.map((profile) => [profile.schedulerName, profile]));
    const [first] = profiles;
    if (!first) throw new Error('a scheduler needs a profile');
    this.#queue = new SchedulingQueue({
      clock,
      logger,
      less: (a, b) => first.less.less(a, b),
      preEnqueue: (pod) => this.#profileOf(pod.pod)?.preEnqueue(pod),
      eventsOf: (pod, plugin) => this.#profileOf(pod.pod)?.eventsOf(plugin),
      backoff: deps.backoff,
      unschedulableMsMax: deps.unschedulableMsMax,
      onIncoming: (queue, event) => this.#metrics.incoming(queue, event),
      onHint: (hint) => this.#metrics.hinted(hint),
    });
    this.#watcher = new ClusterWatcher({
      informers: deps.informers,
      cache: this.#cache,
      queue: this.#queue,
      nominator: this.#nominator,
      waitingPods: this.#waitingPods,
      gate: this.#gate,
      clock,
      metrics: this.#metrics,
      isOurs: (pod) => this.#profileOf(pod) !== undefined,
      resources: resourcesOf(profiles),
    });
    deps.metrics.addPage(POD_RESOURCES_PATH, () => podResourcesText(this.#isRunning ? this.#watcher.pods.list() : []));
    this.#metrics.observeSizes(deps.metrics, () => ({
      queues: this.#queue.lengths,
      inFlight: this.#queue.inFlight,
      bindings: this.#bindings.size,
      nodes: this.#cache.nodes.length,
      pods: this.#cache.podCount,
      assumedPods: this.#cache.assumedCount,
      waiting: this.#queue.waiting(),
      profiles,
    }));
  }

  /** Pods waiting, by queue. */
  get queueLengths(): SchedulingQueue['lengths'] {
    return this.#queue.lengths;
  }

  /** Whether what is in the cluster is known, and has been told to cache and queue. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Gets to know what is in the cluster, and follows it until the signal that it was first called with: who stands by is quicker then. */
  async sync(signal: AbortSignal): Promise<void> {
    const { informers } = this.#deps;
    informers.start(signal);
    await informers.waitForSync(signal);
    this.#isSynced = true;
  }

  /** Schedules until the signal; resolves when the last binding has ended. */
  async run(signal: AbortSignal): Promise<void> {
    this.#isRunning = true;
    await this.sync(signal);
    signal.addEventListener('abort', () => this.#onAbort(), { once: true });
    this.#armExpiry();
    for (let pod = await this.#queue.pop(); pod && !signal.aborted; pod = await this.#queue.pop()) {
      const cycle = this.#scheduleOne(pod, signal);
      if (cycle !== undefined) await this.#gate.hold(cycle);
      while (this.#writing >= BINDINGS_MAX) await this.#untilRoomToBind();
    }
    this.#expiry?.cancel();
    await Promise.all(this.#bindings);
    await this.#statuses.drain();
  }

  #onAbort(): void {
    this.#queue.close();
    for (const waiting of this.#waitingPods.values()) waiting.reject('', 'the scheduler stops');
  }

  #profileOf(pod: Pod): Profile | undefined {
    return this.#profiles.get(pod.spec.schedulerName ?? '');
  }

  #activate(keys: Iterable<string>): void {
    this.#gate.run(() => this.#queue.activate(keys, (key) => this.#watcher.pods.getByKey(key)));
  }

  /** @returns a promise when somebody outside has to be asked. */
  #scheduleOne(queued: QueuedPod, signal: AbortSignal): Promise<void> | undefined {
    const { info } = queued;
    const current = this.#watcher.pods.getByKey(info.key);
    const profile = this.#profileOf(info.pod);
    const isGone = current?.metadata.uid !== info.uid || current.spec.nodeName;
    const isGoing = !isGone && current.metadata.deletionTimestamp !== undefined;
    if (profile && isGoing) this.#tellFailed(profile, current, `skip schedule deleting pod: ${info.key}`);
    if (!profile || isGone || isGoing || this.#cache.isAssumed(info.uid)) {
      this.#queue.done(info.uid);
      return undefined;
    }
    const started = this.#deps.clock.monotonic();
    profile.observed = this.#cycles++ % SAMPLED_CYCLES === 0;
    const attempt: Attempt = { profile, queued, started, signal };
    try {
      const found = findNode(info, this.#searchOptions(profile));
      if (!(found instanceof Promise)) return this.#onSearched(attempt, found);
      return found.then((result) => this.#onSearched(attempt, result)).catch((error: unknown) => this.#onSearchError(attempt, error));
    } catch (error) {
      this.#onSearchError(attempt, error);
      return undefined;
    }
  }

  #searchOptions(profile: Profile): FindNodeOptions {
    const { percentageOfNodesToScore, clock, random, logger } = this.#deps;
    const [snapshot, extenders, startIndex] = [this.#cache, this.#extenders, this.#startIndex];
    return { profile, snapshot, extenders, percentageOfNodesToScore, clock, random, logger, startIndex };
  }

  #onSearched(attempt: Attempt, found: FindNodeResult): Promise<void> | undefined {
    const { profile, queued } = attempt;
    this.#startIndex = found.nextStart;
    if (found.node) {
      this.#searched(attempt);
      this.#assume({ state: found.state, nodeName: found.node.name, ...attempt });
      return undefined;
    }
    const { diagnosis, state } = found;
    if (diagnosis.nodeCount === 0) return this.#unfit(attempt, { message: NO_NODES_MESSAGE, nominatedNodeName: '' }, NO_NODES);
    const rejecting = rejectingPlugins(diagnosis);
    if (!profile.hasPostFilter) return this.#unfit(attempt, { message: fitMessage(diagnosis), nominatedNodeName: '' }, rejecting);
    const ended = ({ rejection, nominatedNodeName }: PostFilterResult) =>
      this.#unfit(attempt, { message: fitMessage(diagnosis, rejection ? messageOf(rejection) : ''), nominatedNodeName }, rejecting);
    const result = profile.postFilter(state, queued.info, diagnosis.statuses);
    return result instanceof Promise ? result.then(ended) : ended(result);
  }

  /** No node will do. */
  #unfit(attempt: Attempt, failure: Omit<PodScheduledFailure, 'reason'>, rejecting: Rejecting): undefined {
    this.#searched(attempt);
    this.#fail(attempt, { ...failure, reason: 'Unschedulable' }, rejecting);
  }

  #searched({ started }: Attempt): void {
    this.#metrics.algorithm((this.#deps.clock.monotonic() - started) / 1000);
  }

  /** Counts the pod on its node, and begins to bind it if no plugin has anything against it. */
  #assume(cycle: BindingCycle): void {
    const { profile, state, queued, nodeName } = cycle;
    const { info } = queued;
    this.#cache.assume(info, nodeName);
    this.#nominator.delete(info.uid);
    const reserved = this.#tried(() => profile.reserve(state, info, nodeName));
    const permitted = reserved.failed ? undefined : this.#tried(() => profile.permit(state, info, nodeName));
    const failed = reserved.failed ?? permitted?.failed ?? permitted?.value?.rejection;
    const rejection = reserved.value ?? failed;
    if (rejection) {
      this.#undo(cycle);
      if (rejection instanceof Error) this.#onError(cycle, rejection);
      else this.#rejected(cycle, rejection);
      return;
    }
    if (state.podsToActivate.size > 0) this.#activate(state.podsToActivate);
    state.podsToActivate.clear();
    const binding: Promise<void> = this.#bind(cycle, permitted?.value?.waits ?? new Map()).finally(() => this.#bindings.delete(binding));
    this.#bindings.add(binding);
  }

  #tried<T>(run: () => T): { readonly value?: T | undefined; readonly failed?: Error | undefined } {
    try {
      return { value: run() };
    } catch (error) {
      return { failed: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  async #bind(cycle: BindingCycle, waits: ReadonlyMap<string, number>): Promise<void> {
    const { profile, state, queued, nodeName, signal } = cycle;
    const { info } = queued;
    try {
      const refused = waits.size > 0 ? await this.#waitOnPermit(cycle, waits) : undefined;
      if (refused) {
        this.#gate.run(() => this.#onRefused(cycle, refused));
        return;
      }
      // What fails from here on is no reason to call the pod unschedulable: what happens meanwhile need not be kept for it.
      this.#queue.done(info.uid);
      await this.#write(cycle);
      this.#gate.run(() => this.#onBound(cycle));
      profile.postBind(state, info, nodeName);
      if (state.podsToActivate.size > 0) this.#activate(state.podsToActivate);
    } catch (error) {
      this.#gate.run(() => this.#onBindingError(cycle, error, signal));
    }
  }

  async #write({ profile, state, queued: { info }, nodeName, signal }: BindingCycle): Promise<void> {
    // Not counted: what a plugin waits for here, such as a volume, may take minutes, and is no reason for others to wait.
    const rejection = await profile.preBind(state, info, nodeName, signal);
    if (rejection) throw new PreBindRejection(messageOf(rejection));
    this.#writing++;
    try {
      if (!(await this.#boundOutside(info, nodeName))) await profile.bind(state, info, nodeName, signal);
    } finally {
      this.#writing--;
      this.#roomToBind?.();
    }
  }

  /** @returns whether an extender has bound the pod. Upstream: `extendersBinding`. */
  async #boundOutside(info: PodInfo, nodeName: string): Promise<boolean> {
    for (const extender of this.#extenders) {
      if (!extender.binds || !extender.isInterested(info)) continue;
      try {
        await extender.bind(info, nodeName);
        return true;
      } catch (error) {
        if (!extender.ignorable) throw error;
        this.#deps.logger.warn({ err: error, extender: extender.name }, 'extender failed and is ignored');
      }
    }
    return false;
  }

  #background(work: Promise<void>): void {
    this.#writing++;
    const counted: Promise<void> = work.finally(() => {
      this.#writing--;
      this.#bindings.delete(counted);
      this.#roomToBind?.();
    });
    this.#bindings.add(counted);
  }

  #untilRoomToBind(): Promise<void> {
    return new Promise((resolve) => {
      this.#roomToBind = resolve;
    });
  }

  async #waitOnPermit({ queued: { info }, nodeName }: BindingCycle, waits: ReadonlyMap<string, number>): Promise<Rejection | undefined> {
    const { clock } = this.#deps;
    const started = clock.monotonic();
    const waiting = new WaitingPod(info, nodeName, waits, clock);
    this.#waitingPods.add(waiting);
    const outcome = await waiting.outcome;
    this.#waitingPods.delete(info.uid);
    this.#metrics.permitWaited(outcome?.code ?? 'Success', (clock.monotonic() - started) / 1000);
    return outcome;
  }

  #onBound(cycle: BindingCycle): void {
    const { clock } = this.#deps;
    const { queued, nodeName, profile } = cycle;
    const { info } = queued;
    this.#cache.finishBinding(info.uid);
    this.#attempted('scheduled', cycle);
    this.#metrics.bound(queued.attempts, (clock.now() - queued.firstSeen) / 1000);
    this.#deps
      .recorders(profile.schedulerName)
      .event(info.pod, 'Normal', 'Scheduled', `Successfully assigned ${info.key} to ${nodeName}`, { action: 'Binding' });
  }

  /** Permit said no after all: what the pod had taken is free again, for others. */
  #onRefused(cycle: BindingCycle, refused: Rejection): void {
    const { pod, uid } = cycle.queued.info;
    this.#undo(cycle);
    this.#rejected(cycle, refused);
    this.#queue.onEvent({ resource: 'AssignedPod', action: 'Delete', old: pod }, (other) => other.uid !== uid);
  }

  #onBindingError(cycle: BindingCycle, error: unknown, signal: AbortSignal): void {
    const { info } = cycle.queued;
    this.#undo(cycle);
    const isRejection = error instanceof PreBindRejection;
    this.#queue.onEvent({ resource: 'AssignedPod', action: 'Delete', old: info.pod }, (other) => !isRejection || other.uid !== info.uid);
    if (isRejection) {
      this.#fail(cycle, { message: error.message, reason: 'Unschedulable', nominatedNodeName: '' }, NOBODY);
      return;
    }
    // Gone, bound by somebody else, or we are stopping: the watch tells what there is to know.
    if (signal.aborted || isNotFound(causeOf(error)) || isConflict(causeOf(error))) {
      this.#queue.done(info.uid);
      this.#attempted('error', cycle);
      const latest = this.#watcher.pods.getByKey(info.key);
      // A conflict with somebody who only changed it: it waits for a node still.
      if (!signal.aborted && latest?.metadata.uid === info.uid && !latest.spec.nodeName) this.#queue.addUnschedulable(cycle.queued, latest);
      return;
    }
    this.#onError(cycle, error);
  }

  #onSearchError(attempt: Attempt, error: unknown): void {
    this.#searched(attempt);
    this.#onError(attempt, error);
  }

  #onError(attempt: Attempt, error: unknown): void {
    this.#deps.logger.warn({ err: error, pod: attempt.queued.info.key }, 'scheduling failed');
    const message = error instanceof Error ? error.message : String(error);
    this.#fail(attempt, { message, reason: 'SchedulerError', nominatedNodeName: '' }, NOBODY);
  }

  #rejected(attempt: Attempt, rejection: Rejection): void {
    const diagnosis: Diagnosis = diagnosisOfOne(rejection);
    this.#fail(attempt, { message: fitMessage(diagnosis), reason: 'Unschedulable', nominatedNodeName: '' }, rejectingPlugins(diagnosis));
  }

  #undo({ profile, state, queued: { info }, nodeName }: BindingCycle): void {
    profile.unreserve(state, info, nodeName);
    this.#cache.forget(info.uid);
  }

  #fail(attempt: Attempt, failure: PodScheduledFailure, rejecting: Rejecting): void {
    const { queued, profile } = attempt;
    const { info } = queued;
    this.#attempted(failure.reason === 'SchedulerError' ? 'error' : 'unschedulable', attempt);
    const latest = this.#watcher.pods.getByKey(info.key);
    // It went, or somebody else bound it meanwhile.
    if (latest?.metadata.uid !== info.uid || latest.spec.nodeName) {
      this.#queue.done(info.uid);
      return;
    }
    this.#queue.addUnschedulable({ ...queued, ...rejecting }, latest);
    if (failure.nominatedNodeName !== undefined) this.#nominator.set(podInfoOf(latest), failure.nominatedNodeName);
    this.#tellFailed(profile, latest, failure.message);
    this.#statuses.failed(latest, failure);
  }

  #tellFailed({ schedulerName }: Profile, pod: Live<Pod>, message: string): void {
    this.#deps.recorders(schedulerName).event(pod, 'Warning', 'FailedScheduling', truncated(message), { action: 'Scheduling' });
  }

  #attempted(result: AttemptResult, { profile, started }: Attempt): void {
    this.#metrics.attempt(result, profile.schedulerName, (this.#deps.clock.monotonic() - started) / 1000);
  }

  #armExpiry(): void {
    const { clock, logger } = this.#deps;
    this.#expiry = clock.setTimer(EXPIRE_MS, () => {
      this.#gate.run(() => {
        const expired: readonly PodInfo[] = this.#cache.expireAssumed(clock.now());
        if (expired.length > 0) logger.warn({ expired: expired.length }, 'assumed pods were never seen bound');
        for (const info of expired) this.#onExpired(info);
      });
      this.#armExpiry();
    });
  }

  /** Its binding was written and never seen: whatever became of it, it takes no room here, and if it has no node it is tried again. */
  #onExpired({ key, uid, pod }: PodInfo): void {
    this.#queue.onEvent({ resource: 'AssignedPod', action: 'Delete', old: pod });
    const latest = this.#watcher.pods.getByKey(key);
    if (latest?.metadata.uid === uid && !latest.spec.nodeName) this.#queue.add(latest);
  }
}

/** One try of one pod. */
interface Attempt {
  readonly profile: Profile;
  readonly queued: QueuedPod;
  readonly started: number;
  readonly signal: AbortSignal;
}

interface BindingCycle extends Attempt {
  readonly state: CycleState;
  readonly nodeName: string;
}

/** A PreBind plugin will not have the pod on its node: it is tried again after its back-off. Upstream: `RunPreBindPlugins`. */
class PreBindRejection extends Error {
  override readonly name = 'PreBindRejection';
}

/** No plugin has rejected the pod: nothing that happens is waited for. */
const NOBODY: Rejecting = { rejectedBy: new Set(), pending: new Set() };

const causeOf = (error: unknown): unknown => (error instanceof Error && error.cause !== undefined ? error.cause : error);

const truncated = (message: string): string =>
  message.length <= MESSAGE_LENGTH_MAX ? message : `${message.slice(0, MESSAGE_LENGTH_MAX - ' ...'.length)} ...`;
