/** etcd's compaction by itself (server/etcdserver/api/v3compactor). */
import { type Clock, type Logger, OptionError, parseDuration, type Service, type Timer } from '../../runtime/index.ts';
import { type Revision, type Store, StoreError } from '../store.ts';

/** Either what is older than a time is forgotten, or what is so many revisions back. */
export type AutoCompaction =
  | { readonly mode: 'periodic'; readonly retentionMs: number }
  | { readonly mode: 'revision'; readonly retention: number };

const HOUR_MS = 3_600_000;
/** How often revisions are looked at with `revision`. */
const REVISION_INTERVAL_MS = 300_000;
/** A period is looked at so many times. */
const LOOKS_PER_PERIOD = 10;

/**
 * Reads `--auto-compaction-mode` and `--auto-compaction-retention` as etcd does: a number alone is hours, or revisions.
 *
 * @returns undefined when the retention is 0: nothing is compacted.
 * @throws OptionError.
 */
export function parseAutoCompaction(mode: string, retention: string): AutoCompaction | undefined {
  if (mode !== 'periodic' && mode !== 'revision')
    throw new OptionError(`option --auto-compaction-mode takes periodic or revision, not "${mode}"`);
  const whole = /^\d+$/.test(retention) ? Number(retention) : undefined;
  if (whole === 0) return undefined;
  if (mode === 'revision') {
    if (whole === undefined) throw new OptionError(`option --auto-compaction-retention takes a number of revisions, not "${retention}"`);
    return { mode, retention: whole };
  }
  const retentionMs = whole === undefined ? parseDuration(retention) : whole * HOUR_MS;
  if (retentionMs === undefined || retentionMs < 0) {
    throw new OptionError(`option --auto-compaction-retention takes hours, or a duration such as 30m, not "${retention}"`);
  }
  return retentionMs === 0 ? undefined : { mode, retentionMs };
}

export interface AutoCompactorOptions {
  readonly store: Store;
  readonly settings: AutoCompaction;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createAutoCompactor({ store, settings, clock, logger }: AutoCompactorOptions): Service {
  const next = settings.mode === 'periodic' ? periodic(settings.retentionMs, store) : byRevision(settings.retention, store);
  let timer: Timer | undefined;
  let done: Revision = 0;
  const tick = () => {
    timer = clock.setTimer(next.intervalMs, tick);
    const revision = next.look();
    if (revision === undefined || revision <= done) return;
    done = revision;
    store.compact(revision).catch((error: unknown) => {
      if (error instanceof StoreError && error.code === 'Compacted') return;
      done = 0;
      logger.warn({ err: error, revision }, 'automatic compaction failed');
    });
  };
  return {
    start: () => {
      timer = clock.setTimer(next.intervalMs, tick);
      return Promise.resolve();
    },
    stop: () => {
      timer?.cancel();
      return Promise.resolve();
    },
  };
}

interface Schedule {
  readonly intervalMs: number;
  /** What to compact at now, if anything. */
  look(): Revision | undefined;
}

/** Each look notes the revision; the one of a period ago is compacted at, once in a period or in an hour. */
function periodic(retentionMs: number, store: Store): Schedule {
  const compactEveryMs = Math.min(retentionMs, HOUR_MS);
  const intervalMs = compactEveryMs / LOOKS_PER_PERIOD;
  const looks = Math.ceil(retentionMs / intervalMs);
  const noted: Revision[] = [store.revision];
  let sinceLast = 0;
  return {
    intervalMs,
    look: () => {
      noted.push(store.revision);
      sinceLast++;
      if (noted.length <= looks) return undefined;
      const past = noted.splice(0, noted.length - looks)[0];
      if (sinceLast < LOOKS_PER_PERIOD) return undefined;
      sinceLast = 0;
      return past;
    },
  };
}

const byRevision = (retention: number, store: Store): Schedule => ({
  intervalMs: REVISION_INTERVAL_MS,
  look: () => (store.revision > retention ? store.revision - retention : undefined),
});
