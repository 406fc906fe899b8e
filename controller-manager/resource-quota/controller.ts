import {
  addAmounts,
  coreKinds,
  isNotFound,
  type KindInfo,
  type KubeObject,
  keyOf,
  type Live,
  type Quantity,
  quotaEvaluatorOf,
  type ResourceQuota,
} from '../../api/index.ts';
import { type Informer, type InformerHandler, type ReconcileResult, runController, type WorkQueue } from '../../client/index.ts';
import type { Controller, ControllerContext, ControllerDescriptor } from '../context.ts';
import { listMetadata } from '../shared/metadata-list.ts';
import type { Monitors } from '../shared/monitors.ts';
import { PacedQueue } from '../shared/paced-queue.ts';
import { pause, runPeriodically } from '../shared/periodic.ts';
import { type Counted, countedKinds, isCharged, isCountedOtherwise, isLess, lacksUsage, planStatus, sameAmounts, usageOf } from './plan.ts';

const KIND = coreKinds.resourcequotas;
/** How long a quota is not counted after a count when objects go: so many times as long as that took, for it takes a list of them. */
const PACE_FACTOR = 10;
const PACE_MS_MAX = 500;
/** How long the API server may take from charging an object to storing it. */
const SETTLE_MS = 200;
/** After how long it is counted once more what was on its way and nobody may have charged, or counted. */
const AGAIN_MS = 1_000;
const PAGE = 500;

export const resourceQuotaController: ControllerDescriptor = {
  name: 'resourcequota-controller',
  alias: 'resourcequota',
  create: (context) => new ResourceQuotaController(context),
};

/**
 * Counts what namespaces use of their quotas. The API server charges what comes; this gives back what goes, and puts right what is wrong.
 *
 * Q1  A count is written only over the quota that was read before it: whatever was charged meanwhile makes the write fail, and the count
 *     is done again. A count that agrees with the quota holds only if nothing was charged meanwhile either: the server is asked, and it is
 *     counted again when the cache has what it says.
 * Q2  A count that is less than what the quota says is done once more a moment after the quota was last seen to be charged, so that what
 *     was charged is stored by then; and later, should that have taken longer. One that was not charged for that long is put right at
 *     once: who makes a new object in the place of one that is gone would be refused meanwhile.
 */
class ResourceQuotaController implements Controller {
  readonly #context: ControllerContext;
  readonly #quotas: Informer<ResourceQuota>;
  readonly #monitors: Monitors;
  readonly #queue: PacedQueue;
  /** Quotas without which the API server refuses requests. */
  readonly #priority: PacedQueue;
  /** When each quota was last seen to be charged, by the monotonic clock. */
  readonly #chargedAt = new Map<string, number>();
  /** How long its last count took. */
  readonly #countMs = new Map<string, number>();

  constructor(context: ControllerContext) {
    const { clock, informers } = context;
    this.#context = context;
    this.#queue = new PacedQueue({ clock, paceMs: PACE_MS_MAX });
    this.#priority = new PacedQueue({ clock, paceMs: PACE_MS_MAX });
    this.#quotas = informers.resourceQuotas();
    this.#monitors = context.monitors;
    // What is counted by more than its number is followed with all that it is counted by, be no other controller there to have it so.
    for (const hold of [informers.pods, informers.services, informers.persistentVolumeClaims]) hold();
    this.#quotas.addHandler({
      onAdd: (quota) => {
        this.#chargedAt.set(keyOf(quota), clock.monotonic());
        this.#enqueue(quota);
      },
      onUpdate: (quota, old) => {
        if (isCharged(old, quota)) this.#chargedAt.set(keyOf(quota), clock.monotonic());
        // What was used changes with every request; only new limits are news.
        if (!sameAmounts(old.spec.hard, quota.spec.hard)) this.#enqueue(quota);
      },
      onDelete: (quota) => {
        this.#queue.drop(keyOf(quota));
        this.#priority.drop(keyOf(quota));
        this.#chargedAt.delete(keyOf(quota));
        this.#countMs.delete(keyOf(quota));
      },
    });
    this.#monitors.addHandlers((kind) => this.#follow(kind));
  }

  /** A kind is served: there may be quotas that wait for it. */
  #follow(kind: KindInfo): InformerHandler<KubeObject> {
    for (const quota of this.#quotas.list()) {
      const awaited = Object.keys(quota.spec.hard ?? {}).filter((name) => quota.status.used?.[name] === undefined);
      if (kind.namespaced && (quotaEvaluatorOf(kind)?.matchingResources(awaited) ?? []).length > 0) this.#priority.add(keyOf(quota));
    }
    return {
      onUpdate: (object, old) => this.#replenish(kind, object, old),
      onDelete: (object) => this.#replenish(kind, object),
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, settings } = this.#context;
    const following = this.#monitors.run(signal);
    await this.#monitors.waitForSync(signal);
    const work = (queue: WorkQueue, name: string) =>
      runController({
        name,
        queue,
        workers: settings.concurrentResourceQuotaSyncs,
        reconcile: (key) => this.#reconcile(key, signal),
        clock,
        logger,
        signal,
      });
    const recounting = runPeriodically({
      name: resourceQuotaController.name,
      periodMs: settings.resourceQuotaSyncPeriodMs,
      immediately: false,
      run: () => this.#recountAll(),
      clock,
      logger,
      signal,
    });
    await Promise.all([
      following,
      recounting,
      work(this.#queue, resourceQuotaController.name),
      work(this.#priority, `${resourceQuotaController.name}-priority`),
    ]);
  }

  #recountAll(): Promise<void> {
    for (const quota of this.#quotas.list()) this.#queue.add(keyOf(quota));
    return Promise.resolve();
  }

  #enqueue(quota: Live<ResourceQuota>): void {
    (lacksUsage(quota, this.#monitors.kinds) ? this.#priority : this.#queue).add(keyOf(quota));
  }

  /**
   * An object is gone, or is counted otherwise than before: the quotas that count it are looked at. Upstream: `replenishQuota`.
   *
   * @param before what the object was; absent when it is gone.
   */
  #replenish(kind: KindInfo, object: Live<KubeObject>, before?: Live<KubeObject>): void {
    if (!kind.namespaced) return;
    const quotas = this.#quotas.list(object.metadata.namespace);
    const evaluator = quotas.length > 0 ? quotaEvaluatorOf(kind) : undefined;
    if (!evaluator) return;
    const now = this.#context.clock.now();
    for (const quota of quotas) {
      if (evaluator.matchingResources(Object.keys(quota.status.hard ?? {})).length === 0) continue;
      if (before && !isCountedOtherwise(quota, evaluator, { before, after: object, now })) continue;
      this.#queue.addPaced(keyOf(quota), this.#paceMs(keyOf(quota)));
    }
  }

  #paceMs(key: string): number {
    return Math.min(PACE_MS_MAX, PACE_FACTOR * (this.#countMs.get(key) ?? 0));
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const { clock, client } = this.#context;
    const begin = clock.monotonic();
    const quota = this.#quotas.getByKey(key);
    if (!quota || quota.metadata.deletionTimestamp !== undefined) return undefined;
    const kinds = countedKinds(quota, this.#monitors.kinds);
    let counted = await this.#count(quota, kinds, signal);
    this.#countMs.set(key, clock.monotonic() - begin);
    const settleMs = (this.#chargedAt.get(key) ?? Number.NEGATIVE_INFINITY) + SETTLE_MS - begin;
    const maySettle = settleMs > 0 && isLess(counted.usage, quota);
    if (maySettle) {
      if (!(await pause(clock, settleMs, signal))) return undefined;
      counted = await this.#count(quota, kinds, signal);
    }
    const status = planStatus(quota, counted.usage);
    if (status) await client.resource<ResourceQuota>(KIND).updateStatus({ ...quota, status });
    else if (!(await this.#isLatest(quota))) return { requeueAfterMs: PACE_MS_MAX };
    if (counted.errors.length > 0) throw new AggregateError(counted.errors, 'not all objects could be counted');
    return maySettle || lacksUsage(quota, this.#monitors.kinds) ? { requeueAfterMs: AGAIN_MS } : undefined;
  }

  async #isLatest({ metadata: { name, namespace, resourceVersion } }: Live<ResourceQuota>): Promise<boolean> {
    try {
      const { metadata } = await this.#context.client.resource<ResourceQuota>(KIND).get(name, { namespace });
      return metadata.resourceVersion === resourceVersion;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  }

  /** What one kind fails to tell does not keep the others from being counted. */
  async #count(quota: Live<ResourceQuota>, kinds: readonly Counted[], signal: AbortSignal) {
    let usage: ReadonlyMap<string, Quantity> = new Map();
    const errors: unknown[] = [];
    for (const counted of kinds) {
      try {
        const objects = await this.#list(counted, quota.metadata.namespace, signal);
        usage = addAmounts(usage, usageOf(quota, counted, objects, this.#context.clock.now()));
      } catch (error) {
        // A kind that has gone since has no objects.
        if (!isNotFound(error)) errors.push(error);
      }
    }
    return { usage, errors };
  }

  async #list({ kind, evaluator }: Counted, namespace: string | undefined, signal: AbortSignal): Promise<readonly KubeObject[]> {
    const { client } = this.#context;
    if (evaluator.countsOnly) return await listMetadata(client, kind, { namespace, signal });
    const all: KubeObject[] = [];
    let token: string | undefined;
    do {
      const page = await client.resource<KubeObject>(kind).list({ namespace, limit: PAGE, continue: token, signal });
      all.push(...page.items);
      token = page.metadata?.continue || undefined;
    } while (token !== undefined);
    return all;
  }
}
