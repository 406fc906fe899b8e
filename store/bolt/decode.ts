/**
 * Reads a snapshot of etcd's. The file is gone through twice: what is told is the newest state, in the order of the keys, and etcd keeps every
 * change, in the order of the revisions. In memory are the keys and where their values are, not the values.
 */
import { open } from 'node:fs/promises';
import { KeyValueMessage } from '../rpc/index.ts';
import type { SnapshotItem } from '../snapshot-codec.ts';
import { type KeyValue, type Lease, type LeaseId, type Revision, StoreError } from '../store.ts';
import { type BucketRoot, bucketsOf, entriesOf } from './bucket.ts';
import { damaged } from './page.ts';
import { PageFile } from './page-file.ts';
import { BUCKET, decodeRevision, LeaseRecord, META } from './schema.ts';

/** Values that are read at once: at most so many, and no more when they have so many bytes. */
const READS_MAX = 512;
const READ_BYTES = 4 << 20;

export interface EtcdSnapshotSource {
  readonly file: string;
  /** The store's key of etcd's; default the text whose UTF-8 it is. The order is to be kept. */
  readonly keyText?: ((bytes: Buffer) => string) | undefined;
}

/**
 * Reads what `etcdctl snapshot save` wrote, of etcd 3.4 to 3.6. Nothing of it is to be relied on before the summary has come.
 *
 * @throws StoreError `Corrupt` when it is not whole.
 */
export async function* decodeEtcdSnapshot({ file, keyText = textOf }: EtcdSnapshotSource): AsyncGenerator<SnapshotItem> {
  const handle = await open(file, 'r');
  try {
    yield* new Reader(await PageFile.open(handle), keyText).items((await handle.stat()).size);
  } finally {
    await handle.close();
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A key as the embedded store has them: see `KeyRange`. */
function textOf(bytes: Buffer): string {
  const text = utf8(bytes);
  if (text === undefined || text.includes('\0') || /[\ud800-\udfff]/.test(text)) {
    throw new StoreError('InvalidKey', `the snapshot has the key ${JSON.stringify(bytes.toString('latin1'))}, which is not text`);
  }
  return text;
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Where the newest state of a key is. */
interface Place {
  readonly at: number;
  readonly bytes: number;
  readonly revision: Revision;
}

class Reader {
  readonly #file: PageFile;
  readonly #keyText: (bytes: Buffer) => string;
  readonly #leases = new Map<LeaseId, Lease>();
  readonly #places = new Map<string, Place>();

  constructor(file: PageFile, keyText: (bytes: Buffer) => string) {
    this.#file = file;
    this.#keyText = keyText;
  }

  async *items(sizeBytes: number): AsyncGenerator<SnapshotItem> {
    const buckets = await bucketsOf(this.#file);
    if (!buckets.has(BUCKET.key) || !buckets.has(BUCKET.meta)) throw damaged('it has no keys: it is a database of something else');
    const compactRevision = await this.#readMeta(buckets.get(BUCKET.meta));
    await this.#readLeases(buckets.get(BUCKET.lease));
    // All changes may have been compacted away, and a fresh store is at 1.
    const revision = Math.max(await this.#readPlaces(buckets.get(BUCKET.key)), compactRevision, 1);
    yield { type: 'head', revision, compactRevision };
    for (const lease of this.#leases.values()) yield { type: 'lease', lease };
    const keys = [...this.#places.keys()].sort();
    for (let next = 0; next < keys.length; ) {
      const batch = this.#batch(keys, next);
      next += batch.length;
      for (const kv of await Promise.all(batch.map((key) => this.#read(key)))) yield { type: 'key', kv };
    }
    const counts = { leases: this.#leases.size, keys: keys.length };
    yield { type: 'summary', revision, compactRevision, ...counts, sizeBytes, digest: this.#file.digest };
  }

  /** @returns up to where it is compacted, or is about to be: a compaction that was scheduled is finished when etcd starts. */
  async #readMeta(root: BucketRoot | undefined): Promise<Revision> {
    let compactRevision = 0;
    for await (const { key, value } of entriesOf(this.#file, root)) {
      const name = key.toString();
      if (name !== META.scheduledCompaction && name !== META.finishedCompaction) continue;
      compactRevision = Math.max(compactRevision, decodeRevision(value).revision);
    }
    return compactRevision;
  }

  async #readLeases(root: BucketRoot | undefined): Promise<void> {
    for await (const { value } of entriesOf(this.#file, root)) {
      const { id, ttlSeconds } = decoded(() => LeaseRecord.decode(value), 'a lease');
      this.#leases.set(id, { id, ttlSeconds });
    }
  }

  /** @returns the newest revision. */
  async #readPlaces(root: BucketRoot | undefined): Promise<Revision> {
    let newest = 0;
    for await (const { key, value, valueAt } of entriesOf(this.#file, root)) {
      const { revision, tombstone } = decodeRevision(key);
      newest = revision;
      const record = decoded(() => KeyValueMessage.decode(value), 'a key');
      // What etcdutl's restoring with --bump-revision leaves behind: a revision that changes nothing.
      if (record.key.length === 0) continue;
      const text = this.#keyText(record.key);
      if (tombstone) this.#places.delete(text);
      else this.#places.set(text, { at: valueAt, bytes: value.length, revision });
    }
    return newest;
  }

  /** Some keys whose values are read at once. */
  #batch(keys: readonly string[], from: number): readonly string[] {
    let to = from;
    for (let bytes = 0; to < keys.length && to < from + READS_MAX && bytes < READ_BYTES; to++)
      bytes += this.#places.get(keys[to] ?? '')?.bytes ?? 0;
    return keys.slice(from, to);
  }

  async #read(key: string): Promise<KeyValue> {
    const place = this.#places.get(key);
    if (!place) throw damaged(`it has lost the key ${JSON.stringify(key)}`);
    const record = KeyValueMessage.decode(await this.#file.readAlone(place.at, place.bytes));
    if (record.modRevision !== place.revision) {
      throw damaged(`the key ${JSON.stringify(key)} is of revision ${record.modRevision}, and stands at ${place.revision}`);
    }
    // A key of a lease that is gone stays for ever, as it does in etcd.
    return { ...record, key, lease: this.#leases.has(record.lease) ? record.lease : undefined };
  }
}

function decoded<T>(decode: () => T, what: string): T {
  try {
    return decode();
  } catch (error) {
    throw new StoreError('Corrupt', `not a whole etcd snapshot: ${what} in it cannot be read`, { cause: error });
  }
}
