import { open } from 'node:fs/promises';
import type { KubeObject } from '../api/index.ts';
import { BUILT_IN_KINDS, decodeProtobuf, type Message, PROTOBUF_MAGIC } from '../api/schema.ts';
import { UserError } from '../runtime/index.ts';
import { isEtcdSnapshot, isSnapshotFile } from '../store/index.ts';
import { readSnapshot } from './snapshot-file.ts';

/** Bytes that tell a snapshot from anything else. */
const START_BYTES = 64;
/** How values begin that are encrypted. */
const SEALED = Buffer.from('k8s:enc:');

/** Whether a file is a snapshot of a store, ours or etcd's. */
export async function isSnapshot(file: string): Promise<boolean> {
  // Standard input cannot be looked into and then read.
  if (file === '-') return false;
  const handle = await open(file, 'r');
  try {
    const start = Buffer.alloc(START_BYTES);
    const { bytesRead } = await handle.read(start, 0, START_BYTES, 0);
    const bytes = start.subarray(0, bytesRead);
    return isSnapshotFile(bytes) || isEtcdSnapshot(bytes);
  } finally {
    await handle.close();
  }
}

/**
 * The built-in objects of a snapshot, stored as JSON or as protobuf; what else is in the store is left out, encrypted Secrets among it.
 *
 * @throws UserError when the file is damaged, or has anything else that is encrypted: it might be what matters.
 */
export async function* storedObjects(file: string): AsyncGenerator<KubeObject> {
  for await (const item of readSnapshot(file, { keys: 'text' })) {
    if (item.type !== 'key') continue;
    const { key, value } = item.kv;
    if (value.subarray(0, SEALED.length).equals(SEALED)) {
      if (key.includes('/secrets/')) continue;
      throw new UserError(`${file}: ${key} is encrypted, and only Secrets may be`);
    }
    const object = objectOf(value);
    if (object) yield object;
  }
}

function objectOf(value: Buffer): KubeObject | undefined {
  if (value.subarray(0, PROTOBUF_MAGIC.length).equals(PROTOBUF_MAGIC)) {
    const envelope = decodeProtobuf(value);
    const served = BUILT_IN_KINDS.find(
      ({ info }) => info.kind === envelope.kind && (info.group === '' ? '' : `${info.group}/`) + info.version === envelope.apiVersion,
    );
    return served?.message && envelope.decode(served.message as Message<KubeObject>);
  }
  // Revision markers and the like are no objects.
  if (value[0] !== '{'.charCodeAt(0)) return undefined;
  const object: unknown = JSON.parse(value.toString());
  return typeof object === 'object' && object !== null && 'kind' in object && 'metadata' in object ? (object as KubeObject) : undefined;
}
