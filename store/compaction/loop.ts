import type { Clock, Logger, Service, Timer } from '../../runtime/index.ts';

export interface LoopOptions {
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is done an interval after the start, and then an interval after it was done; when it fails, that is logged. */
  tick(): Promise<void>;
}

/** Does something again and again. A tick that is under way when it is stopped is not waited for: the store, when it closes, ends it. */
export function createLoop({ intervalMs, clock, logger, tick }: LoopOptions): Service {
  let timer: Timer | undefined;
  let stopped = false;
  const arm = () => {
    if (!stopped) timer = clock.setTimer(intervalMs, run);
  };
  const onError = (error: unknown) => {
    if (!stopped) logger.warn({ err: error, retryMs: intervalMs }, 'compaction failed');
  };
  const run = () => {
    tick().catch(onError).finally(arm);
  };
  return {
    start: () => {
      arm();
      return Promise.resolve();
    },
    stop: () => {
      stopped = true;
      timer?.cancel();
      return Promise.resolve();
    },
  };
}
