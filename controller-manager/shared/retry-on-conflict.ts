import { isConflict } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';

/** How often a write is tried that others write too, and what is waited in between; upstream: `retry.DefaultRetry`. */
const TRIES_MAX = 5;
const DELAY_MS = 10;

/**
 * Tries a write again while somebody else is faster.
 *
 * @param attempt is told whether it is tried again: then what is written over has to be read anew.
 * @throws what an attempt throws; a conflict after five.
 */
export async function retryOnConflict<T>(clock: Clock, attempt: (isAgain: boolean) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(tries > 1);
    } catch (error) {
      if (!isConflict(error) || tries === TRIES_MAX) throw error;
      await clock.sleep(DELAY_MS);
    }
  }
}
