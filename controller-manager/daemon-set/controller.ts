import {
  appsKinds,
  type ControllerRevision,
  coreKinds,
  type DaemonSet,
  fromLabelSelector,
  isNotFound,
  keyOf,
  type Live,
  type Node,
  type Pod,
  type PodTemplateSpec,
} from '../../api/index.ts';
import { controllerOf, type EventRecorder, Expectations, type Informer, runController, slowStartBatch } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { BY_CONTROLLER, BY_NODE, ORPHANS } from '../informers.ts';
import { earliest } from '../shared/earliest.ts';
import { deepEqual } from '../shared/equality.ts';
import { Losses } from '../shared/losses.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { isNamespaceTerminating, OwnerControl, PodControl } from '../shared/pod-control.ts';
import { isPodTerminal } from '../shared/pods.ts';
import { REVISION_HASH } from '../shared/revisions.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { concernsChange, daemonTolerations, eligibilityOf } from './eligibility.ts';
import { FailedPodBackoff, type FailurePlace } from './failed-pod-backoff.ts';
import { TEMPLATE_GENERATION_ANNOTATION, TEMPLATE_GENERATION_LABEL } from './history.ts';
import { HistoryKeeper } from './history-keeper.ts';
import { daemonSetStatus, nextAvailabilityMs, type Observed, planPods, targetNodeOf, viewNodes } from './plan.ts';
import { planUpdate } from './rolling-update.ts';

const KIND = appsKinds.daemonsets;
/** How often at most a DaemonSet is looked at when its pods tell only of their status. */
const STATUS_PACE_MS = 100;
/** Most pods created, and most deleted, in one reconcile. */
const BURST_PODS = 250;
const SLOW_START_BATCH = 1;

export const daemonSetController: ControllerDescriptor = {
  name: 'daemonset-controller',
  alias: 'daemonset',
  create: (context) => new DaemonSetController(context),
};

/** Keeps one pod of each DaemonSet on every node that is to have one. Pods are created and deleted as in R1 and R2 of ReplicaSets. */
class DaemonSetController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: PacedQueue;
  readonly #expectations: Expectations;
  readonly #sets: Informer<DaemonSet>;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #revisions: Informer<ControllerRevision>;
  readonly #stale = new StaleGuard();
  readonly #losses: Losses;
  readonly #podControl: PodControl;
  readonly #owners: OwnerControl;
  readonly #history: HistoryKeeper;
  readonly #recorder: EventRecorder;
  readonly #failures: FailedPodBackoff;

  constructor(context: ControllerContext) {
    const { client, clock, informers } = context;
    this.#context = context;
    this.#queue = new PacedQueue({ clock, paceMs: STATUS_PACE_MS });
    this.#expectations = new Expectations(clock);
    this.#sets = informers.daemonSets();
    this.#pods = informers.pods();
    this.#nodes = informers.nodes();
    this.#revisions = informers.controllerRevisions();
    this.#recorder = context.recorder('daemonset-controller');
    this.#losses = new Losses(client, KIND);
    this.#podControl = new PodControl(client, KIND, this.#recorder);
    this.#owners = new OwnerControl(client, KIND, coreKinds.pods);
    this.#history = new HistoryKeeper(client, this.#revisions);
    this.#failures = new FailedPodBackoff();
    this.#listen();
  }

  run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    return runController({
      name: daemonSetController.name,
      queue: this.#queue,
      workers: settings.concurrentDaemonSetSyncs,
      reconcile: (key) => this.#reconcile(key),
      clock,
      logger,
      signal,
    });
  }

  #listen(): void {
    const enqueue = (set: Live<DaemonSet>) => this.#queue.add(keyOf(set));
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
    this.#nodes.addHandler({
      onAdd: (node) => this.#onNode(node, undefined),
      onUpdate: (node, old) => this.#onNode(node, old),
      // A pod that waits for the node is found and removed; those that ran on it are the pod collector's.
      onDelete: () => this.#wakeAll(),
    });
    this.#revisions.addHandler({
      onAdd: (revision) => this.#wakeMatching(revision),
      onUpdate: (revision, old) => this.#onRevisionUpdate(revision, old),
      onDelete: (revision) => this.#wakeOwner(revision),
    });
  }

  /** A revision that somebody changed or took away is put right; what we wrote ourselves was right. */
  #onRevisionUpdate(revision: Live<ControllerRevision>, old: Live<ControllerRevision>): void {
    const isAnothers = this.#keyOfOwner(revision) !== this.#keyOfOwner(old);
    if (isAnothers) this.#wakeOwner(old);
    this.#wakeOwner(revision);
    if (isAnothers || !deepEqual(revision.metadata.labels, old.metadata.labels)) this.#wakeMatching(revision);
  }

  #wakeOwner(child: Live<ControllerRevision>): void {
    const key = this.#keyOfOwner(child);
    if (key !== undefined) this.#queue.add(key);
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
    this.#expectations.creationObserved(creations(key));
    if (this.#isSatisfied(key)) this.#queue.add(key);
    else this.#queue.addPaced(key);
  }

  #onPodUpdate(pod: Live<Pod>, old: Live<Pod>): void {
    const key = this.#keyOfOwner(pod);
    if (this.#keyOfOwner(old) !== key) this.#onPodGone(old);
    if (pod.metadata.deletionTimestamp && !old.metadata.deletionTimestamp) this.#onPodGone(pod);
    else if (key === undefined) this.#wakeMatching(pod);
    else if (isPodTerminal(pod) && !isPodTerminal(old)) this.#queue.add(key);
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

  /** Wakes the DaemonSets for which the node is another one now. */
  #onNode(node: Live<Node>, old: Live<Node> | undefined): void {
    if (old && deepEqual(old.metadata.labels, node.metadata.labels) && deepEqual(old.spec.taints, node.spec.taints)) return;
    const owners = new Set(this.#pods.byIndex(BY_NODE, node.metadata.name).map((pod) => controllerOf(pod)?.uid));
    for (const set of this.#sets.list()) {
      const eligibility = eligibilityOf(set, daemonTolerations(set), node);
      if (concernsChange(set, eligibility, owners.has(set.metadata.uid))) this.#queue.addPaced(keyOf(set));
    }
  }

  #wakeAll(): void {
    for (const set of this.#sets.list()) this.#queue.addPaced(keyOf(set));
  }

  /** Wakes those that may adopt an orphan. */
  #wakeMatching(child: Live<Pod | ControllerRevision>): void {
    const { namespace, labels } = child.metadata;
    if (controllerOf(child) || !labels) return;
    for (const set of this.#sets.list(namespace)) {
      if (fromLabelSelector(set.spec.selector).matches(labels)) this.#queue.add(keyOf(set));
    }
  }

  #keyOfOwner(child: Live<Pod | ControllerRevision>): string | undefined {
    const reference = controllerOf(child);
    if (reference?.kind !== KIND.kind) return undefined;
    const set = this.#sets.get(child.metadata.namespace, reference.name);
    return set?.metadata.uid === reference.uid ? keyOf(set) : undefined;
  }

  /** What was expected of one that is gone. */
  #forget(key: string): void {
    this.#expectations.forget(creations(key));
    this.#expectations.forget(deletions(key));
    this.#failures.forget(key);
    this.#losses.forget(key);
  }

  #isSatisfied(key: string): boolean {
    return this.#expectations.satisfied(creations(key)) && this.#expectations.satisfied(deletions(key));
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
    if (fromLabelSelector(set.spec.selector).empty) {
      const message = 'This daemon set is selecting all pods. A non-empty selector is required.';
      this.#recorder.event(subjectOf(KIND, set), 'Warning', 'SelectingAll', message);
      return undefined;
    }
    if (set.metadata.deletionTimestamp) return undefined;
    // Asked before pods are read: one that comes or goes in between must not make them look complete.
    const waitMs = this.#expectations.waitMs(creations(key), deletions(key));
    const history = await this.#history.sync(set, () => this.#pods.byIndex(BY_CONTROLLER, set.metadata.uid));
    const observed = await this.#observe(key, set, history.hash);
    const isWaiting = waitMs !== undefined;
    const [managed] = await Promise.allSettled([isWaiting ? waitMs : this.#manage(key, observed)]);
    // What could not be made or deleted is told in the status too.
    await this.#writeStatus(observed, isWaiting);
    if (managed.status === 'rejected') throw managed.reason;
    const requeueAfterMs = managed.value;
    await this.#history.clean(set, history, this.#pods.byIndex(BY_CONTROLLER, set.metadata.uid));
    return { requeueAfterMs: earliest(requeueAfterMs, nextAvailabilityMs(observed)) };
  }

  async #observe(key: string, daemonSet: Live<DaemonSet>, hash: string): Promise<Observed> {
    const { namespace = '', uid } = daemonSet.metadata;
    const candidates = [...this.#pods.byIndex(BY_CONTROLLER, uid), ...this.#pods.byIndex(ORPHANS, namespace)];
    const selector = fromLabelSelector(daemonSet.spec.selector);
    const pods = await this.#owners.claim(daemonSet, candidates, ({ metadata }) => selector.matches(metadata.labels));
    const now = this.#context.clock.now();
    return {
      daemonSet,
      nodes: this.#nodes.list(),
      podsByNode: groupByNode(pods),
      hash,
      failedBackoffMs: (node) => this.#failures.waitMs(placeOf(key, daemonSet, node), now),
      now,
    };
  }

  /** Creates and deletes pods; updates begin only where nothing else is to be done. */
  async #manage(key: string, observed: Observed): Promise<number | undefined> {
    const views = viewNodes(observed);
    const plan = planPods(observed, views);
    for (const { pod, reason, message } of plan.finished) {
      const isFailure = reason === 'FailedDaemonPod';
      this.#recorder.event(subjectOf(KIND, observed.daemonSet), isFailure ? 'Warning' : 'Normal', reason, message);
      if (isFailure) this.#failures.note(placeOf(key, observed.daemonSet, targetNodeOf(pod) ?? ''), observed.now);
    }
    const isIdle = plan.createOn.length === 0 && plan.remove.length === 0;
    await this.#write(key, observed, isIdle ? planUpdate(observed, views) : plan);
    return plan.requeueAfterMs;
  }

  async #write(key: string, observed: Observed, plan: { createOn: readonly string[]; remove: readonly Live<Pod>[] }): Promise<void> {
    const mayCreate = plan.createOn.length > 0 && (await this.#losses.mayReplace(observed.daemonSet));
    const nodes = mayCreate ? plan.createOn.slice(0, BURST_PODS) : [];
    const pods = plan.remove.slice(0, BURST_PODS);
    this.#expectations.expectCreations(creations(key), nodes.length);
    this.#expectations.expectDeletions(
      deletions(key),
      pods.map(({ metadata }) => metadata.uid),
    );
    const outcomes = await Promise.allSettled([
      this.#createPods(key, observed, nodes),
      ...pods.map((pod) => this.#deletePod(key, observed, pod)),
    ]);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
    if ((mayCreate && nodes.length < plan.createOn.length) || pods.length < plan.remove.length) this.#queue.add(key);
  }

  async #createPods(key: string, { daemonSet, hash }: Observed, nodes: readonly string[]): Promise<void> {
    const template = podTemplate(daemonSet, hash);
    const { successes, error } = await slowStartBatch(nodes.length, SLOW_START_BATCH, async (index) => {
      try {
        await this.#podControl.create(daemonSet, boundTo(template, nodes[index] ?? ''));
      } catch (cause) {
        if (!isNamespaceTerminating(cause)) throw cause;
      }
    });
    this.#expectations.creationObserved(creations(key), nodes.length - successes);
    if (error !== undefined) throw error;
  }

  async #deletePod(key: string, { daemonSet }: Observed, pod: Live<Pod>): Promise<void> {
    try {
      await this.#podControl.delete(daemonSet, pod);
    } catch (error) {
      this.#expectations.deletionObserved(deletions(key), pod.metadata.uid);
      if (!isNotFound(error)) throw error;
    }
  }

  /** @param isWaiting whether nothing was done for this generation yet. */
  async #writeStatus(observed: Observed, isWaiting: boolean): Promise<void> {
    const { daemonSet } = observed;
    const status = daemonSetStatus(observed, viewNodes(observed), isWaiting);
    if (deepEqual(status, daemonSet.status)) return;
    this.#stale.wrote(daemonSet, await this.#context.client.resource<DaemonSet>(KIND).updateStatus({ ...daemonSet, status }));
  }
}

const placeOf = (key: string, { status }: Live<DaemonSet>, node: string): FailurePlace => ({
  key,
  node,
  generation: status.observedGeneration ?? 0,
});

const creations = (key: string): string => `${key}/creations`;
const deletions = (key: string): string => `${key}/deletions`;

/** Pods by the node they are for, without those that are finished and going: nobody waits for them. */
function groupByNode(pods: readonly Live<Pod>[]): Map<string, Live<Pod>[]> {
  const byNode = new Map<string, Live<Pod>[]>();
  for (const pod of pods) {
    const node = targetNodeOf(pod);
    if (node === undefined || (isPodTerminal(pod) && pod.metadata.deletionTimestamp)) continue;
    const group = byNode.get(node);
    if (group) group.push(pod);
    else byNode.set(node, [pod]);
  }
  return byNode;
}

/** The template of daemon pods: with the tolerations all have, and the labels that tell from which template they are. */
function podTemplate(daemonSet: Live<DaemonSet>, hash: string): PodTemplateSpec {
  const { template } = daemonSet.spec;
  const generation = daemonSet.metadata.annotations?.[TEMPLATE_GENERATION_ANNOTATION];
  const labels = {
    ...template.metadata?.labels,
    [REVISION_HASH]: hash,
    ...(generation === undefined ? {} : { [TEMPLATE_GENERATION_LABEL]: generation }),
  };
  const spec = template.spec ?? { containers: [] };
  return { metadata: { ...template.metadata, labels }, spec: { ...spec, tolerations: daemonTolerations(daemonSet) } };
}

/** The template for one node: the scheduler is told by an affinity to the node's name, which replaces any node affinity there is. */
function boundTo(template: PodTemplateSpec, node: string): PodTemplateSpec {
  const spec = template.spec ?? { containers: [] };
  const nodeSelectorTerms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }];
  const nodeAffinity = { ...spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } };
  return { ...template, spec: { ...spec, affinity: { ...spec.affinity, nodeAffinity } } };
}
