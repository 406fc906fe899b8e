import { TIMER_DELAY_MS_MAX } from './clock.ts';

/**
 * Keeps the process from ending by itself until it is disposed of. Timers of a {@link Clock} do not, so who waits on one for something that the
 * process is there for holds it.
 */
export function holdProcess(): Disposable {
  const timer = setInterval(() => undefined, TIMER_DELAY_MS_MAX);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
