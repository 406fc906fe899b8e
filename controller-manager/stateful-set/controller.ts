import {
  appsKinds,
  coreKinds,
  fromLabelSelector,
  isNotFound,
  keyOf,
  type Live,
  type PersistentVolumeClaim,
  type Pod,
  type StatefulSet,
  type StatefulSetStatus,
} from '../../api/index.ts';
import { controllerOf, Expectations, type Informer, runController, slowStartBatch } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CONTROLLER, ORPHANS } from '../informers.ts';
import { earliest } from '../shared/earliest.ts';
import { Losses } from '../shared/losses.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { isNamespaceTerminating, OwnerControl } from '../shared/pod-control.ts';
import { retryOnConflict } from '../shared/retry-on-conflict.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { HistoryKeeper } from './history-keeper.ts';
import { claimName, isMemberOf, parentAndOrdinal, revisionOf } from './identity.ts';
import { type Action, type PlannedStage, planStatefulSet, type StatefulPlan, statusOnceDone } from './plan.ts';
import { StatefulPods } from './stateful-pods.ts';
import { completed, isNews, nextAvailabilityMs } from './status.ts';

const KIND = appsKinds.statefulsets;
/** How often at most a StatefulSet is looked at when its pods tell only of their status. */
const STATUS_PACE_MS = 50;
const SLOW_START_BATCH = 1;

export const statefulSetController: ControllerDescriptor = {
  name: 'statefulset-controller',
  alias: 'statefulset',
  create: (context) => new StatefulSetController(context),
};

/**
 * Keeps the pods of each StatefulSet, each under its number and with its claims; what to do is decided in `plan.ts`. A pod that was
 * created or deleted is waited for (expectations), though its name alone would keep it from being made twice: this saves requests.
 */
class StatefulSetController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: PacedQueue;
  readonly #expectations: Expectations;
  readonly #sets: Informer<StatefulSet>;
  readonly #pods: Informer<Pod>;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #stale = new StaleGuard();
  readonly #owners: OwnerControl;
  readonly #history: HistoryKeeper;
  readonly #losses: Losses;
  readonly #statefulPods: StatefulPods;

  constructor(context: ControllerContext) {
    const { client, clock, informers } = context;
    this.#context = context;
    this.#queue = new PacedQueue({ clock, paceMs: STATUS_PACE_MS });
    this.#expectations = new Expectations(clock);
    this.#sets = informers.statefulSets();
    this.#pods = informers.pods();
    this.#claims = informers.persistentVolumeClaims();
    this.#owners = new OwnerControl(client, KIND, coreKinds.pods);
    this.#history = new HistoryKeeper(client, informers.controllerRevisions());
    this.#statefulPods = new StatefulPods(client, this.#claims, context.recorder('statefulset-controller'));
    this.#losses = new Losses(client, KIND);
    this.#listen();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: statefulSetController.name,
      queue: this.#queue,
      workers: settings.concurrentStatefulSetSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #listen(): void {
    const enqueue = (set: Live<StatefulSet>) => this.#queue.add(keyOf(set));
    this.#sets.addHandler({
      onAdd: enqueue,
      onUpdate: enqueue,
      onDelete: (set) => {
        // One of the same name may be there already.
        this.#forget(keyOf(set));
        enqueue(set);
      },
    });
    this.#pods.addHandler({
      onAdd: (pod) => this.#onPodAdd(pod),
      onUpdate: (pod, old) => this.#onPodUpdate(pod, old),
      onDelete: (pod) => this.#onPodGone(pod),
    });
    this.#claims.addHandler({
      onUpdate: (claim) => this.#onClaim(claim),
      onDelete: (claim) => {
        this.#statefulPods.forget(claim);
        this.#onClaim(claim);
      },
    });
  }

  /** What was expected of one that is gone. */
  #forget(key: string): void {
    this.#expectations.forget(creations(key));
    this.#expectations.forget(deletions(key));
    this.#losses.forget(key);
  }

  /** A pod that is being deleted when it is first seen was made all the same. */
  #onPodAdd(pod: Live<Pod>): void {
    const key = this.#keyOfOwner(pod);
    if (key !== undefined) this.#expectations.creationObserved(creations(key));
    if (pod.metadata.deletionTimestamp) this.#onPodGone(pod);
    else if (key === undefined) this.#wakeMatching(pod);
    else this.#queue.addPaced(key);
  }

  #onPodUpdate(pod: Live<Pod>, old: Live<Pod>): void {
    const key = this.#keyOfOwner(pod);
    if (this.#keyOfOwner(old) !== key) this.#onPodGone(old);
    if (pod.metadata.deletionTimestamp && !old.metadata.deletionTimestamp) this.#onPodGone(pod);
    else if (key === undefined) this.#wakeMatching(pod);
    else this.#queue.addPaced(key);
  }

  /** A pod is deleted, or another's now. */
  #onPodGone(pod: Live<Pod>): void {
    const key = this.#keyOfOwner(pod);
    if (key === undefined) return;
    this.#expectations.deletionObserved(deletions(key), pod.metadata.uid);
    this.#losses.note(key);
    this.#queue.add(key);
  }

  /** A pod may wait for its claim to change hands or to be gone. */
  #onClaim({ metadata: { name, namespace } }: Live<PersistentVolumeClaim>): void {
    const { ordinal } = parentAndOrdinal(name);
    if (ordinal < 0) return;
    for (const set of this.#sets.list(namespace)) {
      const isIts = set.spec.volumeClaimTemplates?.some((template) => claimName(template, set, ordinal) === name);
      if (isIts) this.#queue.addPaced(keyOf(set));
    }
  }

  #keyOfOwner(pod: Live<Pod>): string | undefined {
    const reference = controllerOf(pod);
    if (reference?.kind !== KIND.kind) return undefined;
    const set = this.#sets.get(pod.metadata.namespace, reference.name);
    return set?.metadata.uid === reference.uid ? keyOf(set) : undefined;
  }

  #wakeMatching(pod: Live<Pod>): void {
    if (controllerOf(pod) || !pod.metadata.labels) return;
    for (const set of this.#sets.list(pod.metadata.namespace)) {
      if (fromLabelSelector(set.spec.selector).matches(pod.metadata.labels)) this.#queue.add(keyOf(set));
    }
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs: number | undefined } | undefined> {
    const set = this.#sets.getByKey(key);
    if (!set) {
      this.#forget(key);
      this.#queue.drop(key);
      this.#stale.forget(key);
      return undefined;
    }
    if (this.#stale.isStale(set)) return undefined;
    // Asked before pods are read: one that comes or goes in between must not make them look complete.
    const waitMs = this.#expectations.waitMs(creations(key), deletions(key));
    const revisions = await this.#history.sync(set);
    if (!revisions) return undefined;
    const pods = await this.#claim(set);
    const now = this.#context.clock.now();
    let isBehind = false;
    const claim = (name: string) => {
      const stored = this.#claims.get(set.metadata.namespace, name);
      if (stored && this.#statefulPods.isBehind(stored)) isBehind = true;
      return stored;
    };
    const plan = planStatefulSet({ set, pods, ...revisions, claim, now });
    const isReady = waitMs === undefined && !isBehind && (!makesPods(plan) || (await this.#losses.mayReplace(set)));
    const failure = isReady ? await this.#carryOut(set, plan) : undefined;
    try {
      await this.#writeStatus(set, failure ? plan.status : statusOnceDone(plan));
    } finally {
      await this.#history.clean(set, revisions, pods.map(revisionOf));
    }
    if (failure) throw failure.error;
    return { requeueAfterMs: earliest(waitMs, nextAvailabilityMs({ set, pods, now })) };
  }

  async #claim(set: Live<StatefulSet>): Promise<Live<Pod>[]> {
    const { namespace = '', uid } = set.metadata;
    const selector = fromLabelSelector(set.spec.selector);
    const candidates = [...this.#pods.byIndex(BY_CONTROLLER, uid), ...this.#pods.byIndex(ORPHANS, namespace)];
    return await this.#owners.claim(set, candidates, (pod) => selector.matches(pod.metadata.labels) && isMemberOf(set, pod));
  }

  /** @returns what went wrong: the status is written all the same. */
  async #carryOut(set: Live<StatefulSet>, { stages, inOrder }: StatefulPlan): Promise<{ error: unknown } | undefined> {
    const all = stages.flat(2);
    this.#expect(keyOf(set), all);
    const untried = new Set(all);
    const tryAll = async (actions: readonly Action[]) => {
      for (const action of actions) {
        untried.delete(action);
        await this.#carryOutOne(set, action);
      }
    };
    try {
      for (const stage of stages) await (inOrder ? tryAll(stage.flat()) : sideBySide(stage, tryAll));
      return undefined;
    } catch (error) {
      for (const action of untried) this.#expectNot(keyOf(set), action);
      return { error };
    }
  }

  async #carryOutOne(set: Live<StatefulSet>, action: Action): Promise<void> {
    try {
      await this.#statefulPods.carryOut(set, action);
    } catch (error) {
      this.#expectNot(keyOf(set), action);
      const isDone = action.do === 'delete' ? isNotFound(error) : isNamespaceTerminating(error);
      if (!isDone) throw error;
    }
  }

  #expect(key: string, actions: readonly Action[]): void {
    this.#expectations.expectCreations(creations(key), actions.filter((action) => action.do === 'create').length);
    const gone = actions.filter((action) => action.do === 'delete').map(({ pod }) => pod.metadata.uid);
    this.#expectations.expectDeletions(deletions(key), gone);
  }

  #expectNot(key: string, action: Action): void {
    if (action.do === 'create') this.#expectations.creationObserved(creations(key));
    if (action.do === 'delete') this.#expectations.deletionObserved(deletions(key), action.pod.metadata.uid);
  }

  async #writeStatus(set: Live<StatefulSet>, reached: StatefulSetStatus): Promise<void> {
    const status = completed(set, reached);
    if (!isNews(set, status)) return;
    const { client, clock } = this.#context;
    const { name, namespace, uid } = set.metadata;
    const of = client.resource<StatefulSet>(KIND);
    // Written over what others wrote meanwhile, too: how often revisions collided is known this once.
    await retryOnConflict(clock, async (isAgain) => {
      const before = isAgain ? await of.get(name, { namespace }) : set;
      if (before.metadata.uid !== uid) return;
      const written = await of.updateStatus({ ...before, status: { ...status, conditions: before.status.conditions } });
      this.#stale.wrote(set, written);
      this.#stale.wrote(before, written);
    });
  }
}

const makesPods = ({ stages }: StatefulPlan): boolean => stages.flat(2).some((action) => action.do === 'create');

/** Pods with which all is well are counted, as upstream does: so a StatefulSet that grows asks for more than one pod although each is refused. */
async function sideBySide(stage: PlannedStage, carryOut: (actions: readonly Action[]) => Promise<void>): Promise<void> {
  const { error } = await slowStartBatch(stage.length, SLOW_START_BATCH, (i) => carryOut(stage[i] ?? []));
  if (error !== undefined) throw error;
}

const creations = (key: string): string => `${key}/creations`;
const deletions = (key: string): string => `${key}/deletions`;
