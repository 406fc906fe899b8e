import { apiError, coreKinds, isNotFound, type Live, type ResourceQuota, textsOf } from '../../../api/index.ts';
import type { ObjectReader, ObjectWriter } from '../../registry/objects.ts';
import { sortedMap } from '../../strategies/shared.ts';
import type { LimitedResource } from './configuration.ts';
import { charge, type QuotaRequest, type RunningQuota, runningQuota } from './request.ts';

/*
 * 1. A request is admitted only after every quota that it is charged to has been written with the charge in it, on the condition that the quota
 *    was still as it was looked at: however many ask at once, here or at another API server, no more is admitted than there is.
 * 2. Requests of one namespace that come while a quota is being written wait, and are then charged together: one write for all of them.
 *
 *     request ──> waiting ──> looked at, one by one ──> quotas written ──> admitted
 *                                     │                      │ somebody else was faster: those quotas anew
 *                                     └──> refused           └─────────────────────────────────────────────>
 */

/** How often quotas are looked at anew that somebody else keeps changing. */
const RACES_MAX = 20;

const KIND = coreKinds.resourcequotas;

interface Waiting {
  readonly request: QuotaRequest;
  admit(): void;
  refuse(why: unknown): void;
}

/** A quota was changed since it was looked at, or is gone. */
class StaleQuota extends Error {
  override readonly name = 'StaleQuota';
}

/** Charges requests to the quotas of their namespaces. Upstream: `quotaEvaluator`. */
export class QuotaCharges {
  readonly #objects: ObjectReader & ObjectWriter;
  readonly #limited: readonly LimitedResource[];
  /** Who waits, by namespace; there is an entry while one of its batches is under way. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(objects: ObjectReader & ObjectWriter, limited: readonly LimitedResource[]) {
    this.#objects = objects;
    this.#limited = limited;
  }

  /**
   * Admits a request at once when no quota counts it; else when it has been charged.
   *
   * @throws ApiError (403) when there is not enough left.
   */
  charge(request: QuotaRequest): Promise<void> | undefined {
    const { namespace } = request.attributes;
    const quotas = this.#objects.list<ResourceQuota>(KIND, namespace);
    if (quotas.length === 0 && this.#limited.length === 0) return undefined;
    if (this.#isFree(quotas, request)) return undefined;
    return new Promise((admit, refuse) => this.#enqueue(namespace, { request, admit, refuse }));
  }

  #isFree(quotas: readonly Live<ResourceQuota>[], request: QuotaRequest): boolean {
    const running = quotas.map(runningQuota);
    try {
      return charge(running, request, this.#limited) === running;
    } catch {
      return false; // it is refused, if at all, for what quotas say when it is its turn
    }
  }

  #enqueue(namespace: string, waiting: Waiting): void {
    const queue = this.#waiting.get(namespace);
    if (queue) {
      queue.push(waiting);
      return;
    }
    this.#waiting.set(namespace, []);
    void this.#work(namespace, [waiting]);
  }

  /** Never rejects: everybody who waits is told. */
  async #work(namespace: string, first: readonly Waiting[]): Promise<void> {
    for (let batch = first; batch.length > 0; batch = this.#waiting.get(namespace) ?? []) {
      this.#waiting.set(namespace, []);
      try {
        await this.#settle(namespace, batch);
      } catch (error) {
        for (const { refuse } of batch) refuse(error);
      }
    }
    this.#waiting.delete(namespace);
  }

  async #settle(namespace: string, batch: readonly Waiting[]): Promise<void> {
    let waiting = batch;
    /** The quotas that are still to be charged; all of them in the first round. */
    let open: ReadonlySet<string> | undefined;
    for (let race = 0; race < RACES_MAX; race++) {
      await this.#objects.fresh();
      const quotas = this.#objects.list<ResourceQuota>(KIND, namespace).filter(({ metadata }) => open?.has(metadata.name) ?? true);
      const before = quotas.map(runningQuota);
      // What has to be covered was, in the first round, by all of them.
      const { after, charged } = this.#chargeAll(before, waiting, open ? [] : this.#limited);
      const lost = await this.#write(after.filter((quota, i) => quota !== before[i]));
      if (lost.length === 0) {
        for (const { admit } of charged) admit();
        return;
      }
      waiting = charged;
      open = new Set(lost);
    }
    throw apiError.modified(KIND, [...(open ?? [])].join(','));
  }

  /** Looks at requests one by one; those that cost nothing, or too much, are told at once. */
  #chargeAll(
    quotas: readonly RunningQuota[],
    waiting: readonly Waiting[],
    limited: readonly LimitedResource[],
  ): { after: readonly RunningQuota[]; charged: Waiting[] } {
    const charged: Waiting[] = [];
    let after = quotas;
    for (const each of waiting) {
      try {
        const next = charge(after, each.request, limited);
        if (next === after || each.request.dryRun) each.admit();
        else charged.push(each);
        if (!each.request.dryRun) after = next;
      } catch (error) {
        each.refuse(error);
      }
    }
    return { after, charged };
  }

  /** @returns the names of those that were no longer as they were looked at. */
  async #write(quotas: readonly RunningQuota[]): Promise<string[]> {
    const outcomes = await Promise.allSettled(quotas.map((quota) => this.#writeOne(quota)));
    const lost: string[] = [];
    outcomes.forEach((outcome, i) => {
      if (outcome.status === 'fulfilled') return;
      if (!(outcome.reason instanceof StaleQuota) && !isNotFound(outcome.reason)) throw outcome.reason;
      lost.push(quotas[i]?.quota.metadata.name ?? '');
    });
    return lost;
  }

  async #writeOne({ quota, used }: RunningQuota): Promise<void> {
    const { namespace = '', name, resourceVersion } = quota.metadata;
    await this.#objects.updateStatus<ResourceQuota>(KIND, namespace, name, (current) => {
      if (current.metadata.resourceVersion !== resourceVersion) throw new StaleQuota();
      return { ...current, status: { ...current.status, used: sortedMap(textsOf(used)) } };
    });
  }
}
