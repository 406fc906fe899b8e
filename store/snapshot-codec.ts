/**
 * A snapshot: everything that a store holds at one revision, as a file. Big-endian throughout.
 *
 * ```
 *   header   16 bytes "nanokubesnapshot", u32 format version (1), u64 revision, u64 compact revision
 *   records  u32 length of the rest, u8 type, and by type
 *     1 lease  u64 id, u64 ttl in seconds
 *     2 key    u64 create revision, u64 mod revision, u64 version, u64 lease (0 for none), u32 length of the key, key, value
 *     3 end    u64 number of leases, u64 number of keys, zeros
 *   trailer  SHA-256 of all before it
 * ```
 *
 * Leases come first, then the keys in their order. The zeros fill the file up to a multiple of 512 bytes before the trailer, which is where
 * etcd's own tools look for a checksum. A file that is cut off has no end, and any changed bit changes the checksum.
 */
import { createHash, type Hash } from 'node:crypto';
import { type KeyValue, type Lease, type Revision, StoreError, type StoreHash } from './store.ts';

/** The version of the layout above; a file of a newer one is refused. */
export const SNAPSHOT_FORMAT_VERSION = 1;

const MAGIC = Buffer.from('nanokubesnapshot');
const HEADER_BYTES = MAGIC.length + 4 + 8 + 8;
const DIGEST_BYTES = 32;
const BLOCK_BYTES = 512;
const RECORD_HEADER_BYTES = 5;
const TYPE_LEASE = 1;
const TYPE_KEY = 2;
const TYPE_END = 3;
const LEASE_BYTES = 16;
const KEY_HEADER_BYTES = 36;
const END_BYTES = 16;

/** Bytes that are handed over at once, more or less. */
const CHUNK_BYTES = 256 * 1024;
/** A record that says it is longer is not believed. */
const RECORD_BYTES_MAX = 256 * 1024 * 1024;

export interface SnapshotHead {
  readonly revision: Revision;
  readonly compactRevision: Revision;
}

/** What a whole snapshot was found to hold. */
export interface SnapshotSummary extends SnapshotHead {
  readonly leases: number;
  readonly keys: number;
  readonly sizeBytes: number;
  /** The trailer. */
  readonly digest: Buffer;
}

/** What a reader of a snapshot is told, in this order; `summary` comes last, when the checksum has been found right. */
export type SnapshotItem =
  | ({ readonly type: 'head' } & SnapshotHead)
  | { readonly type: 'lease'; readonly lease: Lease }
  | { readonly type: 'key'; readonly kv: KeyValue }
  | ({ readonly type: 'summary' } & SnapshotSummary);

export interface SnapshotContent extends SnapshotHead {
  readonly leases: readonly Lease[];
  /** The keys in their order, some at a time. */
  readonly pages: AsyncIterable<readonly KeyValue[]>;
}

/** The bytes of a snapshot. */
export async function* encodeSnapshot(content: SnapshotContent): AsyncGenerator<Buffer> {
  const out = new Output();
  out.add(encodeHead(content));
  for (const lease of content.leases) out.add(encodeLease(lease));
  let keys = 0;
  for await (const page of content.pages) {
    keys += page.length;
    for (const kv of page) {
      out.add(encodeKeyValue(kv));
      if (out.waiting >= CHUNK_BYTES) yield out.take();
    }
  }
  out.add(encodeEnd(content.leases.length, keys, out.length));
  yield out.take();
  yield out.digest();
}

/** The digest of a state: over its keys as a snapshot has them. */
export async function hashState(
  { revision, compactRevision }: SnapshotHead,
  pages: AsyncIterable<readonly KeyValue[]>,
): Promise<StoreHash> {
  const hash = createHash('sha256');
  for await (const page of pages) for (const kv of page) hash.update(encodeKeyValue(kv));
  return { revision, compactRevision, digest: hash.digest() };
}

class Output {
  readonly #hash: Hash = createHash('sha256');
  #waiting: Buffer[] = [];
  /** Bytes to be taken. */
  waiting = 0;
  /** All bytes there were. */
  length = 0;

  add(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.#waiting.push(bytes);
    this.waiting += bytes.length;
    this.length += bytes.length;
  }

  take(): Buffer {
    const taken = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.waiting = 0;
    return taken;
  }

  digest(): Buffer {
    return this.#hash.digest();
  }
}

/** Whether bytes are how a snapshot begins. */
export const isSnapshotFile = (start: Buffer): boolean => start.subarray(0, MAGIC.length).equals(MAGIC);

function encodeHead({ revision, compactRevision }: SnapshotHead): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  let at = MAGIC.copy(bytes);
  at = bytes.writeUInt32BE(SNAPSHOT_FORMAT_VERSION, at);
  at = bytes.writeBigUInt64BE(BigInt(revision), at);
  bytes.writeBigUInt64BE(BigInt(compactRevision), at);
  return bytes;
}

function record(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(RECORD_HEADER_BYTES + length);
  bytes.writeUInt32BE(length + 1, 0);
  bytes[4] = type;
  return bytes;
}

function encodeLease({ id, ttlSeconds }: Lease): Buffer {
  const bytes = record(TYPE_LEASE, LEASE_BYTES);
  const at = bytes.writeBigUInt64BE(id, RECORD_HEADER_BYTES);
  bytes.writeBigUInt64BE(BigInt(ttlSeconds), at);
  return bytes;
}

function encodeKeyValue({ key, value, createRevision, modRevision, version, lease = 0n }: KeyValue): Buffer {
  const keyBytes = Buffer.byteLength(key);
  const bytes = record(TYPE_KEY, KEY_HEADER_BYTES + keyBytes + value.length);
  let at = bytes.writeBigUInt64BE(BigInt(createRevision), RECORD_HEADER_BYTES);
  at = bytes.writeBigUInt64BE(BigInt(modRevision), at);
  at = bytes.writeBigUInt64BE(BigInt(version), at);
  at = bytes.writeBigUInt64BE(lease, at);
  at = bytes.writeUInt32BE(keyBytes, at);
  at += bytes.write(key, at, 'utf8');
  bytes.set(value, at);
  return bytes;
}

/** @param before bytes of the file before this record. */
function encodeEnd(leases: number, keys: number, before: number): Buffer {
  const bare = before + RECORD_HEADER_BYTES + END_BYTES;
  const zeros = (BLOCK_BYTES - (bare % BLOCK_BYTES)) % BLOCK_BYTES;
  const bytes = record(TYPE_END, END_BYTES + zeros);
  const at = bytes.writeBigUInt64BE(BigInt(leases), RECORD_HEADER_BYTES);
  bytes.writeBigUInt64BE(BigInt(keys), at);
  return bytes;
}

/**
 * Reads a snapshot. Nothing of it is to be relied on before the summary has come.
 *
 * @throws StoreError `Corrupt` when it is not whole, `FormatVersion` when it is of a newer version.
 */
export async function* decodeSnapshot(chunks: AsyncIterable<Buffer>): AsyncGenerator<SnapshotItem> {
  const input = new Input(chunks);
  const head = decodeHead(await input.takeOrEnd(HEADER_BYTES));
  yield { type: 'head', ...head };
  const counts = { lease: 0, key: 0 };
  for (;;) {
    const body = await input.take(recordLength(await input.take(4)));
    const type = body[0];
    if (type === TYPE_END) {
      if (body.length < 1 + END_BYTES) throw damaged('its end is too short');
      if (body.readBigUInt64BE(1) !== BigInt(counts.lease) || body.readBigUInt64BE(9) !== BigInt(counts.key)) {
        throw damaged('it does not hold as many records as its end says');
      }
      break;
    }
    const item = decodeItem(type, body);
    counts[item.type]++;
    yield item;
  }
  const digest = input.digest();
  if (!digest.equals(await input.take(DIGEST_BYTES))) throw damaged('its checksum is wrong');
  await input.end();
  yield { type: 'summary', ...head, leases: counts.lease, keys: counts.key, sizeBytes: input.length, digest };
}

function decodeHead(bytes: Buffer): SnapshotHead {
  if (bytes.length < MAGIC.length || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged('it does not begin like one');
  if (bytes.length < HEADER_BYTES) throw cutOff();
  const version = bytes.readUInt32BE(MAGIC.length);
  if (version !== SNAPSHOT_FORMAT_VERSION) {
    throw new StoreError(
      'FormatVersion',
      `the snapshot has format ${version}, and this version of nanokube reads ${SNAPSHOT_FORMAT_VERSION}`,
    );
  }
  return { revision: numberAt(bytes, MAGIC.length + 4), compactRevision: numberAt(bytes, MAGIC.length + 12) };
}

function recordLength(bytes: Buffer): number {
  const length = bytes.readUInt32BE(0);
  if (length === 0 || length > RECORD_BYTES_MAX) throw damaged(`it has a record of ${length} bytes`);
  return length;
}

function decodeItem(type: number | undefined, body: Buffer): SnapshotItem & { type: 'lease' | 'key' } {
  if (type === TYPE_LEASE && body.length === 1 + LEASE_BYTES) {
    return { type: 'lease', lease: { id: body.readBigUInt64BE(1), ttlSeconds: numberAt(body, 9) } };
  }
  if (type !== TYPE_KEY || body.length < 1 + KEY_HEADER_BYTES) throw damaged(`it has a record of type ${type} and ${body.length} bytes`);
  const valueAt = 1 + KEY_HEADER_BYTES + body.readUInt32BE(33);
  if (valueAt > body.length) throw damaged('it has a key that is longer than its record');
  const lease = body.readBigUInt64BE(25);
  const kv: KeyValue = {
    key: body.toString('utf8', 1 + KEY_HEADER_BYTES, valueAt),
    value: body.subarray(valueAt),
    createRevision: numberAt(body, 1),
    modRevision: numberAt(body, 9),
    version: numberAt(body, 17),
    lease: lease === 0n ? undefined : lease,
  };
  return { type: 'key', kv };
}

/** A revision, a version or a number of seconds: all are below 2^48. */
function numberAt(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64BE(at);
  if (value >= 1n << 48n) throw damaged(`it has the number ${value}`);
  return Number(value);
}

const damaged = (why: string): StoreError => new StoreError('Corrupt', `not a whole snapshot: ${why}`);
const cutOff = (): StoreError => damaged('it is cut off');

/** Bytes in pieces as they come, taken in pieces as they are needed. */
class Input {
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #hash: Hash = createHash('sha256');
  #ahead: Buffer[] = [];
  #aheadBytes = 0;
  /** Bytes taken. */
  length = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Buffer> {
    const bytes = await this.takeOrEnd(length);
    if (bytes.length < length) throw cutOff();
    return bytes;
  }

  /** Fewer bytes when there are no more. */
  async takeOrEnd(length: number): Promise<Buffer> {
    while (this.#aheadBytes < length && (await this.#fetch()));
    const all = this.#ahead.length === 1 ? (this.#ahead[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#ahead);
    const taken = all.subarray(0, length);
    const rest = all.subarray(length);
    this.#ahead = [rest];
    this.#aheadBytes = rest.length;
    this.length += taken.length;
    this.#hash.update(taken);
    return taken;
  }

  async #fetch(): Promise<boolean> {
    const next = await this.#chunks.next();
    if (next.done) return false;
    this.#ahead.push(next.value);
    this.#aheadBytes += next.value.length;
    return true;
  }

  /** The digest of all that was taken so far. */
  digest(): Buffer {
    return this.#hash.copy().digest();
  }

  /** @throws StoreError when there is more. */
  async end(): Promise<void> {
    while (this.#aheadBytes === 0) if (!(await this.#fetch())) return;
    throw damaged('there is something behind its end');
  }
}
