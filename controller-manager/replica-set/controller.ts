import {
  appsKinds,
  coreKinds,
  fromLabelSelector,
  isNotFound,
  type KindInfo,
  keyOf,
  type LabelSelectorQuery,
  type Live,
  type Pod,
  type ReplicaSet,
  type ReplicationController,
} from '../../api/index.ts';
import { controllerOf, Expectations, type Informer, runController, slowStartBatch } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CONTROLLER, ORPHANS, type SharedInformers } from '../informers.ts';
import type { Settings } from '../settings.ts';
import { earliest } from '../shared/earliest.ts';
import { Losses } from '../shared/losses.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { isNamespaceTerminating, OwnerControl, PodControl } from '../shared/pod-control.ts';
import { isPodActive, isPodReady, msOf } from '../shared/pods.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { isSameStatus, nextAvailabilityMs, planReplicas, type ReplicaFailure, type Replicated, replicaSetStatus } from './plan.ts';

/** How often at most a ReplicaSet is looked at when its pods tell only of their status. */
const STATUS_PACE_MS = 100;
const SLOW_START_BATCH = 1;

/** One of the kinds that keep a number of pods: what differs between them. */
interface ReplicatedKind<T extends Replicated> {
  readonly kind: KindInfo;
  /** Of whom the events are. */
  readonly component: string;
  informer(informers: SharedInformers): Informer<T>;
  selector(object: T): LabelSelectorQuery;
  workers(settings: Settings): number;
}

export const replicaSetController: ControllerDescriptor = descriptorOf<ReplicaSet>('replicaset-controller', 'replicaset', {
  kind: appsKinds.replicasets,
  component: 'replicaset-controller',
  informer: (informers) => informers.replicaSets(),
  selector: ({ spec }) => fromLabelSelector(spec.selector),
  workers: (settings) => settings.concurrentReplicaSetSyncs,
});

/** Upstream: `pkg/controller/replication`, which is ReplicaSets' controller too. */
export const replicationController: ControllerDescriptor = descriptorOf<ReplicationController>(
  'replicationcontroller-controller',
  'replicationcontroller',
  {
    kind: coreKinds.replicationcontrollers,
    component: 'replication-controller',
    informer: (informers) => informers.replicationControllers(),
    selector: ({ spec }) => fromLabelSelector({ matchLabels: spec.selector }),
    workers: (settings) => settings.concurrentReplicationControllerSyncs,
  },
);

function descriptorOf<T extends Replicated>(name: string, alias: string, of: ReplicatedKind<T>): ControllerDescriptor {
  return { name, alias, create: (context) => new ReplicaController<T>(context, name, of) };
}

/**
 * Keeps as many pods as each ReplicaSet (or ReplicationController) wants.
 *
 * R1  Pods are created and deleted only when all earlier creates and deletes were seen (expectations), so that a slow watch does not
 *     make it create twice.
 * R2  Pods are found by their controllerRef's uid, never by name.
 * R3  Pods are created in the place of others only when the server says that the owner lives (losses), so that a slow watch of owners
 *     does not make it replace what the garbage collector takes.
 */
class ReplicaController<T extends Replicated> implements Controller {
  readonly #name: string;
  readonly #of: ReplicatedKind<T>;
  readonly #context: ControllerContext;
  readonly #queue: PacedQueue;
  readonly #expectations: Expectations;
  readonly #sets: Informer<T>;
  readonly #pods: Informer<Pod>;
  readonly #stale = new StaleGuard();
  readonly #losses: Losses;
  readonly #podControl: PodControl;
  readonly #owners: OwnerControl;

  constructor(context: ControllerContext, name: string, of: ReplicatedKind<T>) {
    const { client, clock, informers } = context;
    this.#context = context;
    this.#name = name;
    this.#of = of;
    this.#queue = new PacedQueue({ clock, paceMs: STATUS_PACE_MS });
    this.#expectations = new Expectations(clock);
    this.#sets = of.informer(informers);
    this.#pods = informers.pods();
    this.#losses = new Losses(client, of.kind);
    this.#podControl = new PodControl(client, of.kind, context.recorder(of.component));
    this.#owners = new OwnerControl(client, of.kind, coreKinds.pods);
    this.#listen();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: this.#name,
      queue: this.#queue,
      workers: this.#of.workers(settings),
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #listen(): void {
    this.#sets.addHandler({
      onAdd: (set) => this.#queue.add(keyOf(set)),
      onUpdate: (set) => this.#queue.add(keyOf(set)),
      onDelete: (set) => {
        this.#expectations.forget(keyOf(set));
        this.#queue.add(keyOf(set));
      },
    });
    this.#pods.addHandler({
      onAdd: (pod) => this.#onPodAdd(pod),
      onUpdate: (pod, old) => this.#onPodUpdate(pod, old),
      onDelete: (pod) => this.#onPodGone(pod),
    });
  }

  #onPodAdd(pod: Live<Pod>): void {
    if (pod.metadata.deletionTimestamp) {
      this.#onPodGone(pod);
      return;
    }
    const key = this.#keyOfOwner(pod);
    if (key === undefined) {
      this.#wakeMatching(pod);
      return;
    }
    this.#expectations.creationObserved(key);
    if (this.#expectations.satisfied(key)) this.#queue.add(key);
    else this.#queue.addPaced(key);
  }

  #onPodUpdate(pod: Live<Pod>, old: Live<Pod>): void {
    const owner = this.#keyOfOwner(pod);
    if (this.#keyOfOwner(old) !== owner) this.#onPodGone(old);
    if (pod.metadata.deletionTimestamp) {
      if (!old.metadata.deletionTimestamp) this.#onPodGone(pod);
      else if (owner !== undefined) this.#queue.addPaced(owner);
      return;
    }
    if (owner === undefined) this.#wakeMatching(pod);
    else if (isPodActive(old) === isPodActive(pod)) this.#queue.addPaced(owner);
    else this.#queue.add(owner);
  }

  /** A pod that is being deleted, or another's now, counts no more; the expectation is lowered once, by its uid. */
  #onPodGone(pod: Live<Pod>): void {
    const key = this.#keyOfOwner(pod);
    if (key === undefined) return;
    this.#expectations.deletionObserved(key, pod.metadata.uid);
    this.#losses.note(key);
    this.#queue.add(key);
  }

  #keyOfOwner(pod: Live<Pod>): string | undefined {
    const reference = controllerOf(pod);
    if (reference?.kind !== this.#of.kind.kind) return undefined;
    const set = this.#sets.get(pod.metadata.namespace, reference.name);
    return set?.metadata.uid === reference.uid ? keyOf(set) : undefined;
  }

  #wakeMatching(pod: Live<Pod>): void {
    if (controllerOf(pod) || !pod.metadata.labels) return;
    for (const set of this.#sets.list(pod.metadata.namespace)) {
      if (this.#of.selector(set).matches(pod.metadata.labels)) this.#queue.add(keyOf(set));
    }
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs: number | undefined } | undefined> {
    const set = this.#sets.getByKey(key);
    if (!set) {
      this.#expectations.forget(key);
      this.#losses.forget(key);
      this.#queue.drop(key);
      this.#stale.forget(key);
      return undefined;
    }
    if (this.#stale.isStale(set)) return undefined;
    const waitMs = this.#expectations.waitMs(key);
    const mayChange = waitMs === undefined && !set.metadata.deletionTimestamp;
    const pods = await this.#claim(set);
    const failure = mayChange ? await this.#manage(key, set, pods) : undefined;
    const { clock, client } = this.#context;
    const status = replicaSetStatus(set, pods, failure && { message: failure.message }, clock.now());
    if (!isSameStatus(set, status)) this.#stale.wrote(set, await client.resource<T>(this.#of.kind).updateStatus({ ...set, status }));
    if (failure) throw failure.error;
    return { requeueAfterMs: earliest(waitMs, nextAvailabilityMs(set, pods, clock.now())) };
  }

  async #claim(set: Live<T>): Promise<Live<Pod>[]> {
    const { namespace = '', uid } = set.metadata;
    const candidates = [...this.#pods.byIndex(BY_CONTROLLER, uid), ...this.#pods.byIndex(ORPHANS, namespace)].filter(isPodActive);
    const selector = this.#of.selector(set);
    return await this.#owners.claim(set, candidates, ({ metadata }) => selector.matches(metadata.labels));
  }

  async #manage(key: string, set: Live<T>, pods: readonly Live<Pod>[]): Promise<(ReplicaFailure & { error: unknown }) | undefined> {
    const plan = planReplicas(set, pods, () => this.#relatedPods(set), this.#context.clock.now());
    try {
      if (plan.create > 0 && (await this.#losses.mayReplace(set))) await this.#createPods(key, set, plan.create);
      if (plan.remove.length > 0) {
        this.#countAges(pods, plan.remove);
        await this.#deletePods(key, set, plan.remove);
      }
      return undefined;
    } catch (error) {
      return { message: error instanceof Error ? error.message : String(error), error };
    }
  }

  /** Upstream: `reportSortingDeletionAgeRatio`. */
  #countAges(pods: readonly Live<Pod>[], chosen: readonly Live<Pod>[]): void {
    const now = this.#context.clock.now();
    const ageMs = ({ metadata }: Live<Pod>) => now - msOf(metadata.creationTimestamp);
    const youngestMs = Math.min(...pods.filter(isPodReady).map(ageMs));
    if (youngestMs <= 0) return;
    for (const pod of chosen) if (isPodReady(pod)) this.#context.metrics.replicaSetAgeRatio.observe(Math.trunc(ageMs(pod) / youngestMs));
  }

  /** @throws the first failure; the pods that were not tried are expected no more. */
  async #createPods(key: string, set: Live<T>, count: number): Promise<void> {
    this.#expectations.expectCreations(key, count);
    const { successes, error } = await slowStartBatch(count, SLOW_START_BATCH, async () => {
      try {
        await this.#podControl.create(set, set.spec.template ?? {});
      } catch (cause) {
        // Every further one would be refused too, and the ReplicaSet goes with its namespace.
        if (!isNamespaceTerminating(cause)) throw cause;
      }
    });
    for (let skipped = successes; skipped < count; skipped++) this.#expectations.creationObserved(key);
    if (error !== undefined) throw error;
  }

  async #deletePods(key: string, set: Live<T>, pods: readonly Live<Pod>[]): Promise<void> {
    this.#expectations.expectDeletions(
      key,
      pods.map(({ metadata }) => metadata.uid),
    );
    const outcomes = await Promise.allSettled(pods.map((pod) => this.#deletePod(key, set, pod)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #deletePod(key: string, set: Live<T>, pod: Live<Pod>): Promise<void> {
    try {
      await this.#podControl.delete(set, pod);
    } catch (error) {
      this.#expectations.deletionObserved(key, pod.metadata.uid);
      if (!isNotFound(error)) throw error;
    }
  }

  /** The pods of all ReplicaSets of the same controller: the nodes they crowd are relieved first. As upstream, not without a controller. */
  #relatedPods(set: Live<T>): Live<Pod>[] {
    const owner = controllerOf(set);
    const siblings = owner ? this.#sets.byIndex(BY_CONTROLLER, owner.uid) : [];
    return siblings.flatMap((sibling) => this.#pods.byIndex(BY_CONTROLLER, sibling.metadata.uid));
  }
}
