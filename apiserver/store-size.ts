import type { Clock } from '../runtime/index.ts';
import type { Store } from '../store/index.ts';

/** How long a reader of metrics waits for the store. */
const STATUS_MS_MAX = 1000;

/** Bytes that the store takes; undefined when it does not say in time. */
export async function sizeOf(store: Store, clock: Clock): Promise<number | undefined> {
  const answered = new AbortController();
  const late = clock.sleep(STATUS_MS_MAX, answered.signal).then(
    () => undefined,
    () => undefined,
  );
  const asked = store.status().then(
    ({ sizeBytes }) => sizeBytes,
    () => undefined,
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    answered.abort();
  }
}
