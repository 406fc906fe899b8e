import type { Clock } from '../../runtime/index.ts';
import type { LeaseId, Leases } from '../../store/index.ts';

/** Objects that go by one lease at most: they are deleted in one revision. Upstream's `DefaultLeaseMaxObjectCount`. */
const LEASE_OBJECTS_MAX = 1000;
/** Share of an object's time by which a lease may be longer. */
const REUSE_SHARE = 0.05;

export interface ExpiringLeasesOptions {
  readonly leases: Leases;
  /** How long one lease is given to new objects: `--lease-reuse-duration-seconds`. */
  readonly reuseSeconds: number;
  readonly clock: Clock;
}

/**
 * Leases of the store for objects that live for some time (Events). Objects written within the same minute share one, which lives a little
 * longer than the first of them needs. Upstream: apiserver/pkg/storage/etcd3/lease_manager.go.
 */
export class ExpiringLeases {
  readonly #options: ExpiringLeasesOptions;
  #lease: Promise<LeaseId> | undefined;
  #endsAt = 0;
  #objects = 0;

  constructor(options: ExpiringLeasesOptions) {
    this.#options = options;
  }

  /** A lease with at least this time left. */
  leaseFor(ttlSeconds: number): Promise<LeaseId> {
    const { clock, reuseSeconds } = this.#options;
    const now = clock.monotonic();
    const extraSeconds = Math.ceil(Math.min(reuseSeconds, ttlSeconds * REUSE_SHARE));
    const isLongEnough = now + ttlSeconds * 1000 < this.#endsAt;
    const isShortEnough = now + (ttlSeconds + extraSeconds) * 1000 >= this.#endsAt;
    if (!this.#lease || !isLongEnough || !isShortEnough || this.#objects >= LEASE_OBJECTS_MAX) {
      this.#lease = this.#grant(ttlSeconds + extraSeconds);
      this.#endsAt = now + (ttlSeconds + extraSeconds) * 1000;
      this.#objects = 0;
    }
    this.#objects++;
    return this.#lease;
  }

  /** The last lease is not there any more, or never was. */
  forget(): void {
    this.#lease = undefined;
  }

  async #grant(ttlSeconds: number): Promise<LeaseId> {
    try {
      return (await this.#options.leases.grant({ ttlSeconds })).id;
    } catch (error) {
      this.forget();
      throw error;
    }
  }
}
