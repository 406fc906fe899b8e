/**
 * What lies on the disk. Keys are ASCII-led UTF-8 text whose byte order is the order wanted; a value is stored once, in the log.
 *
 * ```
 *  f                      format version ("3"; "2" had records that do not check where they stand, "1" no leases either)
 *  s                      state: revision, number of live keys, checksum over them and the leases (rewritten by every commit)
 *  c                      compaction: revision, whether its deletions are all done
 *  g<id in hex>           lease      -> how long it is granted for
 *  k<key>                 live key   -> where its value is in the log, create revision, version, lease
 *  h<key> NUL <position>  past state -> until when it held (position of the change that ended it, was it a delete), create revision, version,
 *                                       lease
 *  l<position>            log record -> put or delete, create revision, version, lease, previous position and lease, key, value, crc32
 *
 *  <position> = 10 digits of revision + 4 digits of sub-index within the transaction, base 36
 *
 *  After  put a (revision 2), put a (3), delete a (4), put b (5):
 *    l…2.0 put a          h a NUL …2.0 -> held until 3.0
 *    l…3.0 put a, was 2.0 h a NUL …3.0 -> held until 4.0, by a delete
 *    l…4.0 del a, was 3.0
 *    l…5.0 put b          k b -> 5.0
 * ```
 *
 * The state at revision R is: the live keys changed at or before R, and the past states with position <= R < until. Opening reads `k` only.
 * Compaction at C goes through `h`: a past state that ended before C is removed, with its log record, and with the record of the delete
 * that ended it. So the log above and at C stays whole, with the previous values of its records.
 *
 * A restored store begins with a jump: it is compacted at its revision, far above that of the snapshot, and the log has a record of that
 * revision that changes nothing. What a key is attached to is said by the key alone; a lease's keys are found when opening.
 */
import { crc32 } from 'node:zlib';
import { type Lease, type LeaseId, type Revision, StoreError } from '../store.ts';

/** The version of the layout above; a store written by a newer one is refused. */
export const FORMAT_VERSION = 3;
/** The oldest version that is taken up as it is: nothing in it reads differently now. */
export const FORMAT_VERSION_OLDEST = 1;

/** The first letter of entries that are checked when they are read, each by itself. */
export const SELF_CHECKED = 'l';

export const FORMAT_KEY = 'f';
export const STATE_KEY = 's';
export const COMPACTION_KEY = 'c';

/** An empty store's revision, as etcd's: the first change takes the next one. */
export const FIRST_REVISION: Revision = 1;

const REVISION_DIGITS = 10;
const SUB_DIGITS = 4;
const LEASE_DIGITS = 16;
const POSITION_DIGITS = REVISION_DIGITS + SUB_DIGITS;

/** Changes a transaction may make. */
export const SUB_MAX = 36 ** SUB_DIGITS - 1;

/** Where a record is in the log. */
export interface Position {
  readonly modRevision: Revision;
  /** Index of the change within its transaction. */
  readonly sub: number;
}

/** What is known of a key's state without reading its value. */
export interface KeyState extends Position {
  readonly key: string;
  readonly createRevision: Revision;
  readonly version: number;
  /** Absent when there is none. */
  readonly lease?: LeaseId | undefined;
}

/** A state that a later change has ended. */
export interface PastState extends KeyState {
  readonly until: Position;
  readonly untilDelete: boolean;
}

/** Where the state before a record is, and what it was attached to. */
export interface Previous extends Position {
  readonly lease?: LeaseId | undefined;
}

/** A record of the log; a jump is of no key. */
export interface LogRecord extends KeyState {
  readonly type: 'put' | 'delete' | 'jump';
  readonly previous: Previous | undefined;
  readonly value: Buffer;
}

/** First log key of a revision. */
export const logStart = (revision: Revision): string => `l${revisionText(revision)}`;
export const logKey = (at: Position): string => `l${positionText(at)}`;
export const liveKey = (key: string): string => `k${key}`;
export const pastKey = (state: KeyState): string => `h${state.key}\0${positionText(state)}`;

export const leaseKey = (id: LeaseId): string => `g${id.toString(16).padStart(LEASE_DIGITS, '0')}`;

/** Bounds of a whole kind of record, by its first letter. */
export const allOf = (letter: 'g' | 'k' | 'h' | 'l'): { gte: string; lt: string } => ({
  gte: letter,
  lt: String.fromCharCode(letter.charCodeAt(0) + 1),
});

/** Two digits at a time: these texts are made for every value that is read. */
const PAIRS: readonly string[] = Array.from({ length: 36 ** 2 }, (_, pair) => pair.toString(36).padStart(2, '0'));
const TWO_DIGITS = 36 ** 2;
const FOUR_DIGITS = 36 ** 4;

const pairText = (below: number): string => PAIRS[below % TWO_DIGITS] ?? '';
const fourText = (below: number): string => pairText(Math.floor(below / TWO_DIGITS)) + pairText(below);

function revisionText(revision: Revision): string {
  const upper = Math.floor(revision / FOUR_DIGITS);
  return pairText(Math.floor(upper / FOUR_DIGITS)) + fourText(upper) + fourText(revision);
}

const positionText = (at: Position): string => revisionText(at.modRevision) + fourText(at.sub);

function parsePosition(text: string): Position {
  return {
    modRevision: Number.parseInt(text.slice(0, REVISION_DIGITS), 36),
    sub: Number.parseInt(text.slice(REVISION_DIGITS), 36),
  };
}

/** The position that a log key names. */
export function parseLogKey(diskKey: string): Position {
  return parsePosition(diskKey.slice(1));
}

// Log record: 0 type, flags | 1 create | 7 version | 13 previous revision | 19 previous sub | 23 key length | 27 lease, previous lease (as
// flagged) | key, value | crc32 of the place and of all that, LE
const RECORD_HEADER_BYTES = 27;
const CHECKSUM_BYTES = 4;
const LEASE_BYTES = 8;
const TYPES = ['', 'put', 'delete', 'jump'] as const;
const TYPE_MASK = 0x0f;
const FLAG_LEASE = 0x10;
const FLAG_PREVIOUS_LEASE = 0x20;
/** The checksum says where the record stands, too; it does from format 3 on. */
const FLAG_PLACED = 0x40;

/** The crc32 of any bytes that end with their own crc32, least byte first. */
const CHECKSUM_RESIDUE = 0x2144df1c;

/** Bytes of a record beside its value, for budgets. */
export const recordOverhead = (key: string): number => RECORD_HEADER_BYTES + CHECKSUM_BYTES + key.length;

export function encodeRecord(record: LogRecord): Buffer {
  const { key, value, lease, previous } = record;
  const keyAt = RECORD_HEADER_BYTES + (lease === undefined ? 0 : LEASE_BYTES) + (previous?.lease === undefined ? 0 : LEASE_BYTES);
  const valueAt = keyAt + Buffer.byteLength(key);
  const end = valueAt + value.length;
  const bytes = Buffer.allocUnsafe(end + CHECKSUM_BYTES);
  bytes[0] = TYPES.indexOf(record.type) | FLAG_PLACED;
  bytes.writeUIntBE(record.createRevision, 1, 6);
  bytes.writeUIntBE(record.version, 7, 6);
  bytes.writeUIntBE(previous?.modRevision ?? 0, 13, 6);
  bytes.writeUInt32BE(previous?.sub ?? 0, 19);
  bytes.writeUInt32BE(valueAt - keyAt, 23);
  if (keyAt > RECORD_HEADER_BYTES) writeLeases(bytes, lease, previous?.lease);
  bytes.write(key, keyAt, 'utf8');
  bytes.set(value, valueAt);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, end), seedOf(record)), end);
  return bytes;
}

/** The value in an encoded record, which stands at its end. */
export const valueIn = (bytes: Buffer, length: number): Buffer =>
  bytes.subarray(bytes.length - CHECKSUM_BYTES - length, bytes.length - CHECKSUM_BYTES);

/** What the checksum of a record begins with: a number of its place. */
function seedOf({ modRevision, sub }: Position): number {
  const upper = Math.imul(Math.floor(modRevision / 2 ** 32), 0x85ebca6b);
  return (Math.imul(modRevision % 2 ** 32, 0x9e3779b1) + upper + Math.imul(sub, 0xc2b2ae35)) >>> 0;
}

function writeLeases(bytes: Buffer, lease: LeaseId | undefined, previous: LeaseId | undefined): void {
  let at = RECORD_HEADER_BYTES;
  let flags = bytes.readUInt8(0);
  if (lease !== undefined) {
    flags |= FLAG_LEASE;
    at = bytes.writeBigUInt64BE(lease, at);
  }
  if (previous !== undefined) {
    flags |= FLAG_PREVIOUS_LEASE;
    bytes.writeBigUInt64BE(previous, at);
  }
  bytes[0] = flags;
}

/** @throws StoreError `Corrupt` when the bytes are not what was written. */
export function decodeRecord(diskKey: string, bytes: Buffer): LogRecord {
  const at = parseLogKey(diskKey);
  checkRecord(at, bytes);
  const flags = bytes.readUInt8(0);
  const type = TYPES[flags & TYPE_MASK];
  if (!type) throw corrupt(`log record ${describe(diskKey)} is of no type there is`);
  const keyAt = keyStart(flags);
  const valueAt = keyAt + bytes.readUInt32BE(23);
  const previousRevision = bytes.readUIntBE(13, 6);
  return {
    type,
    key: bytes.toString('utf8', keyAt, valueAt),
    value: bytes.subarray(valueAt, bytes.length - CHECKSUM_BYTES),
    modRevision: at.modRevision,
    sub: at.sub,
    createRevision: bytes.readUIntBE(1, 6),
    version: bytes.readUIntBE(7, 6),
    lease: flags & FLAG_LEASE ? bytes.readBigUInt64BE(RECORD_HEADER_BYTES) : undefined,
    previous: previousRevision === 0 ? undefined : decodePrevious(previousRevision, flags, bytes),
  };
}

function decodePrevious(modRevision: Revision, flags: number, bytes: Buffer): Previous {
  const lease = flags & FLAG_PREVIOUS_LEASE ? bytes.readBigUInt64BE(keyStart(flags) - LEASE_BYTES) : undefined;
  return { modRevision, sub: bytes.readUInt32BE(19), lease };
}

const keyStart = (flags: number): number =>
  RECORD_HEADER_BYTES + (flags & FLAG_LEASE ? LEASE_BYTES : 0) + (flags & FLAG_PREVIOUS_LEASE ? LEASE_BYTES : 0);

/** Only the value, of a record whose state is known. @throws StoreError `Corrupt` when it is not the record of that state. */
export function decodeValue(state: KeyState, bytes: Buffer | undefined): Buffer {
  if (!bytes) throw corrupt(`log record ${describe(logKey(state))} of ${JSON.stringify(state.key)} is missing`);
  checkRecord(state, bytes);
  const flags = bytes.readUInt8(0);
  const keyAt = keyStart(flags);
  const valueAt = keyAt + bytes.readUInt32BE(23);
  if (TYPES[flags & TYPE_MASK] !== 'put' || bytes.toString('utf8', keyAt, valueAt) !== state.key) {
    throw corrupt(`log record ${describe(logKey(state))} is not a put of ${JSON.stringify(state.key)}`);
  }
  return bytes.subarray(valueAt, bytes.length - CHECKSUM_BYTES);
}

function checkRecord(at: Position, bytes: Buffer): void {
  const isWhole = bytes.length >= RECORD_HEADER_BYTES + CHECKSUM_BYTES;
  const seed = isWhole && bytes.readUInt8(0) & FLAG_PLACED ? seedOf(at) : 0;
  if (!isWhole || crc32(bytes, seed) !== CHECKSUM_RESIDUE) throw corrupt(`log record ${describe(logKey(at))} fails its checksum`);
}

const LIVE_BYTES = 22;
const PAST_BYTES = 23;

/** What stands at `k<key>`: revision, sub, create revision, version, and the lease if there is one. */
export function encodeLive(state: KeyState): Buffer {
  const bytes = allocateWithLease(LIVE_BYTES, state.lease);
  bytes.writeUIntBE(state.modRevision, 0, 6);
  bytes.writeUInt32BE(state.sub, 6);
  bytes.writeUIntBE(state.createRevision, 10, 6);
  bytes.writeUIntBE(state.version, 16, 6);
  return bytes;
}

export function decodeLive(diskKey: string, bytes: Buffer): KeyState {
  return {
    key: diskKey.slice(1),
    lease: leaseBehind(diskKey, bytes, LIVE_BYTES),
    modRevision: bytes.readUIntBE(0, 6),
    sub: bytes.readUInt32BE(6),
    createRevision: bytes.readUIntBE(10, 6),
    version: bytes.readUIntBE(16, 6),
  };
}

/** What stands at `h<key> NUL <position>`: until revision, until sub, ended by delete, create revision, version, and the lease if there was one. */
export function encodePast(state: KeyState, until: Position, untilDelete: boolean): Buffer {
  const bytes = allocateWithLease(PAST_BYTES, state.lease);
  bytes.writeUIntBE(until.modRevision, 0, 6);
  bytes.writeUInt32BE(until.sub, 6);
  bytes[10] = untilDelete ? 1 : 0;
  bytes.writeUIntBE(state.createRevision, 11, 6);
  bytes.writeUIntBE(state.version, 17, 6);
  return bytes;
}

export function decodePast(diskKey: string, bytes: Buffer): PastState {
  return {
    key: diskKey.slice(1, -POSITION_DIGITS - 1),
    lease: leaseBehind(diskKey, bytes, PAST_BYTES),
    ...parsePosition(diskKey.slice(-POSITION_DIGITS)),
    until: { modRevision: bytes.readUIntBE(0, 6), sub: bytes.readUInt32BE(6) },
    untilDelete: bytes[10] === 1,
    createRevision: bytes.readUIntBE(11, 6),
    version: bytes.readUIntBE(17, 6),
  };
}

function allocateWithLease(length: number, lease: LeaseId | undefined): Buffer {
  if (lease === undefined) return Buffer.allocUnsafe(length);
  const bytes = Buffer.allocUnsafe(length + LEASE_BYTES);
  bytes.writeBigUInt64BE(lease, length);
  return bytes;
}

function leaseBehind(diskKey: string, bytes: Buffer, length: number): LeaseId | undefined {
  if (bytes.length === length) return undefined;
  if (bytes.length === length + LEASE_BYTES) return bytes.readBigUInt64BE(length);
  throw corrupt(
    `${diskKey.startsWith('k') ? 'index' : 'history'} entry ${describe(diskKey)} has ${bytes.length} bytes instead of ${length}`,
  );
}

/** What stands at `g<id>`: how long the lease is granted for. */
export function encodeLease({ ttlSeconds }: Lease): Buffer {
  const bytes = Buffer.allocUnsafe(10);
  bytes.writeUIntBE(ttlSeconds, 4, 6);
  return sealed(bytes);
}

export function decodeLease(diskKey: string, bytes: Buffer): Lease {
  unseal(`lease ${diskKey.slice(1)}`, bytes, 10);
  return { id: BigInt(`0x${diskKey.slice(1)}`), ttlSeconds: bytes.readUIntBE(4, 6) };
}

/** The number that stands for a lease in the checksum over all live keys and leases. */
export const leaseHash = ({ id, ttlSeconds }: Lease): number => crc32(`${id} ${ttlSeconds}`);

/** Only the revision a past state ended at: what compaction asks of every entry. */
export const pastUntil = (bytes: Buffer): Revision => bytes.readUIntBE(0, 6);

/** The store's state as of its last commit: what opening is checked against. */
export interface StoreState {
  readonly revision: Revision;
  readonly liveKeys: number;
  readonly checksum: number;
}

export function encodeState(state: StoreState): Buffer {
  const bytes = Buffer.allocUnsafe(20);
  bytes.writeUIntBE(state.revision, 4, 6);
  bytes.writeUIntBE(state.liveKeys, 10, 6);
  bytes.writeUInt32BE(state.checksum, 16);
  return sealed(bytes);
}

export function decodeState(bytes: Buffer): StoreState {
  unseal('the state record', bytes, 20);
  return { revision: bytes.readUIntBE(4, 6), liveKeys: bytes.readUIntBE(10, 6), checksum: bytes.readUInt32BE(16) };
}

/** Up to where the store is compacted, and whether what that frees has all been deleted. */
export interface CompactionState {
  readonly revision: Revision;
  readonly finished: boolean;
}

export function encodeCompaction(state: CompactionState): Buffer {
  const bytes = Buffer.allocUnsafe(11);
  bytes.writeUIntBE(state.revision, 4, 6);
  bytes[10] = state.finished ? 1 : 0;
  return sealed(bytes);
}

export function decodeCompaction(bytes: Buffer): CompactionState {
  unseal('the compaction record', bytes, 11);
  return { revision: bytes.readUIntBE(4, 6), finished: bytes[10] === 1 };
}

function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

function unseal(what: string, bytes: Buffer, length: number): void {
  if (bytes.length !== length || bytes.readUInt32BE(0) !== crc32(bytes.subarray(4))) throw corrupt(`${what} fails its checksum`);
}

/** A number that stands for one live key in the checksum over all of them, which is their sum modulo 2^32. */
export function stateHash(keyHash: number, state: KeyState): number {
  let hash = keyHash;
  for (const part of [state.modRevision, state.sub, state.createRevision, state.version]) {
    hash = Math.imul(hash ^ part, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ Math.floor(part / 2 ** 32), 0xc2b2ae35);
  }
  if (state.lease !== undefined) hash ^= crc32(String(state.lease));
  return hash >>> 0;
}

/** The part of {@link stateHash} that depends on the key only. */
export const keyHash = (key: string): number => crc32(key);

/** A disk key as a person reads it: revision and sub-index in decimal. */
export function describe(diskKey: string): string {
  if (!diskKey.startsWith('l')) return JSON.stringify(diskKey);
  const { modRevision, sub } = parseLogKey(diskKey);
  return `${modRevision}.${sub}`;
}

export function corrupt(what: string, cause?: unknown): StoreError {
  return new StoreError('Corrupt', `the store is damaged: ${what}`, cause === undefined ? undefined : { cause });
}
