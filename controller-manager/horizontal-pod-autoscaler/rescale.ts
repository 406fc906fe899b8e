import { isConflict } from '../../api/index.ts';
import type { Clock } from '../../runtime/index.ts';
import type { LiveScale } from '../shared/scales.ts';

/** What is scaled. */
export interface Target {
  readonly scale: LiveScale;
  read(): Promise<LiveScale>;
  update(scale: LiveScale): Promise<LiveScale>;
}

/** How often a scale is written that others write too, and what is waited in between; upstream: `retry.DefaultRetry`. */
const TRIES_MAX = 5;
const DELAY_MS = 10;

/**
 * Writes the number of pods; when somebody else was faster it is written again over what they wrote.
 *
 * @throws ApiError a conflict after five tries, and whatever else the target answers.
 */
export async function rescale({ scale, read, update }: Target, replicas: number, clock: Clock): Promise<void> {
  let latest = scale;
  for (let tries = 1; ; tries++) {
    try {
      await update({ ...latest, spec: { replicas } });
      return;
    } catch (error) {
      if (!isConflict(error) || tries === TRIES_MAX) throw error;
      latest = await read();
      await clock.sleep(DELAY_MS);
    }
  }
}
