/**
 * Leases: granted and revoked through the writer, like every change; how much time is left is known to this process only.
 *
 * Invariants:
 * 1. A lease that was granted, or kept alive, has its full time from then on; after a restart from the opening (as etcd's have from a change
 *    of leader), so that nothing is lost because the store was away.
 * 2. A lease whose time is up is not kept alive again: it is revoked, with its keys, in one revision.
 * 3. One timer is set, for the lease that runs out first; when it fires, all of them are looked at.
 */
import type { Clock, Logger, Timer } from '../../runtime/index.ts';
import { type Lease, type LeaseId, type LeaseRequest, type LeaseState, type Leases, type Revision, StoreError } from '../store.ts';
import type { Draft } from './draft.ts';
import { SUB_MAX } from './log-codec.ts';
import type { Committed, HeldLease } from './state.ts';
import { leaseNotFound } from './transaction.ts';
import type { Writer } from './writer.ts';

/** The shortest and the longest time that is granted; less is raised to it, more refused (etcd's limit). */
const TTL_SECONDS_MIN = 1;
const TTL_SECONDS_MAX = 9_000_000_000;
/** Two looks at all leases are so far apart, at least; so a lease may live so much longer. */
const LOOK_PAUSE_MS = 100;
/** After so long an expired lease whose keys could not be deleted is tried again. */
const RETRY_MS = 1000;
/** Bytes that a grant, and each key that is deleted by a revocation, is reckoned at in the writer's queue. */
const STEP_BYTES = 100;

const ID_END = 1n << 63n;
/** Ids that are chosen here are milliseconds since the epoch, then a counter. */
const COUNTER_BITS = 16n;

export interface LessorParts {
  readonly committed: Committed;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws StoreError when the store is closed. */
  checkOpen(): void;
}

export class Lessor implements Leases {
  readonly #parts: LessorParts;
  readonly #revoking = new Set<HeldLease>();
  #timer: Timer | undefined;
  #firesAt = Number.POSITIVE_INFINITY;
  #counter = 0n;
  #stopped = false;

  constructor(parts: LessorParts) {
    this.#parts = parts;
  }

  /** Begins to watch over the leases there are. */
  start(): void {
    this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async grant({ ttlSeconds, id }: LeaseRequest): Promise<Lease> {
    this.#parts.checkOpen();
    if (id !== undefined && (id <= 0n || id >= ID_END)) throw new TypeError(`not an id of a lease: ${id}`);
    if (!Number.isInteger(ttlSeconds)) throw new TypeError(`not a number of seconds: ${ttlSeconds}`);
    if (ttlSeconds > TTL_SECONDS_MAX) throw new StoreError('LeaseTtlTooLarge', 'etcdserver: too large lease TTL');
    const ttl = Math.max(ttlSeconds, TTL_SECONDS_MIN);
    const evaluate = (draft: Draft) => {
      const lease: Lease = { id: id ?? this.#freeId(draft), ttlSeconds: ttl };
      if (draft.lease(lease.id)) throw new StoreError('LeaseExists', 'etcdserver: lease already exists');
      draft.grant(lease);
      return Promise.resolve(lease);
    };
    const lease = await this.#parts.writer.submit({ bytes: STEP_BYTES, evaluate });
    const held = this.#parts.committed.leases.get(lease.id);
    if (held) this.#renew(held);
    return lease;
  }

  #freeId(draft: Draft): LeaseId {
    for (;;) {
      const id = (BigInt(this.#parts.clock.now()) << COUNTER_BITS) | (this.#counter++ % (1n << COUNTER_BITS));
      if (!draft.lease(id)) return id;
    }
  }

  // biome-ignore lint/suspicious/useAwait: that there is no such lease rejects, as the interface promises.
  async keepAlive(id: LeaseId): Promise<Lease> {
    this.#parts.checkOpen();
    const held = this.#held(id);
    if (this.#leftMs(held) <= 0) throw leaseNotFound();
    this.#renew(held);
    return { id, ttlSeconds: held.ttlSeconds };
  }

  async revoke(id: LeaseId): Promise<Revision> {
    this.#parts.checkOpen();
    return await this.#revoke(id, undefined);
  }

  // biome-ignore lint/suspicious/useAwait: that there is no such lease rejects, as the interface promises.
  async timeToLive(id: LeaseId, options?: { readonly keys?: boolean | undefined }): Promise<LeaseState> {
    this.#parts.checkOpen();
    const held = this.#held(id);
    const remainingSeconds = Math.max(0, Math.floor(this.#leftMs(held) / 1000));
    const state = { id, ttlSeconds: held.ttlSeconds, remainingSeconds };
    return options?.keys ? { ...state, keys: [...held.keys].sort() } : state;
  }

  // biome-ignore lint/suspicious/useAwait: that the store is closed rejects, as the interface promises.
  async list(): Promise<readonly LeaseId[]> {
    this.#parts.checkOpen();
    return [...this.#parts.committed.leases.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  #held(id: LeaseId): HeldLease {
    const held = this.#parts.committed.leases.get(id);
    if (!held) throw leaseNotFound();
    return held;
  }

  #leftMs(held: HeldLease): number {
    const now = this.#parts.clock.monotonic();
    held.endsAtMs ??= now + held.ttlSeconds * 1000;
    return held.endsAtMs - now;
  }

  #renew(held: HeldLease): void {
    held.endsAtMs = this.#parts.clock.monotonic() + held.ttlSeconds * 1000;
    this.#setTimer(held.endsAtMs);
  }

  #setTimer(at: number): void {
    if (this.#stopped || at >= this.#firesAt) return;
    this.#timer?.cancel();
    this.#firesAt = at;
    this.#timer = this.#parts.clock.setTimer(at - this.#parts.clock.monotonic(), () => this.#look());
  }

  /** Revokes what has run out, and sets the timer for what runs out next. */
  #look(): void {
    const now = this.#parts.clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const held of this.#parts.committed.leases.values()) {
      const leftMs = this.#leftMs(held);
      if (leftMs <= 0) this.#expire(held);
      next = Math.min(next, leftMs <= 0 ? now + RETRY_MS : now + leftMs);
    }
    this.#firesAt = Number.POSITIVE_INFINITY;
    if (next < Number.POSITIVE_INFINITY) this.#setTimer(Math.max(next, now + LOOK_PAUSE_MS));
  }

  #expire(held: HeldLease): void {
    if (this.#revoking.has(held)) return;
    this.#revoking.add(held);
    this.#revoke(held.id, held)
      .catch((error: unknown) => this.#onFailure(error))
      .finally(() => this.#revoking.delete(held));
  }

  /** Too much to do is tried again; a lease that somebody else has revoked is gone; after anything else nothing can be written any more. */
  #onFailure(error: unknown): void {
    if (this.#stopped || (error instanceof StoreError && (error.code === 'Busy' || error.code === 'LeaseNotFound'))) return;
    this.#parts.logger.error({ err: error }, 'an expired lease could not be revoked; leases do not expire any more');
    this.stop();
  }

  /** @param only the lease that is meant: another one of the same id is left alone. */
  // biome-ignore lint/suspicious/useAwait: that there is too much to do rejects.
  async #revoke(id: LeaseId, only: HeldLease | undefined): Promise<Revision> {
    const { committed, writer } = this.#parts;
    const evaluate = (draft: Draft) => {
      const lease = draft.lease(id);
      if (!lease || (only && lease !== only)) throw leaseNotFound();
      if (draft.attached(id).length > SUB_MAX) throw new StoreError('ValueTooLarge', `a lease may have ${SUB_MAX} keys attached`);
      draft.revoke(lease);
      draft.endTransaction();
      return Promise.resolve(draft.revision);
    };
    const keys = committed.leases.get(id)?.keys.size ?? 0;
    return writer.submit({ bytes: STEP_BYTES * (1 + keys), evaluate });
  }
}
