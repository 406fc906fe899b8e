/** Snapshots as etcd's own. Who has no use for them does not load what writes and reads them. */
import type { SnapshotItem } from '../snapshot-codec.ts';
import type { EtcdSnapshotSource } from './decode.ts';
import type { EtcdSnapshot, EtcdSnapshotRequest } from './encode.ts';
import { BBOLT_MAGIC, BBOLT_MAGIC_AT } from './page.ts';

/**
 * Writes a snapshot as `etcdctl snapshot status`, `etcdctl snapshot restore` and etcdutl read it.
 *
 * @throws StoreError what reading the items throws; `NoSpace` or `Io` of the temporary file.
 */
export async function encodeEtcdSnapshot(request: EtcdSnapshotRequest): Promise<EtcdSnapshot> {
  const { encodeEtcdSnapshot: encode } = await import('./encode.ts');
  return encode(request);
}

/**
 * Reads what `etcdctl snapshot save` wrote, of etcd 3.4 to 3.6. Nothing of it is to be relied on before the summary has come.
 *
 * @throws StoreError `Corrupt` when it is not whole, `InvalidKey` when a key is not text and text was wanted.
 */
export async function* decodeEtcdSnapshot(source: EtcdSnapshotSource): AsyncGenerator<SnapshotItem> {
  const { decodeEtcdSnapshot: decode } = await import('./decode.ts');
  yield* decode(source);
}

/** Whether a file is a bbolt database, by how it begins. @param start its first bytes. */
export function isEtcdSnapshot(start: Buffer): boolean {
  return (
    start.length >= BBOLT_MAGIC_AT + BBOLT_MAGIC.length &&
    BBOLT_MAGIC.equals(start.subarray(BBOLT_MAGIC_AT, BBOLT_MAGIC_AT + BBOLT_MAGIC.length))
  );
}
