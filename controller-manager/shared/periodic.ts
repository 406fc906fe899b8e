import type { Clock, Logger } from '../../runtime/index.ts';

/** Work that is done again and again. */
export interface PeriodicWork {
  readonly name: string;
  /** From the end of one run to the begin of the next. */
  readonly periodMs: number;
  /** Whether the first run is now rather than after a period. */
  readonly immediately: boolean;
  run(): Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Runs until the signal; a run that fails is logged, and the next one comes as always. */
export async function runPeriodically({ name, periodMs, immediately, run, clock, logger, signal }: PeriodicWork): Promise<void> {
  if (!immediately && !(await pause(clock, periodMs, signal))) return;
  do {
    if (signal.aborted) return;
    try {
      await run();
    } catch (error) {
      if (!signal.aborted) logger.warn({ work: name, err: error }, 'periodic work failed, will retry');
    }
  } while (await pause(clock, periodMs, signal));
}

/** Sleeps. @returns false when the signal ended it. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
