import type { Clock } from '../../runtime/index.ts';
import { retryOnConflict } from '../shared/retry-on-conflict.ts';
import type { LiveScale } from '../shared/scales.ts';

/** What is scaled. */
export interface Target {
  readonly scale: LiveScale;
  read(): Promise<LiveScale>;
  update(scale: LiveScale): Promise<LiveScale>;
}

/** Writes the number of pods; when somebody else was faster it is written again over what they wrote. */
export async function rescale({ scale, read, update }: Target, replicas: number, clock: Clock): Promise<void> {
  await retryOnConflict(clock, async (isAgain) => update({ ...(isAgain ? await read() : scale), spec: { replicas } }));
}
