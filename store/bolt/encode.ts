/**
 * A snapshot as etcd's: a bbolt database and its SHA-256. It is compacted at its revision: of each key there is the state as of then.
 *
 * A snapshot's keys come in their order, and etcd keeps them in the order of their revisions. So the encoded keys are put aside in a temporary
 * file first; in memory are 24 bytes for each.
 */
import { strict as assert } from 'node:assert';
import { KeyValueMessage } from '../rpc/index.ts';
import type { SnapshotItem, SnapshotSummary } from '../snapshot-codec.ts';
import { type KeyValue, type Lease, type Revision, StoreError } from '../store.ts';
import { databaseFile, pairEntries } from './database.ts';
import type { Entries } from './layout.ts';
import { BUCKET, encodeRevision, encodeUint64, LeaseRecord, META, OTHER_BUCKETS, REVISION_BYTES } from './schema.ts';
import { Spool } from './spool.ts';

/** The one voter and the raft position that a snapshot tells of: whoever restores it sets its own. */
const MEMBER_ID = 1;
const RAFT_INDEX = 1;
const RAFT_TERM = 1;

export interface EtcdSnapshotRequest {
  /** The snapshot: what `decodeSnapshot` gives. */
  readonly items: AsyncIterable<SnapshotItem>;
  /** The bytes of a key; default its UTF-8. They must be different for different keys. */
  readonly keyBytes?: ((key: string) => Buffer) | undefined;
  /** Where the temporary file is; default the system's place for such. */
  readonly directory?: string | undefined;
}

/** A snapshot that is about to be written. Its temporary file is there until it is disposed of. */
export interface EtcdSnapshot extends AsyncDisposable {
  readonly summary: SnapshotSummary;
  /** Of all chunks together. */
  readonly sizeBytes: number;
  /** Once. */
  chunks(): AsyncGenerator<Buffer>;
}

/**
 * Writes a snapshot as `etcdctl snapshot status`, `etcdctl snapshot restore` and etcdutl read it.
 *
 * @throws StoreError what reading the items throws; `NoSpace` or `Io` of the temporary file.
 */
export async function encodeEtcdSnapshot({
  items,
  keyBytes = (key) => Buffer.from(key),
  directory,
}: EtcdSnapshotRequest): Promise<EtcdSnapshot> {
  const content = new Content(await onDisk(Spool.open(directory)), keyBytes);
  try {
    for await (const item of items) await content.add(item);
    const summary = await content.finish();
    const file = databaseFile(content.buckets(summary.revision));
    return { summary, sizeBytes: file.sizeBytes, chunks: () => file.chunks(), [Symbol.asyncDispose]: () => content.close() };
  } catch (error) {
    await content.close();
    throw error;
  }
}

async function onDisk<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC';
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreError(isFull ? 'NoSpace' : 'Io', `a snapshot's temporary file: ${why}`, { cause: error });
  }
}

/** What is in the snapshot, put aside. */
class Content {
  readonly #spool: Spool;
  readonly #keyBytes: (key: string) => Buffer;
  readonly #leases: Lease[] = [];
  readonly #places = new Places();
  #summary: SnapshotSummary | undefined;

  constructor(spool: Spool, keyBytes: (key: string) => Buffer) {
    this.#spool = spool;
    this.#keyBytes = keyBytes;
  }

  async add(item: SnapshotItem): Promise<void> {
    if (item.type === 'lease') this.#leases.push(item.lease);
    else if (item.type === 'key') await this.#addKey(item.kv);
    else if (item.type === 'summary') this.#summary = item;
  }

  async #addKey(kv: KeyValue): Promise<void> {
    const bytes = KeyValueMessage.encode({ ...kv, key: this.#keyBytes(kv.key) });
    this.#places.add(kv.modRevision, await onDisk(this.#spool.add(bytes)), bytes.length);
  }

  async finish(): Promise<SnapshotSummary> {
    assert(this.#summary, 'a snapshot ends with its summary');
    await onDisk(this.#spool.flush());
    return this.#summary;
  }

  /** By name, in their order. */
  buckets(revision: Revision): ReadonlyMap<string, Entries> {
    const compaction = encodeRevision(revision, 0);
    const buckets: [string, Entries][] = [
      [BUCKET.key, this.#keyEntries()],
      [BUCKET.lease, this.#leaseEntries()],
      [
        BUCKET.meta,
        metaEntries({
          [META.consistentIndex]: encodeUint64(RAFT_INDEX),
          [META.term]: encodeUint64(RAFT_TERM),
          [META.confState]: Buffer.from(JSON.stringify({ voters: [MEMBER_ID], auto_leave: false })),
          [META.scheduledCompaction]: compaction,
          [META.finishedCompaction]: compaction,
        }),
      ],
      ...OTHER_BUCKETS.map((name): [string, Entries] => [name, metaEntries({})]),
    ];
    return new Map(buckets.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #keyEntries(): Entries {
    const places = this.#places.sorted();
    return {
      count: places.length,
      flags: 0,
      key: (index) => encodeRevision(places.revision(index), places.sub(index)),
      keyBytes: () => REVISION_BYTES,
      valueBytes: (index) => places.bytes(index),
      values: (from, to) =>
        onDisk(Promise.all(Array.from({ length: to - from }, (_, i) => this.#spool.read(places.at(from + i), places.bytes(from + i))))),
    };
  }

  #leaseEntries(): Entries {
    const leases = [...this.#leases].sort((a, b) => (a.id < b.id ? -1 : 1));
    return pairEntries(leases.map(({ id, ttlSeconds }) => [encodeUint64(id), LeaseRecord.encode({ id, ttlSeconds })]));
  }

  close(): Promise<void> {
    return this.#spool.close();
  }
}

const metaEntries = (values: Readonly<Record<string, Buffer>>): Entries =>
  pairEntries(
    Object.entries(values)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [Buffer.from(name), value]),
  );

/** Where the keys' bytes are. */
class Places {
  #revisions = new Float64Array(1024);
  #ats = new Float64Array(1024);
  #lengths = new Float64Array(1024);
  #count = 0;

  add(revision: Revision, at: number, length: number): void {
    const index = this.#count++;
    if (index === this.#revisions.length) {
      this.#revisions = grown(this.#revisions);
      this.#ats = grown(this.#ats);
      this.#lengths = grown(this.#lengths);
    }
    this.#revisions[index] = revision;
    this.#ats[index] = at;
    this.#lengths[index] = length;
  }

  /** In the order of their revisions; those of one revision in that of their keys, and numbered so. */
  sorted() {
    const [revisions, ats, lengths] = [this.#revisions, this.#ats, this.#lengths];
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i);
    order.sort((a, b) => (revisions[a] ?? 0) - (revisions[b] ?? 0) || a - b);
    const subs = new Uint32Array(order.length);
    const of = (numbers: ArrayLike<number>, index: number): number => numbers[order[index] ?? 0] ?? 0;
    for (let i = 1; i < order.length; i++) if (of(revisions, i) === of(revisions, i - 1)) subs[i] = (subs[i - 1] ?? 0) + 1;
    return {
      length: order.length,
      revision: (index: number) => of(revisions, index),
      sub: (index: number) => subs[index] ?? 0,
      at: (index: number) => of(ats, index),
      bytes: (index: number) => of(lengths, index),
    };
  }
}

function grown(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const more = new Float64Array(2 * numbers.length);
  more.set(numbers);
  return more;
}
