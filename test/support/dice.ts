import type { Random } from '../../runtime/index.ts';

/** Something that may happen, and how often compared with the others. */
export interface Chance {
  readonly weight: number;
  run(): unknown;
}

/** Lets chances happen, by weight, `steps` times; one after the other, also those that wait. */
export async function play(random: Random, steps: number, chances: readonly Chance[]): Promise<void> {
  const total = chances.reduce((sum, { weight }) => sum + weight, 0);
  for (let step = 0; step < steps; step++) {
    let left = random.integer(total);
    const chance = chances.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
    await chance?.run();
  }
}
