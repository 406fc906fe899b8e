import { type LeaseId, prefixRange, type Store, StoreError } from '../../store/index.ts';

/** How long a server that says nothing is taken to be there: upstream's `DefaultEndpointReconcilerTTL`. */
const TTL_SECONDS = 15;

/**
 * The API servers that share a store, by their addresses: each keeps a key under a lease, `/registry/masterleases/<address>`, as upstream's
 * (kubernetes pkg/controlplane/reconcilers/lease.go), so that one that dies is gone by itself.
 */
export class MasterLeases {
  readonly #store: Store;
  readonly #prefix: string;
  #lease: LeaseId | undefined;

  /** @param root what all keys begin with. */
  constructor(store: Store, root: string) {
    this.#store = store;
    this.#prefix = `${root}/masterleases/`;
  }

  /** Says that a server is there, for another while; writes nothing when that is known. */
  async announce(address: string): Promise<void> {
    const lease = await this.#keepLease();
    const key = this.#prefix + address;
    await this.#store.txn({
      compare: [{ key, target: 'lease', is: '=', than: lease }],
      success: [],
      failure: [{ op: 'put', key, value: leaseOf(address), lease }],
    });
  }

  async withdraw(address: string): Promise<void> {
    await this.#store.txn({ compare: [], success: [{ op: 'delete', range: { key: this.#prefix + address } }] });
  }

  /** The addresses of all servers, in order. */
  async list(): Promise<string[]> {
    const { kvs } = await this.#store.range(prefixRange(this.#prefix), { keysOnly: true });
    return kvs.map(({ key }) => key.slice(this.#prefix.length));
  }

  async #keepLease(): Promise<LeaseId> {
    if (this.#lease !== undefined) {
      try {
        await this.#store.leases.keepAlive(this.#lease);
        return this.#lease;
      } catch (error) {
        if (!(error instanceof StoreError && error.code === 'LeaseNotFound')) throw error;
      }
    }
    this.#lease = (await this.#store.leases.grant({ ttlSeconds: TTL_SECONDS })).id;
    return this.#lease;
  }
}

/** Upstream keeps an Endpoints object there, of which it reads the address. */
const leaseOf = (address: string): Buffer =>
  Buffer.from(JSON.stringify({ kind: 'Endpoints', apiVersion: 'v1', metadata: {}, subsets: [{ addresses: [{ ip: address }] }] }));
