import type { KeyRange, Revision, Store, StoreEvent, StoreWatch, WatchBatch, WatchOptions } from '../../store/index.ts';
import { until } from './wait.ts';

/** Waits until `done()`; the error says what was there instead. */
export const eventually = (done: () => boolean, saw: () => unknown): Promise<void> =>
  until(() => `last seen: ${JSON.stringify(saw())}`, done);

/** A watch that writes down all it is told. */
export interface Recording extends Disposable {
  readonly watch: StoreWatch;
  readonly from: Revision;
  readonly range: KeyRange;
  readonly batches: readonly WatchBatch[];
  readonly ended: boolean;
  readonly error: Error | undefined;
  events(): StoreEvent[];
  /** Resolves once everything up to `revision` has been told. */
  caughtUp(revision: Revision): Promise<void>;
  end(): Promise<Error | undefined>;
}

export function record(store: Store, range: KeyRange, options: WatchOptions = {}, slow?: () => Promise<void>): Recording {
  const batches: WatchBatch[] = [];
  let ended = false;
  let error: Error | undefined;
  const from = options.fromRevision ?? store.revision + 1;
  const watch = store.watch(range, options, {
    onBatch(batch) {
      if (ended) throw new Error('told of a batch after the end');
      batches.push(batch);
      return slow?.();
    },
    onEnd(reason) {
      if (ended) throw new Error('ended twice');
      ended = true;
      error = reason;
    },
  });
  const saw = () => ({ batches: batches.length, last: batches.at(-1)?.revision, ended, error: error?.message });
  return {
    watch,
    from,
    range,
    batches,
    get ended() {
      return ended;
    },
    get error() {
      return error;
    },
    events: () => batches.flatMap((batch) => (batch.type === 'events' ? batch.events : [])),
    async caughtUp(revision) {
      watch.requestProgress();
      await eventually(() => error !== undefined || (batches.at(-1)?.revision ?? 0) >= revision, saw);
      if (error) throw error;
    },
    async end() {
      await eventually(() => ended, saw);
      return error;
    },
    [Symbol.dispose]: () => watch[Symbol.dispose](),
  };
}
