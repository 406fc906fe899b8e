// Writes what was decided of claims. Upstream: `bindClaim`, `Unreserve` and `PostFilter` of `plugins/dynamicresources`.
import {
  type AllocationResult,
  ApiError,
  CLAIM_PROTECTION,
  isConflict,
  isNotFound,
  type Live,
  type Pod,
  type ResourceV1ResourceClaim,
  resourceKinds,
} from '../../../api/index.ts';
import type { ResourceClient } from '../../../client/index.ts';
import type { Handle } from '../../framework/plugin.ts';
import { type Claim, claimText } from './allocation/requests.ts';
import type { ClaimTracker } from './claim-tracker.ts';

/** How often a write is tried that conflicts with somebody else's, and how long it waits in between (client-go's `DefaultRetry`). */
const ATTEMPTS_MAX = 5;
const RETRY_MS = 10;
/** After a write whose answer was lost. */
const READ_AGAIN_MS = 1000;

/** A claim for a pod, with the devices it is to get; none when it has them. */
export interface Binding {
  readonly claim: Claim;
  readonly allocation: AllocationResult | undefined;
  readonly pod: Live<Pod>;
}

export class ClaimWriter {
  readonly #handle: Handle;
  readonly #tracker: ClaimTracker;
  readonly #claims: ResourceClient<ResourceV1ResourceClaim>;

  constructor(handle: Handle, tracker: ClaimTracker) {
    this.#handle = handle;
    this.#tracker = tracker;
    this.#claims = handle.client.resource(resourceKinds.resourceclaims);
  }

  /**
   * Writes the allocation, if there is one to be written, and that the pod may use the claim.
   *
   * @throws when the pod has to be scheduled anew. If the answer to a write was lost, the claim has been read again by then: its devices are not given
   * to others before it is known whether it has them.
   */
  async bind(binding: Binding, signal: AbortSignal): Promise<Claim> {
    try {
      const written = await this.#write(binding);
      this.#tracker.assume(written);
      return written;
    } catch (error) {
      if (binding.allocation && mayBeWritten(error)) await this.#readAgain(binding.claim, signal);
      throw error;
    }
  }

  async #readAgain({ metadata: { name, namespace } }: Claim, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#tracker.assume(await this.#claims.get(name, { namespace, signal }));
        return;
      } catch (error) {
        if (isNotFound(error)) return;
        this.#handle.logger.warn({ err: error, claim: `${namespace}/${name}` }, 'claim was not read');
      }
      await this.#handle.clock.sleep(READ_AGAIN_MS, signal).catch(() => undefined);
    }
  }

  async #write(binding: Binding): Promise<Claim> {
    let { claim } = binding;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#writeOnce({ ...binding, claim });
      } catch (error) {
        if (attempt === ATTEMPTS_MAX || !isConflict(error instanceof Error ? error.cause : error)) throw error;
      }
      await this.#handle.clock.sleep(RETRY_MS);
      const { name, namespace } = claim.metadata;
      claim = await described(`get updated claim ${claimText(claim)} after conflict`, this.#claims.get(name, { namespace }));
    }
  }

  async #writeOnce({ claim, allocation, pod }: Binding): Promise<Claim> {
    const who = `claim ${claimText(claim)}`;
    if (claim.metadata.deletionTimestamp) throw new Error(`${who} got deleted in the meantime`);
    if (allocation && claim.status.allocation) throw new Error(`${who} got allocated elsewhere in the meantime`);
    const current = allocation ? await this.#protected(claim) : claim;
    const { name, uid } = pod.metadata;
    const status = {
      ...current.status,
      ...(allocation ? { allocation } : {}),
      reservedFor: [...(current.status.reservedFor ?? []), { resource: 'pods', name, uid }],
    };
    const what = allocation ? 'add allocation and reservation to' : 'add reservation to';
    return described(`${what} ${who}`, this.#claims.updateStatus({ ...current, status }));
  }

  /** What keeps the claim from going while it has devices is no part of its status. */
  #protected(claim: Claim): Promise<Claim> {
    const { metadata } = claim;
    const { finalizers = [] } = metadata;
    if (finalizers.includes(CLAIM_PROTECTION)) return Promise.resolve(claim);
    const update = this.#claims.update({ ...claim, metadata: { ...metadata, finalizers: [...finalizers, CLAIM_PROTECTION] } });
    return described(`add finalizer to claim ${claimText(claim)}`, update);
  }

  /** Begins to take back that a pod may use a claim; who binds the claim next waits for it. */
  release(claim: Claim, { metadata }: Live<Pod>): void {
    const { name, namespace, uid } = claim.metadata;
    const body = { metadata: { uid }, status: { reservedFor: [{ $patch: 'delete', uid: metadata.uid }] } };
    const work = this.#claims
      .patch(name, body, { namespace, type: 'strategic', subresource: 'status' })
      .then((written) => this.#tracker.assume(written))
      .catch((error: unknown) => {
        if (!isNotFound(error)) this.#handle.logger.warn({ err: error, claim: claimText(claim) }, 'claim is still reserved');
      });
    this.#handle.background(this.#tracker.releasing(claim, work));
  }

  /** Frees the devices of a claim. */
  async deallocate(claim: Claim): Promise<void> {
    const { allocation: _, reservedFor: _reservedFor, devices: _devices, ...status } = claim.status;
    await this.#claims.updateStatus({ ...claim, status });
  }
}

/** Whether a write may have been done though it failed: the API server did not say no. */
function mayBeWritten(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return !(cause instanceof ApiError) || cause.code >= 500;
}

/** An error that says what was being done. */
async function described<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
