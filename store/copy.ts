/** From one store to another, whatever their drivers: what a snapshot of the one holds is put into the other, and both are compared. */
import { createHash } from 'node:crypto';
import { type Clock, UserError } from '../runtime/index.ts';
import type { SnapshotItem } from './snapshot-codec.ts';
import { type KeyValue, type Lease, type Revision, type Store, StoreError } from './store.ts';

/** What a transaction of etcd may have, unless it was told otherwise (`--max-txn-ops`, `--max-request-bytes`), with some room. */
const OPERATIONS_MAX = 100;
const REQUEST_BYTES = 1 << 20;
/** Leases below are kept alive meanwhile: nothing may run out before the copy is whole. */
const SHORT_LEASE_SECONDS = 3600;
const KEEP_ALIVE_MS = 1000;

/** Only the keys that begin with a prefix; all leases. */
export async function* withPrefix(items: AsyncIterable<SnapshotItem>, prefix: string): AsyncGenerator<SnapshotItem> {
  let keys = 0;
  for await (const item of items) {
    if (item.type === 'key') {
      if (!item.kv.key.startsWith(prefix)) continue;
      keys++;
    }
    yield item.type === 'summary' ? { ...item, keys } : item;
  }
}

/** Stands for keys with their values and leases: equal where these are, whatever their revisions. */
export interface Fingerprint {
  readonly revision: Revision;
  readonly keys: number;
  readonly leases: number;
  /** SHA-256, in hex. */
  readonly digest: string;
}

/** Hands items on, and takes the fingerprint of them all. */
export class FingerprintTaker {
  readonly #hash = createHash('sha256');
  #print: Omit<Fingerprint, 'digest'> | undefined;
  /** Keys so far. */
  keys = 0;

  async *of(items: AsyncIterable<SnapshotItem>): AsyncGenerator<SnapshotItem> {
    for await (const item of items) {
      if (item.type === 'key') this.#add(item.kv);
      else if (item.type === 'summary') this.#print = { revision: item.revision, keys: item.keys, leases: item.leases };
      yield item;
    }
  }

  #add({ key, value, lease = 0n }: KeyValue): void {
    this.keys++;
    const keyBytes = Buffer.from(key);
    const head = Buffer.alloc(16);
    head.writeUInt32BE(keyBytes.length, 0);
    head.writeUInt32BE(value.length, 4);
    head.writeBigUInt64BE(lease, 8);
    this.#hash.update(head).update(keyBytes).update(value);
  }

  /** Once all items were read. */
  finish(): Fingerprint {
    if (!this.#print) throw new StoreError('Corrupt', 'not a whole snapshot: it has no end');
    return { ...this.#print, digest: this.#hash.copy().digest('hex') };
  }
}

export async function fingerprintOf(items: AsyncIterable<SnapshotItem>): Promise<Fingerprint> {
  const taker = new FingerprintTaker();
  for await (const _ of taker.of(items));
  return taker.finish();
}

/**
 * Puts keys and leases into a store that has none of them: a part at a time, and nobody else is to write there meanwhile. When that fails, what
 * was put is taken out again.
 *
 * @param verify is called when all is there; when it rejects, nothing stays either.
 * @throws UserError when a key is there already, StoreError `LeaseExists` when a lease is.
 */
export async function copyInto(
  store: Store,
  items: AsyncIterable<SnapshotItem>,
  { clock, verify }: { readonly clock: Clock; readonly verify: (keepAlive: () => Promise<void>) => Promise<void> },
): Promise<void> {
  const copier = new Copier(store, clock);
  try {
    for await (const item of items) await copier.add(item);
    await copier.flush();
    await verify(() => copier.keepAlive());
  } catch (error) {
    await copier.undo(error);
    throw error;
  }
}

class Copier {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #leases: Lease[] = [];
  #waiting: KeyValue[] = [];
  #waitingBytes = 0;
  #aliveAt: number;
  /** What was put. */
  readonly #keys: string[] = [];

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#aliveAt = clock.monotonic();
  }

  async add(item: SnapshotItem): Promise<void> {
    if (item.type === 'lease') await this.#grant(item.lease);
    else if (item.type === 'key') await this.#put(item.kv);
  }

  async #grant({ id, ttlSeconds }: Lease): Promise<void> {
    this.#leases.push(await this.#store.leases.grant({ id, ttlSeconds }));
  }

  async #put(kv: KeyValue): Promise<void> {
    const bytes = kv.key.length + kv.value.length;
    if (this.#waiting.length > 0 && this.#waitingBytes + bytes > REQUEST_BYTES) await this.flush();
    this.#waiting.push(kv);
    this.#waitingBytes += bytes;
    if (this.#waiting.length >= OPERATIONS_MAX) await this.flush();
  }

  async flush(): Promise<void> {
    const kvs = this.#waiting;
    const [first] = kvs;
    if (!first) return;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const { succeeded } = await this.#store.txn({
      compare: kvs.map(({ key }) => ({ key, target: 'version', is: '=', than: 0 })),
      success: kvs.map(({ key, value, lease }) => ({ op: 'put', key, value, lease })),
    });
    if (!succeeded)
      throw new UserError(`somebody else is writing there: one of the keys from ${JSON.stringify(first.key)} on is there already`);
    for (const { key } of kvs) this.#keys.push(key);
    await this.keepAlive();
  }

  /** To be called now and then. */
  async keepAlive(): Promise<void> {
    if (this.#clock.monotonic() - this.#aliveAt < KEEP_ALIVE_MS) return;
    this.#aliveAt = this.#clock.monotonic();
    for (const { id, ttlSeconds } of this.#leases) if (ttlSeconds < SHORT_LEASE_SECONDS) await this.#store.leases.keepAlive(id);
  }

  /** Nothing of ours stays. */
  async undo(why: unknown): Promise<void> {
    try {
      for (let at = 0; at < this.#keys.length; at += OPERATIONS_MAX) {
        const keys = this.#keys.slice(at, at + OPERATIONS_MAX);
        await this.#store.txn({ compare: [], success: keys.map((key) => ({ op: 'delete', range: { key } })) });
      }
      for (const { id } of this.#leases) await this.#store.leases.revoke(id);
    } catch (error) {
      throw new UserError(`${messageOf(why)}; what was copied before is left behind, and cannot be taken out: ${messageOf(error)}`, {
        cause: why,
      });
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
