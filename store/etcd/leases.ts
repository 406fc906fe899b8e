/** Leases, on etcd's. Leases are the whole cluster's: the prefix of the keys does not part them. */

import type { Clock } from '../../runtime/index.ts';
import { LEASE_SERVICE } from '../rpc/index.ts';
import type { Lease, LeaseId, LeaseRequest, LeaseState, Leases, Revision } from '../store.ts';
import type { Cluster } from './cluster.ts';
import { GRPC, leaseNotFound, storeError } from './errors.ts';
import { KeepAlives } from './keep-alives.ts';
import type { Translator } from './translate.ts';

export interface LeaseParts {
  readonly cluster: Cluster;
  readonly translator: Translator;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  /** A revision was seen. */
  heard(revision: Revision): void;
}

export class EtcdLeases implements Leases {
  readonly #parts: LeaseParts;
  readonly #keepAlives: KeepAlives;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    this.#keepAlives = new KeepAlives(parts);
  }

  async grant({ ttlSeconds, id }: LeaseRequest): Promise<Lease> {
    // Its revision is not heard: a lease takes none.
    const granted = await this.#parts.cluster.write(LEASE_SERVICE.leaseGrant, { ttl: ttlSeconds, id });
    if (granted.error !== '') throw storeError({ code: GRPC.internal, details: granted.error });
    return { id: granted.id, ttlSeconds: granted.ttl };
  }

  keepAlive(id: LeaseId): Promise<Lease> {
    return this.#keepAlives.renew(id);
  }

  async revoke(id: LeaseId): Promise<Revision> {
    const { header } = await this.#parts.cluster.write(LEASE_SERVICE.leaseRevoke, { id });
    const revision = header?.revision ?? 0;
    this.#parts.heard(revision);
    return revision;
  }

  async timeToLive(id: LeaseId, { keys = false }: { readonly keys?: boolean | undefined } = {}): Promise<LeaseState> {
    const { cluster, translator } = this.#parts;
    const state = await cluster.read(LEASE_SERVICE.leaseTimeToLive, { id, keys });
    if (state.ttl < 0) throw leaseNotFound();
    const names = state.keys.flatMap((key) => translator.nameOf(key) ?? []).sort();
    return { id, ttlSeconds: state.grantedTtl, remainingSeconds: state.ttl, ...(keys ? { keys: names } : {}) };
  }

  async list(): Promise<readonly LeaseId[]> {
    const { leases } = await this.#parts.cluster.read(LEASE_SERVICE.leaseLeases, {});
    return leases.map(({ id }) => id).sort((a, b) => (a < b ? -1 : Number(a > b)));
  }

  close(): Promise<void> {
    return this.#keepAlives.close();
  }
}
