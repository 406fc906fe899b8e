import type { Clock } from '../runtime/index.ts';
import type { Store } from '../store/index.ts';

/** Asks a store that is elsewhere whether it is well; rejects when it is not, or says nothing in time. */
export type StoreProbe = () => Promise<void>;

/** How a store that is elsewhere is asked, with the patience that each has. */
export interface StoreProbes {
  readonly health: StoreProbe;
  readonly readiness: StoreProbe;
}

export interface StoreProbeOptions {
  readonly store: Store;
  /** Read, and need not be there: `/registry/health`, as upstream's. */
  readonly key: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * The check behind `etcd` and `etcd-readiness`. Who asks while it is being asked gets the same answer: probes never pile up on a store that
 * does not answer. Upstream: apiserver/pkg/storage/storagebackend/factory/etcd3.go.
 */
export function createStoreProbe({ store, key, timeoutMs, clock }: StoreProbeOptions): StoreProbe {
  let asking: Promise<void> | undefined;
  const ask = async () => {
    const answered = new AbortController();
    const late = clock.sleep(timeoutMs, answered.signal).then(() => {
      throw new Error(`error getting data from etcd: context deadline exceeded`);
    });
    try {
      await Promise.race([store.range({ key }, { keysOnly: true }), late]);
    } finally {
      late.catch(() => undefined); // the race is over, whoever won it
      answered.abort();
      asking = undefined;
    }
  };
  return () => {
    asking ??= ask();
    return asking;
  };
}
