import type { Clock, Logger, Service, Timer } from '../runtime/index.ts';
import type { Revision, Store } from '../store/index.ts';

/**
 * Forgets old revisions, as upstream's compactor: every interval, all that is older than the revision of one interval ago. So any revision can be
 * read or watched from for at least one interval.
 */
export function createCompactor(options: { store: Store; intervalMs: number; clock: Clock; logger: Logger }): Service {
  const { store, intervalMs, clock, logger } = options;
  let timer: Timer | undefined;
  let before: Revision = store.revision;
  const tick = () => {
    const now = store.revision;
    store.compact(before).catch((error: unknown) => logger.warn({ err: error, revision: before }, 'compaction failed'));
    before = now;
    arm();
  };
  const arm = () => {
    timer = clock.setTimer(intervalMs, tick);
  };
  return {
    start: () => {
      if (intervalMs > 0) arm();
      return Promise.resolve();
    },
    stop: () => {
      timer?.cancel();
      return Promise.resolve();
    },
  };
}
