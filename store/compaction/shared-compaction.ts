/**
 * Compaction by API servers that share a store, as upstream's (apiserver/pkg/storage/etcd3/compact.go): one of them does it, and when it is
 * gone another takes over.
 *
 * The version of one key is the time that all of them go by. Each interval, each server compares it with the version it knows:
 *
 * ```
 *   same       nobody has compacted meanwhile: the put, which takes the version on, makes this server the one that compacts, at the
 *              revision of one interval ago
 *   different  somebody has: the version is remembered, and looked at again in an interval
 * ```
 *
 * So what is younger than an interval stays readable, and a server that dies is replaced within two.
 */
import type { Clock, Logger, Service } from '../../runtime/index.ts';
import { type Revision, type Store, StoreError } from '../store.ts';
import { createLoop } from './loop.ts';

/** Upstream's key: kube-apiservers on the same store take part. Its value is the revision compacted at. */
export const COMPACT_REVISION_KEY = 'compact_rev_key';

export interface SharedCompactionOptions {
  readonly store: Store;
  /** 0 for never. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createSharedCompaction({ store, intervalMs, clock, logger }: SharedCompactionOptions): Service {
  let known: Known = { version: 0, revision: 0 };
  const tick = async () => {
    const { next, compactAt } = await claim(store, known);
    known = next;
    if (compactAt === undefined) return;
    await compactUnlessDone(store, compactAt);
    logger.debug({ revision: compactAt }, 'compacted');
  };
  if (intervalMs === 0) return { start: () => Promise.resolve(), stop: () => Promise.resolve() };
  return createLoop({ intervalMs, clock, logger, tick });
}

/** The version of the key as last seen, and the store's revision then. */
interface Known {
  readonly version: number;
  readonly revision: Revision;
}

/** Takes this interval's compaction, unless somebody has. At the first time there is nothing to compact at yet. */
async function claim(store: Store, { version, revision: before }: Known): Promise<{ next: Known; compactAt: Revision | undefined }> {
  const { succeeded, revision, results } = await store.txn({
    compare: [{ key: COMPACT_REVISION_KEY, target: 'version', is: '=', than: version }],
    success: [{ op: 'put', key: COMPACT_REVISION_KEY, value: Buffer.from(String(before)) }],
    failure: [{ op: 'range', range: { key: COMPACT_REVISION_KEY } }],
  });
  if (succeeded) return { next: { version: version + 1, revision }, compactAt: before === 0 ? undefined : before };
  const [found] = results;
  const now = found?.op === 'range' ? (found.kvs[0]?.version ?? 0) : version;
  return { next: { version: now, revision }, compactAt: undefined };
}

/** Compacts; that somebody else has, at this revision or a later one, is as good. */
export async function compactUnlessDone(store: Store, revision: Revision): Promise<void> {
  try {
    await store.compact(revision);
  } catch (error) {
    if (!(error instanceof StoreError && error.code === 'Compacted')) throw error;
  }
}
