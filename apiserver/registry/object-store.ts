import type { KubeObject } from '../../api/index.ts';
import { type Compare, type LeaseId, type Operation, type Revision, type Store, StoreError, type Transaction } from '../../store/index.ts';
import type { Span } from '../tracing/span.ts';
import type { Entry } from '../watch-cache/entry.ts';
import { type Allocation, claimOperations, type NewClaim } from './claims.ts';
import type { ExpiringLeases } from './expiring-leases.ts';
import type { Resource } from './resource.ts';
import { beginWrite, tracedCall, type WriteSpan, writeDone, writePrepared } from './store-spans.ts';

/** What is to be stored at a key. */
export interface Draft {
  readonly key: string;
  readonly object: KubeObject;
  /** The object encoded, as it is served. */
  readonly encoded: Buffer;
  /** And as it is stored: the same bytes where there is nothing to convert and nothing to seal. */
  readonly stored: Buffer;
  /** Whether what is stored, opened if it is sealed, reads back as what is served. */
  readonly isAsServed: boolean;
  readonly allocation?: Allocation | undefined;
  /** As which it is told of; absent where the request is not traced. */
  readonly write?: WriteSpan | undefined;
}

/** An object as it was stored (or would have been, in a dry run), with its served bytes. */
export interface Stored {
  readonly object: KubeObject;
  readonly bytes: Buffer;
}

/** What a write is part of, as traces tell it. */
interface WriteOrigin {
  readonly span?: Span | undefined;
  /** Whether nothing is to be there yet. */
  readonly isNew?: boolean | undefined;
}

/** `lost`: the object is not as it was; `taken`: something that it claims is another's. */
export type Written = Revision | 'lost' | 'taken';

export interface ObjectStoreParts {
  readonly resource: Resource;
  readonly store: Store;
  readonly leases: ExpiringLeases;
}

/**
 * The transactions of one kind. Each compares what is stored with what the writer saw, in the store itself: it does not matter who else
 * writes, in this process or in another.
 */
export class ObjectStore {
  readonly #resource: Resource;
  readonly #store: Store;
  readonly #leases: ExpiringLeases;

  constructor({ resource, store, leases }: ObjectStoreParts) {
    this.#resource = resource;
    this.#store = store;
    this.#leases = leases;
  }

  /** The object from the store itself: the cache may be a moment behind. */
  async read(key: string): Promise<Entry | undefined> {
    const { kvs } = await this.#store.range({ key });
    const [entry] = await this.#resource.cache.entriesOf(kvs);
    return entry;
  }

  /** Brings an object into the form in which it is stored. */
  async draft(draft: Omit<Draft, 'stored' | 'isAsServed' | 'write'> & WriteOrigin): Promise<Draft> {
    const { form, root, info } = this.#resource;
    const { key, span, isNew = false } = draft;
    const write = span && beginWrite(span, { isNew, key: key.slice(root.length), kind: info, bytes: draft.encoded.length });
    const laidOut = await form.store(draft.encoded, draft.object);
    const stored = form.sealing ? form.sealing.seal(key, laidOut) : laidOut;
    if (write) writePrepared(write);
    return { stored, isAsServed: laidOut === draft.encoded || form.isExact === true, write, ...draft };
  }

  /**
   * Whether an object is to be written though nothing in it changes, because it is sealed with what is to be given up, or lies there in another form than it would:
   * upstream's "stale" data, and its comparison of bytes (apiserver, `GuaranteedUpdate` in pkg/storage/etcd3/store.go). `lost`: it is not as it was seen.
   */
  async standing({ key, revision }: Entry, object: KubeObject): Promise<'good' | 'stale' | 'lost'> {
    const { form, wire, strategy } = this.#resource;
    const { sealing } = form;
    const isWhole = strategy.lacksStoredDefaults?.(object) !== true;
    if (!sealing && !form.isOutdated && isWhole) return 'good';
    const { kvs } = await this.#store.range({ key });
    const [pair] = kvs;
    if (pair?.modRevision !== revision) return 'lost';
    if (pair.version === 1 && !isWhole) return 'stale';
    if (sealing?.isLocked(pair)) await sealing.unlock([pair]);
    if (sealing?.isStale(pair)) return 'stale';
    const opened = sealing ? { key, value: sealing.open(pair) } : pair;
    if (!form.isOutdated) return 'good';
    return form.isOutdated(opened, await form.store(wire.encode(object), object)) ? 'stale' : 'good';
  }

  /** What was written, as it is read back: another version or schema on the way may have left its traces. */
  async readBack({ key, object, encoded, stored, isAsServed }: Draft, revision: Revision): Promise<Stored> {
    const { cache, wire } = this.#resource;
    if (!isAsServed) {
      const [entry] = await cache.entriesOf([{ key, value: stored, modRevision: revision }]);
      if (entry) return { object: entry.parse(), bytes: entry.bytes };
    }
    object.metadata.resourceVersion = String(revision);
    return { object, bytes: wire.serve(encoded, revision) };
  }

  /**
   * What a dry run answers, which goes the same way but for the store (apiserver, `DryRunnableStorage`).
   *
   * @param revision that of the object as it stays; a new one has none.
   */
  async rehearse(parts: Pick<Draft, 'key' | 'object' | 'encoded'>, revision?: Revision): Promise<Stored> {
    const { wire } = this.#resource;
    // At no revision: at that of the present object the cache knows another one.
    const { object } = await this.readBack(await this.draft(parts), 0);
    object.metadata.resourceVersion = revision === undefined ? undefined : String(revision);
    const encoded = wire.encode(object);
    return { object, bytes: revision === undefined ? Buffer.concat([encoded, NEWLINE]) : wire.serve(encoded, revision) };
  }

  /** Writes an object that must not be there yet. */
  create(draft: Draft): Promise<Written> {
    return this.#put(draft, { key: draft.key, target: 'version', is: '=', than: 0 });
  }

  /** Writes an object if it is still as it was. */
  update(draft: Draft, revision: Revision): Promise<Written> {
    return this.#put(draft, { key: draft.key, target: 'mod', is: '=', than: revision });
  }

  /** Deletes an object, with all that it claims, if it is still as it was. */
  async remove(key: string, revision: Revision, object: KubeObject, span?: Span): Promise<Revision | 'lost'> {
    const { claims } = this.#resource.strategy;
    const releases = claims?.of(object).map(({ place }) => place) ?? [];
    const transaction: Transaction = {
      compare: [{ key, target: 'mod', is: '=', than: revision }],
      success: [{ op: 'delete', range: { key } }, ...claimOperations(this.#resource.root, { claims: [], releases })],
    };
    const result = await (span ? tracedCall(span, 'Txn', () => this.#store.txn(transaction)) : this.#store.txn(transaction));
    return result.succeeded ? result.revision : 'lost';
  }

  /** What stands for making an allocation's claims in a dry run. @throws ApiError when one is somebody else's. */
  async lookForClaims(allocation: Allocation | undefined): Promise<void> {
    for (const claim of allocation?.claims ?? []) {
      if (!claim.inDryRun) continue;
      const { kvs } = await this.#store.range({ key: `${this.#resource.root}/${claim.place}` }, { keysOnly: true });
      if (kvs.length > 0) claim.taken();
    }
  }

  async #put(draft: Draft, condition: Compare): Promise<Written> {
    const { cache, strategy } = this.#resource;
    const { key, stored, object } = draft;
    // Only what comes back as it was served is recognised.
    if (draft.isAsServed) cache.expect(key, draft, object);
    let written: Written | undefined;
    try {
      const ttlSeconds = strategy.ttlSeconds ?? 0;
      written = ttlSeconds > 0 ? await this.#putForAWhile(draft, condition, ttlSeconds) : await this.#commit(draft, condition);
      return written;
    } finally {
      if (typeof written !== 'number') cache.unexpect(key, stored);
      draft.write?.span.end();
    }
  }

  async #putForAWhile(draft: Draft, condition: Compare, ttlSeconds: number): Promise<Written> {
    try {
      return await this.#commit(draft, condition, await this.#leases.leaseFor(ttlSeconds));
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'LeaseNotFound')) throw error;
      // It ran out early: this process stood still, or the store's clock jumped.
      this.#leases.forget();
      return await this.#commit(draft, condition, await this.#leases.leaseFor(ttlSeconds));
    }
  }

  async #commit({ key, stored, allocation, write }: Draft, condition: Compare, lease?: LeaseId): Promise<Written> {
    const { root } = this.#resource;
    const claims = allocation?.claims ?? [];
    const transaction: Transaction = {
      compare: [condition, ...claims.map(({ place }): Compare => ({ key: `${root}/${place}`, target: 'version', is: '=', than: 0 }))],
      success: [{ op: 'put', key, value: stored, lease }, ...(allocation ? claimOperations(root, allocation) : [])],
      failure: claims.map(({ place }): Operation => ({ op: 'range', range: { key: `${root}/${place}` }, options: { keysOnly: true } })),
    };
    const result = await (write ? tracedCall(write.span, 'Txn', () => this.#store.txn(transaction)) : this.#store.txn(transaction));
    if (write) writeDone(write, result.succeeded);
    if (result.succeeded) {
      for (const claim of claims) claim.made?.();
      return result.revision;
    }
    const found = result.results.map((each) => each.op === 'range' && each.kvs.length > 0);
    return this.#refused(
      claims.filter((_, i) => found[i]),
      condition,
    );
  }

  /** Which of the conditions did not hold: an object that is not as it was comes first. */
  async #refused(taken: readonly NewClaim[], { key, target, than }: Compare): Promise<'lost' | 'taken'> {
    if (taken.length === 0) return 'lost';
    const { kvs } = await this.#store.range({ key }, { keysOnly: true });
    const present = target === 'version' ? (kvs[0]?.version ?? 0) : (kvs[0]?.modRevision ?? 0);
    if (present !== than) return 'lost';
    for (const claim of taken) claim.taken();
    return 'taken';
  }
}

const NEWLINE = Buffer.from('\n');
