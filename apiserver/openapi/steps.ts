import { TurnSlice } from '../../client/index.ts';
import type { Clock } from '../../runtime/index.ts';

/** Work that can be put aside after each of its steps. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does work step by step; whenever it has taken its share of a turn of the event loop, what else waits there has its turn. */
export async function inTurns<T>(steps: Steps<T>, clock: Clock): Promise<T> {
  const slice = new TurnSlice(clock);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (slice.isUsedUp()) await slice.nextTurn();
  }
}
