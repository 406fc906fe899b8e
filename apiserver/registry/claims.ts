import type { KubeObject } from '../../api/index.ts';
import type { Clock, Logger, Service, Timer } from '../../runtime/index.ts';
import { type Operation, prefixRange, type Revision, type Store } from '../../store/index.ts';
import type { Entry } from '../watch-cache/entry.ts';
import type { RepairNotice } from './repair-events.ts';
import type { Resource } from './resource.ts';

/*
 * What an object has that no other may have: a cluster IP, a node port. Each is a key of its own, put and deleted in the very transaction that
 * puts, changes or deletes the object, on the condition that nobody has it. So two API servers never give one thing twice, and a process that
 * is killed leaves nothing behind.
 *
 *     compare  object as it was, claim absent          success  put object, put claim
 *
 * Upstream claims first and repairs what a crash left (pkg/registry/core/service/{ip,port}allocator); objects that were stored without their
 * claims (by hand, by a kube-apiserver) are repaired here as well.
 */

/** One thing that an object has for itself. */
export interface Claim {
  /** Its key, from the root of all objects on: `ipaddresses/10.96.0.7`. */
  readonly place: string;
  value(): Buffer;
  /** What an Event tells when the object had to be given it after the fact; nothing unless given. */
  readonly repair?: RepairNotice | undefined;
}

/** A claim that is being made. */
export interface NewClaim extends Claim {
  /** Told that it is somebody else's. @throws ApiError when no other will do. */
  taken(): void;
  /** Told that it is made. */
  made?(): void;
  /** Looked for in a dry run too, which makes no claims. */
  readonly inDryRun?: boolean;
}

/** What was chosen for an object before it is stored. */
export interface Allocation {
  readonly claims: readonly NewClaim[];
  /** Places that are given back with the same write. */
  readonly releases: readonly string[];
  /** Makes the object what it was before the choice. */
  undo(): void;
}

/** The claims of a kind. */
export interface Claims<T> {
  /** Chooses what an object needs and has not; in a dry run it may be made up. @throws ApiError when there is none. */
  allocate(object: T, old: T | undefined, isDry?: boolean): Allocation;
  /** All that a stored object has. */
  of(object: T): readonly Claim[];
  /** Where they are; `isOurs` tells claims from what others keep in the same place. */
  readonly spaces: readonly { readonly place: string; isOurs(value: Buffer): boolean }[];
}

/** What making an allocation's claims and giving back the rest adds to the transaction that stores the object. */
export function claimOperations(root: string, { claims, releases }: Pick<Allocation, 'claims' | 'releases'>): Operation[] {
  return [
    ...claims.map((claim): Operation => ({ op: 'put', key: `${root}/${claim.place}`, value: claim.value() })),
    ...releases.map((place): Operation => ({ op: 'delete', range: { key: `${root}/${place}` } })),
  ];
}

/** How often claims are compared with the objects: upstream's repair interval. */
const REPAIR_INTERVAL_MS = 180_000;

export interface ClaimRepairOptions {
  /** Where a resource's objects are, and their claims. */
  readonly storeOf: (resource: Resource) => Store;
  readonly resources: readonly Resource[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tells of a claim that an object had to be given. */
  tell(owner: Entry, notice: RepairNotice): Promise<void>;
}

/** A claim that an object should have. */
interface Missing {
  readonly owner: Entry;
  readonly key: string;
  readonly claim: Claim;
}

/** An object that changed, whose claims are to be looked at. */
interface Changed {
  readonly resource: Resource;
  readonly claims: Claims<KubeObject>;
  readonly entry: Entry;
}

/**
 * Gives objects the claims that they should have, and takes away those of objects that are no more: at the start and from time to time. The
 * claims of one object are looked at whenever it changes (`RepairIPAddress`, whose queue is filled by Services).
 */
export class ClaimRepair implements Service {
  readonly #options: ClaimRepairOptions;
  /** How often it could not be told. */
  errors = 0;
  readonly #listening: Disposable[] = [];
  /** By key; what changes again before its turn is looked at once. */
  readonly #changed = new Map<string, Changed>();
  #looking: Promise<void> | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: ClaimRepairOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    for (const resource of this.#options.resources) {
      const { claims } = resource.strategy;
      if (!claims) continue;
      this.#listening.push(resource.cache.listen(({ entry }) => entry && this.#look({ resource, claims, entry })));
    }
    await this.#repair();
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    for (const each of this.#listening) each[Symbol.dispose]();
    this.#changed.clear();
    await this.#looking;
  }

  #look(changed: Changed): void {
    this.#changed.set(changed.entry.key, changed);
    this.#looking ??= this.#lookAtAll();
  }

  async #lookAtAll(): Promise<void> {
    for (const [key, changed] of this.#changed) {
      this.#changed.delete(key);
      try {
        await this.#lookAt(changed);
      } catch (error) {
        this.#options.logger.warn({ err: error, object: key }, 'the claims of an object could not be looked at, trying again later');
      }
    }
    this.#looking = undefined;
  }

  async #lookAt({ resource, claims, entry }: Changed): Promise<void> {
    const store = this.#options.storeOf(resource);
    for (const claim of claims.of(entry.object)) {
      const key = `${resource.root}/${claim.place}`;
      const { kvs } = await store.range({ key });
      if (kvs.length === 0) await this.#make(store, { owner: entry, key, claim });
    }
  }

  async #repair(): Promise<void> {
    for (const resource of this.#options.resources) await this.#repairKind(resource);
  }

  #arm(): void {
    const { clock, logger } = this.#options;
    if (this.#stopped) return;
    this.#timer = clock.setTimer(REPAIR_INTERVAL_MS, () => {
      this.#repair()
        .catch((error: unknown) => {
          this.errors++;
          logger.warn({ err: error }, 'claims could not be compared with their objects, trying again later');
        })
        .finally(() => this.#arm());
    });
  }

  /** Objects and claims are read at one revision, and changed only if they still are as they were then. */
  async #repairKind(resource: Resource): Promise<void> {
    const { root, prefix, cache, strategy } = resource;
    const store = this.#options.storeOf(resource);
    const { claims } = strategy;
    if (!claims) return;
    const objects = await store.range(prefixRange(prefix));
    const held = new Map<string, Revision>();
    for (const { place, isOurs } of claims.spaces) {
      const { kvs } = await store.range(prefixRange(`${root}/${place}`), { revision: objects.revision });
      for (const kv of kvs) if (isOurs(kv.value)) held.set(kv.key, kv.modRevision);
    }
    for (const entry of await cache.entriesOf(objects.kvs)) {
      for (const claim of claims.of(entry.object)) {
        const key = `${root}/${claim.place}`;
        if (!held.delete(key)) await this.#make(store, { owner: entry, key, claim });
      }
    }
    for (const [key, revision] of held) await this.#take(store, key, revision);
  }

  async #make(store: Store, { owner, key, claim }: Missing): Promise<void> {
    const { succeeded } = await store.txn({
      compare: [
        { key: owner.key, target: 'mod', is: '=', than: owner.revision },
        { key, target: 'version', is: '=', than: 0 },
      ],
      success: [{ op: 'put', key, value: claim.value() }],
    });
    if (!succeeded) return;
    this.#options.logger.warn({ object: owner.key, claim: key }, 'a claim was missing');
    if (claim.repair) await this.#options.tell(owner, claim.repair);
  }

  async #take(store: Store, key: string, revision: Revision): Promise<void> {
    const { succeeded } = await store.txn({
      compare: [{ key, target: 'mod', is: '=', than: revision }],
      success: [{ op: 'delete', range: { key } }],
    });
    if (succeeded) this.#options.logger.warn({ claim: key }, 'a claim had no object');
  }
}
