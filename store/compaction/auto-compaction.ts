/**
 * Compaction by the store itself, as etcd's --auto-compaction-mode and --auto-compaction-retention (server/etcdserver/api/v3compactor):
 *
 * - `periodic`: what is younger than the retention stays. Compacted each retention, or each hour when that is less, at the revision of one
 *   retention ago; revisions are noted, and failures tried again, ten times in that time.
 * - `revision`: the newest so many revisions stay. Compacted every five minutes.
 */
import { type Clock, type Logger, OptionError, option, parseDuration, type Service } from '../../runtime/index.ts';
import type { Revision, Store } from '../store.ts';
import { createLoop } from './loop.ts';
import { compactUnlessDone } from './shared-compaction.ts';

export type AutoCompactionPolicy =
  | { readonly mode: 'periodic'; readonly retentionMs: number }
  | { readonly mode: 'revision'; readonly retentionRevisions: number };

const HOUR_MS = 3_600_000;
/** Revisions are noted so many times in the time between two compactions. */
const NOTES_PER_COMPACTION = 10;
/** Time between two compactions by number of revisions. */
const REVISION_INTERVAL_MS = 300_000;

/** etcd's options, for the table of a process that serves a store. */
export const autoCompactionOptions = {
  'auto-compaction-mode': option.string(
    'What --auto-compaction-retention counts: periodic (time) or revision (revisions).',
    'periodic' as string,
    { placeholder: 'MODE' },
  ),
  'auto-compaction-retention': option.string(
    'What stays when old revisions are forgotten: hours or a duration (10m) with periodic, a number with revision; 0 to forget nothing.',
    '0' as string,
    { placeholder: 'RETENTION' },
  ),
};

export interface AutoCompactionValues {
  readonly 'auto-compaction-mode': string;
  readonly 'auto-compaction-retention': string;
}

/** @returns undefined when nothing is to be compacted. @throws OptionError when the options are not what etcd takes. */
export function readAutoCompaction(values: AutoCompactionValues): AutoCompactionPolicy | undefined {
  const { 'auto-compaction-mode': mode, 'auto-compaction-retention': text } = values;
  const count = /^\d+$/.test(text) ? Number(text) : undefined;
  if (mode === 'revision') {
    if (count === undefined) throw new OptionError(`option --auto-compaction-retention takes a number of revisions, not "${text}"`);
    return count === 0 ? undefined : { mode, retentionRevisions: count };
  }
  if (mode !== 'periodic') throw new OptionError(`option --auto-compaction-mode takes periodic or revision, not "${mode}"`);
  const retentionMs = count === undefined ? parseDuration(text) : count * HOUR_MS;
  if (retentionMs === undefined || retentionMs < 0) {
    throw new OptionError(`option --auto-compaction-retention takes hours or a duration such as 10m, not "${text}"`);
  }
  return retentionMs === 0 ? undefined : { mode, retentionMs };
}

export type AutoCompactionOptions = AutoCompactionPolicy & {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
};

/** Compacts a store from its start to its stop. */
export function createAutoCompaction(options: AutoCompactionOptions): Service {
  return options.mode === 'periodic' ? createPeriodic(options) : createByRevision(options);
}

function createPeriodic({ store, retentionMs, clock, logger }: AutoCompactionOptions & { mode: 'periodic' }): Service {
  const betweenMs = Math.min(retentionMs, HOUR_MS);
  const intervalMs = betweenMs / NOTES_PER_COMPACTION;
  const notesMax = Math.round(retentionMs / intervalMs);
  const notes: Revision[] = [store.revision];
  let ticksLeft = notesMax;
  const tick = async () => {
    const [oldest = 0] = notes;
    notes.push(store.revision);
    if (notes.length > notesMax) notes.shift();
    if (--ticksLeft > 0) return;
    await compactUnlessDone(store, oldest);
    ticksLeft = NOTES_PER_COMPACTION;
    logger.info({ revision: oldest, retentionMs }, 'compacted');
  };
  return createLoop({ intervalMs, clock, logger, tick });
}

function createByRevision({ store, retentionRevisions, clock, logger }: AutoCompactionOptions & { mode: 'revision' }): Service {
  let before: Revision = 0;
  const tick = async () => {
    const revision = store.revision - retentionRevisions;
    if (revision <= 0 || revision === before) return;
    await compactUnlessDone(store, revision);
    before = revision;
    logger.info({ revision, retentionRevisions }, 'compacted');
  };
  return createLoop({ intervalMs: REVISION_INTERVAL_MS, clock, logger, tick });
}
