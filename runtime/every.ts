import type { Clock, Timer } from './clock.ts';

/**
 * Does something again and again, the first time after one period; the next period begins when it has been done.
 *
 * @param periodMs Milliseconds.
 * @returns what ends it.
 */
export function every(clock: Clock, periodMs: number, run: () => void): Disposable {
  let timer: Timer | undefined;
  let ended = false;
  const arm = () => {
    if (ended) return;
    timer = clock.setTimer(periodMs, () => {
      run();
      arm();
    });
  };
  arm();
  return {
    [Symbol.dispose]: () => {
      ended = true;
      timer?.cancel();
    },
  };
}
