import {
  ApiError,
  coreKinds,
  fromLabelSelector,
  isConflict,
  isNotFound,
  keyOf,
  type Live,
  NOTHING,
  type Pod,
  type PodDisruptionBudget,
  policyKinds,
} from '../../api/index.ts';
import { type EventRecorder, type Informer, isConnectionError, runController, WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { deepEqual } from '../shared/equality.ts';
import { goSelector } from '../shared/go-text.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { podConditionPatch } from '../shared/pods.ts';
import { StaleGuard } from '../shared/stale-guard.ts';
import { subjectOf } from '../shared/subject.ts';
import { NoController, OwnerScales } from './owner-scales.ts';
import { expectedOf, failSafe, needsScale, planBudget, staleInMs } from './plan.ts';

const KIND = policyKinds.poddisruptionbudgets;
/** What the queue of pods that are said to go is called in metrics, as upstream's. */
const ANNOUNCED_NAME = 'stale_pod_disruption';
/** How often at most a budget is looked at for its pods' sake. */
const PACE_MS = 50;

type Budget = Live<PodDisruptionBudget>;

export const disruptionController: ControllerDescriptor = {
  name: 'disruption-controller',
  alias: 'disruption',
  create: (context) => new DisruptionController(context),
};

/**
 * Keeps the status of budgets, which the API server asks when a pod is to be evicted, and takes back announcements of disruptions that did
 * not come.
 */
class DisruptionController implements Controller {
  readonly #context: ControllerContext;
  readonly #queue: PacedQueue;
  readonly #announced: WorkQueue;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #pods: Informer<Pod>;
  readonly #owners: OwnerScales;
  readonly #stale = new StaleGuard();
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    const { client, clock, informers } = context;
    this.#context = context;
    this.#queue = new PacedQueue({ clock, paceMs: PACE_MS });
    this.#announced = new WorkQueue({ clock });
    this.#budgets = informers.podDisruptionBudgets();
    this.#pods = informers.pods();
    this.#owners = new OwnerScales(client, informers);
    // The name upstream's events carry.
    this.#recorder = context.recorder('controllermanager');
    const enqueue = (budget: Budget) => this.#queue.add(keyOf(budget));
    this.#budgets.addHandler({ onAdd: enqueue, onUpdate: enqueue, onDelete: enqueue });
    this.#pods.addHandler({
      onAdd: (pod) => this.#onPod(pod),
      onUpdate: (pod, old) => {
        if (old.metadata.labels !== pod.metadata.labels) this.#wakeBudgetsOf(old);
        this.#onPod(pod);
      },
      onDelete: (pod) => this.#wakeBudgetsOf(pod),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#context;
    const shared = { clock, logger, signal, workers: 1 };
    await Promise.all([
      runController({ ...shared, name: disruptionController.name, queue: this.#queue, reconcile: (key) => this.#reconcile(key) }),
      runController({ ...shared, name: ANNOUNCED_NAME, queue: this.#announced, reconcile: (key) => this.#takeBack(key) }),
    ]);
  }

  #onPod(pod: Live<Pod>): void {
    const [first, ...more] = this.#wakeBudgetsOf(pod);
    if (first && more.length > 0) {
      const { namespace, name } = pod.metadata;
      const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${first.metadata.name}" arbitrarily.`;
      this.#recorder.event(subjectOf(coreKinds.pods, pod), 'Warning', 'MultiplePodDisruptionBudgets', message);
    }
    const staleMs = staleInMs(pod, this.#context.clock.now());
    if (staleMs !== undefined) this.#announced.addAfter(keyOf(pod), staleMs);
  }

  #wakeBudgetsOf({ metadata }: Live<Pod>): Budget[] {
    const budgets = this.#budgets.list(metadata.namespace).filter((budget) => selectorOf(budget).matches(metadata.labels));
    for (const budget of budgets) this.#queue.addPaced(keyOf(budget));
    return budgets;
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs: number | undefined } | undefined> {
    const budget = this.#budgets.getByKey(key);
    if (!budget) {
      this.#queue.drop(key);
      this.#stale.forget(key);
    }
    if (!budget || this.#stale.isStale(budget)) return undefined;
    try {
      return { requeueAfterMs: await this.#sync(budget) };
    } catch (error) {
      if (isConflict(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      this.#context.logger.warn({ budget: key, err: error }, 'budget could not be worked out, no disruption is allowed');
      await this.#writeStatus(budget, failSafe(budget, message, this.#context.clock.now()));
      // What is wrong with the budget or its pods a change of them brings back. Of a server that goes wrong nobody tells when it is well again.
      if (isServerFault(error)) throw error;
      return undefined;
    }
  }

  async #sync(budget: Budget): Promise<number | undefined> {
    const subject = subjectOf(KIND, budget);
    const selector = selectorOf(budget);
    const pods = this.#pods.list(budget.metadata.namespace).filter(({ metadata }) => selector.matches(metadata.labels));
    if (pods.length === 0) this.#recorder.event(subject, 'Normal', 'NoPods', 'No matching pods found');
    const expected = await this.#expected(budget, pods);
    const plan = planBudget(budget, pods, expected, this.#context.clock.now());
    const { namespace } = budget.metadata;
    for (const pod of plan.notDeleted) {
      // Upstream names the namespace twice.
      const message = `Pod was expected by PDB ${namespace}/${namespace} to be deleted but it wasn't`;
      this.#recorder.event(subjectOf(coreKinds.pods, pod), 'Warning', 'NotDeleted', message);
    }
    await this.#writeStatus(budget, plan.status);
    return plan.recheckAfterMs;
  }

  async #expected(budget: Budget, pods: readonly Live<Pod>[]): Promise<ReturnType<typeof expectedOf>> {
    const subject = subjectOf(KIND, budget);
    try {
      const { replicas, unmanaged } = needsScale(budget) ? await this.#owners.total(pods) : { replicas: 0, unmanaged: 0 };
      if (unmanaged > 0) {
        const message = `Pods selected by this PodDisruptionBudget (selector: ${goSelector(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
        this.#recorder.event(subject, 'Warning', 'UnmanagedPods', message);
      }
      return expectedOf(budget, pods.length, replicas);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (error instanceof NoController) this.#recorder.event(subject, 'Warning', 'NoControllers', why);
      const message = `Failed to calculate the number of expected pods: ${why}`;
      this.#recorder.event(subject, 'Warning', 'CalculateExpectedPodCountFailed', message);
      throw error;
    }
  }

  async #writeStatus(budget: Budget, status: Budget['status']): Promise<void> {
    if (deepEqual(budget.status, status)) return;
    const written = await this.#context.client.resource<PodDisruptionBudget>(KIND).updateStatus({ ...budget, status });
    this.#stale.wrote(budget, written);
  }

  /** A pod that was to go and is still there after a while is not going. */
  async #takeBack(key: string): Promise<{ requeueAfterMs: number } | undefined> {
    const pod = this.#pods.getByKey(key);
    const { client, clock } = this.#context;
    const left = pod && staleInMs(pod, clock.now());
    if (!pod || left === undefined) return undefined;
    if (left > 0) return { requeueAfterMs: left };
    const { name, namespace, uid, generation } = pod.metadata;
    const condition = {
      type: 'DisruptionTarget',
      status: 'False',
      observedGeneration: generation,
    };
    const body = { metadata: { uid }, status: podConditionPatch(pod, condition, clock.now()) };
    try {
      await client.resource<Pod>(coreKinds.pods).patch(name, body, { namespace, type: 'strategic', subresource: 'status' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }
}

/** Without a selector a budget is about no pod; with an empty one, about all. */
const selectorOf = ({ spec }: Budget) => (spec.selector ? fromLabelSelector(spec.selector) : NOTHING);

const isServerFault = (error: unknown): boolean => isConnectionError(error) || (error instanceof ApiError && error.code >= 500);
