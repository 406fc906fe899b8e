// Which store a kind's objects are in. One, unless some kinds have a store of their own (`--etcd-servers-overrides`): Events, mostly, which are many and
// matter little. Each store has its own revisions, so all that goes by revisions is there once for each of them.
import type { KindInfo } from '../api/index.ts';
import type { Clock, Logger, Random } from '../runtime/index.ts';
import type { Store } from '../store/index.ts';
import { ExpiringLeases } from './registry/expiring-leases.ts';
import { kindPrefix } from './registry/keys.ts';
import { StoreMeter } from './registry/measured-store.ts';
import type { StoreProbes } from './store-probe.ts';
import { CacheHub } from './watch-cache/cache-hub.ts';

/** A store for some kinds alone. */
export interface StoreOverride {
  /** As `group/resource`; `group/*` for all of a group. */
  readonly resources: readonly string[];
  readonly store: Store;
  readonly probes: StoreProbes;
}

/** A store, and what keeps step with it. */
export interface Shard {
  readonly store: Store;
  readonly hub: CacheHub;
  readonly leases: ExpiringLeases;
  readonly clock: Clock;
}

export interface ShardsOptions {
  readonly store: Store;
  readonly overrides?: readonly StoreOverride[] | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface ShardSettings {
  /** What all keys begin with. */
  readonly storageRoot: string;
  readonly leaseReuseSeconds: number;
}

/** All stores, the one of most kinds first. */
export class Shards {
  readonly main: Shard;
  readonly every: readonly Shard[];
  /** What is known of the work of all of them. */
  readonly meter: StoreMeter;
  /** By the prefix of their keys, those of kinds that are elsewhere. */
  readonly #elsewhere = new Map<string, Shard>();

  /** @param kinds that there are; of groups that share a resource's objects, as Events, the first one says where they are. */
  constructor(options: ShardsOptions, kinds: readonly KindInfo[], { storageRoot: root, leaseReuseSeconds }: ShardSettings) {
    const { clock, random, logger, overrides = [] } = options;
    this.meter = new StoreMeter({ clock, kindOf: (key) => this.#kindOf(key) });
    const shardOf = (given: Store): Shard => {
      const store = this.meter.measure(given);
      const leases = new ExpiringLeases({ leases: store.leases, reuseSeconds: leaseReuseSeconds, clock });
      return { store, hub: new CacheHub({ store, clock, random, logger, root }), leases, clock };
    };
    this.main = shardOf(options.store);
    const others = overrides.map(({ resources, store }) => ({ resources, shard: shardOf(store) }));
    this.every = [this.main, ...others.map(({ shard }) => shard)];
    const prefixes = new Set<string>();
    for (const info of others.length === 0 ? [] : kinds) {
      const prefix = kindPrefix(info, root);
      const names = [`${info.group}/*`, `${info.group}/${info.resource}`];
      const [found] = names.flatMap((name) => others.filter(({ resources }) => resources.includes(name)));
      if (found && !prefixes.has(prefix)) this.#elsewhere.set(prefix, found.shard);
      prefixes.add(prefix);
    }
  }

  /** Where objects are whose keys begin with this. */
  of({ prefix }: { readonly prefix: string }): Shard {
    return this.#elsewhere.get(prefix) ?? this.main;
  }

  get synced(): boolean {
    return this.every.every(({ hub }) => hub.synced);
  }

  /** As {@link CacheHub.fresh}, of all kinds. */
  fresh(): Promise<void> | undefined {
    if (this.every.length === 1) return this.main.hub.fresh();
    return Promise.all(this.every.map(({ hub }) => hub.fresh())).then(() => undefined);
  }

  async start(): Promise<void> {
    await Promise.all(this.every.map(({ hub }) => hub.start()));
  }

  stop(): void {
    for (const { hub } of this.every) hub.stop();
  }

  #kindOf(key: string): Pick<KindInfo, 'group' | 'resource'> | undefined {
    for (const { hub } of this.every) {
      const kind = hub.kindOf(key);
      if (kind) return kind;
    }
    return undefined;
  }
}
