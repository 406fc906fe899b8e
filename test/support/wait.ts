import type { VirtualClock } from '../../runtime/index.ts';

/** Longest wait for a condition, in real time. */
const WAIT_MS_MAX = 120_000;
/** Turns of the event loop in which it is looked at again at once; later the machine is left to others in between. */
const QUICK_TURNS = 1000;

/**
 * Waits until `condition` holds, letting the event loop turn (and, when there is one, a virtual clock go on by `stepMs`).
 *
 * @param what what is waited for, or what there is instead; in the message when it does not come.
 */
export async function until(
  what: string | (() => string),
  condition: () => boolean | Promise<boolean>,
  time: { readonly clock?: VirtualClock; readonly stepMs?: number } = {},
): Promise<void> {
  const end = performance.now() + WAIT_MS_MAX;
  for (let turn = 0; !(await condition()); turn++) {
    if (performance.now() > end) throw new Error(`waited ${WAIT_MS_MAX} ms in vain: ${typeof what === 'string' ? what : what()}`);
    if (time.clock) await time.clock.advance(time.stepMs ?? 50);
    if (turn >= QUICK_TURNS) await new Promise<void>((resolve) => setTimeout(resolve, 1));
    else if (!time.clock) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
