import type { VirtualClock } from '../../runtime/index.ts';

/** Longest wait for a condition, in real time. */
const WAIT_MS_MAX = 30_000;

/**
 * Waits until `condition` holds, letting the event loop turn (and, when there is one, a virtual clock go on by `stepMs`).
 *
 * @param what what is waited for; in the message when it does not come.
 */
export async function until(
  what: string,
  condition: () => boolean,
  time: { readonly clock?: VirtualClock; readonly stepMs?: number } = {},
): Promise<void> {
  const end = performance.now() + WAIT_MS_MAX;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${WAIT_MS_MAX} ms in vain: ${what}`);
    if (time.clock) await time.clock.advance(time.stepMs ?? 50);
    else await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
