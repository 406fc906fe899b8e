/**
 * What etcd keeps in its database: buckets, and how their entries are written. As server/storage/schema and server/storage/mvcc (revision.go,
 * kvstore.go) have it; the same from etcd 3.4 to 3.6.
 *
 * ```
 *   key       8 bytes revision "_" 8 bytes sub-revision        -> KeyValue, as of that revision
 *             the same and "t"                                 -> the KeyValue's key was deleted then
 *   lease     8 bytes id                                       -> Lease
 *   meta      consistent_index, term, scheduledCompactRev, finishedCompactRev, confState, storageVersion
 *   alarm auth authRoles authUsers cluster members members_removed     are of the cluster, not of the store
 * ```
 */
import { id64, int64, message } from '../../runtime/grpc.ts';
import { damaged } from './page.ts';

export const BUCKET = { key: 'key', lease: 'lease', meta: 'meta' } as const;
/** Made by every etcd when it starts; a restored one takes what is in them from its command line. */
export const OTHER_BUCKETS = ['alarm', 'auth', 'authRoles', 'authUsers', 'cluster', 'members', 'members_removed'] as const;

export const META = {
  consistentIndex: 'consistent_index',
  term: 'term',
  scheduledCompaction: 'scheduledCompactRev',
  finishedCompaction: 'finishedCompactRev',
  confState: 'confState',
} as const;

/** etcd's lease/leasepb/lease.proto. */
export const LeaseRecord = message({ id: id64(1), ttlSeconds: int64(2), remainingSeconds: int64(3) });

export const REVISION_BYTES = 17;
const TOMBSTONE = 't'.charCodeAt(0);
const SEPARATOR = '_'.charCodeAt(0);

export interface RevisionKey {
  readonly revision: number;
  readonly sub: number;
  readonly tombstone: boolean;
}

/** An entry's name in the bucket of keys; in the bucket of meta data, a revision. */
export function encodeRevision(revision: number, sub: number): Buffer {
  const bytes = Buffer.alloc(REVISION_BYTES);
  bytes.writeBigUInt64BE(BigInt(revision), 0);
  bytes[8] = SEPARATOR;
  bytes.writeBigUInt64BE(BigInt(sub), 9);
  return bytes;
}

/** @throws StoreError `Corrupt` when it is none. */
export function decodeRevision(bytes: Buffer): RevisionKey {
  const tombstone = bytes.length === REVISION_BYTES + 1 && bytes[REVISION_BYTES] === TOMBSTONE;
  if ((bytes.length !== REVISION_BYTES && !tombstone) || bytes[8] !== SEPARATOR) {
    throw damaged(`it has an entry ${bytes.toString('hex')} where a revision should be`);
  }
  return { revision: wholeNumber(bytes.readBigInt64BE(0)), sub: wholeNumber(bytes.readBigInt64BE(9)), tombstone };
}

/** Revisions are below 2^48 in a store. */
function wholeNumber(value: bigint): number {
  if (value < 0n || value >= 1n << 48n) throw damaged(`it has the revision ${value}`);
  return Number(value);
}

export function encodeUint64(value: bigint | number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)), 0);
  return bytes;
}
