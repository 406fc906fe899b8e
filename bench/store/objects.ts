/** What is put: objects that compress to about half, as pods do. */
import { randomBytes } from 'node:crypto';
import type { Store } from '../../store/index.ts';

const noise = randomBytes(1 << 16).toString('base64');

/** Half of it is text that repeats, half is not. */
export function objectOf(seed: number, bytes: number): Buffer {
  const half = bytes / 2;
  const from = (seed * 127) % (noise.length - Math.ceil(half));
  return Buffer.from(`{"seed":${seed},"text":"${'abcdefghij'.repeat(half / 10)}","data":"${noise.slice(from, from + half)}"}`);
}

/** As large as a pod is: 2 to 4 KB. */
export const podOf = (seed: number): Buffer => objectOf(seed, 2000 + ((seed * 7919) % 2000));

export const PODS = '/registry/pods/';
export const podKey = (i: number): string => `${PODS}default/pod-${String(i).padStart(7, '0')}`;

export const put = (store: Store, key: string, value: Buffer) => store.txn({ compare: [], success: [{ op: 'put', key, value }] });

/** Writes revisions, over and over the same keys. @returns the bytes of keys and values. */
export async function fill(store: Store, { keys, revisions, value }: Filling): Promise<number> {
  const step = 2000;
  let bytes = 0;
  for (let at = 0; at < revisions; at += step) {
    const puts = Array.from({ length: Math.min(step, revisions - at) }, (_, i) => {
      const object = value(at + i);
      const key = podKey((at + i) % keys);
      bytes += key.length + object.length;
      return put(store, key, object);
    });
    await Promise.all(puts);
  }
  return bytes;
}

export interface Filling {
  readonly keys: number;
  readonly revisions: number;
  value(seed: number): Buffer;
}
